"""Labeling jobs as the API sees them: create, describe, list, stop.

A name is used once and for ever, whatever its case. The engine moves a job on from `Initializing`; here it is made,
read, and asked to stop.
"""

from __future__ import annotations

import secrets
import string
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from annolake.config import ACCOUNT_ID
from annolake.service import clock, lifecycle
from annolake.service.core import Service
from annolake.service.faults import ApiFault, invalid
from annolake.service.job_rules import check_job, with_defaults
from annolake.service.paging import decode, encode
from annolake.service.tables import TERMINAL, UNKEEPABLE, job
from annolake.service.tags import put_tags, read_tags
from annolake.service.teams import team_exists

PAGE = 100
LONGEST = 2**62
HAS_OUTPUT = ("InProgress", "Stopping", "Stopped", "Completed")
ALPHABET = string.ascii_letters + string.digits


def create_labeling_job(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """CreateLabelingJob: the job is `Initializing` when this returns; the engine reads its manifest."""
    pre_type, task_type = check_job(service, request)
    name, config, now = request["LabelingJobName"], request["HumanTaskConfig"], clock.now_us()
    arn = service.arn(f"labeling-job/{name.lower()}")
    row = {
        "name_key": name.lower(),
        "name": name,
        "arn": arn,
        "reference_code": ACCOUNT_ID + "".join(secrets.choice(ALPHABET) for _ in range(16)),
        "status": "Initializing",
        "request": with_defaults(request),
        "pre_type": pre_type,
        "task_type": task_type,
        "workteam_arn": config["WorkteamArn"],
        "label_attribute": request["LabelAttributeName"],
        "n_workers": config["NumberOfHumanWorkersPerDataObject"],
        "created_us": now,
        "modified_us": now,
    }
    try:
        with service.store.write() as connection:
            if find_job(connection, name) is not None:
                raise ApiFault("ResourceInUse", f"LabelingJobName: the labeling job {name} exists already")
            if not team_exists(connection, config["WorkteamArn"]):
                raise invalid(f"HumanTaskConfig.WorkteamArn: there is no work team {config['WorkteamArn']}")
            connection.execute(insert(job).values(**row))
            put_tags(connection, arn, request.get("Tags", []))
    except IntegrityError:  # another connection was faster with the name
        raise ApiFault("ResourceInUse", f"LabelingJobName: the labeling job {name} exists already") from None
    service.wake.set()
    return {"LabelingJobArn": arn}


def describe_labeling_job(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeLabelingJob."""
    with service.store.read() as connection:
        row = _need_job(connection, request["LabelingJobName"])
        tags = read_tags(connection, row.arn)
    stored = {k: v for k, v in row.request.items() if k != "Tags"}
    answer = {
        **stored,
        "LabelingJobStatus": row.status,
        "LabelCounters": counters(row),
        "CreationTime": clock.epoch(row.created_us),
        "LastModifiedTime": clock.epoch(row.modified_us),
        "JobReferenceCode": row.reference_code,
        "LabelingJobArn": row.arn,
        "Tags": tags,
    }
    return answer | _outcome(row)


def list_labeling_jobs(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """ListLabelingJobs: filtered, sorted, in pages."""
    column = {"Name": job.c.name_key, "Status": job.c.status}.get(request.get("SortBy", ""), job.c.created_us)
    query = _between(select(job), request)
    if "NameContains" in request:
        query = query.where(job.c.name_key.contains(request["NameContains"].lower(), autoescape=True))
    if "StatusEquals" in request:
        query = query.where(job.c.status == request["StatusEquals"])
    rows, token = _page(service, query, column, request)
    summaries = []
    for row in rows:
        config = row.request["HumanTaskConfig"]
        consolidation = config.get("AnnotationConsolidationConfig", {}).get("AnnotationConsolidationLambdaArn")
        summary = {
            "LabelingJobName": row.name,
            "LabelingJobArn": row.arn,
            "CreationTime": clock.epoch(row.created_us),
            "LastModifiedTime": clock.epoch(row.modified_us),
            "LabelingJobStatus": row.status,
            "LabelCounters": counters(row),
            "WorkteamArn": row.workteam_arn,
            "PreHumanTaskLambdaArn": config.get("PreHumanTaskLambdaArn"),
            "AnnotationConsolidationLambdaArn": consolidation,
            "InputConfig": row.request["InputConfig"],
        } | _outcome(row)
        summaries.append({k: v for k, v in summary.items() if v is not None})
    return {"LabelingJobSummaryList": summaries, **token}


def list_labeling_jobs_for_workteam(service: Service, request: dict[str, Any]) -> dict[str, Any]:
    """ListLabelingJobsForWorkteam: what the team has to do, with its own counters."""
    with service.store.read() as connection:
        if not team_exists(connection, request["WorkteamArn"]):
            raise ApiFault("ResourceNotFound", f"WorkteamArn: there is no work team {request['WorkteamArn']}")
    query = _between(select(job).where(job.c.workteam_arn == request["WorkteamArn"]), request)
    if "JobReferenceCodeContains" in request:
        query = query.where(job.c.reference_code.contains(request["JobReferenceCodeContains"], autoescape=True))
    rows, token = _page(service, query, job.c.created_us, request)
    summaries = [
        {
            "LabelingJobName": row.name,
            "JobReferenceCode": row.reference_code,
            "WorkRequesterAccountId": ACCOUNT_ID,
            "CreationTime": clock.epoch(row.created_us),
            "LabelCounters": {
                "HumanLabeled": row.n_labeled,
                "PendingHuman": row.n_objects - row.n_labeled - row.n_failed,
                "Total": row.n_objects,
            },
            "NumberOfHumanWorkersPerDataObject": row.n_workers,
        }
        for row in rows
    ]
    return {"LabelingJobSummaryList": summaries, **token}


def stop_labeling_job(service: Service, request: dict[str, Any]) -> None:
    """StopLabelingJob: open tasks end now, the engine writes what there is; harmless on a job that has ended."""
    with service.store.write() as connection:
        row = _need_job(connection, request["LabelingJobName"])
        if row.status not in (*TERMINAL, "Stopping"):
            begin_stop(connection, row)
    service.wake.set()


def begin_stop(connection: Connection, row: Row[Any]) -> None:
    """Ask a job to stop; one that still reads its manifest stops when it has."""
    values: dict[str, Any] = {"is_stop_requested": True, "modified_us": after(row.modified_us)}
    if row.status == "InProgress":
        values["status"] = "Stopping"
        lifecycle.end_leases(connection, row.job_id, clock.now_us(), "TasksReturned", "the job was stopped")
    connection.execute(update(job).where(job.c.job_id == row.job_id).values(**values))


def find_job(connection: Connection, name: str) -> Row[Any] | None:
    """A job by its name, in any case."""
    return connection.execute(select(job).where(job.c.name_key == name.lower())).first()


def counters(row: Row[Any]) -> dict[str, int]:
    """LabelCounters: TotalLabeled + FailedNonRetryableError + Unlabeled is the number of objects."""
    return {
        "TotalLabeled": row.n_labeled,
        "HumanLabeled": row.n_labeled,
        "MachineLabeled": 0,
        "FailedNonRetryableError": row.n_failed,
        "Unlabeled": row.n_objects - row.n_labeled - row.n_failed,
    }


def output_uri(row: Row[Any], path: str) -> str:
    """Address below the job's output folder."""
    return f"{row.request['OutputConfig']['S3OutputPath'].rstrip('/')}/{row.name}/{path}"


def after(modified_us: int) -> int:
    """Now, or the last modification where the clock was set back: it never decreases."""
    return max(clock.now_us(), modified_us)


def _need_job(connection: Connection, name: str) -> Row[Any]:
    row = find_job(connection, name)
    if row is None:
        raise ApiFault("ResourceNotFound", f"LabelingJobName: there is no labeling job {name}")
    return row


def _outcome(row: Row[Any]) -> dict[str, Any]:
    outcome: dict[str, Any] = {}
    if row.status == "Failed":
        outcome["FailureReason"] = row.failure_reason
    if row.status in HAS_OUTPUT:
        outcome["LabelingJobOutput"] = {"OutputDatasetS3Uri": output_uri(row, "manifests/output/output.manifest")}
    return outcome


def _between(query: Select[Any], request: dict[str, Any]) -> Select[Any]:
    for name, column in (("CreationTime", job.c.created_us), ("LastModifiedTime", job.c.modified_us)):
        if f"{name}After" in request:
            query = query.where(column > _microseconds(request[f"{name}After"]))
        if f"{name}Before" in request:
            query = query.where(column < _microseconds(request[f"{name}Before"]))
    return query


def _microseconds(epoch: float) -> int:
    """A time as the store has it; one beyond what the store can hold is its first or last."""
    return int(max(-LONGEST, min(LONGEST, epoch * clock.SECOND)))


def _page(
    service: Service, query: Select[Any], column: Any, request: dict[str, Any]
) -> tuple[list[Row[Any]], dict[str, str]]:
    limit = request.get("MaxResults", PAGE)
    place = decode(request, request.get("NextToken"), 2)
    is_descending = request.get("SortOrder") == "Descending"
    if place is not None:
        value, job_id = place
        is_time = isinstance(value, int) and abs(value) < LONGEST
        is_place = is_time if column is job.c.created_us else isinstance(value, str) and not UNKEEPABLE.search(value)
        if not is_place or not isinstance(job_id, int) or abs(job_id) > 2**31:
            raise invalid("NextToken is not one that this list returned")
        beyond = column < value if is_descending else column > value
        beyond_id = job.c.job_id < job_id if is_descending else job.c.job_id > job_id
        query = query.where(or_(beyond, and_(column == value, beyond_id)))
    order = (column.desc(), job.c.job_id.desc()) if is_descending else (column.asc(), job.c.job_id.asc())
    with service.store.read() as connection:
        rows = list(connection.execute(query.order_by(*order).limit(limit + 1)))
    if len(rows) <= limit:
        return rows, {}
    last = rows[limit - 1]
    return rows[:limit], {"NextToken": encode(request, [getattr(last, column.name), last.job_id])}
