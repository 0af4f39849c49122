"""Tables for the dashboards' tests: full (two jobs, five workers), single (one of everything), empty."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from annolake.lake.sqlmodels import models
from transforms.schemas import TABLES, Table

READ = tuple(t for t in TABLES.values() if not t.name.startswith(("restricted.", "measure.")))
AUDIO, VIDEO = "dialogues-l1-audio", "clips-l1-video"
WORKERS = [f"w_{n:016x}" for n in (0xA1, 0xB2, 0xC3, 0xD4, 0xE5)]
NOON = datetime(2026, 10, 8, 12, tzinfo=UTC)

SUMMARIES = ("gold.item_coverage", "gold.item_spread", "gold.item_first", "gold.offset_spread")
"""Tables that are made of other rows of gold by their own models, where a test does not give them."""
SUMS = """
    create view measure.pair_item as from gold.agreement_pair_item;
    create view measure.item_count as
    with item as (
        select *, n_annotators >= 2 as is_compared, n_annotators < n_assigned as is_waiting from gold.agreement_item
    )
    select job_name, layer, 'others' as scope,
        if(observed_agreement is null, null, least(floor(observed_agreement * 20), 19))::int as bin, 1 as n_items,
        is_compared::int as n_compared, is_disputed::int as n_disputed, is_waiting::int as n_waiting
    from item
    union all
    select job_name, '', 'others', null, 1, max(is_compared::int), max(is_disputed::int), max(is_waiting::int)
    from item group by job_name, object_id
"""
"""The sums that these models read, of rows of gold instead of those of measures."""

Rows = dict[str, list[dict[str, Any]]]


def connect(rows: Rows) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the tables that pages may read, typed as the lake types them."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for schema in dict.fromkeys(t.name.split(".")[0] for t in READ):
        connection.execute(f"create schema {schema}")
    for table in READ:
        arrow = as_table(table, rows.get(table.name, []))
        connection.register("incoming", arrow)
        connection.execute(f"create table {table.name} as select * from incoming")
        connection.unregister("incoming")
    connection.execute(f"create schema measure; {SUMS}")
    for name in SUMMARIES:
        if name not in rows:
            connection.execute(f"insert into {name} by name {models('gold')[name].sql}")
    connection.execute("drop schema measure cascade")
    return connection


def with_summaries(rows: Rows) -> Rows:
    """The rows, and those that gold sums up from them."""
    with connect(rows) as connection:
        return {**rows, **{name: connection.table(name).to_arrow_table().to_pylist() for name in SUMMARIES}}


def as_table(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows with their missing columns NULL, or a harmless value where NULL is not allowed."""
    plain = {"n_annotators": 3, "n_assigned": 3, "n_pairs": 3, "mass": 90.0, "d_obs": 9.0, "n_items": 1, "n_labels": 1}
    blank = {pa.string(): "", pa.bool_(): False, pa.timestamp("us", tz="UTC"): NOON, pa.date32(): NOON.date()}
    empty = {c.name: None if c.nullable else plain.get(c.name, blank.get(c.type, 0)) for c in table.columns}
    empty |= {c.name: [] for c in table.columns if pa.types.is_map(c.type)}
    return pa.Table.from_pylist([{**empty, **row} for row in rows], schema=TABLES[table.name].arrow)


def measure(
    job: str, layer: str, name: str, value: float | None, half: float | None = None, **more: Any
) -> dict[str, Any]:
    """A row of gold.agreement_job."""
    ends = {} if value is None or half is None else {"ci_lo": value - half, "ci_hi": min(value + half, 1.0)}
    return {"job_name": job, "layer": layer, "task_type": task(job), "measure": name, "value": value, **ends, **more}


def task(job: str) -> str:
    return "video_classification" if job == VIDEO else "audio_segmentation"


