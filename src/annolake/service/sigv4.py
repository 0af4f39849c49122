"""Signature version 4 as the server sees it: headers or query, S3's streaming payloads included.

The canonical request is built as botocore builds it; a signature is compared in constant time. A fault carries the
code that Amazon would give; SageMaker answers it as JSON, S3 as XML.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from annolake.config import Settings

ALGORITHM = "AWS4-HMAC-SHA256"
STAMP = "%Y%m%dT%H%M%SZ"
SKEW = timedelta(minutes=15)
LONGEST = 7 * 86_400
UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING = "STREAMING-"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class SignatureFault(Exception):
    """A request that is not signed as it must be; `reason` is one of `FAULTS`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


FAULTS: dict[str, tuple[str, str]] = {
    # reason -> (code of AWS JSON services, code of S3)
    "missing": ("MissingAuthenticationTokenException", "AccessDenied"),
    "incomplete": ("IncompleteSignatureException", "AuthorizationHeaderMalformed"),
    "unknown key": ("UnrecognizedClientException", "InvalidAccessKeyId"),
    "mismatch": ("InvalidSignatureException", "SignatureDoesNotMatch"),
    "skew": ("InvalidSignatureException", "RequestTimeTooSkewed"),
    "expired": ("ExpiredTokenException", "AccessDenied"),
    "old": ("IncompleteSignatureException", "InvalidRequest"),
}


OLD = (
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256: in boto3"
    " Config(signature_version='s3v4'), for the AWS CLI: aws configure set default.s3.signature_version s3v4"
)


@dataclass(frozen=True)
class Signed:
    """The parts of a request that a signature covers, as they came over the wire."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Lower-cased names; repeated headers joined by commas."""


@dataclass(frozen=True)
class Verified:
    """A request whose signature holds; the chunks of a streamed payload go on from `signature`."""

    payload_hash: str
    signature: str
    scope: str
    stamp: str
    key: bytes


def is_old(request: Signed) -> bool:
    """Whether the request is signed by version 2, as clients presign for S3 in us-east-1 unless told otherwise."""
    return "AWSAccessKeyId=" in request.query or request.headers.get("authorization", "").startswith("AWS ")


def verify(
    settings: Settings, service: str, request: Signed, payload_hash: str, now: datetime | None = None
) -> Verified:
    """Check header or query signature; raises `SignatureFault`.

    `payload_hash` is the hash of the body that arrived, or what `x-amz-content-sha256`
    promises about one that is still to come.
    """
    now = now or datetime.now(UTC)
    if is_old(request):
        raise SignatureFault("old", OLD)
    if "authorization" in request.headers:
        return _verify_header(settings, service, request, payload_hash, now)
    if "X-Amz-Signature=" in request.query:
        return _verify_query(settings, service, request, now)
    raise SignatureFault("missing", "The request is not signed (AWS Signature Version 4)")


def _verify_header(settings: Settings, service: str, request: Signed, payload_hash: str, now: datetime) -> Verified:
    method, _, rest = request.headers["authorization"].strip().partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if method != ALGORITHM or not {"Credential", "SignedHeaders", "Signature"} <= fields.keys():
        raise SignatureFault(
            "incomplete", f"The Authorization header is not {ALGORITHM} with Credential, SignedHeaders, Signature"
        )
    stamp = request.headers.get("x-amz-date", "")
    signed_at = _time(stamp)
    if abs(now - signed_at) > SKEW:
        raise SignatureFault(
            "skew", f"Signature expired or not yet valid: {stamp} is not within 15 minutes of {now:{STAMP}}"
        )
    names = fields["SignedHeaders"].split(";")
    if "host" not in names:
        raise SignatureFault("incomplete", "SignedHeaders must contain host")
    return _compare(
        settings, service, request, fields["Credential"], names, stamp, payload_hash, fields["Signature"], request.query
    )


