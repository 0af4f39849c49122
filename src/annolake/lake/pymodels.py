"""The Python models: sums of objects, part by part, and estimates that need all answers of a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from annolake.config import Settings
from transforms import box_measures, disputes, measures, quality, rework, worker_gold
from transforms.boxes import BOXES as BOXES_READ
from transforms.schemas import (
    BATCH_ITEM,
    GOLD_ITEM,
    MEASURE_BOX_CHANCE,
    MEASURE_DISPUTE,
    MEASURE_GOLD_ITEM,
    MEASURE_LABEL_USE,
    MEASURE_REWORK,
    MEASURE_WORKER_CONFUSION,
    MEASURE_WORKER_GOLD,
    MEASURE_WORKER_ITEM,
)
from transforms.standing import COMPARED
from transforms.tracks import SEGMENTS

Rows = Mapping[str, pa.Table]

MEASURE = "measure"
ESTIMATE = "estimate"
DISPUTES = "disputes"
GOLD_ITEMS = "gold_items"
BOXES = "boxes"
REWORK = "rework"


@dataclass(frozen=True)
class PythonModel:
    """A model that needs more than SQL: Arrow tables of whole jobs in, tables of its namespace out."""

    build: Callable[[Rows, Sequence[str], Settings], Rows]
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    with_earlier: bool = False
    """Whether it also reads the jobs of earlier levels of the same batches."""


@dataclass(frozen=True)
class EstimateModel:
    """The same for figures of annotators: in large jobs from a sample of the objects (see `transforms.job_sample`)."""

    build: Callable[[Rows, measures.Known, Settings], Rows]
    reads: tuple[str, ...]
    makes: tuple[str, ...]


@dataclass(frozen=True)
class PartModel:
    """The same for objects that are measured apart from each other: one part of jobs at a time."""

    build: Callable[[Rows, measures.Known, Settings], Rows]
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    after: tuple[str, ...] = ()
    """Models by part that tell what must be known of the whole job."""


def _measure(inputs: Rows, known: measures.Known, settings: Settings) -> Rows:
    """Agreement sums, of what was said about objects that are not planted; and objects against their truth."""
    made = measures.items(quality.without_planted(inputs), known, settings.boundary_windows)
    return {**made, **quality.gold_items(inputs, known)}


def _boxes(inputs: Rows, known: measures.Known, _: Settings) -> Rows:
    """Agreement sums and fusion of boxes and tracks."""
    return box_measures.items(quality.without_planted(inputs), known)


def _estimate(inputs: Rows, known: measures.Known, settings: Settings) -> Rows:
    """Figures of annotators, chance floors and labels of objects, from all answers of a job or its sample."""
    plain = quality.without_planted(inputs)
    found = measures.estimates(plain, known, settings.boundary_windows, settings.scales)
    return {**found, **box_measures.estimates(plain)}


def _disputes(inputs: Rows, _: Sequence[str], __: Settings) -> Rows:
    """What an expert should look at first, by the skills of those who differ."""
    return quality.disputed(inputs)


def _gold_items(inputs: Rows, _: Sequence[str], __: Settings) -> Rows:
    """Annotators against gold items."""
    return quality.scored(inputs)


def _rework(inputs: Rows, jobs: Sequence[str], _: Settings) -> Rows:
    """What these jobs changed in the answers of earlier levels."""
    return {MEASURE_REWORK.name: rework.build(inputs, jobs)}


SILVER = tuple(t.name for t in (*measures.INPUTS, BATCH_ITEM))
BOX_SILVER = tuple(t.name for t in (*box_measures.INPUTS, BATCH_ITEM))
PYTHON: dict[str, PythonModel | EstimateModel | PartModel] = {
    MEASURE: PartModel(
        _measure,
        (*SILVER, GOLD_ITEM.name),
        tuple(t.name for t in (*measures.ITEMS, MEASURE_GOLD_ITEM)),
        after=(MEASURE_LABEL_USE.name,),
    ),
    BOXES: PartModel(_boxes, BOX_SILVER, tuple(t.name for t in box_measures.ITEMS)),
    ESTIMATE: EstimateModel(
        _estimate,
        tuple(dict.fromkeys((*SILVER, *BOX_SILVER, MEASURE_WORKER_ITEM.name))),
        tuple(t.name for t in (*measures.ESTIMATES, MEASURE_BOX_CHANCE)),
    ),
    DISPUTES: PythonModel(_disputes, tuple(t.name for t in quality.OF_DISPUTES), (MEASURE_DISPUTE.name,)),
    GOLD_ITEMS: PythonModel(
        _gold_items, (MEASURE_GOLD_ITEM.name,), (MEASURE_WORKER_GOLD.name, MEASURE_WORKER_CONFUSION.name)
    ),
    REWORK: PythonModel(_rework, tuple(t.name for t in rework.INPUTS), (MEASURE_REWORK.name,), with_earlier=True),
}

MAKERS = {
    table: tuple(name for name, one in PYTHON.items() if table in one.makes)
    for model in PYTHON.values()
    for table in model.makes
}
"""Table -> the Python models that make it: two where one has its rows of parts, and another those of whole jobs."""


READ_BY_PYTHON = frozenset(
    {*SEGMENTS.names, *BOXES_READ.names, *disputes.READ, *worker_gold.READ, *COMPARED, "asset_id", "text", "transcript"}
    | {"submitted_at", "outcome", "duration_s", "task_type", "labels", "is_gold", "segments"}
    | {"batch_id", "level", "skill_onecoin", "n_labels", "segment_no", "box_no"}
)
"""The columns that Python models read, of all tables: raw answers alone would fill the memory."""
