"""The portal's HTTP API: sign in, take, draft, answer, give back; and all that must not work."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, select, text

from annolake.config import Settings
from annolake.errors import ConfigError, ProcessError
from annolake.service.accounts import ensure_accounts
from annolake.service.answers import LIMIT
from annolake.service.portal import openapi_page
from annolake.service.run import running
from annolake.service.tables import data_object, job
from tests.service.lab import PASSWORD, STRANGER, TEAM, Annotator, Clock, Lab, label


def error(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_session_is_made_shown_and_ended(lab: Lab) -> None:
    with lab.annotator() as annotator:
        body = annotator.session.json()
        assert body["worker"]["name"] == TEAM[0]
        assert "annotators" in body["worker"]["teams"]
        cookie = annotator.session.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Path=/portal" in cookie
        assert annotator.http.get("/portal/api/session").json() == body
        assert annotator.http.delete("/portal/api/session").status_code == 204
        assert error(annotator.http.get("/portal/api/session")) == (401, "not_signed_in")


def test_wrong_passwords_are_limited(lab: Lab) -> None:
    ensure_accounts(lab.settings, {"target": PASSWORD})
    for _ in range(8):
        with Annotator(lab.url, "target", "guess") as annotator:
            assert error(annotator.session) == (401, "wrong_credentials")
    with Annotator(lab.url, "target") as annotator:
        assert error(annotator.session) == (429, "too_many_attempts")
    with Annotator(lab.url, "nobody") as annotator:
        assert error(annotator.session) == (401, "wrong_credentials")
    with lab.annotator() as annotator:
        assert annotator.session.status_code == 200


def test_sessions_run_out(lab: Lab, time_machine: Clock) -> None:
    with lab.annotator() as annotator:
        time_machine.forward(12 * 3600 + 1)
        assert error(annotator.http.get("/portal/api/jobs")) == (401, "not_signed_in")


@pytest.mark.parametrize("path", ["tasks/next", "tasks/x/answer", "tasks/x/release", "tasks/x/decline"])
def test_unsafe_requests_need_the_csrf_token_and_the_own_origin(lab: Lab, path: str) -> None:
    body = {"answer": {}} if path.endswith("answer") else {}
    with lab.annotator() as annotator:
        good = annotator.http.headers.pop("X-CSRF-Token")
        assert error(annotator.http.post(f"/portal/api/{path}", json=body)) == (403, "csrf")
        wrong = {"X-CSRF-Token": ("y" if good.startswith("x") else "x") + good[1:]}
        assert error(annotator.http.post(f"/portal/api/{path}", json=body, headers=wrong)) == (403, "csrf")
        for origin in ("null", "http://evil.example"):
            foreign = {"X-CSRF-Token": good, "Origin": origin}
            assert error(annotator.http.post(f"/portal/api/{path}", json=body, headers=foreign)) == (
                403,
                "foreign_origin",
            )
        own = {"X-CSRF-Token": good, "Origin": lab.url}
        assert annotator.http.post(f"/portal/api/{path}", json=body, headers=own).status_code in (200, 404)


def test_nobody_gets_anything_unsigned(lab: Lab) -> None:
    for method, path in (("GET", "jobs"), ("POST", "tasks/next"), ("GET", "tasks/x"), ("PUT", "tasks/x/draft")):
        response = httpx.request(method, f"{lab.url}/portal/api/{path}", json={"draft": 1} if method == "PUT" else None)
        assert error(response) == (401, "not_signed_in")


def test_jobs_and_tasks_have_the_agreed_shape(lab: Lab) -> None:
    name = lab.create("Shape-1", 2)
    with lab.annotator() as annotator:
        (job,) = [j for j in annotator.http.get("/portal/api/jobs").json()["jobs"] if j["job_name"] == name]
        assert job == {
            "job_name": "Shape-1",
            "title": "What is it?",
            "description": "Choose one",
            "task_type": "VideoMultiClass",
            "keywords": ["video"],
            "available": 2,
            "answered_by_me": 0,
            "total": 2,
            "status": "InProgress",
        }
        task = annotator.take(name)
        assert set(task) == {
            "task_id",
            "job_name",
            "object_id",
            "title",
            "description",
            "lease_expires_at",
            "frame_url",
            "input",
            "draft",
            "answered_by_me",
            "total",
        }
        assert task["input"] == {
            "taskObject": f"s3://{lab.settings.media_bucket}/0.mp4",
            "labels": ["a", "b", "c"],
        }
        assert annotator.take(name) == task, "the open task comes back first"
        assert annotator.http.get(f"/portal/api/tasks/{task['task_id']}").json()["task"] == task
        assert annotator.answer(task, label("a")).json() == {"status": "submitted"}
        assert annotator.take(name)["object_id"] == "1"


def test_the_copy_that_browsers_play_reaches_the_template(lab: Lab) -> None:
    """The built-in pre-annotation hands on the object's address and labels; the copy comes beside them."""
    copy = f"s3://{lab.settings.media_bucket}/playable/0.mp4"
    line = json.dumps({**json.loads(lab.lines(1)[0]), "play-ref": copy})
    with lab.annotator() as annotator:
        given = annotator.take(lab.create("copy-1", [line]))["input"]
    assert given == {
        "taskObject": f"s3://{lab.settings.media_bucket}/0.mp4",
        "labels": ["a", "b", "c"],
        "play-ref": copy,
    }


