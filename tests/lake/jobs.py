"""Small labeling jobs, their outputs written to a real S3 in Ground Truth's layout."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from annolake.lake.facts import JobFacts

BUCKET = "labeling"
START = datetime(2026, 1, 8, 7, 0, tzinfo=UTC)


def stamp(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def answer(
    worker: str, content: Any, *, at: float = 100, spent: float | None = 40.5, private: bool = True
) -> dict[str, Any]:
    """One entry of `answers`, submitted `at` seconds after START."""
    entry = {"answerContent": content, "submissionTime": stamp(at), "workerId": f"private.us-east-1.{worker}"}
    if private:
        entry |= {
            "acceptanceTime": stamp(at - 60),
            "timeSpentInSeconds": spent,
            "workerMetadata": {
                "identityData": {"identityProviderType": "Cognito", "issuer": "https://issuer", "sub": f"sub-{worker}"}
            },
        }
    return entry


def segments(*parts: tuple[str, float, float], layer: str = "speaker", **fields: Any) -> dict[str, Any]:
    """An audio answer in System A's form."""
    items = [{"id": tag, "start": start, "end": end, "text": "", "emotion": ""} for tag, start, end in parts]
    said = {"categories": {layer: ["A", "B"]}, "streams": {layer: items}, "elapsedTime": 32793}
    return {"annotations": json.dumps(said), **fields}


@dataclass
class Job:
    """A labeling job in a bucket."""

    s3: Any
    name: str = "Interviews-1"
    task_type: str = "audio_segmentation"
    attribute: str = "segments"
    labels: dict[str, list[str]] = field(default_factory=lambda: {"speaker": ["A", "B"]})
    lines: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        return f"output/{self.name}"

    def facts(self, **changes: Any) -> JobFacts:
        stated = {
            "job_name": self.name, "label_attribute": self.attribute, "output_root": f"s3://{BUCKET}/{self.root}",
            "input_uri": f"s3://{BUCKET}/manifests/{self.name}.manifest", "status": "Completed", "created_at": START,
            "modified_at": START + timedelta(hours=1), "task_type": self.task_type, "labels": self.labels,
            "workers_per_object": 3, "n_objects": len(self.lines), "n_labeled": len(self.lines),
        }  # fmt: skip
        return JobFacts(**{**stated, **changes})

    def put(self, key: str, body: str | bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode() if isinstance(body, str) else body)

    def put_input(self, *lines: dict[str, Any]) -> None:
        self.put(f"manifests/{self.name}.manifest", "\n".join(map(json.dumps, lines)) + "\n")

    def put_manifest(self, *lines: dict[str, Any] | str) -> None:
        self.lines = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        self.put(f"{self.root}/manifests/output/output.manifest", "\n".join(self.lines) + "\n")

    def put_response(self, object_id: int, *answers: Any, time: str = "2026-01-08_07:10:00", iteration: int = 1) -> str:
        return self.put_raw(object_id, json.dumps({"answers": list(answers)}), time=time, iteration=iteration)

    def put_raw(self, object_id: int, body: str | bytes, time: str = "2026-01-08_07:10:00", iteration: int = 1) -> str:
        key = f"{self.root}/annotations/worker-response/iteration-{iteration}/{object_id}/{time}.json"
        self.put(key, body)
        return f"s3://{BUCKET}/{key}"

    def line(self, number: int, duration: float = 30.0, *, is_labeled: bool = True) -> dict[str, Any]:
        """An output line as the embedded service writes it."""
        line: dict[str, Any] = {
            "source-ref": f"s3://media/{number}.wav", "asset-id": f"asset-{number}", "duration": duration,
        }  # fmt: skip
        if is_labeled:
            line[self.attribute] = {}
            line[f"{self.attribute}-metadata"] = {
                "type": "groundtruth/custom", "job-name": self.name.lower(), "human-annotated": "yes",
                "creation-date": "2026-01-08T07:17:35.219298", "worker-response-ref": "s3://x",
            }  # fmt: skip
        return line
