"""Boxes and tracks from silver to their tables of sums, for some jobs at once.

Annotators of an object are those of `transforms.measures`: whoever's answer was accepted, also when nothing was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from transforms import job_sample, measures, parts
from transforms.agreement import box_tracks, boxes
from transforms.agreement.chance import floors_of_boxes
from transforms.box_disputes import disputes_of_boxes
from transforms.boxes import ANNOTATORS, BOXES, Boxes
from transforms.boxes import boxes as coded
from transforms.consensus.boxes import fuse
from transforms.dispute_candidates import with_assets
from transforms.schemas import (
    ANNOTATION,
    ASSET_TABLE,
    ASSIGNMENT,
    BOX,
    MEASURE_BOX_CHANCE,
    MEASURE_BOX_DISPUTE,
    MEASURE_BOX_ITEM,
    MEASURE_BOX_PAIR,
    MEASURE_CONSENSUS_BOX,
    MEASURE_SAMPLE_BOX,
    MEASURE_TRACK_ITEM,
    require,
)  # fmt: skip
from transforms.tracks import LAYERS

INPUTS = (BOX, ANNOTATION, ASSIGNMENT, ASSET_TABLE)
ITEMS = (
    MEASURE_BOX_ITEM, MEASURE_BOX_PAIR, MEASURE_TRACK_ITEM, MEASURE_CONSENSUS_BOX, MEASURE_BOX_DISPUTE,
    MEASURE_SAMPLE_BOX,
)  # fmt: skip
OUTPUTS = (*ITEMS, MEASURE_BOX_CHANCE)


def build(inputs: measures.Silver, jobs: Sequence[str] | None = None) -> dict[str, pa.Table]:
    """The tables of `OUTPUTS` for these jobs (all where None); without boxes they have no rows."""
    silver = {table.name: measures.rows_of(inputs[table.name], jobs) for table in INPUTS}
    nowhere, answered = LAYERS.empty_table(), silver[ANNOTATION.name]["job_name"].unique()
    known = measures.Known(nowhere, nowhere, answered)
    made = [
        {name: parts.with_part(rows, part) for name, rows in items(some, known).items()}
        for part, some in parts.split(silver)
    ]
    return parts.joined([*made, {table.name: table.empty() for table in ITEMS}]) | estimates(silver)


def items(silver: measures.Silver, known: measures.Known | None = None) -> dict[str, pa.Table]:
    """The tables of `ITEMS` of the objects whose rows are given."""
    found = _boxes(silver, known)
    if found is None:
        return {table.name: table.empty() for table in ITEMS}
    fused = fuse(found)
    disputed = with_assets(disputes_of_boxes(fused, measures.annotators_of(silver, known)), silver[ANNOTATION.name])
    sample = job_sample.sample_of(silver, known.every if known else {})[MEASURE_SAMPLE_BOX.name]
    made = boxes.score(found), boxes.score_two(found), box_tracks.score(found), fused, disputed, sample
    return {
        table.name: rows.sort_by([(name, "ascending") for name in table.key])
        for table, rows in zip(ITEMS, made, strict=True)
    }


def estimates(silver: measures.Silver) -> dict[str, pa.Table]:
    """The chance floors, which need whole jobs, or samples of them."""
    found = _boxes(job_sample.joined(silver))
    rows = floors_of_boxes(found) if found else MEASURE_BOX_CHANCE.empty()
    return {MEASURE_BOX_CHANCE.name: rows.sort_by([(name, "ascending") for name in MEASURE_BOX_CHANCE.key])}


def _boxes(silver: measures.Silver, known: measures.Known | None = None) -> Boxes | None:
    drawn = require(silver[BOX.name].select(BOXES.names), BOXES)
    if not drawn.num_rows:
        return None
    return coded(drawn, measures.annotators_of(silver, known).select(ANNOTATORS.names))