def full() -> Rows:
    """Two jobs: segments with one late and one careless worker, clip classes, one layer without agreement."""
    jobs = [
        measure(AUDIO, "speaker", "alpha", 0.742, 0.06, n_items=12, n_annotators=5, chance_floor=0.04),
        measure(AUDIO, "speaker", "observed_agreement", 0.86, 0.04, n_items=12, n_annotators=5, chance_floor=0.48),
        measure(AUDIO, "speaker", "boundary_f_500ms", 0.81, 0.07, n_items=12, n_annotators=5, chance_floor=0.17),
        measure(AUDIO, "speaker", "unit_f_iou50", 0.88, 0.05, n_items=12, n_annotators=5, chance_floor=0.2),
        measure(AUDIO, "emotiontag", "alpha", 0.31, 0.22, n_items=12, n_annotators=5, chance_floor=0.01),
        measure(AUDIO, "emotiontag", "observed_agreement", 0.55, 0.15, n_items=12, n_annotators=5, chance_floor=0.36),
        measure(AUDIO, "speechNonSpeech", "alpha", None, reason_code="one_label", n_items=12, n_annotators=5),
        measure(AUDIO, "speechNonSpeech", "observed_agreement", 1.0, 0.0, n_items=12, n_annotators=5),
        measure(VIDEO, "class", "alpha", 0.91, 0.07, n_items=14, n_annotators=4, chance_floor=-0.02),
        measure(VIDEO, "class", "observed_agreement", 0.94, 0.05, n_items=14, n_annotators=4, chance_floor=0.3),
        measure(VIDEO, "rate", "alpha", 0.62, 0.25, n_items=14, n_annotators=4, chance_floor=0.0),
    ]
    return {
        "gold.agreement_job": jobs, **_items(), **_labels(), **_workers(), **_pairs(), **_confusion(), **_progress(),
        **_checks(), **_alerts(),
    }  # fmt: skip


def _items() -> Rows:
    rows = []
    for n in range(12):
        agreement = 0.98 - 0.04 * n
        rows.append(
            {"job_name": AUDIO, "object_id": str(n), "layer": "speaker", "task_type": task(AUDIO),
             "media_type": "audio", "asset_name": f"dialogue_{n:02d}.wav", "duration_s": 22.5 + n,
             "observed_agreement": agreement,
             "is_disputed": agreement < 2 / 3, "n_boundaries": 20, "boundary_hits_500ms": 18 - n, "n_units": 24,
             "unit_hits_iou50": 22 - n, "mass": 60.0 + n, "n_annotators": 2 if n == 3 else 3}
        )  # fmt: skip
    rows.append(
        {"job_name": AUDIO, "object_id": "12", "layer": "speaker", "task_type": task(AUDIO), "media_type": "audio",
         "asset_name": "silence.wav", "duration_s": 20.0, "is_disputed": False, "n_annotators": 1,
         "reason_code": "one_annotator", "mass": 0.0}
    )  # fmt: skip
    rows += [
        {"job_name": VIDEO, "object_id": str(n), "layer": "class", "task_type": task(VIDEO), "media_type": "video",
         "asset_name": f"clip_{n:02d}.mp4", "observed_agreement": 1 / 3 if n == 13 else 1.0, "is_disputed": n == 13,
         "mass": 3.0}
        for n in range(14)
    ]  # fmt: skip
    return {"gold.agreement_item": rows}


def _labels() -> Rows:
    rows: list[dict[str, Any]] = []

    def used(  # noqa: PLR0917 - a row at a glance
        job: str, layer: str, label: str, worker: str, day: int, n: int, seconds: float | None
    ) -> None:
        rows.append(
            {"job_name": job, "layer": layer, "label": label, "worker_id": worker, "task_type": task(job),
             "day": date(2026, 10, 5) + timedelta(days=day), "media_type": "video" if job == VIDEO else "audio",
             "n_segments": n, "duration_s": seconds, "n_items": min(n, 6)}
        )  # fmt: skip

    for w, worker in enumerate(WORKERS):
        for day in range(2):
            used(AUDIO, "speaker", "Speaker A", worker, day, 20 + w, 61.0 + 3 * w)
            used(AUDIO, "speaker", "Speaker B", worker, day, 18 - 2 * w, 55.0 - 4 * w)
            used(AUDIO, "emotiontag", "Neutral", worker, day, 5, None)
        used(AUDIO, "emotiontag", "Happy", worker, 1, 2, None)
        for label, n in (("dog", 5), ("speech", 4), ("music", 3)):
            used(VIDEO, "class", label, worker, w % 2, n, None)
    used(AUDIO, "emotiontag", "Angry", WORKERS[4], 0, 1, None)
    return {"gold.label_distribution": rows}


