"""Every real Ground Truth file: what plain JSON says of it is what its rows say; what is none has its reason."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from annolake.lake.catalog import Lake
from annolake.lake.land import land_outputs
from tests.conftest import SHARED_DATA
from tests.lake.conftest import shown
from tests.lake.jobs import Job, answer
from tests.lake.said import reasons, rows, silver_of
from transforms.ground_truth import Fault, content_hash, read_answers, read_label_file, read_line

FOLDER = SHARED_DATA / "ground_truth"
FILES = sorted(
    str(path.relative_to(FOLDER))
    for path in FOLDER.rglob("*")
    if path.is_file() and path.suffix != ".md" and not path.name.startswith("LICENSE")
)
MANIFESTS = {
    "bounding_box/sample_output.manifest": "category",
    "bounding_box_a2i/output-change.manifest": "pepperoni_pizza_BB",
    "bounding_box_textract_docs/augmentation-1.output.manifest": "augmentation-1",
    "custom_pdf_ner_comprehend_tests/output_with_expired_tasks_manifest.jsonl": "mock_job_name",
    "custom_pdf_ner_legal/output.manifest": "legal-entity-label-job-labeling-job-20220104T172242",
    "image_classification_linuxus/output.manifest": "lab1-labeling-job",
    "image_classification_linuxus/train.manifest": "lab#-labeling-job",
    "lookout_vision_defects/train_segmentation.manifest": "anomaly-mask",
    "semantic_segmentation_lookout/output.manifest": "S10-label3-ref",
}
"""Landed whole, through a store; the others by the readers and models alone."""
WITHIN = datetime(2026, 1, 8, 8)
"""When every object of the store was written, as far as it tells."""
CHILDREN = {
    "boxes": "silver.consolidated_box",
    "spans": "silver.consolidated_span",
    "classes": "silver.consolidated_class",
    "masks": "silver.consolidated_mask",
}


def expected(lines: list[dict[str, Any]], attribute: str) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of each kind by object, from plain JSON."""
    found: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in CHILDREN}
    for number, line in enumerate(lines):
        about = line.get(f"{attribute}-metadata") or line.get(f"{attribute}-ref-metadata") or {}
        said = line.get(attribute, line.get(f"{attribute}-ref"))
        names, where = about.get("class-map", {}), str(number)
        if "internal-color-map" in about:
            for n, color in about["internal-color-map"].items():
                row = (where, int(n), color["class-name"], color["hex-color"], color.get("confidence"), said)
                found["masks"].append(row)
        elif isinstance(said, dict) and isinstance(said.get("annotations"), list):
            for n, box in enumerate(said["annotations"]):
                sides = tuple(float(box[side]) for side in ("left", "top", "width", "height"))
                size = said["image_size"][0]
                confidence = about["objects"][n]["confidence"]
                row = (where, n, names[str(box["class_id"])], *sides, size["width"], size["height"], confidence)
                found["boxes"].append(row)
        elif isinstance(said, dict) and isinstance(said.get("annotations"), dict):
            for n, (span, its) in enumerate(zip(said["annotations"]["entities"], about["entities"], strict=True)):
                start, end = span["startOffset"], span["endOffset"]
                row = (where, n, span["label"], start, end, line["source"][start:end], its["confidence"])
                found["spans"].append(row)
        elif isinstance(said, list):
            found["classes"] += [(where, names[str(n)], n, about["confidence-map"][str(n)]) for n in said]
        elif said is not None and "class-name" in about:
            found["classes"].append((where, about["class-name"], int(said), about.get("confidence")))
    return {kind: sorted(some, key=repr) for kind, some in found.items()}


COLUMNS = {
    "boxes": ("object_id", "box_no", "label", "left_px", "top_px", "width_px", "height_px", "picture_width_px",
              "picture_height_px", "confidence"),
    "spans": ("object_id", "span_no", "label", "start_char", "end_char", "text", "confidence"),
    "classes": ("object_id", "label", "class_no", "confidence"),
    "masks": ("object_id", "class_no", "label", "hex_color", "confidence", "mask_uri"),
}  # fmt: skip


def outcome(line: dict[str, Any], attribute: str) -> str:
    about = line.get(f"{attribute}-metadata") or line.get(f"{attribute}-ref-metadata")
    if about and "failure-reason" in about:
        return "failed"
    return "labeled" if about and (attribute in line or f"{attribute}-ref" in line) else "unlabeled"


