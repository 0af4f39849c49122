"""Which kind of work a job is: stated only by the names of its Lambda functions (`PRE-<type>`, `ACS-<type>`)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from annolake.service.faults import invalid

CUSTOM = "custom"
PASS_THROUGH = "PassThrough"  # noqa: S105 - not a password
ALIASES = {"VideoClassification": "VideoMultiClass"}
MASK = "groundtruth/semantic-segmentation"
DETECTION, TRACKING = "groundtruth/video-object-detection", "groundtruth/video-object-tracking"
FILE_KINDS = frozenset({"detections", "tracks", "mask"})
"""Kinds of label that are a file of their own; the manifest has its address."""


@dataclass(frozen=True)
class TaskType:
    """What the service does for one built-in type."""

    name: str
    metadata_type: str
    kind: str | None = None
    """How answers become one label (`annolake.service.consolidation`); None where they stay as they are."""
    is_audit: bool = False
    """Workers look at an earlier label: their task carries the whole manifest line."""
    ui: str | None = None
    """The built-in worker UI of a type whose objects are sequences of video frames; others have templates."""


BUILT_IN: dict[str, TaskType] = {
    t.name: t
    for t in (
        TaskType("VideoMultiClass", "groundtruth/video-classification", "class"),
        TaskType("ImageMultiClass", "groundtruth/image-classification", "class"),
        TaskType("TextMultiClass", "groundtruth/text-classification", "class"),
        TaskType("ImageMultiClassMultiLabel", "groundtruth/image-classification-multilabel", "classes"),
        TaskType("TextMultiClassMultiLabel", "groundtruth/text-classification-multilabel", "classes"),
        TaskType("BoundingBox", "groundtruth/object-detection", "boxes"),
        TaskType("NamedEntityRecognition", "groundtruth/text-span", "entities"),
        TaskType("VerificationBoundingBox", "groundtruth/label-verification", "verification", is_audit=True),
        TaskType("AdjustmentBoundingBox", "groundtruth/object-detection", "adjustment", is_audit=True),
        TaskType("SemanticSegmentation", MASK, "mask"),
        TaskType("VerificationSemanticSegmentation", "groundtruth/label-verification", "verification", is_audit=True),
        TaskType("AdjustmentSemanticSegmentation", MASK, "mask", is_audit=True),
        TaskType("VideoObjectDetection", DETECTION, "detections", ui="VideoObjectDetection"),
        TaskType("VideoObjectTracking", TRACKING, "tracks", ui="VideoObjectTracking"),
        TaskType("AdjustmentVideoObjectDetection", DETECTION, "detections", is_audit=True, ui="VideoObjectDetection"),
        TaskType("AdjustmentVideoObjectTracking", TRACKING, "tracks", is_audit=True, ui="VideoObjectTracking"),
    )
}
REF_TYPES = frozenset(t.name for t in BUILT_IN.values() if t.kind in FILE_KINDS)
"""Types whose label is a file, so that the attribute's name ends in `-ref`."""
CUSTOM_TYPE = TaskType(CUSTOM, "groundtruth/custom")


def task_type(name: str) -> TaskType:
    """The type with this name; jobs without a consolidation function are custom."""
    return BUILT_IN.get(name, CUSTOM_TYPE)


def read_types(config: dict[str, Any], own: Collection[str] = ()) -> tuple[str, str]:
    """(type that prepares `task.input`, type that consolidates) of a HumanTaskConfig; refuses what is not supported.

    `own` are the functions of the settings; with one of them a job is custom.
    """
    pre = _read("HumanTaskConfig.PreHumanTaskLambdaArn", "PRE", config.get("PreHumanTaskLambdaArn"), own)
    consolidation = config.get("AnnotationConsolidationConfig", {}).get("AnnotationConsolidationLambdaArn")
    field = "HumanTaskConfig.AnnotationConsolidationConfig.AnnotationConsolidationLambdaArn"
    post = _read(field, "ACS", consolidation, own)
    if pre in BUILT_IN and post in BUILT_IN and pre != post:
        raise invalid(f"{field}: ACS-{post} does not consolidate what PRE-{pre} asks for; use ACS-{pre}")
    if task_type(pre).ui != task_type(post).ui:  # what their worker UI answers, only their own consolidation reads
        raise invalid(f"{field}: frames of a video take the two functions of one type, not PRE-{pre} with ACS-{post}")
    return pre, CUSTOM if post == PASS_THROUGH else post


def _read(field: str, prefix: str, arn: str | None, own: Collection[str]) -> str:
    if arn is None:
        return PASS_THROUGH
    function = arn.split(":function:", 1)[1].split(":")[0]
    if function in own:
        return PASS_THROUGH
    start, _, name = function.partition("-")
    name = ALIASES.get(name, name)
    if start == prefix and (name in BUILT_IN or name == PASS_THROUGH):
        return name
    supported = ", ".join(f"{prefix}-{n}" for n in (*BUILT_IN, PASS_THROUGH))
    if start == prefix and "3DPointCloud" in name:
        raise invalid(f"{field}: task type {name} is not supported; supported are {supported}")
    listed = ", ".join(own) or "none"
    offer = f"there are {supported}; in the setting functions: {listed}"
    raise invalid(f"{field}: {function!r} is no function of this service; {offer}")
