"""Signing in, the list of jobs, and everything that may go wrong with a task without losing work."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from annolake.service import clock
from tests.browser.conftest import OpenTask, SignIn
from tests.browser.portal_lab import Lab

pytestmark = pytest.mark.browser

NOTE = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form><crowd-text-area name="note" label="Note"></crowd-text-area></crowd-form>"""


def line(number: int = 1) -> dict[str, str]:
    return {"source": f"text {number}"}


def test_wrong_password_then_right_then_out(lab: Lab, page: Page, sign_in: SignIn) -> None:
    sign_in("noor", "not it")
    expect(page.get_by_role("alert")).to_have_text("User name or password is wrong.")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type("still lake 8")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your tasks")).to_be_visible()
    page.reload()
    expect(page.get_by_text("noor")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("User name")).to_be_visible()
    page.reload()
    expect(page.get_by_label("User name")).to_be_visible()


def test_jobs_with_progress_and_an_honest_end(lab: Lab, page: Page, sign_in: SignIn) -> None:
    lab.make_job("notes", [line()], NOTE, title="Write a note", description="About the text.")
    sign_in()
    row = page.get_by_role("listitem").filter(has_text="Write a note")
    expect(row).to_contain_text("About the text.")
    expect(row).to_contain_text("0 of 1 answered by you")
    row.get_by_role("button", name="Open Write a note").click()
    frame = page.frame_locator("iframe")
    frame.get_by_label("Note").fill("done")
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert len(page.locator(".center").inner_text()) > 90, "the service says why"
    page.get_by_role("button", name="All jobs").click()
    expect(row).to_contain_text("1 of 1 answered by you")
    expect(row.get_by_role("button")).to_be_disabled()
    assert lab.answers("notes") == [{"note": "done"}]


def test_draft_survives_a_reload(lab: Lab, page: Page, open_task: OpenTask) -> None:
    frame = open_task(lab.make_job("draft", [line()], NOTE))
    frame.get_by_label("Note").fill("half a tho")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    expect(frame.get_by_label("Note")).to_have_value("half a tho")


def test_lost_connection_keeps_the_answer_and_sends_it_once(lab: Lab, page: Page, open_task: OpenTask) -> None:
    frame = open_task(lab.make_job("lost", [line()], NOTE))
    keys = []

    def swallow_reply(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.abort()  # never arrived
        elif len(keys) == 2:
            route.fetch()  # arrived, but the reply is lost
            route.abort()
        else:
            route.continue_()

    page.route(re.compile("/answer$"), swallow_reply)
    frame.get_by_label("Note").fill("only once")
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("The connection to the labeling service is lost.")).to_be_visible()
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert len(keys) == 3 and len(set(keys)) == 1
    assert lab.answers("lost") == [{"note": "only once"}]


def test_answer_on_its_way_survives_a_reload(lab: Lab, page: Page, open_task: OpenTask) -> None:
    frame = open_task(lab.make_job("reload", [line()], NOTE))
    page.on("dialog", lambda dialog: dialog.accept())
    page.route(re.compile("/answer$"), lambda route: route.abort())
    frame.get_by_label("Note").fill("still here")
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("The connection to the labeling service is lost.")).to_be_visible()
    page.unroute_all()
    page.reload()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert lab.answers("reload") == [{"note": "still here"}]


def test_expired_lease_is_told_and_work_comes_back(
    lab: Lab, page: Page, open_task: OpenTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = open_task(lab.make_job("late", [line()], NOTE, seconds=600))
    frame.get_by_label("Note").fill("written slowly")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    now_us = clock.now_us
    monkeypatch.setattr(clock, "now_us", lambda: now_us() + 700 * clock.SECOND)
    frame.get_by_label("Note").fill("written too slowly")
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("The service took this task back")).to_be_visible()
    expect(frame.get_by_role("alert")).to_contain_text("The answer was not taken")
    expect(frame.get_by_label("Note")).to_have_value("written too slowly")
    page.get_by_role("button", name="Next task").click()
    expect(page.get_by_text("The service took this task back")).not_to_be_visible()
    expect(frame.get_by_label("Note")).to_have_value("written too slowly")
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert lab.answers("late") == [{"note": "written too slowly"}]


def test_time_left_is_shown_and_ends_by_the_services_clock(lab: Lab, page: Page, open_task: OpenTask) -> None:
    page.clock.install()
    frame = open_task(lab.make_job("minutes", [line()], NOTE, seconds=600))
    expect(frame.get_by_label("Note")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\s*(9|10) min left\s*$"))).to_be_visible()
    page.clock.fast_forward(9 * 60_000)
    expect(page.get_by_text(re.compile(r"^\s*(1:0|0:5)\d left\s*$"))).to_be_visible()
    page.clock.fast_forward(2 * 60_000)
    expect(page.get_by_text("The time for this task has run out")).to_be_visible()


def test_session_that_ended_asks_for_the_password_over_the_work(
    lab: Lab, page: Page, context: BrowserContext, open_task: OpenTask
) -> None:
    frame = open_task(lab.make_job("session", [line()], NOTE))
    frame.get_by_label("Note").fill("before")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    context.clear_cookies()
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_value("mira")
    page.get_by_label("Password").fill("clear water 7")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert lab.answers("session") == [{"note": "before"}]


def test_release_and_decline(lab: Lab, page: Page, open_task: OpenTask) -> None:
    job = lab.make_job("leave", [line()], NOTE, title="Leave it")
    frame = open_task(job)
    frame.get_by_label("Note").fill("for later")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.get_by_role("button", name="Release").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep working").click()
    expect(frame.get_by_label("Note")).to_have_value("for later")
    page.get_by_role("button", name="Release").click()
    page.get_by_role("dialog").get_by_role("button", name="Release").click()
    page.get_by_role("button", name="Open Leave it").click()
    expect(frame.get_by_label("Note")).to_have_value("for later")
    page.get_by_role("button", name="Decline").click()
    page.get_by_role("dialog").get_by_label("Why?").fill("too short")
    page.get_by_role("dialog").get_by_role("button", name="Decline").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()


def test_job_that_ended_meanwhile(lab: Lab, page: Page, open_task: OpenTask) -> None:
    job = lab.make_job("ended", [line()], NOTE)
    frame = open_task(job)
    expect(frame.get_by_label("Note")).to_be_visible()
    lab.sagemaker.stop_labeling_job(LabelingJobName=job)
    frame.get_by_label("Note").fill("for nothing")
    expect(page.get_by_text("perhaps because its job was stopped")).to_be_visible()
