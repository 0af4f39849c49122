"""The botocore model as the rule book: its patterns compile, its limits are enforced, answers keep to it."""

from __future__ import annotations

from typing import Any

import pytest

from annolake.service.api import OPERATIONS
from annolake.service.faults import ApiFault
from annolake.service.model import check_request, check_response, compiled, service_model


def test_every_pattern_of_the_operations_compiles() -> None:
    seen: set[str] = set()
    patterns = 0

    def walk(shape: Any) -> None:
        nonlocal patterns
        if shape is None or shape.name in seen:
            return
        seen.add(shape.name)
        if "pattern" in shape.metadata:
            compiled(shape.metadata["pattern"])
            patterns += 1
        for child in getattr(shape, "members", {}).values():
            walk(child)
        walk(getattr(shape, "member", None))

    for name in OPERATIONS:
        operation = service_model().operation_model(name)
        walk(operation.input_shape)
        walk(operation.output_shape)
    assert patterns > 20


@pytest.mark.parametrize(
    ("tag", "is_allowed"), [("Stufe: 1 ü/ä", True), ("日本語", True), ("a*b", False), ("", False), ("x" * 129, False)]
)
def test_tag_keys(tag: str, is_allowed: bool) -> None:
    request = {"ResourceArn": "arn:aws:sagemaker:us-east-1:000000000000:x", "Tags": [{"Key": tag, "Value": ""}]}
    if is_allowed:
        assert check_request("AddTags", request) == request
    else:
        with pytest.raises(ApiFault, match=r"tags\.1\.member\.key"):
            check_request("AddTags", request)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(ApiFault) as caught:
        check_request("ListLabelingJobs", {"MaxResults": 0, "SortBy": "x", "Nope": 1, "NameContains": 5})
    assert caught.value.message.startswith("4 validation errors detected: ")
    for field in ("MaxResults", "SortBy", "Nope", "NameContains"):
        assert field in caught.value.message


def test_answer_outside_the_model_is_a_failure_of_the_service() -> None:
    with pytest.raises(ApiFault, match="LabelingJobArn") as caught:
        check_response("CreateLabelingJob", {})
    assert caught.value.status == 500
