"""Batches: which media goes to people next, as which labeling jobs.

A file is given out by a row in `bronze.batch_item`, appended exactly once *before* a job names it: of two batches that
are planned at the same moment only one gets the file, and a batch that is planned again (a retry, a rerun) finds its
own rows. The plan itself is then kept as JSON in the labeling bucket, and its URI is what travels between tasks.

    plan_media_batch -> Batch -> save_batch -> s3://…/batches/<batch>.json -> load_batch -> create_jobs -> job names
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from annolake.config import Settings
from annolake.errors import LabelingError, ProcessError
from annolake.labeling import gold
from annolake.labeling.backend import code, labeling_errors
from annolake.labeling.clients import s3
from annolake.labeling.plan import TASK_TYPES, GoldPlan, Plan, TaskPlan, load_plan

if TYPE_CHECKING:
    from annolake.lake.catalog import Lake

FIRST = "first"
"""The claim on a file that nobody was given yet."""

NO_GOLD = GoldPlan(share=0.1)
"""Stands in where a plan that had gold items names none any more: those that are mixed in keep their places."""

MAX_OBJECTS = 100_000
"""Ground Truth's limit for one manifest."""

MAX_JOB_NAME = 63
MAX_BATCH_ID = MAX_JOB_NAME - len("-video-classification-l99-99")
BATCH_ID = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
TIME_IN_RUN_ID = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)")


class JobPlan(BaseModel):
    """One labeling job that is to be: its files in the order of the manifest's lines, and what is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job_name: str = Field(max_length=MAX_JOB_NAME)
    task_type: str
    asset_ids: tuple[str, ...] = Field(min_length=1, max_length=MAX_OBJECTS)
    task: TaskPlan


class Batch(BaseModel):
    """Jobs of one level that run in parallel."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_id: str = Field(max_length=MAX_BATCH_ID)
    level: int = Field(1, ge=1)
    jobs: tuple[JobPlan, ...] = Field(min_length=1)


def batch_id_of(run_id: str) -> str:
    """The batch of an Airflow run: always the same for one run, short and valid in job names.

    >>> batch_id_of("asset_triggered__2026-11-21T07:03:21.123456+00:00_Ab12")
    'b-20261121-070321-4fc3c7'
    >>> batch_id_of("first-try")
    'first-try'
    """
    if is_batch_id(run_id):
        return run_id
    digest = hashlib.sha256(run_id.encode()).hexdigest()[:6]
    at = TIME_IN_RUN_ID.search(run_id)
    return f"b-{''.join(at.groups()[:3])}-{''.join(at.groups()[3:])}-{digest}" if at else f"b-{digest}"


def is_batch_id(text: str) -> bool:
    """Whether it can begin the names of labeling jobs."""
    return len(text) <= MAX_BATCH_ID and BATCH_ID.fullmatch(text) is not None


def job_name_of(batch_id: str, task_type: str, *, level: int = 1, part: int = 1) -> str:
    """The name of a job, made from its batch alone, so that a repeated creation meets itself.

    >>> job_name_of("b-1", "audio_segmentation"), job_name_of("b-1", "audio_segmentation", level=2, part=3)
    ('b-1-audio-segmentation', 'b-1-audio-segmentation-l2-3')
    """
    suffix = (f"-l{level}" if level > 1 else "") + (f"-{part}" if part > 1 else "")
    return f"{batch_id}-{task_type.replace('_', '-')}{suffix}"


# -- planning ---------------------------------------------------------------------------------------------------------


