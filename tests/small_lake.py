"""A small released lake with planted facts, for whatever reads a release. No service, no landing: silver by hand.

`voices-1`: 12 recordings of 60 s in the layer speaker, asked of four. The truth is A 0-20, B 20-40, A 40-55.
- ANN and BEN say the truth; CAT every boundary 0.4 s late; DAN says A for B in recordings 0 to 4.
- Recording 10 has ANN's answer alone, 11 nobody's (it expired for ANN). ANN answered recording 3 twice.
- Answers come on 2 to 4 March, four recordings a day; CAT's on recording 9 three days late, after consolidation.
- An answer takes 30 s (ANN), 60 s (BEN), 90 s (CAT), 120 s (DAN).
`voices-2`: six recordings, ANN and BEN, the truth is A 0-40, B 40-55.
`clips-1`: 20 clips of 10 s in the layer class, asked of ANN, BEN and CAT: dog where even, cat where odd; BEN says bird
for 0 to 3. Clips 16 to 19 are planted gold items; BEN is wrong on 16.
Nobody uses the labels C (speaker) and fish (class).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.models import build_gold
from annolake.lake.release import publish
from transforms.schemas import TABLES

ANN, BEN, CAT, DAN = (f"w_{'0' * 15}{c}" for c in "abcd")
SPENT = {ANN: 30.0, BEN: 60.0, CAT: 90.0, DAN: 120.0}
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
CONSOLIDATED_AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
JOBS = ("clips-1", "voices-1", "voices-2")
FILLED = (
    "silver.job", "silver.asset", "silver.assignment", "silver.annotation", "silver.segment", "silver.classification",
    "silver.consolidated", "silver.gold_item", "silver.quarantine", "bronze.batch_item", "bronze.landing_outcome",
    "bronze.worker_response",
    "meta.check_result",
)  # fmt: skip
Rows = dict[str, list[dict[str, Any]]]


def make_small_lake(settings: Settings) -> Settings:
    """Write silver, build gold, publish one release."""
    rows = small_silver()
    with open_lake(settings) as lake:
        for name, listed in rows.items():
            lake.table(name).append(filled(name, listed))
    build_gold(settings, JOBS)
    publish(settings, JOBS)
    return settings


def filled(name: str, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Rows with the columns of landing, and NULL for what is not given."""
    landed = {"landing_id": "landing-1", "landed_at": START}
    schema = TABLES[name].arrow
    plain = {pa.string(): "x", pa.int64(): 0, pa.int32(): 0, pa.float64(): 0.0}
    table = [
        {f.name: {**landed, **r}.get(f.name, None if f.nullable else plain.get(f.type)) for f in schema} for r in rows
    ]
    return pa.Table.from_pylist(table, schema=schema)


def small_silver() -> Rows:
    rows: Rows = {name: [] for name in FILLED}
    _job(rows, "voices-1", "audio_segmentation", "batch-1", 4, 12, {"speaker": ["A", "B", "C"]})
    _job(rows, "voices-2", "audio_segmentation", "batch-1", 2, 6, {"speaker": ["A", "B", "C"]})
    _job(rows, "clips-1", "video_classification", "batch-2", 3, 20, {"class": ["dog", "cat", "bird", "fish"]})
    for n in range(11):
        for worker in (ANN, BEN, CAT, DAN) if n < 10 else (ANN,):
            late = timedelta(days=3) if (n, worker) == (9, CAT) else timedelta()
            _answer(rows, "voices-1", n, worker, late, voices(n, worker))
    _answer(rows, "voices-1", 3, ANN, timedelta(minutes=30), voices(3, ANN))
    rows["silver.assignment"].append(
        {"job_name": "voices-1", "object_id": "11", "asset_id": "voices-1-11", "worker_id": ANN, "revision": 1,
         "outcome": "expired", "accepted_at": START}
    )  # fmt: skip
    for n in range(6):
        for worker in (ANN, BEN):
            _answer(rows, "voices-2", n, worker, timedelta(), [("A", 0.0, 40.0), ("B", 40.0, 55.0)])
    for n in range(20):
        for worker in (ANN, BEN, CAT):
            _answer(rows, "clips-1", n, worker, timedelta(), clip(n, worker))
    _gold(rows)
    _checks(rows)
    return rows


def voices(n: int, worker: str) -> list[tuple[str, float, float]]:
    """What a worker says of a recording of voices-1."""
    late = 0.4 if worker == CAT else 0.0
    middle = "A" if worker == DAN and n < 5 else "B"
    return [("A", late, 20 + late), (middle, 20 + late, 40 + late), ("A", 40 + late, 55 + late)]


def clip(n: int, worker: str) -> str:
    """What a worker says of a clip."""
    return "bird" if worker == BEN and n in (0, 1, 2, 3, 16) else truth(n)


