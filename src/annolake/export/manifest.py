"""Ground Truth's augmented manifest, out of the lake: the job's lines with what its annotators agreed on.

A job that starts from it finds the labels where Ground Truth puts them: a class index, boxes with their confidences,
or for segmentations a custom label that lists one answer, of `annolake.consensus`, in the form that landing reads.
Lines of failed objects keep the reason; lines that nobody labeled stay as they came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.reader import ReleaseReader
from transforms.inline import ALL_WORKERS

WORKER = "annolake.consensus"
CLASS_TYPES = {
    "image_classification": "groundtruth/image-classification",
    "text_classification": "groundtruth/text-classification",
    "video_classification": "groundtruth/video-classification",
}
BOXES = "groundtruth/object-detection"
CUSTOM = "groundtruth/custom"
SIDES = ("left", "top", "width", "height")
LINES = """
    SELECT object_id, arg_max(line, (source_modified_at, landed_at, line_hash)) AS line
    FROM bronze.manifest_line WHERE job_name = $job GROUP BY object_id
    ORDER BY try_cast(object_id AS BIGINT), object_id
"""
JOB = "SELECT label_attribute, task_type, labels FROM silver.job WHERE job_name = $job"
FAILED = "SELECT object_id, metadata FROM silver.consolidated WHERE job_name = $job AND outcome = 'failed'"
ANSWERED = "SELECT DISTINCT object_id FROM silver.annotation WHERE job_name = $job"
CLASSES = """
    SELECT object_id, label, confidence FROM gold.consensus_label
    WHERE job_name = $job AND layer = 'class' AND method = $method AND label <> ''
"""
SEGMENTS = """
    SELECT object_id, layer, label, start_s, end_s, confidence FROM gold.consensus_segment
    WHERE job_name = $job ORDER BY layer, segment_no
"""
FUSED_BOXES = """
    SELECT object_id, label, left_px, top_px, width_px, height_px, confidence FROM gold.consensus_box
    WHERE job_name = $job AND is_accepted AND frame_no = 0 ORDER BY layer, box_no
"""
SIZES = """
    SELECT object_id, max(picture_width_px) AS width, max(picture_height_px) AS height
    FROM silver.box WHERE job_name = $job GROUP BY object_id
"""


@dataclass(frozen=True)
class Exported:
    """How many lines were written, and how many have a label."""

    release_id: int
    n_lines: int
    n_labeled: int
    n_failed: int


@dataclass(frozen=True)
class _Job:
    attribute: str
    task_type: str
    classes: list[str]
    common: dict[str, Any]


def export_manifest(
    settings: Settings, job_name: str, path: Path, *, method: str = "majority", release_id: int | None = None
) -> Exported:
    """Write the manifest of a released job; raises `LakeError` where it is not released or of a type without a form."""
    with ReleaseReader(settings, release_id) as reader:
        if reader.release is None:
            raise LakeError("Nothing is released yet.", hint="Land a job: annolake land JOB")
        ask = _Asking(reader, {"job": job_name, "method": method})
        job = _job(ask, job_name, reader.release.released_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"))
        labels = _labels(ask, job)
        failed = {row["object_id"]: json.loads(row["metadata"]) for row in ask(FAILED)}
        lines = ask(LINES)
        release = reader.release.release_id
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("w") as out:
        for row in lines:
            out.write(_line(row["line"], job.attribute, labels.get(row["object_id"]), failed.get(row["object_id"])))
            out.write("\n")
    temporary.replace(path)
    n_labeled = sum(row["object_id"] in labels for row in lines)
    return Exported(release, len(lines), n_labeled, sum(row["object_id"] in failed for row in lines))


class _Asking:
    """Statements over one release with the same parameters."""

    def __init__(self, reader: ReleaseReader, parameters: dict[str, str]) -> None:
        self._connection, self._parameters = reader.connection, parameters

    def __call__(self, statement: str) -> list[dict[str, Any]]:
        given = {name: value for name, value in self._parameters.items() if f"${name}" in statement}
        return list(self._connection.sql(statement, params=given).to_arrow_table().to_pylist())


def _job(ask: _Asking, name: str, made_at: str) -> _Job:
    found = ask(JOB)
    if not found:
        raise LakeError(f"The release has no job {name}.", hint='List them: annolake sql "select * from silver.job"')
    row = found[0]
    common = {"job-name": f"labeling-job/{name.lower()}", "human-annotated": "yes", "creation-date": made_at}
    return _Job(row["label_attribute"], row["task_type"], json.loads(row["labels"] or "{}").get("class", []), common)


def _labels(ask: _Asking, job: _Job) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Object -> value and metadata of its label."""
    if job.task_type.endswith("_classification"):
        return dict(_class_labels(ask(CLASSES), job))
    answered = [row["object_id"] for row in ask(ANSWERED)]
    if job.task_type.endswith("_segmentation") and job.task_type != "semantic_segmentation":
        return dict(_segment_labels(ask(SEGMENTS), answered, job))
    if job.task_type == "bounding_box":
        return dict(_box_labels(ask(FUSED_BOXES), ask(SIZES), answered, job))
    raise LakeError(
        f"Labels of a {job.task_type} job have no form in a manifest of ours.",
        hint="Classifications, segmentations of audio and video, and boxes do. Others: annolake export training",
    )


