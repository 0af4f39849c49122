"""Ingest against a real S3 server and a real lake."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from annolake.config import Settings
from annolake.errors import LabelingUnavailable, MediaError
from annolake.labeling.clients import s3
from annolake.media.ingest import fitting_extension, ingest
from annolake.media.local import LocalSource
from annolake.media.outcome import Outcome
from annolake.media.probe import Limits

from .conftest import write_wav
from .samples import click_file, flash_file
from .test_probe import BROKEN, GOOD

Rows = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good files, one under a second name, a broken one, notes and a hidden file."""
    place = tmp_path / "in"
    write_wav(place / "b.wav", seed=1)
    write_wav(place / "sub/ä c.wav", seed=2)
    shutil.copy(place / "b.wav", place / "again.wav")
    (place / "empty.wav").touch()
    (place / "notes.txt").write_text("nothing to hear")
    write_wav(place / ".hidden.wav", seed=3)
    write_wav(place / ".git/x.wav", seed=4)
    return place


def by_name(outcomes: list[Outcome]) -> dict[str, tuple[bool, str | None]]:
    return {o.name: (o.is_ok, o.reason_code) for o in outcomes}


def asset_id(path: Path) -> str:
    return blake3(path.read_bytes()).hexdigest()[:32]


def test_each_content_once_and_each_refusal_with_its_reason(store_settings: Settings, folder: Path, rows: Rows) -> None:
    said: list[str] = []
    report = ingest(store_settings, str(folder), said.append)
    assert (report.n_registered, report.n_known, report.n_refused) == (2, 0, 1)
    assert (report.n_duplicate, report.n_skipped, report.n_files) == (1, 1, 5)
    assert by_name(report.outcomes) == {
        "again.wav": (True, None),
        "b.wav": (True, "duplicate_of"),
        "empty.wav": (False, "empty_file"),
        "notes.txt": (True, "not_media"),
        "ä c.wav": (True, None),
    }
    assert said == ["5 of 5 files, 1 refused"]
    assets = {a["name"]: a for a in rows("silver.asset")}
    assert set(assets) == {"again.wav", "ä c.wav"}
    one = assets["again.wav"]
    assert one["asset_id"] == asset_id(folder / "b.wav") == one["content_hash"][:32]
    bucket = store_settings.media_bucket
    assert one["uri"] == f"s3://{bucket}/assets/{one['asset_id'][:2]}/{one['asset_id']}.wav"
    assert one["peaks_uri"] == f"s3://{bucket}/peaks/{one['asset_id']}.json"
    assert (one["duration_s"], one["media_type"], one["sample_rate_hz"], one["channels"]) == (1.0, "audio", 8000, 1)
    objects = rows("bronze.media_object")
    assert {o["source_uri"].rsplit("/", 1)[-1] for o in objects} == {"again.wav", "b.wav", "%C3%A4%20c.wav"}
    told = {(r["source_uri"].rsplit("/", 1)[-1], r["is_ok"], r["reason_code"]) for r in rows("bronze.landing_outcome")}
    assert ("empty.wav", False, "empty_file") in told and len(told) == 5
    reason = next(r["reason"] for r in rows("bronze.landing_outcome") if r["reason_code"] == "duplicate_of")
    assert reason == "The same content is registered as again.wav."


def test_what_is_stored_is_the_content(store_settings: Settings, folder: Path, rows: Rows) -> None:
    ingest(store_settings, str(folder))
    client = s3(store_settings)
    assets = rows("silver.asset")
    assert assets
    for asset in assets:
        bucket, key = asset["uri"].removeprefix("s3://").split("/", 1)
        got = client.get_object(Bucket=bucket, Key=key)
        assert got["ContentType"] == "audio/wav"
        assert blake3(got["Body"].read()).hexdigest() == asset["content_hash"]
        bucket, key = asset["peaks_uri"].removeprefix("s3://").split("/", 1)
        got = client.get_object(Bucket=bucket, Key=key)
        assert got["ContentType"] == "application/json"
        peaks = json.loads(got["Body"].read())
        assert (peaks["version"], peaks["duration_s"], peaks["peaks_per_s"]) == (1, 1.0, 100)
        assert len(peaks["peaks"]) == 100 and 0.2 < max(peaks["peaks"]) <= 1


def test_a_rerun_adds_nothing(store_settings: Settings, folder: Path, rows: Rows) -> None:
    ingest(store_settings, str(folder))
    tables = ("silver.asset", "bronze.media_object", "bronze.landing_outcome")
    before = {t: rows(t) for t in tables}
    report = ingest(store_settings, str(folder))
    assert (report.n_registered, report.n_known, report.n_refused, report.n_duplicate) == (0, 3, 1, 0)
    assert {t: rows(t) for t in tables} == before


