"""The samples are decoded again: what the truth says must be seen and heard in them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest
from blake3 import blake3

from annolake.demo.clips import CLASSES
from annolake.demo.samples import _labels, make_samples, truth_path
from annolake.demo.truth import SPEAKERS, Truth
from annolake.errors import AnnolakeError
from annolake.media.probe import probe

Samples = tuple[Path, Truth]


def decoded(path: Path) -> tuple[np.ndarray, int]:
    with av.open(str(path)) as found:
        frames = list(found.decode(audio=0))
        rate = frames[0].sample_rate
        kind = np.iinfo(frames[0].to_ndarray().dtype) if frames[0].format.name.startswith("s") else None
        samples = np.concatenate([f.to_ndarray().mean(axis=0) for f in frames])
        return samples / (-kind.min if kind else 1), rate


def test_truth_stands_apart_and_names_the_content(samples: Samples) -> None:
    folder, truth = samples
    assert truth.path == truth_path(folder) and folder not in truth.path.parents
    assert Truth.load(truth.path) == truth
    assert {p.name for p in folder.iterdir()} == {i.name for i in truth.items}
    for item in truth.items:
        assert item.asset_id == blake3((folder / item.name).read_bytes()).hexdigest()[:32]
        assert truth.find(item.asset_id) is item
    assert truth.find("0" * 32) is None


def test_every_sample_is_good_media(samples: Samples) -> None:
    folder, truth = samples
    found = {item.name: probe(folder / item.name) for item in truth.items}
    for item in truth.items:
        one = found[item.name]
        assert one.duration_s == pytest.approx(item.duration_s, abs=0.05), item.name
        assert one.media_type == ("audio" if item.kind == "dialogue" else "video")
        if item.kind == "clip":
            assert (one.video_codec, one.audio_codec, one.width_px, one.height_px) == ("h264", "aac", 320, 180)
            assert 4 <= item.duration_s <= 6
    assert {found[i.name].audio_codec for i in truth.dialogues} == {"pcm_s16le", "flac", "aac"}


def test_dialogues_are_dialogues(samples: Samples) -> None:
    _, truth = samples
    assert truth.dialogues
    for item in truth.dialogues:
        assert 20 <= item.duration_s <= 60
        assert len(item.turns) >= 4 and {t.speaker for t in item.turns} == set(SPEAKERS)
        assert item.turns[0].speaker == "Speaker A" and item.turns[0].start_s >= 0.5
        assert item.duration_s - item.turns[-1].end_s >= 0.99  # room for an annotator who is late
        for a, b in zip(item.turns, item.turns[1:], strict=False):
            assert b.start_s - a.end_s >= 0.19
        assert all(t.end_s - t.start_s > 0.4 and t.text for t in item.turns)
        assert set(item.answers) == {
            "speechNonSpeech", "backgroundNoise", "speakerGender", "environmentalSounds", "rate",
        }  # fmt: skip


def test_turns_are_where_the_sound_is(samples: Samples) -> None:
    """Energy inside the turns is far above energy between them, and rises and falls at their boundaries."""
    folder, truth = samples
    for item in truth.dialogues:
        sound, rate = decoded(folder / item.name)
        step = rate // 100
        level = np.sqrt((sound[: len(sound) // step * step].reshape(-1, step) ** 2).mean(axis=1))
        t = (np.arange(len(level)) + 0.5) / 100
        inside = np.zeros(len(level), bool)
        for turn in item.turns:
            inside |= (t > turn.start_s) & (t < turn.end_s)
        between = np.median(level[~inside])
        assert np.median(level[inside]) > 4 * between, item.name
        clear = 4 * between
        for turn in item.turns:
            assert level[(t >= turn.start_s) & (t <= turn.start_s + 0.25)].max() > clear, (item.name, turn)
            assert level[(t >= turn.end_s - 0.2) & (t <= turn.end_s)].max() > clear, (item.name, turn)


def test_clips_of_a_class_look_alike_and_move(samples: Samples) -> None:
    folder, truth = samples
    assert {i.label for i in truth.clips} == set(truth.classes) == set(CLASSES)
    for item in truth.clips:
        with av.open(str(folder / item.name)) as found:
            frames = [f.to_ndarray(format="rgb24").astype(int) for f in found.decode(video=0)]
        assert len(frames) == round(item.duration_s * 20)
        assert np.abs(frames[5] - frames[0]).max() > 60, item.name
        sound, _ = decoded(folder / item.name)
        assert np.abs(sound).max() > 0.05, item.name


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    """In another process, whose memory looks different."""
    make_samples(tmp_path / "a", 7, dialogues=3, clips=3)
    code = "import pathlib, sys; from annolake.demo.samples import *; make_samples(pathlib.Path(sys.argv[1]), 7, 3, 3)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "b")], check=True)
    names = [p.name for p in sorted((tmp_path / "a").iterdir())]
    assert len(names) == 6
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert truth_path(tmp_path / "a").read_bytes() == truth_path(tmp_path / "b").read_bytes()


def test_another_seed_gives_other_files_and_leaves_none_of_the_first(tmp_path: Path) -> None:
    first = make_samples(tmp_path / "a", 1, dialogues=2, clips=1)
    second = make_samples(tmp_path / "a", 2, dialogues=1, clips=1)
    assert not {i.asset_id for i in first.items} & {i.asset_id for i in second.items}
    assert first.dialogues[0].turns != second.dialogues[0].turns
    assert {p.name for p in (tmp_path / "a").iterdir()} == {i.name for i in second.items}


@pytest.mark.parametrize("n", [0, 1, 4, 8, 10])
def test_classes_are_balanced(n: int) -> None:
    counts = Counter(_labels(n, np.random.default_rng(3)))
    assert sum(counts.values()) == n and set(counts) <= set(CLASSES)
    assert not n or max(counts.values()) - min(counts.get(c, 0) for c in CLASSES) <= 1


def test_without_espeak_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "espeakng_loader.py").write_text("raise ImportError('No module named espeakng_loader')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(AnnolakeError, match="pip install espeakng-loader"):
        make_samples(tmp_path / "a", 1, dialogues=1, clips=0)
