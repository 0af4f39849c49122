"""The service's way to objects: its own folder, read while it changes, or another S3 endpoint."""

from __future__ import annotations

import asyncio
import hashlib
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect

from annolake.config import Settings
from annolake.errors import ConfigError
from annolake.service.buckets import Buckets
from annolake.service.objects import ObjectMissing, S3Objects, bucket_names, read_bytes
from annolake.service.s3_objects import PartOfFile
from tests.service.lab import TEAM, Annotator, Lab, label, open_lab


def test_an_object_that_is_replaced_is_read_whole(tmp_path: Path) -> None:
    buckets = Buckets(tmp_path, ["one"])
    versions = [bytes([n]) * (n + 1) * 1000 for n in range(20)]
    etags = {hashlib.md5(content).hexdigest(): content for content in versions}
    is_over = threading.Event()

    def replace() -> None:
        while not is_over.is_set():
            for content in versions:
                buckets.put("one", "a/key", [content])

    buckets.put("one", "a/key", [versions[0]])
    writer = threading.Thread(target=replace)
    writer.start()
    try:
        seen: set[int] = set()
        while len(seen) < 8:
            info, file = buckets.open("one", "a/key")
            with file:
                content = file.read()
            assert info.size == len(content)
            assert etags[info.etag] == content
            seen.add(len(content))
    finally:
        is_over.set()
        writer.join()


def test_a_file_is_closed_where_the_client_left_before_its_first_byte(tmp_path: Path) -> None:
    (tmp_path / "song").write_bytes(b"abc")
    file = (tmp_path / "song").open("rb")

    async def gone(*_: object) -> Any:
        raise OSError

    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    with pytest.raises(ClientDisconnect):
        asyncio.run(PartOfFile(file, 0, 3, status_code=200)(scope, gone, gone))
    assert file.closed


def test_concurrent_puts_and_deletes_of_neighbours(tmp_path: Path) -> None:
    buckets = Buckets(tmp_path, ["one"])
    failures: list[BaseException] = []

    def churn(name: str) -> None:
        try:
            for _ in range(50):
                buckets.put("one", f"deep/er/{name}", [b"x"])
                buckets.delete("one", f"deep/er/{name}")
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=churn, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert list(buckets.walk("one")) == []


@pytest.mark.parametrize("name", ["portal", "elements", "Upper", "a", "a/b", ".objects", "openapi.json"])
def test_bucket_names_that_cannot_be(make_settings: Callable[..., Settings], name: str) -> None:
    with pytest.raises(ConfigError, match="Bucket name"):
        bucket_names(make_settings(more_buckets=f"fine,{name}"))


def test_jobs_run_on_buckets_of_another_endpoint(lab: Lab, make_settings: Callable[..., Settings]) -> None:
    lab.s3.put_object(Bucket=lab.settings.media_bucket, Key="0.mp4", Body=b"0123456789")
    settings = make_settings(s3_endpoint=lab.url, secret_key=lab.settings.secret_key)
    with open_lab(settings) as elsewhere:
        name = elsewhere.create("elsewhere", 1)
        with Annotator(elsewhere.url, TEAM[0]) as annotator:
            task = annotator.take(name)
            page = httpx.get(elsewhere.url + task["frame_url"])
            (source,) = re.findall(r'<video src="([^"]+)"', page.text)
            assert source.startswith(lab.url)
            assert lab.url in page.headers["Content-Security-Policy"]
            assert httpx.get(source.replace("&amp;", "&")).content == b"0123456789"
            annotator.answer(task, label("a"))
        elsewhere.wait(name, "Completed")
        assert elsewhere.manifest(name)[0]["class"] == 0
        objects = S3Objects(settings)
        with pytest.raises(ObjectMissing, match="NoSuchKey"):
            read_bytes(objects, lab.uri("nothing-here"), 10)
        with pytest.raises(ObjectMissing, match="larger than"):
            read_bytes(objects, lab.uri("labels.json"), 10)
    assert (lab.settings.buckets_folder / lab.bucket / "output/elsewhere/manifests/output/output.manifest").is_file()