@pytest.mark.parametrize("name", MANIFESTS)
def test_every_line_lands(lake: Lake, s3, shared_data: Path, name: str) -> None:
    raw = (shared_data / "ground_truth" / name).read_bytes()
    lines = [json.loads(line) for line in raw.split(b"\n") if line.strip()]
    job = Job(s3, "Real", "custom", MANIFESTS[name], {})
    job.put(f"{job.root}/manifests/output/output.manifest", raw)
    report = land_outputs(lake, s3, job.facts(task_type="bounding_box"), pseudonym_key="k")
    assert (report.n_lines, report.faults, report.failed_checks) == (len(lines), (), ()) and lines
    kept = lake.scan("bronze.manifest_line").to_pylist()
    physical = raw.split(b"\n")
    assert all(json.loads(physical[row["line_no"] - 1]) == json.loads(row["line"]) for row in kept)
    found = lake.scan("silver.consolidated").to_pylist()
    assert Counter(r["outcome"] for r in found) == Counter(outcome(line, job.attribute) for line in lines)
    if "expired" in name:
        failures = [row["failure_reason"] for row in found if row["outcome"] == "failed"]
        assert failures and all(r.startswith("ClientError: Annotation tasks expired") for r in failures)
    wanted = expected(lines, job.attribute)
    for kind, table in CHILDREN.items():
        assert lake.scan(table, columns=COLUMNS[kind]).num_rows == len(wanted[kind])


def test_a_sequence_lands_also_after_its_line(lake: Lake, s3, shared_data: Path) -> None:
    sequence = (shared_data / "ground_truth/video_object_tracking/SeqLabel.json").read_bytes()
    job = Job(s3, "Real", "video_object_tracking", "track", {"class": ["Vehicle"]})
    file = f"{job.root}/annotations/consolidated-annotation/output/0/SeqLabel.json"
    about = {"class-map": {"2": "Vehicle"}, "type": "groundtruth/video-object-tracking"}
    line = {"source-ref": "s3://x/seq.json", "track-ref": f"s3://labeling/{file}", "track-ref-metadata": about}
    job.put_manifest(line)

    def land() -> Any:
        return land_outputs(lake, s3, job.facts(), pseudonym_key="k")

    def n_boxes() -> int:
        said = lake.scan("silver.consolidated", columns=["line_hash", "observed_at", "landed_at"]).to_pylist()
        current = max(said, key=lambda row: (row["observed_at"], row["landed_at"]))["line_hash"]
        return lake.scan("silver.consolidated_box", columns=["line_hash"])["line_hash"].to_pylist().count(current)

    land()
    job.put(file, b"{broken")
    assert "The label file is not JSON" in land().faults[0]
    assert n_boxes() == 0
    job.put(file, sequence)
    report = land()
    assert (report.n_lines, report.faults, report.failed_checks, n_boxes()) == (0, (), (), 890)
    assert land().n_sources == 0
    job.put_manifest(line | {"note": "rewritten"})  # the file is as it was
    assert land().n_lines == 1 and n_boxes() == 890
    frames = json.loads(sequence)["tracking-annotations"]
    job.put(file, json.dumps({"tracking-annotations": frames[:10]}))
    land()
    assert n_boxes() == sum(len(frame["annotations"]) for frame in frames[:10])


def test_a_longer_manifest_and_newer_label_files_within_a_second(lake: Lake, s3) -> None:
    job = Job(s3, "Real", "video_object_tracking", "track", {"class": ["Vehicle"]})
    box = {"class-id": "0", "left": 1, "top": 1, "width": 5, "height": 5}

    def put(object_id: int, n_boxes: int) -> None:
        sequence = {"tracking-annotations": [{"frame-no": "0", "annotations": [box] * n_boxes}]}
        key = f"{job.root}/annotations/consolidated-annotation/output/{object_id}/SeqLabel.json"
        job.put(key, json.dumps(sequence))

    def line(object_id: int) -> dict[str, Any]:
        about = {"class-map": {"0": "Vehicle"}}
        ref = f"s3://labeling/{object_id}/SeqLabel.json"
        return {"source-ref": f"s3://x/{object_id}.json", "track-ref": ref, "track-ref-metadata": about}

    def land() -> None:
        for key in s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets["labeling"].keys.values():
            key.last_modified = WITHIN
        assert not land_outputs(lake, s3, job.facts(), pseudonym_key="k").faults

    put(0, 1)
    job.put_manifest(line(0))
    land()
    put(0, 3)
    put(1, 5)
    job.put_manifest(line(0), line(1))
    land()
    assert current_boxes(lake) == {"0": 3, "1": 5}
    for n_boxes in (2, 6, 4):  # S3 tells whole seconds: of versions within one, that which landed last is the newest
        put(0, n_boxes)
        land()
        assert current_boxes(lake) == {"0": n_boxes, "1": 5}


