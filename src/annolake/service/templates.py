"""Worker templates: Liquid with Ground Truth's filters, rendered for a page of opaque origin.

Templates are untrusted twice: their Liquid runs here under limits, their HTML runs in the browser behind the frame's
policy. Values are HTML-escaped unless a filter says otherwise; JSON never contains `<`, `>` or `&`, so that it stays
data inside a script tag.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError, TemplateNotFoundError
from liquid.undefined import is_undefined
from markupsafe import Markup

OUTPUT_LIMIT = 4 * 1024 * 1024
ELEMENTS = "/elements/crowd-html-elements.js"
CDN = re.compile(r"https://assets\.crowd\.aws/crowd-html-elements(-v2)?\.js")

Grant = Callable[[str], str]
"""URL by which the browser may read an `s3://` address for a while; raises `TemplateFault` where it may not."""


class TemplateFault(Exception):
    """A template that cannot be parsed or rendered."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Limited(Environment):  # type: ignore[misc] # the library is not followed
    """No template may loop or write without end."""

    loop_iteration_limit = 200_000
    output_stream_limit = OUTPUT_LIMIT
    local_namespace_limit = 4 * OUTPUT_LIMIT


def to_json(value: Any) -> str:
    """JSON that is safe inside a script tag; in an attribute it is escaped once more, as any value."""
    plain = None if is_undefined(value) else value
    text = json.dumps(plain, ensure_ascii=False, default=str)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _skip_autoescape(value: Any) -> Markup:
    return Markup("" if is_undefined(value) else str(value))  # noqa: S704 - what the filter is for


def _environment(grant: Grant) -> Environment:
    environment = _Limited(autoescape=True)
    environment.add_filter("to_json", to_json)
    environment.add_filter("skip_autoescape", _skip_autoescape)
    environment.add_filter("grant_read_access", lambda value: "" if is_undefined(value) else grant(str(value)))
    return environment


def check_template(content: str) -> None:
    """Raises `TemplateFault` where the Liquid of a template cannot be parsed."""
    _parse(content)


@lru_cache(maxsize=64)
def _parse(content: str) -> BoundTemplate:
    try:
        return _environment(lambda uri: uri).from_string(content)
    except Exception as error:  # whatever untrusted Liquid brings about is the template's fault, not the service's
        raise _fault(error) from None


def render(content: str, values: dict[str, Any], grant: Grant, elements_origin: str) -> str:
    """The HTML of a template for one task; Ground Truth's element library is replaced by the service's own."""
    try:
        template = _environment(grant).from_string(content)
        html = template.render(task={"input": values})
    except Exception as error:  # whatever untrusted Liquid brings about is the template's fault, not the service's
        raise _fault(error) from None
    return CDN.sub(elements_origin + ELEMENTS, html)


def content_policy(origin: str, media: str) -> str:
    """Content security policy of a template's page: a sandbox of opaque origin that loads the elements and `media`."""
    elements = origin + ELEMENTS.rpartition("/")[0] + "/"
    return "; ".join(
        [
            "sandbox allow-scripts",
            "default-src 'none'",
            f"script-src 'unsafe-inline' {elements}",
            f"style-src 'unsafe-inline' {elements}",
            f"font-src data: {elements}",
            f"img-src data: blob: {elements} {media}",
            f"media-src blob: {media}",
            f"connect-src {media}",
            "form-action 'none'",
            "base-uri 'none'",
            f"frame-ancestors {origin}",
        ]
    )


def _fault(error: Exception) -> TemplateFault:
    if isinstance(error, TemplateFault):
        return error
    if not isinstance(error, LiquidError):  # a filter met a value that it was not made for
        return TemplateFault("TemplateError", f"The template cannot be rendered: {type(error).__name__}: {error}")
    message = str(error.message)
    if isinstance(error, TemplateNotFoundError):
        message = f"include and render are not supported (of {message})"
    try:
        context = error.context()
    except ValueError:  # the fault is at the very end of the text
        context = None
    where = f" (line {context[0]}, column {context[1] + 1}: {context[3].strip()[:200]})" if context else " (at the end)"
    return TemplateFault(type(error).__name__, f"{message}{where}")
