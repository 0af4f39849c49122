"""The most frequent label."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from transforms.consensus.votes import Choice, Votes, choose, count_votes, named


def majority(labels: pa.Table, categories: Sequence[str] | None = None) -> pa.Table:
    """The most frequent label of each object; confidence is its share of the votes.

    A worker who gave the same label twice counts once.

    >>> rows = [{"object_id": "1", "worker_id": w, "label": x} for w, x in [("a", "cat"), ("b", "dog"), ("c", "dog")]]
    >>> majority(pa.Table.from_pylist(rows)).to_pylist()
    [{'object_id': '1', 'label': 'dog', 'confidence': 0.6666666666666666}]
    """
    names, votes = count_votes(labels, categories, once=True)
    return named(names, majority_choice(votes))


def majority_choice(votes: Votes) -> Choice:
    """The same from votes as numbers."""
    share = votes.share()
    return choose(votes, share, share.max(axis=1, initial=0.0))
