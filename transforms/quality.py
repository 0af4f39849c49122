"""What is disputed, and annotators against gold items, from silver and from the skills that were estimated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms import disputes, gold, measures, parts, worker_gold
from transforms.box_disputes import first_of_jobs
from transforms.schemas import (
    ANNOTATION,
    ASSIGNMENT,
    BATCH_ITEM,
    BOX,
    CLASSIFICATION,
    GOLD_ITEM,
    JOB_TABLE,
    MEASURE_BOX_DISPUTE,
    MEASURE_DISPUTE,
    MEASURE_DISPUTE_CANDIDATE,
    MEASURE_GOLD_ITEM,
    MEASURE_WORKER_CONFUSION,
    MEASURE_WORKER_GOLD,
    MEASURE_WORKER_SKILL,
    SEGMENT,
    Table,
)  # fmt: skip
from transforms.tracks import SEGMENTS

OUTPUTS = (MEASURE_GOLD_ITEM, MEASURE_WORKER_GOLD, MEASURE_WORKER_CONFUSION, MEASURE_DISPUTE)
OF_DISPUTES = (MEASURE_DISPUTE_CANDIDATE, MEASURE_BOX_DISPUTE, MEASURE_WORKER_SKILL)
INPUTS = (*measures.INPUTS, BATCH_ITEM, GOLD_ITEM, *OF_DISPUTES)
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


def truths(silver: Tables, known: measures.Known) -> pa.Table:
    """What is known of the objects of these jobs (`gold.TRUTHS`): of layers that the job asks about."""
    of_asset: dict[str, list[dict[str, Any]]] = {}
    for row in silver[GOLD_ITEM.name].select(["asset_id", "layer", "label", "segments"]).to_pylist():
        of_asset.setdefault(row["asset_id"], []).append(row)
    if not of_asset:
        return gold.TRUTHS.empty_table()
    answered = silver[ANNOTATION.name].select(["job_name", "object_id", "asset_id"])
    answered = answered.filter(pc.is_in(answered["asset_id"], pa.array(list(of_asset), pa.string())))
    marks = planted(silver)
    hidden = set(zip(marks["job_name"].to_pylist(), marks["asset_id"].to_pylist(), strict=True))
    asked = _asked(silver, known)
    rows = {}
    for one in answered.group_by(answered.column_names).aggregate([]).to_pylist():
        for truth in of_asset[one["asset_id"]]:
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


def _asked(silver: Tables, known: measures.Known) -> set[tuple[str, str]]:
    """Job and layer: those that the job offers labels for, or that anyone answered."""
    asked = set()
    for row in silver[JOB_TABLE.name].select(["job_name", "labels"]).to_pylist():
        asked |= {(row["job_name"], layer) for layer in json.loads(row["labels"] or "{}")}
    for layers in (known.drawn, known.said):
        asked |= {(row["job_name"], row["layer"]) for row in layers.to_pylist()}
    return asked


def gold_items(silver: Tables, known: measures.Known) -> dict[str, pa.Table]:
    """`measure.gold_item` of the objects in `silver` with a truth, the planted ones among them."""
    known_truths = truths(silver, known)
    if not known_truths.num_rows:
        return {MEASURE_GOLD_ITEM.name: MEASURE_GOLD_ITEM.empty()}
    objects = {(row["job_name"], row["object_id"]) for row in known_truths.to_pylist()}
    of_jobs = {name: silver[name] for name in OF_JOBS if name in silver}
    here = dict(silver) | {name: gold.of_objects(table, objects) for name, table in of_jobs.items()}
    annotators, (_, said) = measures.annotators_of(here, known), measures.views_of(here, known)
    rows = [gold.score_segments(here[SEGMENT.name].select(SEGMENTS.names), annotators, known_truths)]
    return _sorted({MEASURE_GOLD_ITEM: [*rows, *(gold.score_labels(one, known_truths) for one in said)]})


def scored(measured: Tables) -> dict[str, pa.Table]:
    """`measure.worker_gold` and the confusion with the truth, from the gold items of whole jobs."""
    items = measured[MEASURE_GOLD_ITEM.name]
    confused = parts.with_part(worker_gold.confusion(items), measures.OF_JOB)
    return _sorted({MEASURE_WORKER_GOLD: [worker_gold.worker_scores(items)], MEASURE_WORKER_CONFUSION: [confused]})


def disputed(measured: Tables) -> dict[str, pa.Table]:
    """`measure.dispute`: the first of what the parts keep, by the skills of `measure.worker_skill`."""
    rows = disputes.disputes(measured[MEASURE_DISPUTE_CANDIDATE.name], measured[MEASURE_WORKER_SKILL.name])
    return _sorted({MEASURE_DISPUTE: [rows, first_of_jobs(measured[MEASURE_BOX_DISPUTE.name])]})


def _sorted(made: Mapping[Table, list[pa.Table]]) -> dict[str, pa.Table]:
    return {
        table.name: pa.concat_tables(rows).sort_by([(name, "ascending") for name in table.key])
        for table, rows in made.items()
    }


def build(inputs: Tables, jobs: Sequence[str] | None = None) -> dict[str, pa.Table]:
    """The tables of `OUTPUTS` for these jobs (all where None); `inputs` are the current rows of `INPUTS`."""
    silver = {table.name: measures.rows_of(inputs[table.name], jobs) for table in INPUTS}
    made = gold_items(silver, measures.known_of(silver))
    return disputed(silver) | made | scored(made)
