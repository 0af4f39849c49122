"""Disagreements found in some objects of a job: who says what there, and for how long.

What is in dispute follows from the answers alone, so it is found part by part. What a verdict gains depends on the
skills of those who answered, which every new answer of the job moves: `transforms.disputes` works it out for all
candidates of a job, and shows the first of them.

A dispute of segments is a longest run of stretches on which the same labels are in dispute. Jobs from which no sample
is drawn (see `transforms.parts`) keep all. Of a larger one each part keeps, by layer, those with the greatest gain if
everybody had the skill of somebody unknown, ties by object and time: 8,192 in a job of five parts, 512 in one of a
million objects; in all 32,768 to 65,535 where each part has so many. The job shows 1,000 of them. It misses one only
where a part holds more of the first than it keeps, or where skills lift it over more than thirty others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from transforms import parts
from transforms.answers import Answers
from transforms.encode import (
    Flags,
    Floats,
    Ints,
    codes,
    distinct,
    first_within,
    lists,
    names_at,
    stacked,
    summed,
    tabulate,
)
from transforms.intervals import ranges
from transforms.odds import Said, doubt, log_odds, probabilities
from transforms.schemas import MEASURE_DISPUTE_CANDIDATE
from transforms.spans import Spans, fingerprint, spans
from transforms.tracks import Tracks


def kept_of_part(one_of: int) -> int:
    """How many disputes of a layer a part keeps, in a job of which one object of so many is in the sample.

    >>> [kept_of_part(parts.stride(n)) for n in (32_768, 200_000, 1_000_000)]
    [8192, 2048, 512]
    """
    return parts.FEW // one_of


def candidates_of_tracks(found: Tracks, every: Mapping[str, int]) -> pa.Table:
    """`measure.dispute_candidate` rows of segments.

    `every` has the large jobs: one object of how many is in their sample.
    """
    made = [_of_spans(found, some, every) for some in spans(found)]
    item = np.concatenate([np.empty(0, dtype=np.int64), *(one[1] for one in made)])
    gain = np.concatenate([np.empty(0), *(one[2] for one in made)])
    rows = pa.concat_tables([MEASURE_DISPUTE_CANDIDATE.empty(), *(one[0] for one in made)])
    return rows.take(pa.array(_first(found, item, gain, every), pa.int64()))


def candidates_of_answers(found: Answers, every: Mapping[str, int]) -> pa.Table:
    """The same of labels of whole objects, each a stretch of length 1."""
    n = found.n_annotators
    first = np.cumsum(n) - n
    item = np.flatnonzero(_differ(found.vote_item, found.vote, first, found.n_items))
    place, at = ranges(first[item], first[item] + n[item])
    gain = _doubt(_layers(found)[item], place, found.vote[at])
    kept = _first(found, item, gain, every)
    item = item[kept]
    _, at = ranges(first[item], first[item] + n[item])
    nothing = np.full(len(item), np.nan)
    return _table(
        found, item,
        time=(np.zeros(len(item)), nothing),
        around=(pa.nulls(len(item), pa.string()), pa.nulls(len(item), pa.string())),
        annotators=lists(n[item], names_at(found.workers, found.vote_worker[at])),
        votes=lists(n[item], names_at(found.labels, found.vote[at])),
        length_s=lists(np.ones_like(item), pa.array(np.ones(len(item)))),
    )  # fmt: skip


def with_assets(candidates: pa.Table, answers: pa.Table) -> pa.Table:
    """The candidates with the media file of their objects; `answers` have job_name, object_id and asset_id."""
    (_, job), (objects, obj) = (
        codes(stacked(candidates[name], answers[name])) for name in ("job_name", "object_id")
    )  # fmt: skip
    names, asset = codes(answers["asset_id"])
    key = job * max(1, len(objects)) + obj
    every, at = np.unique(key[: candidates.num_rows], return_inverse=True)
    of = np.minimum(np.searchsorted(every, key[candidates.num_rows :]), max(0, len(every) - 1))
    here = every[of] == key[candidates.num_rows :] if len(every) else np.zeros(len(of), dtype=np.bool_)
    last = np.full(len(every), -1, dtype=np.int64)
    np.maximum.at(last, of[here], asset[here])
    place = candidates.schema.get_field_index("asset_id")
    column = names_at([*names, None], np.where(last < 0, len(names), last)[at.ravel()])
    return candidates.set_column(place, candidates.schema.field(place), column)


def _of_spans(found: Tracks, part: Spans, every: Mapping[str, int]) -> tuple[pa.Table, Ints, Floats]:
    """Rows of some objects, with the item and the gain of each."""
    n = len(part.item)
    differ = _differ(np.repeat(np.arange(n), part.n), part.vote, part.first, n)
    at = np.flatnonzero(differ)
    place, source = ranges(part.first[at], part.first[at] + part.n[at])
    unsure = _doubt(_layers(found)[part.item[at]], place, part.vote[source])
    mark = _labels_mark(place, part.vote[source], len(at))
    goes_on = (at[1:] == at[:-1] + 1) & (part.item[at[1:]] == part.item[at[:-1]]) & (mark[1:] == mark[:-1])
    begins = np.flatnonzero(np.r_[True, ~goes_on][: len(at)])
    n_stretches = np.diff(np.r_[begins, len(at)])
    run = np.repeat(np.arange(len(begins)), n_stretches)
    gain = summed(run, part.length[at] * unsure, len(begins))
    kept = _first(found, part.item[at[begins]], gain, every)
    low = at[begins[kept]]
    return _rows(found, part, low, low + n_stretches[kept], differ), part.item[low], gain[kept]


def _rows(found: Tracks, part: Spans, low: Ints, high: Ints, differ: Flags) -> pa.Table:
    """Rows of the runs of stretches from `low` to before `high`."""
    item, last, n = part.item[low], high - 1, part.n[low]
    _, stretch = ranges(low, high)
    _, vote = ranges(part.first[low], part.first[last] + part.n[last])
    _, voter = ranges(part.first[low], part.first[low] + n)
    names = ["", *found.labels]
    agreed = np.where(differ, len(names), part.vote[part.first])
    before = np.where((low > 0) & (part.item[low - 1] == item), agreed[low - 1], 0)
    after_at = np.minimum(high, len(part.item) - 1)
    after = np.where((high < len(part.item)) & (part.item[after_at] == item), agreed[after_at], 0)
    return _table(
        found, item,
        time=(part.start[low], part.end[last]),
        around=(names_at([*names, None], before), names_at([*names, None], after)),
        annotators=lists(n, names_at(found.workers, found.track_worker[part.track[voter]])),
        votes=lists((high - low) * n, names_at(names, part.vote[vote])),
        length_s=lists(high - low, pa.array(part.length[stretch])),
    )  # fmt: skip


def _differ(place: Ints, vote: Ints, first: Ints, n_places: int) -> Flags:
    """Whether anybody at a place says something else than the first; the votes of a place stand together."""
    return np.bincount(place[vote != vote[first][place]], minlength=n_places) > 0


def _doubt(layer: Ints, place: Ints, vote: Ints) -> Floats:
    """How unsure the label of each place is where all have the skill of somebody unknown.

    The labels to choose from are those in dispute in the layer.
    """
    width = int(vote.max(initial=0)) + 1
    n_labels = np.bincount(distinct(layer[place] * width + vote) // width, minlength=int(layer.max(initial=0)) + 1)
    k = n_labels[layer].astype(np.float64)
    where, _, p = probabilities(Said(place, vote, log_odds(np.full(len(vote), np.nan), k[place])), k)
    return doubt(where, p, len(layer))


def _labels_mark(place: Ints, vote: Ints, n_places: int) -> Any:
    """A number for the set of labels that are given at each place."""
    width = int(vote.max(initial=0)) + 1
    cell = distinct(place * width + vote)
    mark = np.zeros(n_places, dtype=np.uint64)
    np.add.at(mark, cell // width, fingerprint(cell % width))  # wraps around
    return mark


def _layers(found: Tracks | Answers) -> Ints:
    return np.asarray(found.item_job * max(1, len(found.layers)) + found.item_layer, dtype=np.int64)


def _first(found: Tracks | Answers, item: Ints, gain: Floats, every: Mapping[str, int]) -> Ints:
    """The places that are kept, in order."""
    most = np.array([kept_of_part(every[job]) if job in every else len(item) for job in found.jobs], dtype=np.int64)
    return first_within(_layers(found)[item], gain, most[found.item_job[item]])


def _table(
    found: Tracks | Answers, item: Ints, *, time: tuple[Floats, Floats], around: tuple[Any, Any], **columns: Any
) -> pa.Table:
    known = {
        "job_name": names_at(found.jobs, found.item_job[item]),
        "object_id": names_at(found.objects, found.item_object[item]),
        "layer": names_at(found.layers, found.item_layer[item]),
        "asset_id": pa.nulls(len(item), pa.string()),
        "t_start_s": time[0],
        "t_end_s": time[1],
        "label_before": around[0],
        "label_after": around[1],
    }
    return tabulate(MEASURE_DISPUTE_CANDIDATE, known | columns)
