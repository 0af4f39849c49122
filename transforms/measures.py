"""From silver to the tables of sums and estimates: everything that needs more than SQL, for some jobs at once.

`items` are sums of each object, which depend on nothing but its answers: a job is taken part by part (see
`transforms.parts`), and `Known` tells what must be known of all of it. `estimates` need the answers of the whole job,
or of a sample of its objects where it has many (see `transforms.job_sample`).

Annotators of an object are those whose answer was accepted (`silver.annotation`), also when it holds no segment and
no label; a job without such rows falls back to those who answered (`silver.assignment`). In a job of the type
`..._classification` a missing label is a missing value; a question beside other work that was left open is the
answer '' ("nothing of this").
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms import job_sample, parts, workers
from transforms.agreement import by_label, chance, confusion, distances, labels, pairs, segments, transcripts
from transforms.answers import ANNOTATORS as ANSWERED
from transforms.answers import LABELS, Answers, answers
from transforms.confusion import confusion_of_answers, confusion_of_tracks
from transforms.consensus import fuse_answers, fuse_tracks
from transforms.dispute_candidates import candidates_of_answers, candidates_of_tracks, with_assets
from transforms.schemas import (
    ANNOTATION,
    ASSET_TABLE,
    ASSIGNMENT,
    CLASSIFICATION,
    JOB_TABLE,
    MEASURE_CHANCE,
    MEASURE_CONFUSION,
    MEASURE_CONSENSUS_LABEL,
    MEASURE_CONSENSUS_SEGMENT,
    MEASURE_DISPUTE_CANDIDATE,
    MEASURE_ITEM,
    MEASURE_ITEM_ALPHA,
    MEASURE_ITEM_LABEL,
    MEASURE_PAIR_ITEM,
    MEASURE_SAMPLE_ANNOTATION,
    MEASURE_SAMPLE_SEGMENT,
    MEASURE_SAMPLE_WORKER_ITEM,
    MEASURE_TRANSCRIPT_ITEM,
    MEASURE_WORKER,
    MEASURE_WORKER_CONFUSION,
    MEASURE_WORKER_ITEM,
    MEASURE_WORKER_SKILL,
    SEGMENT,
    Table,
    require,
)  # fmt: skip
from transforms.tracks import ANNOTATORS, LAYERS, SEGMENTS, Tracks, tracks
from transforms.worker_skill import worker_skills

INPUTS = (SEGMENT, CLASSIFICATION, ASSIGNMENT, ANNOTATION, ASSET_TABLE, JOB_TABLE)
ITEMS = (
    MEASURE_ITEM, MEASURE_WORKER_ITEM, MEASURE_CONSENSUS_SEGMENT, MEASURE_TRANSCRIPT_ITEM,
    MEASURE_ITEM_LABEL, MEASURE_PAIR_ITEM, MEASURE_CONFUSION, MEASURE_WORKER_CONFUSION,
    MEASURE_DISPUTE_CANDIDATE, MEASURE_SAMPLE_ANNOTATION, MEASURE_SAMPLE_SEGMENT, MEASURE_SAMPLE_WORKER_ITEM,
)  # fmt: skip
ESTIMATES = (
    MEASURE_WORKER, MEASURE_WORKER_SKILL, MEASURE_CHANCE, MEASURE_CONSENSUS_LABEL, MEASURE_ITEM_ALPHA,
    MEASURE_CONFUSION,
)  # fmt: skip
OUTPUTS = tuple(dict.fromkeys((*ITEMS, *ESTIMATES)))
TABLES_BY_NAME = {table.name: table for table in OUTPUTS}
Silver = Mapping[str, pa.Table]
OF_JOB = -1
"""The part of rows that are of the whole job, in a table that has rows of parts too."""


@dataclass(frozen=True, slots=True)
class Known:
    """What must be known of whole jobs where rows are of some objects only."""

    drawn: pa.Table  # `tracks.LAYERS` in which anybody drew
    said: pa.Table  # ... in which anybody gave a label
    answered: Any  # Arrow array of jobs with accepted answers
    every: Mapping[str, int] = field(default_factory=dict)  # large jobs: one object of how many is in the sample


def known_of(silver: Silver) -> Known:
    """The same from all rows of the jobs."""
    drawn, said = (
        silver[table.name].select(LAYERS.names).group_by(LAYERS.names).aggregate([]).cast(LAYERS)
        for table in (SEGMENT, CLASSIFICATION)
    )
    return Known(drawn, said, silver[ANNOTATION.name]["job_name"].unique())


def build(
    inputs: Silver,
    jobs: Sequence[str] | None = None,
    windows_s: Sequence[float] = (),
    scales: Mapping[str, str] | None = None,
) -> dict[str, pa.Table]:
    """The `measure.*` tables of these jobs (of all where None) from the current rows of the silver tables.

    `windows_s` are windows of boundary measures beside 0.25, 0.5 and 3 seconds; `scales` layer -> nominal, ordinal,
    interval or ratio, for layers whose level is not to be read from the answers.

    Deterministic, and a job's rows depend on that job alone.
    """
    silver = {table.name: rows_of(inputs[table.name], jobs) for table in INPUTS}
    known = known_of(silver)
    made = [
        {name: parts.with_part(rows, part) for name, rows in items(some, known, windows_s).items()}
        for part, some in parts.split(silver)
    ]
    made += [{table.name: table.empty() for table in ITEMS}]
    tables = parts.joined(made)
    whole = estimates({**silver, **tables}, known, windows_s, scales)
    both = {n: [tables[n], whole[n]] for n in tables.keys() & whole.keys()}
    return tables | whole | _sorted([TABLES_BY_NAME[n] for n in both], both)


def items(silver: Silver, known: Known, windows_s: Sequence[float] = ()) -> dict[str, pa.Table]:
    """The tables of `ITEMS` of the objects whose rows are given: what depends on nothing but each object."""
    drawn, said = views_of(silver, known)
    made: dict[str, list[pa.Table]] = {table.name: [] for table in ITEMS}
    compared = pairs.compare(drawn, named_windows(windows_s))
    made[MEASURE_ITEM.name] += [segments.score_tracks(drawn, compared)]
    made[MEASURE_PAIR_ITEM.name] += [pairs.pair_items_of_tracks(drawn, compared)]
    made[MEASURE_CONFUSION.name] += [confusion.confusions(drawn, compared.cells)]
    made[MEASURE_WORKER_CONFUSION.name] += [confusion_of_tracks(drawn)]
    made[MEASURE_ITEM_LABEL.name] += [by_label.labels_of_tracks(drawn)[0]]
    made[MEASURE_WORKER_ITEM.name] += [workers.worker_items_of_tracks(drawn)]
    disputed = [candidates_of_tracks(drawn, known.every)]
    fused = fuse_tracks(drawn)
    made[MEASURE_CONSENSUS_SEGMENT.name] += [fused]
    made[MEASURE_CONFUSION.name] += [confusion.against_segments(drawn, fused)]
    texts = transcripts.texts(silver[SEGMENT.name], silver[ANNOTATION.name])
    answered = annotators_of(silver, known).select(ANSWERED.names)
    made[MEASURE_TRANSCRIPT_ITEM.name] += [transcripts.score_items(texts, answered)]
    for one in said:
        made[MEASURE_ITEM.name] += [labels.score_answers(one)]
        cells = pairs.cells_of_answers(one)
        made[MEASURE_PAIR_ITEM.name] += [pairs.pair_items_of_answers(one, cells)]
        made[MEASURE_CONFUSION.name] += [confusion.confusions(one, cells)]
        made[MEASURE_WORKER_CONFUSION.name] += [confusion_of_answers(one)]
        made[MEASURE_ITEM_LABEL.name] += [by_label.labels_of_answers(one)[0]]
        made[MEASURE_WORKER_ITEM.name] += [workers.worker_items_of_answers(one)]
        disputed += [candidates_of_answers(one, known.every)]
    made[MEASURE_DISPUTE_CANDIDATE.name] += [with_assets(pa.concat_tables(disputed), silver[ANNOTATION.name])]
    of_sample = {name: silver[name] for name in (SEGMENT.name, ANNOTATION.name, ASSET_TABLE.name)}
    of_sample[MEASURE_WORKER_ITEM.name] = pa.concat_tables(made[MEASURE_WORKER_ITEM.name])
    for name, rows in job_sample.sample_of(of_sample, known.every).items():
        made[name] += [rows]
    return _sorted(ITEMS, made)


def estimates(
    silver: Silver, known: Known, windows_s: Sequence[float] = (), scales: Mapping[str, str] | None = None
) -> dict[str, pa.Table]:
    """The tables of `ESTIMATES`, which need the answers of whole jobs; `silver` has `measure.worker_item` too.

    What was drawn and written is that of the sample, where it holds one of the job. Labels of whole objects are all.
    """
    sample, said = job_sample.joined(silver), said_of(silver, known)
    drawn = drawn_of(sample, known)
    levels = distances.Levels(scales or {}, orders_of(silver[JOB_TABLE.name]))
    texts = transcripts.texts(sample[SEGMENT.name], sample[ANNOTATION.name])
    answered = annotators_of(sample, known).select(ANSWERED.names)
    made: dict[str, list[pa.Table]] = {table.name: [table.empty()] for table in ESTIMATES}
    made[MEASURE_WORKER.name] += [workers.workers_of_tracks(drawn)]
    made[MEASURE_CHANCE.name] += [chance.floors_of_tracks(drawn, named_windows(windows_s))]
    made[MEASURE_CHANCE.name] += [transcripts.floors(texts, answered)]
    made[MEASURE_WORKER_SKILL.name] += worker_skills(
        drawn, said, sample[MEASURE_WORKER_ITEM.name], sample[ANNOTATION.name]
    )
    for one in said:
        fused = fuse_answers(one)
        made[MEASURE_CONSENSUS_LABEL.name] += [fused]
        made[MEASURE_CONFUSION.name] += [parts.with_part(confusion.against_labels(one, fused), OF_JOB)]
        made[MEASURE_ITEM_ALPHA.name] += [by_label.labels_of_answers(one)[1], distances.alphas_of_answers(one, levels)]
        made[MEASURE_WORKER.name] += [workers.workers_of_answers(one)]
        made[MEASURE_CHANCE.name] += [chance.floors_of_answers(one, levels)]
    return _sorted(ESTIMATES, made)


def _sorted(tables: Sequence[Table], made: Mapping[str, list[pa.Table]]) -> dict[str, pa.Table]:
    return {
        table.name: pa.concat_tables(made[table.name]).sort_by([(name, "ascending") for name in table.key])
        for table in tables
    }


def orders_of(jobs: pa.Table) -> dict[tuple[str, str], list[str]]:
    """The labels of each layer of each job, in the order in which they were offered."""
    rows = jobs.select(["job_name", "labels"]).to_pylist()
    return {(r["job_name"], layer): names for r in rows for layer, names in json.loads(r["labels"] or "{}").items()}


def named_windows(windows_s: Sequence[float]) -> dict[str, float]:
    """Windows by the name that measures carry, those left out that there are always.

    >>> named_windows([0.5, 1.5, 2])
    {'1500ms': 1.5, '2s': 2.0}
    """
    named = {f"{w:.0f}s" if w >= 1 and w == int(w) else f"{1000 * w:.0f}ms": float(w) for w in sorted(windows_s)}
    return {name: window for name, window in named.items() if name not in pairs.WINDOWS_S}


def views_of(silver: Silver, known: Known) -> tuple[Tracks, tuple[Answers, Answers]]:
    """What was drawn, and what was said (see `said_of`)."""
    return drawn_of(silver, known), said_of(silver, known)


def drawn_of(silver: Silver, known: Known) -> Tracks:
    """What was drawn."""
    return tracks(require(silver[SEGMENT.name], SEGMENTS), annotators_of(silver, known), known.drawn)


def rows_of(table: pa.Table, jobs: Sequence[str] | None) -> pa.Table:
    """The rows of these jobs; all of a table that is not about jobs."""
    if jobs is None or "job_name" not in table.schema.names:
        return table
    wanted = pc.is_in(table["job_name"], pa.array(list(jobs), pa.string()))
    return table if pc.all(wanted).as_py() else table.filter(wanted)


def annotators_of(silver: Silver, known: Known | None = None) -> pa.Table:
    """Who answered which object, and how long the object is (NULL where its media is not registered)."""
    key = ["job_name", "object_id", "worker_id", "asset_id"]
    accepted = silver[ANNOTATION.name].select(key)
    answered = known.answered if known else pc.unique(accepted["job_name"])
    asked = silver[ASSIGNMENT.name]
    asked = asked.filter(pc.field("outcome") == "answered").select(key)
    asked = asked.filter(pc.invert(pc.is_in(asked["job_name"], answered)))
    both = pa.concat_tables([accepted, asked])
    assets = silver[ASSET_TABLE.name]
    at = pc.index_in(both["asset_id"], assets["asset_id"].combine_chunks(), skip_nulls=True)
    duration = assets["duration_s"].take(at)
    return both.select(key[:3]).append_column("duration_s", duration).cast(ANNOTATORS)


def said_of(silver: Silver, known: Known) -> tuple[Answers, Answers]:
    """What was said: labels that are the job's whole question, and labels of questions beside it."""
    said = require(silver[CLASSIFICATION.name], LABELS)
    job = silver[JOB_TABLE.name]
    whole = job.filter(pc.ends_with(job["task_type"], "_classification"))["job_name"]
    is_whole = pc.is_in(said["job_name"], pc.unique(whole))
    answered = annotators_of(silver, known).select(ANSWERED.names)
    beside = answered.filter(pc.invert(pc.is_in(answered["job_name"], pc.unique(whole))))
    return answers(said.filter(is_whole)), answers(said.filter(pc.invert(is_whole)), beside, known.said)