def truth(n: int) -> str:
    return "dog" if n % 2 == 0 else "cat"


def _job(  # noqa: PLR0917 - a row at a glance
    rows: Rows, name: str, kind: str, batch: str, workers: int, n: int, labels: dict[str, list[str]]
) -> None:
    rows["silver.job"].append(
        {"job_name": name, "batch_id": batch, "level": 1, "task_type": kind, "labels": json.dumps(labels),
         "workers_per_object": workers, "status": "Completed", "n_objects": n, "n_labeled": n - (name == "voices-1"),
         "n_failed": 0, "created_at": START, "modified_at": START + timedelta(days=4)}
    )  # fmt: skip
    is_clip = kind.startswith("video")
    for k in range(n):
        asset = f"{name}-{k}"
        rows["silver.asset"].append(
            {"asset_id": asset, "uri": f"s3://media/{asset}", "name": f"{asset}.{'mp4' if is_clip else 'wav'}",
             "media_type": "video" if is_clip else "audio", "duration_s": 10.0 if is_clip else 60.0,
             "container": "mp4" if is_clip else "wav", "sample_rate_hz": 16000 if k % 2 else 48000,
             "content_hash": asset, "bytes": 1}
        )  # fmt: skip
        if (name, k) != ("voices-1", 11):
            rows["silver.consolidated"].append(
                {"job_name": name, "object_id": str(k), "asset_id": asset, "line_hash": asset, "outcome": "labeled",
                 "observed_at": CONSOLIDATED_AT, "label": truth(k) if is_clip else None,
                 "confidence": 0.9 if is_clip else 0.0}
            )  # fmt: skip


def _answer(  # noqa: PLR0917
    rows: Rows, job: str, n: int, worker: str, late: timedelta, said: str | list[tuple[str, float, float]]
) -> None:
    at = START + timedelta(days=n // 4, minutes=n, seconds=list(SPENT).index(worker)) + late
    key = {"job_name": job, "object_id": str(n), "asset_id": f"{job}-{n}", "worker_id": worker,
           "revision": int(at.timestamp() * 1000)}  # fmt: skip
    times = {"accepted_at": at - timedelta(seconds=SPENT[worker]), "submitted_at": at, "time_spent_s": SPENT[worker]}
    is_clip = isinstance(said, str)
    rows["silver.assignment"].append({**key, **times, "outcome": "answered"})
    rows["bronze.worker_response"].append({**key, **times, "source_uri": f"s3://out/{job}/{n}/{at.isoformat()}"})
    kind = "video_classification" if is_clip else "audio_segmentation"
    rows["silver.annotation"].append(
        {**key, **times, "task_type": kind, "n_segments": None if is_clip else len(said), "answer": "{}"}
    )
    if isinstance(said, str):
        rows["silver.classification"].append({**key, "layer": "class", "label": said})
    else:
        rows["silver.segment"] += [
            {**key, "layer": "speaker", "segment_no": i, "label": label, "start_s": start, "end_s": end}
            for i, (label, start, end) in enumerate(said)
        ]


def _gold(rows: Rows) -> None:
    for n in range(20):
        asset = f"clips-1-{n}"
        rows["bronze.batch_item"].append(
            {"asset_id": asset, "claim": "first", "batch_id": "batch-2", "job_name": "clips-1",
             "task_type": "video_classification", "claimed_at": START, "is_gold": n >= 16}
        )  # fmt: skip
        if n >= 16:
            rows["silver.gold_item"].append(
                {"asset_id": asset, "layer": "class", "revision": 1, "label": truth(n), "segments": None}
            )


def _checks(rows: Rows) -> None:
    rows["silver.quarantine"] += [
        {"job_name": "voices-1", "table_name": "silver.segment", "row_key": f'["{n}"]', "rule": "within_asset",
         "reason": "end 61 is after 60", "object_id": str(n), "worker_id": DAN if n else CAT, "row": "{}"}
        for n in range(3)
    ]  # fmt: skip
    for landing, n_failed in (("landing-0", 3), ("landing-1", 0)):
        rows["meta.check_result"].append(
            {"job_name": "voices-1", "table_name": "silver.segment", "check_name": "within_asset", "severity": "fail",
             "is_ok": not n_failed, "n_rows": 126, "n_failed": n_failed, "detail": "no segment ends after its media",
             "landing_id": landing, "landed_at": START + timedelta(hours=int(landing[-1]))}
        )  # fmt: skip
    rows["bronze.landing_outcome"] += [
        {"kind": "media", "job_name": None, "source_uri": f"s3://in/{n}.wav", "line_no": 0, "is_ok": n > 0,
         "reason_code": "not_media" if n == 0 else None, "reason": "no stream" if n == 0 else None}
        for n in range(3)
    ]  # fmt: skip
