"""What estimates of whole jobs read: all of silver, or the sample of a job that has many objects.

Of large jobs the answers to questions about whole objects are read all the same, as each object has a label of its
own; a job without such answers costs what its sample costs.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from annolake.lake.built import Changes
from annolake.lake.catalog import Lake
from annolake.lake.inputs import columns_of
from annolake.lake.pymodels import READ_BY_PYTHON, EstimateModel
from annolake.lake.statements import current_rows
from transforms import job_sample, parts
from transforms.schemas import ANNOTATION, ASSIGNMENT, BATCH_ITEM, CLASSIFICATION, JOB_TABLE, TABLES

OF_SAMPLE = (JOB_TABLE.name, *(table.name for table in job_sample.SAMPLES.values()))
OF_LABELS = (CLASSIFICATION.name, ANNOTATION.name, ASSIGNMENT.name, BATCH_ITEM.name)


def estimate_rows(lake: Lake, model: EstimateModel, jobs: Sequence[str], changes: Changes) -> dict[str, pa.Table]:
    """The rows that an estimate is made from: tables of silver, and those of the sample of large jobs."""
    large = [job for job in jobs if parts.stride(changes.n_objects(job)) > 1]
    labeled = [job for job in large if changes.has_rows(CLASSIFICATION.name, job)]
    asked = [(model.reads, [job for job in jobs if job not in large]), (OF_SAMPLE, large), (OF_LABELS, labeled)]
    found = [current_rows(lake, reads, some, READ_BY_PYTHON) for reads, some in asked if some]
    tables = {name: [rows[name] for rows in found if name in rows] for name in (*model.reads, *OF_SAMPLE)}
    return {name: pa.concat_tables(rows) if rows else _none(name) for name, rows in tables.items()}


def _none(name: str) -> pa.Table:
    return TABLES[name].empty().select(columns_of(name, READ_BY_PYTHON))
