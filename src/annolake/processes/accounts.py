"""The local account that people label with where nobody configured any."""

from __future__ import annotations

import json
import os
import secrets

from annolake.config import Settings

DEFAULT_NAME = "annotator"


def portal_accounts(settings: Settings) -> dict[str, str]:
    """Name -> password of the local accounts that the settings list."""
    return {str(name): str(password) for name, password in json.loads(settings.portal_users or "{}").items()}


def with_accounts(settings: Settings) -> Settings:
    """The settings with a local account in them; its password is made once and kept under home, for its owner only."""
    if portal_accounts(settings):
        return settings
    path = settings.home / "portal_users.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(json.dumps({DEFAULT_NAME: secrets.token_urlsafe(9)}))
        staged.rename(path)
    return settings.model_copy(update={"portal_users": path.read_text()})
