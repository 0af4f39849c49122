"""Where the pages read: the latest release of the lake, opened once for all sessions of the process.

The latest release is looked up again every few seconds; a new one is opened beside the old one, which goes when the
last page that draws from it is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import streamlit as st

from annolake.config import Settings

LOOK_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Source:
    """One release: a connection with its gold tables, pinned."""

    connection: duckdb.DuckDBPyConnection
    release_id: int
    released_at: datetime


class NothingReleased(Exception):
    """There is no release to read yet; the text says why."""


def current() -> Source:
    """The latest release; raises `NothingReleased` where there is none."""
    release_id = latest_id()
    if release_id is None:
        raise NothingReleased("No release has been published yet.")
    return _open(release_id)


@st.cache_data(ttl=LOOK_SECONDS, show_spinner=False)
def latest_id() -> int | None:
    """Number of the latest release, at most a few seconds old; None where nothing was released."""
    from annolake.lake.release import latest  # noqa: PLC0415 - pyiceberg takes seconds, pages without it draw at once

    settings = _settings()
    if settings.catalog_url.startswith("sqlite:///") and not (settings.home / "lake").exists():
        return None  # reading must not make a lake
    release = latest(settings)
    return release.release_id if release else None


@st.cache_resource(max_entries=2, show_spinner="Opening the release ...")
def _open(release_id: int) -> Source:
    from annolake.lake.reader import ReleaseReader  # noqa: PLC0415

    reader = ReleaseReader(_settings(), release_id)
    if reader.release is None:
        raise NothingReleased("No release has been published yet.")
    return Source(reader.connection, reader.release.release_id, reader.release.released_at)


@st.cache_resource(show_spinner=False)
def _settings() -> Settings:
    return Settings.load()


def age(released_at: datetime, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that is at least one: `3 min ago`."""
    seconds = ((now or datetime.now(UTC)) - released_at).total_seconds()
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            n = int(seconds // size)
            return f"{n} {unit}{'' if n == 1 else 's'} ago"
    return "just now"
