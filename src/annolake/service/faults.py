"""What the service refuses, in the three shapes in which its clients understand it.

ApiFault     AWS JSON 1.1: `__type` and `Message`                   (SageMaker operations)
S3Fault      XML `Error` with `Code` and `Message`                  (the S3 subset)
PortalFault  {"error": {"code", "message"}}                         (the portal's HTTP API)
"""

from __future__ import annotations


class ApiFault(Exception):
    """An AWS JSON 1.1 error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ApiFault:
    """A request that breaks the contract; the message names the field."""
    return ApiFault("ValidationException", message)


class S3Fault(Exception):
    """An S3 error."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


class PortalFault(Exception):
    """An error of the portal's HTTP API."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
