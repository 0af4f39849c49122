"""Jobs: how far each is, how fast it goes, what failed and why, and how batches go through their levels."""

from __future__ import annotations

from dashboards.data.asking import Answer, Connection, Where, ask


def jobs(connection: Connection, where: Where) -> Answer:
    """One row a job, unfinished ones first, then the newest; pace over the days on which somebody answered."""
    return ask(
        connection,
        """
        with pace as (
          select job_name, count(*) as n_days, sum(n_answers) / count(*) as answers_a_day
          from gold.job_day where true {filter} group by job_name
        )
        select job_name, status, batch_id, level, task_type, round(n_complete / nullif(n_objects, 0), 2) as complete,
          n_objects, n_complete, n_failed, n_answers, n_workers, n_not_answered, n_quarantined, answers_a_day, n_days,
          media_s / 3600 as media_h, media_complete_s / 3600 as media_complete_h, active_s / 3600 as active_h,
          created_at, last_answer_at
        from gold.job_status left join pace using (job_name)
        where true {filter}
        order by status = 'Completed', created_at desc, job_name
        """,
        where.of_jobs(),
    )


def states(connection: Connection, where: Where) -> Answer:
    """Objects of each job by state, unfinished jobs first, then the newest."""
    return ask(
        connection,
        """
        with counted as (
          select job_name, status, created_at, n_complete as complete,
            greatest(n_started - n_complete, 0) as begun, n_failed as failed,
            greatest(n_objects - n_failed - greatest(n_started, n_complete), 0) as not_begun
          from gold.job_status where true {filter}
        )
        select job_name, label, cast(n_items as bigint) as n_items, place
        from counted, lateral (
          values ('complete', complete, 1), ('begun', begun, 2), ('not begun', not_begun, 3), ('failed', failed, 4)
        ) as state (label, n_items, place)
        where n_items > 0
        order by status = 'Completed', created_at desc, job_name, place
        """,
        where.of_jobs(),
    )


def throughput(connection: Connection, where: Where) -> Answer:
    """Answers, finished objects and hours of work by day."""
    return ask(
        connection,
        """
        select day, cast(sum(n_answers) as bigint) as n_answers, cast(sum(n_complete) as bigint) as n_complete,
          sum(active_s) / 3600 as active_h, sum(media_complete_s) / 3600 as media_complete_h
        from gold.job_day
        where true {filter}
        group by day
        order by day
        """,
        where.of_jobs(),
    )


def failures(connection: Connection, where: Where) -> Answer:
    """What did not come out, by reason, the most first."""
    return ask(
        connection,
        """
        select kind, reason, cast(sum(n_rows) as bigint) as n_rows, cast(sum(n_items) as bigint) as n_items,
          count(*) as n_jobs, min_by(example, job_name) as example, max(last_at) as last_at
        from gold.job_failure
        where true {filter}
        group by kind, reason
        order by n_rows desc, kind, reason
        """,
        where.of_jobs(),
    )


def batches(connection: Connection, where: Where) -> Answer:
    """One row a batch and level, the newest batch first: its jobs by state, objects, and how many came out."""
    return ask(
        connection,
        """
        select batch_id, level, count(*) as n_jobs,
          count(*) filter (where status = 'Completed') as n_completed_jobs,
          count(*) filter (where status in ('Failed', 'Stopped')) as n_failed_jobs,
          cast(sum(n_objects) as bigint) as n_objects, cast(sum(n_complete) as bigint) as n_complete,
          cast(sum(n_failed) as bigint) as n_failed, round(sum(n_complete) / nullif(sum(n_objects), 0), 2) as complete,
          cast(sum(n_answers) as bigint) as n_answers, min(created_at) as created_at,
          max(last_answer_at) as last_answer_at
        from gold.job_status
        where batch_id is not null {filter}
        group by batch_id, level
        order by max(created_at) desc, batch_id, level
        """,
        where.of_jobs(),
    )
