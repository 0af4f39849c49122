"""Alphas of labels that are more or less far apart: numbers, and sets of check boxes.

The level of measurement is declared (`Levels`), or read from the answers. Where every label that was used in a layer
of a job is a number ("1" to "5"), the layer has alpha_ordinal and alpha_interval, and alpha_ratio where no number is
negative; an open question ('') is a missing value there. Where anybody chose several labels at once, it has
alpha_jaccard and alpha_masi over the sets; choosing nothing is the empty set. alpha itself (nominal) is always there
and knows equal and unequal only.

Sums by object: with the distances d between values, D = sum over the object's pairs / (n - 1) and E = the distances of
the object's values to all values of the layer; alpha = 1 - (N - 1) sum D / sum E. Ordinal ranks are those of the whole
layer, also where an interval leaves one object out. Distances are scaled to at most 1, which alpha does not see.

Krippendorff, "Content Analysis" (2018), for the levels; Passonneau (LREC 2006) for MASI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.agreement.by_label import alpha_rows
from transforms.agreement.coefficients import INTERVAL, NOMINAL, ORDINAL, RATIO
from transforms.answers import Answers
from transforms.encode import Flags, Floats, Ints, summed
from transforms.schemas import MEASURE_ITEM_ALPHA

Distance = Callable[[Ints, Ints], Floats]
BLOCK = 2_000_000  # distances that are worked out at once


@dataclass(frozen=True, slots=True)
class Levels:
    """What is known of layers beside their answers: a layer's level, and the order of a job's labels in a layer.

    A layer declared nominal has alpha alone, though its labels be numbers; an ordinal one has alpha_ordinal too, by
    the job's order of labels where that is known; an interval one alpha_interval beside; a ratio one all three.
    """

    scales: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)


UNKNOWN = Levels()


def alphas_of_answers(found: Answers, levels: Levels = UNKNOWN) -> pa.Table:
    """`measure.item_alpha` rows of every layer whose labels are sets, numbers or declared to be ordered."""
    layer = (found.item_job * max(1, len(found.layers)) + found.item_layer)[found.vote_item]
    several = np.bincount(found.choice_vote, minlength=len(found.vote)) > 1
    order = np.argsort(layer, kind="stable")
    rows = [MEASURE_ITEM_ALPHA.arrow.empty_table()]
    for votes in np.split(order, np.flatnonzero(np.diff(layer[order])) + 1):
        if not len(votes):
            continue
        if several[votes].any():
            rows += [_scored(found, name, votes, distance) for name, distance in _of_sets(found, votes)]
        else:
            rows += [_scored(found, name, votes, distance) for name, distance in _of_numbers(found, votes, levels)]
    return pa.concat_tables(rows)


def _scored(found: Answers, measure: str, votes: Ints, distance: Distance) -> pa.Table:
    """The sums of these votes of one layer; `distance` is between codes of labels, NaN where a value is missing."""
    value = found.vote[votes]
    usable = ~np.isnan(distance(value, value))
    votes, value = votes[usable], value[usable]
    n = np.bincount(found.vote_item[votes], minlength=found.n_items)
    pairable = n[found.vote_item[votes]] >= 2
    votes, value = votes[pairable], value[pairable]
    n = np.bincount(found.vote_item[votes], minlength=found.n_items)
    item, left, right = intervals.all_pairs(np.cumsum(n) - n, n)  # votes ascend by item
    inside = 2.0 * summed(item, distance(value[left], value[right]), found.n_items)
    codes, at, count = np.unique(value, return_inverse=True, return_counts=True)
    to_all = np.zeros(len(codes))
    for block in np.array_split(np.arange(len(codes)), len(codes) ** 2 // BLOCK + 1):
        one, other = np.repeat(codes[block], len(codes)), np.tile(codes, len(block))
        to_all[block] = distance(one, other).reshape(len(block), len(codes)) @ count
    expected = summed(found.vote_item[votes], to_all[at.ravel()], found.n_items)
    return alpha_rows(
        found, measure, n.astype(np.float64),
        d_obs=inside / np.maximum(n - 1, 1), d_exp=expected, d_self=inside,
    )  # fmt: skip


def _of_numbers(found: Answers, votes: Ints, levels: Levels) -> Iterator[tuple[str, Distance]]:
    """Distances of a layer whose labels are numbers or ordered, or nothing."""
    value, item = found.vote[votes], found.vote_item[votes[0]]
    layer = found.layers[found.item_layer[item]]
    level = levels.scales.get(layer, RATIO)
    order = levels.orders.get((found.jobs[found.item_job[item]], layer), ()) if level == ORDINAL else ()
    used = np.unique(value[value > 0])
    numbers = _places(found.labels, order) if layer in levels.scales and order else numbers_of(found.labels, used)
    if level == NOMINAL or numbers is None:
        return
    votes, value = votes[~np.isnan(numbers[value])], value[~np.isnan(numbers[value])]
    pairable = votes[(np.bincount(found.vote_item[votes[value > 0]], minlength=found.n_items) >= 2)[
        found.vote_item[votes]] & (value > 0)]  # fmt: skip
    if not len(pairable):
        return
    number = numbers[found.vote[pairable]]
    _, at, count = np.unique(number, return_inverse=True, return_counts=True)
    ranks = np.full(len(found.labels), np.nan)
    ranks[found.vote[pairable]] = (np.cumsum(count) - count / 2.0)[at.ravel()]
    yield "alpha_ordinal", _squared(ranks)
    if level in (INTERVAL, RATIO):
        yield "alpha_interval", _squared(numbers)
    if level == RATIO and np.nanmin(numbers) >= 0:
        yield "alpha_ratio", _relative(numbers)


def _places(labels: list[str], order: Sequence[str]) -> Floats:
    """The place of each label in the order; NaN for one that is not in it."""
    place = {label: float(k) for k, label in enumerate(order)}
    return np.array([place.get(label, np.nan) for label in labels])


def numbers_of(labels: list[str], used: Ints) -> Floats | None:
    """The number that each label is, NaN for labels that are not among the used; None where one is no number."""
    numbers = np.full(len(labels), np.nan)
    try:
        numbers[used] = [float(labels[k]) for k in used]
    except ValueError:
        return None
    return numbers if len(used) and np.isfinite(numbers[used]).all() else None


def _squared(position: Floats) -> Distance:
    reach = float(np.nanmax(position) - np.nanmin(position)) or 1.0
    return lambda a, b: np.asarray(((position[a] - position[b]) / reach) ** 2)


def _relative(number: Floats) -> Distance:
    def distance(a: Ints, b: Ints) -> Floats:
        both = number[a] + number[b]
        apart = np.divide(number[a] - number[b], both, out=np.zeros(len(a)), where=both != 0)
        return np.where(np.isnan(both), np.nan, apart**2)

    return distance


def _of_sets(found: Answers, votes: Ints) -> Iterator[tuple[str, Distance]]:
    """Jaccard and MASI distances between the sets of labels that the values of a layer stand for."""
    chosen = np.isin(found.choice_vote, votes) & (found.choice > 0)
    options, column = np.unique(found.choice[chosen], return_inverse=True)
    holds = np.zeros((len(found.labels), len(options)), dtype=np.bool_)
    holds[found.vote[found.choice_vote[chosen]], column.ravel()] = True
    yield "alpha_jaccard", lambda a, b: set_distance(holds[a], holds[b])
    yield "alpha_masi", lambda a, b: set_distance(holds[a], holds[b], masi=True)


def set_distance(left: Flags, right: Flags, *, masi: bool = False) -> Floats:
    """Distance of sets given as rows of flags: 1 - |A and B| / |A or B|; 0 for two empty sets.

    MASI keeps a third of the likeness where neither contains the other, and two thirds where one does.

    >>> set_distance(np.array([[True, True]]), np.array([[True, False]]), masi=True).round(4)
    array([0.6667])
    """
    shared, either = (left & right).sum(axis=1), (left | right).sum(axis=1)
    like = np.divide(shared, either, out=np.ones(len(left)), where=either > 0)
    if masi:
        fewer = np.minimum(left.sum(axis=1), right.sum(axis=1))
        like = like * np.where(shared == either, 1.0, np.where(shared == fewer, 2.0 / 3.0, 1.0 / 3.0))
    return np.asarray(1.0 - like)
