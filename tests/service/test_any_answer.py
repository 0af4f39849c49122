"""Whatever a browser sends as an answer is read or left out; nothing of it keeps a job from its outputs."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annolake.service.consolidation import ALL, FILES, consolidate, frame_responses, label_file, read_answer

LABELS = ["car", "bus"]
KEYS = (
    "frames", "frameNumber", "frame", "boundingBoxes", "polygons", "polylines", "keypoints", "frameAttributes", "label",
    "labelCategoryAttributes", "vertices", "left", "top", "width", "height", "x", "y", "objectId", "objectName",
    "initialValueModified", "labeledImage", "pngImageData", "labelMappings", "color", "labels", "entities",
    "startOffset", "endOffset", "inputImageProperties", "workerComment",
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 900), st.just(10**400), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([*LABELS, "", "iVBORw0KGgo=", "#2ca02c", "a/b\0"]),
)  # fmt: skip


def lists_and_objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=9)


VALUES = st.recursive(LEAVES, lists_and_objects, max_leaves=25)
SHAPES = st.fixed_dictionaries(
    {"label": st.sampled_from([*LABELS, "tram"])},
    optional=dict.fromkeys(("left", "top", "width", "height", "x", "y", "objectId", "objectName"), LEAVES)
    | {"vertices": VALUES, "labelCategoryAttributes": VALUES},
)
FRAMES = st.fixed_dictionaries(
    {"frameNumber": st.integers(0, 3), "frame": st.sampled_from(["a.jpg", "../b"])},
    optional={name: st.lists(SHAPES, max_size=3) for name in ("boundingBoxes", "polygons", "polylines", "keypoints")},
)
ANSWERS = VALUES | st.fixed_dictionaries({"frames": st.lists(FRAMES, max_size=3)})


@pytest.mark.parametrize("kind", sorted(ALL))
@given(answers=st.lists(ANSWERS, min_size=1, max_size=3))
def test_any_answer_is_read_or_left(kind: str, answers: list[Any]) -> None:
    rows = [
        SimpleNamespace(object_no=0, subject=str(n), answer=json.dumps({"said": value}))
        for n, value in enumerate(answers)
    ]
    usable = [row for row in rows if read_answer(kind, row.answer, LABELS) is not None]
    labels = consolidate(kind, LABELS, rows)
    assert set(labels) == ({0} if usable else set())
    json.dumps([label.about for label in labels.values()], allow_nan=False)
    if kind in FILES and usable:
        assert label_file(kind, LABELS, rows)
    if kind in ("detections", "tracks"):
        for row in rows:
            files = dict(frame_responses(kind, LABELS, row.answer, {1: "a.jpg", 2: "x/y.jpg"}))
            assert files and set(files) <= {"a.jpg.json", "x_y.jpg.json"}
