"""What there is to choose from."""

from __future__ import annotations

from dashboards.data.asking import Answer, Connection, ask


def scopes(connection: Connection) -> Answer:
    """Jobs and layers that pages can filter by, with the number of labels given; the largest first."""
    return ask(
        connection,
        """
        with labels as (
          select job_name, layer, task_type, sum(n_segments) as n_labels from gold.label_distribution group by all
        )
        select job_name, layer, coalesce(a.task_type, l.task_type) as task_type,
          cast(coalesce(n_labels, 0) as bigint) as n_labels
        from labels l
        full join (select distinct job_name, layer, task_type from gold.agreement_job) a using (job_name, layer)
        order by n_labels desc, job_name, layer
        """,
    )
