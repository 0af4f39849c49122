"""The objects of a large job that stand for all of them, for estimates of its annotators; their rows, kept by part.

One object of `every` (see `transforms.parts.stride`) is in the sample, by a hash of its number. Of an annotator who
has few of these in a part, those of their objects are in it too whose hash comes next, up to a share of the part's
sample: so everybody who answered is in it. Which objects follows from the answers of the part alone, and not from
what they say. Objects whose names are no numbers are all in it. Jobs of fewer objects have no such rows: there every
object stands for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import parts
from transforms.encode import codes, first_within
from transforms.schemas import (
    ANNOTATION,
    ASSET_TABLE,
    BOX,
    MEASURE_SAMPLE_ANNOTATION,
    MEASURE_SAMPLE_BOX,
    MEASURE_SAMPLE_SEGMENT,
    MEASURE_SAMPLE_WORKER_ITEM,
    MEASURE_WORKER_ITEM,
    PART,
    SEGMENT,
    Table,
)

Tables = Mapping[str, pa.Table]

SAMPLES: Mapping[str, Table] = {
    ANNOTATION.name: MEASURE_SAMPLE_ANNOTATION,
    SEGMENT.name: MEASURE_SAMPLE_SEGMENT,
    BOX.name: MEASURE_SAMPLE_BOX,
    MEASURE_WORKER_ITEM.name: MEASURE_SAMPLE_WORKER_ITEM,
}
"""The tables of the sample by the tables whose rows they hold."""
LEAST = 2
"""Annotators of an object on which anything can be compared."""


def in_sample(annotators: pa.Table, every: int) -> pa.Array[Any]:
    """Which objects of one part of a job are in the sample, from its (object_id, worker_id).

    Of the objects of an annotator those come first that somebody else answered too.
    """
    (objects, obj), (workers, worker) = (codes(annotators[name]) for name in ("object_id", "worker_id"))
    place = parts.hashes(pa.array(objects, pa.string()))
    chosen = place < parts.HASHES // every
    most = max(1, int(np.count_nonzero(chosen)) // max(1, len(workers)))
    alone = np.bincount(obj, minlength=len(objects)) < LEAST
    late = (place + parts.HASHES * alone).astype(np.float64)
    chosen[obj[first_within(worker, -late[obj], most)]] = True
    return pa.array(objects, pa.string()).filter(pa.array(chosen))


def sample_of(tables: Tables, every: Mapping[str, int]) -> dict[str, pa.Table]:
    """The rows of one part's sample, from those of `tables` (by the names in `SAMPLES`); `every` by job."""
    names = [name for name in SAMPLES if name in tables]
    made: dict[str, list[pa.Table]] = {SAMPLES[name].name: [SAMPLES[name].empty()] for name in names}
    for job, one_of in every.items():
        of_job = {name: tables[name].filter(pc.field("job_name") == job) for name in names}
        objects = in_sample(of_job[ANNOTATION.name], one_of)
        for name, rows in of_job.items():
            kept = rows.filter(pc.is_in(rows["object_id"], objects))
            made[SAMPLES[name].name].append(_rows(SAMPLES[name], kept, tables[ASSET_TABLE.name]))
    return {name: pa.concat_tables(rows) for name, rows in made.items()}


def _rows(spec: Table, rows: pa.Table, assets: pa.Table) -> pa.Table:
    """The columns of a table of the sample; the part is not known yet."""
    if "duration_s" in spec.arrow.names:
        at = pc.index_in(rows["asset_id"], assets["asset_id"].combine_chunks(), skip_nulls=True)
        rows = rows.append_column("duration_s", assets["duration_s"].take(at))
    if PART.name not in rows.column_names:
        rows = rows.append_column(PART.name, pa.nulls(rows.num_rows, pa.int32()))
    return rows.select(spec.arrow.names).cast(spec.arrow)


def joined(tables: Tables) -> Tables:
    """The tables with large jobs' rows from their samples; the same tables where there are no samples.

    What else is known of the same jobs (all answers, for labels of whole objects) is left out.
    """
    samples = {name: tables[spec.name] for name, spec in SAMPLES.items() if {name, spec.name} <= tables.keys()}
    large = samples[ANNOTATION.name]["job_name"].unique() if samples else pa.array([], pa.string())
    if not len(large):
        return tables
    found = dict(tables)
    for name, sample in samples.items():
        rows = tables[name].filter(pc.invert(pc.is_in(tables[name]["job_name"], large)))
        columns = [column for column in rows.column_names if column in sample.column_names]
        found[name] = pa.concat_tables([rows.select(columns), sample.select(columns)], promote_options="permissive")
    found[ASSET_TABLE.name] = _assets(tables[ASSET_TABLE.name], samples[ANNOTATION.name])
    return found


def _assets(assets: pa.Table, sample: pa.Table) -> pa.Table:
    """Media files with their length, those of the sample added."""
    more = sample.filter(pc.is_valid(sample["asset_id"])).group_by(["asset_id", "duration_s"]).aggregate([])
    columns = ["asset_id", "duration_s"]
    return pa.concat_tables([assets.select(columns), more.select(columns)], promote_options="permissive")
