"""Bronze: what arrived."""

from __future__ import annotations

from transforms.schemas.base import (
    ASSET,
    FLAG,
    INT,
    JOB,
    LANDING,
    LONG,
    OBJECT,
    REAL,
    REVISION,
    TEXT,
    TIME,
    WORKER,
    Column,
    table,
)

MEDIA_OBJECT = table(
    "bronze.media_object",
    "one version of one media file at its source",
    "source_uri source_version",
    Column("source_uri", TEXT, "where the file was found: file:// or s3://"),
    Column("source_version", TEXT, "ETag, or size and hash"),
    ASSET,
    Column("bytes", LONG, "size"),
    Column("content_hash", TEXT, "BLAKE3 of the content, hex"),
    *LANDING,
    partition="",
)
MANIFEST_LINE = table(
    "bronze.manifest_line",
    "one line of one version of an output manifest",
    "job_name source_uri line_no line_hash",
    JOB,
    Column("source_uri", TEXT, "the manifest"),
    Column("source_version", TEXT, "its ETag, or size and hash"),
    Column("source_modified_at", TIME, "when that version was written"),
    Column("line_no", LONG, "1-based line number"),
    OBJECT,
    Column("line", TEXT, "the line as it arrived"),
    Column("line_hash", TEXT, "hash of the line"),
    *LANDING,
)
WORKER_RESPONSE = table(
    "bronze.worker_response",
    "one worker's answer in one worker-response file",
    "job_name object_id worker_id revision answer_hash",
    JOB,
    OBJECT,
    Column("source_uri", TEXT, "the worker-response file"),
    Column("source_version", TEXT, "its ETag, or size and hash"),
    Column("answer_no", INT, "zero-based position in the file"),
    WORKER,
    REVISION,
    Column("accepted_at", TIME, "when the worker took the task", True),
    Column("submitted_at", TIME, "when the worker submitted"),
    Column("time_spent_s", REAL, "time on the task without pauses, as reported", True),
    Column("answer", TEXT, "answerContent as JSON text, unchanged"),
    Column("answer_hash", TEXT, "hash of it"),
    *LANDING,
)
LANDING_OUTCOME = table(
    "bronze.landing_outcome",
    "one input of one landing: landed, or the reason why not",
    "landing_id source_uri line_no",
    Column("kind", TEXT, "media, manifest_line or worker_response"),
    Column("job_name", TEXT, "labeling job; NULL for media", True),
    Column("source_uri", TEXT, "the input"),
    Column("source_version", TEXT, "its ETag, or size and hash; NULL where it could not be read", True),
    Column("line_no", LONG, "1-based line, or position of the answer; 0 for a whole file"),
    Column("is_ok", FLAG, "whether it landed"),
    Column("reason_code", TEXT, "short reason, for counting; NULL where it landed as new", True),
    Column("reason", TEXT, "the reason in a sentence", True),
    Column("seconds", REAL, "time that it took", True),
    *LANDING,
    partition="",
)
BATCH_ITEM = table(
    "bronze.batch_item",
    "one media file that a batch gives out to be labeled",
    "asset_id claim",
    Column("asset_id", TEXT, "the media file"),
    Column(
        "claim",
        TEXT,
        "'first' where the batch took a file that nobody had been given yet, else the batch that asked for it again; "
        "in the key, so that of two batches at once only one gets the file",
    ),
    Column("batch_id", TEXT, "the batch"),
    JOB,
    Column("task_type", TEXT, "what is asked about it"),
    Column("claimed_at", TIME, "when"),
    Column("is_gold", FLAG, "whether it was mixed in as a gold item, to score annotators against its truth", True),
    partition="",
)
