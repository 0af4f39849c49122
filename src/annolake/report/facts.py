"""What a report says of a job, asked of the gold tables of one release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from annolake.errors import LakeError

Row = Mapping[str, Any]
MOST_ROWS = 40
"""Workers and labels that a report lists; the dashboards and `annolake sql` have all."""

WORST_ITEMS = 12
MOST_CONFUSIONS = 12
TENTATIVE, RELIABLE = 0.667, 0.8
"""Krippendorff's bands of alpha, judged on the lower end of the interval."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows by topic; `n_workers` and `n_labels` count those that were left out too."""

    job_name: str
    release_id: int
    released_at: datetime
    job: Row
    layers: Sequence[Row]
    measures: Sequence[Row]
    labels: Sequence[Row]
    n_labels: int
    confusions: Sequence[Row]
    workers: Sequence[Row]
    n_workers: int
    items: Sequence[Row]
    disputes: Row
    checks: Sequence[Row]
    quarantine: Sequence[Row]


def facts(connection: duckdb.DuckDBPyConnection, job_name: str, *, release_id: int, released_at: datetime) -> Facts:
    """Everything that a report says; raises `LakeError` where the release has no answers of the job."""

    def ask(statement: str) -> list[Row]:
        rows: list[Row] = connection.sql(statement, params={"job": job_name}).to_arrow_table().to_pylist()
        return rows

    (job,) = ask(JOB)
    if not job["n_answers"]:
        known = [r["job_name"] for r in connection.sql(KNOWN).to_arrow_table().to_pylist()]
        raise LakeError(
            f"Release {release_id} has no answers of a job {job_name}.",
            hint=f"It has: {', '.join(known)}" if known else "Land a finished job: annolake land JOB",
        )
    workers, labels = ask(WORKERS), ask(LABELS)
    return Facts(
        job_name=job_name,
        release_id=release_id,
        released_at=released_at,
        job=job,
        layers=ask(LAYERS),
        measures=ask(MEASURES),
        labels=labels[:MOST_ROWS],
        n_labels=len(labels),
        confusions=ask(CONFUSIONS)[:MOST_CONFUSIONS],
        workers=workers[:MOST_ROWS],
        n_workers=len(workers),
        items=ask(ITEMS)[:WORST_ITEMS],
        disputes=ask(DISPUTES)[0],
        checks=ask(CHECKS),
        quarantine=ask(QUARANTINE),
    )


KNOWN = "SELECT DISTINCT job_name FROM silver.annotation ORDER BY job_name LIMIT 20"

JOB = """
    SELECT
        any_value(j.task_type) AS task_type, any_value(j.status) AS status, any_value(j.batch_id) AS batch_id,
        any_value(j.level) AS level, any_value(j.workers_per_object) AS workers_per_object,
        count(*) AS n_answers, count(DISTINCT a.object_id) AS n_objects, count(DISTINCT a.worker_id) AS n_workers,
        count(DISTINCT a.object_id) FILTER (WHERE m.n_workers >= 2) AS n_twice,
        min(a.submitted_at) AS first_at, max(a.submitted_at) AS last_at,
        (SELECT sum(duration_s) FROM silver.asset SEMI JOIN
            (SELECT asset_id FROM silver.annotation WHERE job_name = $job) USING (asset_id)) AS media_s
    FROM silver.annotation AS a
    LEFT JOIN silver.job AS j USING (job_name)
    LEFT JOIN (
        SELECT object_id, count(DISTINCT worker_id) AS n_workers FROM silver.annotation WHERE job_name = $job
        GROUP BY object_id
    ) AS m USING (object_id)
    WHERE a.job_name = $job
"""

LAYERS = """
    SELECT layer, value, ci_lo, ci_hi, chance_floor, n_items, n_annotators, prevalence_max, reason_code
    FROM gold.agreement_job
    WHERE job_name = $job AND measure = 'alpha'
    ORDER BY ci_lo NULLS LAST, value NULLS LAST, layer
"""

