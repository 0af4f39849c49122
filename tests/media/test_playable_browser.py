"""A real Chromium plays what the tables say, and the copies of what they do not; a click is heard where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from annolake.config import Settings
from annolake.labeling.clients import s3
from annolake.lake.catalog import open_lake
from annolake.media.ingest import ingest
from annolake.media.playable import plays
from annolake.media.probe import Prober
from annolake.service.run import running
from tests.conftest import free_port

from .samples import click_file, flash_file

pytestmark = pytest.mark.browser

SOUNDS = [
    *((f"{codec}.wav", codec) for codec in ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le")),
    *((f"{codec}.wav", codec) for codec in ("pcm_alaw", "pcm_mulaw", "pcm_f64le", "adpcm_ms", "libmp3lame")),
    *((f"{codec}.m4a", codec) for codec in ("aac", "alac")),
    *((f"{codec}.mp4", codec) for codec in ("ac3", "flac", "libmp3lame", "libopus", "pcm_s16le")),
    *((f"{codec}.mka", codec) for codec in ("aac", "ac3", "flac", "libmp3lame", "libopus", "pcm_s16le")),
    *((f"{codec}.mov", codec) for codec in ("aac", "pcm_s16le")),
    *((f"a.{name}", "pcm_s16be") for name in ("aiff", "au", "caf")),
    ("flac.ogg", "flac"), ("opus.ogg", "libopus"), ("opus.webm", "libopus"), ("a.flac", "flac"),
    ("a.mp3", "libmp3lame"), ("a.aac", "aac"), ("a.w64", "pcm_s16le"), ("a.mp2", "mp2"), ("a.ts", "aac"),
]  # fmt: skip
PICTURES = [
    *((f"{codec}.mp4", codec, None) for codec in ("libx264", "libx265", "mpeg4", "libvpx-vp9", "libsvtav1")),
    *((f"{codec}.mkv", codec, None) for codec in ("libx264", "libx265", "mpeg4", "libvpx", "ffv1")),
    *((f"{codec}.mov", codec, None) for codec in ("libx264", "libx265", "mpeg4")),
    *((f"{codec}.webm", codec, "libopus") for codec in ("libvpx", "libvpx-vp9", "libsvtav1")),
    *((f"a.{name}", "libx264", None) for name in ("avi", "flv", "ts")),
    *((f"{sound}.mp4", "libx264", sound) for sound in ("aac", "ac3", "alac", "flac", "libopus")),
    ("a.mpg", "mpeg2video", "mp2"),
]

PLAY = """async src => {
  const v = document.createElement('video');
  v.muted = true; v.preload = 'auto'; v.crossOrigin = 'anonymous'; v.src = src;
  document.body.append(v);
  const how = await new Promise(done => {
    v.oncanplaythrough = () => done('plays');
    v.onerror = () => done(v.error.message);
    setTimeout(() => done('waits'), 10000);
  });
  if (how === 'plays') {
    const moved = new Promise(done => {
      v.onended = done;
      v.ontimeupdate = () => v.currentTime > 0.05 && done();
      setTimeout(done, 10000);
    });
    v.play().catch(() => {});  // media of a picture or two ends before the promise of play() does
    await moved;
  }
  const found = {
    how: v.error ? v.error.message : how, ready: v.readyState, moved: v.currentTime > 0, duration: v.duration,
    width: v.videoWidth, height: v.videoHeight, heard: v.webkitAudioDecodedByteCount > 0,
  };
  v.remove();
  return found;
}"""

HEAR = """async ([src, from]) => {
  const context = new AudioContext({sampleRate: 48000});
  await context.resume();
  const code = `registerProcessor('tap', class extends AudioWorkletProcessor {
    process(inputs) { if (inputs[0][0]) this.port.postMessage(inputs[0][0].slice()); return true; } })`;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], {type: 'text/javascript'})));
  const player = new Audio();
  player.crossOrigin = 'anonymous'; player.preload = 'auto'; player.src = src;
  await new Promise((done, fail) => {
    player.oncanplaythrough = done;
    player.onerror = () => fail(player.error.message);
  });
  if (from) { player.currentTime = from; await new Promise(done => { player.onseeked = done; }); }
  const tap = new AudioWorkletNode(context, 'tap');
  const got = [];
  tap.port.onmessage = event => got.push(...event.data);
  context.createMediaElementSource(player).connect(tap).connect(context.destination);
  await player.play();
  const deadline = performance.now() + 8000;
  const loud = () => got.findIndex(y => Math.abs(y) > 0.5);
  while (loud() < 0 && performance.now() < deadline) await new Promise(done => setTimeout(done, 50));
  player.pause();
  await context.close();
  return from + (loud() - got.findIndex(y => Math.abs(y) > 1e-4)) / 48000;
}"""
"""Where a click is heard: the position played from, plus the sound heard (a quiet tone) until the click."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("playable")
    flags = {"home": folder / "home", "service_port": free_port()}
    settings = Settings.load(flags, environ={}, file=folder / "none.toml")
    with running(settings):
        yield settings


