"""Splits of a data set by source: everything that was made of one recording falls into one part.

Two objects have one source where they have the same content, were found at the same place, or are joined by others
that do. The part follows from a hash of the source and the seed: it depends on no other source, so that a data set that
grows keeps the parts of what it had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

NAMES = ("train", "validation", "test")
"""Parts of three shares; two are train and test, one is train."""


def sources_of(pairs: Iterable[tuple[str | None, str | None]]) -> dict[str, str]:
    """Source of each asset and place, of pairs that say which content was found where; named by its least member.

    >>> sources_of([("a1", "s3://x"), ("a1", "s3://copy"), (None, "s3://other")])["s3://copy"]
    'asset:a1'
    >>> sources_of([(None, "s3://other")])
    {'s3://other': 'uri:s3://other'}
    """
    parent: dict[str, str] = {}

    def root(member: str) -> str:
        while parent.setdefault(member, member) != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for asset_id, uri in pairs:
        members = [*([f"asset:{asset_id}"] if asset_id else []), *([f"uri:{uri}"] if uri else [])]
        roots = sorted(root(member) for member in members)
        for other in roots[1:]:
            parent[other] = roots[0]  # the least name stays the root
    return {member.split(":", 1)[1]: root(member) for member in parent}


def part_of(source: str, shares: Sequence[float], seed: int = 0) -> int:
    """Index of the share that a source falls into.

    >>> {part_of("asset:a1", (0.8, 0.1, 0.1), seed) for seed in range(100)} == {0, 1, 2}
    True
    """
    digest = hashlib.blake2b(f"{seed}\x1f{source}".encode(), digest_size=8).digest()
    at = int.from_bytes(digest, "big") / 2**64
    reached = 0.0
    for number, share in enumerate(shares[:-1]):
        reached += share
        if at < reached:
            return number
    return len(shares) - 1


def names_of(shares: Sequence[float]) -> tuple[str, ...]:
    """The names of the parts; raises `ValueError` where the shares are not one to three that add up to 1."""
    if not 1 <= len(shares) <= len(NAMES) or any(not 0 < share <= 1 for share in shares):
        raise ValueError(f"one to three shares above 0 are needed, not {list(shares)}")
    if abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"the shares add up to {sum(shares):g}, not to 1")
    return {1: NAMES[:1], 2: ("train", "test"), 3: NAMES}[len(shares)]
