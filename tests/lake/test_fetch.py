"""Reading a job's outputs from S3 and from disk."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from annolake.lake.fetch import AHEAD, DOWNLOADS, LocalStore, S3Store


def test_downloads_run_side_by_side_and_no_more_than_allowed(s3) -> None:
    """The first requests wait for each other: they all must be on their way at once. Never are there more."""
    n_files = 3 * DOWNLOADS
    for number in range(n_files):
        s3.put_object(Bucket="labeling", Key=f"job/{number:03}", Body=b"%d" % number)
    lock, met = threading.Lock(), threading.Barrier(DOWNLOADS)
    running, most, begun = 0, 0, 0

    def begin(**_: Any) -> None:
        nonlocal running, most, begun
        with lock:
            running, begun = running + 1, begun + 1
            most = max(most, running)
            is_first = begun <= DOWNLOADS
        if is_first:
            met.wait(timeout=60)

    def end(**_: Any) -> None:
        nonlocal running
        with lock:
            running -= 1

    s3.meta.events.register("before-call.s3.GetObject", begin)
    s3.meta.events.register("after-call.s3.GetObject", end)
    store = S3Store(s3)
    bodies = list(store.read(store.list("s3://labeling/job/")))
    assert [body.content for body in bodies] == [b"%d" % number for number in range(n_files)]
    assert (begun, most, running) == (n_files, DOWNLOADS, 0)


def test_downloads_wait_for_whoever_reads_them(s3) -> None:
    """What is not asked for is not fetched: memory does not grow with the number of files."""
    for number in range(AHEAD + 3):
        s3.put_object(Bucket="labeling", Key=f"job/{number:03}", Body=b"")
    asked: list[str] = []
    s3.meta.events.register("before-call.s3.GetObject", lambda params, **_: asked.append(params["url_path"]))
    store = S3Store(s3)
    bodies = iter(store.read(store.list("s3://labeling/job/")))
    next(bodies)
    assert len(asked) <= AHEAD
    assert len(list(bodies)) == AHEAD + 2
    assert len(asked) == AHEAD + 3


def test_files_come_in_the_order_of_their_keys(tmp_path: Path) -> None:
    """As S3 lists them: a folder counts with its slash, other buckets and links are left out."""
    folder = tmp_path / "labeling"
    for key in ("job/a/1.json", "job/a.json", "job/a-b/1.json", "job/b/2/3.json", "other/1.json"):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_text(key)
    (folder / "job/link.json").symlink_to(folder / "other/1.json")
    store = LocalStore(tmp_path)
    bodies = list(store.read(store.list("s3://labeling/job/")))
    keys = [body.source.uri.removeprefix("s3://labeling/") for body in bodies]
    assert keys == sorted(keys) == ["job/a-b/1.json", "job/a.json", "job/a/1.json", "job/b/2/3.json"]
    assert [body.content for body in bodies] == [key.encode() for key in keys]
