"""Semantic segmentation: pictures of several workers become a mask with Ground Truth's colour map."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annolake.service.png import decode, encode_indexed
from tests.service.lab import LAMBDA, TEAM, Lab

COLORS = {"a": "#2ca02c", "b": "#1f77b4"}
GREEN, BLUE, WHITE = (0x2C, 0xA0, 0x2C), (0x1F, 0x77, 0xB4), (255, 255, 255)


def painted(mask: np.ndarray, **more: Any) -> dict[str, Any]:
    """An answer whose picture has these classes: 0 nothing, 1 `a`, 2 `b`."""
    png = encode_indexed(mask.astype(np.uint8), [(0, 0, 0), GREEN, BLUE])
    height, width = mask.shape
    return {
        "crowd-semantic-segmentation": {
            "labeledImage": {"pngImageData": base64.b64encode(png).decode()},
            "labelMappings": {label: {"color": color} for label, color in COLORS.items()},
            "inputImageProperties": {"height": height, "width": width},
            **more,
        }
    }


def run(lab: Lab, name: str, kind: str, answers: list[Any], **audit: str) -> Any:
    """One image and its answers; an audit has a `line` and an `attribute` of its own."""
    lines = [audit["line"]] if audit else 1
    request = lab.request(name, lines, NumberOfHumanWorkersPerDataObject=len(answers))
    human = request["HumanTaskConfig"]
    human["PreHumanTaskLambdaArn"] = f"{LAMBDA}PRE-{kind}"
    human["AnnotationConsolidationConfig"] = {"AnnotationConsolidationLambdaArn": f"{LAMBDA}ACS-{kind}"}
    lab.sagemaker.create_labeling_job(**request | {"LabelAttributeName": audit.get("attribute", "mask-ref")})
    lab.wait(name, "InProgress")
    for worker, answer in zip(TEAM, answers, strict=False):
        with lab.annotator(worker) as annotator:
            assert annotator.answer(annotator.take(name), answer).status_code == 200
    lab.wait(name, "Completed")
    return lab.manifest(name)[0]


def test_one_workers_mask_is_the_label(lab: Lab, shared_data: Path) -> None:
    mask = np.zeros((6, 9), np.uint8)
    mask[1:3, 2:5], mask[4, 7] = 1, 2
    line = run(lab, "Masks", "SemanticSegmentation", [painted(mask)])
    uri, about = line["mask-ref"], line["mask-ref-metadata"]
    assert uri.startswith(lab.uri("output/Masks/annotations/consolidated-annotation/output/0_")) and uri[-4:] == ".png"
    assert uri[-30:-4] == about["creation-date"]
    png = lab.download(uri)
    assert png[25] == 3  # colours of a palette
    assert np.array_equal(decode(png), np.array([WHITE, GREEN, BLUE], np.uint8)[mask])
    manifest = shared_data / "ground_truth/semantic_segmentation_lookout/output.manifest"
    (real,) = map(json.loads, manifest.read_text().splitlines())
    theirs = real["S10-label3-ref-metadata"]
    assert about.keys() == theirs.keys() and about["type"] == theirs["type"]
    ours = about["internal-color-map"]
    assert ours["0"] == theirs["internal-color-map"]["0"]
    for number in ("1", "2", "3"):
        assert ours[number] == theirs["internal-color-map"][number] | {"class-name": "abc"[int(number) - 1]}


def test_several_masks_are_put_to_the_vote(lab: Lab) -> None:
    whole, half, none = np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8)
    whole[2:6, :], half[2:6, :4], none[0, 7] = 1, 1, 2
    line = run(lab, "vote", "SemanticSegmentation", [painted(whole), painted(half), painted(none)])
    assert np.array_equal(decode(lab.download(line["mask-ref"]))[..., 0], np.where(half, GREEN[0], 255))
    sure = {c["class-name"]: c["confidence"] for c in line["mask-ref-metadata"]["internal-color-map"].values()}
    assert sure["a"] == 0.67 and 0.7 < sure["BACKGROUND"] < 1 and sure["b"] == sure["c"] == 0


@pytest.mark.parametrize("picture", ["", "no base 64", base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()])
def test_a_picture_that_cannot_be_read_fails_its_object(lab: Lab, picture: str) -> None:
    answer = {"x": {"labeledImage": {"pngImageData": picture}, "labelMappings": {}}}
    line = run(lab, f"broken-{len(picture)}", "SemanticSegmentation", [answer])
    assert "mask-ref" not in line and "None of the answers" in line["mask-ref-metadata"]["failure-reason"]


def test_a_mask_cut_off_in_its_pixels_fails_its_object(lab: Lab) -> None:
    answer = painted(np.zeros((50, 50)))
    png = base64.b64decode(answer["crowd-semantic-segmentation"]["labeledImage"]["pngImageData"])
    answer["crowd-semantic-segmentation"]["labeledImage"]["pngImageData"] = base64.b64encode(png[:60]).decode()
    assert "mask-ref" not in run(lab, "cut", "SemanticSegmentation", [answer])


def test_verification_and_adjustment(lab: Lab) -> None:
    mask = np.eye(5, dtype=np.uint8)
    first = run(lab, "first", "SemanticSegmentation", [painted(mask)])
    said = {"crowd-image-classifier": {"label": "b", "workerComment": "too thin"}}
    checked = run(lab, "check", "VerificationSemanticSegmentation", [said], line=json.dumps(first), attribute="checked")
    assert checked["checked"] == 1 and checked["mask-ref"] == first["mask-ref"]
    assert checked["checked-metadata"]["worker-feedback"] == [{"comment": "too thin"}]
    for is_changed, status in ((False, "unadjusted"), (True, "adjusted")):
        answer = painted(mask, initialValueModified=is_changed)
        audit = {"line": json.dumps(first), "attribute": "right-ref"}
        line = run(lab, status, "AdjustmentSemanticSegmentation", [answer], **audit)
        assert line["right-ref-metadata"]["adjustment-status"] == status
        assert lab.download(line["right-ref"]) == lab.download(first["mask-ref"])
