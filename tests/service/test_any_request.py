"""Whatever is sent, the service answers in the shape of its API, never with a 500, and to others meanwhile."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annolake.service import sigv4
from annolake.service.api import OPERATIONS
from annolake.service.model import service_model
from tests.service.lab import LAMBDA, TEAM, Annotator, Lab

Answer = tuple[int, dict[str, str], bytes]
ODD = ["", "\0", "a\0b", "\ud800", "\U0010ffff", "..", "/", "%", "'; DROP TABLE job; --", "a" * 300, "ä" * 64]
NUMBERS = [0, 1, -1, 2, 10, 100, 1000, 2**31, 2**63, -(2**63), 10**30, 0.5, 1e300, -1e300, float("nan"), float("inf")]
texts = st.sampled_from(ODD) | st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.sampled_from(NUMBERS) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
few_or_many = pytest.mark.parametrize("examples", [300, pytest.param(3000, marks=pytest.mark.soak)])


def each(examples: int) -> Callable[[Any], Any]:
    """The same requests every time in `make test`, others each time in `make soak`."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=examples, derandomize=examples < 1000, deadline=None, database=None, suppress_health_check=checks
    )


def send(lab: Lab, method: str, target: str, body: bytes, headers: dict[str, str]) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(lab.url).netloc, timeout=20)
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


def send_signed(  # noqa: PLR0917 - the parts of a request
    lab: Lab, service: str, method: str, target: str, body: bytes, headers: dict[str, str]
) -> Answer:
    path, _, query = target.partition("?")
    stamp = dt.datetime.now(dt.UTC).strftime(sigv4.STAMP)
    payload_hash = hashlib.sha256(body).hexdigest()
    host = {"host": urlsplit(lab.url).netloc, "x-amz-date": stamp, "x-amz-content-sha256": payload_hash}
    headers, names = {**headers, **host}, sorted(host)
    scope = f"{stamp[:8]}/{lab.settings.region}/{service}/aws4_request"
    request = sigv4.Signed(method, path, query, headers)
    canonical = hashlib.sha256(sigv4.canonical_request(request, names, payload_hash, query).encode()).hexdigest()
    key = sigv4.signing_key(lab.settings.secret_key, stamp[:8], lab.settings.region, service)
    signature = sigv4.sign(key, sigv4.ALGORITHM, stamp, scope, canonical)
    credential = f"Credential={lab.settings.access_key}/{scope}"
    headers["authorization"] = f"{sigv4.ALGORITHM} {credential}, SignedHeaders={';'.join(names)}, Signature={signature}"
    return send(lab, method, target, body, headers)


# -- SageMaker's operations ----------------------------------------------------------------------------------------


def check_api(answer: Answer) -> None:
    status, headers, body = answer
    assert status < 500, body
    assert headers["content-type"] == "application/x-amz-json-1.1"
    if status >= 400:
        fault = json.loads(body)
        assert fault["__type"] == headers["x-amzn-errortype"] and isinstance(fault["Message"], str)


def fitting(shape: Any, known: list[str], depth: int = 0) -> st.SearchStrategy[Any]:
    """What the model asks for, or nearly."""
    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        members = {name: fitting(member, known, depth + 1) for name, member in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional={} if depth > 3 else members)
    if kind == "list":
        return st.lists(fitting(shape.member, known, depth + 1), max_size=2)
    if kind == "map":
        return st.dictionaries(texts, fitting(shape.value, known, depth + 1), max_size=2)
    if kind == "string":
        return st.sampled_from([*(limits.get("enum") or known), *known]) | texts
    if kind == "boolean":
        return st.booleans()
    return st.sampled_from([limits.get("min", 1), limits.get("max", 5), 60, 1.7e9, *NUMBERS])


@few_or_many
def test_requests_made_of_the_model(lab: Lab, examples: int) -> None:
    known = _known(lab)
    bodies = {
        name: fitting(service_model().operation_model(name).input_shape, known) | json_values for name in OPERATIONS
    }

    @each(examples)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(OPERATIONS)))
        body = json.dumps(data.draw(bodies[name])).encode()
        check_api(send_signed(lab, "sagemaker", "POST", "/", body, {"x-amz-target": f"SageMaker.{name}"}))

    check()
    assert lab.describe("known")["LabelingJobName"] == "known"


