"""Labels of whole objects as votes: coded and sorted; the ground for agreement on labels and for workers.

One vote is what one annotator said of one object in one layer. Several labels of one annotator (a question with check
boxes) are one value, their names in order joined by " + ". Where `annotators` are given, one who answered the object
and chose nothing in the layer says '' ("nothing of this"); without them an absent label is a missing value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.encode import Ints, codes, places, stacked
from transforms.schemas import require
from transforms.tracks import JOINT, LAYERS

_KEY: dict[str, pa.DataType] = {name: pa.string() for name in ("job_name", "object_id", "worker_id")}
LABELS = pa.schema(_KEY | {"layer": pa.string(), "label": pa.string()})
ANNOTATORS = pa.schema(_KEY)


@dataclass(frozen=True, slots=True)
class Answers:
    """Items (object x layer), sorted by job, object and layer, and the votes on them, sorted by item, then worker."""

    jobs: list[str]
    objects: list[str]
    layers: list[str]
    workers: list[str]
    labels: list[str]
    item_job: Ints
    item_object: Ints
    item_layer: Ints
    vote_item: Ints
    vote_worker: Ints
    vote: Ints
    choice_vote: Ints  # the single labels of each vote, by vote: several where several were chosen
    choice: Ints  # position among `labels`

    @property
    def n_items(self) -> int:
        return len(self.item_job)

    @property
    def n_annotators(self) -> Ints:
        return np.bincount(self.vote_item, minlength=self.n_items)


def answers(labels: pa.Table, annotators: pa.Table | None = None, known_layers: pa.Table | None = None) -> Answers:
    """Votes of all layers in `labels` (see `LABELS`); a layer exists for a job when anyone of the job answered it.

    `known_layers` (see `tracks.LAYERS`) are such layers, where `labels` are of some objects only.
    """
    labels = require(labels, LABELS)
    known = require(known_layers, LAYERS) if known_layers is not None else LAYERS.empty_table()
    asked = require(annotators, ANNOTATORS) if annotators is not None else ANNOTATORS.empty_table()
    (jobs, job), (objects, obj), (workers, worker) = (codes(stacked(labels[n], asked[n])) for n in _KEY)
    layers, layer = codes(stacked(labels["layer"], known["layer"]))
    known_layer, layer = layer[labels.num_rows :], layer[: labels.num_rows]
    names, label = codes(labels["label"])
    n = labels.num_rows
    kept = label >= 0
    job, obj, worker = np.r_[job[:n][kept], job[n:]], np.r_[obj[:n][kept], obj[n:]], np.r_[worker[:n][kept], worker[n:]]
    layer, label = layer[kept], label[kept]
    n = len(label)

    known_job = places(known["job_name"], jobs)
    elsewhere = np.stack([known_job, known_layer], axis=1)[known_job >= 0]
    job_layers = np.unique(np.concatenate([np.stack([job[:n], layer], axis=1), elsewhere]), axis=0)
    pointer = np.searchsorted(job_layers[:, 0], np.arange(len(jobs) + 1))
    row, at = intervals.ranges(pointer[job[n:]], pointer[job[n:] + 1])  # every annotator in every layer of the job
    given = np.stack([job[:n], obj[:n], layer, worker[:n], label + 1], axis=1)
    nothing = np.stack([job[n:][row], obj[n:][row], job_layers[at, 1], worker[n:][row], np.zeros_like(row)], axis=1)
    said = np.unique(np.concatenate([given, nothing]), axis=0)
    votes, first, which = np.unique(said[:, :4], axis=0, return_index=True, return_inverse=True)
    values, vote = _values(["", *names], said[:, 4], first, which.ravel())
    several = np.bincount(which.ravel()[said[:, 4] > 0], minlength=len(first))[which.ravel()] > 0
    single = ~several | (said[:, 4] > 0)  # '' only stands where there is no other
    items, vote_item = np.unique(votes[:, :3], axis=0, return_inverse=True)
    return Answers(
        jobs, objects, layers, workers, values,
        items[:, 0], items[:, 1], items[:, 2], vote_item.ravel(), votes[:, 3], vote,
        which.ravel()[single], said[single, 4],
    )  # fmt: skip


def _values(names: list[str], label: Ints, first: Ints, which: Ints) -> tuple[list[str], Ints]:
    """One value for each vote: its label, or its several labels as one; code 0 only stands where there is no other."""
    count = np.bincount(which[label > 0], minlength=len(first))
    stop = np.r_[first, len(label)][1:]
    value = label[stop - 1]
    names, known = list(names), {name: k for k, name in enumerate(names)}
    for one in np.flatnonzero(count > 1):
        joint = JOINT.join(names[k] for k in label[first[one] : stop[one]] if k > 0)
        value[one] = known.setdefault(joint, len(names))
        if value[one] == len(names):
            names.append(joint)
    return names, value
