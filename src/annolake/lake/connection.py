"""The way to the lake: the database of its catalog, made where there is none, and the storage of its files."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from sqlalchemy.exc import SQLAlchemyError

from annolake.config import Settings
from annolake.errors import LakeError
from annolake.lake.versions import LakeCatalog

CATALOG_NAME = "annolake"
SQLITE_ATTEMPTS = 200


def connect(settings: Settings) -> LakeCatalog:
    """The catalog that the settings name, made where there is none."""
    url = settings.catalog_url
    if url.startswith("sqlite:///"):
        _prepare_sqlite(Path(url.removeprefix("sqlite:///")))
        url += "?timeout=60"
    if settings.warehouse_url.startswith("file://"):
        Path(unquote(urlparse(settings.warehouse_url).path)).mkdir(parents=True, exist_ok=True)
    try:
        return _open(url, _storage(settings))
    except SQLAlchemyError as error:
        raise LakeError(
            f"The lake's catalog does not answer: {error.__class__.__name__}: {error.args[0] if error.args else ''}",
            hint="Check the setting catalog_uri: annolake config show",
        ) from error


def _prepare_sqlite(path: Path) -> None:
    """WAL, so that readers and the one writer do not stand in each other's way; kept in the file.

    Two processes that switch to it at once: SQLite refuses the second at once, without its usual waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in range(SQLITE_ATTEMPTS, -1, -1):
        connection = sqlite3.connect(path, timeout=60)
        try:
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or not left:
                raise LakeError(f"The lake's catalog {path} cannot be opened: {error}.") from error
            time.sleep(random.uniform(0.02, 0.1))  # noqa: S311 - jitter
        except sqlite3.DatabaseError as error:
            raise LakeError(f"{path} is not a catalog of the lake: {error}.") from error
        finally:
            connection.close()


def _open(url: str, properties: dict[str, Any]) -> LakeCatalog:
    for _ in range(5):
        try:
            return LakeCatalog(CATALOG_NAME, uri=url, **properties)
        except SQLAlchemyError:  # two processes making the catalog's own tables at once
            time.sleep(random.uniform(0.1, 0.3))  # noqa: S311 - jitter
    return LakeCatalog(CATALOG_NAME, uri=url, **properties)


def _storage(settings: Settings) -> dict[str, str]:
    properties = {"warehouse": settings.warehouse_url, "s3.region": settings.region}
    if endpoint := settings.s3_endpoint_url:
        properties |= {
            "s3.endpoint": endpoint,
            "s3.access-key-id": settings.access_key,
            "s3.secret-access-key": settings.secret_key,
        }
    return properties
