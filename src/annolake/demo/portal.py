"""A worker's side of the portal's HTTP API, as a browser would use it."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

import httpx

from annolake.errors import LabelingError, LabelingUnavailable

PATIENCE_S = 60.0
PAUSE_S = 0.5
GONE = frozenset({"lease_expired", "already_answered", "task_returned", "job_ended", "no_such_task"})
"""Why an answer may come too late; the task is somebody else's matter then."""


class PortalWorker:
    """One signed-in worker. Waits where the service restarts; an answer that is sent twice counts once."""

    def __init__(self, service_url: str, username: str, password: str) -> None:
        self.username = username
        self._password = password
        self._client = httpx.Client(base_url=f"{service_url}/portal/api", timeout=30)
        self.subject = ""

    def __enter__(self) -> Self:
        try:
            self.sign_in()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def sign_in(self) -> None:
        """Open a session; raises `LabelingError` where name or password are refused."""
        body = {"username": self.username, "password": self._password}
        session = self._ok(self._send("POST", "/session", body)).json()
        self._client.headers["X-CSRF-Token"] = session["csrf_token"]
        self.subject = session["worker"]["subject"]

    def jobs(self) -> list[dict[str, Any]]:
        """The labeling jobs of the worker's teams."""
        return list(self._ok(self._send("GET", "/jobs")).json()["jobs"])

    def take(self, job_name: str | None = None) -> dict[str, Any] | str:
        """The next task, or in words why there is none."""
        found = self._ok(self._send("POST", "/tasks/next", {"job_name": job_name} if job_name else {})).json()
        return found["task"] or str(found.get("reason") or "There is no task.")

    def submit(self, task_id: str, answer: dict[str, Any]) -> bool:
        """Whether the answer counts; False where it came too late."""
        headers = {"Idempotency-Key": f"{task_id}-{self.username}"}
        response = self._send("POST", f"/tasks/{task_id}/answer", {"answer": answer}, headers)
        if response.status_code in (404, 409) and _code(response) in GONE:
            return False
        self._ok(response)
        return True

    def decline(self, task_id: str, reason: str) -> None:
        """Hand a task back for good."""
        self._ok(self._send("POST", f"/tasks/{task_id}/decline", {"reason": reason}))

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                response = self._client.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    raise LabelingUnavailable(
                        f"The portal at {self._client.base_url} does not answer: {error}.", hint="annolake up"
                    ) from None
            else:
                if response.status_code not in (429, 503) or time.monotonic() > deadline:
                    return response
            time.sleep(PAUSE_S)

    def _ok(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        raise LabelingError(
            f"{response.request.method} {response.request.url.path} as {self.username}: "
            f"{response.status_code} {_code(response)}: {_message(response)}"
        )


def _code(response: httpx.Response) -> str:
    return str(_error(response).get("code", ""))


def _message(response: httpx.Response) -> str:
    return str(_error(response).get("message", response.text[:200]))


def _error(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
