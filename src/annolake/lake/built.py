"""What a model was built up to, and which parts of a job have changed since.

`meta.build` has a row for each model that is built part by part and each job: the snapshots of silver that its rows are
made from, and a hash of what else they depend on (code or SQL, settings, facts of the job). Silver only grows by
appends, so the rows appended since tell which parts are touched. Where that cannot be told (another hash, rows
rewritten or deleted by another program, an expired snapshot, two builds at once) the whole job is built anew.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import EqualTo, In
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.snapshots import Operation

from annolake.lake.catalog import Lake
from annolake.lake.changes import COMPACTION_PROPERTY, properties_of, snapshots_since
from annolake.lake.statements import Steps
from transforms.parts import FEW, OBJECTS, parts_of
from transforms.schemas import ANNOTATION, BUILD, JOB_TABLE, TABLES

BY_OBJECT = (
    "silver.annotation",
    "silver.assignment",
    "silver.segment",
    "silver.classification",
    "silver.box",
    "silver.consolidated",
)
BY_ASSET = ("silver.asset", "silver.gold_item", "bronze.batch_item")
"""Tables about media files: the objects of a file are touched by what is new of it."""
SOURCES = (*BY_OBJECT, *BY_ASSET)
AT_THE_END = ("silver.consolidated",)
"""Those of which all rows may come when a job is done: they touch the models that read them, and no other."""
FACTS = ("task_type", "labels", "batch_id", "level")
"""What rows of objects take from their job."""
IN_DOUBT = ""
"""The hash of a row that two builds at once left: it equals no other."""


@dataclass(frozen=True)
class Built:
    """One row of `meta.build`."""

    basis: str
    snapshots: Mapping[str, int]
    build_id: str = ""


class Builds:
    """What models were built up to: read once a build, and noted together where it ends.

    Killed before that, rows are there that nobody noted: the next build makes the same parts again. Models that are
    built beside each other share one.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._lock = threading.RLock()
        self._read: set[str] = set()
        self._before: dict[tuple[str, str], Built] = {}
        self._now: dict[tuple[str, str], Built] = {}
        self._n_parts: dict[tuple[str, str], int] = {}

    def last(self, model: str, jobs: Iterable[str]) -> dict[str, Built]:
        """What the model was built up to, by job."""
        with self._lock:
            if new := sorted(set(jobs) - self._read):
                self._before |= {key: _built(row) for key, row in self._rows(new).items()}
                self._read.update(new)
            known = self._before | self._now
            return {job: known[job, model] for job in jobs if (job, model) in known}

    def built(self, model: str, now: Mapping[str, Built], n_parts: Mapping[str, int]) -> None:
        """The model is built up to this, by job; `n_parts` of each were made anew."""
        with self._lock:
            for job, one in now.items():
                self._now[job, model] = one
                self._n_parts[job, model] = n_parts[job]

    def note(self) -> None:
        """Note what was built.

        A model and job of which another build noted something meanwhile is left in doubt, and the next build makes all
        of it anew.
        """
        with self._lock:
            if self._now:
                self._note()

    def _note(self) -> None:
        jobs = sorted({job for job, _ in self._now})

        def attempt(table: IcebergTable) -> None:
            rows = self._rows(jobs)
            for key, one in self._now.items():
                there = _built(rows[key]) if key in rows else None
                rows[key] = {
                    "job_name": key[0],
                    "model": key[1],
                    "build_id": one.build_id,
                    "built_at": datetime.now(UTC),
                    "basis": one.basis if there == self._before.get(key) else IN_DOUBT,
                    "snapshots": json.dumps(one.snapshots),
                    "n_parts": self._n_parts[key],
                }
            self._lake.put(table, pa.Table.from_pylist(list(rows.values()), schema=BUILD.arrow), In("job_name", jobs))

        self._lake.commit(BUILD.name, attempt)
        self._before |= self._now
        self._now, self._n_parts = {}, {}

    def _rows(self, jobs: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
        rows = self._lake.scan(BUILD.name, jobs=jobs).to_pylist()
        return {(row["job_name"], row["model"]): row for row in rows}


def _built(row: Mapping[str, Any]) -> Built:
    return Built(row["basis"], json.loads(row["snapshots"]), row["build_id"])


def digest(*parts: object) -> str:
    """A short hash of values that JSON can tell."""
    return hashlib.blake2b(json.dumps(parts, sort_keys=True, default=str).encode(), digest_size=12).hexdigest()


class Changes:
    """Which parts of jobs changed up to now, asked of one lake by the models of one build; looked up once."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._lock = threading.RLock()
        self.builds = Builds(lake)
        self.now = {name: at for name in SOURCES if (at := lake.snapshot(name)) is not None}
        """The snapshots of what sums by object are made from."""
        self._known: dict[tuple[object, ...], set[int] | None] = {}
        self._every: dict[tuple[str, str], set[int]] = {}
        self._facts: dict[str, dict[str, Any]] = {}
        self._n_objects: dict[str, int] = {}
        self.steps = Steps()
        self.layers: dict[tuple[object, ...], tuple[pa.Table, pa.Table]] = {}
        """The layers of jobs, by the snapshot that they were read from; for `partbuild.known_of`."""

    def sources(self, reads: Collection[str]) -> dict[str, int]:
        """The snapshots that a model which reads these tables is made from."""
        return {name: at for name, at in self.now.items() if name not in AT_THE_END or name in reads}

    def touched(self, job: str, since: Mapping[str, int], until: Mapping[str, int]) -> set[int] | None:
        """The parts of a job of which any row came between these snapshots; None where that cannot be told."""
        key = (job, tuple(sorted(since.items())), tuple(sorted(until.items())))
        with self._lock:
            if key not in self._known:
                self._known[key] = _touched(self.lake, job, since, until)
            return self._known[key]

    def every(self, job: str, sources: Collection[str]) -> set[int]:
        """Every part of a job that anybody was asked about, or that these sources tell of."""
        names = ("silver.annotation", "silver.assignment", *(name for name in AT_THE_END if name in sources))
        return set[int]().union(*(self._parts_in(name, job) for name in names))

    def _parts_in(self, name: str, job: str) -> set[int]:
        with self._lock:
            if (name, job) not in self._every:
                self._every[name, job] = _parts(self.lake.scan(name, jobs=[job], columns=["object_id"])["object_id"])
            return self._every[name, job]

    def facts(self, job: str) -> dict[str, Any]:
        """What rows of objects take from their job: `FACTS` as they are now, and whether it has accepted answers."""
        with self._lock:
            if job not in self._facts:
                states = self.lake.scan(JOB_TABLE.name, jobs=[job]).to_pylist()
                now = max(states, key=lambda r: (r["modified_at"], r["landed_at"]), default={})
                self._facts[job] = {fact: now.get(fact) for fact in FACTS} | {
                    "is_answered": self.has_rows(ANNOTATION.name, job)
                }
                self._n_objects[job] = now.get("n_objects") or 0
            return self._facts[job]

    def n_objects(self, job: str) -> int:
        """How many objects the job has, as its backend says, or as answers tell where they are many and it says few."""
        self.facts(job)
        with self._lock:
            if self._n_objects[job] <= FEW and (n_rows := self._n_rows(ANNOTATION.name, job)) > FEW:
                self._n_objects[job] = min(n_rows, OBJECTS * len(self.every(job, ())))
            return self._n_objects[job]

    def _n_rows(self, name: str, job: str) -> int:
        """How many rows of the job a table may have, by its metadata."""
        table = self.lake.find(name)
        tasks = self.lake.plan(table, In("job_name", [job])) if table else []
        return sum(int(task.file.record_count) for task in tasks)

    def has_rows(self, name: str, job: str) -> bool:
        """Whether a table may have rows of the job."""
        return self._n_rows(name, job) > 0


def _touched(lake: Lake, job: str, since: Mapping[str, int], until: Mapping[str, int]) -> set[int] | None:
    found: set[int] = set()
    for name, at in until.items():
        if since.get(name) == at:
            continue
        new = _appended(lake, name, job, since.get(name), at)
        if new is None:
            return None
        if new.num_rows:
            found |= _parts(new["object_id"] if name in BY_OBJECT else _objects_of(lake, job, new["asset_id"]))
    return found


def _appended(lake: Lake, name: str, job: str, since: int | None, until: int) -> pa.Table | None:
    """Objects, or media files, of the rows appended between two snapshots; None where other things happened too."""
    table = lake.find(name)
    if table is None or (since is not None and table.snapshot_by_id(since) is None):
        return None
    after = list(snapshots_since(table, since))
    if not after or after[-1].parent_snapshot_id != since:  # what lies between has expired, or never was
        return None
    for snapshot in after:
        is_append = snapshot.summary is not None and snapshot.summary.operation == Operation.APPEND
        if not is_append and COMPACTION_PROPERTY not in properties_of(snapshot):
            return None
    column = "object_id" if name in BY_OBJECT else "asset_id"
    scan = table.incremental_append_scan(
        from_snapshot_id_exclusive=since, to_snapshot_id_inclusive=until, selected_fields=(column,)
    )
    if "job_name" in TABLES[name].arrow.names:
        scan = scan.filter(EqualTo("job_name", job))
    try:
        rows: pa.Table = scan.to_arrow()
    except (FileNotFoundError, ValueError):  # compacted and removed since; or not one after the other
        return None
    return rows


def _objects_of(lake: Lake, job: str, assets: pa.ChunkedArray[Any]) -> pa.ChunkedArray[Any]:
    """The objects of these media files in a job."""
    wanted = assets.drop_null().unique()
    chunks = []
    for name in ("silver.annotation", "silver.assignment"):
        rows = lake.scan(name, jobs=[job], columns=["object_id", "asset_id"])
        chunks += rows.filter(pc.is_in(rows["asset_id"], wanted))["object_id"].chunks
    return pa.chunked_array(chunks, pa.string())


def _parts(objects: pa.ChunkedArray[Any]) -> set[int]:
    return set(parts_of(objects).tolist())
