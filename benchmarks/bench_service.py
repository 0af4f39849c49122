"""The labeling service under annotators: answering times, throughput, memory, and a job of 100,000 objects."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.annotators import PASSWORD, Seen, percentiles, sign_in, work
from benchmarks.harness import Bench, Figures, Size, Way

LAMBDA = "arn:aws:lambda:us-east-1:432418664414:function:"
TEMPLATE = '<crowd-form><crowd-classifier name="crowd-classifier" categories="[]"></crowd-classifier></crowd-form>'
LABELS = {"document-version": "2018-11-28", "labels": [{"label": name} for name in "abc"]}
N_WORKERS = 3
MIB = 1024.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Loaded:
    """A service that runs, and the boto3 clients of its jobs."""

    size: Size
    stack: ExitStack
    settings: Any
    child: subprocess.Popen[bytes]
    sagemaker: Any
    s3: Any


def prepare(folder: Path, size: Size) -> None:
    """Nothing is shared: each way has a store and a home of its own."""


def _load_sqlite(folder: Path, size: Size) -> Loaded:
    return _start(ExitStack(), folder, size, "")


def _load_postgres(folder: Path, size: Size) -> Loaded:
    from tests.postgres import new_database, running_postgres

    stack = ExitStack()
    return _start(stack, folder, size, new_database(stack.enter_context(running_postgres(_free_port(), fsync="on"))))


def _start(stack: ExitStack, folder: Path, size: Size, database: str) -> Loaded:
    from annolake.config import Settings
    from annolake.labeling import clients

    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    flags = {"home": home, "service_port": _free_port(), "service_database": database}
    settings = Settings.load(flags, environ={}, file=home / "none.toml")
    child = stack.enter_context(_service(settings))
    return Loaded(size, stack, settings, child, clients.sagemaker(settings), clients.s3(settings))


@contextmanager
def _service(settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    import httpx

    environment = {k: v for k, v in os.environ.items() if not k.startswith("ANNOLAKE_")}
    environment |= {k: v for k, v in settings.environment().items() if v}
    child = subprocess.Popen([sys.executable, "-m", "annolake.service.run"], env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{settings.service_url}/healthz").raise_for_status()
                break
            except httpx.HTTPError:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield child
    finally:
        child.terminate()
        child.wait(30)


def _work(loaded: Loaded) -> Figures:
    size, url = loaded.size, loaded.settings.service_url
    with loaded.stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        workers = _hire(loaded, size["annotators"])
        sessions = asyncio.run(sign_in(url, workers))
        few = dict(list(sessions.items())[: size["eager"]])
        rows = [
            _part(loaded, "thinking", sessions, size["seconds"], size["think_s"]),
            _part(loaded, "eager", few, size["eager_seconds"], 0.0),
            _creation(loaded, "large", size["lines"]),
        ]
        return {"rows": rows, "jobs": len(rows)}


def _hire(loaded: Loaded, count: int) -> list[str]:
    from annolake.service.accounts import ensure_accounts

    workers = [f"annotator-{n:03}" for n in range(count)]
    ensure_accounts(loaded.settings, dict.fromkeys(workers, PASSWORD))
    return workers


def _part(
    loaded: Loaded, name: str, sessions: dict[str, dict[str, str]], seconds: float, think_s: float
) -> dict[str, Any]:
    """Everybody works for a while; then the job is stopped, and what it left is compared with what was acknowledged."""
    seconds_to_create = _create(loaded, name, loaded.size["objects"])
    before = _cpu_seconds(loaded.child.pid)
    seen = asyncio.run(work(loaded.settings.service_url, sessions, name, seconds, think_s))
    cpu = _cpu_seconds(loaded.child.pid) - before
    loaded.sagemaker.stop_labeling_job(LabelingJobName=name)
    _wait(loaded, name, "Stopped")
    _verify(loaded, name, seen)
    thinking = f", thinking {think_s:g} s" if think_s else " without thinking"
    return {
        "part": f"{len(sessions)} annotators{thinking}",
        "requests/s": f"{seen.requests_per_s:.1f}",
        "take ms p50 / p95 / p99": percentiles(seen.take_ms),
        "submit ms p50 / p95 / p99": percentiles(seen.submit_ms),
        "answers, each kept once": len(seen.acknowledged),
        "CPU of service": f"{cpu / seen.seconds:.0%}",
        "of generator": f"{seen.cpu_seconds / seen.seconds:.0%}",
        **_memory(loaded.child.pid),
        "job open after s": f"{seconds_to_create:.1f}",
    }


def _creation(loaded: Loaded, name: str, lines: int) -> dict[str, Any]:
    seconds = _create(loaded, name, lines)
    shown = dict.fromkeys(("requests/s", "take ms p50 / p95 / p99", "submit ms p50 / p95 / p99"), "")
    shown |= dict.fromkeys(("answers, each kept once", "CPU of service", "of generator"), "")
    part = {"part": f"a job of {lines:,} lines"} | shown | _memory(loaded.child.pid)
    return part | {"job open after s": f"{seconds:.1f}"}


def _create(loaded: Loaded, name: str, lines: int) -> float:
    """Seconds from CreateLabelingJob until annotators may take tasks."""
    settings = loaded.settings
    bucket = settings.labeling_bucket
    text = "".join(
        json.dumps({"source-ref": f"s3://{settings.media_bucket}/clips/{n:06}.mp4", "clip": {"n": n}}) + "\n"
        for n in range(lines)
    )
    files = {f"{name}.manifest": text, "labels.json": json.dumps(LABELS), "t.html": TEMPLATE}
    for key, content in files.items():
        loaded.s3.put_object(Bucket=bucket, Key=key, Body=content.encode())
    begun = time.perf_counter()
    loaded.sagemaker.create_labeling_job(
        LabelingJobName=name,
        LabelAttributeName="class",
        InputConfig={"DataSource": {"S3DataSource": {"ManifestS3Uri": f"s3://{bucket}/{name}.manifest"}}},
        OutputConfig={"S3OutputPath": f"s3://{bucket}/output"},
        RoleArn=settings.role_arn,
        LabelCategoryConfigS3Uri=f"s3://{bucket}/labels.json",
        HumanTaskConfig={
            "WorkteamArn": settings.workteam_arn,
            "UiConfig": {"UiTemplateS3Uri": f"s3://{bucket}/t.html"},
            "PreHumanTaskLambdaArn": f"{LAMBDA}PRE-VideoMultiClass",
            "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": f"{LAMBDA}ACS-VideoMultiClass"},
            "TaskTitle": "What is it?",
            "TaskDescription": "Choose one",
            "NumberOfHumanWorkersPerDataObject": N_WORKERS,
            "TaskTimeLimitInSeconds": 600,
        },
    )
    _wait(loaded, name, "InProgress")
    return time.perf_counter() - begun


def _wait(loaded: Loaded, name: str, status: str) -> None:
    deadline = time.monotonic() + 120
    while (found := loaded.sagemaker.describe_labeling_job(LabelingJobName=name))["LabelingJobStatus"] != status:
        if found["LabelingJobStatus"] == "Failed" or time.monotonic() > deadline:
            raise AssertionError(f"{name} is {found['LabelingJobStatus']}: {found.get('FailureReason')}")
        time.sleep(0.05)


def _verify(loaded: Loaded, name: str, seen: Seen) -> None:
    """Every acknowledged answer is in the outputs once, nothing else is, and no object has one too many."""
    if seen.refused:
        raise AssertionError(f"{len(seen.refused)} requests were refused: {seen.refused[:3]}")
    folder = loaded.settings.buckets_folder / loaded.settings.labeling_bucket / "output" / name
    stored: dict[tuple[str, str], str] = {}
    for path in folder.glob("annotations/worker-response/*/*/*.json"):
        answers = json.loads(path.read_bytes())["answers"]
        found = {(path.parent.name, a["answerContent"]["by"]): a["answerContent"]["mark"] for a in answers}
        if len(found) != len(answers) or len(answers) > N_WORKERS or stored.keys() & found.keys():
            raise AssertionError(f"{path}: an answer is there twice")
        stored |= found
    if stored != seen.acknowledged:
        n_lost = len(seen.acknowledged.keys() - stored.keys())
        raise AssertionError(f"{name}: {n_lost} of {len(seen.acknowledged)} answers are lost, {len(stored)} are there")


def _memory(pid: int) -> dict[str, str]:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    now, peak = (int(fields[name].split()[0]) / MIB for name in ("VmRSS", "VmHWM"))
    return {"service MiB, peak so far": f"{now:.0f}, {peak:.0f}"}


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def check(found: Mapping[str, Figures]) -> None:
    """Each way has compared what was stored with what was acknowledged."""
    if {figures["jobs"] for figures in found.values()} != {3}:
        raise AssertionError(f"not all parts ran: {found}")


BENCH = Bench(
    title="the labeling service under annotators",
    claim="p95 of take and submit under 100 ms with 200 annotators; without thinking at least 92 requests/s on SQLite"
    " and 170 on PostgreSQL (20 and 10 times Label Studio's 4.6 and 17); no answer lost or doubled; 100,000 lines open"
    " within 10 s; memory does not grow with the objects",
    data="jobs of {objects:,} objects x 3 workers: {annotators} annotators for {seconds} s who think {think_s} s on"
    " average, {eager} for {eager_seconds} s who do not; then a job of {lines:,} lines",
    sizes={
        "tiny": {
            "objects": 20,
            "annotators": 4,
            "seconds": 1,
            "think_s": 0.1,
            "eager": 2,
            "eager_seconds": 1,
            "lines": 100,
        },
        "small": {
            "objects": 10_000,
            "annotators": 200,
            "seconds": 20,
            "think_s": 5,
            "eager": 50,
            "eager_seconds": 10,
            "lines": 100_000,
        },
        "full": {
            "objects": 10_000,
            "annotators": 200,
            "seconds": 45,
            "think_s": 5,
            "eager": 50,
            "eager_seconds": 25,
            "lines": 100_000,
        },
    },
    prepare=prepare,
    ways=(
        Way("SQLite", _load_sqlite, _work, "annolake.labeling.clients", note="WAL, full fsync of every answer"),
        Way("PostgreSQL", _load_postgres, _work, "annolake.labeling.clients", note="15, on the same machine, fsync on"),
    ),
    check=check,
    rounds=1,
    reading="The service is one process beside the generator, which is the way's process; both share the machine's two"
    " cores with PostgreSQL. Label Studio 1.23 on two cores with 50 annotators without thinking: 4.6 requests/s on"
    " SQLite, take p95 26 s, answers stored up to six times; 17 requests/s on PostgreSQL, take p95 4.0 s.",
)
