"""boto3 clients of the labeling backend and its object store: the embedded service or Amazon, by settings alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from annolake.config import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


def sagemaker(settings: Settings) -> SageMakerClient:
    """A SageMaker client for Ground Truth calls."""
    return boto3.client("sagemaker", endpoint_url=settings.sagemaker_endpoint_url, **_common(settings, "sagemaker"))


def s3(settings: Settings) -> S3Client:
    """An S3 client for media, manifests, templates and outputs."""
    return boto3.client("s3", endpoint_url=settings.s3_endpoint_url, **_common(settings, "s3"))


def _common(settings: Settings, service: str) -> dict[str, Any]:
    endpoint = settings.s3_endpoint_url if service == "s3" else settings.sagemaker_endpoint_url
    options: dict[str, Any] = {
        "region_name": settings.region,
        "config": Config(
            retries={"mode": "standard", "max_attempts": 4},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=16,  # landing downloads that many files at a time
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path"} if endpoint else None,
        ),
    }
    if endpoint:  # on Amazon's own endpoints the usual credential chain decides
        options |= {"aws_access_key_id": settings.access_key, "aws_secret_access_key": settings.secret_key}
    return options
