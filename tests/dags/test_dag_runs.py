"""The DAGs' own tasks, run in this process against a real labeling service and a real lake."""

from __future__ import annotations

import io
import json
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from annolake.airflow.environment import dags_folder
from annolake.config import Settings
from annolake.labeling.clients import sagemaker
from annolake.labeling.jobs import list_jobs
from annolake.lake.catalog import open_lake
from annolake.lake.reader import ReleaseReader
from annolake.lake.release import latest, releases
from tests.report.conftest import Post

PEOPLE = {"anna": "password-of-anna", "ben": "password-of-ben"}
LEAD = "lead@lab.example"
PLAN = {"audio_segmentation": {"workers_per_object": 2}, "video_classification": {"workers_per_object": 2}}

Run = Callable[..., Any]


@pytest.fixture
def service(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, post: Post
) -> Iterator[Settings]:
    """A running service and a mail server; tasks load the same settings from the environment."""
    from annolake.service.run import running

    mail = {"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_security": "none", "report_mail_to": LEAD}
    settings = make_settings(portal_users=json.dumps(PEOPLE), airflow_poll_seconds=0.3, **mail)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    with running(settings):
        yield settings


@pytest.fixture
def run(airflow_database: None) -> Run:
    """Run a DAG with parameters; gives the finished run."""
    from airflow.dag_processing.dagbag import DagBag

    def run_dag(dag_id: str, **conf: Any) -> Any:
        dags = DagBag(dag_folder=str(dags_folder())).dags  # anew: a test run leaves its parameters in the DAG
        return dags[dag_id].test(run_conf=conf)

    return run_dag


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    for number in range(2):
        samples = (np.sin(np.arange(16_000) * (0.1 + number / 50)) * 8000).astype("<i2")
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(8000)
            out.writeframes(samples.tobytes())
        (folder / f"tone-{number}.wav").write_bytes(buffer.getvalue())
    (folder / "broken.wav").write_bytes(b"RIFF1234WAVE" + b"\0" * 100)
    return folder


def states(finished: Any) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in finished.get_task_instances()}


def answer_everything(settings: Settings, until: threading.Event) -> None:
    """Two people answer each task that they are given."""
    streams = {"speaker": [{"id": "Speaker A", "start": 0.2, "end": 1.5, "text": "", "emotion": "Neutral"}]}
    content = {
        "annotations": json.dumps({"streams": streams}),
        "speechNonSpeech": {"speech": True, "non-speech": False},
    }
    clients = []
    for name, password in PEOPLE.items():
        client = httpx.Client(base_url=f"{settings.service_url}/portal/api", trust_env=False)
        token = client.post("/session", json={"username": name, "password": password}).raise_for_status().json()
        client.headers["X-CSRF-Token"] = token["csrf_token"]
        clients.append(client)
    while not until.is_set():
        for client in clients:
            task = client.post("/tasks/next", json={}).raise_for_status().json()["task"]
            if task:
                key = {"Idempotency-Key": task["task_id"]}
                client.post(
                    f"/tasks/{task['task_id']}/answer", json={"answer": content}, headers=key
                ).raise_for_status()
        time.sleep(0.2)
    for client in clients:
        client.close()


@pytest.fixture
def people(service: Settings) -> Iterator[None]:
    done = threading.Event()
    thread = threading.Thread(target=answer_everything, args=(service, done))
    thread.start()
    yield
    done.set()
    thread.join()


def test_media_becomes_a_release(service: Settings, run: Run, media: Path, people: None, post: Post) -> None:
    ingested = run("ingest_media", source=str(media))
    assert ingested.state == "success"
    assert run("ingest_media", source=str(media)).state == "success"
    with open_lake(service) as lake:
        assert lake.scan("silver.asset").num_rows == 2
        refused = [o for o in lake.scan("bronze.landing_outcome").to_pylist() if not o["is_ok"]]
    assert {o["source_uri"].rsplit("/", 1)[-1] for o in refused} == {"broken.wav"}

    labeled = run("label_batch", batch="b-1", plan=PLAN)
    assert labeled.state == "success", states(labeled)
    job = "b-1-audio-segmentation"
    assert [j.job_name for j in list_jobs(service)] == [job]
    release = latest(service)
    assert release is not None and job in release.jobs
    with open_lake(service) as lake:
        assert lake.scan("silver.annotation", jobs=[job]).num_rows == 4
        assert lake.scan("gold.agreement_job", jobs=[job]).num_rows > 0
        assert lake.scan("gold.worker_quality", jobs=[job]).num_rows > 0

    n_releases = len(releases(service))
    idle = run("build_gold")
    assert idle.state == "success" and states(idle)["changed"] == "skipped"
    nothing = run("label_batch")
    assert nothing.state == "success" and set(states(nothing).values()) == {"skipped"}
    assert states(run("land_annotations"))["find"] == "skipped"
    assert len(releases(service)) == n_releases

    assert run("land_annotations", jobs=[job]).state == "success"
    assert run("build_gold", jobs=[job]).state == "success"

    assert states(run("watch_alerts")) == {"watch": "success"}
    reported = run("send_reports")
    assert reported.state == "success", states(reported)
    (report,) = post.mails
    assert report["To"] == LEAD and job in report["Subject"]

    for dry_run in (True, False):
        kept = run("maintain_lake", dry_run=dry_run, older_than="0h", keep=1)
        assert kept.state == "success", states(kept)
    with ReleaseReader(service) as reader:
        assert reader.connection.sql("SELECT count(*) FROM silver.annotation").fetchall() == [(4,)]


def test_a_stopped_job_fails_its_level(service: Settings, run: Run, media: Path) -> None:
    run("ingest_media", source=str(media))
    job = "b-2-audio-segmentation"
    ended = threading.Event()

    def stop() -> None:
        while job not in {j.job_name for j in list_jobs(service)}:
            if ended.wait(0.1):
                return
        sagemaker(service).stop_labeling_job(LabelingJobName=job)

    stopper = threading.Thread(target=stop)
    stopper.start()
    failed = run("label_batch", batch="b-2")
    ended.set()
    stopper.join()
    assert failed.state == "failed"
    assert states(failed)["create"] == "success" and states(failed)["wait"] == "failed"
    assert states(failed)["release"] == "upstream_failed"
    release = latest(service)
    assert release is None or job not in release.jobs


def test_a_wrong_source_fails_at_once(service: Settings, run: Run, tmp_path: Path) -> None:
    failed = run("ingest_media", source=str(tmp_path / "nowhere"))
    assert failed.state == "failed"
    assert states(failed) == {"ingest": "failed", "release": "upstream_failed"}
