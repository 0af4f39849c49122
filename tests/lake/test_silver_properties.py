"""Round trips: label JSON -> rows -> label JSON; and whatever JSON stands in a line or answer, rows or reasons come."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.lake import label_json
from tests.lake.said import rows, silver_of
from transforms.ground_truth import Fault, read_answers, read_label_file, read_line
from transforms.schemas import TABLES

few = hypothesis_settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example is many rows; a smaller one takes minutes
)
LABELS = ["Car", "Zug", "Людина", 'a "b"', "/~x"]
SIZE = {"width": 1000, "height": 800}

text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6)
number = st.one_of(st.integers(0, 300), st.floats(0, 300, allow_nan=False).map(lambda x: round(x, 3)))
length = st.integers(1, 400)
label = st.sampled_from(LABELS)
class_no = st.integers(0, len(LABELS) - 1)
confidence = st.integers(0, 100).map(lambda n: n / 100)
more = st.dictionaries(
    st.sampled_from(["occluded", "note"]), st.one_of(text, st.integers(0, 9), st.booleans()), max_size=2
)
sides = st.fixed_dictionaries({"left": number, "top": number, "width": length, "height": length})
point = st.fixed_dictionaries({"x": number, "y": number})


def vertices(least: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(point, min_size=least, max_size=5)


def parts(*strategies: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*strategies).map(lambda found: {k: v for part in found for k, v in part.items()})


def with_label(*strategies: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(parts(st.fixed_dictionaries({"label": label}), *strategies, more), min_size=1, max_size=4)


def shaped(least: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"vertices": vertices(least)})


drawings = st.fixed_dictionaries(
    {"inputImageProperties": st.just(SIZE), "boundingBoxes": with_label(sides)},
    optional={
        "polygons": with_label(shaped(3)), "polylines": with_label(shaped(2)), "lines": with_label(shaped(2)),
        "keypoints": with_label(point),
    },
)  # fmt: skip


@few
@given(st.lists(drawings, min_size=1, max_size=6))
def test_drawings_of_workers(drawn: list[dict[str, Any]]) -> None:
    found = silver_of(answers=[(n, "w_1", {"crowd-x": one}) for n, one in enumerate(drawn)], labels={"class": LABELS})
    boxes, shapes = rows(found, "silver.box"), rows(found, "silver.shape")
    for n, one in enumerate(drawn):
        mine = [[r for r in some if r["object_id"] == str(n)] for some in (boxes, shapes)]
        assert label_json.drawing(*mine) == one


image = st.lists(st.tuples(class_no, sides, confidence, more), min_size=1, max_size=5)


@few
@given(st.lists(image, min_size=1, max_size=6))
def test_boxes_of_lines(images: list[list[tuple[int, dict[str, Any], float, dict[str, Any]]]]) -> None:
    lines = []
    for boxes in images:
        said = {"image_size": [SIZE], "annotations": [{"class_id": c, **s, **m} for c, s, _, m in boxes]}
        names = {str(c): LABELS[c] for c, *_ in boxes}
        about = {"class-map": names, "objects": [{"confidence": k} for *_, k, _ in boxes]}
        lines.append({"source-ref": "s3://x", "said": said, "said-metadata": about})
    found = rows(silver_of(lines=lines), "silver.consolidated_box")
    for n, line in enumerate(lines):
        mine = [r for r in found if r["object_id"] == str(n)]
        assert label_json.image_boxes(mine) == (line["said"], line["said-metadata"])


tracked = st.fixed_dictionaries({"class-id": class_no.map(str)}, optional={"object-id": text, "object-name": text})
frame = st.fixed_dictionaries(
    {"frame": text},
    optional={
        "annotations": st.lists(parts(tracked, sides, more), min_size=1, max_size=4),
        "polygons": st.lists(parts(tracked, shaped(3), more), min_size=1, max_size=3),
        "polylines": st.lists(parts(tracked, shaped(2), more), min_size=1, max_size=3),
        "keypoints": st.lists(parts(tracked, point, more), min_size=1, max_size=3),
        "frame-attributes": st.dictionaries(st.sampled_from(["rain", "night"]), text, min_size=1),
    },
)


@few
@given(st.lists(frame, max_size=8), st.integers(0, 500))
def test_sequences(frames: list[dict[str, Any]], first: int) -> None:
    listed = [{"frame-no": str(first + 3 * n), **one} for n, one in enumerate(frames)]
    about = {"class-map": {str(n): name for n, name in enumerate(LABELS)}}
    line = {"source-ref": "s3://x", "said-ref": "s3://x/0/SeqLabel.json", "said-ref-metadata": about}
    found = silver_of(lines=[line], files={0: {"tracking-annotations": listed}})
    its = [rows(found, f"silver.consolidated_{kind}") for kind in ("frame", "box", "shape")]
    assert label_json.sequence(*its) == {"tracking-annotations": listed}


@few
@given(st.lists(st.tuples(st.text(min_size=2, max_size=30), label, more, st.data()), min_size=1, max_size=8))
def test_spans(texts: list[tuple[str, str, dict[str, Any], Any]]) -> None:
    lines, answers, media = [], [], {}
    for n, (raw, name, keys, data) in enumerate(texts):
        words = raw.encode("utf-8", "replace").decode().replace("\x00", "?")
        start = data.draw(st.integers(0, len(words) - 1))
        span = {"label": name, "startOffset": start, "endOffset": data.draw(st.integers(start + 1, len(words))), **keys}
        said = {"annotations": {"labels": [{"label": x} for x in LABELS], "entities": [span]}}
        lines.append({"source": words, "said": said, "said-metadata": {"entities": [{"confidence": 0.5}]}})
        answers.append((n, "w_1", {"crowd-entity-annotation": {"entities": [span]}}))
        media[n] = {"source_text": words}
    found = silver_of(lines=lines, answers=answers, labels={"class": LABELS}, media=media)
    for table in ("silver.text_span", "silver.consolidated_span"):
        by_object = {int(r["object_id"]): r for r in rows(found, table)}
        for n, line in enumerate(lines):
            span = line["said"]["annotations"]["entities"][0]
            assert label_json.entities([by_object[n]]) == [span]
            assert by_object[n]["text"] == line["source"][span["startOffset"] : span["endOffset"]]


@few
@given(st.lists(st.dictionaries(class_no, confidence, min_size=1), min_size=1, max_size=8))
def test_classes_and_masks(given_classes: list[dict[int, float]]) -> None:
    lines: list[dict[str, Any]] = []
    for classes in given_classes:
        names = {str(n): LABELS[n] for n in classes}
        about = {"class-map": names, "confidence-map": {str(n): c for n, c in classes.items()}}
        lines.append({"source-ref": "s3://x", "said": list(classes), "said-metadata": about})
        colors = {
            str(n): {"class-name": LABELS[n], "hex-color": "#0a0b0c", "confidence": c} for n, c in classes.items()
        }
        lines.append(
            {"source-ref": "x", "said-ref": "s3://x/0.png", "said-ref-metadata": {"internal-color-map": colors}}
        )
    found = silver_of(lines=lines)
    classes, masks = rows(found, "silver.consolidated_class"), rows(found, "silver.consolidated_mask")
    for n, line in enumerate(lines):
        mine = [r for r in (masks if n % 2 else classes) if r["object_id"] == str(n)]
        if n % 2:
            assert label_json.color_map(mine) == (line["said-ref"], line["said-ref-metadata"])
        else:
            value, about = label_json.several_classes(mine)
            assert (sorted(value), about) == (sorted(line["said"]), line["said-metadata"])


KEYS = [
    "annotations", "boundingBoxes", "polygons", "keypoints", "entities", "labels", "label", "class_id", "class-id",
    "left", "top",
    "width", "height", "image_size", "vertices", "x", "y", "startOffset", "endOffset", "class-map", "class-name",
    "confidence-map", "confidence", "objects", "internal-color-map", "hex-color", "frame-no", "frame", "frameNumber",
    "worker-feedback", "failure-reason", "creation-date", "human-annotated", "0", "1", "streams",
]  # fmt: skip
scalar = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), text,
    st.sampled_from(["0", "1", "NaN", "Infinity", "-inf", "{", "{}", '{"label":1}', "a/b~c", "%", "2020-01-01"]),
)  # fmt: skip
anything = st.recursive(
    scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), text), inner, max_size=6),
    ),
    max_leaves=25,
)
documents = st.lists(anything, min_size=10, max_size=40)
TASKS = ["custom", "bounding_box", "image_classification", "named_entity_recognition", "audio_segmentation"]


@few
@given(documents, documents, st.data())
def test_whatever_a_line_says_is_rows_or_reasons(said: list[Any], about: list[Any], data: Any) -> None:
    keys = data.draw(st.sampled_from([("said", "said-metadata"), ("said-ref", "said-ref-metadata")]))
    lines = [
        {"source": "x", **dict(zip(keys, both, strict=True))} for both in zip(said, about, strict=False)
    ]  # fmt: skip
    for line in lines:
        read = read_line(1, "0", json.dumps(line).encode(), str)
        assert isinstance(read, Fault) or json.loads(read.text) == line
    found = silver_of(lines=lines, files={0: said[0], 1: {"tracking-annotations": said}})
    n_said = len(rows(found, "silver.consolidated")) + sum(
        1 for key in {r["row_key"] for r in found.quarantined.to_pylist() if r["table_name"] == "silver.consolidated"}
    )
    assert n_said == len(lines)
    assert all(table.schema.names == TABLES[name].arrow.names for name, table in found.rows.items())


@few
@given(documents, st.sampled_from(TASKS), st.sampled_from([{}, {"class": ["a"]}, {"label": ["x"], "0": ["y"]}]))
def test_whatever_an_answer_says_is_rows_or_reasons(said: list[Any], task_type: str, labels: Any) -> None:
    contents = [one if isinstance(one, dict) else {"crowd-x": one, "annotations": one} for one in said]
    raw = json.dumps({"answers": [{"answerContent": c, "workerId": "w", "submissionTime": "2020-01-01"} for c in said]})
    read, faults = read_answers(raw.encode())
    assert len(read) + len(faults) == len(said)
    answers = [(n, "w_1", content) for n, content in enumerate(contents)]
    found = silver_of(answers=answers, task_type=task_type, labels=labels)
    rejected = {r["row_key"] for r in found.quarantined.to_pylist() if r["table_name"] == "silver.annotation"}
    assert len(rows(found, "silver.annotation")) + len(rejected) == len(answers)


@given(st.one_of(st.binary(max_size=60), anything.map(lambda said: json.dumps(said).encode())))
def test_whatever_a_file_holds_is_read_or_has_a_reason(raw: bytes) -> None:
    for read in (read_label_file(raw, str), read_line(7, "0", raw, str)):
        assert not isinstance(read, Fault) or (read.code and read.reason.endswith("."))
    good, faults = read_answers(raw)
    assert good or faults or json.loads(raw).get("answers") == [] or json.loads(raw).get("humanAnswers") == []
