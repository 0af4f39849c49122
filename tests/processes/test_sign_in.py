"""Streamlit's secrets file, made of the settings."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest

from annolake.config import Settings
from annolake.errors import ConfigError
from annolake.processes.parts import dashboards_part
from annolake.processes.sign_in import secrets_file

OIDC = {
    "dashboards_sign_in": "oidc",
    "dashboards_oidc_metadata": "https://id.lab.example/.well-known/openid-configuration",
    "dashboards_oidc_client_id": "dashboards",
    "dashboards_oidc_client_secret": 'a "quoted" one',
}


def settings(home: Path, **flags: str) -> Settings:
    return Settings.load({"home": home, **flags}, environ={}, file=home / "none.toml")


def test_without_oidc_there_is_no_file(tmp_path: Path) -> None:
    assert secrets_file(settings(tmp_path)) is None
    assert "--secrets.files" not in " ".join(dashboards_part(settings(tmp_path)).commands[0].argv)


def test_streamlit_finds_what_it_signs_in_with(tmp_path: Path) -> None:
    used = settings(tmp_path, **OIDC, dashboards_url_public="https://lab.example/labels/")
    path = secrets_file(used)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    auth = tomllib.loads(path.read_text())["auth"]
    assert auth["redirect_uri"] == "https://lab.example/labels/oauth2callback"
    assert (auth["client_secret"], auth["client_id"]) == ('a "quoted" one', "dashboards")
    assert auth["cookie_secret"] not in ("", used.service_secret)
    assert secrets_file(used) == path and tomllib.loads(path.read_text())["auth"] == auth, "the same after a restart"
    assert f"--secrets.files={path}" in dashboards_part(used).commands[0].argv


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="dashboards_oidc_metadata, dashboards_oidc_client_id are empty"):
        secrets_file(settings(tmp_path, dashboards_sign_in="oidc", dashboards_oidc_client_secret="x"))