def test_custom_jobs_show_the_manifest_line(lab: Lab) -> None:
    name = lab.create("line-1", 1, custom=True)
    with lab.annotator() as annotator:
        assert annotator.take(name)["input"] == json.loads(lab.lines(1)[0])


def test_other_teams_and_other_workers_tasks_do_not_exist(lab: Lab) -> None:
    name = lab.create("private-1", 2)
    with lab.annotator() as owner, lab.annotator(TEAM[1]) as colleague, lab.annotator(STRANGER) as stranger:
        task = owner.take(name)
        assert stranger.http.get("/portal/api/jobs").json() == {"jobs": []}
        assert "no labeling job" in stranger.next()["reason"]
        assert error(stranger.http.post("/portal/api/tasks/next", json={"job_name": name})) == (404, "no_such_job")
        for other in (colleague, stranger):
            assert error(other.http.get(f"/portal/api/tasks/{task['task_id']}")) == (404, "no_such_task")
            assert error(other.answer(task, label("a"))) == (404, "no_such_task")
            assert error(other.post(task, "release")) == (404, "no_such_task")


def test_submitting_again_with_the_same_key_is_the_same_answer(lab: Lab) -> None:
    name = lab.create("again-1", 1, NumberOfHumanWorkersPerDataObject=2)
    with lab.annotator() as annotator:
        task = annotator.take(name)
        for content in ("a", "b"):
            assert annotator.answer(task, label(content), "key-1").status_code == 200
        assert error(annotator.answer(task, label("c"), "key-2")) == (409, "already_answered")
        assert error(annotator.post(task, "answer", {"answer": label("c")})) == (409, "already_answered")
        assert error(annotator.post(task, "release")) == (409, "already_answered")
        assert "all that is open to you" in annotator.next(name)["reason"]
    lab.label_all(name, 2)
    assert _answers(lab, name) == [["a", "b"]]


def test_lease_that_ran_out_goes_back_to_the_pool(lab: Lab, time_machine: Clock) -> None:
    name = lab.create("lease-1", 1)
    with lab.annotator() as slow, lab.annotator(TEAM[1]) as quick:
        task = slow.take(name)
        assert "Other annotators work on all that is left" in quick.next(name)["reason"]
        assert slow.http.put(f"/portal/api/tasks/{task['task_id']}/draft", json={"draft": [1]}).status_code == 204
        time_machine.forward(601)
        assert error(slow.answer(task, label("a"))) == (409, "lease_expired")
        late = slow.http.put(f"/portal/api/tasks/{task['task_id']}/draft", json={"draft": [2]})
        assert error(late) == (409, "lease_expired")
        assert httpx.get(lab.url + task["frame_url"]).status_code == 410
        second = _take_soon(quick, name)
        assert second["object_id"] == task["object_id"]
        assert second["task_id"] != task["task_id"]
        assert quick.answer(second, label("b")).status_code == 200
    lab.wait(name, "Completed")
    assert _answers(lab, name) == [["b"]]


def test_drafts_are_kept_and_come_back_with_the_task(lab: Lab, time_machine: Clock) -> None:
    name = lab.create("draft-1", 1)
    with lab.annotator() as annotator:
        task = annotator.take(name)
        for draft in ({"segments": [1.5, "ü"]}, None, [0]):
            put = annotator.http.put(f"/portal/api/tasks/{task['task_id']}/draft", json={"draft": draft})
            assert put.status_code == 204
            assert annotator.take(name)["draft"] == draft
        assert annotator.post(task, "release").status_code == 204
        assert annotator.post(task, "release").status_code == 204
        assert error(annotator.answer(task, label("a"))) == (409, "task_returned")
        again = annotator.take(name)
        assert again["draft"] == [0]
        assert annotator.answer(again, label("a")).status_code == 200
        assert error(annotator.http.put(f"/portal/api/tasks/{task['task_id']}/draft", json={"draft": 1}))[0] == 409


