"""Data quality: which checks hold, what the gate kept out and why, and how that goes over time."""

from __future__ import annotations

from dashboards.data.asking import Answer, Connection, Where, ask

MOST_ROWS = 1000
"""Rows of the quarantine that a page lists; `annolake quarantine list` has all."""

LATEST = """
          select *
          from meta.check_result
          where (job_name is null or true {filter})
          qualify row_number() over (
            partition by job_name, table_name, check_name order by landed_at desc, landing_id desc
          ) = 1
"""
"""The last result of every check of every job."""


def severities(connection: Connection, where: Where) -> Answer:
    """Checks by severity, as the last landing of each job left them."""
    return ask(
        connection,
        f"""
        with latest as ({LATEST}        )
        select severity, count(*) as n_checks, count(*) filter (where not is_ok) as n_broken,
          cast(coalesce(sum(n_failed) filter (where not is_ok), 0) as bigint) as n_rows,
          count(distinct job_name) as n_jobs, max(landed_at) as landed_at
        from latest
        group by severity
        order by severity
        """,  # noqa: S608 - a constant of this module
        where.of_jobs(),
    )


def broken(connection: Connection, where: Where) -> Answer:
    """Checks that do not hold now, those that hold a release first, by share of rows."""
    return ask(
        connection,
        f"""
        with latest as ({LATEST}        )
        select severity, job_name, table_name, check_name, n_failed, n_rows, n_failed / nullif(n_rows, 0) as share,
          detail, landed_at
        from latest
        where not is_ok
        order by severity, share desc nulls last, n_failed desc, job_name, table_name, check_name
        """,  # noqa: S608 - a constant of this module
        where.of_jobs(),
    )


def trend(connection: Connection, where: Where) -> Answer:
    """Checks that did not hold, by day of the landing and severity, of how many were made."""
    return ask(
        connection,
        """
        select cast(landed_at at time zone 'UTC' as date) as day, severity,
          count(*) filter (where not is_ok) as n_broken, count(*) as n_checks,
          cast(coalesce(sum(n_failed) filter (where not is_ok), 0) as bigint) as n_rows
        from meta.check_result
        where (job_name is null or true {filter})
        group by 1, 2
        order by 1, 2
        """,
        where.of_jobs(),
    )


def rules(connection: Connection, where: Where) -> Answer:
    """Rows that the gate kept out, by rule, the most first, with an example of each."""
    return ask(
        connection,
        """
        select reason as rule, cast(sum(n_rows) as bigint) as n_rows, count(*) as n_jobs,
          cast(sum(n_items) as bigint) as n_items, min_by(example, job_name) as example, max(last_at) as last_at
        from gold.job_failure
        where kind = 'quarantined_row' {filter}
        group by reason
        order by n_rows desc, reason
        """,
        where.of_jobs(),
    )


def quarantine(connection: Connection, where: Where, rule: str, limit: int = MOST_ROWS) -> Answer:
    """The rows that broke one rule (`table rule`), the newest first."""
    return ask(
        connection,
        """
        select job_name, object_id, worker_id, reason, row_key, source_uri, landed_at
        from silver.quarantine
        where table_name || ' ' || rule = $rule {filter}
        order by landed_at desc, job_name, row_key
        limit $limit
        """,
        where.of_jobs(),
        {"rule": rule, "limit": limit},
    )


def refused(connection: Connection, where: Where) -> Answer:
    """Inputs that could not be landed at all, by reason, the most first."""
    return ask(
        connection,
        """
        select kind, coalesce(reason_code, 'unknown') as reason, count(*) as n_rows, any_value(reason) as example,
          max(landed_at) as last_at
        from bronze.landing_outcome
        where not is_ok and (job_name is null or true {filter})
        group by 1, 2
        order by n_rows desc, 1, 2
        """,
        where.of_jobs(),
    )