def _class_labels(rows: Iterable[dict[str, Any]], job: _Job) -> Iterator[tuple[str, tuple[Any, dict[str, Any]]]]:
    rows = list(rows)
    classes = job.classes or sorted({row["label"] for row in rows})
    index = {label: number for number, label in enumerate(classes)}
    kind = CLASS_TYPES.get(job.task_type, CUSTOM)
    for row in rows:
        about = {"class-name": row["label"], "confidence": row["confidence"], "type": kind}
        yield row["object_id"], (index.get(row["label"], len(classes)), about | job.common)


def _segment_labels(
    rows: Iterable[dict[str, Any]], answered: Iterable[str], job: _Job
) -> Iterator[tuple[str, tuple[Any, dict[str, Any]]]]:
    streams: dict[str, dict[str, list[dict[str, Any]]]] = {object_id: {} for object_id in answered}
    for row in rows:
        segment = {"id": row["label"], "start": row["start_s"], "end": row["end_s"], "text": ""}
        segment["confidence"] = row["confidence"]
        streams.setdefault(row["object_id"], {}).setdefault(row["layer"], []).append(segment)
    for object_id, layers in streams.items():
        answer = {"workerId": WORKER, "submissionTime": f"{job.common['creation-date'][:-3]}Z"}
        answer["rawContent"] = _dumps({"annotations": {"streams": layers}})
        yield object_id, ({ALL_WORKERS: [answer]}, {"type": CUSTOM} | job.common)


def _box_labels(
    rows: Iterable[dict[str, Any]], sizes: Iterable[dict[str, Any]], answered: Iterable[str], job: _Job
) -> Iterator[tuple[str, tuple[Any, dict[str, Any]]]]:
    rows = list(rows)
    classes = job.classes or sorted({row["label"] for row in rows})
    index = {label: number for number, label in enumerate(classes)}
    size = {row["object_id"]: row for row in sizes if row["width"] and row["height"]}
    found: dict[str, list[dict[str, Any]]] = {object_id: [] for object_id in answered}
    for row in rows:
        found.setdefault(row["object_id"], []).append(row)
    for object_id, boxes in found.items():
        picture = size.get(object_id)
        images = [{"width": picture["width"], "height": picture["height"], "depth": 3}] if picture else []
        drawn = [{"class_id": index[b["label"]]} | {side: b[f"{side}_px"] for side in SIDES} for b in boxes]
        used = {str(index[b["label"]]): b["label"] for b in boxes}
        about = {"objects": [{"confidence": b["confidence"]} for b in boxes], "class-map": used, "type": BOXES}
        yield object_id, ({"image_size": images, "annotations": drawn}, about | job.common)


def _line(text: str, attribute: str, label: tuple[Any, dict[str, Any]] | None, failed: dict[str, Any] | None) -> str:
    """The line as it came, with this label or failure in the place of what it says under the attribute."""
    if label is None and failed is None:
        return text
    own = (attribute, f"{attribute}-ref", f"{attribute}-metadata", f"{attribute}-ref-metadata")
    line = {key: value for key, value in json.loads(text).items() if key not in own}
    if label is not None:
        line |= {attribute: label[0], f"{attribute}-metadata": label[1]}
    else:
        line[f"{attribute}-metadata"] = failed
    return _dumps(line)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
