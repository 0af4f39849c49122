"""Outputs that are written anew upstream: what they say now counts, also where they said it before."""

from __future__ import annotations

import json
import os
import random
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from annolake.lake.catalog import Lake, open_lake
from annolake.lake.land import LandReport, land_outputs
from annolake.lake.rewritten import hash_now
from tests.lake.conftest import shown
from tests.lake.jobs import START, Job, answer, segments
from tests.lake.test_land_inline import ROOT, Outputs, land, line, rows, track

SEEN = ("silver.consolidated", "silver.annotation", "silver.segment", "silver.assignment")
WHEN = {"landing_id", "landed_at", "observed_at", "submitted_at", "line_hash", "revision"}
"""What tells of the way to a state, and not of the state."""


def seen(lake: Lake) -> dict[str, list[str]]:
    """What readers see of a job's answers and labels."""
    with shown(lake, *SEEN) as connection:
        return {
            name: sorted(
                json.dumps({k: v for k, v in row.items() if k not in WHEN}, default=str, sort_keys=True)
                for row in connection.table(name).to_arrow_table().to_pylist()
            )
            for name in SEEN
        }


def said(number: int, letter: str) -> str:
    """A line whose label and whose answers, one with a time and one without, are told by a letter."""
    untimed = track("01", (letter, 0, 1 + "ABC".index(letter)), at=None)
    timed = track("02", *((letter, start, start + 1) for start in range(1 + "ABC".index(letter))))
    return line(number, {"tracks": [untimed, timed], "told": letter})


def write(outputs: Outputs, letters: str, minute: int, n_blank: int = 0) -> None:
    outputs.manifest(*[""] * n_blank, *(said(number, letter) for number, letter in enumerate(letters)))
    at = (START + timedelta(minutes=minute)).timestamp()
    os.utime(outputs.folder / ROOT / "manifests/output/output.manifest", (at, at))