def test_what_is_new_is_added(store_settings: Settings, folder: Path, rows: Rows) -> None:
    ingest(store_settings, str(folder))
    write_wav(folder / "b.wav", seed=9)  # another content under a known name
    write_wav(folder / "empty.wav", seed=10)  # repaired
    shutil.copy(folder / "sub/ä c.wav", folder / "zz.wav")
    report = ingest(store_settings, str(folder))
    assert (report.n_registered, report.n_known, report.n_refused, report.n_duplicate) == (2, 2, 0, 1)
    assert len(rows("silver.asset")) == 4
    assert len(rows("bronze.landing_outcome")) == 8


def test_two_at_once_register_once(store_settings: Settings, folder: Path, rows: Rows) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: ingest(store_settings, str(folder)), range(2)))
    assert sorted(a["name"] for a in rows("silver.asset")) == ["again.wav", "ä c.wav"]
    assert len(rows("bronze.media_object")) == 3
    told = [(r["source_uri"], r["source_version"], r["reason_code"]) for r in rows("bronze.landing_outcome")]
    assert len(told) == len(set(told))


def test_killed_between_the_commits_then_run_again(
    store_settings: Settings, folder: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("annolake.media.register.Register.add_objects", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            ingest(store_settings, str(folder))
    assert len(rows("silver.asset")) == 2 and not rows("bronze.media_object")
    ingest(store_settings, str(folder))
    assert len(rows("silver.asset")) == 2 and len(rows("bronze.media_object")) == 3
    assert not list((store_settings.home / "staging").iterdir())


def test_every_real_file(store_settings: Settings, shared_data: Path, rows: Rows) -> None:
    report = ingest(store_settings, str(shared_data / "media"))
    root = (shared_data / "media").resolve().as_uri()
    found = {o.source_uri.removeprefix(f"{root}/"): o for o in report.outcomes}
    for name in GOOD:
        assert found[name].is_ok, found[name]
    for name, (code, words) in BROKEN.items():
        if name.endswith("LICENSE"):  # never claimed to be media
            assert found[name].is_ok and found[name].reason_code == "not_media"
            continue
        assert (found[name].is_ok, found[name].reason_code) == (False, code), found[name]
        assert found[name].reason and (words in found[name].reason)
    assert {n for n, o in found.items() if o.reason_code == "wrong_extension"} == {
        "broken/derived/flac_named.mp3",
        "broken/wrong_extension.aac",
    }
    assert report.n_registered == len(GOOD) == len(rows("silver.asset"))
    assert report.n_refused == len(BROKEN) - 1
    assert report.n_skipped == 5  # LICENSE, speaker turns, regions
    named = {a["name"]: a for a in rows("silver.asset")}
    assert named["flac_named.mp3"]["uri"].endswith(".flac") and named["yes.mkv"]["peaks_uri"] is None
    again = ingest(store_settings, str(shared_data / "media"))
    assert (again.n_registered, again.n_known) == (0, len(GOOD))
    assert len(rows("bronze.landing_outcome")) == len(GOOD) + len(BROKEN) + 4


# -- copies that browsers play ----------------------------------------------------------------------------------------


@pytest.fixture
def unplayable(tmp_path: Path) -> Path:
    """A sound and a video that browsers do not play, and a sound that they do."""
    place = tmp_path / "in"
    write_wav(place / "plain.wav")
    click_file(place / "a.aiff", "pcm_s16be")
    flash_file(place / "b.avi", "mpeg4", sound="pcm_s16le")
    return place


def test_what_browsers_do_not_play_gets_a_copy(store_settings: Settings, unplayable: Path, rows: Rows) -> None:
    report = ingest(store_settings, str(unplayable))
    assert by_name(report.outcomes) == dict.fromkeys(("a.aiff", "b.avi", "plain.wav"), (True, None))
    client = s3(store_settings)
    assets = {a["name"]: a for a in rows("silver.asset")}
    assert assets["plain.wav"]["playable_uri"] is None
    for name, ending, kind in (("a.aiff", ".m4a", "audio/mp4"), ("b.avi", ".mp4", "video/mp4")):
        asset = assets[name]
        key = f"playable/{asset['asset_id']}{ending}"
        assert asset["playable_uri"] == f"s3://{store_settings.media_bucket}/{key}"
        assert asset["uri"].endswith(Path(name).suffix), "the original stays what the labels are about"
        assert client.head_object(Bucket=store_settings.media_bucket, Key=key)["ContentType"] == kind
    again = ingest(store_settings, str(unplayable))
    assert (again.n_registered, again.n_known) == (0, 3)
    assert {a["name"]: a for a in rows("silver.asset")} == assets


def test_without_a_copy_it_is_registered_and_says_so(store_settings: Settings, unplayable: Path, rows: Rows) -> None:
    (unplayable / "a.aiff").rename(unplayable / "a.flac")
    never = Limits(copy_seconds=0.0, copy_seconds_per_s=0.0)
    report = ingest(store_settings, str(unplayable), limits=never)
    assert by_name(report.outcomes) == {
        "a.flac": (True, "not_playable"),
        "b.avi": (True, "not_playable"),
        "plain.wav": (True, None),
    }
    assert (report.n_registered, report.n_refused) == (3, 0)
    assert {a["playable_uri"] for a in rows("silver.asset")} == {None}
    told = {Path(r["source_uri"]).name: r["reason"] or "" for r in rows("bronze.landing_outcome")}
    assert "its name ends in .flac" in told["a.flac"]
    assert told["b.avi"] == (
        "Registered, but browsers do not play it, and no copy that they play could be made: Decoding it did not end"
        ". Convert it with another program, then ingest that file."
    )
    assert ingest(store_settings, str(unplayable)).n_known == 3


def test_assets_from_before_there_were_copies_stay(
    store_settings: Settings, unplayable: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("annolake.media.ingest.plays", lambda _: True)
        ingest(store_settings, str(unplayable))
    before = rows("silver.asset")
    assert len(before) == 3 and {a["playable_uri"] for a in before} == {None}
    assert ingest(store_settings, str(unplayable)).n_known == 3
    assert rows("silver.asset") == before


# -- bad places ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda p: None, "no_source", "there is no such file or folder"),
        (lambda p: p.mkdir(), "empty_folder", "holds no file"),
        (lambda p: p.symlink_to(p), "no_source", "p"),
    ],
)
def test_no_place(
    store_settings: Settings, tmp_path: Path, make: Callable[[Path], None], code: str, words: str
) -> None:
    make(tmp_path / "place")
    with pytest.raises(MediaError) as refusal:
        ingest(store_settings, str(tmp_path / "place"))
    assert refusal.value.code == code and words in str(refusal.value)


def test_a_place_that_is_no_place(store_settings: Settings) -> None:
    with pytest.raises(MediaError, match="a folder, a file or an s3:// prefix"):
        ingest(store_settings, "https://example.org/a.wav")


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """As somebody whom file modes stop; root reads everything."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def open_to_all(path: Path) -> None:
    """Let an unprivileged user reach the path; pytest's folders are private."""
    for above in [path, *path.parents]:
        if above.stat().st_uid == os.getuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o555)


