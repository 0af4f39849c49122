"""What CreateLabelingJob asks beyond the model's shapes, each refusal naming its field."""

from __future__ import annotations

import copy
from itertools import islice
from typing import Any

from annolake.errors import ManifestError
from annolake.manifest.read import MOST_OBJECTS
from annolake.service.core import Service
from annolake.service.faults import invalid
from annolake.service.functions import offered
from annolake.service.manifests import LINE_LIMIT, read_manifest
from annolake.service.objects import ObjectMissing, read_lines, split_uri
from annolake.service.sequences import MOST_SEQUENCES
from annolake.service.tags import check_tags
from annolake.service.task_types import CUSTOM, REF_TYPES, TaskType, read_types, task_type

MONTH = 2_592_000
LONGEST_TASK = 28_800
LONGEST_SEQUENCE = 604_800
MAX_CONCURRENT = 1000
MOST_MASKS = 20_000
RESERVED = ("source", "source-ref")


def check_job(service: Service, request: dict[str, Any]) -> tuple[str, str]:
    """(preparing type, consolidating type) of a request that can be carried out; `ValidationException` otherwise."""
    _refuse_unsupported(request)
    config = request["HumanTaskConfig"]
    types = read_types(config, offered(service.settings))
    _check_attribute(request["LabelAttributeName"], types[1])
    if types[1] != CUSTOM and "LabelCategoryConfigS3Uri" not in request:
        raise invalid(f"LabelCategoryConfigS3Uri is needed for task type {types[1]}")
    _check_ui(config, task_type(types[1]))
    _check_limits(config, task_type(types[1]))
    _check_addresses(service, request)
    _check_size(service, request, task_type(types[1]))
    if task_type(types[1]).is_audit:
        _check_audit(service, request)
    check_tags(request.get("Tags", []))
    return types


def with_defaults(request: dict[str, Any]) -> dict[str, Any]:
    """The request as DescribeLabelingJob gives it back."""
    full = copy.deepcopy(request)
    full["OutputConfig"].setdefault("KmsKeyId", "")
    full["HumanTaskConfig"].setdefault("MaxConcurrentTaskCount", MAX_CONCURRENT)
    full["HumanTaskConfig"].setdefault("TaskAvailabilityLifetimeInSeconds", MONTH)
    return full


def _refuse_unsupported(request: dict[str, Any]) -> None:
    config, source = request["HumanTaskConfig"], request["InputConfig"]["DataSource"]
    refused = {
        "InputConfig.DataSource.SnsDataSource": (source.get("SnsDataSource"), "streaming jobs"),
        "OutputConfig.SnsTopicArn": (request["OutputConfig"].get("SnsTopicArn"), "SNS output"),
        "LabelingJobAlgorithmsConfig": (request.get("LabelingJobAlgorithmsConfig"), "automated data labeling"),
        "HumanTaskConfig.PublicWorkforceTaskPrice": (config.get("PublicWorkforceTaskPrice"), "public work teams"),
    }
    for field, (value, feature) in refused.items():
        if value is not None:
            raise invalid(f"{field}: {feature} are not supported by this service")
    if not source.get("S3DataSource"):
        raise invalid("InputConfig.DataSource.S3DataSource.ManifestS3Uri is needed")
    team = config["WorkteamArn"].split(":workteam/", 1)[1]
    if not team.startswith("private-crowd/"):
        raise invalid(f"HumanTaskConfig.WorkteamArn: only private work teams are supported, not {team.split('/')[0]}")


def _check_attribute(name: str, task_type: str) -> None:
    if name.endswith("-metadata"):
        raise invalid("LabelAttributeName must not end with -metadata")
    if name in RESERVED:
        raise invalid(f"LabelAttributeName must not be the reserved name {name}")
    if (task_type in REF_TYPES) != name.endswith("-ref"):
        need = "must" if task_type in REF_TYPES else "must not"
        raise invalid(f"LabelAttributeName {need} end with -ref for task type {task_type}")


