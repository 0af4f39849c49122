"""What an expert should look at first: the disagreements of annotators, with the gain that a verdict promises.

*Expected gain* is the amount that is labeled wrong now, by expectation: (1 - probability of the most probable label),
times the seconds of a stretch, or 1 for a label of a whole object. The probability comes from the one-coin skills of
those who answered (`transforms.odds`). So a dispute of two good annotators comes before one of a good and a careless
one, and a long one before a short one. It is what one verdict corrects at once; it does not count what the verdict
teaches about the annotators.

Where people disagree is found part by part (`transforms.dispute_candidates`). The kind of a dispute of segments:
*boundary*, where it is shorter than 0.5 s, or where the label before it and the one after it differ and everyone says
one of the two (somebody cut earlier); *missing*, where only "nothing" is against one label, and the label is the more
probable; *extra*, where nothing is; else *label*.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.encode import Floats, Ints, codes, first_within, flat, grouped, places, reals, stacked, summed
from transforms.intervals import ranges
from transforms.odds import Said, doubt, log_odds, probabilities
from transforms.schemas import MEASURE_DISPUTE, MEASURE_DISPUTE_CANDIDATE, MEASURE_WORKER_SKILL, PART, require

MOST = 1000
"""Disputes kept of one layer of one job, those with the greatest gain."""
SHORT_S = 0.5
LABEL, BOUNDARY, MISSING, EXTRA = "label", "boundary", "missing", "extra"
OF_SKILL = ("job_name", "layer", "worker_id", "skill_onecoin", "n_labels")
OF_CANDIDATE = tuple(name for name in MEASURE_DISPUTE_CANDIDATE.arrow.names if name != PART.name)
READ = (*OF_CANDIDATE, *MEASURE_DISPUTE.arrow.names, *OF_SKILL)
"""Columns that the disputes of a job are made from, those of boxes among them."""


def disputes(candidates: pa.Table, skills: pa.Table) -> pa.Table:
    """`measure.dispute` rows: the first `MOST` of each layer of a job, ties by object and time.

    `candidates` are rows of `measure.dispute_candidate`, `skills` of `measure.worker_skill` (the columns `OF_SKILL`).
    """
    candidates = require(candidates, MEASURE_DISPUTE_CANDIDATE, columns=OF_CANDIDATE)
    skills = require(skills, MEASURE_WORKER_SKILL, columns=OF_SKILL)
    if not candidates.num_rows:
        return MEASURE_DISPUTE.empty()
    candidates = candidates.sort_by([(name, "ascending") for name in ("object_id", "t_start_s")])
    found = _votes(candidates, skills)
    first = candidates.take(pa.array(first_within(found.layer, found.gain, MOST), pa.int64()))
    return pa.Table.from_pylist(_rows(first, _votes(first, skills)), MEASURE_DISPUTE.arrow)


@dataclass(frozen=True, slots=True)
class Votes:
    """The votes on some candidates, and what they come to by the skills of those who gave them."""

    labels: list[str]
    layer: Ints  # of each candidate
    gain: Floats
    n_annotators: Ints
    candidate: Ints  # of each stretch
    length: Floats
    stretch: Ints  # of each vote
    voter: Ints  # place among the annotators of all candidates, one candidate's after another's
    vote: Ints
    seconds: tuple[Ints, Ints, Floats]  # candidate, label, and seconds by expectation of each label that was given


def _votes(candidates: pa.Table, skills: pa.Table) -> Votes:
    n = candidates.num_rows
    n_annotators, who = flat(candidates["annotators"])
    n_stretches, lengths = flat(candidates["length_s"])
    _, said = flat(candidates["votes"])
    candidate, length = np.repeat(np.arange(n), n_stretches), reals(lengths)
    last = np.cumsum(n_annotators)
    stretch, voter = ranges((last - n_annotators)[candidate], last[candidate])
    labels, vote = codes(said)
    layer, skill, n_labels = _known(candidates, n_annotators, who, skills)
    k = n_labels[candidate]
    place, label, p = probabilities(Said(stretch, vote, log_odds(skill[voter], k[stretch])), k)
    gain = summed(candidate, length * doubt(place, p, len(length)), n)
    width = max(1, len(labels))
    cell, at = grouped(candidate[place] * width + label, n * width)
    seconds = summed(at, p * length[place], len(cell))
    return Votes(
        labels, layer, gain, n_annotators, candidate, length, stretch, voter, vote,
        (cell // width, cell % width, seconds),
    )  # fmt: skip


def _known(candidates: pa.Table, n_annotators: Ints, who: Any, skills: pa.Table) -> tuple[Ints, Floats, Floats]:
    """The layer of each candidate as a number, the skill of each annotator (NaN: unknown), the labels of the layer."""
    (jobs, job), (layers, layer) = (codes(stacked(candidates[n], skills[n])) for n in ("job_name", "layer"))
    workers, worker = codes(who)
    n = candidates.num_rows
    of = job * max(1, len(layers)) + layer
    n_labels = np.zeros(max(1, len(jobs)) * max(1, len(layers)))
    n_labels[of[n:]] = np.nan_to_num(reals(skills["n_labels"]))
    width = max(1, len(workers))
    of_skill = places(skills["worker_id"], workers)
    here = np.flatnonzero(of_skill >= 0)
    known = np.full(len(n_labels) * width, np.nan)
    known[of[n:][here] * width + of_skill[here]] = reals(skills["skill_onecoin"])[here]
    return of[:n], known[np.repeat(of[:n], n_annotators) * width + worker], n_labels[of[:n]]


def _rows(candidates: pa.Table, found: Votes) -> list[dict[str, Any]]:
    n = candidates.num_rows
    names = np.array(found.labels, dtype=object)
    of, label, seconds = found.seconds
    order = np.lexsort((label, -seconds, of))
    ranked = np.split(names[label[order]], np.searchsorted(of, np.arange(1, n)))
    mine = np.split(names[_longest(found)], np.cumsum(found.n_annotators)[:-1])
    severity = summed(found.candidate, _severity(found) * found.length, n)
    severity /= np.maximum(summed(found.candidate, found.length, n), 1e-300)
    plain = candidates.drop_columns(["length_s", "votes"]).to_pylist()
    return [
        _row(one, list(labels), list(said)) | {"severity": float(apart), "expected_gain": float(gain)}
        for one, labels, said, apart, gain in zip(plain, ranked, mine, severity, found.gain, strict=True)
    ]


def _row(one: dict[str, Any], labels: list[str], said: list[str]) -> dict[str, Any]:
    by_label: dict[str, list[str]] = {}
    for worker, label in zip(one["annotators"], said, strict=True):
        by_label.setdefault(label, []).append(worker)
    kept = ("job_name", "object_id", "layer", "asset_id", "t_start_s", "t_end_s")
    return {name: one[name] for name in kept} | {
        "kind": _kind(one, labels),
        "labels": json.dumps(labels, ensure_ascii=False),
        "workers": json.dumps(by_label, ensure_ascii=False, sort_keys=True),
        "n_annotators": len(said),
    }


def _kind(one: dict[str, Any], labels: Sequence[str]) -> str:
    """What the dispute is about; `labels` in dispute, the most probable first."""
    if one["t_end_s"] is None:
        return LABEL
    if one["t_end_s"] - one["t_start_s"] < SHORT_S:
        return BOUNDARY
    around = one["label_before"], one["label_after"]
    if around[0] != around[1] and set(labels) <= set(around):
        return BOUNDARY
    if len(labels) == 2 and "" in labels:
        return EXTRA if labels[0] == "" else MISSING
    return LABEL


def _longest(found: Votes) -> Ints:
    """The label that each annotator gives for the longest part of a candidate, of equal ones the first by name."""
    width = max(1, len(found.labels))
    cell, at = grouped(found.voter * width + found.vote, int(found.n_annotators.sum()) * width)
    seconds = summed(at, found.length[found.stretch], len(cell))
    order = np.lexsort((cell % width, -seconds, cell // width))
    _, first = np.unique(cell[order] // width, return_index=True)
    return np.asarray(cell[order][first] % width)


def _severity(found: Votes) -> Floats:
    """The share of disagreeing pairs of annotators on each stretch."""
    width, n_stretches = max(1, len(found.labels)), len(found.length)
    cell, at = grouped(found.stretch * width + found.vote, n_stretches * width)
    alike = summed(cell // width, np.bincount(at, minlength=len(cell)).astype(np.float64) ** 2, n_stretches)
    n = found.n_annotators[found.candidate].astype(np.float64)
    return np.asarray((n * n - alike) / (n * (n - 1.0)))