def plan_media_batch(
    settings: Settings,
    batch_id: str,
    *,
    plan: Mapping[str, Mapping[str, Any]] | None = None,
    assets: Sequence[str] = (),
    jobs: Sequence[str] = (),
) -> Batch | None:
    """Claim media for a batch and say which jobs label it; None where nothing is left to label.

    Without `assets` and `jobs` these are the registered files that no batch was given yet. With them it is exactly
    the named assets and the files of the named jobs, whoever labeled them before. `plan` changes what is asked
    (`annolake.labeling.plan`). The same batch id gives the same batch again.
    """
    if not is_batch_id(batch_id):
        raise LabelingError(
            f"Batch id {batch_id!r} cannot begin a job's name.",
            hint=f"Use at most {MAX_BATCH_ID} letters, digits and single inner dashes.",
        )
    from annolake.lake.catalog import open_lake

    if kept := find_batch(settings, batch_id):
        return kept  # planned before: it takes no file that came since
    asked = load_plan(settings, plan)
    with open_lake(settings) as lake:
        claim = batch_id if assets or jobs else FIRST
        choices = gold.candidates(lake, asked)
        if assets or jobs:
            wanted = _named(lake, assets, jobs)
        else:  # files of known truth are kept for mixing in
            wanted = {a: what for a, what in _unclaimed(lake, batch_id).items() if a not in choices.get(what[0], ())}
        rows = _claims(batch_id, claim, wanted, asked)
        _claim(lake, batch_id, [*rows, *gold.claims(lake, asked, rows, choices)])
        return _batch(lake, batch_id, asked)


def _registered(lake: Lake) -> dict[str, tuple[str, str]]:
    """asset id -> (task type, name), in the order of manifests: by name, then id."""
    rows = lake.scan("silver.asset", columns=["asset_id", "media_type", "name"]).to_pylist()
    known = {r["asset_id"]: (TASK_TYPES[r["media_type"]], r["name"]) for r in rows if r["media_type"] in TASK_TYPES}
    return dict(sorted(known.items(), key=lambda item: (item[1][1], item[0])))


def _unclaimed(lake: Lake, batch_id: str) -> dict[str, tuple[str, str]]:
    rows = lake.scan("bronze.batch_item", columns=["asset_id", "batch_id"]).to_pylist()
    taken = {r["asset_id"] for r in rows if r["batch_id"] != batch_id}
    return {asset: what for asset, what in _registered(lake).items() if asset not in taken}


def _named(lake: Lake, assets: Sequence[str], jobs: Sequence[str]) -> dict[str, tuple[str, str]]:
    columns = ["asset_id", "job_name", "is_gold"]
    items = lake.scan("bronze.batch_item", jobs=jobs, columns=columns).to_pylist() if jobs else []
    if strange := sorted(set(jobs) - {r["job_name"] for r in items}):
        raise LabelingError(f"No batch has made the job {', '.join(strange)}.", hint="List the jobs: annolake jobs")
    registered = _registered(lake)
    wanted = {*assets, *(r["asset_id"] for r in items if not r["is_gold"])}
    if unknown := sorted(wanted - set(registered)):
        raise LabelingError(
            f"{len(unknown)} of {len(wanted)} assets are not registered, {unknown[0]} among them.",
            hint='List them: annolake sql "select asset_id, name from silver.asset"',
        )
    return {asset: what for asset, what in registered.items() if asset in wanted}


def _claims(batch_id: str, claim: str, wanted: Mapping[str, tuple[str, str]], plan: Plan) -> list[dict[str, Any]]:
    """Rows of `bronze.batch_item` for the wanted files, in parts that leave room for gold items."""
    now = datetime.now(UTC)
    seen: dict[str, int] = {}
    rows = []
    for asset_id, (task_type, _) in wanted.items():
        part = seen.get(task_type, 0) // gold.most_ordinary(plan.task(task_type), MAX_OBJECTS) + 1
        seen[task_type] = seen.get(task_type, 0) + 1
        rows.append(
            {
                "asset_id": asset_id,
                "claim": claim,
                "batch_id": batch_id,
                "job_name": job_name_of(batch_id, task_type, part=part),
                "task_type": task_type,
                "claimed_at": now,
                "is_gold": False,
            }
        )
    return rows


