"""An object store for media tests, files to ingest, and a look at what landed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from moto.server import ThreadedMotoServer

from annolake.config import Settings
from annolake.labeling.clients import s3
from annolake.lake.catalog import open_lake


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """Address of an S3 server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["moto", "service"])
def store_settings(
    request: pytest.FixtureRequest, make_settings: Callable[..., Settings], object_store: str, tmp_path: Path
) -> Iterator[Settings]:
    """Settings with an empty media bucket, at a foreign S3 server and at the embedded service."""
    if request.param == "service":
        from annolake.service.run import running

        made = make_settings(more_buckets="theirs")
        with running(made):
            yield made
        return
    made = make_settings(s3_endpoint=object_store, media_bucket=f"media-{abs(hash(str(tmp_path))):x}")
    for bucket in (made.media_bucket, "theirs"):
        s3(made).create_bucket(Bucket=bucket)
    yield made


@pytest.fixture
def rows(store_settings: Settings) -> Callable[[str], list[dict[str, Any]]]:
    """Rows of a table of the lake."""

    def read(name: str) -> list[dict[str, Any]]:
        with open_lake(store_settings) as lake:
            return lake.scan(name).to_pylist()

    return read


def write_wav(path: Path, seconds: float = 1.0, *, seed: int = 0, rate: int = 8000) -> Path:
    """A mono WAV of noise; another seed is another content."""
    noise = np.random.default_rng(seed).integers(-9000, 9000, int(seconds * rate), np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="wav") as out:
        stream = out.add_stream("pcm_s16le", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(noise[None], format="s16", layout="mono")
        frame.sample_rate = rate
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
