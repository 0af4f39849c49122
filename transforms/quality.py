"""Quality of annotators from silver: skill, spam, standing, drift, gold items and disputes, of whole jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import disputes, gold, measures, parts
from transforms.answers import Answers
from transforms.ballots import Skills, skills_of_answers, skills_of_tracks
from transforms.box_disputes import disputes_of_boxes
from transforms.disputes import dispute_rows
from transforms.encode import Ints, distinct
from transforms.offsets import cells
from transforms.schemas import (
    ANNOTATION,
    ASSIGNMENT,
    BATCH_ITEM,
    BOX,
    CLASSIFICATION,
    GOLD_ITEM,
    JOB_TABLE,
    MEASURE_CONSENSUS_BOX,
    MEASURE_DISPUTE,
    MEASURE_GOLD_ITEM,
    MEASURE_WORKER_CONFUSION,
    MEASURE_WORKER_GOLD,
    MEASURE_WORKER_ITEM,
    MEASURE_WORKER_SKILL,
    SEGMENT,
)  # fmt: skip
from transforms.standing import STANDING, SUBMITTED, standings
from transforms.tracks import SEGMENTS, Tracks
from transforms.workers import answer_cells

OUTPUTS = (
    MEASURE_WORKER_SKILL, MEASURE_GOLD_ITEM, MEASURE_WORKER_GOLD, MEASURE_WORKER_CONFUSION, MEASURE_DISPUTE,
)  # fmt: skip
INPUTS = (*measures.INPUTS, GOLD_ITEM, BATCH_ITEM, MEASURE_WORKER_ITEM, MEASURE_CONSENSUS_BOX)
OF_JOBS = (SEGMENT.name, CLASSIFICATION.name, ASSIGNMENT.name, ANNOTATION.name, BOX.name)

Tables = Mapping[str, pa.Table]


def planted(silver: Tables) -> pa.Table:
    """(job_name, asset_id) of the objects that were mixed in as gold items."""
    items = silver[BATCH_ITEM.name]
    return items.filter(pc.equal(items["is_gold"], pa.scalar(True))).select(["job_name", "asset_id"])


def without_planted(silver: Tables) -> Tables:
    """The tables without what was said about planted objects, for everything that measures agreement."""
    hidden = planted(silver)
    if not hidden.num_rows:
        return silver
    return dict(silver) | {name: _without(silver[name], hidden) for name in OF_JOBS if name in silver}


def _without(table: pa.Table, hidden: pa.Table) -> pa.Table:
    marks = set(zip(hidden["job_name"].to_pylist(), hidden["asset_id"].to_pylist(), strict=True))
    pairs = zip(table["job_name"].to_pylist(), table["asset_id"].to_pylist(), strict=True)
    return table.filter(pa.array([pair not in marks for pair in pairs], pa.bool_()))


def truths(silver: Tables) -> pa.Table:
    """What is known of the objects of these jobs (`gold.TRUTHS`): of layers that the job asks about."""
    known: dict[str, list[dict[str, Any]]] = {}
    for row in silver[GOLD_ITEM.name].select(["asset_id", "layer", "label", "segments"]).to_pylist():
        known.setdefault(row["asset_id"], []).append(row)
    if not known:
        return gold.TRUTHS.empty_table()
    answered = silver[ANNOTATION.name].select(["job_name", "object_id", "asset_id"])
    answered = answered.filter(pc.is_in(answered["asset_id"], pa.array(list(known), pa.string())))
    marks = planted(silver)
    hidden = set(zip(marks["job_name"].to_pylist(), marks["asset_id"].to_pylist(), strict=True))
    asked = _asked(silver)
    rows = {}
    for one in answered.group_by(answered.column_names).aggregate([]).to_pylist():
        for truth in known[one["asset_id"]]:
            if (one["job_name"], truth["layer"]) in asked:
                rows[one["job_name"], one["object_id"], truth["layer"]] = {
                    "job_name": one["job_name"],
                    "object_id": one["object_id"],
                    "layer": truth["layer"],
                    "label": truth["label"],
                    "segments": truth["segments"],
                    "is_planted": (one["job_name"], one["asset_id"]) in hidden,
                }
    return pa.Table.from_pylist(list(rows.values()), gold.TRUTHS)


def _asked(silver: Tables) -> set[tuple[str, str]]:
    """Job and layer: those that the job offers labels for, or that anyone answered."""
    asked = set()
    for row in silver[JOB_TABLE.name].select(["job_name", "labels"]).to_pylist():
        asked |= {(row["job_name"], layer) for layer in json.loads(row["labels"] or "{}")}
    for name in (SEGMENT.name, CLASSIFICATION.name):
        pairs = silver[name].select(["job_name", "layer"]).group_by(["job_name", "layer"]).aggregate([])
        asked |= {(row["job_name"], row["layer"]) for row in pairs.to_pylist()}
    return asked


def gold_tables(silver: Tables, annotators: pa.Table, said: tuple[Answers, ...]) -> dict[str, list[pa.Table]]:
    """Rows of `measure.gold_item`, `measure.worker_gold` and the confusion with the truth.

    `annotators` and `said` hold every object, the planted ones too.
    """
    known = truths(silver)
    items, rows, apart = gold.score_segments(silver[SEGMENT.name].select(SEGMENTS.names), annotators, known)
    every, confused = [items], [rows]
    for one in said:
        scored, mixed = gold.score_labels(one, known)
        every.append(scored)
        confused.append(mixed)
    whole = pa.concat_tables(every)
    return {
        MEASURE_GOLD_ITEM.name: [whole],
        MEASURE_WORKER_GOLD.name: [gold.worker_scores(whole, apart)],
        MEASURE_WORKER_CONFUSION.name: [parts.with_part(rows, measures.OF_JOB) for rows in confused],
    }


def quality_tables(
    drawn: Tracks, said: tuple[Answers, ...], worker_items: pa.Table, annotations: pa.Table
) -> dict[str, list[pa.Table]]:
    """Rows of `measure.worker_skill` and `measure.dispute`."""
    standing = standings(worker_items, annotations.select(SUBMITTED.names))
    fits: list[tuple[Tracks | Answers, Skills, Ints]] = [(drawn, skills_of_tracks(drawn), cells(drawn))]
    fits += [(one, skills_of_answers(one), answer_cells(one)) for one in said]
    rows = disputes.disputes_of_tracks(drawn, fits[0][1].of(fits[0][2]), fits[0][1].n_labels[_layers(drawn)])
    for one, (_, fit, cell) in zip(said, fits[1:], strict=True):
        rows += disputes.disputes_of_answers(one, fit.of(cell), fit.n_labels[_layers(one)])
    return {
        MEASURE_WORKER_SKILL.name: [_skill_rows(found, fit, cell, standing) for found, fit, cell in fits],
        MEASURE_DISPUTE.name: [dispute_rows(rows)],
    }


def _layers(found: Tracks | Answers) -> Ints:
    return np.asarray(found.item_job * max(1, len(found.layers)) + found.item_layer, dtype=np.int64)


def _skill_rows(
    found: Tracks | Answers, fit: Skills, cell: Ints, standing: Mapping[tuple[str, str, str], Mapping[str, Any]]
) -> pa.Table:
    """One row a worker of a layer, whether anything can be said or not."""
    n_workers, n_layers = max(1, len(found.workers)), max(1, len(found.layers))
    figures = {int(c): k for k, c in enumerate(fit.cell)}
    nothing = dict.fromkeys(STANDING) | {"n_residual": 0}
    rows = []
    for one in distinct(cell):
        job, layer = found.jobs[one // n_workers // n_layers], found.layers[one // n_workers % n_layers]
        worker = found.workers[one % n_workers]
        at = figures.get(int(one))
        values = [fit.skill, fit.lo, fit.hi, fit.spam]
        given = [None if at is None or np.isnan(v[at]) else float(v[at]) for v in values]
        rows.append(
            {"job_name": job, "layer": layer, "worker_id": worker}
            | dict(zip(("skill_onecoin", "skill_lo", "skill_hi", "spam_prob"), given, strict=True))
            | nothing
            | dict(standing.get((job, layer, worker), {}))
        )
    return pa.Table.from_pylist(rows, MEASURE_WORKER_SKILL.arrow)


def build(inputs: Tables, jobs: Sequence[str] | None = None) -> dict[str, pa.Table]:
    """The tables of `OUTPUTS` for these jobs (all where None); `inputs` are the current rows of `INPUTS`."""
    silver = {table.name: measures.rows_of(inputs[table.name], jobs) for table in INPUTS}
    known, everyone = measures.known_of(silver), measures.annotators_of(silver)
    plain = without_planted(silver)
    drawn, said = measures.views_of(plain, known)
    every = said if plain is silver else measures.views_of(silver, known)[1]
    made: dict[str, list[pa.Table]] = {table.name: [] for table in OUTPUTS}
    for part in (
        quality_tables(drawn, said, silver[MEASURE_WORKER_ITEM.name], silver[ANNOTATION.name]),
        {MEASURE_DISPUTE.name: [dispute_rows(disputes_of_boxes(silver[MEASURE_CONSENSUS_BOX.name], everyone))]},
        gold_tables(silver, everyone, every),
    ):
        for name, rows in part.items():
            made[name] += rows
    return {
        table.name: pa.concat_tables(made[table.name]).sort_by([(name, "ascending") for name in table.key])
        for table in OUTPUTS
    }