def test_released_tasks_come_after_new_ones_and_declined_ones_never(lab: Lab) -> None:
    name = lab.create("returned-1", 3)
    with lab.annotator() as annotator:
        first = annotator.take(name)
        annotator.post(first, "release")
        second = annotator.take(name)
        assert second["object_id"] == "1"
        assert annotator.post(second, "decline", {"reason": "no sound"}).status_code == 204
        assert annotator.work(name, lambda _: label("a")) == 2
        assert "all that is open to you" not in annotator.next(name)["reason"]
    job = lab.wait(name, "Completed")
    assert job["LabelCounters"]["FailedNonRetryableError"] == 1, "one worker asked for, one declined: nobody is left"
    assert "All workers declined" in lab.manifest(name)[1]["class-metadata"]["failure-reason"]


def test_an_object_goes_to_each_worker_once(lab: Lab) -> None:
    name = lab.create("once-1", 2, NumberOfHumanWorkersPerDataObject=3)
    seen: dict[str, list[str]] = {}
    for worker in TEAM:
        with lab.annotator(worker) as annotator:
            for _ in range(4):
                task = annotator.next(name)["task"]
                if task:
                    seen.setdefault(worker, []).append(task["object_id"])
                    annotator.answer(task, label("a"))
    assert seen == {worker: ["0", "1"] for worker in TEAM[:3]}


def test_workers_who_race_share_the_work_without_doubles(lab: Lab) -> None:
    name = lab.create("race-1", 30, NumberOfHumanWorkersPerDataObject=2)
    failures: list[Any] = []

    def race(worker: str) -> None:
        try:
            with lab.annotator(worker) as annotator:
                while task := annotator.next(name)["task"]:
                    twice = [annotator.answer(task, label("a"), "k").status_code for _ in range(2)]
                    assert twice == [200, 200]
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=race, args=(worker,)) for worker in TEAM for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert lab.wait(name, "Completed")["LabelCounters"]["HumanLabeled"] == 30
    assert [len(given) for given in _answers(lab, name)] == [2] * 30


def test_the_last_object_is_waited_for_while_another_request_has_it(lab: Lab) -> None:
    if not lab.settings.service_database:
        pytest.skip("SQLite lets one write at a time")
    name = lab.create("race-last", 1)
    engine = create_engine(lab.settings.service_database)
    taken: list[Any] = []
    looked = "query LIKE 'SELECT data_object.job_id, %' AND query_start > :since"  # its end is cut off
    passed_by = text(f"SELECT count(*) FROM pg_stat_activity WHERE {looked}")
    watching = engine.execution_options(isolation_level="AUTOCOMMIT")
    with lab.annotator() as annotator, engine.connect() as other, watching.connect() as watch:
        of_job = data_object.c.job_id.in_(select(job.c.job_id).where(job.c.name == name))
        other.execute(select(data_object).where(of_job).with_for_update())
        since = watch.execute(text("SELECT clock_timestamp()")).scalar_one()
        thread = threading.Thread(target=lambda: taken.append(annotator.next(name)))
        thread.start()
        while thread.is_alive() and not watch.execute(passed_by, {"since": since}).scalar_one():
            time.sleep(0.001)
        other.rollback()
        thread.join()
    engine.dispose()
    assert taken[0]["task"], taken


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"answer":[]}', "malformed_request"),
        ('{"answer":"x"}', "malformed_request"),
        ('{"answer":null}', "malformed_request"),
        ("{}", "malformed_request"),
        ('{"answer":{},"more":1}', "malformed_request"),
        ('{"answer":{"x":NaN}}', "malformed_answer"),
        ('{"answer":{"x":1e999}}', "malformed_answer"),
        ("not json", "malformed_request"),
        ("[" * 100_000, None),
        ('{"answer":' + '{"a":' * 5000 + "1" + "}" * 5000 + "}", None),
        pytest.param('{"answer":{"x":"' + "y" * LIMIT + '"}}', "answer_too_large", id="answer over the limit"),
        pytest.param('{"answer":{"x":"' + "y" * (LIMIT + 80_000) + '"}}', "body_too_large", id="body over the limit"),
    ],
)
def test_malformed_answers_are_refused_and_the_task_stays(lab: Lab, body: str, code: str | None) -> None:
    name = lab.create(f"bad-{abs(hash(body)) % 10**12}", 1, NumberOfHumanWorkersPerDataObject=2)
    with lab.annotator() as annotator:
        task = annotator.take(name)
        headers = {"Content-Type": "application/json"}
        url = f"/portal/api/tasks/{task['task_id']}/answer"
        response = annotator.http.post(url, content=body, headers=headers)
        assert response.status_code == 400, response.text
        found = response.json()["error"]["code"]
        assert found == code or code is None
        assert annotator.take(name)["task_id"] == task["task_id"]
        odd = {"x": "\ud800 \x00", "y": 10**40}
        draft = annotator.http.put(
            url.replace("/answer", "/draft"), content=json.dumps({"draft": odd}), headers=headers
        )
        assert draft.status_code == 204
        assert annotator.take(name)["draft"] == odd | {"x": "\ufffd \x00"}
        content = json.dumps({"answer": odd})
        assert annotator.http.post(url, content=content, headers=headers).status_code == 200