def _verify_query(settings: Settings, service: str, request: Signed, now: datetime) -> Verified:
    values = dict(_pairs(request.query))
    need = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
    missing = [f"X-Amz-{name}" for name in need if f"X-Amz-{name}" not in values]
    if missing or values["X-Amz-Algorithm"] != ALGORITHM:
        raise SignatureFault("incomplete", f"The presigned query lacks {', '.join(missing) or ALGORITHM}")
    signed_at = _time(values["X-Amz-Date"])
    expires = values["X-Amz-Expires"]
    if not expires.isascii() or not expires.isdigit() or len(expires) > 9 or int(expires) > LONGEST:
        raise SignatureFault("incomplete", f"X-Amz-Expires must be 0 to {LONGEST} seconds")
    if signed_at > now + SKEW:
        raise SignatureFault("skew", "The request is not valid yet")
    if now > signed_at + timedelta(seconds=int(expires)):
        raise SignatureFault("expired", "Request has expired")
    names = values["X-Amz-SignedHeaders"].split(";")
    query = "&".join(part for part in request.query.split("&") if not part.startswith("X-Amz-Signature="))
    credential, signature = values["X-Amz-Credential"], values["X-Amz-Signature"]
    return _compare(settings, service, request, credential, names, values["X-Amz-Date"], UNSIGNED, signature, query)


def _compare(  # noqa: PLR0917 - the fields of one signature
    settings: Settings,
    service: str,
    request: Signed,
    credential: str,
    names: Sequence[str],
    stamp: str,
    payload_hash: str,
    signature: str,
    query: str,
) -> Verified:
    access_key, _, scope = credential.partition("/")
    parts = scope.split("/")
    if len(parts) != 4 or parts[3] != "aws4_request" or parts[0] != stamp[:8] or parts[2] != service:
        raise SignatureFault(
            "incomplete", f"The credential's scope must be {stamp[:8]}/<region>/{service}/aws4_request, not {scope}"
        )
    if not hmac.compare_digest(access_key.encode(), settings.access_key.encode()):
        raise SignatureFault("unknown key", "The security token included in the request is invalid: unknown access key")
    absent = [name for name in names if name not in request.headers]
    if absent:
        raise SignatureFault("incomplete", f"Signed headers that did not arrive: {', '.join(absent)}")
    key = signing_key(settings.secret_key, parts[0], parts[1], service)
    canonical = canonical_request(request, names, payload_hash, query)
    expected = sign(key, ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest())
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise SignatureFault(
            "mismatch", "The request signature we calculated does not match the signature you provided. Check your key"
        )
    return Verified(payload_hash, signature, scope, stamp, key)


def canonical_request(request: Signed, names: Sequence[str], payload_hash: str, query: str) -> str:
    """The text whose hash is signed."""
    headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names)
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in _pairs(query))
    return "\n".join(
        [
            request.method,
            quote(unquote(request.path, errors="surrogateescape"), safe="/-_.~", errors="surrogateescape"),
            "&".join(f"{k}={v}" for k, v in pairs),
            headers,
            ";".join(names),
            payload_hash,
        ]
    )


def sign(key: bytes, *lines: str) -> str:
    """Hex HMAC-SHA256 of lines."""
    return hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key derived for a day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def presign(settings: Settings, origin: str, bucket: str, key: str, seconds: int) -> str:
    """A GET URL for an object of the S3 subset at `origin` (scheme and host that the browser uses)."""
    stamp = datetime.now(UTC).strftime(STAMP)
    scope = f"{stamp[:8]}/{settings.region}/s3/aws4_request"
    path = quote(f"/{bucket}/{key}", safe="/-_.~")
    values = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{settings.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(min(max(seconds, 1), LONGEST)),
        "X-Amz-SignedHeaders": "host",
    }
    query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in values.items())
    request = Signed("GET", path, query, {"host": origin.split("://", 1)[1]})
    canonical = canonical_request(request, ["host"], UNSIGNED, query)
    signing = signing_key(settings.secret_key, stamp[:8], settings.region, "s3")
    signature = sign(signing, ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest())
    return f"{origin}{path}?{query}&X-Amz-Signature={signature}"


def _pairs(query: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in query.split("&") if part]
    return [(unquote(name), unquote(value)) for name, _, value in parts]


def _time(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureFault("incomplete", f"X-Amz-Date must look like 20260131T235959Z, not {stamp!r}") from None
