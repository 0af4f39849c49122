"""Tables of a busy lab: 500 workers, 10,000 objects, 200 jobs, a hundred days."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta

from tests.dashboards.gold_tables import NOON, Rows, measure, task


def large(workers: int = 500, items: int = 10_000, jobs: int = 200, seed: int = 5) -> Rows:
    """As much as a busy lab has: one big job with every worker, and many small ones."""
    chance = random.Random(seed)
    names = [f"w_{n:016x}" for n in range(workers)]
    labels = [f"label {n:02d}" for n in range(30)]
    big = "big-l1-audio"
    where = {"job_name": big, "layer": "speaker", "task_type": "audio_segmentation"}
    small = [f"small-{n:03d}-l1-video" for n in range(jobs - 1)]
    alphas = [measure(big, "speaker", "alpha", 0.71, 0.02, n_items=items, n_annotators=workers, chance_floor=0.03)]
    alphas += [
        measure(job, "class", "alpha", chance.uniform(0.2, 0.95), 0.1, n_items=20, n_annotators=5) for job in small
    ]
    quality = []
    for n, worker in enumerate(names):
        value, n_items = chance.betavariate(8, 3), chance.randint(1, 120)
        half = 0.6 / n_items**0.5
        few = n_items < 5
        quality.append(
            {**where, "worker_id": worker, "n_items": n_items, "n_labels": 8 * n_items, "loo_agreement": value,
             "loo_lo": None if n_items < 3 else value - half, "loo_hi": None if n_items < 3 else min(value + half, 1),
             "status": "too_few" if few else "reliable" if value - half >= 0.667 else "watch",
             "offset_s": chance.gauss(0, 0.15), "n_boundaries": 10 * n_items, "over_seg_index": chance.gauss(1, 0.1),
             "median_active_s_per_min": chance.lognormvariate(5, 0.4), "idle_share": 0.2, "median_time_s": 90.0 + n % 7}
        )  # fmt: skip
    return {
        "gold.agreement_job": alphas,
        "gold.agreement_item": [
            {**where, "object_id": str(n), "media_type": "audio", "asset_name": f"recording_{n:05d}.wav",
             "duration_s": 30.0, "observed_agreement": chance.betavariate(9, 2), "is_disputed": n % 9 == 0}
            for n in range(items)
        ],
        "gold.worker_quality": quality,
        "gold.label_distribution": [
            {**where, "label": label, "worker_id": worker, "day": date(2026, 10, 5) + timedelta(days=n % 10),
             "media_type": "audio", "n_segments": chance.randint(1, 40), "duration_s": 20.0, "n_items": 5}
            for n, worker in enumerate(names)
            for label in chance.sample(labels, 8)
        ],
        "gold.agreement_pair": [
            {**where, "worker_a": names[n], "worker_b": names[n + step], "n_items": 6,
             "residual": (r := chance.gauss(0, 0.1)),
             "residual_lo": r - 0.1, "residual_hi": r + 0.1}
            for n in range(workers - 6)
            for step in range(1, 6)
        ],
        "gold.agreement_pair_item": [
            {**where, "object_id": str(n), "worker_a": names[n % (workers - 1)],
             "worker_b": names[n % (workers - 1) + 1],
             "mass": 30.0, "agree": 25.0, "expected_agree": 26.0, "offset_s": chance.gauss(0, 0.2)}
            for n in range(items)
        ],
        "gold.dispute_queue": [
            {**where, "object_id": str(n), "place": n + 1, "t_start_s": (t := chance.uniform(0, 25)),
             "t_end_s": t + chance.uniform(0.2, 4), "kind": chance.choice(("label", "missing", "boundary", "extra")),
             "labels": json.dumps(chance.sample(labels, 2)), "workers": "{}", "severity": chance.random(),
             "expected_gain": (items - n) / items, "asset_name": f"recording_{n:05d}.wav", "asset_id": str(n)}
            for n in range(items)
        ],
        "gold.job_status": [
            {"job_name": job, "task_type": task(job), "status": "InProgress" if n < 5 else "Completed",
             "workers_per_object": 3, "n_objects": 50, "n_started": 40, "n_complete": 30 if n < 5 else 50,
             "n_twice": 30, "n_answers": 120, "n_workers": 9, "media_s": 1500.0, "media_complete_s": 900.0,
             "active_s": 9000.0, "created_at": NOON - timedelta(days=n)}
            for n, job in enumerate([big, *small])
        ],
        "gold.job_day": [
            {"job_name": job, "day": date(2026, 7, 1) + timedelta(days=d), "n_answers": 12, "n_workers": 3,
             "n_started": 4, "n_complete": 3, "media_complete_s": 90.0, "active_s": 900.0}
            for job in [big, *small][:20]
            for d in range(100)
        ],
        "gold.worker_day": [
            {**{k: where[k] for k in ("job_name", "layer")}, "worker_id": names[0],
             "day": date(2026, 7, 1) + timedelta(days=d),
             "n_items": 3, "loo_agreement": 0.7, "loo_lo": 0.5, "loo_hi": 0.9}
            for d in range(100)
        ],
        "gold.job_trend": [
            {**where, "day": date(2026, 7, 1) + timedelta(days=d), "measure": "observed_agreement",
             "value": 0.8 + chance.gauss(0, 0.03), "ci_lo": 0.72, "ci_hi": 0.88, "n_items": 100}
            for d in range(100)
        ],
        "meta.check_result": [
            {"job_name": job, "table_name": "silver.segment", "check_name": f"rule_{n}", "severity": "warn",
             "is_ok": n % 3 > 0, "n_rows": 100, "n_failed": 5, "landing_id": str(n)}
            for job in small
            for n in range(20)
        ],
    }  # fmt: skip