def test_unreadable_file_and_folder(folder: Path, request: pytest.FixtureRequest) -> None:
    open_to_all(folder)
    (folder / "b.wav").chmod(0)
    (folder / "sub").chmod(0)
    request.getfixturevalue("unprivileged")
    source = LocalSource(folder)
    candidates, problems = source.candidates()
    assert [(p.name, p.reason_code) for p in problems] == [("sub", "unreadable")]
    assert "Permission denied" in str(problems[0].reason)
    one = next(c for c in candidates if c.name == "b.wav")
    with pytest.raises(MediaError) as refusal:
        source.head(one)
    assert refusal.value.code == "unreadable" and "Permission denied" in refusal.value.message


def test_unreadable_root(folder: Path, request: pytest.FixtureRequest) -> None:
    open_to_all(folder)
    folder.chmod(0)
    request.getfixturevalue("unprivileged")
    with pytest.raises(MediaError, match="cannot be read: Permission denied"):
        LocalSource(folder).candidates()


def test_links_pipes_and_loops(store_settings: Settings, folder: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "elsewhere/far.wav", seed=5)
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "sub/up").symlink_to(folder)
    (folder / "self.wav").symlink_to(folder / "self.wav")
    (folder / "gone.wav").symlink_to(folder / "nowhere.wav")
    os.mkfifo(folder / "pipe.wav")
    report = ingest(store_settings, str(folder))
    found = by_name(report.outcomes)
    assert found["far.wav"] == (True, None)
    assert found["up"] == found["self.wav"] == (False, "symlink_loop")
    assert found["gone.wav"] == (False, "unreadable")
    assert found["pipe.wav"] == (False, "not_media")
    assert report.n_registered == 3


