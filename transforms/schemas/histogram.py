"""Gold: histograms that can be added up, for percentiles (`transforms.histogram`)."""

from __future__ import annotations

from transforms.schemas.base import INT, JOB, LAYER, LONG, PART, REAL, TEXT, WORKER, Column, table

BIN = Column("bin", INT, "bin of the logarithm: the value is within 1 % of the middle of the bin")

WORKER_SPEED = table(
    "gold.worker_speed",
    "answers of one worker of one job with about the same active time a minute of media",
    "job_name worker_id bin",
    JOB,
    WORKER,
    BIN,
    Column("middle", REAL, "active seconds a minute of media: the middle of the bin, at most 1 % off"),
    Column("n_answers", LONG, "answers"),
)
MEASURE_SEGMENT_LENGTH = table(
    "measure.segment_length",
    "segments of about the same length with one label in one layer of one part of a job",
    "job_name layer label bin part",
    JOB,
    LAYER,
    Column("label", TEXT, "the label"),
    BIN,
    Column("n_segments", LONG, "segments, of all annotators"),
    PART,
)
SEGMENT_LENGTH = table(
    "gold.segment_length",
    "segments of about the same length with one label in one layer of one job",
    "job_name layer label bin",
    JOB,
    LAYER,
    Column("label", TEXT, "the label"),
    BIN,
    Column("middle", REAL, "seconds: the middle of the bin, at most 1 % off"),
    Column("n_segments", LONG, "segments, of all annotators"),
)
