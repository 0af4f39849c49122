"""Where the pages read: the latest release of the lake, opened once for all sessions of the process.

The latest release is looked up again every few seconds; a new one is opened beside the old one, which goes when the
last page that draws from it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import duckdb
import streamlit as st

from annolake.config import Settings
from dashboards.access import Viewer
from dashboards.data import Connection
from dashboards.data.remembered import Remembered

LOOK_SECONDS = 5
NAMES_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Terms:
    """What the settings tell the pages."""

    hour_price: float = 0.0
    """What an hour of annotation costs; 0 is not known."""

    currency: str = "EUR"
    guidelines: Mapping[date, str] = field(default_factory=dict)
    data_docs: str = ""
    """Where the Data Docs are: an address, or a folder."""


@dataclass(frozen=True, slots=True)
class Source:
    """One release: a connection with its tables, pinned; and the names that whoever looks may see."""

    connection: Connection
    release_id: int
    released_at: datetime
    terms: Terms = field(default_factory=Terms)
    names: Mapping[str, str] = field(default_factory=dict)
    """Pseudonym -> name; empty for those who see pseudonyms."""
    is_lake: bool = False
    """Whether it is read from the lake of the settings."""


class NothingReleased(Exception):
    """There is no release to read yet; the text says why."""


def current(viewer: Viewer) -> Source:
    """The latest release as this viewer sees it; raises `NothingReleased` where there is none."""
    release_id = latest_id()
    if release_id is None:
        raise NothingReleased("No release has been published yet.")
    release = _open(release_id)
    return replace(release, names=_names()) if viewer.sees_names else release


@st.cache_data(ttl=LOOK_SECONDS, show_spinner=False)
def latest_id() -> int | None:
    """Number of the latest release, at most a few seconds old; None where nothing was released."""
    from annolake.lake.release import latest  # noqa: PLC0415 - pyiceberg takes seconds, pages without it draw at once

    if settings().catalog_url.startswith("sqlite:///") and not (settings().home / "lake").exists():
        return None  # reading must not make a lake
    release = latest(settings())
    return release.release_id if release else None


@st.cache_resource(max_entries=2, show_spinner="Opening the release ...")
def _open(release_id: int) -> Source:
    from annolake.lake.on_demand import OnDemandReader  # noqa: PLC0415

    reader = OnDemandReader(settings(), release_id)
    if reader.release is None:
        raise NothingReleased("No release has been published yet.")
    return Source(
        Remembered(reader), reader.release.release_id, reader.release.released_at, terms(settings()), is_lake=True
    )


@st.cache_data(ttl=NAMES_SECONDS, show_spinner=False)
def _names() -> dict[str, str]:
    """Pseudonym -> the identity at its issuer; one that was erased is not there and stays a pseudonym."""
    from annolake.lake.catalog import open_lake  # noqa: PLC0415

    with open_lake(settings()) as lake:
        rows = lake.scan("restricted.worker", columns=["worker_id", "subject", "backend_worker_id"]).to_pylist()
    return {row["worker_id"]: row["subject"] or row["backend_worker_id"] for row in rows}


def of_now(release: Source) -> Connection:
    """Where to ask for alerts: the lake of now, or the release itself where it is not the lake's."""
    return _alerts() if release.is_lake else release.connection


@st.cache_resource(ttl=LOOK_SECONDS, show_spinner=False)
def _alerts() -> duckdb.DuckDBPyConnection:
    """`meta.alert` as it is now: an alert is noted after the release that it is about."""
    from annolake.lake.catalog import open_lake  # noqa: PLC0415

    with open_lake(settings()) as lake:
        rows = lake.scan("meta.alert")
    found = duckdb.connect()
    found.execute("SET TimeZone = 'UTC'; CREATE SCHEMA meta")
    found.register("incoming", rows)
    found.execute("CREATE TABLE meta.alert AS FROM incoming")
    found.unregister("incoming")
    return found


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The settings of this process."""
    return Settings.load()


def terms(settings: Settings) -> Terms:
    """What the pages need of the settings."""
    days = dict(part.strip().split("=", 1) for part in settings.guidelines.split(",") if part.strip())
    return Terms(
        settings.worker_hour_price,
        settings.currency,
        {date.fromisoformat(day): name.strip() for day, name in days.items()},
        settings.data_docs_url or str(settings.home / "data-docs"),
    )


def age(released_at: datetime, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that is at least one: `3 min ago`."""
    seconds = ((now or datetime.now(UTC)) - released_at).total_seconds()
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            n = int(seconds // size)
            return f"{n} {unit}{'' if n == 1 else 's'} ago"
    return "just now"
