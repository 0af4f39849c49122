"""Settings: order of origins, errors that name the place, secrets made once and never shown."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from annolake.config import Settings, is_secret
from annolake.errors import ConfigError


def load(tmp_path: Path, flags: dict | None = None, environ: dict | None = None, toml: str = "") -> Settings:
    file = tmp_path / "annolake.toml"
    file.write_text(toml)
    return Settings.load({"home": tmp_path / "home", **(flags or {})}, environ=environ or {}, file=file)


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    toml, environ, flags = "service_port = 1001\nregion = 'eu-west-1'\n", {"ANNOLAKE_SERVICE_PORT": "1002"}, {}
    assert load(tmp_path).service_port == 8701
    assert load(tmp_path, toml=toml).service_port == 1001
    assert load(tmp_path, environ=environ, toml=toml).service_port == 1002
    assert load(tmp_path, {"service_port": 1003}, environ, toml).service_port == 1003
    origins = {name: origin for name, _, origin, _ in load(tmp_path, flags, environ, toml).explain()}
    assert origins["service_port"] == "environment"
    assert origins["region"] == "file"
    assert origins["host"] == "default"
    assert origins["secret_key"] == "secrets"


@pytest.mark.parametrize(
    ("environ", "toml", "said"),
    [
        ({"ANNOLAKE_SERVICE_PROT": "1"}, "", "environment: service_prot"),
        ({"ANNOLAKE_SERVICE_PORT": "high"}, "", "service_port (from environment)"),
        ({}, "service_port = 70000", "service_port (from file)"),
        ({}, "colour = 1", "annolake.toml: colour"),
        ({}, "= 1", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(tmp_path: Path, environ: dict, toml: str, said: str) -> None:
    with pytest.raises(ConfigError, match=None) as caught:
        load(tmp_path, environ=environ, toml=toml)
    assert said in str(caught.value)


def test_secrets_are_made_once_kept_private_and_masked(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) >= 32
    mode = (tmp_path / "home" / "secrets.toml").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    shown = "\n".join(value for _, value, _, _ in first.explain())
    secrets = [getattr(first, n) for n in Settings.model_fields if is_secret(n) and getattr(first, n)]
    assert len(secrets) == 5
    assert not [s for s in secrets if s in shown]


def _secret(home: Path) -> str:
    return Settings.load({"home": home}, environ={}, file=home / "none").secret_key


def test_processes_that_start_together_agree_on_the_secrets(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_secret, [tmp_path / "home"] * 8))) == 1


def test_child_processes_see_the_same_settings(tmp_path: Path) -> None:
    parent = load(tmp_path, {"service_port": 1234})
    child = Settings.load(environ=parent.environment(), file=tmp_path / "none")
    assert child.model_dump() == parent.model_dump()


def test_settings_are_frozen(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(tmp_path).service_port = 1  # type: ignore[misc]
