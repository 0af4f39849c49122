"""The S3 subset with the clients that people have: boto3, s3fs, pyarrow."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tests.service.lab import Lab


def code(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"]


def test_object_goes_round_with_its_facts(lab: Lab) -> None:
    body = os.urandom(100_000)
    key = "a/b c/ü+%25&=~'(x).bin"
    put = lab.s3.put_object(Bucket=lab.bucket, Key=key, Body=body, ContentType="x/y", Metadata={"who": "me"})
    md5 = f'"{hashlib.md5(body).hexdigest()}"'
    assert put["ETag"] == md5
    got = lab.s3.get_object(Bucket=lab.bucket, Key=key)
    assert got["Body"].read() == body
    head = lab.s3.head_object(Bucket=lab.bucket, Key=key)
    for answer in (got, head):
        assert answer["ETag"] == md5
        assert answer["ContentType"] == "x/y"
        assert answer["Metadata"] == {"who": "me"}
        assert answer["ContentLength"] == len(body)
    assert (lab.settings.buckets_folder / lab.bucket / key).read_bytes() == body
    lab.s3.delete_object(Bucket=lab.bucket, Key=key)
    assert code(lab.s3.get_object, Bucket=lab.bucket, Key=key) == "NoSuchKey"
    assert code(lab.s3.head_object, Bucket=lab.bucket, Key=key) == "404"
    lab.s3.delete_object(Bucket=lab.bucket, Key=key)


def test_a_file_changed_by_another_tool_is_served_as_it_is(lab: Lab) -> None:
    lab.upload("changed.wav", "old")
    path = lab.settings.buckets_folder / lab.bucket / "changed.wav"
    path.write_bytes(b"newer")
    head = lab.s3.head_object(Bucket=lab.bucket, Key="changed.wav")
    assert head["ETag"] == f'"{hashlib.md5(b"newer").hexdigest()}"'
    assert head["ContentLength"] == 5


@pytest.mark.parametrize(
    ("span", "expected"),
    [("bytes=0-0", b"0"), ("bytes=3-5", b"345"), ("bytes=7-", b"789"), ("bytes=-3", b"789"), ("bytes=5-99", b"56789")],
)
def test_ranges(lab: Lab, span: str, expected: bytes) -> None:
    lab.upload("digits", "0123456789")
    got = lab.s3.get_object(Bucket=lab.bucket, Key="digits", Range=span)
    assert got["Body"].read() == expected
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["ContentRange"].endswith("/10")


def test_range_beyond_the_end_and_conditions(lab: Lab) -> None:
    etag = lab.s3.put_object(Bucket=lab.bucket, Key="cond", Body=b"x")["ETag"]
    assert code(lab.s3.get_object, Bucket=lab.bucket, Key="cond", Range="bytes=5-9") == "InvalidRange"
    assert code(lab.s3.get_object, Bucket=lab.bucket, Key="cond", IfMatch='"0"') == "PreconditionFailed"
    assert code(lab.s3.get_object, Bucket=lab.bucket, Key="cond", IfNoneMatch=etag) == "304"
    assert code(lab.s3.put_object, Bucket=lab.bucket, Key="cond", Body=b"y", IfNoneMatch="*") == "PreconditionFailed"
    lab.s3.put_object(Bucket=lab.bucket, Key="cond-new", Body=b"y", IfNoneMatch="*")


def test_multipart_upload_and_copy(lab: Lab) -> None:
    body = os.urandom(12 << 20)
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    lab.s3.upload_fileobj(io.BytesIO(body), lab.bucket, "big.bin", Config=config)
    head = lab.s3.head_object(Bucket=lab.bucket, Key="big.bin")
    assert head["ETag"].endswith('-3"')
    lab.s3.copy({"Bucket": lab.bucket, "Key": "big.bin"}, "spare", "copy of big.bin", Config=config)
    target = io.BytesIO()
    lab.s3.download_fileobj("spare", "copy of big.bin", target, Config=config)
    assert target.getvalue() == body
    lab.s3.copy_object(Bucket=lab.bucket, Key="small", CopySource={"Bucket": "spare", "Key": "copy of big.bin"})
    assert lab.s3.head_object(Bucket=lab.bucket, Key="small")["ContentLength"] == len(body)
    upload = lab.s3.create_multipart_upload(Bucket=lab.bucket, Key="never")["UploadId"]
    place = {"Bucket": lab.bucket, "Key": "never", "UploadId": upload}
    part = lab.s3.upload_part(**place, PartNumber=1, Body=b"x")
    assert [p["PartNumber"] for p in lab.s3.list_parts(**place)["Parts"]] == [1]
    wrong = {"Parts": [{"PartNumber": 2, "ETag": part["ETag"]}]}
    assert code(lab.s3.complete_multipart_upload, **place, MultipartUpload=wrong) == "InvalidPart"
    lab.s3.abort_multipart_upload(**place)
    assert code(lab.s3.list_parts, **place) == "NoSuchUpload"
    assert not list((lab.settings.buckets_folder / ".staging").iterdir())


def test_lists_in_order_by_pages_and_folders(lab: Lab) -> None:
    keys = sorted(["l/a", "l/a-b", "l/a/1", "l/b/2", "l/b/3", "l/ü", "l/z z", "l/A"][1:])
    for key in keys:
        lab.s3.put_object(Bucket="spare", Key=key, Body=b"x")
    pages = lab.s3.get_paginator("list_objects_v2")
    for size in (1, 2, 3, 100):
        query = {"Bucket": "spare", "Prefix": "l/", "PaginationConfig": {"PageSize": size}}
        found = [item["Key"] for page in pages.paginate(**query) for item in page.get("Contents", [])]
        assert found == keys
        folders = []
        for page in pages.paginate(**query, Delimiter="/"):
            folders += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
            assert page["KeyCount"] <= size
        assert folders == ["l/a/", "l/b/"]
    after = lab.s3.list_objects_v2(Bucket="spare", Prefix="l/", StartAfter="l/b/2")
    assert [item["Key"] for item in after["Contents"]] == ["l/b/3", "l/z z", "l/ü"]
    old = lab.s3.list_objects(Bucket="spare", Prefix="l/b", MaxKeys=1)
    assert old["IsTruncated"]
    assert code(lab.s3.list_objects_v2, Bucket="spare", ContinuationToken="!") == "InvalidArgument"
    deleted = lab.s3.delete_objects(Bucket="spare", Delete={"Objects": [{"Key": key} for key in [*keys, "absent"]]})
    assert len(deleted["Deleted"]) == len(keys) + 1
    assert lab.s3.list_objects_v2(Bucket="spare", Prefix="l/")["KeyCount"] == 0


def test_only_configured_buckets(lab: Lab) -> None:
    names = [bucket["Name"] for bucket in lab.s3.list_buckets()["Buckets"]]
    assert names == sorted([lab.bucket, lab.settings.media_bucket, "spare"])
    lab.s3.head_bucket(Bucket=lab.bucket)
    assert code(lab.s3.head_bucket, Bucket="foreign") == "404"
    for bucket in ("foreign", "portal", "elements"):
        assert code(lab.s3.list_objects_v2, Bucket=bucket) == "NoSuchBucket"
        assert code(lab.s3.put_object, Bucket=bucket, Key="x", Body=b"") in ("NoSuchBucket", "405")
    assert code(lab.s3.create_bucket, Bucket="foreign") == "NoSuchBucket"
    assert code(lab.s3.get_bucket_acl, Bucket=lab.bucket) == "NotImplemented"


@pytest.mark.parametrize("key", ["../escape", "a/../../escape", "a//b", "./a", "x/" * 600, "y" * 300, "a\x00b"])
def test_keys_that_leave_the_bucket_are_refused(lab: Lab, key: str) -> None:
    for call, more in ((lab.s3.put_object, {"Body": b"x"}), (lab.s3.get_object, {}), (lab.s3.delete_object, {})):
        with pytest.raises(ClientError) as caught:
            call(Bucket=lab.bucket, Key=key, **more)
        assert 400 <= caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert not (lab.settings.buckets_folder.parent / "escape").exists()
    assert not (lab.settings.buckets_folder / "escape").exists()


def test_links_out_of_the_bucket_are_refused(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = lab.settings.buckets_folder / lab.bucket
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "linked").symlink_to(tmp_path)
    for key in ("link.txt", "linked/secret.txt"):
        assert code(lab.s3.get_object, Bucket=lab.bucket, Key=key) == "AccessDenied"
        assert code(lab.s3.put_object, Bucket=lab.bucket, Key=key, Body=b"") == "AccessDenied"
    assert not [key for key in lab.keys("link") if key.startswith("link")]
    assert (tmp_path / "secret.txt").read_text() == "secret"


def test_object_and_folder_of_one_name_are_refused(lab: Lab) -> None:
    lab.upload("one", "x")
    assert code(lab.s3.put_object, Bucket=lab.bucket, Key="one/two", Body=b"") == "OperationAborted"
    lab.upload("two/three", "x")
    assert code(lab.s3.put_object, Bucket=lab.bucket, Key="two", Body=b"") == "OperationAborted"


def test_a_folder_is_an_object_only_where_somebody_put_it(lab: Lab) -> None:
    def keys() -> list[str]:
        return [item["Key"] for item in lab.s3.list_objects_v2(Bucket="spare", Prefix="f/").get("Contents", [])]

    lab.s3.put_object(Bucket="spare", Key="f/put/", Body=b"")
    lab.s3.put_object(Bucket="spare", Key="f/put/x", Body=b"x")
    lab.s3.put_object(Bucket="spare", Key="f/made/x", Body=b"x")
    (lab.settings.buckets_folder / "spare/f/empty").mkdir()  # as a file's folder is for a moment before the file
    assert keys() == ["f/made/x", "f/put/", "f/put/x"]
    assert code(lab.s3.head_object, Bucket="spare", Key="f/made/") == "404"
    for key in ("f/put/x", "f/made/x", "f/made/"):
        lab.s3.delete_object(Bucket="spare", Key=key)
    assert keys() == ["f/put/"]
    assert not (lab.settings.buckets_folder / "spare/f/made").exists()
    lab.s3.delete_object(Bucket="spare", Key="f/put/")
    assert keys() == []


def test_damaged_upload_leaves_nothing(lab: Lab) -> None:
    md5 = "AAAAAAAAAAAAAAAAAAAAAA=="
    assert code(lab.s3.put_object, Bucket=lab.bucket, Key="damaged", Body=b"x", ContentMD5=md5) == "BadDigest"
    wrong = "AAAAAA=="
    assert code(lab.s3.put_object, Bucket=lab.bucket, Key="damaged", Body=b"x", ChecksumCRC32=wrong) == "BadDigest"
    assert code(lab.s3.get_object, Bucket=lab.bucket, Key="damaged") == "NoSuchKey"


def test_browsers_may_read_but_never_run(lab: Lab) -> None:
    lab.upload("page.html", "<script>alert(1)</script>")
    url = lab.s3.generate_presigned_url("get_object", {"Bucket": lab.bucket, "Key": "page.html"})
    headers = httpx.get(url, headers={"Origin": "null"}).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
    preflight = httpx.options(url, headers={"Origin": "null", "Access-Control-Request-Method": "GET"})
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD"


def test_presigned_put(lab: Lab) -> None:
    url = lab.s3.generate_presigned_url("put_object", {"Bucket": lab.bucket, "Key": "by-url"})
    assert httpx.put(url, content=b"hello").status_code == 200
    assert lab.download(lab.uri("by-url")) == b"hello"


def test_s3fs(lab: Lab) -> None:
    import s3fs

    files = s3fs.S3FileSystem(
        key=lab.settings.access_key,
        secret=lab.settings.secret_key,
        endpoint_url=lab.url,
        client_kwargs={"region_name": "us-east-1"},
        skip_instance_cache=True,
    )
    with files.open("spare/fs/a/one.txt", "wb") as out:
        out.write(b"one")
    big = os.urandom(6 << 20)
    with files.open("spare/fs/big", "wb", block_size=5 << 20) as out:
        out.write(big)
    assert sorted(files.find("spare/fs")) == ["spare/fs/a/one.txt", "spare/fs/big"]
    assert files.cat_file("spare/fs/big", start=100, end=200) == big[100:200]
    assert files.info("spare/fs/a/one.txt")["size"] == 3
    files.cp_file("spare/fs/big", "spare/fs/copy")
    files.rm("spare/fs", recursive=True)
    files.invalidate_cache()
    assert files.find("spare/fs") == []


def test_pyarrow(lab: Lab) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import fs

    files = fs.S3FileSystem(
        access_key=lab.settings.access_key,
        secret_key=lab.settings.secret_key,
        endpoint_override=lab.url.removeprefix("http://"),
        scheme="http",
        region="us-east-1",
    )
    table = pa.table({"n": list(range(200_000)), "x": os.urandom(200_000).hex(" ", 1).split()})
    pq.write_table(table, "spare/arrow/part.parquet", filesystem=files)
    assert pq.read_table("spare/arrow/part.parquet", filesystem=files).equals(table)
    files.create_dir("spare/arrow/empty/inner", recursive=True)
    listed = files.get_file_info(fs.FileSelector("spare/arrow", recursive=True))
    assert {info.base_name for info in listed if info.is_file} == {"part.parquet"}
    files.copy_file("spare/arrow/part.parquet", "spare/arrow/copy.parquet")
    files.delete_dir("spare/arrow")
    assert files.get_file_info("spare/arrow/part.parquet").type == fs.FileType.NotFound