def _claim(lake: Lake, batch_id: str, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa

    if rows:
        from transforms.schemas import BATCH_ITEM

        lake.append_new(BATCH_ITEM.name, pa.Table.from_pylist(rows, schema=BATCH_ITEM.arrow), landing_id=batch_id)


def _batch(lake: Lake, batch_id: str, plan: Plan) -> Batch | None:
    from pyiceberg.expressions import EqualTo

    columns = ["asset_id", "job_name", "task_type", "is_gold"]
    mine = lake.scan("bronze.batch_item", columns=columns, where=EqualTo("batch_id", batch_id)).to_pylist()
    order = {asset: place for place, asset in enumerate(_registered(lake))}
    jobs: dict[tuple[str, str], list[str]] = {}
    mixed: dict[str, list[str]] = {}
    for row in sorted(mine, key=lambda r: order[r["asset_id"]]):
        if row["is_gold"]:
            mixed.setdefault(row["job_name"], []).append(row["asset_id"])
        else:
            jobs.setdefault((row["job_name"], row["task_type"]), []).append(row["asset_id"])
    for (name, task_type), files in jobs.items():
        gold.mix(files, mixed.get(name, []), seed=(plan.task(task_type).gold or NO_GOLD).seed, job_name=name)
    if not jobs:
        return None
    return Batch(
        batch_id=batch_id,
        jobs=tuple(
            JobPlan(job_name=name, task_type=task_type, asset_ids=tuple(assets), task=plan.task(task_type))
            for (name, task_type), assets in sorted(jobs.items())
        ),
    )


# -- keeping ----------------------------------------------------------------------------------------------------------


def save_batch(settings: Settings, batch: Batch) -> str:
    """Keep the batch in the labeling bucket; returns its URI. Once kept it is never planned anew."""
    with labeling_errors(f"Keeping batch {batch.batch_id} in s3://{settings.labeling_bucket}"):
        s3(settings).put_object(
            Bucket=settings.labeling_bucket,
            Key=_key(batch.batch_id),
            Body=batch.model_dump_json(indent=1).encode(),
            ContentType="application/json",
        )
    return f"s3://{settings.labeling_bucket}/{_key(batch.batch_id)}"


def find_batch(settings: Settings, batch_id: str) -> Batch | None:
    """The batch of that id; None where none was kept."""
    with labeling_errors(f"Looking for batch {batch_id} in s3://{settings.labeling_bucket}"):
        try:
            answer = s3(settings).get_object(Bucket=settings.labeling_bucket, Key=_key(batch_id))
        except ClientError as error:
            if code(error) in {"404", "NoSuchKey", "NotFound"}:
                return None
            raise
        return Batch.model_validate_json(answer["Body"].read())


def load_batch(settings: Settings, uri: str) -> Batch:
    """The batch that `save_batch` kept at this URI."""
    batch = find_batch(settings, uri.rsplit("/", 1)[-1].removesuffix(".json"))
    if batch is None:
        raise LabelingError(f"There is no batch at {uri}.", hint="Clear the task 'plan' of its run to plan it anew.")
    return batch


def _key(batch_id: str) -> str:
    return f"batches/{batch_id}.json"


def create_jobs(settings: Settings, batch: Batch) -> list[str]:
    """Create the batch's labeling jobs; those that are there already as planned are adopted. Returns their names."""
    from annolake.labeling.create import create_job

    return [create_job(settings, batch, job) for job in batch.jobs]


def announce_media(settings: Settings) -> str:
    """Wake `label_batch` through Airflow's asset `media`; returns in a sentence what happens next."""
    from annolake.airflow.client import AirflowClient

    try:
        with AirflowClient(settings) as airflow:
            airflow.announce("media", {"by": "annolake ingest"})
    except ProcessError as error:
        return (
            f"Nobody was asked to label them yet: {error.message}\n"
            "Start it with annolake up, and trigger the DAG label_batch there."
        )
    return f"Airflow makes labeling jobs of them; label them at {settings.service_url}/portal/"
