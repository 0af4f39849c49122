"""Meta and restricted: releases, checks, and who a pseudonym is."""

from __future__ import annotations

from transforms.schemas.base import FLAG, INT, JOB, LANDING, LONG, REAL, TEXT, TIME, WORKER, Column, table

RELEASE = table(
    "meta.release",
    "one table of one release",
    "release_id table_name",
    Column("release_id", LONG, "1, 2, 3, ...: the highest one that is not held is what readers see"),
    Column("table_name", TEXT, "namespace.topic"),
    Column("snapshot_id", LONG, "Iceberg snapshot that the release shows"),
    Column("released_at", TIME, "when it was published"),
    Column("jobs", TEXT, "JSON list of the jobs that it added or changed"),
    Column("pending", TEXT, "JSON object landing -> job of landings that it does not show: not released yet", True),
    Column(
        "kept_back",
        TEXT,
        "JSON object job -> snapshot that the rows of the job are shown from instead, 0 for none: the job was being "
        "built anew",
        True,
    ),
    Column(
        "withdrawn",
        TEXT,
        "JSON list of the jobs that stay as this release shows them: a release was held or undone",
        True,
    ),
    partition="",
)
RELEASE_HOLD = table(
    "meta.release_hold",
    "one decision to hide a release from readers",
    "release_id",
    Column("release_id", LONG, "the release"),
    Column("held_at", TIME, "when it was hidden"),
    partition="",
)
BUILD = table(
    "meta.build",
    "what one model was built up to for one job; only models that are built part by part",
    "job_name model",
    JOB,
    Column("model", TEXT, "name of the model"),
    Column("build_id", TEXT, "the build"),
    Column("built_at", TIME, "when it ended"),
    Column("basis", TEXT, "hash of what else the rows depend on: code, SQL, settings, facts of the job"),
    Column("snapshots", TEXT, "JSON object silver table -> Iceberg snapshot that the rows are made from"),
    Column("n_parts", LONG, "parts of the job that this build made anew"),
    partition="job_name",
)
CHECK_RESULT = table(
    "meta.check_result",
    "one check of one landing",
    "landing_id table_name check_name",
    Column("job_name", TEXT, "labeling job; NULL for checks of a whole table", True),
    Column("table_name", TEXT, "table that was checked"),
    Column("check_name", TEXT, "rule or expectation"),
    Column("severity", TEXT, "fail holds the release, warn reports"),
    Column("is_ok", FLAG, "whether it held"),
    Column("n_rows", LONG, "rows checked"),
    Column("n_failed", LONG, "rows that broke it"),
    Column("detail", TEXT, "what was expected and found", True),
    *LANDING,
    partition="",
)
ALERT = table(
    "meta.alert",
    "one step of one episode of an alert: noted, or one attempt to tell somebody",
    "rule subject episode stage step channel attempt",
    Column("rule", TEXT, "file in sql/alerts"),
    Column("subject", TEXT, "what it is about: JSON object of job_name, layer, worker_id, label, ... as the rule has"),
    Column("episode", LONG, "1, 2, ...: how often the rule was met for the subject, with an end in between"),
    Column("stage", TEXT, "raised or cleared"),
    Column("step", TEXT, "noted; sending, then sent or failed, once an attempt"),
    Column("channel", TEXT, "log, webhook or email; empty where noted"),
    Column("attempt", INT, "1, 2, ... of a channel; 0 where noted"),
    Column("severity", TEXT, "fail or warn"),
    Column("text", TEXT, "the finding, or why the attempt failed, in a sentence"),
    Column("value", REAL, "the figure that the rule looks at", True),
    Column("value_lo", REAL, "lower end of its 99 % interval, where it has one", True),
    Column("value_hi", REAL, "upper end of it", True),
    Column("threshold", REAL, "the rule's threshold"),
    Column("n", LONG, "what the figure rests on, in the rule's unit"),
    Column("release_id", LONG, "release that was looked at"),
    Column("delivery_id", TEXT, "message that the attempt was part of; empty where noted"),
    Column("happened_at", TIME, "when"),
    partition="",
)
READMISSION = table(
    "meta.readmission",
    "one quarantined row, and a rule that it had broken, that was let in after all",
    "job_name table_name row_key rule",
    Column("job_name", TEXT, "labeling job"),
    Column("table_name", TEXT, "table that the row is in now"),
    Column("row_key", TEXT, "its key, as JSON, as in silver.quarantine"),
    Column("rule", TEXT, "rule that it had broken"),
    Column("is_accepted", FLAG, "whether somebody accepted the row as it is; false where the rule holds now"),
    Column("reason", TEXT, "why, in the words of who decided", True),
    Column("decided_by", TEXT, "who ran the re-admission"),
    *LANDING,
)
WORKER_IDENTITY = table(
    "restricted.worker",
    "who a pseudonym is; left out of analysts' releases, erasable",
    "worker_id",
    WORKER,
    Column("backend_worker_id", TEXT, "workerId of the labeling backend"),
    Column("provider", TEXT, "identity provider type", True),
    Column("issuer", TEXT, "issuer of the identity", True),
    Column("subject", TEXT, "the identity at the issuer", True),
    *LANDING,
    partition="",
)
