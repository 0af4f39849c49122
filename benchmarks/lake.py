"""A lake of many jobs, seeded: silver as landing leaves it, measures, gold by `sql/gold`, one release.

`python -m benchmarks.lake FOLDER --jobs 200` makes it, and goes on where a run before it stopped.

A job has 8,334 objects of 30 s, three annotators an object out of a team of 40, ten segments an answer: 250,020
segments. 25 teams make 1,000 annotators. What was said in `TEMPLATES` jobs is drawn, and measured by the Python models;
job k says the same as job k mod TEMPLATES, by another team, about other media, on other days, so that its `measure.*`
rows are those of the template under other names. Everything in `gold.*` is made by the SQL models over all jobs.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.generate import DURATION_S, LABELS, segments

TEAMS, OF_TEAM = 25, 40
TEMPLATES = 20
ANNOTATORS, WIDTH = 3, 10
DAYS = 10
SLICE = 20
LAYER = "sound"
READY = "ready"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shape:
    """How large the lake is."""

    jobs: int
    objects: int = 8_334

    @property
    def templates(self) -> int:
        return min(TEMPLATES, self.jobs)

    @property
    def segments(self) -> int:
        return self.jobs * self.objects * ANNOTATORS * WIDTH


SIZES: dict[str, dict[str, int]] = {
    "tiny": {"jobs": 2, "objects": 40},
    "small": {"jobs": 4, "objects": 300},
    "full": {"jobs": 200, "objects": 8_334},
}
"""Of the lake, for every benchmark that asks it."""


def kept_at(size: Mapping[str, Any]) -> Path:
    """Where a lake of this size stays between runs: it takes an hour to make. `BENCH_LAKE` names another."""
    given = os.environ.get("BENCH_LAKE")
    return Path(given or Path(tempfile.gettempdir()) / f"annolake-panels-{size['jobs']}x{size['objects']}")


def settings(folder: Path) -> Any:
    from annolake.config import Settings

    return Settings.load({"home": folder / "home"}, environ={}, file=folder / "none.toml")


def job_name(k: int) -> str:
    return f"sounds-{k:03d}"


def team(k: int) -> str:
    """What the pseudonyms of the annotators of job k begin with."""
    return f"w_{(k % TEAMS) * 7919 + 4096:012x}"


def make(folder: Path, shape: Shape) -> None:
    """Make the lake under `folder`; what a run before made is kept."""
    if (folder / READY).is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for step in (_silver, _measures, _copies, _gold, _release):
        begun = time.perf_counter()
        step(folder, shape)
        log.info("%s: %.0f s", step.__name__.strip("_"), time.perf_counter() - begun)
    (folder / READY).touch()


def slices(jobs: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(jobs), SLICE):
        yield jobs[first : first + SLICE]


def _done(folder: Path, what: str) -> bool:
    """Whether a step was done before; told by an empty file."""
    return (folder / f"done-{what}").is_file()


def _mark(folder: Path, what: str) -> None:
    (folder / f"done-{what}").touch()


# -- silver -----------------------------------------------------------------------------------------------------------


def drawn(t: int, shape: Shape) -> dict[str, pa.Table]:
    """What the annotators of template t said: `segment` and `answer`, with annotators as numbers of the team.

    Annotators with a number over 30 cut 0.1 to 0.3 s late; those under 3 guess one label in three.
    """
    n = shape.objects
    said = segments(n, ANNOTATORS, WIDTH, seed=100 + t)
    rng = np.random.default_rng(200 + t)
    first = rng.integers(0, OF_TEAM, n)
    stride = rng.choice([3, 7, 9, 11, 13, 17], n)
    slot = (first[:, None] + np.arange(ANNOTATORS) * stride[:, None]) % OF_TEAM
    late = np.where(slot > 30, (slot - 30) * 0.03, 0.0)[:, :, None]
    start = np.round(np.clip(said.start + late, 0, DURATION_S), 3)
    end = np.round(np.clip(said.end + late, start + 0.001, DURATION_S), 3)
    guess = (slot[:, :, None] < 3) & (rng.random(said.label.shape) < 1 / 3)
    label = np.where(guess, rng.integers(0, len(LABELS), said.label.shape), said.label)
    answer = np.repeat(np.arange(n * ANNOTATORS), WIDTH)
    spent = rng.lognormal(4.0 + slot.ravel() / 100, 0.5)
    good = (end > start).ravel()
    return {
        "segment": pa.table(
            {"object": answer // ANNOTATORS, "slot": slot.ravel()[answer],
             "segment_no": np.tile(np.arange(WIDTH), n * ANNOTATORS),
             "label": pa.array(LABELS).take(pa.array(label.ravel())), "start_s": start.ravel(), "end_s": end.ravel()}
        ).filter(pa.array(good)),
        "answer": pa.table(
            {"object": np.repeat(np.arange(n), ANNOTATORS), "slot": slot.ravel(), "spent": np.round(spent, 1),
             "second": rng.integers(0, DAYS * 86_400, n * ANNOTATORS)}
        ),
    }  # fmt: skip


COMMON = """job_name, object_id, asset_id, worker_id, epoch_ms(submitted_at) AS revision,"""
ANSWER = """
    SELECT '{job}' AS job_name, CAST(object AS VARCHAR) AS object_id, '{job}-' || object AS asset_id,
      '{team}' || printf('%04x', slot) AS worker_id, object, slot, spent,
      TIMESTAMPTZ '2026-01-05 00:00:00+00' + to_days({day}) + to_seconds(second) AS submitted_at
    FROM answer
