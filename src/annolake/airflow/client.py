"""Airflow's REST API as far as the CLI and the demo need it."""

from __future__ import annotations

import time
import uuid
from typing import Any, Self

import httpx

from annolake.airflow.environment import USER
from annolake.config import Settings
from annolake.errors import ProcessError

TIMEOUT_S = 90.0
ATTEMPTS = 5
CONFLICT, SERVER_ERROR = 409, 500


class AirflowRefused(ProcessError):
    """Airflow's answer was an error; `status` says which."""

    def __init__(self, method: str, path: str, response: httpx.Response) -> None:
        super().__init__(f"Airflow refused {method} {path}: {response.status_code} {response.text[:500]}")
        self.status = response.status_code


class AirflowClient:
    """A signed-in client of the local Airflow; use it as a context or for one call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = httpx.Client(base_url=settings.airflow_url, timeout=TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One request to `/api/v2`; raises `ProcessError` with what Airflow said where it refuses."""
        try:
            if "Authorization" not in self._http.headers:
                self._sign_in()
            response = self._http.request(method, f"/api/v2{path}", **options)
        except httpx.HTTPError as error:
            raise ProcessError(
                f"Airflow does not answer at {self._settings.airflow_url}: {error}", hint="Start it with: annolake up"
            ) from error
        if response.is_error:
            raise AirflowRefused(method, path, response)
        return response.json() if response.content else None

    def _sign_in(self) -> None:
        answer = self._http.post("/auth/token", json={"username": USER, "password": self._settings.airflow_password})
        if answer.is_error:
            raise ProcessError(
                f"Airflow at {self._settings.airflow_url} does not take the user {USER!r}: {answer.status_code}.",
                hint="Is another Airflow on that port, or was it started with another airflow_password?",
            )
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def dag_ids(self) -> set[str]:
        """DAGs that Airflow has parsed and can run."""
        answer = self.call("GET", "/dags", params={"tags": ["annolake"], "limit": 100})
        return {dag["dag_id"] for dag in answer["dags"] if not dag["is_stale"]}

    def import_errors(self) -> list[str]:
        """What keeps a DAG file from being read."""
        answer = self.call("GET", "/importErrors")
        return [f"{e['filename']}: {e['stack_trace']}" for e in answer["import_errors"]]

    def trigger(self, dag_id: str, conf: dict[str, Any], run_id: str | None = None) -> str:
        """Start a run with parameters; returns its id."""
        run_id = run_id or f"manual__{uuid.uuid4()}"
        body = {"conf": conf, "logical_date": None, "dag_run_id": run_id}
        for attempt in range(1, ATTEMPTS + 1):  # the same id, so that a run is started once however often it is asked
            try:
                self.call("POST", f"/dags/{dag_id}/dagRuns", json=body)
                break
            except AirflowRefused as refusal:
                if attempt > 1 and refusal.status == CONFLICT:
                    break  # an earlier attempt did start it
                if refusal.status < SERVER_ERROR or attempt == ATTEMPTS:
                    raise
                time.sleep(attempt)
        return run_id

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Its runs, newest first."""
        answer = self.call("GET", f"/dags/{dag_id}/dagRuns", params={"order_by": "-run_after", "limit": 100})
        return list(answer["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        return list(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"])

    def announce(self, asset: str, extra: dict[str, Any]) -> None:
        """An event of an asset that the DAGs share; wakes those that wait for it."""
        found = self.call("GET", "/assets", params={"name_pattern": asset})["assets"]
        ids = [a["id"] for a in found if a["name"] == asset]
        if not ids:
            raise ProcessError(f"Airflow knows no asset {asset!r} yet.", hint="Try again when its DAGs are parsed.")
        self.call("POST", "/assets/events", json={"asset_id": ids[0], "extra": extra})

    def log(self, task: dict[str, Any]) -> list[str]:
        """The lines that the last try of a task instance logged."""
        where = f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}"
        options = {"map_index": task["map_index"], "full_content": "true"}
        answer = self.call("GET", f"{where}/logs/{max(task['try_number'], 1)}", params=options)
        content = answer.get("content") or []
        return [str(line.get("event", "")) if isinstance(line, dict) else str(line) for line in content]

    def result(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """What a task returned."""
        where = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return self.call("GET", where)["value"]
