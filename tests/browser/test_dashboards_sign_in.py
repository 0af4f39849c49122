"""Who sees what in the dashboards, signed in through a real provider: names, pseudonyms, or a shut door."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from annolake.config import Settings
from annolake.lake.catalog import open_lake
from dashboards import words
from tests.browser.dashboards_lab import PATIENCE_MS, release, serving
from tests.conftest import free_port
from tests.dashboards import gold_tables as gold
from tests.oidc import running_provider
from transforms.schemas import TABLES

pytestmark = pytest.mark.browser


def person(sub: str, *roles: str, **claims: Any) -> dict[str, Any]:
    return {"sub": sub, "email": f"{sub}@lab.example", "email_verified": True, "roles": roles, **claims}


PEOPLE = (
    person("lena", "lead"),
    person("ari", "analyst"),
    person("sam", "driver"),
    person("una", email_verified=False),
)
NAME, PSEUDONYM = "Gesa Okafor", gold.WORKERS[2]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboards as `annolake up` starts them, with sign-in; their address."""
    folder = tmp_path_factory.mktemp("signed-in-dashboards")
    with running_provider(*PEOPLE) as issuer:
        flags = {
            "home": folder / "home",
            "dashboards_port": free_port(),
            "dashboards_sign_in": "oidc",
            "dashboards_oidc_metadata": f"{issuer}/.well-known/openid-configuration",
            "dashboards_oidc_client_id": "dashboards",
            "dashboards_oidc_client_secret": "between the two",
            "dashboards_allowed": "role:lead, role:analyst, una@lab.example",
            "dashboards_names_for": "role:lead",
        }
        settings = Settings.load(flags, environ={}, file=folder / "none.toml")
        release(settings, gold.full())
        known = {"worker_id": PSEUDONYM, "backend_worker_id": "b", "subject": NAME}
        with open_lake(settings) as lake:
            lake.append_new("restricted.worker", gold.as_table(TABLES["restricted.worker"], [known]))
        with serving(settings, folder) as url:
            yield url


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    context.route("https://cdn.jsdelivr.net/**", lambda route: route.fulfill(body=""))  # looks of the provider's page
    yield context.new_page()
    context.close()


def come_in(page: Page, url: str, sub: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name=sub, exact=True).first.click()


def go_out(page: Page, button: str) -> None:
    """Out of the dashboards, and out of the provider."""
    page.get_by_role("button", name=button).click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def one_worker(url: str) -> str:
    return f"{url}/workers?workers_of={quote(words.scope(gold.AUDIO, 'speaker'))}&worker={PSEUDONYM}"


def test_the_first_request_of_all_meets_the_door_on_every_page(served: str, page: Page) -> None:
    page.goto(one_worker(served))
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.get_by_text(PSEUDONYM)).to_have_count(0)


def test_the_lead_reads_names(served: str, page: Page) -> None:
    come_in(page, served, "lena")
    expect(page.get_by_text("lena@lab.example · sees names")).to_be_visible()
    page.goto(one_worker(served))
    expect(page.get_by_role("heading", name=f"What does {NAME} do differently?")).to_be_visible()
    picked = page.get_by_role("combobox", name="Worker", exact=True)
    expect(picked).to_have_value(NAME)
    picked.click()
    page.get_by_role("option", name=gold.WORKERS[1]).click()
    expect(page).to_have_url(re.compile(rf"worker={gold.WORKERS[1]}$"))
    picked.click()
    page.get_by_role("option", name=NAME).click()
    expect(page).to_have_url(re.compile(rf"worker={PSEUDONYM}$"))
    expect(page.get_by_role("heading", name=f"What does {NAME} do differently?")).to_be_visible()
    go_out(page, "Sign out")
    page.goto(one_worker(served))
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.get_by_text(PSEUDONYM)).to_have_count(0)


def test_others_read_pseudonyms(served: str, page: Page) -> None:
    come_in(page, served, "ari")
    expect(page.get_by_text("ari@lab.example · sees pseudonyms")).to_be_visible()
    page.goto(one_worker(served))
    expect(page.get_by_role("heading", name=f"What does {PSEUDONYM} do differently?")).to_be_visible()
    expect(page.get_by_text(NAME)).to_have_count(0)


@pytest.mark.parametrize("sub", ["sam", "una"])
def test_who_is_not_listed_stays_outside(served: str, page: Page, sub: str) -> None:
    """An address that the provider has not verified is nobody's."""
    come_in(page, served, sub)
    expect(page.get_by_role("alert")).to_contain_text(f"{sub}@lab.example may not look at these dashboards.")
    page.goto(one_worker(served))
    expect(page.get_by_role("alert")).to_contain_text("may not look")
    expect(page.get_by_text(PSEUDONYM)).to_have_count(0)
    go_out(page, "Sign in as somebody else")
