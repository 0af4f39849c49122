"""The files under a warehouse, local or S3: listed, written and removed where the tables themselves only name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyarrow.fs import FileSelector, FileSystem, FileType
from pyiceberg.io.pyarrow import PyArrowFileIO


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as its store lists it."""

    path: str
    size: int
    modified_at: datetime


class Storage:
    """Files by URI or path; `properties` are those of the catalog or of a table."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        self._io = PyArrowFileIO(dict(properties))
        self._properties = dict(properties)

    def path(self, uri: str) -> str:
        """The place that a URI names, in the form that `list` gives."""
        return str(self._io.parse_location(uri, self._properties)[2])

    def list(self, folder_uri: str) -> list[StoredFile]:
        """Every file below a folder; none where there is no folder."""
        system, path = self._place(folder_uri)
        found = system.get_file_info(FileSelector(path, recursive=True, allow_not_found=True))
        return [
            StoredFile(info.path, info.size, info.mtime.astimezone(UTC))
            for info in found
            if info.type == FileType.File and info.mtime is not None
        ]

    def write_empty(self, uri: str) -> None:
        """Make a file without content: its name says everything."""
        system, path = self._place(uri)
        system.create_dir(path.rpartition("/")[0], recursive=True)
        with system.open_output_stream(path):
            pass

    def delete(self, uri: str) -> None:
        """Remove a file; nothing where it is gone already."""
        system, path = self._place(uri)
        try:
            system.delete_file(path)
        except FileNotFoundError:
            return

    def _place(self, uri: str) -> tuple[FileSystem, str]:
        scheme, netloc, path = self._io.parse_location(uri, self._properties)
        system: Any = self._io.fs_by_scheme(scheme, netloc)
        return system, path
