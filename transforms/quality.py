"""What is disputed, and annotators against gold items, from silver and from the skills that were estimated."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms import disputes, gold, measures, parts
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
OF_GOLD = (*measures.INPUTS, BATCH_ITEM, GOLD_ITEM)
"""What each of the two reads; `INPUTS` is what both need."""
INPUTS = (*OF_DISPUTES, *OF_GOLD)
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


def gold_items(silver: Tables) -> dict[str, pa.Table]:
    """`measure.gold_item`, `measure.worker_gold` and the confusion with the truth, of every object with a truth.

    The planted ones are among them.
    """
    known = truths(silver)
    annotators, said = measures.annotators_of(silver), measures.views_of(silver, measures.known_of(silver))[1]
    items, rows, apart = gold.score_segments(silver[SEGMENT.name].select(SEGMENTS.names), annotators, known)
    every, confused = [items], [rows]
    for one in said:
        scored, mixed = gold.score_labels(one, known)
        every.append(scored)
        confused.append(mixed)
    whole = pa.concat_tables(every)
    return _sorted(
        {
            MEASURE_GOLD_ITEM: [whole],
            MEASURE_WORKER_GOLD: [gold.worker_scores(whole, apart)],
            MEASURE_WORKER_CONFUSION: [parts.with_part(rows, measures.OF_JOB) for rows in confused],
        }
    )


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
    return disputed(silver) | gold_items(silver)
