"""Some objects of each job that stand for all, for figures of a worker that need no more.

Each worker has up to `MOST` objects among them, so that nobody is left out because others answered more. Which ones is
settled by a hash of the object's name: the same objects whatever the order in which answers arrived.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pyarrow as pa

from transforms.encode import codes, distinct
from transforms.schemas import require

MOST = 500
_KEY: dict[str, pa.DataType] = {name: pa.string() for name in ("job_name", "object_id", "worker_id")}
ANNOTATORS = pa.schema(_KEY)
OBJECTS = pa.schema([ANNOTATORS.field("job_name"), ANNOTATORS.field("object_id")])


def sample(annotators: pa.Table, most: int = MOST) -> pa.Table:
    """(job_name, object_id) of the objects in the sample, from who answered which object."""
    annotators = require(annotators, ANNOTATORS)
    (jobs, job), (objects, obj), (workers, worker) = (codes(annotators[name]) for name in _KEY)
    mark = np.array([crc32(name.encode()) for name in objects], dtype=np.int64)
    key = distinct((job * max(1, len(objects)) + obj) * max(1, len(workers)) + worker)
    media, worker = key // max(1, len(workers)), key % max(1, len(workers))
    cell = media // max(1, len(objects)) * max(1, len(workers)) + worker
    order = np.lexsort((media, mark[media % max(1, len(objects))], cell))
    first = np.searchsorted(cell[order], cell[order])
    chosen = distinct(media[order][np.arange(len(order)) - first < most])
    return pa.table(
        {
            "job_name": pa.array(jobs, pa.string()).take(pa.array(chosen // max(1, len(objects)))),
            "object_id": pa.array(objects, pa.string()).take(pa.array(chosen % max(1, len(objects)))),
        },
        schema=OBJECTS,
    )
