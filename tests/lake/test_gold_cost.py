"""Rejected answers and the cost of work in gold, from landed outputs."""

from __future__ import annotations

import pytest

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.land import land_outputs
from annolake.lake.models import build_model
from annolake.lake.release import publish
from annolake.lake.sql import query
from tests.lake.jobs import Job, answer, segments
from tests.lake.test_release import register


def test_a_rejected_answer_counts_and_the_price_is_the_one_set(settings: Settings, s3) -> None:
    """x and y answer three objects in 40.5 s each; y's answer on object 2 was submitted before it was taken."""
    job = Job(s3)
    job.put_manifest(*(job.line(k) for k in range(3)))
    for k in range(3):
        given = [answer(w, segments(("A", 1, 9), ("B", 9, 20)), at=100 + k) for w in "xy"]
        if k == 2:
            given[1]["acceptanceTime"], given[1]["submissionTime"] = (
                given[1]["submissionTime"], given[1]["acceptanceTime"],
            )  # fmt: skip
        job.put_response(k, *given)
    register(settings)  # of 30 s each
    with open_lake(settings) as lake:
        land_outputs(lake, job.s3, job.facts(), pseudonym_key="k")
    priced = settings.model_copy(update={"worker_hour_price": 40.0, "currency": "CHF"})
    columns = (
        "n_answers, n_rejected, reject_rate, active_s, cost, currency, cost_reason, media_s, cost_per_accepted_min"
    )
    shown = f"SELECT {columns} FROM gold.worker_quality WHERE layer = 'speaker' ORDER BY n_rejected"

    def workers(with_price: Settings, *models: str) -> list[tuple]:
        for model in models:
            build_model(with_price, model, [job.name])
        publish(with_price, [job.name])
        return [tuple(row.values()) for row in query(with_price, shown).to_pylist()]

    models = ("measure", "estimate", "gold.agreement_item", "gold.worker_quality")
    sums = [f"measure.{name}" for name in ("label_use", "work", "pace", "task")]
    assert workers(priced, *sums, *models) == [
        (3, 0, 0.0, 121.5, pytest.approx(1.35), "CHF", None, 90.0, pytest.approx(0.9)),
        (3, 1, pytest.approx(1 / 3), 81.0, pytest.approx(0.9), "CHF", None, 60.0, pytest.approx(0.9)),
    ]
    unpriced = workers(settings, "gold.worker_quality")
    assert [row[4:] for row in unpriced] == [(None, None, "no_price", media_s, None) for media_s in (90.0, 60.0)]
    items = query(settings, "SELECT n_skipped, entropy > 1, consensus_ref FROM gold.agreement_item ORDER BY object_id")
    fused = "gold.consensus_segment"
    assert [tuple(r.values()) for r in items.to_pylist()] == [(0, True, fused), (0, True, fused), (0, None, fused)]
