"""Some objects of each job that stand for all, for figures of a worker that need no more.

Each worker has up to `MOST` objects of a layer among them, so that nobody is left out because others answered more.
Which ones is settled by a hash of the object's name: the same objects whatever the order in which answers arrived.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np

from transforms.encode import Ints, distinct
from transforms.tracks import Tracks

MOST = 1000


def sampled(found: Tracks, cell: Ints, most: int = MOST) -> Tracks:
    """The tracks of the objects in the sample; `cell` says of each track which figure it is for.

    Objects with one annotator are left out only where a cell has more than `most`.
    """
    if not len(cell) or np.bincount(np.unique(cell, return_inverse=True)[1].ravel()).max() <= most:
        return found
    mark = np.array([crc32(name.encode()) for name in found.objects], dtype=np.int64)
    several = np.flatnonzero(found.n_annotators[found.track_item] >= 2)
    item, cell = found.track_item[several], cell[several]
    order = np.lexsort((item, mark[found.item_object[item]], cell))
    place = np.arange(len(order)) - np.searchsorted(cell[order], cell[order])
    return found.some(distinct(item[order][place < most]))