def test_a_line_that_goes_back_to_what_it_said(lake: Lake, tmp_path: Path) -> None:
    outputs = Outputs(tmp_path / "buckets")
    told = []
    for minute, letters in enumerate(["A", "B", "A", "B", "A", "A"]):
        write(outputs, letters, minute)
        n_lines = land(lake, outputs).n_lines
        state = seen(lake)
        assert len(state["silver.annotation"]) == 2
        told.append((n_lines, json.loads(json.loads(state["silver.consolidated"][0])["value"])["told"]))
        assert all(f'"label": "{letters}"' in one for one in state["silver.segment"])
    assert told == [(1, "A"), (1, "B"), (1, "A"), (1, "B"), (1, "A"), (0, "A")]
    untimed, timed = (sorted(r for (r,) in rows(lake, "silver.annotation", "revision"))[at : at + 5] for at in (0, 5))
    assert untimed == [1, 2, 3, 4, 5] and timed == list(range(timed[0], timed[0] + 5))
    kept = [hash_.partition("@")[2] for (hash_,) in rows(lake, "bronze.manifest_line", "line_hash")]
    assert sorted(kept) == ["", "", "2", "3", "4"]


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 200))])
def test_after_any_way_there_readers_see_the_newest_version(
    make_settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Versions of any lines, some missed, some landed half before the landing is killed."""
    chance = random.Random(seed)
    outputs = Outputs(tmp_path / "buckets")
    real = Lake.commit
    letters = ["A"]
    with open_lake(make_settings(home=tmp_path / "restless")) as lake:
        for minute in range(8):
            letters = [chance.choice("ABC") for _ in letters] + [chance.choice("ABC")] * chance.randint(0, 1)
            n_blank = chance.choice([0, 0, 0, 1])
            write(outputs, "".join(letters), minute, n_blank)
            if chance.random() < 0.4:
                left = [chance.randint(0, 8)]

                def dying(self: Lake, *args: Any, left: list[int] = left) -> Any:
                    if left[0] == 0:
                        raise KeyboardInterrupt
                    left[0] -= 1
                    return real(self, *args)

                monkeypatch.setattr(Lake, "commit", dying)
                with suppress(KeyboardInterrupt):
                    land(lake, outputs)
                monkeypatch.setattr(Lake, "commit", real)
            elif chance.random() < 0.7:
                land(lake, outputs)
        assert land(lake, outputs).failed_checks == ()
        assert land(lake, outputs).n_sources == 0
        found = seen(lake)
    with open_lake(make_settings(home=tmp_path / "quiet")) as quiet:
        land(quiet, outputs)
        assert found == seen(quiet)


# -- behind S3, where the version of a content is its ETag whenever it was written ------------------------------------


class Clocked(Job):
    """A job whose outputs were written a minute after each other."""

    def at(self, minute: int) -> datetime:
        return START + timedelta(minutes=minute)

    def land(self, lake: Lake, minute: int) -> LandReport:
        for key in s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets["labeling"].keys.values():
            if key.last_modified.year != START.year:
                key.last_modified = self.at(minute).replace(tzinfo=None)
        return land_outputs(lake, self.s3, self.facts(), pseudonym_key="k")


def test_a_manifest_that_goes_back_behind_s3(lake: Lake, s3) -> None:
    job = Clocked(s3)
    told = []
    for minute, letter in enumerate("ABAAB"):
        job.put_manifest(job.line(0) | {"segments": {"told": letter}}, job.line(1))
        n_lines = job.land(lake, minute).n_lines
        told.append((n_lines, json.loads(json.loads(seen(lake)["silver.consolidated"][0])["value"])["told"]))
        assert job.land(lake, minute).n_sources == 0
    assert told == [(2, "A"), (1, "B"), (1, "A"), (0, "A"), (1, "B")]


def test_a_file_of_labels_that_goes_back_and_a_line_that_was_written_anew(lake: Lake, s3) -> None:
    job = Clocked(s3, "Video", "video_object_tracking", "track", {"class": ["Car"]})
    file = f"{job.root}/annotations/consolidated-annotation/output/0/SeqLabel.json"
    box = {"class-id": "0", "left": 1, "top": 1, "width": 5, "height": 5}

    def put(n_boxes: int) -> None:
        job.put(file, json.dumps({"tracking-annotations": [{"frame-no": "0", "annotations": [box] * n_boxes}]}))

    def put_line(note: str) -> None:
        about = {"class-map": {"0": "Car"}, "note": note}
        job.put_manifest(
            {"source-ref": "s3://x/0.json", "track-ref": f"s3://labeling/{file}", "track-ref-metadata": about}
        )

    def now(minute: int) -> tuple[int, str]:
        """How many boxes readers see, and the note beside them."""
        assert not job.land(lake, minute).faults
        assert job.land(lake, minute).n_sources == 0
        with shown(lake, "silver.consolidated", "silver.consolidated_box") as connection:
            (n_boxes,) = connection.sql("SELECT count(*) FROM silver.consolidated_box").fetchall()[0]
            (told,) = connection.sql("SELECT metadata FROM silver.consolidated").fetchall()
        return n_boxes, json.loads(told[0])["note"]

    put_line("first")
    put(1)
    assert now(0) == (1, "first")
    put(2)
    assert now(1) == (2, "first")
    put_line("second")
    assert now(2) == (2, "second")
    put(1)
    assert now(3) == (1, "second")
    put_line("first")
    put(2)
    assert now(4) == (2, "first")
    for minute, n_boxes in enumerate([3, 1, 3], 5):
        put(n_boxes)
        assert now(minute) == (n_boxes, "first")


def test_frames_that_go_back_behind_s3(lake: Lake, s3) -> None:
    job = Clocked(s3, "Video", "video_object_tracking", "track", {"class": ["Car"]})
    job.put_manifest({"source-ref": "s3://x/seq.json"})
    key = f"{job.root}/annotations/worker-response/iteration-1/0/{'a1' * 20}/1.jpg.json"
    box = {"label": "Car", "left": 1, "top": 2, "width": 30, "height": 20}
    for minute, n_boxes in enumerate([1, 2, 1, 2, 2]):
        frame = {"frameNumber": "1", "frame": "1.jpg", "boundingBoxes": [box] * n_boxes}
        job.put(key, json.dumps({"trackingAnnotations": frame}))
        job.land(lake, minute)
        newest = max(rows(lake, "silver.box", "revision"))
        assert rows(lake, "silver.box", "revision").count(newest) == n_boxes
        assert job.land(lake, minute).n_sources == 0


def test_what_was_written_anew_is_judged_by_its_newest_line_where_outputs_are_gone(lake: Lake, s3) -> None:
    """A late answer about an object of which only bronze knows two lines: its length is that of the newer one."""
    job = Clocked(s3)
    for minute, duration in enumerate([30.0, 5.0]):
        job.put_manifest(job.line(0, duration))
        job.land(lake, minute)
    s3.delete_object(Bucket="labeling", Key=f"{job.root}/manifests/output/output.manifest")
    job.put_response(0, answer("01", segments(("A", 0, 4), ("B", 4, 8))))
    assert job.land(lake, 2).quarantined == {"silver.segment ends_in_media": 1}
    assert rows(lake, "silver.segment", "label", "end_s") == [("A", 4.0)]


@pytest.mark.parametrize("seed", range(20))
def test_hashes_tell_apart_what_is_said_and_agree_on_what_is_said_now(seed: int) -> None:
    chance = random.Random(seed)
    kept: list[str] = []
    for _ in range(30):
        now = chance.choice("abcd")
        hash_ = hash_now(kept, now)
        assert hash_.partition("@")[0] == now
        if hash_ not in kept:
            kept.append(hash_)
        assert kept[-1] == hash_ == hash_now(kept, now), "the newest is what is said now, also when asked again"