def _workers() -> Rows:
    rows = []
    for w, worker in enumerate(WORKERS):
        careless = w == 4
        value = 0.2 if careless else 0.82 - 0.03 * w
        rows.append(
            {"job_name": AUDIO, "layer": "speaker", "worker_id": worker, "task_type": task(AUDIO), "n_items": 12,
             "n_labels": 76, "loo_agreement": value, "loo_lo": value - 0.12, "loo_hi": value + 0.12,
             "offset_s": 0.31 if w == 2 else 0.01 * (w - 1), "n_boundaries": 96, "over_seg_index": 1.0 + 0.1 * w,
             "median_time_s": 60.0 + 5 * w, "median_active_s_per_min": 240.0 - 30 * w,
             "gold_n": 3, "gold_acc": 0.9 - 0.1 * w, "gold_lo": 0.6 - 0.1 * w, "gold_hi": 0.97,
             "status": "reliable" if value - 0.12 >= 0.667 else "watch"}
        )  # fmt: skip
        rows.append(
            {"job_name": VIDEO, "layer": "class", "worker_id": worker, "task_type": task(VIDEO), "n_items": 6,
             "n_labels": 6, "loo_agreement": 0.9, "skill_ds": 0.93, "median_time_s": 12.0, "status": "too_few"}
        )  # fmt: skip
    return {"gold.worker_quality": rows}


def _pairs() -> Rows:
    """Every two workers on the dialogues; the last one is below what the others reach."""
    pairs, items = [], []
    for a, first in enumerate(WORKERS):
        for b in range(a + 1, len(WORKERS)):
            residual = -0.25 if b == 4 else 0.03 * (2 - a)
            where = {"job_name": AUDIO, "layer": "speaker", "worker_a": first, "worker_b": WORKERS[b]}
            pairs.append(
                {**where, "task_type": task(AUDIO), "n_items": 8, "residual": residual, "residual_lo": residual - 0.1,
                 "residual_hi": residual + 0.1, "observed_agreement": 0.8 + residual, "expected_po_given_items": 0.8,
                 "kappa_time": 0.7 + residual, "offset_s": 0.02}
            )  # fmt: skip
            late = 0.31 * ((b == 2) - (a == 2))
            items += [
                {**where, "object_id": str(n), "task_type": task(AUDIO), "mass": 30.0, "agree": 24.0 + 30 * residual,
                 "expected_agree": 24.0, "offset_s": late + 0.05 * (n % 5 - 2), "observed_agreement": 0.8 + residual}
                for n in range(8)
            ]  # fmt: skip
    return {"gold.agreement_pair": pairs, "gold.agreement_pair_item": items}


def _confusion() -> Rows:
    def confused(layer: str, a: str, b: str, mass: float, job: str = AUDIO) -> list[dict[str, Any]]:
        row = {"job_name": job, "layer": layer, "scope": "pair", "mass": mass, "lift": 0.4, "n_items": 5}
        return [{**row, "label_a": x, "label_b": y} for x, y in ((a, b), (b, a))]

    def reliable(layer: str, label: str, value: float, half: float, job: str = AUDIO) -> dict[str, Any]:
        return {"job_name": job, "layer": layer, "label": label, "alpha_binary": value, "alpha_lo": value - half,
                "alpha_hi": min(value + half, 1.0), "prevalence": 0.4, "n_items": 12, "most_confused_with": "",
                "confused_share": 0.1}  # fmt: skip

    by_worker = [
        {"job_name": AUDIO, "layer": "speaker", "worker_id": w, "scope": scope, "true_label": true,
         "given_label": given, "mass": mass, "p": mass / 100, "prior": prior}
        for w in WORKERS
        for scope in ("others", "gold")
        for true, prior in (("Speaker A", 0.5), ("Speaker B", 0.4), ("", 0.1))
        for given, mass in ((true, 80.0), ("Speaker B" if true == "Speaker A" else "Speaker A", 20.0))
    ]  # fmt: skip
    return {
        "gold.label_confusion": [
            *confused("speaker", "Speaker A", "Speaker B", 210.0),
            *confused("speaker", "", "Speaker A", 130.0),
            *confused("emotiontag", "Angry", "Neutral", 4.0),
            *confused("class", "dog", "music", 1.0, VIDEO),
        ],
        "gold.label_reliability": [
            reliable("speaker", "Speaker A", 0.9, 0.05),
            reliable("speaker", "Speaker B", 0.72, 0.1),
            reliable("emotiontag", "Angry", 0.2, 0.15),
            reliable("class", "dog", 0.75, 0.06, VIDEO),
            {"job_name": VIDEO, "layer": "class", "label": "music", "reason_code": "one_label"},
        ],
        "gold.worker_confusion": by_worker,
    }