def current_boxes(lake: Lake) -> dict[str, int]:
    """How many boxes readers see of each object."""
    with shown(lake, "silver.consolidated", "silver.consolidated_box") as connection:
        return dict(connection.sql("SELECT object_id, count(*) FROM silver.consolidated_box GROUP BY ALL").fetchall())


def test_no_file_is_forgotten() -> None:
    if not FILES:
        pytest.skip("no real data")
    assert len(FILES) > 50 and set(MANIFESTS) <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_rows_or_reasons(name: str) -> None:
    raw = (FOLDER / name).read_bytes()
    try:
        document = json.loads(raw)
    except ValueError:
        return lines_land(raw)
    if isinstance(document, dict) and "humanAnswers" in document:
        answers_land(raw, document["humanAnswers"])
    elif isinstance(document, dict) and ("tracking-annotations" in document or "detection-annotations" in document):
        assert read_label_file(raw, str) == raw.decode().strip()  # row by row in test_silver_boxes.py
    elif isinstance(document, dict) and ("source" in document or "source-ref" in document):
        lines_land(json.dumps(document).encode())  # published over several lines
    elif isinstance(document, list) and all("annotations" in entry for entry in document):
        payload_lands(document)
    else:  # an event of a function, a document's words: no label of a job
        for fault in (read_answers(raw)[1][0], read_label_file(raw, str), read_line(1, "0", raw.strip(), str)):
            assert isinstance(fault, Fault) and fault.code and len(fault.reason) > 20
    return None


def lines_land(raw: bytes) -> None:
    """Each line is a row of each kind that it holds in each attribute, or a fault with its number."""
    good: list[dict[str, Any]] = []
    for number, text in enumerate(raw.split(b"\n"), start=1):
        if not text.strip():
            continue
        read = read_line(number, str(len(good)), text, str)
        assert read.line_no == number
        if isinstance(read, Fault):
            with pytest.raises((ValueError, TypeError, KeyError)):
                assert {"source", "source-ref"} & set(json.loads(text)) or json.loads(text)[""]
            assert f"Line {number}" in read.reason
            continue
        assert json.loads(read.text) == json.loads(text) and read.hash == content_hash(text.strip())
        good.append(json.loads(text))
    attributes = {key.removesuffix("-metadata") for line in good for key in line if key.endswith("-metadata")}
    for attribute in sorted(attributes or {"none"}):
        found = silver_of(lines=good, attribute=attribute)
        assert reasons(found) == set()
        outcomes = [row["outcome"] for row in rows(found, "silver.consolidated", "outcome")]
        assert Counter(outcomes) == Counter(outcome(line, attribute) for line in good)
        for kind, wanted in expected(good, attribute).items():
            got = sorted((tuple(r.values()) for r in rows(found, CHILDREN[kind], *COLUMNS[kind])), key=repr)
            assert got == wanted


def answers_land(raw: bytes, human: list[dict[str, Any]]) -> None:
    read, faults = read_answers(raw)
    assert (len(read), faults) == (len(human), []) and human
    found = silver_of(answers=[(0, one.backend_worker_id, one.content) for one in read])
    assert len(rows(found, "silver.annotation")) == len(human) and reasons(found) == set()
    given = [one["answerContent"].get("category", {}) for one in human]
    wanted = [x for said in given for x in (said.get("labels") or [said["label"]] if said else [])]
    assert [r["label"] for r in rows(found, "silver.classification", "label")] == wanted


def payload_lands(document: list[dict[str, Any]]) -> None:
    """The answers in a request to consolidate are those of worker-response files, without their times."""
    said = [
        (int(entry["datasetObjectId"]), one["workerId"], json.loads(one["annotationData"]["content"]))
        for entry in document
        for one in entry["annotations"]
        if "content" in one["annotationData"]
    ]
    _, faults = read_answers(
        json.dumps({"answers": [answer("1", c) | {"submissionTime": None} for *_, c in said]}).encode()
    )
    assert {fault.code for fault in faults} == {"no_submission_time"}
    found = silver_of(answers=said)
    assert reasons(found) == set() and len(rows(found, "silver.annotation")) == len(said) > 0
    for table, key in {"silver.box": "boundingBoxes", "silver.text_span": "entities"}.items():
        wanted = [
            x
            for *_, content in said
            for value in content.values()
            if isinstance(value, dict)
            for x in value.get(key, [])
        ]
        assert sorted(r["label"] for r in rows(found, table, "label")) == sorted(x["label"] for x in wanted)
