"""A template in a real Chromium: media plays and can be fetched, and a hostile one reaches nothing."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser

from tests.service.lab import Lab

pytestmark = pytest.mark.browser

HOSTILE = """<p id="who">{{ task.input.source }}</p><script>
const found = {origin: self.origin};
const attempt = async (name, what) => {
  try { found[name] = String(await what()); } catch (e) { found[name] = "refused"; }
};
const peaks = "{{ task.input.peaks | grant_read_access }}".replaceAll("&amp;", "&");
(async () => {
  await attempt("cookie", () => document.cookie || "none");
  await attempt("storage", () => localStorage.length);
  await attempt("parent", () => parent.document.title);
  await attempt("session", () => fetch("ORIGIN/portal/api/session", {credentials: "include"}).then(r => r.text()));
  await attempt("next", () => fetch("ORIGIN/portal/api/tasks/next", {method: "POST", mode: "no-cors",
    credentials: "include", headers: {"Content-Type": "text/plain"}, body: "{}"}).then(r => r.type));
  await attempt("elsewhere", () => fetch("http://localhost:PORT/healthz", {mode: "no-cors"}).then(r => r.type));
  await attempt("popup", () => { const w = window.open("/portal/"); if (!w) throw 0; return w; });
  await attempt("top", () => { top.location = "/portal/"; return "moved"; });
  await attempt("media", () => fetch(peaks).then(r => r.text()));
  await new Promise(done => setTimeout(done, 300));
  parent.postMessage(found, "*");
})();
</script>"""


def test_hostile_template_reaches_nothing_but_its_media(lab: Lab, chromium: Browser) -> None:
    lab.s3.put_object(Bucket=lab.settings.media_bucket, Key="peaks.json", Body=b"[1,2]")
    line = json.dumps({"source": "x", "peaks": f"s3://{lab.settings.media_bucket}/peaks.json"})
    request = lab.request("hostile", [line], custom=True)
    template = HOSTILE.replace("ORIGIN", lab.url).replace("PORT", str(lab.settings.service_port))
    request["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"] = lab.upload("hostile.html", template)
    lab.sagemaker.create_labeling_job(**request)
    lab.wait("hostile", "InProgress")
    with lab.annotator() as annotator:
        task = annotator.take("hostile")
        cookie = annotator.http.cookies["annolake_session"]
    context = chromium.new_context()
    context.add_cookies([{"name": "annolake_session", "value": cookie, "url": f"{lab.url}/portal/"}])
    page = context.new_page()
    page.goto(f"{lab.url}/portal/")
    found = page.evaluate(
        """url => new Promise(done => {
            const frame = document.createElement("iframe");
            frame.setAttribute("sandbox", "allow-scripts");
            addEventListener("message", event => {
                if (event.source === frame.contentWindow) done({...event.data, from: event.origin});
            });
            frame.src = url;
            document.body.append(frame);
        })""",
        task["frame_url"],
    )
    own = page.evaluate("fetch('/portal/api/session').then(r => r.status)")
    context.close()
    assert own == 200, "the page itself is signed in"
    assert found == {
        "origin": "null",
        "cookie": "refused",
        "storage": "refused",
        "parent": "refused",
        "session": "refused",
        "next": "refused",
        "elsewhere": "refused",
        "popup": "refused",
        "top": "refused",
        "media": "[1,2]",
        "from": "null",
    }
