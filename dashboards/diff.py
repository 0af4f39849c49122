"""Texts of several annotators beside each other, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape
from typing import Literal

Kind = Literal["same", "only_reference", "only_other"]
Part = tuple[Kind, str]


def diff(reference: str, other: str) -> list[Part]:
    """What both say, what only the reference says and what only the other says, in the order of reading.

    >>> diff("the blue suitcase", "the suitcase is")
    [('same', 'the'), ('only_reference', 'blue'), ('same', 'suitcase'), ('only_other', 'is')]
    """
    left, right = reference.split(), other.split()
    parts: list[Part] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(("same", " ".join(left[a:b])))
            continue
        if b > a:
            parts.append(("only_reference", " ".join(left[a:b])))
        if d > c:
            parts.append(("only_other", " ".join(right[c:d])))
    return parts


def middle(texts: Sequence[str]) -> int:
    """Place of the text that is nearest to all others; the first of several."""
    words = [text.split() for text in texts]
    near = [
        sum(SequenceMatcher(None, one, other, autojunk=False).ratio() for other in words if other is not one)
        for one in words
    ]
    return near.index(max(near))


def as_html(parts: Sequence[Part]) -> str:
    """The parts as HTML: what is missing is struck through, what is added is underlined."""
    tags = {"same": "span", "only_reference": "del", "only_other": "ins"}
    return " ".join(f"<{tags[kind]}>{escape(text)}</{tags[kind]}>" for kind, text in parts)