def test_unknown_paths_are_errors_of_the_same_shape(lab: Lab) -> None:
    with lab.annotator() as annotator:
        assert error(annotator.http.get("/portal/api/nothing")) == (404, "no_such_path")
        assert annotator.http.put("/portal/api/jobs").status_code == 405


def test_pages(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = httpx.get(lab.url + "/")
    assert root.status_code == 307
    assert root.headers["location"] == "/portal/"
    assert httpx.get(lab.url + "/healthz").json()["status"] == "ok"
    assert httpx.get(lab.url + "/openapi.json").json() == json.loads(openapi_page())
    monkeypatch.setattr("annolake.service.pages.STATIC", tmp_path)
    assert "make portal" in httpx.get(lab.url + "/portal/").text
    (tmp_path / "portal" / "assets").mkdir(parents=True)
    (tmp_path / "portal" / "index.html").write_text("the application")
    (tmp_path / "portal" / "assets" / "a.js").write_text("script")
    (tmp_path / "secret").write_text("secret")
    for path in ("", "tasks/1", "%2e%2e/secret", "..%2fsecret"):
        page = httpx.get(f"{lab.url}/portal/{path}")
        assert page.text == "the application"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    script = httpx.get(f"{lab.url}/portal/assets/a.js")
    assert script.text == "script"
    assert "javascript" in script.headers["Content-Type"]
    assert httpx.get(f"{lab.url}/elements/crowd-html-elements.js").status_code == 404
    (tmp_path / "elements").mkdir()
    (tmp_path / "elements" / "crowd-html-elements.js").write_text("elements")
    elements = httpx.get(f"{lab.url}/elements/crowd-html-elements.js")
    assert elements.text == "elements"
    assert elements.headers["Access-Control-Allow-Origin"] == "*"


def test_accounts_of_the_settings_are_made_at_the_start(make_settings: Any) -> None:
    settings: Settings = make_settings(portal_users=json.dumps({"anna": "one"}))
    for password in ("one", "two"):
        changed = settings.model_copy(update={"portal_users": json.dumps({"anna": password})})
        with running(changed) as url, Annotator(url, "anna", password) as anna:
            assert anna.session.json()["worker"]["teams"] == ["annotators"]
            subject = anna.session.json()["worker"]["subject"]
    assert ensure_accounts(settings, {"anna": "three"}) == {"anna": subject}


def test_odd_accounts_are_refused(make_settings: Any) -> None:
    for users in ("[1]", "{", '{"a":1}'):
        with pytest.raises(ConfigError, match="portal_users"), running(make_settings(portal_users=users)):
            pass
    with pytest.raises(ConfigError, match="password"):
        ensure_accounts(make_settings(), {"anna": ""})


def test_second_service_and_taken_port_say_what_to_do(make_settings: Any, tmp_path: Path) -> None:
    settings = make_settings()
    with running(settings):
        with pytest.raises(ProcessError, match="already serves"), running(settings):
            pass
        other = make_settings(home=tmp_path / "other", service_port=settings.service_port)
        with pytest.raises(ProcessError, match="ANNOLAKE_SERVICE_PORT"), running(other):
            pass


def _take_soon(annotator: Annotator, name: str) -> dict[str, Any]:
    import time

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if task := annotator.next(name)["task"]:
            return task
        time.sleep(0.05)
    raise AssertionError("the task did not come back")


def _answers(lab: Lab, name: str) -> list[list[str]]:
    keys = sorted(lab.keys(f"output/{name}/annotations/worker-response/"), key=lambda key: int(key.split("/")[5]))
    files = [json.loads(lab.download(lab.uri(key)))["answers"] for key in keys]
    return [[answer["answerContent"]["crowd-classifier"]["label"] for answer in given] for given in files]
