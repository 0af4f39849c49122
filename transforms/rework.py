"""Rework: how much of each worker's answers a later level of the batch changed.

Where a job of a later level labels a file anew in the same layer (an audit, an adjustment, an expert), its answer is
held against that of every worker of an earlier level as if it were the truth (`transforms.gold`): an answer is changed
where time or label differs, and the part that differs is its extent. Of several answers of the later job on one file
the one submitted last counts. A verification (accept or reject) asks another question and changes nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import gold, measures
from transforms.encode import codes, counted, reals, summed, tabulate
from transforms.proportions import jeffreys
from transforms.schemas import (
    ANNOTATION,
    ASSET_TABLE,
    ASSIGNMENT,
    CLASSIFICATION,
    JOB_TABLE,
    MEASURE_REWORK,
    SEGMENT,
)  # fmt: skip
from transforms.tracks import JOINT, SEGMENTS

INPUTS = (SEGMENT, CLASSIFICATION, ASSIGNMENT, ANNOTATION, ASSET_TABLE, JOB_TABLE)
SAME_S = 0.01
"""Seconds that may differ in an answer that counts as unchanged: a boundary nudged by a pixel is no correction."""

Tables = Mapping[str, pa.Table]
Level = tuple[str, int, str]  # batch, level, job


def levels(jobs: pa.Table) -> list[Level]:
    """The jobs that have a batch and a level, from `silver.job` rows."""
    rows = jobs.select(["batch_id", "level", "job_name"]).to_pylist()
    return sorted(
        {(r["batch_id"], r["level"], r["job_name"]) for r in rows if r["batch_id"] and r["level"] is not None}
    )


def earlier_jobs(jobs: pa.Table, wanted: Sequence[str]) -> list[str]:
    """Jobs of the same batches on earlier levels than any of the wanted ones."""
    known = levels(jobs)
    highest = {b: max(n for batch, n, job in known if batch == b and job in wanted) for b, _, j in known if j in wanted}
    return sorted({job for batch, level, job in known if level < highest.get(batch, level)})


def build(inputs: Tables, jobs: Sequence[str]) -> pa.Table:
    """`measure.rework` rows of the jobs that went over others' answers; `inputs` hold the earlier jobs' rows too."""
    known, rows = levels(inputs[JOB_TABLE.name]), [MEASURE_REWORK.empty()]
    for batch, level, job in known:
        before = [name for b, n, name in known if b == batch and n < level]
        if job in jobs and before:
            later = {table.name: measures.rows_of(inputs[table.name], [job]) for table in INPUTS}
            first = {table.name: measures.rows_of(inputs[table.name], before) for table in INPUTS}
            rows.append(_of_job(job, later, first))
    return pa.concat_tables(rows)


def _of_job(job: str, later: Tables, first: Tables) -> pa.Table:
    truths = _verdicts(later, first)
    if not truths.num_rows:
        return MEASURE_REWORK.empty()
    annotators = measures.annotators_of(first)
    drawn = gold.score_segments(first[SEGMENT.name].select(SEGMENTS.names), annotators, truths)
    said = [gold.score_labels(one, truths) for one in measures.views_of(first, measures.known_of(first))[1]]
    items = pa.concat_tables([drawn, *said])
    if not items.num_rows:
        return MEASURE_REWORK.empty()
    (names, name), (layers, layer), (workers, worker) = (codes(items[n]) for n in ("job_name", "layer", "worker_id"))
    key, at = np.unique((name * len(layers) + layer) * len(workers) + worker, return_inverse=True)
    mass, agree, n = reals(items["mass"]), reals(items["agree"]), len(key)
    changed = mass - agree > np.where(items["n_boundaries"].is_valid().to_numpy(), SAME_S, 0.5)
    n_items, n_changed = np.bincount(at, minlength=n), counted(at, changed, n)
    lo, hi = jeffreys(n_changed.astype(np.float64), n_items.astype(np.float64))
    columns: dict[str, Any] = {
        "job_name": [job] * n,
        "reworked_job": [names[k] for k in key // len(workers) // len(layers)],
        "layer": [layers[k] for k in key // len(workers) % len(layers)],
        "worker_id": [workers[k] for k in key % len(workers)],
        "n_items": n_items,
        "n_changed": n_changed,
        "rework": n_changed / n_items,
        "rework_lo": lo,
        "rework_hi": hi,
        "mass": summed(at, mass, n),
        "mass_changed": summed(at, mass - agree, n),
    }
    return tabulate(MEASURE_REWORK, columns)


def _verdicts(later: Tables, first: Tables) -> pa.Table:
    """What the later job said, as the truth (`gold.TRUTHS`) of the earlier objects of the same files."""
    answers = later[ANNOTATION.name].filter(pc.is_valid(later[ANNOTATION.name]["asset_id"])).sort_by("submitted_at")
    last = {row["asset_id"]: (row["object_id"], row["worker_id"]) for row in answers.to_pylist()}
    segments = _by_answer(later[SEGMENT.name], ["layer", "start_s", "end_s", "label"])
    labels = _by_answer(later[CLASSIFICATION.name], ["layer", "label"])
    drawn, said = (_layers(first[table.name]) for table in (SEGMENT, CLASSIFICATION))
    reached = first[ANNOTATION.name].select(["job_name", "object_id", "asset_id"])
    truths = []
    for one in reached.group_by(reached.column_names).aggregate([]).to_pylist():
        answer = last.get(one.pop("asset_id"))
        if answer is None:
            continue
        for layer in drawn.get(one["job_name"], set()) & {row[0] for rows in segments.values() for row in rows}:
            mine = [row[1:] for row in segments.get(answer, []) if row[0] == layer]
            truths.append(one | {"layer": layer, "label": None, "segments": json.dumps(mine), "is_planted": False})
        for layer in said.get(one["job_name"], set()):
            names = sorted(label for k, label in labels.get(answer, []) if k == layer)
            if names:
                truths.append(one | {"layer": layer, "label": JOINT.join(names), "segments": None, "is_planted": False})
    return pa.Table.from_pylist(truths, gold.TRUTHS)


def _by_answer(rows: pa.Table, columns: list[str]) -> dict[tuple[str, str], list[list[Any]]]:
    """Values of the rows of each answer, by object and worker."""
    found: dict[tuple[str, str], list[list[Any]]] = {}
    for row in rows.select(["object_id", "worker_id", *columns]).to_pylist():
        found.setdefault((row["object_id"], row["worker_id"]), []).append([row[name] for name in columns])
    return found


def _layers(rows: pa.Table) -> dict[str, set[str]]:
    """The layers of each job."""
    found: dict[str, set[str]] = {}
    for row in rows.select(["job_name", "layer"]).group_by(["job_name", "layer"]).aggregate([]).to_pylist():
        found.setdefault(row["job_name"], set()).add(row["layer"])
    return found