MEASURES = """
    SELECT layer, measure, value, ci_lo, ci_hi, chance_floor, n_items, reason_code
    FROM gold.agreement_job
    WHERE job_name = $job AND value IS NOT NULL AND measure IN
        ('observed_agreement', 'boundary_f_500ms', 'unit_f_iou50', 'mean_iou', 'transcript_wer')
        AND NOT (layer = 'transcript' AND measure <> 'transcript_wer')
    ORDER BY layer, measure
"""

LABELS = """
    SELECT layer, label, alpha_binary AS value, alpha_lo AS ci_lo, alpha_hi AS ci_hi, prevalence, n_items,
        most_confused_with, confused_share, reason_code
    FROM gold.label_reliability
    WHERE job_name = $job
    ORDER BY alpha_lo NULLS LAST, alpha_binary NULLS LAST, layer, label
"""

CONFUSIONS = """
    SELECT c.layer, c.label_a, c.label_b, c.mass, c.share, c.share_lo, c.share_hi, c.lift, c.n_items,
        i.is_timed
    FROM gold.label_confusion AS c
    JOIN (SELECT layer, bool_or(duration_s IS NOT NULL) AS is_timed FROM gold.agreement_item WHERE job_name = $job
        GROUP BY layer) AS i USING (layer)
    WHERE c.job_name = $job AND c.scope = 'pair' AND c.label_a < c.label_b AND c.mass > 0
    ORDER BY i.is_timed DESC, c.mass DESC, c.layer, c.label_a, c.label_b
"""

WORKERS = """
    WITH main AS (
        SELECT layer
        FROM gold.label_distribution
        WHERE job_name = $job
        GROUP BY layer
        ORDER BY coalesce(sum(duration_s), 0) DESC, sum(n_segments) DESC, layer
        LIMIT 1
    )

    SELECT layer, worker_id, status, loo_agreement AS value, loo_lo AS ci_lo, loo_hi AS ci_hi, n_items, n_labels,
        offset_s, n_boundaries, gold_acc, gold_lo, gold_hi, gold_n, median_time_s, is_drifting
    FROM gold.worker_quality
    SEMI JOIN main USING (layer)
    WHERE job_name = $job
    ORDER BY loo_lo NULLS LAST, loo_agreement NULLS LAST, worker_id
"""

ITEMS = """
    SELECT coalesce(asset_name, 'object ' || object_id) AS item, object_id, layer, observed_agreement, n_annotators,
        duration_s, boundary_hits_500ms / nullif(n_boundaries, 0) AS boundary_f
    FROM gold.agreement_item
    WHERE job_name = $job AND observed_agreement < 1
    ORDER BY observed_agreement, mass DESC, layer, object_id
"""

DISPUTES = """
    SELECT count(*) AS n_disputes, count(DISTINCT object_id) AS n_items,
        coalesce(sum(expected_gain) FILTER (WHERE t_end_s IS NOT NULL), 0) AS gain_s,
        coalesce(sum(expected_gain) FILTER (WHERE t_end_s IS NULL), 0) AS gain_items
    FROM gold.dispute_queue
    WHERE job_name = $job
"""

CHECKS = """
    SELECT table_name, check_name, severity, is_ok, n_rows, n_failed, detail
    FROM meta.check_result
    WHERE job_name = $job
    QUALIFY row_number() OVER (PARTITION BY table_name, check_name ORDER BY landed_at DESC) = 1
    ORDER BY is_ok, severity, n_failed DESC, table_name, check_name
"""

QUARANTINE = """
    SELECT table_name, rule, count(*) AS n_rows, count(DISTINCT worker_id) AS n_workers, min(reason) AS example
    FROM silver.quarantine
    WHERE job_name = $job
    GROUP BY table_name, rule
    ORDER BY n_rows DESC, table_name, rule
"""