def _progress() -> Rows:
    """The dialogues are at 10 of 20 after four days, three objects begun; the clips are done."""
    start = date(2026, 10, 5)
    finished = {AUDIO: (2, 1, 3, 4), VIDEO: (14, 0, 0, 0)}
    begun = {AUDIO: (3, 3, 3, 4), VIDEO: (14, 0, 0, 0)}
    days = [
        {"job_name": job, "day": start + timedelta(days=d), "n_answers": 3 * n, "n_workers": 4,
         "n_started": begun[job][d], "n_complete": n, "media_complete_s": 25.0 * n, "active_s": 300.0 * n}
        for job, counts in finished.items()
        for d, n in enumerate(counts)
        if n
    ]  # fmt: skip
    status = [
        {"job_name": AUDIO, "batch_id": "b1", "level": 1, "task_type": task(AUDIO), "status": "InProgress",
         "workers_per_object": 3, "n_objects": 21, "n_started": 13, "n_complete": 10, "n_failed": 1, "n_twice": 12,
         "n_gold": 3, "n_answers": 30, "n_not_answered": 2, "n_workers": 5, "n_quarantined": 7, "media_s": 525.0,
         "media_complete_s": 250.0, "active_s": 3000.0, "created_at": NOON - timedelta(days=4),
         "first_answer_at": NOON - timedelta(days=3), "last_answer_at": NOON, "modified_at": NOON},
        {"job_name": VIDEO, "batch_id": "b1", "level": 1, "task_type": task(VIDEO), "status": "Completed",
         "workers_per_object": 3, "n_objects": 14, "n_started": 14, "n_complete": 14, "n_twice": 14, "n_answers": 42,
         "n_workers": 4, "media_s": 350.0, "media_complete_s": 350.0, "active_s": 504.0,
         "created_at": NOON - timedelta(days=5), "first_answer_at": NOON - timedelta(days=3),
         "last_answer_at": NOON - timedelta(days=3), "modified_at": NOON},
    ]  # fmt: skip
    trend = [
        {"job_name": AUDIO, "batch_id": "b1", "layer": "speaker", "task_type": task(AUDIO),
         "day": start + timedelta(days=d), "measure": "observed_agreement", "value": value, "ci_lo": value - 0.06,
         "ci_hi": value + 0.06, "n_items": 3, "is_alarm": value < 0.75}
        for d, value in enumerate((0.9, 0.87, 0.88, 0.7))
    ]  # fmt: skip
    by_worker = [
        {"job_name": AUDIO, "layer": "speaker", "worker_id": w, "day": start + timedelta(days=d), "n_items": 3,
         "better": 8.0, "possible": 10.0, "loo_agreement": 0.8 - 0.05 * d, "loo_lo": 0.6 - 0.05 * d, "loo_hi": 0.95}
        for w in WORKERS
        for d in range(4)
    ]  # fmt: skip
    failures = [
        {"job_name": AUDIO, "kind": kind, "reason": reason, "n_rows": n, "n_items": n, "example": example,
         "last_at": NOON}
        for kind, reason, n, example in (
            ("failed_object", "too few answers", 1, "too few answers"),
            ("unanswered_task", "expired", 2, WORKERS[0]),
            ("quarantined_row", "silver.segment ends_in_media", 5, "ends at 31.2 s, but the media is 30.0 s long"),
            ("quarantined_row", "silver.segment starts_before_end", 2, "starts at 4.2 s and ends at 4.1 s"),
        )
    ]  # fmt: skip
    disputes = [
        {"job_name": AUDIO, "object_id": str(n), "layer": "speaker", "task_type": task(AUDIO), "place": n,
         "t_start_s": 3.0, "t_end_s": 4.5, "kind": "label", "labels": '["Speaker A","Speaker B"]', "workers": "{}",
         "severity": 0.5, "expected_gain": 0.6}
        for n in range(4)
    ]  # fmt: skip
    labels = '{"speaker": ["Speaker A", "Speaker B", "Speaker C"], "emotiontag": ["Neutral", "Happy", "Angry"]}'
    return {
        "gold.job_status": status, "gold.job_day": days, "gold.job_trend": trend, "gold.worker_day": by_worker,
        "gold.job_failure": failures, "gold.dispute_queue": disputes,
        "silver.job": [{"job_name": AUDIO, "labels": labels}, {"job_name": VIDEO, "labels": None}],
    }  # fmt: skip


