"""Worker templates in their frame: what hostile ones cannot do, and the answers of the elements."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenTask
from tests.browser.portal_lab import Lab

pytestmark = pytest.mark.browser

REFUSALS = re.compile("SecurityError|Content Security Policy|Failed to read|sandboxed|Unsafe attempt|Blocked")
"""What Chromium prints when it refuses what a hostile template tries."""

LOADER = '<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>'

HOSTILE = """
<script>
const found = {};
const attempt = async (name, act) => {
  try { found[name] = String(await act()) } catch (e) { found[name] = "refused" }
};
(async () => {
  await attempt("cookie", () => document.cookie);
  await attempt("storage", () => localStorage.length);
  await attempt("session", () => sessionStorage.length);
  await attempt("database", () => new Promise((y, n) => {
    const r = indexedDB.open("x"); r.onsuccess = y; r.onerror = n }));
  await attempt("parent", () => parent.document.title);
  await attempt("parentStorage", () => parent.sessionStorage.length);
  await attempt("top", () => { top.location.href = "about:blank"; return "moved" });
  await attempt("popup", () => window.open("/portal/") ? "opened" : "refused");
  await attempt("api", async () => (await fetch("SERVICE/portal/api/session", {credentials: "include"})).status);
  await attempt("answer", async () => (await fetch("SERVICE/portal/api/tasks/next",
    {method: "POST", credentials: "include", mode: "no-cors", body: "{}"})).type);
  await attempt("origin", () => self.origin);
  // a message that names another task and brings its own key
  parent.postMessage({annolake: 1, type: "answer", answer: {found}, task_id: "other", key: "mine"}, "*");
})();
</script>
"""


def test_hostile_template_reaches_nothing(lab: Lab, page: Page, open_task: OpenTask) -> None:
    job = lab.make_job("hostile", [{"source": "a"}], HOSTILE.replace("SERVICE", lab.url))
    open_task(job)
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert page.url.startswith(f"{lab.url}/portal/")
    (answer,) = lab.answers(job)
    found = answer["found"]
    assert found.pop("origin") == "null"
    assert found == dict.fromkeys(found, "refused")
    assert {"cookie", "storage", "parent", "api", "answer", "top"} <= set(found)
    assert lab.status(job) in ("InProgress", "Completed")
    noise = page.problems  # type: ignore[attr-defined]
    noise[:] = [text for text in noise if not REFUSALS.search(text)]


def test_frame_is_sandboxed_even_when_opened_by_itself(lab: Lab, page: Page, open_task: OpenTask) -> None:
    job = lab.make_job("alone", [{"source": "a"}], f"{LOADER}<crowd-form><input name=a></crowd-form>")
    open_task(job)
    address = page.locator("iframe").get_attribute("src")
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    page.goto(f"{lab.url}{address}")
    assert page.evaluate("self.origin") == "null"


def test_messages_of_other_windows_are_ignored(lab: Lab, page: Page, open_task: OpenTask) -> None:
    job = lab.make_job("forged", [{"source": "a"}], f"{LOADER}<crowd-form><input name=a></crowd-form>")
    frame = open_task(job)
    frame.get_by_role("button", name="Submit").wait_for()
    forged = "{annolake: 1, type: 'answer', answer: {forged: 'yes'}}"
    page.evaluate(f"window.postMessage({forged}, '*')")
    with page.expect_popup() as opened:
        page.evaluate("void window.open('about:blank')")
    opened.value.evaluate(f"opener.postMessage({forged}, '*')")
    page.wait_for_timeout(500)
    frame.locator("input").fill("genuine")
    frame.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert lab.answers(job) == [{"a": "genuine"}]


ELEMENTS = f"""{LOADER}
<crowd-form>
  <crowd-instructions link-text="What to do"><short-summary>Fill it in.</short-summary></crowd-instructions>
  <input name="plain" type="text"> <input name="empty"> <input type="hidden" name="hidden" value="h">
  <select name="choice"><option value="">-</option><option value="b">B</option></select>
  <input type="radio" name="radio" value="x" id="x"><label for="x">Option X</label>
  <input type="radio" name="radio" value="y">
  <input type="checkbox" name="ticks" value="one" checked> <input type="checkbox" name="ticks" value="two">
  <crowd-input name="word" label="Word" required></crowd-input> <crowd-input name="blank"></crowd-input>
  <crowd-text-area name="lines" label="Lines"></crowd-text-area>
  <crowd-checkbox name="boxes" value="red">Red</crowd-checkbox>
  <crowd-checkbox name="boxes" value="blue" checked>Blue</crowd-checkbox>
  <crowd-radio-group>
    <crowd-radio-button name="size" value="small">Small</crowd-radio-button>
    <crowd-radio-button name="size" value="large">Large</crowd-radio-button>
  </crowd-radio-group>
  <crowd-button form-action="submit">Send it</crowd-button>
</crowd-form>
<script>
  document.querySelector("crowd-form").onsubmit = () => {{ document.querySelector("[name=hidden]").value = "late" }};
</script>
"""


def test_answers_of_the_elements(lab: Lab, page: Page, open_task: OpenTask) -> None:
    job = lab.make_job("elements", [{"source": "a"}], ELEMENTS)
    frame = open_task(job)
    expect(frame.get_by_role("button", name="Submit")).to_have_count(0)
    frame.get_by_role("button", name="Send it").click()
    expect(frame.get_by_role("alert").first).to_contain_text("Word: please fill this in.")
    expect(frame.get_by_label("Word")).to_be_focused()
    frame.get_by_label("Word").fill("tree")
    frame.locator("[name=plain]").fill("text")
    frame.locator("select").select_option("b")
    frame.get_by_label("Option X").check()
    frame.get_by_label("Lines").fill("one\ntwo")
    frame.get_by_text("Red").click()
    frame.get_by_text("Small").click()
    frame.get_by_text("Large").click()
    frame.get_by_role("button", name="What to do").click()
    expect(frame.get_by_text("Fill it in.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    expect(frame.get_by_label("Word")).to_have_value("tree")
    frame.get_by_role("button", name="Send it").click()
    expect(page.get_by_role("heading", name="No task for you right now")).to_be_visible()
    assert lab.answers(job) == [
        {
            "plain": "text",
            "hidden": "late",
            "choice": "b",
            "radio": {"x": True, "y": False},
            "ticks": {"one": True, "two": False},
            "word": "tree",
            "lines": "one\ntwo",
            "boxes": {"red": True, "blue": True},
            "size": {"small": False, "large": True},
        }
    ]


def test_unknown_element_is_told(lab: Lab, page: Page, open_task: OpenTask) -> None:
    text = f"{LOADER}<crowd-form><crowd-hologram name=a></crowd-hologram></crowd-form>"
    frame = open_task(lab.make_job("unknown", [{"source": "a"}], text))
    expect(frame.get_by_role("alert").first).to_contain_text("This task uses <crowd-hologram>")
