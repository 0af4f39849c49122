"""Probing real files, and files that crash, hang or eat the child."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from annolake.errors import MediaError
from annolake.media.probe import Limits, Prober, probe

from .conftest import write_wav

GOOD = {
    "audio/ami/dev00.wav": ("audio", 30.0, "wav", "pcm_f32le", 16000, 1, None),
    "audio/ami/dev01.wav": ("audio", 30.0, "wav", "pcm_f32le", 16000, 1, None),
    "audio/ami/tst00.wav": ("audio", 30.0, "wav", "pcm_f32le", 16000, 1, None),
    "audio/ami/tst01.wav": ("audio", 30.0, "wav", "pcm_f32le", 16000, 1, None),
    "audio/audio-stereo-24-bit-44100Hz.flac": ("audio", 2.745, "flac", "flac", 44100, 2, None),
    "audio/bus.opus": ("audio", 0.764, "ogg", "opus", 48000, 1, None),
    "audio/digital_silence.wav": ("audio", 0.6245, "wav", "pcm_f32le", 48000, 1, None),
    "audio/english.wav": ("audio", 2.745, "wav", "pcm_s16le", 44100, 1, None),
    "audio/french.aiff": ("audio", 2.533, "aiff", "pcm_s16be", 44100, 1, None),
    "audio/hens.ogg": ("audio", 10.036, "ogg", "vorbis", 44100, 2, None),
    "audio/jfk.flac": ("audio", 11.0, "flac", "flac", 44100, 2, None),
    "audio/testing.m4a": ("audio", 3.204, "mp4", "aac", 44100, 1, None),
    "video/bottle-detection.mp4": ("video", 39.855, "mp4", None, None, None, (640, 360)),
    "video/car-detection.mp4": ("video", 30.16, "mp4", "aac", 48000, 2, (768, 432)),
    "video/video_90.mov": ("video", 0.1, "mov", None, None, None, (320, 568)),  # turned by 90 degrees
    "video/yes.mkv": ("video", 2.2, "matroska", None, None, None, (640, 480)),
    # Odd, but everything in them plays: a wrong name or strange metadata does not make media broken.
    "broken/derived/flac_named.mp3": ("audio", 0.956, "flac", "flac", 48000, 1, None),
    "broken/wrong_extension.aac": ("audio", 9.66, "mp4", "aac", 44100, 1, None),
    "broken/pyannote_empty.wav": ("audio", 1.0, "wav", "pcm_s16le", 16000, 1, None),
    "broken/mp4parse/metadata.mp4": ("video", 0.04, "mp4", "aac", 48000, 1, (320, 240)),
    "broken/mp4parse/minimal.mp4": ("video", 0.04, "mp4", "aac", 48000, 1, (320, 240)),
    "broken/mp4parse/opus_audioinit.mp4": ("audio", 10.92, "mp4", "opus", 48000, 1, None),
    "broken/mp4parse/sine-3s-xhe-aac-44khz-mono.mp4": ("audio", 3.0, "mp4", "aac", 44100, 1, None),
    "broken/mp4parse/video_rotation_90.mp4": ("video", 0.042, "mp4", None, None, None, (60, 100)),
    "broken/mp4parse/white.mp4": ("video", 10.0, "mp4", None, None, None, (320, 240)),
}  # fmt: skip
BROKEN = {
    "broken/decord_corrupted.mp4": ("decode_error", "1 of 50 pieces of its picture"),
    "broken/derived/text_named.mp4": ("not_media", "not audio or video"),
    "broken/derived/truncated_car-detection_150kB.mp4": ("truncated", "1.5 s can be played"),
    "broken/derived/truncated_english_60kB.wav": ("truncated", "242,104 bytes of sound, 59,956 are there"),
    "broken/derived/zero_length.mp4": ("empty_file", "0 bytes"),
    "broken/derived/zero_length.wav": ("empty_file", "0 bytes"),
    "broken/mp4parse/LICENSE": ("not_media", "not audio or video"),
    "broken/mp4parse/chunk_out_of_range.mp4": ("decode_error", "structure cannot be read"),
    "broken/mp4parse/invalid_userdata.mp4": ("truncated", "an index only"),
    "broken/mp4parse/no_timescale.mp4": ("decode_error", "12 of 182 pieces of its picture"),
    "broken/mp4parse/test_case_1185230.mp4": ("truncated", "an index only"),
    "broken/mp4parse/zero_empty_stsc.mp4": ("truncated", "an index only"),
    "broken/test1_empty.wav": ("no_duration", "no sound or picture in it"),
}


@pytest.fixture(scope="module")
def prober() -> Iterator[Prober]:
    with Prober(1) as made:
        yield made


def test_every_real_file_has_its_verdict(shared_data: Path, prober: Prober, tmp_path: Path) -> None:
    media = shared_data / "media"
    names = {str(p.relative_to(media)) for p in media.rglob("*") if p.is_file() and p.suffix not in (".rttm", ".uem")}
    assert names == {*GOOD, *BROKEN}
    peaks = tmp_path / "peaks.json"
    for name, (kind, seconds, container, codec, rate, channels, size) in GOOD.items():
        found = prober.probe(media / name, peaks)
        assert (found.media_type, found.container, found.audio_codec) == (kind, container, codec), name
        assert (found.sample_rate_hz, found.channels) == (rate, channels), name
        assert (found.width_px, found.height_px) == (size or (None, None)), name
        assert found.duration_s == pytest.approx(seconds, abs=0.001), name
        assert found.has_peaks == (codec is not None), name
        if codec:
            written = json.loads(peaks.read_text())
            assert len(written["peaks"]) == max(1, round(found.duration_s * 100)), name
            assert written["duration_s"] == found.duration_s and 0 <= max(written["peaks"]) <= 1, name
    for name, (code, words) in BROKEN.items():
        with pytest.raises(MediaError) as refusal:
            prober.probe(media / name, peaks)
        assert refusal.value.code == code, (name, refusal.value)
        assert words in refusal.value.message, name


def test_peaks_are_the_samples_own(shared_data: Path, prober: Prober, tmp_path: Path) -> None:
    peaks = tmp_path / "peaks.json"
    prober.probe(shared_data / "media/audio/english.wav", peaks)
    samples = np.frombuffer((shared_data / "media/audio/english.wav").read_bytes()[44:], "<i2")
    wanted = np.abs(samples[: 274 * 441].reshape(274, 441).astype(float)).max(axis=1) / 32768
    assert json.loads(peaks.read_text())["peaks"] == pytest.approx(wanted.round(3).tolist(), abs=1e-3)


def test_silence_is_good_media(shared_data: Path, prober: Prober, tmp_path: Path) -> None:
    prober.probe(shared_data / "media/audio/digital_silence.wav", tmp_path / "peaks.json")
    assert set(json.loads((tmp_path / "peaks.json").read_text())["peaks"]) == {0.0}


def test_mp3_length_is_what_can_be_decoded(prober: Prober, tmp_path: Path) -> None:
    """An MP3's length is guessed from its bit rate; half of one is a shorter MP3, not a cut one."""
    path = tmp_path / "a.mp3"
    rate = 22050
    tone = (np.sin(np.arange(rate * 6) / 10) * 9000).astype(np.int16)
    with av.open(str(path), "w", format="mp3", options={"write_xing": "0"}) as out:
        stream = out.add_stream("libmp3lame", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone[None], format="s16p", layout="mono")
        frame.sample_rate = rate
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert prober.probe(path).duration_s == pytest.approx(6.0, abs=0.1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert prober.probe(path).duration_s == pytest.approx(3.0, abs=0.15)


def test_a_playlist_fetches_nothing(prober: Prober, tmp_path: Path) -> None:
    secret = write_wav(tmp_path / "secret.wav")
    path = tmp_path / "a.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError) as refusal:
        prober.probe(path)
    assert refusal.value.code == "not_media"


def test_a_missing_file(prober: Prober, tmp_path: Path) -> None:
    with pytest.raises(MediaError) as refusal:
        prober.probe(tmp_path / "none.wav")
    assert refusal.value.code == "unreadable"


def running_child(prober: Prober, good: Path) -> subprocess.Popen[bytes]:
    """The child that the next probe goes to."""
    assert prober.probe(good).duration_s == 1.0
    child = prober._free.queue[0]
    assert child is not None
    return child.process


def test_a_file_that_never_ends_costs_one_child(tmp_path: Path) -> None:
    good = write_wav(tmp_path / "good.wav")
    with Prober(1, Limits(seconds=1.5)) as prober:
        running_child(prober, good).send_signal(signal.SIGSTOP)
        with pytest.raises(MediaError) as refusal:
            prober.probe(good)
        assert refusal.value.code == "timed_out" and "did not end after 2 s" in refusal.value.message
        assert prober.probe(good).duration_s == 1.0


def test_a_file_that_crashes_the_child_costs_one_child(tmp_path: Path) -> None:
    good = write_wav(tmp_path / "good.wav")
    with Prober(1) as prober:
        process = running_child(prober, good)
        process.send_signal(signal.SIGSTOP)

        def crash() -> None:
            time.sleep(0.3)
            process.send_signal(signal.SIGSEGV)
            process.send_signal(signal.SIGCONT)

        thread = threading.Thread(target=crash)
        thread.start()
        with pytest.raises(MediaError) as refusal:
            prober.probe(good)
        thread.join()
        assert refusal.value.code == "decode_error" and "SIGSEGV" in refusal.value.message
        assert prober.probe(good).duration_s == 1.0


def test_a_file_that_eats_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.avi"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 12000, 12000, "yuvj420p"
        for _ in range(2):
            out.mux(stream.encode(av.VideoFrame(12000, 12000, "yuvj420p")))
        out.mux(stream.encode(None))
    good = write_wav(tmp_path / "good.wav")
    with Prober(1, Limits(memory_bytes=400 << 20)) as prober:
        with pytest.raises(MediaError) as refusal:
            prober.probe(path)
        assert refusal.value.code == "too_large_memory"
        assert prober.probe(good).duration_s == 1.0


def test_one_off_probe(tmp_path: Path) -> None:
    assert probe(write_wav(tmp_path / "a.wav", 0.5)).duration_s == 0.5


def test_the_child_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("ANNOLAKE_SECRET_KEY", "hush")
    with Prober(1) as prober:
        prober.probe(write_wav(tmp_path / "a.wav"))
        child = prober._free.queue[0]
        assert child is not None
        environment = Path(f"/proc/{child.process.pid}/environ")
        if not environment.exists():
            pytest.skip("no /proc here")
        assert b"hush" not in environment.read_bytes()