@few_or_many
def test_a_job_with_one_thing_changed(lab: Lab, examples: int) -> None:
    """Far more of these get beyond the model's checks."""
    whole = lab.request("changed", 2)
    paths = _paths(whole)

    @each(examples)
    @given(st.sampled_from(paths), st.sampled_from(_known(lab)) | json_values, st.integers(0, 10**9))
    def check(path: tuple[str, ...], value: Any, number: int) -> None:
        request = json.loads(json.dumps(whole | {"LabelingJobName": f"changed-{number}"}))
        place = request
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
        headers = {"x-amz-target": "SageMaker.CreateLabelingJob"}
        check_api(send_signed(lab, "sagemaker", "POST", "/", json.dumps(request).encode(), headers))

    check()


@few_or_many
def test_any_bytes_to_any_target(lab: Lab, examples: int) -> None:
    printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
    targets = st.sampled_from([f"SageMaker.{name}" for name in OPERATIONS]) | printable

    @each(examples // 3)
    @given(targets, st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()), st.booleans())
    def check(target: str, body: bytes, is_signed: bool) -> None:
        headers = {"x-amz-target": target}
        check_api(
            send_signed(lab, "sagemaker", "POST", "/", body, headers)
            if is_signed
            else send(lab, "POST", "/", body, headers | {"authorization": target})
        )

    check()


def _known(lab: Lab) -> list[str]:
    """Names and addresses that are there, so that requests get further than the first check."""
    if "known" not in str(lab.sagemaker.list_labeling_jobs(NameContains="known")["LabelingJobSummaryList"]):
        lab.create("known", 2)
    job = lab.describe("known")
    arns = [job["LabelingJobArn"], lab.settings.workteam_arn, f"{LAMBDA}PRE-VideoMultiClass", lab.settings.role_arn]
    uris = [lab.uri("manifests/known.manifest"), lab.uri("labels.json"), lab.uri("templates/t.html"), lab.uri("x")]
    return ["known", lab.settings.workteam, "default", *arns, *uris, f"{LAMBDA}ACS-VideoMultiClass"]


def _paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = [p for name, item in value.items() for p in _paths(item, (*path, name))] if isinstance(value, dict) else []
    return [*([path] if path else []), *inner]


# -- the S3 subset -------------------------------------------------------------------------------------------------

HEADERS = ["range", "if-match", "if-none-match", "content-md5", "content-type", "x-amz-copy-source", "x-amz-trailer",
           "x-amz-copy-source-range", "x-amz-decoded-content-length", "x-amz-checksum-crc32", "x-amz-checksum-crc32c",
           "x-amz-checksum-sha512", "x-amz-meta-a", "x-amz-metadata-directive"]  # fmt: skip
PARAMETERS = ["list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "marker", "uploads",
              "uploadId", "partNumber", "delete", "encoding-type", "location", "acl", "response-content-type",
              "versionId", "X-Amz-Expires"]  # fmt: skip
WORDS = [
    "",
    "2",
    "1",
    "-1",
    "99999999999",
    "*",
    "bytes=0-0",
    "bytes=5-2",
    "bytes=-",
    "url",
    "/",
    "a",
    "abc",
    "AAAA",
    "%00",
]
XML = [
    "",
    "<Delete/>",
    "<Delete><Object><Key>a</Key></Object></Delete>",
    "<Delete><Object><Key></Key></Object></Delete>",
    "<Delete><Object><Key>../a</Key></Object></Delete>",
    "<CompleteMultipartUpload/>",
    "<!DOCTYPE a><Delete/>",
    "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber></Part></CompleteMultipartUpload>",
]


