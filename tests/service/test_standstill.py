"""What a job waits for, as whoever started it is told."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from annolake.cli import app
from annolake.service.accounts import ensure_accounts
from annolake.service.standstill import reasons
from annolake.service.store import Store
from tests.service.lab import PASSWORD, Lab, label


def test_why_a_job_stands_still(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    url = lab.settings.service_database_url
    store = Store(url)
    team = lab.sagemaker.create_workteam(
        WorkteamName="still", Description="d", MemberDefinitions=[{"OidcMemberDefinition": {"Groups": ["still"]}}]
    )["WorkteamArn"]
    lab.create("still-1", 2, WorkteamArn=team, NumberOfHumanWorkersPerDataObject=2)
    assert reasons(store)["still-1"] == "nobody is in the work team still"
    ensure_accounts(lab.settings, {"still1": PASSWORD}, groups=["still"])
    assert reasons(store)["still-1"] == "nobody of the work team still is signed in, 2 objects free"
    with lab.annotator("still1") as first:
        assert reasons(store)["still-1"] == "1 person signed in, nobody at work, 2 objects free"
        held = first.take("still-1")
        assert reasons(store)["still-1"] == "1 person at work, 1 object free"
        first.answer(held, label("a"))
        first.work("still-1", lambda _: label("a"))
    waits = "all in the team have done what is open to them; 2 objects for further annotators"
    assert reasons(store)["still-1"] == waits
    for name, value in (("SERVICE_PORT", lab.settings.service_port), ("SERVICE_DATABASE", url)):
        monkeypatch.setenv(f"ANNOLAKE_{name}", str(value))
    monkeypatch.setenv("COLUMNS", "200")
    shown = CliRunner().invoke(app, ["--home", str(lab.settings.home), "jobs"])
    assert shown.exit_code == 0, shown.output
    assert "open to them" in shown.output and "annotators" in shown.output
    ensure_accounts(lab.settings, {"still2": PASSWORD}, groups=["still"])
    with lab.annotator("still2") as second:
        second.work("still-1", lambda _: label("a"))
    lab.wait("still-1", "Completed")
    assert "still-1" not in reasons(store)
    store.close()
