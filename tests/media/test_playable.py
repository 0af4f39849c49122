"""The copy that browsers play: what gets one, and that its clock is the original's."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from annolake.errors import MediaError
from annolake.media.encode import CopyPlan, copy_size, write_copy
from annolake.media.playable import PICTURE, SOUND, copy_extension, plays
from annolake.media.probe import Limits, Probe, Prober, probe

from .samples import FLASH_S, click_file, first_loud, flash_file, stepped_ts

SOUND_PROBE = Probe("audio", 1.0, "wav", ".wav", "pcm_s16le", sample_rate_hz=16_000, channels=1)
VIDEO_PROBE = Probe("video", 1.0, "mp4", ".mp4", video_codec="h264", width_px=64, height_px=64, fps=25)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (SOUND_PROBE, True),
        (replace(SOUND_PROBE, audio_codec="pcm_s24le"), True),
        (replace(SOUND_PROBE, audio_codec="pcm_f64le"), False),
        (replace(SOUND_PROBE, sample_rate_hz=2_000), False),
        (replace(SOUND_PROBE, channels=16), False),
        (replace(SOUND_PROBE, container="aiff", audio_codec="pcm_s16be"), False),
        (replace(SOUND_PROBE, container="mp4", audio_codec="aac", audio_profile="LC"), True),
        (replace(SOUND_PROBE, container="mp4", audio_codec="aac", audio_profile="xHE-AAC"), False),
        (replace(SOUND_PROBE, container="mp3", audio_codec="mp3float"), True),
        (VIDEO_PROBE, True),
        (replace(VIDEO_PROBE, video_codec="hevc"), False),
        (replace(VIDEO_PROBE, container="avi"), False),
        (replace(VIDEO_PROBE, container="matroska"), True),
        (replace(VIDEO_PROBE, container="mov", video_codec="prores"), False),
        (replace(VIDEO_PROBE, audio_codec="aac", sample_rate_hz=48_000, channels=2), True),
        (replace(VIDEO_PROBE, audio_codec="ac3", sample_rate_hz=48_000, channels=2), False),  # it would play silently
    ],
)
def test_what_plays_as_it_is(found: Probe, wanted: bool) -> None:
    assert plays(found) is wanted


def test_tables_name_containers_that_the_probe_names() -> None:
    assert set(PICTURE) <= set(SOUND)
    assert copy_extension(SOUND_PROBE) == ".m4a" and copy_extension(VIDEO_PROBE) == ".mp4"


@pytest.mark.parametrize(
    ("size", "wanted"), [((1920, 1080), (1280, 720)), ((640, 360), (640, 360)), ((1081, 1921), (1080, 1920))]
)
def test_size_of_the_copy(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert copy_size(*size) == wanted


def copy_of(path: Path, to: Path) -> Probe:
    """Make the copy as ingest does; what the copy is."""
    with Prober(1) as prober:
        prober.copy(path, prober.probe(path), to)
        return prober.probe(to)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.aiff", "pcm_s16be", 44_100, "mono"),
        ("a.aiff", "pcm_s24be", 96_000, "stereo"),
        ("a.au", "pcm_s16be", 8_000, "mono"),
        ("a.w64", "pcm_s16le", 11_025, "stereo"),
        ("a.wav", "pcm_f64le", 16_000, "mono"),
        ("a.aiff", "pcm_s16be", 48_000, "5.1"),
    ],
)
def test_a_click_stays_where_it_is(tmp_path: Path, name: str, codec: str, rate: int, layout: str) -> None:
    path = click_file(tmp_path / name, codec, rate=rate, layout=layout, click_s=1.0)
    made = copy_of(path, tmp_path / "copy.m4a")
    assert (made.container, made.audio_codec, made.sample_rate_hz) == ("mp4", "aac", 48_000)
    assert made.channels == (1 if layout == "mono" else 2) and plays(made)
    assert made.duration_s == pytest.approx(2.0, abs=0.001)
    assert first_loud(tmp_path / "copy.m4a") == pytest.approx(1.0, abs=0.001)


def test_sound_that_begins_late_and_stops_in_between_stays_in_time(tmp_path: Path) -> None:
    """Clicks at 0.5 s and 3.5 s of sound that begins at 0.4 s and is missing from 1 s to 3 s."""
    path = stepped_ts(tmp_path / "a.ts")
    found = probe(path, tmp_path / "peaks.json")
    write_copy(path, tmp_path / "copy.mp4", plan_of(found))
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        sound = np.concatenate([f.to_ndarray()[0] for f in copy.decode(audio=0)])
    loud = np.flatnonzero(np.abs(sound) > 0.4) / 48_000
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-1) > 0.1)]
    # MPEG-TS does not tell the encoder's delay of its own AAC, 1024 samples: it belongs to the original's clock
    assert (starts - 1024 / 48_000).tolist() == pytest.approx([0.5, 3.5], abs=0.003)
    assert np.abs(sound[round(1.2 * 48_000) : round(2.8 * 48_000)]).max() < 1e-3


def plan_of(found: Probe) -> CopyPlan:
    return CopyPlan(found.duration_s, found.channels, found.width_px, found.height_px, found.fps)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [("a.avi", "mpeg4", "yuv420p"), ("a.mkv", "libx265", "yuv420p"), ("a.mov", "prores_ks", "yuv422p10le")],
)
def test_a_picture_stays_where_it_is(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    path = flash_file(tmp_path / name, codec, pixels=pixels)
    made = copy_of(path, tmp_path / "copy.mp4")
    assert (made.container, made.video_codec, made.width_px, made.height_px) == ("mp4", "h264", 320, 240)
    assert plays(made) and made.duration_s == pytest.approx(2.0, abs=0.001)
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        bright = [float(f.pts * f.time_base) for f in copy.decode(video=0) if f.to_ndarray(format="gray").mean() > 128]
    assert bright == [pytest.approx(FLASH_S, abs=0.001)]


def test_the_index_stands_first_and_odd_sizes_become_even(tmp_path: Path) -> None:
    path = flash_file(tmp_path / "a.avi", "mpeg4", size=(321, 241))
    made = copy_of(path, tmp_path / "copy.mp4")
    assert (made.width_px, made.height_px) == (320, 240)
    head = (tmp_path / "copy.mp4").read_bytes()
    assert 0 < head.index(b"moov") < head.index(b"mdat")


def test_a_turned_picture_stands_upright(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "media/video/video_90.mov"
    made = copy_of(path, tmp_path / "copy.mp4")
    assert (made.width_px, made.height_px) == (320, 568)
    with av.open(str(path)) as original, av.open(str(tmp_path / "copy.mp4")) as copy:
        wanted = np.rot90(next(original.decode(video=0)).to_ndarray(format="gray"), -1).astype(float)
        frame = next(copy.decode(video=0))
    assert frame.rotation == 0
    assert np.abs(frame.to_ndarray(format="gray") - wanted).mean() < 8


def test_slow_pictures_keep_the_length(tmp_path: Path) -> None:
    path = flash_file(tmp_path / "a.avi", "mjpeg", fps=Fraction(1), n=4, flash=2, pixels="yuvj420p")
    assert copy_of(path, tmp_path / "copy.mp4").duration_s == pytest.approx(4.0, abs=0.001)


def test_a_copy_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    path = click_file(tmp_path / "a.aiff", "pcm_s16be")
    with Prober(1, Limits(copy_seconds=0.0, copy_seconds_per_s=0.0)) as prober:
        found = prober.probe(path)
        with pytest.raises(MediaError, match="did not end"):
            prober.copy(path, found, tmp_path / "copy.m4a")
        assert prober.probe(path) == found  # another child goes on


def test_a_copy_that_lacks_the_end_is_refused(tmp_path: Path) -> None:
    path = click_file(tmp_path / "a.aiff", "pcm_s16be")
    with Prober(1) as prober, pytest.raises(MediaError, match=r"Only 2\.0 s of 5\.0 s could be copied"):
        prober.copy(path, replace(prober.probe(path), duration_s=5.0), tmp_path / "copy.m4a")
