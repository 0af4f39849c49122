"""One Chromium and one service for all browser tests; a fresh context (cookies, storage) for each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from annolake.config import Settings
from tests.browser import dashboards_lab
from tests.browser.portal_lab import ROOT, USERS, Lab, scene_mp4, speech_wav
from tests.conftest import free_port

PATIENCE_MS = 15_000
EXPECTED_NOISE = re.compile(r"Failed to load resource|net::ERR_")
"""What Chromium prints for an HTTP status that a test provokes."""
STREAMLIT_404 = re.compile(r"/_stcore/(health|host-config)$")
"""Streamlit asks for these below the page's own path first, and then where they are."""
KNOWN_PLACES = ("http://127.0.0.1:", "data:", "blob:", "https://cdn.jsdelivr.net/npm/@picocss/")
"""The last is the style sheet of the tests' sign-in provider, which they answer themselves."""


@pytest.fixture(scope="session")
def portal_is_built() -> None:
    if not (ROOT / "src/annolake/service/static/portal/index.html").is_file():
        pytest.fail("The portal is not built: make portal")


@pytest.fixture(scope="session")
def lab(portal_is_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    from annolake.service.run import running

    folder = tmp_path_factory.mktemp("portal")
    flags = {"home": folder / "home", "service_port": free_port(), "portal_users": json.dumps(USERS)}
    settings = Settings.load(flags, environ={}, file=folder / "none.toml")
    with running(settings) as url:
        yield Lab(settings, url)


@pytest.fixture(scope="session")
def speech(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Manifest keys of a recording with its waveform."""
    return lab.put_media(speech_wav(tmp_path_factory.mktemp("media") / "speech.wav"), peaks=True)


@pytest.fixture(scope="session")
def scene(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Manifest key of a video."""
    return lab.put_media(scene_mp4(tmp_path_factory.mktemp("media") / "scene.mp4"))


@pytest.fixture(scope="session")
def lake_png(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A picture of 800 x 400 pixels with a boat and a tree."""
    picture = Image.new("RGB", (800, 400), "#bcd8ea")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 250, 800, 400), fill="#5b8fb0")
    draw.polygon([(120, 240), (320, 240), (290, 290), (150, 290)], fill="#8a4b2a")
    draw.polygon([(200, 100), (200, 235), (290, 235)], fill="#f4f1e6")
    draw.rectangle((640, 180, 660, 260), fill="#6b4a2b")
    draw.ellipse((590, 80, 710, 200), fill="#3d7a4a")
    path: Path = tmp_path_factory.mktemp("pictures") / "lake.png"
    picture.save(path)
    return lab.put_media(path)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, color_scheme="light")
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose scripts must not fail, and which must reach nothing but the service."""
    page = context.new_page()
    problems: list[str] = []
    strangers: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda m: problems.append(m.text) if m.type == "error" and not EXPECTED_NOISE.search(m.text) else None,
    )
    page.on(
        "request",
        lambda r: strangers.append(r.url) if not r.url.startswith(KNOWN_PLACES) else None,
    )
    page.problems = problems  # type: ignore[attr-defined]
    yield page
    assert problems == []
    assert strangers == []


SignIn = Callable[..., None]


@pytest.fixture
def sign_in(lab: Lab, page: Page) -> SignIn:
    def sign_in(name: str = "mira", password: str | None = None) -> None:
        page.goto(f"{lab.url}/portal/")
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(USERS[name] if password is None else password)
        page.get_by_role("button", name="Sign in").click()

    return sign_in


OpenTask = Callable[[str], FrameLocator]


@pytest.fixture
def open_task(lab: Lab, page: Page, sign_in: SignIn) -> OpenTask:
    """Sign in and open a job's next task; gives the template's frame."""

    def open_task(job: str) -> FrameLocator:
        sign_in()
        expect(page.get_by_role("heading", name="Your tasks")).to_be_visible()
        page.goto(f"{lab.url}/portal/#/work/{job}")
        page.locator("iframe").wait_for()
        return page.frame_locator("iframe")

    return open_task


@pytest.fixture
def screenshots() -> Path | None:
    """Where screenshots for the documentation go; None unless SCREENSHOTS is set."""
    import os

    folder = os.environ.get("SCREENSHOTS")
    return Path(folder) if folder else None


@pytest.fixture(params=["light", "dark"])
def view(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """A page of the dashboards in either theme; asks nobody but this machine, and nothing fails in it."""
    context = chromium.new_context(color_scheme=request.param, viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(dashboards_lab.PATIENCE_MS)
    expect.set_options(timeout=dashboards_lab.PATIENCE_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda r: "127.0.0.1" in r.url or r.url.startswith(("data:", "blob:")) or wrong.append(r.url))
    page.on("response", lambda r: r.status < 400 or STREAMLIT_404.search(r.url) or wrong.append(f"{r.status} {r.url}"))
    page.scheme = request.param  # type: ignore[attr-defined]
    yield page
    context.close()
    assert not wrong
