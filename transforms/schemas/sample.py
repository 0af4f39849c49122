"""Measure: the rows of a sample of the objects of large jobs, from which annotators are estimated.

Jobs of few objects have none: their estimates read silver. Gold items are not among them.
"""

from __future__ import annotations

from transforms.schemas.base import ASSET, JOB, OBJECT, PART, REAL, TEXT, TIME, WORKER, Column, table
from transforms.schemas.measure import MEASURE_WORKER_ITEM
from transforms.schemas.silver import BOX, SEGMENT


def _of(columns: tuple[Column, ...], names: str) -> list[Column]:
    """These columns of another table, as they stand there."""
    by_name = {column.name: column for column in columns}
    return [by_name[name] for name in names.split()]


MEASURE_SAMPLE_ANNOTATION = table(
    "measure.sample_annotation",
    "one worker's answer on one object of the sample of a large job",
    "job_name object_id worker_id",
    JOB,
    OBJECT,
    ASSET,
    WORKER,
    Column("submitted_at", TIME, "when the answer came"),
    Column("transcript", TEXT, "full-content text; NULL where none was given", True),
    Column("duration_s", REAL, "length of the media; NULL where it is not known", True),
    PART,
)
MEASURE_SAMPLE_SEGMENT = table(
    "measure.sample_segment",
    "one labeled stretch of one worker's answer on an object of the sample",
    "job_name object_id worker_id layer segment_no",
    *_of(SEGMENT.columns, "job_name object_id worker_id layer segment_no label start_s end_s text"),
    PART,
)
MEASURE_SAMPLE_BOX = table(
    "measure.sample_box",
    "one box that one worker drew on an object of the sample",
    "job_name object_id worker_id layer frame_no box_no",
    *_of(BOX.columns, "job_name object_id worker_id layer frame_no box_no track_id label"),
    *_of(BOX.columns, "left_px top_px width_px height_px"),
    PART,
)
MEASURE_SAMPLE_WORKER_ITEM = table(
    "measure.sample_worker_item",
    "one worker against the others on one object of the sample in one layer",
    "job_name object_id layer worker_id",
    *_of(MEASURE_WORKER_ITEM.columns, "job_name object_id layer worker_id n_others mass agree"),
    PART,
)