def test_a_name_that_is_not_utf8(store_settings: Settings, folder: Path, rows: Rows) -> None:
    try:
        write_wav(folder / "plain.wav", seed=6).rename(os.fsdecode(os.fsencode(folder) + b"/\xff.wav"))
    except OSError:
        pytest.skip("this file system wants UTF-8 names")
    report = ingest(store_settings, str(folder))
    assert report.n_registered == 3
    assert "\ufffd.wav" in {a["name"] for a in rows("silver.asset")}


def test_a_file_that_grows_while_it_is_read(
    store_settings: Settings, folder: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annolake.media import local

    copy = local.copy_hashed

    def slow_copy(file: Any, out: Any) -> tuple[int, str]:
        found = copy(file, out)
        if str(file.name).endswith("b.wav"):
            with Path(file.name).open("ab") as more:
                more.write(b"more")
        return found

    monkeypatch.setattr(local, "copy_hashed", slow_copy)
    report = ingest(store_settings, str(folder))
    assert by_name(report.outcomes)["b.wav"] == (False, "changed_while_reading")
    assert by_name(report.outcomes)["again.wav"] == (True, None)
    monkeypatch.undo()
    assert by_name(ingest(store_settings, str(folder)).outcomes)["b.wav"][0]  # complete now: registered


def test_one_file(store_settings: Settings, folder: Path) -> None:
    assert ingest(store_settings, str(folder / "b.wav")).n_registered == 1
    assert ingest(store_settings, (folder / "b.wav").as_uri()).n_known == 1


# -- the object store ---------------------------------------------------------------------------------------------


def test_objects_of_a_bucket_stay_where_they_are(store_settings: Settings, folder: Path, rows: Rows) -> None:
    client = s3(store_settings)
    for name in ("b.wav", "again.wav", "empty.wav", "notes.txt"):
        client.upload_file(str(folder / name), "theirs", f"media/{name}")
    client.upload_file(str(folder / "b.wav"), "theirs", "media2/other.wav")
    client.put_object(Bucket="theirs", Key="media/.hidden.wav", Body=b"x")
    report = ingest(store_settings, "s3://theirs/media")
    assert by_name(report.outcomes) == {
        "again.wav": (True, None),
        "b.wav": (True, "duplicate_of"),
        "empty.wav": (False, "empty_file"),
        "notes.txt": (True, "not_media"),
    }
    (asset,) = rows("silver.asset")
    assert asset["uri"] == "s3://theirs/media/again.wav"
    assert asset["peaks_uri"].startswith(f"s3://{store_settings.media_bucket}/peaks/")
    assert {o["source_version"] for o in rows("bronze.media_object")} == {
        client.head_object(Bucket="theirs", Key="media/b.wav")["ETag"].strip('"')
    }
    assert ingest(store_settings, "s3://theirs/media/").n_known == 2
    with pytest.raises(MediaError, match="no object's key begins so"):
        ingest(store_settings, "s3://theirs/none/")
    with pytest.raises(MediaError, match="NoSuchBucket"):
        ingest(store_settings, "s3://nobody/media/")


def test_a_large_file_goes_up_in_parts(store_settings: Settings, tmp_path: Path, rows: Rows) -> None:
    big = write_wav(tmp_path / "in" / "big.wav", seconds=300, rate=32_000)
    assert big.stat().st_size > 16 << 20
    assert ingest(store_settings, str(big)).n_registered == 1
    (asset,) = rows("silver.asset")
    bucket, key = asset["uri"].removeprefix("s3://").split("/", 1)
    got = s3(store_settings).get_object(Bucket=bucket, Key=key)["Body"].read()
    assert blake3(got).hexdigest() == asset["content_hash"]
    assert asset["duration_s"] == 300


def test_store_down(make_settings: Callable[..., Settings], folder: Path) -> None:
    with pytest.raises(LabelingUnavailable, match="does not answer") as failure:
        ingest(make_settings(), str(folder))
    assert "annolake up" in str(failure.value)


def test_no_media_bucket(make_settings: Callable[..., Settings], object_store: str, folder: Path) -> None:
    with pytest.raises(MediaError, match="NoSuchBucket"):
        ingest(make_settings(s3_endpoint=object_store, media_bucket="nobody-made-this"), str(folder))


@pytest.mark.parametrize(
    ("name", "extension", "wanted"),
    [("a.WAV", ".wav", ".wav"), ("a.mp3", ".flac", ".flac"), ("a.m4a", ".mp4", ".m4a"), ("a", ".wav", ".wav")],
)
def test_extension_follows_the_content(name: str, extension: str, wanted: str) -> None:
    from annolake.media.probe import Probe

    assert fitting_extension(name, Probe("audio", 1.0, "x", extension)) == wanted
