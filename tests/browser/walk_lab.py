"""Three weeks of one job: two people who know the guideline, and a third who joined last week and does not.

Recordings with known turns, answers drawn by the demo's annotators, written in Ground Truth's layout to the service's
own buckets, landed, built, released and watched by the code that does so everywhere.
"""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from annolake.alerts.watch import watch
from annolake.config import Settings
from annolake.demo.answers import QUESTIONS, segmentation_answer
from annolake.demo.script import write_lines
from annolake.demo.skill import Skill, generator
from annolake.demo.truth import SPEAKERS, ItemTruth, Turn
from annolake.labeling import clients
from annolake.lake.catalog import open_lake
from annolake.lake.facts import JobFacts
from annolake.lake.land import land_outputs
from annolake.lake.models import build_gold
from annolake.lake.release import publish
from annolake.media.ingest import ingest

JOB = "support-calls"
N_BEFORE, N_LATELY = 22, 22
RATE_HZ = 16_000
PITCHES = {"Speaker A": 118, "Speaker B": 205}

ANNA = Skill("anna", offset_s=-0.02, jitter_s=0.05, wrong_rate=0.02, seed=5)
BEN = Skill("ben", offset_s=0.02, jitter_s=0.07, wrong_rate=0.03, seed=5)
CHLOE = Skill("chloe", jitter_s=0.08, miss_rate=0.02, wrong_rate=0.03, seed=5)
NOVICE = Skill("novice", jitter_s=0.25, miss_rate=0.12, invent_rate=0.05, wrong_rate=0.4, seed=5)


@contextmanager
def three_weeks(settings: Settings, folder: Path) -> Iterator[None]:
    """The lake of that job, released and watched, with the service that serves its media."""
    from annolake.service.run import running

    with running(settings):
        make(settings, folder)
        yield


def make(settings: Settings, folder: Path) -> None:
    """Everything that has to be there before somebody looks."""
    places = ["earlier"] * N_BEFORE + ["media"] * N_LATELY  # what is not registered is measured all the same
    items = [recording(folder / place, n) for n, place in enumerate(places)]
    ingest(settings, str(folder / "media"))
    now = datetime.now(UTC)
    days = [20 - n * 10 / N_BEFORE for n in range(N_BEFORE)] + [6 - n * 5 / N_LATELY for n in range(N_LATELY)]
    s3 = clients.s3(settings)
    root = f"output/{JOB}"
    lines = []
    for n, (item, ago) in enumerate(zip(items, days, strict=True)):
        at = now - timedelta(days=ago)
        team = (ANNA, BEN, CHLOE) if n < N_BEFORE else (ANNA, BEN, NOVICE)
        answers = [answer(item, skill, at + timedelta(minutes=3 * k)) for k, skill in enumerate(team)]
        key = f"{root}/annotations/worker-response/iteration-1/{n}/{at:%Y-%m-%d_%H:%M:%S}.json"
        put(settings, s3, key, json.dumps({"answers": answers}))
        lines.append(line(settings, item, at))
    put(settings, s3, f"{root}/manifests/output/output.manifest", "".join(json.dumps(x) + "\n" for x in lines))
    job = facts(settings, now - timedelta(days=21), now, len(lines))
    with open_lake(settings) as lake:
        land_outputs(lake, s3, job, pseudonym_key=settings.pseudonym_key)
    build_gold(settings, [JOB])
    publish(settings, [JOB])
    watch(settings)


def recording(folder: Path, number: int) -> ItemTruth:
    """A conversation of two tones with the rhythm of speech; the file and what is true of it."""
    rng = np.random.default_rng((5, number))
    texts = iter(write_lines(rng, 3000))
    turns, at = [], float(rng.uniform(0.4, 1.2))
    while at < 20:
        length = float(rng.uniform(1.2, 4.2))
        turns.append(Turn(SPEAKERS[len(turns) % 2], round(at, 3), round(at + length, 3), next(texts)))
        at += length + float(rng.uniform(0.2, 0.9))
    duration = turns[-1].end_s + float(rng.uniform(0.6, 1.4))
    t = np.arange(int(duration * RATE_HZ)) / RATE_HZ
    sound = rng.normal(0, 0.003, len(t))
    for turn in turns:
        tone = sum(np.sin(2 * np.pi * PITCHES[turn.speaker] * k * t) / k for k in range(1, 7))
        swell = np.abs(np.sin(2 * np.pi * rng.uniform(1.6, 2.6) * t + turn.start_s)) ** 1.5
        voiced = (t >= turn.start_s) & (t < turn.end_s)
        sound += np.where(voiced, rng.uniform(0.1, 0.2) * (0.3 + 0.7 * swell) * tone, 0)
    path = folder / f"call-{number + 1:02d}.wav"
    folder.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes((np.clip(sound, -1, 1) * 32_000).astype("<i2").tobytes())
    asset_id = blake3(path.read_bytes()).hexdigest()[:32]
    said = {"speechNonSpeech": ("speech",), "backgroundNoise": ("ambient",), "speakerGender": ("male",), "rate": ("4",)}
    return ItemTruth(path.name, asset_id, "dialogue", len(t) / RATE_HZ, tuple(turns), None, said)


def answer(item: ItemTruth, skill: Skill, at: datetime) -> dict[str, Any]:
    """What an annotator submits at a moment, as a worker response has it."""
    content = segmentation_answer(item, skill, generator(skill, item.name), now=at)
    del content["label"], content["emotiontag"]  # what the last segment said, once more
    return {
        "answerContent": content,
        "acceptanceTime": stamp(at - timedelta(minutes=2)),
        "submissionTime": stamp(at),
        "timeSpentInSeconds": 95.0,
        "workerId": f"private.us-east-1.{skill.name}",
        "workerMetadata": {
            "identityData": {"identityProviderType": "Cognito", "issuer": "https://issuer", "sub": skill.name}
        },
    }


def line(settings: Settings, item: ItemTruth, at: datetime) -> dict[str, Any]:
    """The object in the output manifest."""
    return {
        "source-ref": f"s3://{settings.media_bucket}/assets/{item.asset_id[:2]}/{item.asset_id}.wav",
        "asset-id": item.asset_id,
        "duration": item.duration_s,
        "segments": {},
        "segments-metadata": {
            "type": "groundtruth/custom", "job-name": JOB, "human-annotated": "yes",
            "creation-date": f"{at:%Y-%m-%dT%H:%M:%S.%f}",
        },
    }  # fmt: skip


def facts(settings: Settings, created_at: datetime, modified_at: datetime, n: int) -> JobFacts:
    labels = {"speaker": list(SPEAKERS), **{name: list(options) for name, options in QUESTIONS.items()}}
    return JobFacts(
        job_name=JOB, label_attribute="segments", output_root=f"s3://{settings.labeling_bucket}/output/{JOB}",
        input_uri=f"s3://{settings.labeling_bucket}/manifests/{JOB}.manifest", status="Completed",
        created_at=created_at, modified_at=modified_at, task_type="audio_segmentation", labels=labels,
        workers_per_object=3, n_objects=n, n_labeled=n, batch_id="support", level=1,
    )  # fmt: skip


def put(settings: Settings, s3: Any, key: str, text: str) -> None:
    s3.put_object(Bucket=settings.labeling_bucket, Key=key, Body=text.encode())


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