@pytest.fixture
def page(chromium: Browser, service: Settings) -> Iterator[Page]:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{service.service_url}/healthz")
    page.mouse.click(5, 5)  # sound wants a gesture
    yield page
    context.close()


Signed = Callable[[str], str]


@pytest.fixture
def signed(service: Settings) -> Signed:
    """Presigned address of an s3:// object."""

    def sign(uri: str) -> str:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        wanted = {"Bucket": bucket, "Key": key}
        return str(s3(service).generate_presigned_url("get_object", Params=wanted, ExpiresIn=600))

    return sign


def assets(settings: Settings) -> dict[str, dict[str, Any]]:
    with open_lake(settings) as lake:
        return {a["name"]: a for a in lake.scan("silver.asset").to_pylist()}


def test_the_tables_say_what_chromium_plays(service: Settings, page: Page, signed: Signed, tmp_path: Path) -> None:
    files = [click_file(tmp_path / f"sound-{name}", codec, rate=8000 if "law" in codec else 48_000)
             for name, codec in SOUNDS]  # fmt: skip
    files += [flash_file(tmp_path / f"picture-{name}", codec, sound=sound) for name, codec, sound in PICTURES]
    wrong = []
    with Prober(1) as prober:
        for path in files:
            found = prober.probe(path)
            s3(service).upload_file(str(path), service.media_bucket, f"try/{path.name}")
            told = page.evaluate(PLAY, signed(f"s3://{service.media_bucket}/try/{path.name}"))
            whole = told["how"] == "plays" and told["moved"] and told["heard"] == (found.audio_codec is not None)
            if whole != plays(found):
                wrong.append((path.name, found.container, found.audio_codec, found.video_codec, told))
    assert len(files) == len(SOUNDS) + len(PICTURES) and wrong == []


def test_every_registered_file_plays(service: Settings, page: Page, signed: Signed, shared_data: Path) -> None:
    report = ingest(service, str(shared_data / "media"))
    found = assets(service)
    copied = {name for name, asset in found.items() if asset["playable_uri"]}
    assert copied == {"french.aiff", "sine-3s-xhe-aac-44khz-mono.mp4"}
    assert not [o for o in report.outcomes if o.reason_code == "not_playable"]
    assert {"yes.mkv", "video_90.mov", "jfk.flac", "dev00.wav"} <= set(found)
    for name, asset in found.items():
        told = page.evaluate(PLAY, signed(asset["playable_uri"] or asset["uri"]))
        assert (told["how"], told["ready"], told["moved"]) == ("plays", 4, True), (name, told)
        assert told["duration"] == pytest.approx(asset["duration_s"], abs=0.02), name
        assert told["heard"] == (asset["audio_codec"] is not None), name
        if asset["media_type"] == "video":
            assert (told["width"], told["height"]) == (asset["width_px"], asset["height_px"]), name


def test_a_click_is_heard_where_it_was(service: Settings, page: Page, signed: Signed, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    click_file(tmp_path / "in/plain.wav", "pcm_s16le")  # the original plays: what the measuring itself adds
    click_file(tmp_path / "in/a.aiff", "pcm_s16be", rate=44_100)
    click_file(tmp_path / "in/b.wav", "pcm_f64le", rate=16_000)
    flash_file(tmp_path / "in/c.avi", "mpeg4", sound="pcm_s16le")
    ingest(service, str(tmp_path / "in"))
    found = assets(service)
    for name, is_copy in (("plain.wav", False), ("a.aiff", True), ("b.wav", True), ("c.avi", True)):
        assert (found[name]["playable_uri"] is not None) == is_copy
        address = signed(found[name]["playable_uri"] or found[name]["uri"])
        for start in (0, 0.7, 0.951):
            assert page.evaluate(HEAR, [address, start]) == pytest.approx(1.0, abs=0.003), (name, start)
