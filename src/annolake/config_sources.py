"""Where settings come from: the file, the environment, and the secrets that are made where nobody configured any."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from annolake.errors import ConfigError

ENVIRONMENT_PREFIX = "ANNOLAKE_"
CONFIG_FILE = "annolake.toml"
GENERATED = ("secret_key", "service_secret", "pseudonym_key", "airflow_password", "airflow_jwt_secret")


def named_file(environ: Mapping[str, str]) -> Path:
    """The file of settings: the one that `ANNOLAKE_CONFIG` names, else `annolake.toml` here."""
    named = environ.get(f"{ENVIRONMENT_PREFIX}CONFIG")
    if named and not Path(named).is_file():
        raise ConfigError(f"ANNOLAKE_CONFIG names {named}, which is not there.")
    return Path(named or CONFIG_FILE)


def from_file(file: Path, known: Collection[str]) -> dict[str, Any]:
    """Values in a file of settings; none where there is no file."""
    if not file.is_file():
        return {}
    try:
        values = tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from None
    _refuse_unknown(values, known, str(file))
    return values


def from_environment(environ: Mapping[str, str], known: Collection[str]) -> dict[str, Any]:
    """Values in `ANNOLAKE_…` variables."""
    values = {
        name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and name != f"{ENVIRONMENT_PREFIX}CONFIG"
    }
    _refuse_unknown(values, known, "the environment")
    return values


def kept_secrets(home: Path) -> dict[str, str]:
    """Secrets kept under `home`; made there once, complete or not at all, readable by the owner only."""
    path = home / "secrets.toml"
    try:
        if not path.is_file():
            _make_secrets(path)
        return {name: str(value) for name, value in tomllib.loads(path.read_text()).items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.") from None
    except OSError as error:
        raise ConfigError(
            f"The folder of local state, {home}, cannot be used: {error.strerror}.",
            hint="Set another: ANNOLAKE_HOME=/other/folder",
        ) from None


def _make_secrets(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    lines = "".join(f'{name} = "{secrets.token_urlsafe(24)}"\n' for name in GENERATED)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(lines)
    try:
        os.link(staged, path)  # fails where another process was first: its secrets are the ones
    except FileExistsError:
        pass
    finally:
        staged.unlink()


def _refuse_unknown(values: Mapping[str, Any], known: Collection[str], where: str) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ConfigError(
            f"Unknown setting in {where}: {', '.join(unknown)}.", hint="The known ones: annolake config show"
        )
