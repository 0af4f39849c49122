"""The dashboards' panels on a lake of 50 million segments: each question from gold, and some of them from silver."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from functools import cache, partial
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.harness import Bench, Figures, Size, Way
from benchmarks.lake import LAYER, SIZES, Shape, job_name, kept_at, make, settings, team

ASKED, SILVER_ASKED = 20, 1
"""Times that a panel is asked of gold and of silver, beside the first, which opens files and is reported apart."""

Ask = Callable[[Any], Any]
JOB, OBJECT, WORKER = job_name(3), "17", f"{team(3)}0005"


def panels() -> Mapping[str, Ask]:
    """Every panel of every page by name, as it opens: all jobs where nothing is chosen, one where the page shows one.

    Those of all jobs that people narrow to one at once are asked that way too.
    """
    from annolake.lake.queries import queries
    from dashboards.data import (
        Where,
        agreement,
        ask,
        audit,
        data_quality,
        disputes,
        item,
        jobs,
        label_distributions,
        overview,
        scope,
        workers,
    )

    every, layer, one = Where(), Where(layers=(LAYER,)), Where(jobs=(JOB,), layers=(LAYER,))

    @cache
    def first_objects(c: Any) -> list[dict[str, Any]]:
        """What the panel above the manifest has found by then."""
        rows: list[dict[str, Any]] = disputes.objects(c, every).table.slice(0, 10).to_pylist()
        return rows

    def documented(name: str) -> Ask:
        return lambda c: ask(c, queries()[name].sql)

    return {
        "all pages: jobs and layers": scope.scopes,
        "overview: progress": lambda c: overview.progress(c, every),
        "overview: estimated finish": lambda c: overview.finish(c, every, date(2026, 3, 1)),
        "overview: burndown": lambda c: overview.burndown(c, every),
        "overview: agreement by job": lambda c: agreement.measure(c, every),
        "overview: trend": lambda c: overview.trend(c, JOB, LAYER),
        "overview: open disputes": lambda c: overview.disputes(c, every),
        "overview: alerts": lambda c: overview.alerts(c, every),
        "agreement: figures": lambda c: agreement.figures(c, every),
        "agreement: coverage": lambda c: agreement.coverage(c, every),
        "agreement: labels": lambda c: agreement.label_reliability(c, every),
        "agreement: labels of a job": lambda c: agreement.label_reliability(c, one),
        "agreement: confusions": lambda c: agreement.confusions(c, every),
        "agreement: confusions of a job": lambda c: agreement.confusions(c, one),
        "agreement: pairs": lambda c: agreement.pairs(c, every),
        "agreement: pairs of a job": lambda c: agreement.pairs(c, one),
        "agreement: offsets": lambda c: agreement.offset_spread(c, every),
        "agreement: offsets of a job": lambda c: agreement.offset_spread(c, one),
        "agreement: spread of objects": lambda c: agreement.item_spread(c, every),
        "agreement: worst objects": lambda c: agreement.items(c, every),
        "agreement: worst objects of a job": lambda c: agreement.items(c, one),
        "workers: of a job": lambda c: workers.workers(c, JOB, LAYER),
        "workers: history of one": lambda c: workers.history(c, JOB, LAYER, WORKER),
        "workers: confusion of one": lambda c: workers.confusion(c, JOB, LAYER, WORKER),
        "workers: offsets of one": lambda c: workers.offsets(c, JOB, LAYER, WORKER),
        "workers: objects of one": lambda c: workers.items(c, JOB, LAYER, WORKER),
        "workers: percentiles of speed": documented("speed_percentiles"),
        "labels: amounts": lambda c: label_distributions.labels(c, layer),
        "labels: by job": lambda c: label_distributions.labels_by(c, layer, "job_name"),
        "labels: by day": lambda c: label_distributions.labels_by(c, layer, "day"),
        "labels: drift by day": lambda c: label_distributions.drift(c, layer, "day", ""),
        "labels: drift by day of a job": lambda c: label_distributions.drift(c, one, "day", "2026-01-08"),
        "labels: by worker": lambda c: label_distributions.worker_shares(c, layer),
        "labels: by worker of a job": lambda c: label_distributions.worker_shares(c, one),
        "labels: rare": lambda c: label_distributions.rare_labels(c, layer),
        "labels: never used": lambda c: label_distributions.never_used(c, layer),
        "labels: percentiles of length": documented("segment_length_percentiles"),
        "jobs: all": lambda c: jobs.jobs(c, every),
        "jobs: states": lambda c: jobs.states(c, every),
        "jobs: throughput": lambda c: jobs.throughput(c, every),
        "jobs: failures": lambda c: jobs.failures(c, every),
        "jobs: batches": lambda c: jobs.batches(c, every),
        "item: choice": lambda c: item.items(c, every),
        "item: one": lambda c: item.item(c, JOB, OBJECT),
        "item: timelines": lambda c: item.segments(c, JOB, OBJECT),
        "item: annotators": lambda c: item.annotators(c, JOB, OBJECT),
        "item: classes": lambda c: item.classes(c, JOB, OBJECT),
        "item: disputes": lambda c: item.disputes(c, JOB, OBJECT),
        "item: agreement": lambda c: item.agreement(c, JOB, OBJECT),
        "item: pairs": lambda c: item.pairs(c, JOB, OBJECT),
        "item: the same media elsewhere": lambda c: audit.same_media(c, JOB, OBJECT),
        "item: audit": lambda c: audit.answers(c, [(JOB, OBJECT)]),
        "item: outcomes": lambda c: audit.outcomes(c, [(JOB, OBJECT)]),
        "data quality: severities": lambda c: data_quality.severities(c, every),
        "data quality: broken": lambda c: data_quality.broken(c, every),
        "data quality: trend": lambda c: data_quality.trend(c, every),
        "data quality: rules": lambda c: data_quality.rules(c, every),
        "data quality: refused": lambda c: data_quality.refused(c, every),
        "disputes: summary": lambda c: disputes.summary(c, every),
        "disputes: queue": lambda c: disputes.disputes(c, every),
        "disputes: objects": lambda c: disputes.objects(c, every),
        "disputes: manifest": lambda c: disputes.to_send(c, every, first_objects(c)),
    }


ACTIVE = """case when coalesce(a.time_spent_s, epoch(a.submitted_at - a.accepted_at)) is not null then
    least(coalesce(a.time_spent_s, epoch(a.submitted_at - a.accepted_at)), greatest(300, 10 * s.duration_s)) end"""
OF_SILVER = {
    "overview: progress": f"""select count(distinct (a.job_name, a.object_id)), count(*), sum({ACTIVE}),
        sum(s.duration_s) from silver.annotation a join silver.asset s using (asset_id)""",
    "overview: burndown": """select job_name, day, count(*) from (
        select job_name, object_id, max(submitted_at)::date as day from silver.annotation group by all
        having count(*) >= 3) group by all""",
    "labels: amounts": "select label, count(*), sum(end_s - start_s) / 60 from silver.segment group by label",
    "labels: by job": "select job_name, label, count(*) from silver.segment group by all",
    "workers: percentiles of speed": f"""select job_name, quantile_disc({ACTIVE} / (s.duration_s / 60),
        [0.1, 0.5, 0.9, 0.99]) from silver.annotation a join silver.asset s using (asset_id) group by all""",
    "labels: percentiles of length": """select label, quantile_disc(end_s - start_s, [0.1, 0.5, 0.9])
        from silver.segment group by label""",
}
"""The same questions asked of silver."""


def prepare(folder: Path, size: Size) -> None:
    """The lake is kept between runs, under the folder of temporary files: it takes an hour to make."""
    make(kept_at(size), Shape(size["jobs"], size["objects"]))


def _open(_: Path, size: Size) -> Any:
    from annolake.lake.on_demand import OnDemandReader

    begun = time.perf_counter()
    reader = OnDemandReader(settings(kept_at(size)))
    return {"reader": reader, "open_s": time.perf_counter() - begun}


def _open_silver(_: Path, size: Size) -> Any:
    """All tables as an analyst has them: the pages' reader has a limit of memory that these questions pass."""
    from annolake.lake.reader import ReleaseReader

    begun = time.perf_counter()
    reader = ReleaseReader(settings(kept_at(size)))
    return {"reader": reader, "open_s": time.perf_counter() - begun}


