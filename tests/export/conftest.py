"""A released lake with a segmentation, a classification and boxes, made once for all exports."""

from __future__ import annotations

import pyarrow as pa
import pytest

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from annolake.lake.land import land_outputs
from annolake.lake.models import build_model
from annolake.lake.release import publish
from tests.lake.conftest import empty_store, moto_endpoint  # noqa: F401 - a fixture
from tests.lake.jobs import START, Job, answer, segments
from transforms import schemas

MODELS = (
    "measure.label_use",
    "measure",
    "boxes",
    "estimate",
    "gold.consensus_label",
    "gold.consensus_segment",
    "gold.consensus_box",
    "gold.agreement_item",
)
N_TALKS = 6


@pytest.fixture(scope="module")
def exported_from(tmp_path_factory: pytest.TempPathFactory, moto_endpoint: str) -> Settings:  # noqa: F811
    home = tmp_path_factory.mktemp("exports") / "home"
    settings = Settings.load({"home": home}, environ={}, file=home / "none.toml")
    s3 = empty_store(moto_endpoint)
    jobs = [talks(s3, "Talks-1"), talks(s3, "Talks-2"), clips(s3), pictures(s3)]
    with open_lake(settings) as lake:
        for spec, rows in ((schemas.ASSET_TABLE, assets()), (schemas.MEDIA_OBJECT, places())):
            filled = [dict.fromkeys(spec.arrow.names) | {"landing_id": "m", "landed_at": START} | r for r in rows]
            lake.append_new(spec.name, pa.Table.from_pylist(filled, schema=spec.arrow))
        for job in jobs:
            land_outputs(lake, s3, job.facts(), pseudonym_key="k")
    for model in MODELS:
        build_model(settings, model, [job.name for job in jobs])
    publish(settings, [job.name for job in jobs])
    return settings


def assets() -> list[dict[str, object]]:
    return [
        {
            "asset_id": f"asset-{n}", "uri": f"s3://media/{n}.wav", "name": f"{n}.wav", "media_type": "audio",
            "duration_s": 30.0, "container": "wav", "bytes": 1, "content_hash": f"hash-{n}",
        } for n in range(N_TALKS)
    ]  # fmt: skip


def places() -> list[dict[str, object]]:
    """The first talk was found at a second place too."""
    places = [(f"s3://media/{n}.wav", n) for n in range(N_TALKS)] + [("s3://elsewhere/copy.wav", 0)]
    return [
        {
            "source_uri": uri, "source_version": "v", "asset_id": f"asset-{n}", "bytes": 1,
            "content_hash": f"hash-{n}",
        } for uri, n in places
    ]  # fmt: skip


def talks(s3, name: str) -> Job:
    """Segments of every talk by two people; the last object of the manifest is the copy, unregistered. One failed."""
    job = Job(s3, name)
    copy = job.line(N_TALKS) | {"source-ref": "s3://elsewhere/copy.wav"}
    failed = job.line(N_TALKS + 1, is_labeled=False)
    failed |= {f"{job.attribute}-metadata": {"failure-reason": "ClientError: expired", "human-annotated": "true"}}
    job.put_manifest(*(job.line(n) for n in range(N_TALKS)), copy, failed)
    for item in range(N_TALKS + 1):
        for worker, shift in (("x", 0.0), ("y", 0.1)):
            turns = [("A", 1.0 + shift, 9.0), ("B", 9.0, 20.0 + shift)]
            entry = answer(worker, segments(*turns), at=100 + item + 10 * shift)
            job.put_response(item, entry, time=f"2026-01-08_07:1{worker == 'y':d}:00")
    return job


def clips(s3) -> Job:
    """Classes of texts by three people; one disagrees on the second."""
    job = Job(s3, "Clips", "text_classification", "kind", labels={"class": ["praise", "complaint"]})
    said = [["praise"] * 3, ["praise", "complaint", "complaint"]]
    job.put_manifest(
        *(
            {"source": f"text {n}", "kind": 0, "kind-metadata": {
                "class-name": "praise", "confidence": 0.9, "type": "groundtruth/text-classification",
                "job-name": "labeling-job/clips", "human-annotated": "yes",
                "creation-date": "2026-01-08T07:17:35.219298",
            }}
            for n in range(2)
        )
    )  # fmt: skip
    for item, labels in enumerate(said):
        entries = [
            answer(f"w{k}", {"crowd-classifier": {"label": label}}, at=100 + k) for k, label in enumerate(labels)
        ]
        job.put_response(item, *entries)
    return job


def pictures(s3) -> Job:
    """Boxes on two images; nobody sees one on the second."""
    job = Job(s3, "Pictures", "bounding_box", "boxes", labels={"class": ["dog", "cat"]})
    job.put_manifest(*({"source-ref": f"s3://media/{n}.jpg"} for n in range(2)))
    for item in range(2):
        for worker in range(2):
            drawn = [{"label": "cat", "left": 10 + worker, "top": 20, "width": 30, "height": 40}]
            content = {
                "annotatedResult": {
                    "boundingBoxes": drawn if not item else [],
                    "inputImageProperties": {"width": 200, "height": 100},
                }
            }
            job.put_response(item, answer(f"p{worker}", content, at=100 + worker), time=f"2026-01-08_07:1{worker}:00")
    return job
