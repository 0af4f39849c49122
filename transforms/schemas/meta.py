"""Meta and restricted: releases, checks, and who a pseudonym is."""

from __future__ import annotations

from transforms.schemas.base import FLAG, LANDING, LONG, TEXT, TIME, WORKER, Column, table

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
