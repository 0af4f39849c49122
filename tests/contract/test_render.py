"""RenderUiTemplate: data is inert, media is signed, faults of the template come back as such."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.service.lab import Lab


def render(lab: Lab, content: str, **values: Any) -> dict[str, Any]:
    return lab.sagemaker.render_ui_template(
        UiTemplate={"Content": content}, Task={"Input": json.dumps(values)}, RoleArn=lab.settings.role_arn
    )


def test_values_are_escaped_unless_the_template_says_otherwise(lab: Lab) -> None:
    evil = "</script><script>alert(1)</script>"
    page = render(lab, "<p>{{ task.input.x-y }}</p>", **{"x-y": evil})
    assert page["Errors"] == []
    assert "<script>" not in page["RenderedContent"]
    page = render(lab, "<p a='{{ task.input.x | to_json | escape }}'>", x=[evil, "'"])
    assert "<script>" not in page["RenderedContent"]
    page = render(lab, "<script>let x = {{ task.input.x | to_json | skip_autoescape }}</script>", x=evil)
    assert page["RenderedContent"].count("</script>") == 1
    assert json.loads(page["RenderedContent"].removeprefix("<script>let x = ").removesuffix("</script>")) == evil
    assert render(lab, "{{ task.input.x | skip_autoescape }}", x="<b>")["RenderedContent"] == "<b>"


def test_elements_come_from_the_service(lab: Lab) -> None:
    for version in ("", "-v2"):
        page = render(lab, f'<script src="https://assets.crowd.aws/crowd-html-elements{version}.js"></script>')
        assert page["RenderedContent"] == f'<script src="{lab.url}/elements/crowd-html-elements.js"></script>'


def test_granted_media_can_be_sought(lab: Lab) -> None:
    lab.s3.put_object(Bucket=lab.settings.media_bucket, Key="a b/ü?.mp4", Body=bytes(range(100)))
    uri = f"s3://{lab.settings.media_bucket}/a b/ü?.mp4"
    page = render(lab, "{{ task.input.source-ref | grant_read_access | skip_autoescape }}", **{"source-ref": uri})
    response = httpx.get(page["RenderedContent"], headers={"Range": "bytes=10-19"})
    assert response.status_code == 206
    assert response.content == bytes(range(10, 20))
    assert response.headers["Content-Range"] == "bytes 10-19/100"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{ task.input.x | grant_read_access }}", "GrantRefused"),
        ("{{ task.input.answers | grant_read_access }}", "GrantRefused"),
        ("{{ task.input.foreign | grant_read_access }}", "GrantRefused"),
        ("{{ 's3://annolake-media/other' | grant_read_access }}", "GrantRefused"),
        ("a\n{% if %}", "LiquidSyntaxError"),
        ("{{ task.input.x | nonsense }}", "UnknownFilterError"),
        ("{% for i in (1..9999999999) %}x{% endfor %}", "LoopIterationLimitError"),
        ("{% include '/etc/passwd' %}", "TemplateNotFoundError"),
    ],
)
def test_faults_of_the_template_come_with_status_200(lab: Lab, template: str, code: str) -> None:
    values = {
        "x": "/etc/passwd",
        "foreign": "s3://somewhere/else",
        "answers": lab.uri("output/j/annotations/worker-response/iteration-1/0/x.json"),
    }
    page = render(lab, template, **values)
    assert page["ResponseMetadata"]["HTTPStatusCode"] == 200
    (error,) = page["Errors"]
    assert error["Code"] == code
    assert error["Message"]
    if template.startswith("a\n"):
        assert re.search(r"line 2, column \d", error["Message"])


@pytest.mark.parametrize("text", ["{not json", "[]", "[" * 50_000])
def test_input_must_be_an_object(lab: Lab, text: str) -> None:
    with pytest.raises(ClientError, match=r"Task\.Input"):
        lab.sagemaker.render_ui_template(
            UiTemplate={"Content": "x"}, Task={"Input": text}, RoleArn=lab.settings.role_arn
        )