"""
LANDED = "'bench' AS landing_id, TIMESTAMPTZ '2026-12-01 00:00:00+00' AS landed_at"
STATEMENTS = {
    "silver.annotation": f"""SELECT {COMMON} 'audio_segmentation' AS task_type,
        submitted_at - to_seconds(spent) AS accepted_at, submitted_at, spent AS time_spent_s, {WIDTH} AS n_segments,
        NULL AS transcript, '{{}}' AS answer, {LANDED} FROM said""",
    "silver.assignment": f"""SELECT {COMMON} 'answered' AS outcome, submitted_at - to_seconds(spent) AS accepted_at,
        submitted_at, spent AS time_spent_s, {LANDED} FROM said""",
    "silver.segment": f"""SELECT {COMMON} '{LAYER}' AS layer, segment_no, label, start_s, end_s, NULL AS text,
        NULL AS attributes, {LANDED} FROM segment JOIN said USING (object, slot) ORDER BY object, slot, segment_no""",
    "silver.asset": f"""SELECT DISTINCT ON (object) asset_id, 's3://media/' || asset_id || '.wav' AS uri,
        asset_id || '.wav' AS name, 'audio' AS media_type, {DURATION_S} AS duration_s, 'wav' AS container,
        'pcm_s16le' AS audio_codec, 16000 AS sample_rate_hz, 1 AS channels, 960000 AS bytes, asset_id AS content_hash,
        {LANDED} FROM said""",
    "silver.job": f"""SELECT '{{job}}' AS job_name, 'batch-' || ({{k}} // 4) AS batch_id, 1 + {{k}} % 4 AS level,
        'audio_segmentation' AS task_type, 'segments' AS label_attribute, '{{labels}}' AS labels,
        {ANNOTATORS} AS workers_per_object, 'Completed' AS status, {{objects}} AS n_objects, {{objects}} AS n_labeled,
        0 AS n_failed, 's3://in' AS input_uri, 's3://out' AS output_uri,
        TIMESTAMPTZ '2026-01-05 00:00:00+00' + to_days({{day}}) AS created_at,
        TIMESTAMPTZ '2026-01-05 00:00:00+00' + to_days({{day}} + {DAYS}) AS modified_at, {LANDED}""",
}


def _silver(folder: Path, shape: Shape) -> None:
    from annolake.lake.catalog import conform, open_lake
    from transforms.schemas import TABLES

    said = [drawn(t, shape) for t in range(shape.templates)]
    labels = f'{{"{LAYER}": {list(LABELS)}}}'.replace("'", '"')
    with open_lake(settings(folder)) as lake, duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for jobs in slices(range(shape.jobs)):
            if _done(folder, f"silver-{jobs[0]}"):
                continue
            rows: dict[str, list[pa.Table]] = {name: [] for name in STATEMENTS}
            for k in jobs:
                for name, table in said[k % shape.templates].items():
                    connection.register(name, table)
                given = {"job": job_name(k), "team": team(k), "day": k, "k": k, "objects": shape.objects,
                         "labels": labels}  # fmt: skip
                connection.execute("CREATE OR REPLACE TEMP TABLE said AS " + ANSWER.format(**given))
                for name, statement in STATEMENTS.items():
                    made = connection.sql(statement.format(**given) if name == "silver.job" else statement)
                    rows[name].append(conform(made.to_arrow_table(), TABLES[name].arrow))
            for name, parts in rows.items():
                lake.table(name).append(pa.concat_tables(parts))
            _mark(folder, f"silver-{jobs[0]}")


# -- measures ---------------------------------------------------------------------------------------------------------


def _measures(folder: Path, shape: Shape) -> None:
    from annolake.lake.models import build_model, model_order

    for t in range(shape.templates):
        if not _done(folder, f"measures-{t}"):
            for name in (n for n in model_order() if not n.startswith("gold.")):
                build_model(settings(folder), name, [job_name(t)])
            _mark(folder, f"measures-{t}")


def _copies(folder: Path, shape: Shape) -> None:
    """The measures of a template, for the jobs that say the same under other names."""
    from annolake.lake.catalog import conform, open_lake
    from transforms.schemas import TABLES

    names = [n for n in TABLES if n.startswith("measure.")]
    with open_lake(settings(folder)) as lake, duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for t in range(shape.templates):
            if _done(folder, f"copies-{t}"):
                continue
            others = range(t + shape.templates, shape.jobs, shape.templates)
            for name in names if others else []:
                rows = lake.scan(name, jobs=[job_name(t)])
                if not rows.num_rows:
                    continue
                connection.register("template", rows)
                for few in slices(others):
                    renamed = (connection.sql(_renamed(TABLES[name], t, k)).to_arrow_table() for k in few)
                    made = [conform(table, rows.schema) for table in renamed]
                    lake.table(name).append(pa.concat_tables(made))
            _mark(folder, f"copies-{t}")


def _renamed(table: Any, t: int, k: int) -> str:
    """The statement that says of job k what `template` says of job t."""
    columns = []
    for field in table.arrow:
        if field.name == "job_name":
            columns.append(f"'{job_name(k)}' AS job_name")
        elif field.name in ("worker_id", "worker_a", "worker_b", "dissenters", "workers"):
            columns.append(f"replace(\"{field.name}\", '{team(t)}', '{team(k)}') AS \"{field.name}\"")
        elif pa.types.is_timestamp(field.type):
            columns.append(f'"{field.name}" + to_days({k - t}) AS "{field.name}"')
        else:
            columns.append(f'"{field.name}"')
    return f"SELECT {', '.join(columns)} FROM template"


# -- gold -------------------------------------------------------------------------------------------------------------


def _gold(folder: Path, shape: Shape) -> None:
    from annolake.lake.models import build_model
    from annolake.lake.sqlmodels import models

    for jobs in slices(range(shape.jobs)):
        for name in models("gold"):
            if not _done(folder, f"{name}-{jobs[0]}"):
                build_model(settings(folder), name, map(job_name, jobs))
                _mark(folder, f"{name}-{jobs[0]}")


def _release(folder: Path, shape: Shape) -> None:
    from annolake.lake.release import publish

    publish(settings(folder), map(job_name, range(shape.jobs)))


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.lake", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--objects", type=int, default=Shape.objects)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    make(given.folder, Shape(given.jobs, given.objects))


if __name__ == "__main__":
    main()
