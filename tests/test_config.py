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


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff = 1")
    (tmp_path / "taken").touch()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "secrets.toml").write_text("x x")
    none = tmp_path / "none.toml"
    with pytest.raises(ConfigError, match=r"binary.toml: not valid TOML"):
        Settings.load({"home": tmp_path}, environ={}, file=tmp_path / "binary.toml")
    with pytest.raises(ConfigError, match=r"taken, cannot be used"):
        Settings.load({"home": tmp_path / "taken"}, environ={}, file=none)
    with pytest.raises(ConfigError, match=r"secrets.toml: not valid TOML"):
        Settings.load({"home": tmp_path / "broken"}, environ={}, file=none)
    with pytest.raises(ConfigError, match=r"lost.toml, which is not there"):
        Settings.load({"home": tmp_path}, environ={"ANNOLAKE_CONFIG": str(tmp_path / "lost.toml")})


def test_urls_of_ipv6_addresses_have_brackets(tmp_path: Path) -> None:
    assert load(tmp_path, {"host": "::1"}).service_url == "http://[::1]:8701"


def test_on_amazon_the_work_team_is_of_the_role_s_account(tmp_path: Path) -> None:
    role = {"role_arn": "arn:aws:iam::123456789012:role/labeling"}
    assert ":000000000000:" in load(tmp_path, role).workteam_arn
    theirs = load(tmp_path, role | {"sagemaker_endpoint": "aws", "workteam": "ours"}).workteam_arn
    assert theirs == "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/ours"


def test_passwords_in_database_urls_are_masked(tmp_path: Path) -> None:
    urls = {"service_database": "postgresql://u:hunter2@h/db", "catalog_uri": "postgresql://u:hunter2@h/db"}
    assert "hunter2" not in str(load(tmp_path, urls).explain())


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
