"""Who may look and who sees names: the rules by themselves, and the door of the app."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from annolake.config import Settings
from dashboards import access, source
from dashboards.access import Viewer
from tests.conftest import ROOT
from tests.dashboards import gold_tables as gold

OpenPage = Callable[..., AppTest]
ANA = {"is_logged_in": True, "email": "Ana@lab.example", "email_verified": True, "sub": "7"}


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    def settings(**flags: Any) -> Settings:
        given = {f"dashboards_{name}": value for name, value in flags.items()}
        return Settings.load({"home": tmp_path, **given}, environ={}, file=tmp_path / "none.toml")

    return settings


Make = Callable[..., Settings]


def test_on_loopback_nobody_signs_in_and_sees_pseudonyms(settings: Make) -> None:
    assert access.viewer(settings(), "127.0.0.1", {}) == Viewer("", False)
    assert access.viewer(settings(names_for="local"), "127.0.0.1", {}) == Viewer("", True)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.4", "::", "lab.example", "", None])
def test_without_sign_in_no_network_is_served(settings: Make, address: str | None) -> None:
    with pytest.raises(access.NotAllowed, match="ANNOLAKE_DASHBOARDS_SIGN_IN=oidc"):
        access.viewer(settings(), address, {})
    assert access.viewer(settings(sign_in="off"), address, {}) == Viewer("", False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.1.9", "::1", "[::1]", "localhost"])
def test_loopback_has_many_names(address: str) -> None:
    assert access.is_loopback(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("user", [{}, {"is_logged_in": False, "email": "ana@lab.example"}])
def test_with_oidc_somebody_has_to_sign_in(settings: Make, address: str, user: dict[str, Any]) -> None:
    with pytest.raises(access.SignInNeeded):
        access.viewer(settings(sign_in="oidc"), address, user)


@pytest.mark.parametrize(
    ("names_for", "claims", "sees"),
    [
        ("", {}, False),
        ("ana@lab.example", {}, True),
        ("bo@lab.example, ANA@lab.example", {}, True),
        ("ana@lab.example", {"email_verified": False}, False),
        ("local", {}, False),
        ("role:lead", {}, False),
        ("role:lead", {"roles": ["lead", "annotator"]}, True),
        ("role:lead", {"groups": "lead"}, True),
        ("role:lead", {"realm_access": {"roles": ["lead"]}}, True),
        ("role:lead", {"roles": {"lead": True}, "groups": None, "realm_access": "lead"}, False),
        ("lead", {"roles": ["lead"]}, False),
        ("role:lead", {"email": "role:lead"}, False),
    ],
)
def test_names_are_for_those_listed(settings: Make, names_for: str, claims: dict[str, Any], sees: bool) -> None:
    viewer = access.viewer(settings(sign_in="oidc", names_for=names_for), "0.0.0.0", {**ANA, **claims})
    assert viewer.sees_names is sees


def test_only_those_allowed_look(settings: Make) -> None:
    allowed = settings(sign_in="oidc", allowed="role:manager, ana@lab.example")
    assert access.viewer(allowed, None, ANA).who == "Ana@lab.example"
    assert access.viewer(allowed, None, {"is_logged_in": True, "sub": "8", "roles": ["manager"]}).who == "8"
    with pytest.raises(access.NotAllowed, match=r"bo@lab\.example may not look"):
        access.viewer(allowed, None, {**ANA, "email": "bo@lab.example"})


def test_the_sign_in_page_shows_nothing_else(open_page: OpenPage) -> None:
    app = open_page(gold.full(), settings={"dashboards_sign_in": "oidc"})
    assert not app.exception
    assert [b.label for b in app.button] == ["Sign in"]
    assert not app.dataframe and not app.metric and gold.AUDIO not in "".join(m.value for m in app.markdown)


def test_a_signed_in_manager_sees_names_and_downloads_pseudonyms(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(st.user), "to_dict", lambda _: ANA)
    flags = {"dashboards_sign_in": "oidc", "dashboards_names_for": "ana@lab.example"}
    app = open_page(gold.full(), "workers", settings=flags)
    assert not app.exception
    assert "Ana@lab.example · sees names" in [c.value for c in app.caption]
    table = app.dataframe[0].value
    assert set(table["worker_id"]) == {f"name-{n}" for n in range(5)}
    assert all(name not in code.value for code in app.code for name in table["worker_id"])
    other = open_page(gold.full(), "workers", settings={**flags, "dashboards_names_for": "role:lead"})
    assert set(other.dataframe[0].value["worker_id"]) == set(gold.WORKERS)


def test_a_stranger_is_told_and_sees_nothing(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(st.user), "to_dict", lambda _: ANA)
    app = open_page(gold.full(), settings={"dashboards_sign_in": "oidc", "dashboards_allowed": "role:manager"})
    assert "may not look" in app.error[0].value
    assert not app.dataframe
    assert [b.label for b in app.button] == ["Sign in as somebody else"]


@pytest.mark.parametrize("page", sorted(p.stem for p in (ROOT / "dashboards/views").glob("*.py")))
def test_a_page_without_the_door_reads_nothing(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    def reads(*_: object) -> None:
        raise AssertionError("it reads")

    monkeypatch.setattr(source, "latest_id", reads)
    monkeypatch.setattr(source, "current", reads)
    app = AppTest.from_file(str(ROOT / f"dashboards/views/{page}.py"), default_timeout=30).run()
    assert not app.exception
    assert "through the dashboards' app only" in app.error[0].value
    assert not app.dataframe and not app.metric and not app.caption


def test_streamlit_serves_no_page_by_itself() -> None:
    """It does so from a folder called pages beside the app, until the app has run once."""
    assert not (ROOT / "dashboards/pages").exists()
    assert len(list((ROOT / "dashboards/views").glob("*.py"))) == 8


def test_names_come_from_the_restricted_table(settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from annolake.lake.catalog import open_lake
    from tests.dashboards.gold_tables import as_table
    from transforms.schemas import TABLES

    used = settings()
    people = [
        {"worker_id": "w_1", "backend_worker_id": "b-1", "subject": "ana"},
        {"worker_id": "w_2", "backend_worker_id": "b-2", "subject": None},
    ]
    with open_lake(used) as lake:
        lake.append_new("restricted.worker", as_table(TABLES["restricted.worker"], people))
    monkeypatch.setattr(source, "settings", lambda: used)
    assert source._names.__wrapped__() == {"w_1": "ana", "w_2": "b-2"}