def _check_size(service: Service, request: dict[str, Any], kind: TaskType) -> None:
    """A manifest of more objects than a job takes (contract, sections 2.1 and 2.2) is not begun."""
    uri = request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    most = MOST_SEQUENCES if kind.ui else MOST_MASKS if "SemanticSegmentation" in kind.name else MOST_OBJECTS
    try:
        lines = sum(bool(line.strip()) for line in islice(read_lines(service.objects, uri, 4 * LINE_LIMIT), most + 1))
    except ObjectMissing:
        return  # the job fails with its reason when the manifest is read
    if lines > most:
        raise invalid(
            f"InputConfig.DataSource.S3DataSource.ManifestS3Uri: more than {most} objects, which is the limit of one"
            " job of this task type; split the manifest"
        )


def _check_audit(service: Service, request: dict[str, Any]) -> None:
    """An audit writes beside the label that it looks at, never over it (contract, section 1.3)."""
    name, uri = request["LabelAttributeName"], request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
    try:
        first = next(iter(read_manifest(service.objects, uri, name)), None)
    except (ManifestError, ObjectMissing):
        return  # the job fails with its reason when the manifest is read
    if first is not None and first.has_label:
        raise invalid(f"LabelAttributeName: the manifest has {name} already; an audit needs a name of its own")


def _check_ui(config: dict[str, Any], kind: TaskType) -> None:
    """Frames of a video have Ground Truth's own worker UI, everything else a template."""
    arn, template = config["UiConfig"].get("HumanTaskUiArn"), config["UiConfig"].get("UiTemplateS3Uri")
    field = "HumanTaskConfig.UiConfig"
    if kind.ui is None:
        if arn is not None:
            raise invalid(f"{field}.HumanTaskUiArn: task type {kind.name} has no built-in worker UI in this service")
        if not template:
            raise invalid(f"{field}.UiTemplateS3Uri is needed")
        return
    if template is not None:
        raise invalid(f"{field}.UiTemplateS3Uri: task type {kind.name} takes HumanTaskUiArn and no template")
    if arn is None or arn.rpartition(":human-task-ui/")[2] != kind.ui:
        raise invalid(f"{field}.HumanTaskUiArn must name the worker UI of the task type: ...:human-task-ui/{kind.ui}")


def _check_limits(config: dict[str, Any], kind: TaskType) -> None:
    longest = LONGEST_SEQUENCE if kind.ui else LONGEST_TASK
    if config["TaskTimeLimitInSeconds"] > longest:
        raise invalid(f"HumanTaskConfig.TaskTimeLimitInSeconds must be at most {longest} for this task type")
    if kind.ui and config["NumberOfHumanWorkersPerDataObject"] != 1:
        raise invalid(f"HumanTaskConfig.NumberOfHumanWorkersPerDataObject must be 1 for task type {kind.name}")
    if config.get("TaskAvailabilityLifetimeInSeconds", 60) > MONTH:
        raise invalid(f"HumanTaskConfig.TaskAvailabilityLifetimeInSeconds must be at most {MONTH} (30 days)")


def _check_addresses(service: Service, request: dict[str, Any]) -> None:
    addresses = {
        "InputConfig.DataSource.S3DataSource.ManifestS3Uri": request["InputConfig"]["DataSource"]["S3DataSource"][
            "ManifestS3Uri"
        ],
        "OutputConfig.S3OutputPath": request["OutputConfig"]["S3OutputPath"],
        "HumanTaskConfig.UiConfig.UiTemplateS3Uri": request["HumanTaskConfig"]["UiConfig"].get("UiTemplateS3Uri"),
        "LabelCategoryConfigS3Uri": request.get("LabelCategoryConfigS3Uri"),
    }
    for field, uri in addresses.items():
        if uri is None:
            continue
        try:
            bucket, key = split_uri(uri)
        except ValueError:
            raise invalid(f"{field} must be an s3:// address, not {uri}") from None
        if not service.objects.is_known(bucket):
            raise invalid(f"{field}: this service has no bucket {bucket!r}; it has those in its settings")
        if field != "OutputConfig.S3OutputPath" and not key:
            raise invalid(f"{field} names a bucket but no object")
        parts = key.rstrip("/").split("/") if key else []
        if any(part in ("", ".", "..") or len(part.encode()) > 255 for part in parts):
            raise invalid(f"{field} must not have empty, '.' or '..' segments, or ones of more than 255 bytes")
