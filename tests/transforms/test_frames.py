"""Worker responses of video frames, put together."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from transforms.frames import folder_of_frame, join_frames
from transforms.ground_truth import read_label_file

FOLDER = "s3://b/job/annotations/worker-response/iteration-2/3/2ae5f0"


def frame(number: Any, **more: Any) -> dict[str, Any]:
    return {"trackingAnnotations": {"frameNumber": number, "frame": f"{number}.jpg", "boundingBoxes": [], **more}}


def test_frames_are_one_answer_in_their_order() -> None:
    files = {
        "10.json": frame("10"),
        "9.json": {"answers": [{"answerContent": frame(9), "workerId": "w"}]},
        "x.json": frame("last"),
        "detected.json": {"detectionAnnotations": {"frameNumber": 0}},
        "bad.json": {"boundingBoxes": []},
        "two.json": {"answers": [{}, {}]},
    }
    content, faults = join_frames((f"{FOLDER}/{name}", json.dumps(said).encode()) for name, said in files.items())
    assert content is not None
    said = json.loads(content)
    assert [one["frameNumber"] for one in said["trackingAnnotations"]] == [9, "10", "last"]
    assert said["detectionAnnotations"] == [{"frameNumber": 0}]
    assert set(faults) == {f"{FOLDER}/bad.json", f"{FOLDER}/two.json"}
    assert all("trackingAnnotations or detectionAnnotations" in fault.reason for fault in faults.values())


def test_nothing_usable_is_no_answer() -> None:
    assert join_frames([]) == (None, {})
    content, faults = join_frames([(f"{FOLDER}/1.json", b"{"), (f"{FOLDER}/2.json", b"")])
    assert content is None and len(faults) == 2


@given(st.permutations([frame(n) for n in range(5)]))
def test_the_order_of_the_files_says_nothing(some: list[dict[str, Any]]) -> None:
    def joined(said: list[dict[str, Any]]) -> str | None:
        return join_frames((f"{FOLDER}/{n}.json", json.dumps(one).encode()) for n, one in enumerate(said))[0]

    assert joined(some) == joined([frame(n) for n in range(5)])


@given(st.binary(max_size=40))
def test_any_bytes(raw: bytes) -> None:
    content, faults = join_frames([(f"{FOLDER}/1.json", raw)])
    assert (content is None) == bool(faults)


def test_folders() -> None:
    assert folder_of_frame(f"{FOLDER}/7.jpg.json") == (FOLDER, "3", "2ae5f0")
    assert folder_of_frame("s3://b/job/annotations/worker-response/iteration-2/3/2020.json") is None
    assert folder_of_frame("s3://b/job/annotations/consolidated-annotation/output/0/SeqLabel.json") is None


def test_a_label_file_names_nobody() -> None:
    said = {"tracking-annotations": [], "by": [{"workerId": "private.x.1", "workerMetadata": {"sub": "s"}}]}
    text = read_label_file(json.dumps(said).encode(), lambda worker: f"w_{len(worker)}")
    assert text == '{"tracking-annotations":[],"by":[{"workerId":"w_11"}]}'
