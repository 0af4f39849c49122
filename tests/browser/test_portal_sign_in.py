"""Signing in to the portal through a real provider, in and out again, and over work that a lapsed session left open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.portal_lab import Lab
from tests.browser.test_portal_work import NOTE, line
from tests.oidc import oidc_config, running_provider

pytestmark = pytest.mark.browser

PEOPLE = (
    {"sub": "ana", "sagemaker:name": "Ana Perez", "sagemaker:groups": ["annotators"]},
    {"sub": "ben", "sagemaker:name": "Ben Adu", "sagemaker:groups": "drivers"},
    {"sub": "eve", "name": "Eve of no group"},
)


@pytest.fixture(scope="module")
def organisation(lab: Lab) -> Iterator[None]:
    """People sign in with a provider here."""
    with running_provider(*PEOPLE) as issuer:
        lab.sagemaker.create_workforce(WorkforceName="Speech-Lab", OidcConfig=oidc_config(issuer))
        yield
        lab.sagemaker.delete_workforce(WorkforceName="Speech-Lab")


@pytest.fixture
def portal(organisation: None, lab: Lab, context: BrowserContext, page: Page) -> Page:
    context.route("https://cdn.jsdelivr.net/**", lambda route: route.fulfill(body=""))  # looks of the provider's page
    page.goto(f"{lab.url}/portal/")
    return page


def come_in(page: Page, person: str) -> None:
    page.get_by_role("link", name="Sign in with Speech-Lab").click()
    page.get_by_role("button", name=person, exact=True).first.click()


def test_in_through_the_provider_and_out_of_both(lab: Lab, portal: Page, screenshots: Path | None) -> None:
    expect(portal.get_by_label("User name")).to_be_visible()
    expect(portal.get_by_role("link", name="Sign in with Speech-Lab")).to_be_focused()
    if screenshots:
        portal.screenshot(path=screenshots / "portal-sign-in.png")
    job = lab.make_job("signed-in", [line()], NOTE, title="For the team")
    come_in(portal, "ana")
    expect(portal.get_by_role("heading", name="Your tasks")).to_be_visible()
    expect(portal.get_by_text("Ana Perez")).to_be_visible()
    assert portal.url.startswith(f"{lab.url}/portal/") and "code=" not in portal.url
    portal.get_by_role("button", name="Open For the team").click()
    frame = portal.frame_locator("iframe")
    frame.get_by_label("Note").fill("by Ana")
    frame.get_by_role("button", name="Submit").click()
    expect(portal.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert lab.answers(job) == [{"note": "by Ana"}]

    portal.goto(f"{lab.url}/portal/")
    portal.get_by_role("button", name="Sign out").click()
    expect(portal.get_by_role("heading", name="End Session")).to_be_visible()
    portal.get_by_role("button", name="End session").click()
    expect(portal.get_by_role("link", name="Sign in with Speech-Lab")).to_be_visible()
    portal.reload()
    expect(portal.get_by_label("User name")).to_be_visible()


def test_another_group_sees_nothing_and_no_group_comes_not_in(lab: Lab, portal: Page) -> None:
    lab.make_job("not-for-drivers", [line()], NOTE, title="Not for drivers")
    come_in(portal, "eve")
    expect(portal.get_by_role("alert")).to_contain_text("Your account is in no group of annotators.")
    come_in(portal, "ben")
    expect(portal.get_by_text("Ben Adu")).to_be_visible()
    expect(portal.get_by_role("heading", name="Your tasks")).to_be_visible()
    expect(portal.get_by_text("Not for drivers")).to_have_count(0)


def test_who_is_turned_away_by_the_provider_reads_why(portal: Page) -> None:
    portal.get_by_role("link", name="Sign in with Speech-Lab").click()
    portal.get_by_role("button", name="Deny").click()
    expect(portal.get_by_role("alert")).to_have_text("Your organisation's sign-in page did not let you in.")
    portal.get_by_label("User name").fill("mira")
    portal.get_by_label("Password").fill("clear water 7")
    portal.get_by_role("button", name="Sign in").click()
    expect(portal.get_by_role("heading", name="Your tasks")).to_be_visible()


def test_session_that_ended_is_taken_up_from_another_tab(lab: Lab, portal: Page, context: BrowserContext) -> None:
    job = lab.make_job("lapsed", [line()], NOTE)
    come_in(portal, "ana")
    expect(portal.get_by_role("heading", name="Your tasks")).to_be_visible()
    portal.goto(f"{lab.url}/portal/#/work/{job}")
    frame = portal.frame_locator("iframe")
    frame.get_by_label("Note").fill("before")
    expect(portal.get_by_text("Draft saved")).to_be_visible()
    context.clear_cookies()
    frame.get_by_role("button", name="Submit").click()
    dialog = portal.get_by_role("dialog")
    expect(dialog.get_by_text("Your session has ended.")).to_be_visible()
    expect(dialog.get_by_label("Password")).to_have_count(0)
    again = dialog.get_by_role("link", name="Sign in with Speech-Lab in a new tab")
    for person in ("ben", "ana"):
        with context.expect_page() as opened:
            again.click()
        tab = opened.value
        tab.get_by_role("button", name=person, exact=True).first.click()
        expect(tab.get_by_text("You are signed in. Go on in the other tab")).to_be_visible()
        if person == "ben":
            expect(dialog.get_by_role("alert")).to_contain_text(re.compile("You signed in as Ben Adu"))
            tab.close()
    expect(portal.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert lab.answers(job) == [{"note": "before"}]
