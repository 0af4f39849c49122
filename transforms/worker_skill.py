"""`measure.worker_skill`: what the answers of a job alone tell of each annotator of a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.answers import Answers
from transforms.ballots import Skills, skills_of_answers, skills_of_tracks
from transforms.encode import Ints, distinct
from transforms.offsets import cells
from transforms.schemas import MEASURE_WORKER_SKILL
from transforms.standing import STANDING, SUBMITTED, standings
from transforms.tracks import Tracks
from transforms.workers import answer_cells


def worker_skills(
    drawn: Tracks, said: tuple[Answers, ...], worker_items: pa.Table, annotations: pa.Table
) -> list[pa.Table]:
    """Rows of what was drawn, and of each set of labels; standings are of `measure.worker_item` rows."""
    standing = standings(worker_items, annotations.select(SUBMITTED.names))
    fits: list[tuple[Tracks | Answers, Skills]] = [(drawn, skills_of_tracks(drawn))]
    fits += [(one, skills_of_answers(one)) for one in said]
    return [_rows(found, fit, standing) for found, fit in fits]


def _cells(found: Tracks | Answers) -> Ints:
    return cells(found) if isinstance(found, Tracks) else answer_cells(found)


def _rows(found: Tracks | Answers, fit: Skills, standing: Mapping[tuple[str, str, str], Mapping[str, Any]]) -> pa.Table:
    """One row a worker of a layer, whether anything can be said or not."""
    n_workers, n_layers = max(1, len(found.workers)), max(1, len(found.layers))
    figures = {int(c): k for k, c in enumerate(fit.cell)}
    nothing = dict.fromkeys(STANDING) | {"n_residual": 0}
    rows = []
    for one in distinct(_cells(found)):
        of_layer = int(one // n_workers)
        job, layer = found.jobs[of_layer // n_layers], found.layers[of_layer % n_layers]
        worker = found.workers[one % n_workers]
        at = figures.get(int(one))
        values = [fit.skill, fit.lo, fit.hi, fit.spam]
        given = [None if at is None or np.isnan(v[at]) else float(v[at]) for v in values]
        rows.append(
            {"job_name": job, "layer": layer, "worker_id": worker, "n_labels": int(fit.n_labels[of_layer])}
            | dict(zip(("skill_onecoin", "skill_lo", "skill_hi", "spam_prob"), given, strict=True))
            | nothing
            | dict(standing.get((job, layer, worker), {}))
        )
    return pa.Table.from_pylist(rows, MEASURE_WORKER_SKILL.arrow)
