"""Compaction: the small files of a partition become one, sorted by the table's key; no row changes.

New files are written first. Then one commit puts them in the place of exactly the files that were read. Where another
writer was faster, the table is looked at again: rows that it appended stay, and files that it replaced meanwhile are
left to it. Killed before the commit, the new files are orphans; killed after it, all is done.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask
from pyiceberg.table import Table as IcebergTable

from annolake.lake.catalog import Lake
from annolake.lake.changes import COMPACTION_PROPERTY
from transforms.schemas import TABLES

log = logging.getLogger(__name__)

SMALL_BYTES = 32 << 20
"""A file below this is worth putting together with others."""
MOST_BYTES = 64 << 20
MOST_ROWS = 2_000_000
"""Of the files that become one: what is held in memory at a time."""
FEWEST_FILES = 4
"""Fewer small files than this in a partition are left alone."""


@dataclass(frozen=True)
class Rewrite:
    """Files of one partition and the ones that take their place."""

    old: tuple[DataFile, ...]
    new: tuple[DataFile, ...] = ()


@dataclass(frozen=True)
class Compacted:
    """How many files became how many."""

    n_before: int = 0
    n_after: int = 0


def plan_compaction(table: IcebergTable) -> list[list[FileScanTask]]:
    """Groups of small files, each of one partition; files with delete files are left to the engine that wrote them."""
    partitions: dict[tuple[object, ...], list[FileScanTask]] = {}
    for task in table.scan().plan_files():
        file = task.file
        if file.file_size_in_bytes < SMALL_BYTES and not task.delete_files and file.spec_id == table.spec().spec_id:
            partitions.setdefault(tuple(file.partition), []).append(task)
    return [group for tasks in partitions.values() for group in _groups(tasks)]


def compact(lake: Lake, name: str) -> Compacted:
    """Compact one table. Safe beside other writers, and to run again."""
    table = lake.find(name)
    if table is None or table.current_snapshot() is None:
        return Compacted()
    rewrites = [_rewrite(table, TABLES[name].key, group) for group in plan_compaction(table)]
    if not rewrites:
        return Compacted()

    def attempt(table: IcebergTable) -> list[Rewrite]:
        live = {task.file for task in table.scan().plan_files()}
        ready = [rewrite for rewrite in rewrites if live.issuperset(rewrite.old)]
        if ready:
            _replace(table, ready)
        return ready

    try:
        done = lake.commit(name, attempt)
    except BaseException:
        _remove(table, rewrites)
        raise
    _remove(table, [rewrite for rewrite in rewrites if rewrite not in done])
    return Compacted(sum(len(r.old) for r in done), sum(len(r.new) for r in done))


def _groups(tasks: Sequence[FileScanTask]) -> Iterator[list[FileScanTask]]:
    """Small files together, the smallest first, up to what memory holds."""
    group: list[FileScanTask] = []
    size = rows = 0
    for task in sorted(tasks, key=lambda t: (t.file.file_size_in_bytes, t.file.file_path)):
        if group and (size + task.file.file_size_in_bytes > MOST_BYTES or rows + task.file.record_count > MOST_ROWS):
            if len(group) >= FEWEST_FILES:
                yield group
            group, size, rows = [], 0, 0
        group.append(task)
        size += task.file.file_size_in_bytes
        rows += task.file.record_count
    if len(group) >= FEWEST_FILES:
        yield group


def _rewrite(table: IcebergTable, key: Sequence[str], tasks: Iterable[FileScanTask]) -> Rewrite:
    tasks = list(tasks)
    rows = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue()).to_table(tasks)
    rows = rows.sort_by([(column, "ascending") for column in key])
    return Rewrite(tuple(t.file for t in tasks), tuple(_dataframe_to_data_files(table.metadata, rows, table.io)))


def _replace(table: IcebergTable, rewrites: Iterable[Rewrite]) -> None:
    noted = {COMPACTION_PROPERTY: "true"}
    with table.transaction() as transaction, transaction.update_snapshot(noted).overwrite() as overwrite:
        for rewrite in rewrites:
            for file in rewrite.old:
                overwrite.delete_data_file(file)
            for file in rewrite.new:
                overwrite.append_data_file(file)


def _remove(table: IcebergTable, rewrites: Iterable[Rewrite]) -> None:
    """Remove written files that no commit took; where that fails they are orphans for later."""
    for file in (file for rewrite in rewrites for file in rewrite.new):
        with contextlib.suppress(OSError):
            table.io.delete(file.file_path)
