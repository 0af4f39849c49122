"""Failures of a labeling backend, told in our errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from annolake.errors import LabelingError, LabelingUnavailable

PASSING = {"ThrottlingException", "Throttling", "TooManyRequestsException", "ServiceUnavailable", "SlowDown"}
SERVER_ERROR = 500


@contextlib.contextmanager
def labeling_errors(doing: str) -> Iterator[None]:
    """Raise `LabelingUnavailable` where a later try may help, else `LabelingError`; `doing` says what failed."""
    try:
        yield
    except (NoConnection, HTTPClientError) as error:
        raise LabelingUnavailable(
            f"{doing}: the labeling backend does not answer: {error}",
            hint="Is it running? Locally: annolake up",
        ) from error
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        told = f"{doing}: {code(error)}: {error.response.get('Error', {}).get('Message', '')}".rstrip(": ")
        if status >= SERVER_ERROR or code(error) in PASSING:
            raise LabelingUnavailable(told) from error
        raise LabelingError(told) from error
    except BotoCoreError as error:
        raise LabelingError(f"{doing}: {error}") from error


def code(error: ClientError) -> str:
    """The error code that the backend gave."""
    return str(error.response.get("Error", {}).get("Code", ""))
