"""The report says what the tables say, fetches nothing, and arrives by mail."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from annolake.config import Settings
from annolake.errors import ConfigError, DeliveryError, LakeError
from annolake.notify.mail import send_mail
from annolake.report.facts import Facts
from annolake.report.page import report_html
from annolake.report.words import band, verdict
from annolake.report.write import active_jobs, read_facts, send_report, write_report
from tests.report.conftest import AT, JOB, Post

VOID = {"meta", "line", "circle", "br"}


class Wellformed(HTMLParser):
    """Tags that close, and everything that a browser would fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.fetched += [
            f"{tag} {n}={v}" for n, v in attributes if n in {"src", "srcset"} or (tag, n) == ("link", "href")
        ]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_it_says_what_the_tables_say(found: Facts) -> None:
    page = Wellformed(report_html(found, dashboards_url="http://127.0.0.1:8703"))
    assert page.open == []
    for said in (
        JOB, "release 1", "12objects answered", "3annotators, 36 answers", "0.74 (0.68 to 0.80)",
        "good for tentative conclusions", "0.31 (0.09 to 0.53)", "not reliable: under 0.667",
        "undecided: everybody gave the same label", "most confused with nothing (20%)", "25% (10% to 40%)", "1.2 min",
        "1 of 2 checks hold", "9 of 200", "1 row in quarantine", "dialogue_11.wav",
    ):  # fmt: skip
        assert said in page.text, said
    assert "<b>Speaker & A</b>" in page.text, "labels are text, not markup"


def test_it_fetches_nothing(found: Facts) -> None:
    html = report_html(found, dashboards_url="http://127.0.0.1:8703")
    assert Wellformed(html).fetched == []
    assert "<script" not in html and "url(" not in html and "@import" not in html
    assert set(re.findall(r"https?://[^/\"<]+", html)) == {"http://127.0.0.1:8703"}


def test_annotators_stay_pseudonyms_and_the_lowest_is_first(found: Facts) -> None:
    assert [row["worker_id"][-2:] for row in found.workers] == ["e5", "d4", "c3", "b2", "a1"]
    assert all(re.fullmatch(r"w_[0-9a-f]{16}", row["worker_id"]) for row in found.workers)


@pytest.mark.parametrize(
    ("lo", "hi", "expected"),
    [(0.81, 0.9, "reliable"), (0.7, 0.9, "tentative"), (0.5, 0.7, "open"), (0.4, 0.6, "bad"), (None, None, "none")],
)
def test_nothing_is_good_or_bad_before_its_interval_is(lo: float | None, hi: float | None, expected: str) -> None:
    row = {"value": 0.6, "ci_lo": lo, "ci_hi": hi, "reason_code": "too_few_items"}
    assert band(row) == expected
    assert verdict(row)


def test_a_job_that_is_not_there_names_those_that_are(released: Settings) -> None:
    with pytest.raises(LakeError, match="no answers of a job callz") as error:
        read_facts(released, "callz")
    assert error.value.hint is not None and JOB in error.value.hint


def test_without_a_release(settings: Settings) -> None:
    with pytest.raises(LakeError, match="no release to report on"):
        read_facts(settings, JOB)


def test_the_same_release_gives_the_same_file(released: Settings, tmp_path: Path) -> None:
    first, second = tmp_path / "a.html", tmp_path / "deep" / "b.html"
    write_report(released, JOB, first)
    write_report(released, JOB, second)
    assert first.read_bytes() == second.read_bytes()
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a.html"]


def test_command(released: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from annolake.cli import app

    for name, value in released.environment().items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, ["report", JOB, "--out", str(tmp_path / "r.html")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


def test_active_jobs(released: Settings) -> None:
    assert active_jobs(released, days=7, now=AT + timedelta(days=6)) == [JOB]
    assert active_jobs(released, days=7, now=AT + timedelta(days=8)) == []


# -- mail -------------------------------------------------------------------------------------------------------------


def mailing(settings: Settings, post: Post) -> Settings:
    more = {"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_security": "none"}
    return settings.model_copy(update={**more, "report_mail_to": "Mira <mira@example.org>, lea@example.org"})


def test_a_report_arrives(released: Settings, post: Post) -> None:
    assert send_report(mailing(released, post), JOB) == ("mira@example.org", "lea@example.org")
    (mail,) = post.mails
    assert mail["Subject"] == f"Agreement report: {JOB}"
    assert mail["Message-ID"] == f"<report.{JOB}.1@annolake>"
    body = mail.get_body(("plain",))
    assert body is not None and "speaker: 0.74 (0.68 to 0.80): good for tentative" in body.get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == f"{JOB}.html"
    expected = report_html(read_facts(released, JOB), dashboards_url=released.dashboards_url)
    assert attached.get_payload(decode=True) == expected.encode()


def test_a_subject_cannot_add_headers(settings: Settings, post: Post) -> None:
    send_mail(mailing(settings, post), ["mira@example.org"], "Report\r\nBcc: eve@example.org", "text")
    assert post.mails[0]["Bcc"] is None


def test_a_server_that_refuses_or_is_away_is_named(released: Settings, post: Post) -> None:
    settings = mailing(released, post)
    post.refuses = True
    with pytest.raises(DeliveryError, match=rf"127.0.0.1:{post.port} did not take the message"):
        send_report(settings, JOB)
    with pytest.raises(DeliveryError, match="did not take the message"):
        send_report(settings.model_copy(update={"smtp_port": 1}), JOB)


def test_mail_that_is_not_set_up_says_what_to_set(released: Settings) -> None:
    with pytest.raises(ConfigError, match="Nobody is named"):
        send_report(released, JOB)
    with pytest.raises(ConfigError, match="no mail server"):
        send_report(released, JOB, ["mira@example.org"])


def test_alerts_go_by_mail_too(settings: Settings, post: Post) -> None:
    from annolake.alerts.channels import Email, Told

    row = {
        "rule": "agreement_fell", "subject": '{"job_name": "calls 7", "layer": "speaker"}', "stage": "raised",
        "text": "Agreement fell.",
    }  # fmt: skip
    alerting = mailing(settings, post).model_copy(update={"alert_mail_to": "mira@example.org"})
    Email(alerting).send("d1", [Told(row, 2, True)])
    (mail,) = post.mails
    assert mail["Subject"] == "Annolake alerts: 1 raised"
    text = mail.get_content()
    assert "Agreement fell. (you may have had this already" in text
    assert f"{settings.dashboards_url}/agreement?job=calls+7&layer=speaker" in text
