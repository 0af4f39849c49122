"""Disputes: what annotators disagree about, found part by part, and what an expert should look at first."""

from __future__ import annotations

from transforms.schemas.base import (
    ASSET,
    INT,
    JOB,
    LAYER,
    OBJECT,
    PART,
    REAL,
    REALS,
    TEXT,
    TEXTS,
    Column,
    table,
)

_START = Column("t_start_s", REAL, "where it begins; 0 for a label of the whole object")
_END = Column("t_end_s", REAL, "where it ends; NULL for a label of the whole object", True)
_DISPUTE = (
    JOB,
    OBJECT,
    LAYER,
    ASSET,
    _START,
    _END,
    Column("kind", TEXT, "label, boundary, missing, extra or box"),
    Column("labels", TEXT, "JSON list of the labels in dispute, the most probable first; '' is nothing"),
    Column("workers", TEXT, "JSON object label -> pseudonyms of those who gave it for the longest part of the dispute"),
    Column("n_annotators", INT, "annotators of the object"),
    Column("severity", REAL, "share of disagreeing pairs of annotators, 0 to 1"),
    Column("expected_gain", REAL, "seconds, objects or boxes that are labeled wrong now by expectation"),
)
MEASURE_DISPUTE_CANDIDATE = table(
    "measure.dispute_candidate",
    "one disagreement about segments or a label, of those that may be worth most in a part of a job",
    "job_name layer object_id t_start_s",
    JOB,
    OBJECT,
    LAYER,
    ASSET,
    _START,
    _END,
    Column("label_before", TEXT, "what all say just before it; '' is nothing; NULL where they differ", True),
    Column("label_after", TEXT, "what all say just after it", True),
    Column("annotators", TEXTS, "pseudonyms of those who answered, in order"),
    Column("length_s", REALS, "seconds of each of its stretches, on which everybody keeps to one label; 1 for labels"),
    Column("votes", TEXTS, "what each of the annotators says, stretch by stretch; '' is nothing"),
    PART,
)
MEASURE_BOX_DISPUTE = table(
    "measure.box_dispute",
    "one object whose boxes are in dispute, of those that may be worth most in a part of a job",
    "job_name layer object_id",
    *_DISPUTE,
    PART,
)
MEASURE_DISPUTE = table(
    "measure.dispute",
    "one disagreement that an expert could settle",
    "job_name layer object_id t_start_s kind",
    *_DISPUTE,
)
