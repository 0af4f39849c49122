"""Which objects a template may show: those of its own manifest line, under allowed prefixes, and no others.

A manifest is written by whoever makes jobs, a template by anyone; neither may turn the service's signature into a key
to answers of other teams. What jobs wrote (worker responses, output manifests) is therefore never granted.
"""

from __future__ import annotations

import re
from typing import Any

from annolake.service.core import Service
from annolake.service.objects import split_uri
from annolake.service.templates import Grant, TemplateFault

ANSWERS = re.compile(
    r"(^|/)annotations/(worker-response|intermediate|consolidated-annotation/consolidation-)|(^|/)manifests/output/"
)

LONGEST_SIGNED = 604_800
"""Seconds; S3 signs for no longer than seven days."""


def grant_for(service: Service, values: dict[str, Any], origin: str, seconds: int) -> Grant:
    """`grant_read_access` for one task: signs addresses that stand in its input."""
    allowed = set(_addresses(values))

    def grant(uri: str) -> str:
        if uri not in allowed:
            raise TemplateFault(
                "GrantRefused", f"grant_read_access: {uri!r} is not an s3:// address of this task's input"
            )
        problem = refusal(service, uri)
        if problem:
            raise TemplateFault("GrantRefused", f"grant_read_access: {uri}: {problem}")
        return service.objects.signed_url(uri, origin, min(seconds, LONGEST_SIGNED))

    return grant


def refusal(service: Service, uri: str) -> str | None:
    """Why an address is never granted; None where it may be."""
    try:
        bucket, key = split_uri(uri)
    except ValueError as error:
        return str(error)
    prefixes = [prefix.strip() for prefix in service.settings.template_media.split(",") if prefix.strip()]
    if prefixes and not any(uri.startswith(prefix if prefix.endswith("/") else f"{prefix}/") for prefix in prefixes):
        return "not under one of the prefixes of the setting template_media"
    if not service.objects.is_known(bucket):
        return f"the service has no bucket {bucket!r}"
    if any(part in ("", ".", "..") for part in key.split("/")):
        return "the key has an empty, '.' or '..' segment"
    return "answers of a labeling job" if ANSWERS.search(key) else None


def _addresses(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value.startswith("s3://") else []
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [uri for child in children for uri in _addresses(child)]
