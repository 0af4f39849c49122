"""Boxes and tracks from silver to their tables of sums, for some jobs at once.

Annotators of an object are those of `transforms.measures`: whoever's answer was accepted, also when nothing was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from transforms import measures
from transforms.agreement import box_tracks, boxes
from transforms.agreement.chance import floors_of_boxes
from transforms.boxes import ANNOTATORS, BOXES
from transforms.boxes import boxes as coded
from transforms.consensus.boxes import fuse
from transforms.schemas import (
    ANNOTATION,
    ASSET_TABLE,
    ASSIGNMENT,
    BOX,
    MEASURE_BOX_CHANCE,
    MEASURE_BOX_ITEM,
    MEASURE_BOX_PAIR,
    MEASURE_CONSENSUS_BOX,
    MEASURE_TRACK_ITEM,
    require,
)  # fmt: skip

INPUTS = (BOX, ANNOTATION, ASSIGNMENT, ASSET_TABLE)
OUTPUTS = (MEASURE_BOX_ITEM, MEASURE_BOX_PAIR, MEASURE_TRACK_ITEM, MEASURE_CONSENSUS_BOX, MEASURE_BOX_CHANCE)


def build(inputs: Mapping[str, pa.Table], jobs: Sequence[str] | None = None) -> dict[str, pa.Table]:
    """The tables of `OUTPUTS` for these jobs (all where None); without boxes they have no rows."""
    silver = {table.name: measures.rows_of(inputs[table.name], jobs) for table in INPUTS}
    drawn = require(silver[BOX.name].select(BOXES.names), BOXES)
    if not drawn.num_rows:
        return {table.name: table.empty() for table in OUTPUTS}
    found = coded(drawn, measures.annotators_of(silver).select(ANNOTATORS.names))
    made = (
        boxes.score(found), boxes.score_two(found), box_tracks.score(found), fuse(found), floors_of_boxes(found),
    )  # fmt: skip
    return {
        table.name: rows.sort_by([(name, "ascending") for name in table.key])
        for table, rows in zip(OUTPUTS, made, strict=True)
    }
