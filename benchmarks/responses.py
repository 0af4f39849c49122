"""Generated worker-response files of a segmentation job, in Ground Truth's folders, answers in System A's form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.generate import LABELS, segments
from benchmarks.manifests import BUCKET, JOB, WORKERS

FOLDER = f"output/{JOB}/annotations/worker-response/iteration-1"
N_SEGMENTS = 8


def write_responses(buckets: Path, n_files: int) -> None:
    """One file an object, each with the answer of one worker."""
    drawn = segments(n_files, 1, N_SEGMENTS, seed=7)
    folder = buckets / BUCKET / FOLDER
    for number in range(n_files):
        parts = zip(*(values[number, 0].tolist() for values in (drawn.start, drawn.end, drawn.label)), strict=True)
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "2026-01-08_07:12:02.json").write_text(json.dumps(_response(number, parts)))


def _response(number: int, parts: Any) -> dict[str, Any]:
    stretches = [
        {"id": LABELS[label], "start": start, "end": end, "text": "", "emotion": "neutral"}
        for start, end, label in parts
    ]
    said = {"categories": {"sound": list(LABELS)}, "streams": {"sound": stretches}, "elapsedTime": 61250}
    worker = f"private.us-east-1.{number % WORKERS:032x}"
    answer = {
        "acceptanceTime": "2026-01-08T07:11:01.231Z",
        "submissionTime": "2026-01-08T07:12:02.481Z",
        "timeSpentInSeconds": 61.25,
        "workerId": worker,
        "workerMetadata": {
            "identityData": {"identityProviderType": "Cognito", "issuer": "https://issuer", "sub": f"sub-{worker}"}
        },
        "answerContent": {"annotations": json.dumps(said)},
    }
    return {"answers": [answer]}