@few_or_many
def test_any_request_to_buckets(lab: Lab, examples: int) -> None:
    lab.upload("a/b", "content")
    plain = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
    words = st.sampled_from([*WORDS, f"{lab.bucket}/a/b", f"/{lab.bucket}/../x"]) | plain
    keys = st.sampled_from(["", "a", "a/b", "a/b/c", "a/", "//", "a//b", "../x", "%2e%2e/x", "%00", "%ff", "a" * 1100])
    paths = st.sampled_from(["", lab.bucket, "no-such-bucket", ".objects", "portal", ".."])

    @each(examples)
    @given(
        st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"]),
        paths,
        keys | plain.map(lambda key: quote(key, safe="/%?")),
        st.dictionaries(st.sampled_from(PARAMETERS), words.map(lambda word: quote(word, safe="%")), max_size=3),
        st.dictionaries(st.sampled_from(HEADERS), words, max_size=3),
        st.sampled_from(XML).map(str.encode) | st.binary(max_size=30),
    )
    def check(method: str, bucket: str, key: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> None:  # noqa: PLR0917
        pairs = "&".join(f"{name}={value}" for name, value in query.items())
        target = f"/{bucket}/{key}" if bucket else "/"
        status, _, content = send_signed(lab, "s3", method, f"{target}?{pairs}", body, headers)
        assert status < 500 or status == 501, content
        is_api = method == "POST" and target.partition("?")[0] == "/"
        if status >= 400 and method != "HEAD" and not is_api:
            assert ElementTree.fromstring(content).findtext("Code"), content

    check()
    assert lab.download(
        lab.uri("manifests/known.manifest") if "known" in lab.keys("manifests/") else lab.uri("labels.json")
    )


# -- the portal ----------------------------------------------------------------------------------------------------


@few_or_many
def test_any_request_to_the_portal(lab: Lab, examples: int) -> None:
    routes = ["session", "jobs", "tasks/next", "tasks/{}", "tasks/{}/answer", "tasks/{}/draft", "tasks/{}/release",
              "tasks/{}/decline", "nothing"]  # fmt: skip
    members = ["username", "password", "job_name", "answer", "draft", "reason", "other"]
    bodies = st.dictionaries(st.sampled_from(members), json_values, max_size=3) | json_values
    raw = bodies.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30)
    with Annotator(lab.url, TEAM[0]) as annotator:
        session = {
            "cookie": "; ".join(f"{name}={value}" for name, value in annotator.http.cookies.items()),
            "x-csrf-token": annotator.http.headers["X-CSRF-Token"],
            "content-type": "application/json",
        }

        @each(examples)
        @given(
            st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
            st.sampled_from(routes),
            st.sampled_from(["", "%00", "a", "%ff", "..", "a" * 300]),
            raw,
            st.sampled_from(
                [{}, {"idempotency-key": "x" * 300}, {"cookie": "annolake_session=\xff"}, {"origin": "null"}]
            ),
        )
        def check(method: str, route: str, task: str, body: bytes, headers: dict[str, str]) -> None:
            if (method, route) == ("DELETE", "session"):
                return
            path = f"/portal/api/{route.format(task)}"
            status, _, content = send(lab, method, path, body, session | headers)
            assert status < 500, content
            if status >= 400 and content:
                assert set(json.loads(content)["error"]) == {"code", "message"}

        check()
        assert annotator.http.get("/portal/api/session").status_code == 200


# -- slow clients --------------------------------------------------------------------------------------------------


def test_slow_clients_keep_nobody_waiting(lab: Lab) -> None:
    """Two hundred who never end their request, at every door."""
    starts = ["POST / HTTP/1.1\r\nHost: a\r\nContent-Le"] + [
        f"{method} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{{"
        for method in ("POST /", "POST /portal/api/session", f"PUT /{lab.bucket}/slow")
    ]
    place = urlsplit(lab.url)
    crowd = [socket.create_connection((place.hostname, place.port), timeout=10) for _ in range(200)]
    try:
        for number, client in enumerate(crowd):
            client.sendall(starts[number % len(starts)].encode())
        lab.upload("quick", "x")
        assert lab.download(lab.uri("quick")) == b"x"
        assert "LabelingJobSummaryList" in lab.sagemaker.list_labeling_jobs()
        with Annotator(lab.url, TEAM[1]) as annotator:
            assert annotator.http.get("/portal/api/jobs", timeout=10).status_code == 200
    finally:
        for client in crowd:
            client.close()
