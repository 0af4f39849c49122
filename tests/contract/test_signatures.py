"""SigV4: who does not hold the key gets nothing, and is told Amazon's code for it."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import boto3
import httpx
import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.service.lab import Lab


def client(lab: Lab, service: str, **options: Any) -> Any:
    keys = {"aws_access_key_id": lab.settings.access_key, "aws_secret_access_key": lab.settings.secret_key}
    config = options.pop("config", Config()).merge(Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}))
    return boto3.client(service, endpoint_url=lab.url, region_name="us-east-1", config=config, **(keys | options))


def code(client: Any, call: str, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        getattr(client, call)(**request)
    client.close()
    return caught.value.response["Error"]["Code"]


def test_wrong_secret(lab: Lab) -> None:
    assert code(client(lab, "sagemaker", aws_secret_access_key="x"), "list_workteams") == "InvalidSignatureException"
    assert code(client(lab, "s3", aws_secret_access_key="x"), "list_buckets") == "SignatureDoesNotMatch"


def test_unknown_key(lab: Lab) -> None:
    assert code(client(lab, "sagemaker", aws_access_key_id="x"), "list_workteams") == "UnrecognizedClientException"
    assert code(client(lab, "s3", aws_access_key_id="x"), "list_buckets") == "InvalidAccessKeyId"


def test_unsigned(lab: Lab) -> None:
    unsigned = Config(signature_version=UNSIGNED)
    assert code(client(lab, "sagemaker", config=unsigned), "list_workteams") == "MissingAuthenticationTokenException"
    denied = code(client(lab, "s3", config=unsigned), "get_object", Bucket=lab.bucket, Key="labels.json")
    assert denied == "AccessDenied"


def signed(lab: Lab, target: str, body: bytes, when: dt.datetime | None = None) -> dict[str, str]:
    request = AWSRequest("POST", lab.url + "/", {"X-Amz-Target": target}, body)
    auth = SigV4Auth(Credentials(lab.settings.access_key, lab.settings.secret_key), "sagemaker", "us-east-1")
    auth.add_auth(request)
    if when is not None:
        stamp = when.strftime("%Y%m%dT%H%M%SZ")
        request.context["timestamp"] = stamp
        request.headers.replace_header("X-Amz-Date", stamp)
        del request.headers["Authorization"]
        auth._inject_signature_to_request(  # the only way to sign for another time
            request, auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        )
    return dict(request.headers)


def test_clock_skew_and_changed_body(lab: Lab) -> None:
    good = signed(lab, "SageMaker.ListWorkteams", b"{}")
    assert httpx.post(lab.url, headers=good, content=b"{}").status_code == 200
    changed = httpx.post(lab.url, headers=good, content=b'{"MaxResults":1}')
    assert changed.json()["__type"] == "InvalidSignatureException"
    assert changed.headers["x-amzn-errortype"] == "InvalidSignatureException"
    for hours in (-1, 1):
        when = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
        late = httpx.post(lab.url, headers=signed(lab, "SageMaker.ListWorkteams", b"{}", when), content=b"{}")
        assert late.json()["__type"] == "InvalidSignatureException"
        assert "15 minutes" in late.json()["Message"]


@pytest.mark.parametrize(
    "header", ["", "AWS4-HMAC-SHA256", "Bearer x", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=x"]
)
def test_malformed_authorization(lab: Lab, header: str) -> None:
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    response = httpx.post(lab.url, headers={"Authorization": header, "X-Amz-Date": stamp})
    assert response.status_code == 400
    assert response.json()["__type"] == "IncompleteSignatureException"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"[" * 100_000, b'"x"', b'{"MaxResults":"a"}', b"\xff"])
@pytest.mark.parametrize("target", ["SageMaker.ListLabelingJobs", "SageMaker.CreateLabelingJob", "SageMaker.Nope", "x"])
def test_no_body_brings_the_service_down(lab: Lab, target: str, body: bytes) -> None:
    response = httpx.post(lab.url, headers=signed(lab, target, body), content=body)
    assert response.status_code in (200, 400)
    assert response.headers["x-amzn-RequestId"]
    if response.status_code == 400:
        assert response.json()["__type"] in (
            "ValidationException",
            "SerializationException",
            "UnknownOperationException",
        )


def test_body_beyond_the_limit_is_refused(lab: Lab) -> None:
    body = json.dumps({"x": "y" * 5_000_000}).encode()
    response = httpx.post(lab.url, headers=signed(lab, "SageMaker.ListWorkteams", body), content=body)
    assert response.status_code == 413


def test_presigned_url_expires_and_cannot_be_bent(lab: Lab) -> None:
    lab.upload("presigned.txt", "hello")
    url = lab.s3.generate_presigned_url("get_object", {"Bucket": lab.bucket, "Key": "presigned.txt"}, ExpiresIn=5)
    assert httpx.get(url).text == "hello"
    assert httpx.get(url.replace("presigned.txt", "labels.json")).status_code == 403
    assert httpx.get(url.replace("Expires=5&", "Expires=99&")).status_code == 403
    assert httpx.delete(url).status_code == 403
    time.sleep(6.1)
    late = httpx.get(url)
    assert late.status_code == 403
    assert "expired" in late.text


def test_the_old_way_of_signing_is_refused_with_what_to_set(lab: Lab) -> None:
    """As presigned by boto3 and the AWS CLI for us-east-1, where nobody says otherwise."""
    old = client(lab, "s3", config=Config(signature_version="s3"))
    lab.upload("old.txt", "hello")
    url = old.generate_presigned_url("get_object", {"Bucket": lab.bucket, "Key": "old.txt"})
    answer = httpx.get(url)
    assert answer.status_code == 400
    assert "<Code>InvalidRequest</Code>" in answer.text and "signature_version" in answer.text
    assert code(old, "get_object", Bucket=lab.bucket, Key="old.txt") == "InvalidRequest"
