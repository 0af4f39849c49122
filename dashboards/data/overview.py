"""Overview: how far the work is, when it will be done, what it costs in hours, what is open."""

from __future__ import annotations

from datetime import date

from dashboards.data.asking import Answer, Connection, Where, ask

PACE_DAYS = 14
"""Days that the estimated finish looks back on; days without work count as such."""

LEAST_PACE_DAYS = 3
"""Under these many days a pace has no interval."""


def progress(connection: Connection, where: Where) -> Answer:
    """One row: jobs, objects and media hours against the plan, hours of work, objects labeled twice and with truth.

    An object that is asked about in two jobs counts in each of them. Hours are NULL where no media is registered.
    """
    return ask(
        connection,
        """
        select count(*) as n_jobs, cast(coalesce(sum(n_objects), 0) as bigint) as n_objects,
          cast(coalesce(sum(n_started), 0) as bigint) as n_started,
          cast(coalesce(sum(n_complete), 0) as bigint) as n_complete,
          cast(coalesce(sum(n_failed), 0) as bigint) as n_failed,
          sum(media_s) / 3600 as media_h, sum(media_complete_s) / 3600 as media_complete_h,
          sum(active_s) / 3600 as active_h,
          sum(active_s) filter (where media_complete_s > 0)
            / nullif(sum(media_complete_s) filter (where active_s is not null), 0) as h_per_media_h,
          cast(coalesce(sum(n_twice), 0) as bigint) as n_twice, cast(coalesce(sum(n_gold), 0) as bigint) as n_gold,
          max(last_answer_at) as last_answer_at
        from gold.job_status
        where true {filter}
        """,
        where.of_jobs(),
    )


def finish(connection: Connection, where: Where, as_of: date) -> Answer:
    """One row: objects that are left, the pace of the last days with its interval, and the days that are left.

    The interval is that of the mean of `n_days` daily counts (t); `days_most` is NULL where the pace may be nought.
    Failed objects are not waited for.
    """
    return ask(
        connection,
        """
        with plan as (
          select coalesce(sum(greatest(n_objects - n_complete - n_failed, 0)), 0) as n_left
          from gold.job_status where true {filter}
        ), first_day as (
          select min(day) as day from gold.job_day where true {filter}
        ), calendar as (
          select cast(unnest(generate_series(greatest(day, cast($as_of as date) - $days + 1), cast($as_of as date),
            interval 1 day)) as date) as day
          from first_day where day is not null
        ), done as (
          select day, sum(n_complete) as n_complete from gold.job_day where true {filter} group by day
        ), pace as (
          select count(*) as n_days, avg(coalesce(n_complete, 0)) as a_day,
            if(count(*) >= $least, stddev_samp(coalesce(n_complete, 0)) / sqrt(count(*)), null)
              * [null, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16][count(*) - 1]
              as reach
          from calendar left join done using (day)
        )
        select cast(n_left as bigint) as n_left, n_days, a_day, greatest(a_day - reach, 0) as a_day_lo,
          a_day + reach as a_day_hi,
          n_left / nullif(a_day, 0) as days_left, n_left / nullif(a_day + reach, 0) as days_least,
          if(a_day - reach > 0, n_left / (a_day - reach), null) as days_most
        from plan cross join pace
        """,
        where.of_jobs(),
        {"as_of": as_of.isoformat(), "days": PACE_DAYS, "least": LEAST_PACE_DAYS},
    )


def burndown(connection: Connection, where: Where) -> Answer:
    """What was left at the end of each day with an answer: objects without any, and begun ones."""
    return ask(
        connection,
        """
        with plan as (select sum(n_objects - n_failed) as n from gold.job_status where true {filter}),
        done as (
          select day, sum(n_started) as n_started, sum(n_complete) as n_complete
          from gold.job_day where true {filter} group by day
        ), so_far as (
          select day, sum(n_started) over up_to as n_started, sum(n_complete) over up_to as n_complete
          from done window up_to as (order by day)
        )
        select day, state, cast(greatest(n_left, 0) as bigint) as n_items, place
        from (
          select day, 'not begun' as state, n - n_started as n_left, 1 as place from so_far cross join plan
          union all
          select day, 'begun' as state, n_started - n_complete as n_left, 2 as place from so_far
        )
        order by day, place
        """,
        where.of_jobs(),
    )


def trend(connection: Connection, job_name: str, layer: str, measure: str = "observed_agreement") -> Answer:
    """One measure of a job and layer by day, with its interval, and the job's chance floor."""
    return ask(
        connection,
        """
        select t.day, t.value, t.ci_lo, t.ci_hi, t.n_items, t.is_alarm, a.chance_floor
        from gold.job_trend t
        left join gold.agreement_job a on a.job_name = t.job_name and a.layer = t.layer and a.measure = t.measure
        where t.job_name = $job and t.layer = $layer and t.measure = $measure and t.value is not null
        order by t.day
        """,
        values={"job": job_name, "layer": layer, "measure": measure},
        job=job_name,
    )


def disputes(connection: Connection, where: Where) -> Answer:
    """One row: open disputes, and the objects and layers that they are in."""
    return ask(
        connection,
        """
        select count(*) as n_disputes, count(distinct (job_name, object_id)) as n_items
        from gold.dispute_queue
        where true {filter}
        """,
        where,
    )


def alerts(connection: Connection, where: Where) -> Answer:
    """Alerts that are raised now, the newest first; those of no job stand for every job."""
    return ask(
        connection,
        """
        with last as (
          select *, json_extract_string(subject, '$.job_name') as job_name, json_extract_string(subject, '$.layer')
            as layer, json_extract_string(subject, '$.worker_id') as worker_id,
            json_extract_string(subject, '$.label') as label
          from meta.alert
          where step = 'noted'
          qualify row_number() over (partition by rule, subject order by happened_at desc, episode desc, stage) = 1
        )
        select severity, text, rule, job_name, layer, worker_id, label, value, value_lo, value_hi, threshold, n,
          happened_at, episode
        from last
        where stage = 'raised' and (job_name is null or true {filter})
        order by happened_at desc, severity, rule, subject
        """,
        where.of_jobs(),
    )
