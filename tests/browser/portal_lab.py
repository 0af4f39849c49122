"""A running service with media, jobs and accounts, for the portal's tests; everything through the real doors."""

from __future__ import annotations

import json
import time
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np

from annolake.config import Settings
from annolake.labeling import clients
from annolake.media.probe import probe

USERS = {"mira": "clear water 7", "noor": "still lake 8"}
DURATION_S = 12.0
TURNS = [(1.0, 3.0, 120), (3.5, 6.0, 210), (7.0, 10.0, 120)]
"""Start, end and pitch of the voiced stretches of `speech_wav`."""
ANSWER_PATIENCE_S = 20.0
ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "src" / "annolake" / "labeling" / "templates"


def speech_wav(path: Path) -> Path:
    """A recording with voiced stretches and silence between them."""
    rate = 16_000
    t = np.arange(int(DURATION_S * rate)) / rate
    sound = np.random.default_rng(1).normal(0, 0.003, len(t))
    for start, end, pitch in TURNS:
        tone = sum(np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 7))
        swell = 0.35 + 0.65 * np.abs(np.sin(2 * np.pi * 1.9 * t + pitch)) ** 1.5
        sound += np.where((t >= start) & (t < end), 0.2 * tone * swell, 0)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(sound, -1, 1) * 32_000).astype("<i2").tobytes())
    return path


def scene_mp4(path: Path) -> Path:
    """Three seconds of a ball over a moving landscape."""
    y, x = np.mgrid[0:270, 0:480]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 480, 270, "yuv420p"
        for i in range(75):
            hills = y > 170 + 24 * np.sin((x + 3 * i) / 60)
            ball = (x - 60 - 5 * i) ** 2 + (y - 120 - 40 * np.sin(i / 9)) ** 2 < 30**2
            frame = np.where(hills[..., None], (62, 112, 78), (150, 190, 220)).astype(np.uint8)
            frame[ball] = (230, 150, 60)
            for packet in stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return path


class Lab:
    """Makes jobs of a running service by boto3, and reads their answers from the bucket."""

    def __init__(self, settings: Settings, url: str) -> None:
        self.settings = settings
        self.url = url
        self.s3 = clients.s3(settings)
        self.sagemaker = clients.sagemaker(settings)

    def put_media(self, path: Path, *, peaks: bool = False) -> dict[str, str]:
        """Manifest keys of an uploaded file, with its waveform if wanted."""
        bucket = self.settings.media_bucket
        self.s3.upload_file(str(path), bucket, path.name)
        line = {"source-ref": f"s3://{bucket}/{path.name}"}
        if peaks:
            made = path.with_suffix(".peaks.json")
            probe(path, made)
            self.s3.upload_file(str(made), bucket, made.name)
            line["peaks-ref"] = f"s3://{bucket}/{made.name}"
        return line

    def put(self, key: str, text: str) -> str:
        self.s3.put_object(Bucket=self.settings.labeling_bucket, Key=key, Body=text.encode())
        return f"s3://{self.settings.labeling_bucket}/{key}"

    def make_job(
        self,
        name: str,
        lines: list[dict[str, Any]],
        template: str,
        *,
        labels: list[str] | None = None,
        seconds: int = 3600,
        title: str = "",
        description: str = "Listen, then mark.",
    ) -> str:
        """A job for one worker an object; with `labels` it is the built-in video classification."""
        manifest = "".join(json.dumps(line) + "\n" for line in lines)
        human: dict[str, Any] = {
            "WorkteamArn": self.settings.workteam_arn,
            "UiConfig": {"UiTemplateS3Uri": self.put(f"templates/{name}.liquid.html", template)},
            "TaskTitle": title or name,
            "TaskDescription": description,
            "NumberOfHumanWorkersPerDataObject": 1,
            "TaskTimeLimitInSeconds": seconds,
        }
        request: dict[str, Any] = {
            "LabelingJobName": name,
            "LabelAttributeName": "segments",
            "InputConfig": {
                "DataSource": {"S3DataSource": {"ManifestS3Uri": self.put(f"manifests/{name}.manifest", manifest)}}
            },
            "OutputConfig": {"S3OutputPath": f"s3://{self.settings.labeling_bucket}/output"},
            "RoleArn": self.settings.role_arn,
            "HumanTaskConfig": human,
        }
        if labels:
            config = {"document-version": "2018-11-28", "labels": [{"label": label} for label in labels]}
            request["LabelAttributeName"] = "class"
            request["LabelCategoryConfigS3Uri"] = self.put(f"labels/{name}.json", json.dumps(config))
            arn = f"arn:aws:lambda:{self.settings.region}:432418664414:function"
            human["PreHumanTaskLambdaArn"] = f"{arn}:PRE-VideoMultiClass"
            human["AnnotationConsolidationConfig"] = {"AnnotationConsolidationLambdaArn": f"{arn}:ACS-VideoMultiClass"}
        self.sagemaker.create_labeling_job(**request)
        deadline = time.monotonic() + ANSWER_PATIENCE_S
        while self.status(name) == "Initializing" and time.monotonic() < deadline:
            time.sleep(0.1)
        return name

    def status(self, name: str) -> str:
        return str(self.sagemaker.describe_labeling_job(LabelingJobName=name)["LabelingJobStatus"])

    def answers(self, name: str, n_objects: int = 1) -> list[dict[str, Any]]:
        """`answerContent` of every stored worker response, by object."""
        bucket = self.settings.labeling_bucket
        prefix = f"output/{name}/annotations/worker-response/"
        deadline = time.monotonic() + ANSWER_PATIENCE_S
        keys: list[str] = []
        while time.monotonic() < deadline:
            listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
            keys = sorted(entry["Key"] for entry in listed.get("Contents", []))
            if len(keys) >= n_objects:
                break
            time.sleep(0.2)
        assert len(keys) == n_objects, f"{len(keys)} of {n_objects} worker responses under {prefix}"
        files = [json.loads(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
        return [answer["answerContent"] for file in files for answer in file["answers"]]


def template_text(name: str) -> str:
    return (TEMPLATES / f"{name}.liquid.html").read_text()
