"""Making a report, putting it into a file, sending it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from annolake.config import Settings
from annolake.errors import ConfigError, LakeError
from annolake.lake.reader import ReleaseReader
from annolake.notify.mail import Attachment, addresses, send_mail
from annolake.report import words
from annolake.report.facts import Facts, facts
from annolake.report.page import report_html


def read_facts(settings: Settings, job_name: str) -> Facts:
    """What the latest release says of a job; raises `LakeError` where it says nothing."""
    with ReleaseReader(settings) as reader:
        if reader.release is None:
            raise LakeError("There is no release to report on.", hint="Land a finished job: annolake land JOB")
        release = reader.release
        return facts(reader.connection, job_name, release_id=release.release_id, released_at=release.released_at)


def write_report(settings: Settings, job_name: str, out: Path) -> Facts:
    """Write the report on a job to a file, whole or not at all; returns what it says."""
    found = read_facts(settings, job_name)
    out.parent.mkdir(parents=True, exist_ok=True)
    staged = out.with_name(f".{out.name}.{os.getpid()}")
    staged.write_text(report_html(found, dashboards_url=settings.dashboards_url), encoding="utf-8")
    staged.replace(out)
    return found


def send_report(settings: Settings, job_name: str, to: Sequence[str] = ()) -> tuple[str, ...]:
    """Mail the report on a job; returns who got it. Without `to` the setting `report_mail_to` says who."""
    to = tuple(to) or addresses(settings.report_mail_to)
    if not to:
        raise ConfigError("Nobody is named to get reports.", hint="Set report_mail_to, or name somebody: --mail-to")
    found = read_facts(settings, job_name)
    html = report_html(found, dashboards_url=settings.dashboards_url)
    send_mail(
        settings,
        to,
        f"Agreement report: {job_name}",
        in_short(found),
        attachments=[Attachment(f"{job_name}.html", html.encode(), "text/html")],
        message_key=f"report.{job_name}.{found.release_id}",
    )
    return to


def active_jobs(settings: Settings, *, days: int, now: datetime) -> list[str]:
    """Jobs that anybody answered in the last days, by name; none where nothing was released."""
    with ReleaseReader(settings) as reader:
        rows = reader.connection.sql(
            "SELECT DISTINCT job_name FROM silver.annotation WHERE submitted_at >= $since ORDER BY job_name",
            params={"since": now - timedelta(days=days)},
        ).fetchall()
    return [str(job) for (job,) in rows]


def in_short(found: Facts) -> str:
    """The report in a few lines, for the text of the mail."""
    lines = [
        f"{found.job_name}: {words.counted(found.job['n_objects'], 'object')}, "
        f"{words.counted(found.job['n_workers'], 'annotator')}, release {found.release_id} of "
        f"{found.released_at:%Y-%m-%d %H:%M} UTC.",
        "",
        "Alpha with its 95 % interval (1 is full agreement, 0 is chance):",
    ]
    lines += [f"  {row['layer']}: {words.figure(row)}: {words.verdict(row)}" for row in found.layers]
    lines += ["", "The whole report is attached. It opens in any browser and fetches nothing."]
    return "\n".join(lines) + "\n"