def _gold(given: Any) -> Figures:
    with closing(given["reader"]) as reader:
        rows = [_timed(name, ask, reader, ASKED) for name, ask in panels().items()]
    slow = [r["panel"] for r in rows if r["median_ms"] >= 100 or r["p95_ms"] >= 300]
    return {"panels": len(rows), "slow": len(slow), "open_s": given["open_s"], "rows": rows}


def _silver(given: Any) -> Figures:
    from dashboards.data import ask

    with closing(given["reader"]) as reader:
        asked = reader.connection
        rows = [_timed(name, partial(ask, statement=s), asked, SILVER_ASKED) for name, s in OF_SILVER.items()]
    return {"panels": len(rows), "open_s": given["open_s"], "rows": rows}


def _timed(name: str, ask: Ask, connection: Any, times: int) -> dict[str, Any]:
    took = []
    for _ in range(times + 1):
        begun = time.perf_counter()
        ask(connection)
        took.append(1000 * (time.perf_counter() - begun))
    first, again = took[0], sorted(took[1:])
    p95 = again[max(ceil(0.95 * len(again)) - 1, 0)]
    shown = {"first_ms": first, "median_ms": statistics.median(again), "p95_ms": p95}
    return {"panel": name, **{k: round(v, 1) for k, v in shown.items()}}


def check(found: Mapping[str, Figures]) -> None:
    if not found["gold"]["panels"] > 50:
        raise AssertionError("panels are missing")


BENCH = Bench(
    title="the dashboards' panels",
    claim="every panel's query under 100 ms (median) and 300 ms (p95) from gold; the overview's at least 20 times as "
    "fast as from silver",
    data="{jobs} jobs of {objects:,} objects x 3 annotators x 10 segments, 1,000 annotators; silver by "
    "benchmarks/lake.py, gold by sql/gold",
    sizes=SIZES,
    prepare=prepare,
    ways=(Way("gold", _open, _gold), Way("silver", _open_silver, _silver)),
    check=check,
    rounds=1,
    shown=("panels", "slow", "open_s"),
    reading="Seconds are of all panels together, each asked 21 times from gold and twice from silver, where only "
    "some questions are asked.",
)
