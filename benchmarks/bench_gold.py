"""All gold tables of one large job, through the lake."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.generate import DURATION_S, LABELS, segments
from benchmarks.harness import Bench, Figures, Size, Way

JOB, LAYER = "big", "sound"
AT = datetime(2026, 1, 2, tzinfo=UTC)
WORKERS = 60


def settings(folder: Path) -> Any:
    from annolake.config import Settings

    return Settings.load({"home": folder / "home"}, environ={}, file=folder / "none.toml")


def prepare(folder: Path, size: Size) -> None:
    """The silver tables that the gold of a segmentation job is built from."""
    from annolake.lake.catalog import open_lake

    with open_lake(settings(folder)) as lake:
        for name, rows in silver(size).items():
            lake.table(name).append(rows)


def silver(size: Size) -> dict[str, Any]:
    """`silver.*` rows of one job, as landing would leave them."""
    import pyarrow as pa

    from transforms.schemas import TABLES

    n, each, width = size["objects"], size["annotators"], size["segments"]
    drawn = segments(n, each, width)
    first = np.random.default_rng(3).integers(0, WORKERS, n)
    worker = (first[:, None] + np.arange(each)) % WORKERS
    workers = pa.array([f"w_{k:016x}" for k in range(WORKERS)])
    objects, assets = (pa.array([form % k for k in range(n)]) for form in ("%d", "%032x"))
    answer = np.repeat(np.arange(n), each)
    segment = np.repeat(answer, width)
    given = {
        "silver.asset": {
            "asset_id": assets, "duration_s": np.full(n, DURATION_S), "media_type": "audio",
            "uri": pa.array([f"s3://media/{k}.wav" for k in range(n)]),
        },
        "silver.job": {"job_name": JOB, "task_type": "audio_segmentation", "workers_per_object": each,
                       "labels": f'{{"{LAYER}": {list(LABELS)}}}'.replace("'", '"'), "status": "Completed"},
        "silver.assignment": {
            "object_id": objects.take(pa.array(answer)), "asset_id": assets.take(pa.array(answer)),
            "worker_id": workers.take(pa.array(worker.ravel())), "outcome": "answered", "time_spent_s": 41.5,
        },
        "silver.segment": {
            "object_id": objects.take(pa.array(segment)), "asset_id": assets.take(pa.array(segment)),
            "worker_id": workers.take(pa.array(np.repeat(worker.ravel(), width))),
            "segment_no": np.tile(np.arange(width), n * each),
            "label": pa.array(LABELS).take(pa.array(drawn.label.ravel())),
            "start_s": drawn.start.ravel(), "end_s": drawn.end.ravel(),
        },
    }  # fmt: skip
    given["silver.annotation"] = {**given["silver.assignment"], "n_segments": width, "task_type": "audio_segmentation",
                                  "answer": "{}"}  # fmt: skip
    del given["silver.annotation"]["outcome"]
    rows = {"silver.asset": n, "silver.job": 1, "silver.segment": len(segment)}
    return {name: _filled(TABLES[name], columns, rows.get(name, n * each)) for name, columns in given.items()}


def _filled(table: Any, columns: dict[str, Any], n_rows: int) -> Any:
    """Every column of the table: as given, one value for all rows, or NULL, or a plain value."""
    import pyarrow as pa

    plain = {"job_name": JOB, "layer": LAYER}
    arrays = []
    for field in table.arrow:
        value = columns.get(field.name, plain.get(field.name))
        if value is None and not field.nullable:
            value = AT if pa.types.is_timestamp(field.type) else "x" if pa.types.is_string(field.type) else 1
        if isinstance(value, (str, int, float, datetime)):
            arrays.append(pa.repeat(pa.scalar(value, field.type), n_rows))
        elif value is None:
            arrays.append(pa.nulls(n_rows, field.type))
        else:
            arrays.append(pa.array(value).cast(field.type))
    return pa.Table.from_arrays(arrays, schema=table.arrow)


def _load(folder: Path, size: Size) -> Any:
    from annolake.lake.catalog import open_lake
    from annolake.lake.models import model_order
    from transforms.schemas import BUILD

    model_order()  # the SQL is parsed before the clock runs, as in a worker that builds one job after another
    with open_lake(settings(folder)) as lake:
        if (builds := lake.find(BUILD.name)) is not None:
            builds.delete()  # so that every round builds from nothing
    return settings(folder)


def _work(given: Any) -> Figures:
    from annolake.lake.catalog import open_lake
    from annolake.lake.models import build_gold

    built = build_gold(given, [JOB])
    with open_lake(given) as lake:
        items = lake.scan("gold.agreement_item", jobs=[JOB], columns=["object_id"]).num_rows
        found = lake.scan("gold.agreement_job", jobs=[JOB]).to_pylist()
    alpha = next(r for r in found if r["measure"] == "alpha" and r["layer"] == LAYER)
    return {"models": len(built), "items": items, "alpha": alpha["value"]}


def check(found: Any) -> None:
    ours = found["annolake"]
    if not (ours["items"] > 0 and ours["models"] > 1 and 0 < ours["alpha"] < 1):
        raise AssertionError(f"gold is not there: {ours}")


def _size(objects: int) -> Size:
    return {"objects": objects, "annotators": 3, "segments": 8}


BENCH = Bench(
    title="all gold tables of one job",
    claim="under 60 s on 2 cores, under 2 GiB",
    data="one job of {objects:,} objects x {annotators} annotators x {segments} segments in silver; built from nothing",
    sizes={"tiny": _size(30), "small": _size(10_000), "full": _size(100_000)},
    prepare=prepare,
    ways=(Way("annolake", _load, _work),),
    check=check,
    rounds=2,
    shown=("models", "items", "alpha"),
    reading="Reads silver from Iceberg, builds the measures and every SQL model, commits each table. No baseline.",
)
