"""The ends of jobs: noted once, told to a real receiver until it takes them, signed."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from annolake.config import Settings
from annolake.errors import ConfigError
from annolake.service.events import list_events
from annolake.service.run import running
from annolake.service.store import Store
from tests.conftest import free_port
from tests.service.lab import Lab, open_lab

SECRET = "a key of both"


class Receiver(ThreadingHTTPServer):
    """Refuses the first two requests, takes all others."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(503 if len(self.server.got) <= 2 else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def lab(service_database: str, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("events")
    flags = {
        "home": folder / "home",
        "service_port": free_port(),
        "service_database": service_database,
        "event_webhook": f"http://127.0.0.1:{receiver.server_port}/hook?token=hidden",
        "event_webhook_secret": SECRET,
        "webhook_private": True,
    }
    with open_lab(Settings.load(flags, environ={}, file=folder / "none.toml")) as lab:
        yield lab


def test_an_end_is_told_until_it_is_taken(lab: Lab, receiver: Receiver) -> None:
    receiver.got.clear()
    lab.create("told", 1)
    lab.label_all("told")
    deadline = time.monotonic() + 40
    while len(receiver.got) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    bodies = {body for _, body in receiver.got}
    assert len(receiver.got) == 3 and len(bodies) == 1, "the same event, twice refused"
    (body,) = bodies
    event = json.loads(body)
    assert event["detail"] == {"LabelingJobStatus": "Completed"}
    assert event["resources"] == [lab.describe("told")["LabelingJobArn"]]
    assert (event["source"], event["detail-type"]) == (
        "aws.sagemaker",
        "SageMaker Ground Truth Labeling Job State Change",
    )
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert receiver.got[0][0]["X-Annolake-Signature"] == signature
    store = Store(lab.settings.service_database_url)
    while list_events(store)[0].delivered_us is None and time.monotonic() < deadline:
        time.sleep(0.1)
    (noted,) = list_events(store)
    store.close()
    assert (noted.n_attempts, noted.problem, noted.next_us) == (3, None, None)
    assert "hidden" not in str(noted)


def test_a_webhook_without_a_key_is_refused(tmp_path: Any) -> None:
    flags = {"home": tmp_path / "home", "service_port": free_port(), "event_webhook": "https://example.org/x"}
    settings = Settings.load(flags, environ={}, file=tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="event_webhook_secret"), running(settings):
        pass
