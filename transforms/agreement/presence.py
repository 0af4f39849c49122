"""The label where there is one: alpha over the moments that at least two annotators labeled.

Time-weighted alpha over all labels mixes two questions. `alpha_presence` answers whether anything is there; this one,
what it is where two or more say that something is. What only one labeled says nothing here.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms import intervals
from transforms.agreement.by_label import alpha_rows
from transforms.encode import Floats, Ints, summed
from transforms.tracks import Tracks


def together(found: Tracks) -> tuple[Floats, Ints, Ints, Floats]:
    """Disagreement mass of each item where two or more labeled; item, label and mass of the labels there."""
    pieces, item = found.pieces, found.track_item[found.pieces.track]
    d_obs, mass = intervals.shared_disagreement(item, pieces.start, pieces.end, pieces.label, found.n_items)
    width = max(1, len(found.labels))
    key, at = np.unique(item * width + pieces.label, return_inverse=True)
    here = summed(at.ravel(), mass, len(key))
    key, here = key[here > 0], here[here > 0]
    return d_obs, key // width, key % width, here


def given_presence(found: Tracks) -> pa.Table:
    """Rows as of `measure.item_alpha`: alpha_given_presence. In the lake sql/measure/unit_term.sql has them."""
    d_obs, of, label, here = together(found)
    layer = found.item_job * max(1, len(found.layers)) + found.item_layer
    width = max(1, len(found.labels))
    keys, place = np.unique(layer[of] * width + label, return_inverse=True)
    everywhere = summed(place.ravel(), here, len(keys))[place.ravel()]
    n = found.n_items
    total = summed(of, here, n)
    of_layer = summed(layer, total, int(layer.max(initial=0)) + 1)
    return alpha_rows(
        found,
        "alpha_given_presence",
        total,
        d_obs=d_obs,
        d_exp=total * of_layer[layer] - summed(of, here * everywhere, n),
        d_self=total**2 - summed(of, here**2, n),
    )
