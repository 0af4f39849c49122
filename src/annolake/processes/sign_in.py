"""What Streamlit needs to sign people in: its secrets file, made of the settings, readable by the owner only."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import json
import os
from pathlib import Path

from annolake.config import Settings
from annolake.errors import ConfigError

NEEDED = ("dashboards_oidc_metadata", "dashboards_oidc_client_id", "dashboards_oidc_client_secret")


def secrets_file(settings: Settings) -> Path | None:
    """The file for `streamlit run --secrets.files`, written anew; None where the dashboards sign nobody in.

    Raises `ConfigError` where a setting or the library for it is missing.
    """
    if settings.dashboards_sign_in != "oidc":
        return None
    missing = [name for name in NEEDED if not getattr(settings, name)]
    if missing:
        raise ConfigError(
            f"dashboards_sign_in is oidc, but {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} empty.",
            hint="See docs/dashboards.md, Who may look.",
        )
    if importlib.util.find_spec("authlib") is None:
        raise ConfigError("Signing in by OIDC needs Authlib.", hint="pip install 'annolake[dashboards]'")
    address = (settings.dashboards_url_public or settings.dashboards_url).rstrip("/")
    cookie = hmac.new(settings.service_secret.encode(), b"dashboards cookie", hashlib.sha256).hexdigest()
    values = {
        "redirect_uri": f"{address}/oauth2callback",
        "cookie_secret": cookie,
        "server_metadata_url": settings.dashboards_oidc_metadata,
        "client_id": settings.dashboards_oidc_client_id,
        "client_secret": settings.dashboards_oidc_client_secret,
    }
    path = settings.home / "dashboards" / "secrets.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write("[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    staged.replace(path)
    return path
