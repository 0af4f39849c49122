"""The XML that S3 clients send and read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from annolake.service.buckets import ObjectInfo
from annolake.service.faults import S3Fault

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'
Item = tuple[str, "str | Sequence[Item]"]


def document(name: str, items: Sequence[Item], *, namespace: bool = True) -> bytes:
    """An XML document: nested (name, text or children) pairs.

    >>> document("A", [("B", "1 & 2"), ("C", [("D", "")])], namespace=False)[39:]
    b'<A><B>1 &amp; 2</B><C><D></D></C></A>'
    """
    attribute = f' xmlns="{NAMESPACE}"' if namespace else ""
    return f"{HEADER}<{name}{attribute}>{_children(items)}</{name}>".encode()


def _children(items: Sequence[Item]) -> str:
    return "".join(
        f"<{name}>{_text(value) if isinstance(value, str) else _children(value)}</{name}>" for name, value in items
    )


def _text(value: str) -> str:
    return escape("".join(c for c in value if c >= " " or c in "\t\n\r"))


def timestamp(mtime_ns: int) -> str:
    """ISO time of a listing."""
    return datetime.fromtimestamp(mtime_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def listing(
    bucket: str,
    infos: Iterable[ObjectInfo],
    prefixes: Sequence[str],
    *,
    is_v2: bool,
    is_encoded: bool,
    echo: Sequence[tuple[str, str]],
    next_page: str | None,
) -> bytes:
    """Answer of ListObjectsV2, or of its elder where a client still calls it."""
    name = (lambda key: quote(key, safe="/")) if is_encoded else (lambda key: key)
    contents: list[Item] = [
        (
            "Contents",
            [
                ("Key", name(info.key)),
                ("LastModified", timestamp(info.mtime_ns)),
                ("ETag", f'"{info.etag}"'),
                ("Size", str(info.size)),
                ("StorageClass", "STANDARD"),
            ],
        )
        for info in infos
    ]
    folders: list[Item] = [("CommonPrefixes", [("Prefix", name(prefix))]) for prefix in prefixes]
    encoded = {"Prefix", "Delimiter", "StartAfter", "Marker"}
    items: list[Item] = [("Name", bucket)]
    items += [(key, name(value) if key in encoded else value) for key, value in echo]
    items += [("IsTruncated", "true" if next_page is not None else "false")]
    if is_v2:
        items += [("KeyCount", str(len(contents) + len(folders)))]
    if is_encoded:
        items += [("EncodingType", "url")]
    if next_page is not None:
        items += [("NextContinuationToken" if is_v2 else "NextMarker", next_page if is_v2 else name(next_page))]
    return document("ListBucketResult", items + contents + folders)


def parse(body: bytes, root: str) -> ElementTree.Element:
    """A small XML request without its namespace; entities are refused."""
    try:
        if b"<!" in body:
            raise ElementTree.ParseError("declarations are not allowed")
        tree = ElementTree.fromstring(body)  # noqa: S314 - no DOCTYPE gets here, so there is nothing to expand
    except ElementTree.ParseError:
        raise S3Fault(400, "MalformedXML", "The XML you provided was not well-formed") from None
    for element in tree.iter():
        element.tag = element.tag.rpartition("}")[2]
    if tree.tag != root:
        raise S3Fault(400, "MalformedXML", f"The XML you provided is not a {root}")
    return tree
