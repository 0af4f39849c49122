"""One answer from the answers of several workers, with a confidence.

Labels of objects: `majority`, `dawid_skene`, `ground_truth_dawid_skene`, `one_coin`. Input: a table with the string
columns `object_id`, `worker_id`, `label`, one row for a label that a worker gave. Output: one row an object, in
ascending order of `object_id`. NULL labels say nothing; an object that has only those gets label NULL and confidence 0.
Ties: the higher score, then more votes on the object, then the earlier of `categories` (ascending labels where none are
given). `dissenters` tells who said something else; `fuse_answers` does all of it for whole jobs.

Segments: `fuse_segments`, a vote at every moment. Boxes: `fuse_boxes`, clusters by overlap, averaged. Stretches of a
text: `fuse_entities`. Masks: `fuse_masks`, a vote a pixel.

The order of the input's rows never matters.
"""

from transforms.consensus.boxes import fuse_boxes
from transforms.consensus.dawid_skene import DawidSkene, dawid_skene, fit_dawid_skene
from transforms.consensus.entities import fuse_entities
from transforms.consensus.ground_truth import fit_smoothed, ground_truth_dawid_skene, smoothed_dawid_skene
from transforms.consensus.labels import fuse_answers
from transforms.consensus.majority import majority
from transforms.consensus.masks import fuse_masks
from transforms.consensus.one_coin import OneCoin, one_coin
from transforms.consensus.segments import fuse_segments, fuse_tracks
from transforms.consensus.votes import CONSENSUS, LABELS, Votes, count_codes, dissenters

__all__ = [
    "CONSENSUS",
    "LABELS",
    "DawidSkene",
    "OneCoin",
    "Votes",
    "count_codes",
    "dawid_skene",
    "dissenters",
    "fit_dawid_skene",
    "fit_smoothed",
    "fuse_answers",
    "fuse_boxes",
    "fuse_entities",
    "fuse_masks",
    "fuse_segments",
    "fuse_tracks",
    "ground_truth_dawid_skene",
    "majority",
    "one_coin",
    "smoothed_dawid_skene",
]
