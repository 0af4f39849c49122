"""Output manifests that Ground Truth wrote: every line lands, or says why not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from annolake.lake.catalog import Lake
from annolake.lake.land import land_outputs
from tests.lake.jobs import Job

MANIFESTS = {
    "bounding_box/sample_output.manifest": "category",
    "bounding_box_a2i/output-change.manifest": "pepperoni_pizza_BB",
    "bounding_box_textract_docs/augmentation-1.output.manifest": "augmentation-1",
    "bounding_box_textract_docs/augmentation-2.output.manifest": "augmentation-2",
    "custom_pdf_ner_comprehend_tests/sample_output_manifest.jsonl": None,
    "custom_pdf_ner_comprehend_tests/output_with_expired_tasks_manifest.jsonl": None,
    "custom_pdf_ner_legal/output.manifest": "legal-entity-label-job-labeling-job-20220104T172242",
    "image_classification_linuxus/output.manifest": "lab1-labeling-job",
    "image_classification_linuxus/train.manifest": "lab#-labeling-job",
    "image_classification_mammography/output.manifest": "mammography-views",
    "lookout_vision_defects/cookie_template.manifest": "anomaly-label",
    "lookout_vision_defects/train_class.manifest": "anomaly-label",
    "lookout_vision_defects/train_segmentation.manifest": "anomaly-mask",
    "semantic_segmentation_lookout/output.manifest": "S10-label3-ref",
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_every_line_lands(lake: Lake, s3, shared_data: Path, name: str) -> None:
    raw = (shared_data / "ground_truth" / name).read_bytes()
    lines = [line for line in raw.split(b"\n") if line.strip()]
    attribute = MANIFESTS[name] or next(k for k in json.loads(lines[0]) if (k.endswith("-metadata") and "failure" in str(json.loads(lines[0])[k])) or (f"{k}-metadata" in json.loads(lines[0]) and "type" in json.loads(lines[0])[f"{k}-metadata"])).removesuffix("-metadata")  # fmt: skip  # noqa: E501
    job = Job(s3, "Real", "custom", attribute, {})
    job.put(f"{job.root}/manifests/output/output.manifest", raw)
    report = land_outputs(lake, s3, job.facts(task_type="bounding_box"), pseudonym_key="k")
    found = lake.scan("silver.consolidated").to_pylist()
    assert report.n_lines + len(report.faults) == len(lines) > 0
    kept = lake.scan("bronze.manifest_line").to_pylist()
    physical = raw.split(b"\n")
    assert all(json.loads(physical[row["line_no"] - 1]) == json.loads(row["line"]) for row in kept)
    outcomes = Counter(row["outcome"] for row in found)
    assert set(outcomes) <= {"labeled", "failed"} and len(found) == report.n_lines
    if "expired" in name:
        reasons = [row["failure_reason"] for row in found if row["outcome"] == "failed"]
        assert reasons and all(r.startswith("ClientError: Annotation tasks expired") for r in reasons)
    if "classification" in name or "train_class" in name:
        assert all(row["label"] and row["value"].isdigit() for row in found)
        assert all(row["confidence"] is None or 0 <= row["confidence"] <= 1 for row in found)
    assert report.failed_checks == ()
