"""What an expert should look at first: the disagreements of annotators, with the gain that a verdict promises.

*Expected gain* is the amount that is labeled wrong now, by expectation: (1 - probability of the most probable label),
times the seconds of a stretch, or 1 for a label of a whole object. The probability comes from the one-coin skills of
those who answered: an answer adds log(p (K - 1) / (1 - p)) to its label among the K labels of the layer. So a dispute
of two good annotators comes before one of a good and a careless one, and a long one before a short one. It is what
one verdict corrects at once; it does not count what the verdict teaches about the annotators.

A dispute of segments is a longest stretch on which the same labels are in dispute. Its kind: *boundary*, where it is
shorter than 0.5 s, or where the label before it and the one after it differ and everyone says one of the two (somebody
cut earlier); *missing*, where only "nothing" is against one label, and the label is the more probable; *extra*, where
nothing is; else *label*.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.answers import Answers
from transforms.encode import Floats, Ints, grouped, order_within, summed
from transforms.schemas import MEASURE_DISPUTE
from transforms.spans import Spans, fingerprint, spans
from transforms.tracks import Tracks

MOST = 1000
"""Disputes kept of one layer of one job, those with the greatest gain."""
SKILL_RANGE = (0.02, 0.98)  # nobody settles a dispute alone
UNKNOWN = 0.7  # the skill of somebody of whom nothing is known
SHORT_S = 0.5
LABEL, BOUNDARY, MISSING, EXTRA = "label", "boundary", "missing", "extra"


@dataclass(frozen=True, slots=True)
class Said:
    """Votes on stretches or objects: the vote's place and label, and what it adds to the label's log-odds."""

    place: Ints
    label: Ints
    odds: Floats


def log_odds(skill: Floats, n_labels: Floats) -> Floats:
    """What an answer of this skill adds to its label; unknown skill counts as `UNKNOWN`."""
    p = np.clip(np.where(np.isnan(skill), UNKNOWN, skill), *SKILL_RANGE)
    return np.asarray(np.log(p) - np.log((1.0 - p) / np.maximum(n_labels - 1.0, 1.0)))


def probabilities(said: Said, n_labels: Floats) -> tuple[Ints, Ints, Floats]:
    """Place, label and probability of every label that was given; labels that nobody gave share the rest."""
    width = int(said.label.max(initial=0)) + 1
    n = len(n_labels)
    cell, at = grouped(said.place * width + said.label, n * width)
    score = summed(at, said.odds, len(cell))
    place = cell // width
    top = np.zeros(n)
    np.maximum.at(top, place, score)
    weight = np.exp(score - top[place])
    unsaid = np.maximum(n_labels - np.bincount(place, minlength=n), 0.0) * np.exp(-top)
    total = np.bincount(place, weights=weight, minlength=n) + unsaid
    return place, cell % width, weight / total[place]


def disputes_of_answers(found: Answers, skill: Floats, n_labels: Floats) -> list[dict[str, Any]]:
    """`measure.dispute` rows of labels; `skill` of each vote, `n_labels` of each item."""
    place, label, p = probabilities(
        Said(found.vote_item, found.vote, log_odds(skill, n_labels[found.vote_item])), n_labels
    )
    best = np.zeros(found.n_items)
    np.maximum.at(best, place, p)
    several = np.bincount(place, minlength=found.n_items) >= 2
    rows = []
    pointer = np.searchsorted(found.vote_item, np.arange(found.n_items + 1))
    first = np.searchsorted(place, np.arange(found.n_items + 1))
    for item in _first_of_layers(found, np.flatnonzero(several), 1.0 - best):
        votes = slice(pointer[item], pointer[item + 1])
        order = sorted(range(first[item], first[item + 1]), key=lambda k: (-p[k], label[k]))
        who = [found.workers[w] for w in found.vote_worker[votes]]
        counts = np.bincount(found.vote[votes]).astype(np.float64)
        said = [(worker, found.labels[v]) for worker, v in zip(who, found.vote[votes], strict=True)]
        rows.append(
            _row(
                found,
                item,
                said,
                t_start_s=0.0,
                t_end_s=None,
                kind=LABEL,
                labels=_json([found.labels[label[k]] for k in order]),
                severity=_severity(counts),
                expected_gain=1.0 - float(best[item]),
            )
        )
    return rows


def disputes_of_tracks(found: Tracks, skill: Floats, n_labels: Floats) -> list[dict[str, Any]]:
    """`measure.dispute` rows of segments; `skill` of each track, `n_labels` (nothing included) of each item."""
    rows: list[dict[str, Any]] = []
    for part in spans(found):
        rows += _of_part(found, part, skill, n_labels)
    return rows


def _of_part(found: Tracks, part: Spans, skill: Floats, n_labels: Floats) -> list[dict[str, Any]]:
    n, length = len(part.item), part.length
    place = np.repeat(np.arange(n), part.n)
    k = n_labels[part.item]
    where, label, p = probabilities(Said(place, part.vote, log_odds(skill[part.track], k[place])), k)
    best = np.zeros(n)
    np.maximum.at(best, where, p)
    disputed = np.bincount(where, minlength=n) >= 2
    mark = np.zeros(n, dtype=np.uint64)
    np.add.at(mark, where, fingerprint(label))  # wraps around: tells the set of labels
    same = (part.item[1:] == part.item[:-1]) & (mark[1:] == mark[:-1])
    joined = np.r_[False, disputed[1:] & disputed[:-1] & same]
    start = np.flatnonzero(disputed & ~joined)
    if not len(start):
        return []
    run = np.cumsum(disputed & ~joined) - 1
    stop = start + np.bincount(run[disputed], minlength=len(start))
    gain = np.zeros(len(start))
    np.add.at(gain, run[disputed], (length * (1.0 - best))[disputed])
    first = np.searchsorted(where, np.arange(n + 1))
    names = ["", *found.labels]
    rows = []
    for one in _first_of_layers(found, np.arange(len(start)), gain, part.item[start]):
        lo, hi = int(start[one]), int(stop[one])
        at = slice(first[lo], first[hi])
        by_label = np.bincount(label[at], weights=p[at] * length[where[at]])
        given = np.unique(label[at])
        order = [int(x) for x in given[np.lexsort((given, -by_label[given]))]]
        item = int(part.item[lo])
        votes = part.vote[part.first[lo] : part.first[hi - 1] + part.n[hi - 1]].reshape(hi - lo, -1)
        tracks = part.track[part.first[lo] : part.first[lo] + part.n[lo]]
        mine = [int(np.argmax(np.bincount(column, weights=length[lo:hi]))) for column in votes.T]
        severity = [_severity(np.bincount(row).astype(np.float64)) for row in votes]
        who = [found.workers[w] for w in found.track_worker[tracks]]
        rows.append(
            _row(
                found,
                item,
                [(worker, names[x]) for worker, x in zip(who, mine, strict=True)],
                t_start_s=float(part.start[lo]),
                t_end_s=float(part.end[hi - 1]),
                kind=_kind(part, lo, hi, order),
                labels=_json([names[x] for x in order]),
                severity=float(np.average(severity, weights=length[lo:hi])),
                expected_gain=float(gain[one]),
            )
        )
    return rows


def _kind(part: Spans, lo: int, hi: int, labels: list[int]) -> str:
    """What the dispute is about; outside of the object is nothing."""
    if part.end[hi - 1] - part.start[lo] < SHORT_S:
        return BOUNDARY
    item = part.item[lo]
    before = _agreed(part, lo - 1) if lo and part.item[lo - 1] == item else 0
    after = _agreed(part, hi) if hi < len(part.item) and part.item[hi] == item else 0
    if before != after and set(labels) <= {before, after}:
        return BOUNDARY
    if len(labels) == 2 and 0 in labels:
        return EXTRA if labels[0] == 0 else MISSING
    return LABEL


def _agreed(part: Spans, at: int) -> int:
    """The label that everyone gives to a stretch; -1 where they differ."""
    votes = part.vote[part.first[at] : part.first[at] + part.n[at]]
    return int(votes[0]) if (votes == votes[0]).all() else -1


def _first_of_layers(found: Tracks | Answers, places: Ints, gain: Floats, item: Ints | None = None) -> list[int]:
    """The places with the greatest gain, at most `MOST` of each layer of a job."""
    of = places if item is None else item[places]
    layer = found.item_job[of] * max(1, len(found.layers)) + found.item_layer[of]
    order = places[order_within(layer, -gain[places])]  # places ascend, so of equal ones the first comes first
    _, first, which = np.unique(np.sort(layer), return_index=True, return_inverse=True)
    return [int(x) for x in order[np.arange(len(order)) - first[which.ravel()] < MOST]]


def _json(labels: list[str]) -> str:
    return json.dumps(labels, ensure_ascii=False)


def _severity(counts: Floats) -> float:
    n = counts.sum()
    return float((n * n - (counts**2).sum()) / (n * (n - 1)))


def _row(found: Tracks | Answers, item: int, said: Sequence[tuple[str, str]], **figures: Any) -> dict[str, Any]:
    """A row from what each worker said and the figures of the dispute."""
    by_label: dict[str, list[str]] = {}
    for worker, name in said:
        by_label.setdefault(name, []).append(worker)
    return {
        "job_name": found.jobs[found.item_job[item]],
        "object_id": found.objects[found.item_object[item]],
        "layer": found.layers[found.item_layer[item]],
        "workers": json.dumps(by_label, ensure_ascii=False, sort_keys=True),
        "n_annotators": len(said),
    } | figures


def dispute_rows(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as a table, at most `MOST` of a layer of a job."""
    ordered = sorted(
        rows, key=lambda r: (r["job_name"], r["layer"], -r["expected_gain"], r["object_id"], r["t_start_s"])
    )
    kept: list[dict[str, Any]] = []
    seen: dict[tuple[str, str], int] = {}
    for row in ordered:
        key = row["job_name"], row["layer"]
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= MOST:
            kept.append(row)
    return pa.Table.from_pylist(kept, MEASURE_DISPUTE.arrow)
