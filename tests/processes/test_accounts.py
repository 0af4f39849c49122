"""The local portal account: made once, for its owner only, unless accounts are configured."""

from __future__ import annotations

import stat
from collections.abc import Callable

from annolake.config import Settings
from annolake.processes.accounts import portal_accounts, with_accounts


def test_made_once_and_private(settings: Settings) -> None:
    first = with_accounts(settings)
    assert list(portal_accounts(first)) == ["annotator"]
    assert len(portal_accounts(first)["annotator"]) >= 12
    assert portal_accounts(with_accounts(settings)) == portal_accounts(first)
    assert stat.S_IMODE((settings.home / "portal_users.json").stat().st_mode) == 0o600


def test_configured_accounts_stay(make_settings: Callable[..., Settings]) -> None:
    configured = make_settings(portal_users='{"ada": "secret"}')
    assert portal_accounts(with_accounts(configured)) == {"ada": "secret"}