def _checks() -> Rows:
    results = [
        {"job_name": AUDIO, "table_name": "silver.segment", "check_name": name, "severity": severity,
         "is_ok": day == 0 or not failed, "n_rows": 100, "n_failed": failed, "detail": f"{failed} of 100",
         "landing_id": str(day), "landed_at": NOON + timedelta(days=day)}
        for day in range(2)
        for name, severity, failed in (("ends_in_media", "fail", 5), ("time_spent_within_task", "warn", 3),
                                       ("label_is_known", "fail", 0))
    ]  # fmt: skip
    rows = [
        {"job_name": AUDIO, "table_name": "silver.segment", "row_key": f'{{"object_id": "{n}"}}',
         "rule": "ends_in_media", "reason": "ends at 31.2 s, but the media is 30.0 s long", "object_id": str(n),
         "worker_id": WORKERS[0], "source_uri": "s3://b/x.json", "row": "{}"}
        for n in range(5)
    ]  # fmt: skip
    refused = [
        {"kind": kind, "job_name": AUDIO, "source_uri": "s3://b/m", "line_no": n, "is_ok": n != 1,
         "reason_code": "not_json" if n == 1 else None, "reason": "line 1 is not JSON" if n == 1 else None}
        for kind in ("manifest_line",)
        for n in range(3)
    ]  # fmt: skip
    return {"meta.check_result": results, "silver.quarantine": rows, "bronze.landing_outcome": refused}


def _alerts() -> Rows:
    def noted(rule: str, stage: str, hours: int, episode: int = 1, **subject: str) -> dict[str, Any]:
        return {"rule": rule, "subject": json.dumps(subject), "episode": episode, "stage": stage, "step": "noted",
                "severity": "fail", "text": f"{rule.replace('_', ' ')}: {' · '.join(subject.values())}",
                "value": 0.7, "value_lo": 0.6,
                "value_hi": 0.79, "threshold": 0.8, "n": 12, "happened_at": NOON + timedelta(hours=hours)}  # fmt: skip

    return {
        "meta.alert": [
            noted("agreement_fell", "raised", 1, job_name=AUDIO, layer="speaker"),
            noted("job_stalled", "raised", 0, job_name=VIDEO),
            noted("job_stalled", "cleared", 2, job_name=VIDEO),
            {**noted("agreement_fell", "raised", 1, job_name=AUDIO, layer="speaker"), "step": "sent", "attempt": 1,
             "channel": "log"},
        ]
    }  # fmt: skip


def until(rows: Rows, day: date) -> Rows:
    """The same as if its last day were this one, for pages that look at the clock of the release."""
    later = timedelta(days=(day - NOON.date()).days)
    return {
        name: [{k: v + later if isinstance(v, date) else v for k, v in row.items()} for row in of_table]
        for name, of_table in rows.items()
    }


def single() -> Rows:
    """One job, one object, one worker: labels, and no agreement with a reason."""
    where = {"job_name": "solo", "layer": "class", "task_type": "video_classification"}
    return {
        "gold.agreement_job": [
            {**where, "measure": m, "n_items": 0, "n_annotators": 1, "reason_code": "one_annotator", "mass": 0.0}
            for m in ("alpha", "observed_agreement")
        ],
        "gold.agreement_item": [
            {**where, "object_id": "0", "n_annotators": 1, "n_assigned": 1, "n_pairs": 0, "is_disputed": False,
             "reason_code": "one_annotator", "mass": 0.0, "d_obs": 0.0}
        ],
        "gold.label_distribution": [
            {**where, "label": "dog", "worker_id": WORKERS[0], "day": date(2026, 10, 5), "media_type": "",
             "n_segments": 1, "n_items": 1}
        ],
        "gold.worker_quality": [
            {**where, "worker_id": WORKERS[0], "n_items": 0, "n_labels": 1, "median_time_s": 9.0, "status": "too_few"}
        ],
        "gold.job_status": [
            {"job_name": "solo", "task_type": "video_classification", "status": "Completed", "workers_per_object": 1,
             "n_objects": 1, "n_started": 1, "n_complete": 1, "n_answers": 1, "n_workers": 1}
        ],
        "gold.job_day": [
            {"job_name": "solo", "day": date(2026, 10, 5), "n_answers": 1, "n_workers": 1, "n_started": 1,
             "n_complete": 1}
        ],
        "meta.check_result": [
            {"job_name": "solo", "table_name": "silver.annotation", "check_name": "readable", "severity": "fail",
             "is_ok": True, "n_rows": 1, "landing_id": "1"}
        ],
    }  # fmt: skip
