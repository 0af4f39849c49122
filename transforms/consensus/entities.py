"""One set of labeled text stretches from those of several annotators, as Ground Truth describes its own rule.

Stretches of different annotators join in order of their Jaccard index (shared characters over all characters of both),
the highest first, down to .5; a cluster has one stretch an annotator at most. A boundary of the fused stretch is the
one that most of the cluster chose, else (no single one is most frequent) the lower median; its label is that of most.
Ties: of two joins with equal index the earlier stretches; of two labels the earlier by name.

A cluster that half of the annotators or fewer support is kept with `is_accepted` false. Confidence is the mean over all
annotators of their stretch's Jaccard index with the fused one, 0 for those without it or with another label; 0 where
one annotator answered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import pyarrow as pa

from transforms.schemas import require

OVERLAP = 0.5
_ENTITY: dict[str, pa.DataType] = {"label": pa.string(), "start": pa.int64(), "end": pa.int64()}
_SUPPORT: dict[str, pa.DataType] = {
    "n_annotators": pa.int32(),
    "support": pa.int32(),
    "is_accepted": pa.bool_(),
    "confidence": pa.float64(),
}
ANNOTATORS = pa.schema([("object_id", pa.string()), ("worker_id", pa.string())])
ENTITIES = pa.schema([*ANNOTATORS, *pa.schema(_ENTITY)])
"""`start` and `end` count Unicode code points; the end is exclusive."""
FUSED = pa.schema([ANNOTATORS.field("object_id"), *pa.schema(_ENTITY), *pa.schema(_SUPPORT)])

Stretch = tuple[int, int, str, str]
"""start, end, label, worker"""


def fuse_entities(entities: pa.Table, annotators: pa.Table) -> pa.Table:
    """Every cluster of every object (`FUSED`), by object and place; `annotators` are those who answered."""
    people: dict[str, set[str]] = defaultdict(set)
    for row in require(annotators, ANNOTATORS).to_pylist():
        people[row["object_id"]].add(row["worker_id"])
    of_object: dict[str, list[Stretch]] = defaultdict(list)
    for row in require(entities, ENTITIES).to_pylist():
        people[row["object_id"]].add(row["worker_id"])
        of_object[row["object_id"]].append((row["start"], row["end"], row["label"], row["worker_id"]))
    rows = [
        {"object_id": object_id} | fused
        for object_id, stretches in sorted(of_object.items())
        for fused in _fuse(sorted(set(stretches)), len(people[object_id]))
    ]
    return pa.Table.from_pylist(rows, schema=FUSED)


def jaccard(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Shared characters over all characters of two stretches.

    >>> jaccard((0, 4), (2, 6))
    0.3333333333333333
    """
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0.0, shared / (max(one[1], other[1]) - min(one[0], other[0])))


def _fuse(stretches: list[Stretch], n_annotators: int) -> list[dict[str, Any]]:
    found = [_fused([stretches[i] for i in cluster], n_annotators) for cluster in _clusters(stretches)]
    return sorted(found, key=lambda f: (f["start"], f["end"], f["label"]))


def _clusters(stretches: list[Stretch]) -> Iterable[list[int]]:
    near = [
        (jaccard(stretches[i][:2], stretches[j][:2]), i, j)
        for i, j in combinations(range(len(stretches)), 2)
        if stretches[i][3] != stretches[j][3]
    ]
    members = {i: [i] for i in range(len(stretches))}
    home = list(range(len(stretches)))
    for index, i, j in sorted(near, key=lambda n: (-n[0], n[1], n[2])):
        one, other = home[i], home[j]
        workers = [stretches[k][3] for k in (*members[one], *members[other])] if one != other else []
        if index < OVERLAP or not workers or len(set(workers)) < len(workers):
            continue
        members[one] += members.pop(other)
        for k in members[one]:
            home[k] = one
    return members.values()


def _fused(cluster: list[Stretch], n_annotators: int) -> dict[str, Any]:
    start, end = _boundary([s[0] for s in cluster]), _boundary([s[1] for s in cluster])
    label = min(Counter(s[2] for s in cluster).items(), key=lambda item: (-item[1], item[0]))[0]
    fit = [jaccard(s[:2], (start, end)) for s in cluster if s[2] == label]
    return {
        "label": label,
        "start": start,
        "end": end,
        "n_annotators": n_annotators,
        "support": len(fit),
        "is_accepted": 2 * len(fit) > n_annotators,
        "confidence": sum(fit) / n_annotators if n_annotators > 1 else 0.0,
    }


def _boundary(places: list[int]) -> int:
    """The most frequent place; the lower median where none is most frequent."""
    (first, n), *rest = Counter(sorted(places)).most_common()
    if rest and rest[0][1] == n:
        return sorted(places)[(len(places) - 1) // 2]
    return first
