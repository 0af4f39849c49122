"""The page that a template runs in: signed address, opaque origin, nothing but its own media."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from tests.service.lab import Clock, Lab


def test_frame_shows_the_template_in_a_sandbox(lab: Lab) -> None:
    lab.s3.put_object(Bucket=lab.settings.media_bucket, Key="0.mp4", Body=b"0123456789")
    name = lab.create("frame-1", 1)
    with lab.annotator() as annotator:
        task = annotator.take(name)
    page = httpx.get(lab.url + task["frame_url"])
    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["sandbox"] == "allow-scripts"
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == "'none'"
    media = f"{lab.url}/{lab.settings.media_bucket}/"
    assert media in policy["media-src"]
    assert lab.url not in policy["connect-src"].replace(f"{lab.url}/annolake-", "").replace(f"{lab.url}/spare/", "")
    assert f"{lab.url}/elements/crowd-html-elements.js" in page.text
    (source,) = re.findall(r'<video src="([^"]+)"', page.text)
    assert httpx.get(html.unescape(source), headers={"Range": "bytes=2-3"}).content == b"23"


def test_frame_follows_the_host_that_the_browser_used(lab: Lab) -> None:
    lab.s3.put_object(Bucket=lab.settings.media_bucket, Key="0.mp4", Body=b"0123456789")
    name = lab.create("frame-host", 1)
    with lab.annotator() as annotator:
        task = annotator.take(name)
    local = lab.url.replace("127.0.0.1", "localhost")
    page = httpx.get(local + task["frame_url"])
    (source,) = re.findall(r'<video src="([^"]+)"', page.text)
    assert source.startswith(local)
    assert httpx.get(html.unescape(source)).content == b"0123456789"


def test_addresses_that_nobody_signed_show_nothing(lab: Lab) -> None:
    name = lab.create("frame-2", 2)
    with lab.annotator() as annotator:
        url = annotator.take(name)["frame_url"]
    body, signature = url.removeprefix("/frame/").split(".")
    for token in (body, f"{body}.", f"{body}.{'0' * len(signature)}", f"x{body}.{signature}", "ü.x"):
        assert httpx.get(f"{lab.url}/frame/{token}").status_code == 403


def test_frame_ends_with_the_task(lab: Lab, time_machine: Clock) -> None:
    name = lab.create("frame-3", 2)
    with lab.annotator() as annotator:
        task = annotator.take(name)
        annotator.post(task, "release")
        assert httpx.get(lab.url + task["frame_url"]).status_code == 410
        task = annotator.take(name)
        time_machine.forward(601)
        assert httpx.get(lab.url + task["frame_url"]).status_code == 410


@pytest.mark.parametrize("template", ["{{ task.input.evil | grant_read_access }}", "{{ 1 | divided_by: 0 }}"])
def test_template_that_cannot_be_shown_says_why(lab: Lab, template: str) -> None:
    request = lab.request(f"frame-bad-{len(template)}", ['{"source":"<b>","evil":"s3://elsewhere/<x>"}'], custom=True)
    request["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"] = lab.upload("bad-frame.html", template)
    lab.sagemaker.create_labeling_job(**request)
    lab.wait(request["LabelingJobName"], "InProgress")
    with lab.annotator() as annotator:
        task = annotator.take(request["LabelingJobName"])
    page = httpx.get(lab.url + task["frame_url"])
    assert "cannot be shown" in page.text
    assert "<x>" not in page.text
