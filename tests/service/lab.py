"""A running service with its clients, for tests: boto3 on one side, annotators over HTTP on the other."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import httpx

from annolake.config import Settings
from annolake.labeling import clients
from annolake.service import clock
from annolake.service.accounts import ensure_accounts
from annolake.service.run import running

TEAM = [f"worker{n}" for n in range(4)]
STRANGER = "stranger"
PASSWORD = "correct horse"
LAMBDA = "arn:aws:lambda:us-east-1:432418664414:function:"
TEMPLATE = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form><crowd-classifier name="crowd-classifier" categories="{{ task.input.labels | to_json | escape }}">
<classification-target><video src="{{ task.input.taskObject | grant_read_access }}"></video></classification-target>
</crowd-classifier></crowd-form>"""
CUSTOM_TEMPLATE = '<crowd-form><audio src="{{ task.input.source-ref | grant_read_access }}"></audio></crowd-form>'


def label(name: str) -> dict[str, Any]:
    return {"crowd-classifier": {"label": name}}


class Annotator:
    """Somebody who is signed in."""

    def __init__(self, url: str, name: str, password: str = PASSWORD) -> None:
        self.http = httpx.Client(base_url=url, timeout=30, verify=False)  # no TLS here: its setup is slow
        self.name = name
        self.session = self.http.post("/portal/api/session", json={"username": name, "password": password})
        if self.session.status_code == 200:
            self.http.headers["X-CSRF-Token"] = self.session.json()["csrf_token"]

    def __enter__(self) -> Annotator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()

    def next(self, job: str | None = None) -> dict[str, Any]:
        response = self.http.post("/portal/api/tasks/next", json={"job_name": job} if job else {})
        assert response.status_code == 200, response.text
        return response.json()

    def take(self, job: str | None = None) -> dict[str, Any]:
        answer = self.next(job)
        assert answer["task"], answer
        return answer["task"]

    def post(self, task: dict[str, Any], what: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.http.post(f"/portal/api/tasks/{task['task_id']}/{what}", json=body, headers=headers)

    def answer(self, task: dict[str, Any], content: Any, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.http.post(f"/portal/api/tasks/{task['task_id']}/answer", json={"answer": content}, headers=headers)

    def work(self, job: str, choose: Callable[[dict[str, Any]], Any], limit: int = 1000) -> int:
        """Answer all that there is; how much it was."""
        for n_done in range(limit):
            task = self.next(job)["task"]
            if task is None:
                return n_done
            assert self.answer(task, choose(task)).status_code == 200
        return limit


class Lab:
    """The service, its clients and its people; or Amazon's, which has no people here."""

    def __init__(self, settings: Settings, url: str, pause_s: float = 0.02) -> None:
        self.settings, self.url, self.pause_s = settings, url, pause_s
        self.sagemaker = clients.sagemaker(settings)
        self.s3 = clients.s3(settings)
        self.bucket = settings.labeling_bucket
        self.upload("templates/t.html", TEMPLATE)
        self.upload("templates/custom.html", CUSTOM_TEMPLATE)
        self.upload(
            "labels.json", json.dumps({"document-version": "2018-11-28", "labels": [{"label": x} for x in "abc"]})
        )

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def upload(self, key: str, content: str | bytes) -> str:
        body = content.encode() if isinstance(content, str) else content
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return self.uri(key)

    def download(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def lines(self, n: int) -> list[str]:
        media = self.settings.media_bucket
        return [json.dumps({"source-ref": f"s3://{media}/{i}.mp4", "clip": {"n": i}, "weight": 1e-7}) for i in range(n)]

    def request(
        self, name: str, lines: Sequence[str] | int = 2, *, custom: bool = False, **config: Any
    ) -> dict[str, Any]:
        """A CreateLabelingJob request; keywords change its HumanTaskConfig."""
        text = "".join(line + "\n" for line in (self.lines(lines) if isinstance(lines, int) else lines))
        manifest = self.upload(f"manifests/{name}.manifest", text)
        human = {
            "WorkteamArn": self.settings.workteam_arn,
            "UiConfig": {"UiTemplateS3Uri": self.uri("templates/custom.html" if custom else "templates/t.html")},
            "TaskTitle": "What is it?",
            "TaskDescription": "Choose one",
            "TaskKeywords": ["video"],
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": 600,
        }
        if not custom:
            human["PreHumanTaskLambdaArn"] = f"{LAMBDA}PRE-VideoMultiClass"
            human["AnnotationConsolidationConfig"] = {
                "AnnotationConsolidationLambdaArn": f"{LAMBDA}ACS-VideoMultiClass"
            }
        request = {
            "LabelingJobName": name,
            "LabelAttributeName": "segments" if custom else "class",
            "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": manifest}}},
            "OutputConfig": {"S3OutputPath": self.uri("output")},
            "RoleArn": self.settings.role_arn,
            "HumanTaskConfig": human | {k: v for k, v in config.items() if v is not None},
        }
        return request if custom else request | {"LabelCategoryConfigS3Uri": self.uri("labels.json")}

    def create(self, name: str, lines: Sequence[str] | int = 2, *, custom: bool = False, **config: Any) -> str:
        self.sagemaker.create_labeling_job(**self.request(name, lines, custom=custom, **config))
        self.wait(name, "InProgress")
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_labeling_job(LabelingJobName=name)

    def wait(self, name: str, *statuses: str, seconds: float = 20) -> dict[str, Any]:
        """Poll until the job has one of the statuses; its counters must hold at every look.

        `seconds` are counted as pauses between looks: a machine that sleeps meanwhile proves nothing.
        """
        modified = 0.0
        for _ in range(int(seconds / 0.02)):
            job = self.describe(name)
            counters = job["LabelCounters"]
            assert counters["TotalLabeled"] == counters["HumanLabeled"] + counters["MachineLabeled"]
            assert min(counters.values()) >= 0
            assert job["LastModifiedTime"].timestamp() >= modified
            assert ("FailureReason" in job) == (job["LabelingJobStatus"] == "Failed")
            modified = job["LastModifiedTime"].timestamp()
            if job["LabelingJobStatus"] in statuses:
                return job
            assert job["LabelingJobStatus"] not in ("Failed", "Completed", "Stopped"), job
            time.sleep(self.pause_s)
        raise AssertionError(f"{name} is still {job['LabelingJobStatus']}")

    def annotator(self, name: str = TEAM[0]) -> Annotator:
        return Annotator(self.url, name)

    def label_all(
        self, name: str, n_workers: int = 1, choose: Callable[[dict[str, Any]], Any] | None = None
    ) -> dict[str, Any]:
        for worker in TEAM[:n_workers]:
            with self.annotator(worker) as annotator:
                annotator.work(name, choose or (lambda _: label("b")))
        return self.wait(name, "Completed")

    def manifest(self, name: str) -> list[dict[str, Any]]:
        uri = self.describe(name)["LabelingJobOutput"]["OutputDatasetS3Uri"]
        return [json.loads(line) for line in self.download(uri).splitlines()]

    def close(self) -> None:
        self.sagemaker.close()
        self.s3.close()


@contextmanager
def open_lab(settings: Settings) -> Iterator[Lab]:
    """A service with four annotators in the team and a stranger in none of its teams."""
    with running(settings) as url:
        ensure_accounts(settings, dict.fromkeys(TEAM, PASSWORD))
        ensure_accounts(settings, {STRANGER: PASSWORD}, groups=["others"])
        lab = Lab(settings, url)
        try:
            yield lab
        finally:
            lab.close()


class Clock:
    """Moves the service's time."""

    def __init__(self) -> None:
        self._now, self._offset = clock.now_us, 0

    def forward(self, seconds: float) -> None:
        self._offset += int(seconds * clock.SECOND)

    def now_us(self) -> int:
        return self._now() + self._offset
