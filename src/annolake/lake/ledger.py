"""The ledger of inputs, `bronze.landing_outcome`: what was read, how far, and what was wrong with it.

It is written last. An input that stands in it was landed whole; of any other some rows may be there. A landing that was
killed may have left rows of a version that is gone since: the inputs of such rows are read again (`Ledger.is_read`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.expressions import And, EqualTo, In

from annolake.lake.catalog import JOB_PROPERTY, LANDING_PROPERTY, Lake
from annolake.lake.fetch import Source
from annolake.lake.lines import Position
from transforms.ground_truth import Fault
from transforms.schemas import LANDING_OUTCOME

LEDGER = "bronze.landing_outcome"
FAULT_KEY = ("source_uri", "source_version", "line_no", "is_ok")
"""A fault of a version is told once, however often that is tried."""
READ_TO = ("bronze.manifest_line", "bronze.worker_response", "bronze.label_file")
COLUMNS = ["source_uri", "source_version", "reason_code", "landing_id", "is_ok", "landed_at"]
POSITION = ["n_bytes", "n_lines", "n_objects", "digest"]


class Ledger:
    """What earlier landings of a job noted, and what this one is to note."""

    def __init__(self, lake: Lake, job_name: str) -> None:
        self.job_name = job_name
        whole = And(EqualTo("job_name", job_name), EqualTo("line_no", 0))
        self.earlier = lake.scan(LEDGER, columns=COLUMNS + POSITION, where=whole).to_pylist()
        self.outcomes: list[dict[str, Any]] = []
        self._of_files: list[pa.Table] = []
        self._read = {
            r["source_uri"]: r["source_version"]
            for r in sorted(self.earlier, key=itemgetter("landed_at"))
            if r["reason_code"] != "unreadable"
        }
        self._begun = _begun_since(lake, job_name, [r for r in self.earlier if r["is_ok"]])

    def is_read(self, source: Source) -> bool:
        """Whether this is the version that landings have finished with last, and none was begun since."""
        return self._read.get(source.uri) == source.version and not self.is_begun(source.uri)

    def is_begun(self, uri: str) -> bool:
        """Whether a landing has written rows of some version since the last finished one, and did not end."""
        return uri in self._begun

    def finished(self, uri: str) -> set[str]:
        """The landings that finished with some version of the source."""
        return {str(row["landing_id"]) for row in self.earlier if row["source_uri"] == uri and row["is_ok"]}

    def positions(self, uri: str) -> Iterator[Position]:
        """How far earlier landings read the source, the newest first; none where one was begun since."""
        if self.is_begun(uri):
            return
        rows = [r for r in self.earlier if r["source_uri"] == uri and r["is_ok"] and r["n_bytes"]]
        for row in sorted(rows, key=lambda r: r["landed_at"], reverse=True):
            yield Position(*(row[name] for name in POSITION))

    def note(self, kind: str, source: Source, fault: Fault | None, *, is_ok: bool = False) -> None:
        """One outcome: a fault, or that the whole source was read."""
        self.outcomes.append(
            {
                "kind": kind,
                "job_name": self.job_name,
                "source_uri": source.uri,
                "source_version": source.version,
                "line_no": fault.line_no if fault else 0,
                "is_ok": is_ok,
                "reason_code": fault.code if fault else None,
                "reason": fault.reason if fault else None,
            }
        )

    def note_manifest(self, source: Source, faults: list[Fault], position: Position) -> None:
        """The faults of a manifest's lines, and how far it was read."""
        for fault in faults:
            self.note("manifest_line", source, fault)
        bad = len({fault.line_no for fault in faults})
        whole = Fault(0, "bad_lines", f"{bad} of {position.n_objects} lines have faults.") if bad else None
        self.note("manifest_line", source, whole, is_ok=True)
        self.outcomes[-1] |= {name: getattr(position, name) for name in POSITION}

    def note_files(self, outcomes: pa.Table) -> None:
        """Outcomes of many files at once, with columns of the ledger."""
        self._of_files.append(outcomes)

    def rows(self, landing: dict[str, Any]) -> tuple[pa.Table, pa.Table]:
        """All that was noted as rows of the ledger: faults, and what was read whole."""
        noted = pa.Table.from_pylist([outcome | landing for outcome in self.outcomes], schema=LANDING_OUTCOME.arrow)
        rows = pa.concat_tables([noted, *self._of_files], promote_options="default")
        return rows.filter(pc.invert(rows["is_ok"])), rows.filter(rows["is_ok"])

    @property
    def faults(self) -> tuple[str, ...]:
        """Why inputs of this landing did not land, in words."""
        noted = (o["reason"] for o in self.outcomes if not o["is_ok"])
        of_files = (rows.filter(pc.invert(rows["is_ok"]))["reason"].to_pylist() for rows in self._of_files)
        return tuple(map(str, chain(noted, *of_files)))


def _begun_since(lake: Lake, job_name: str, finished: list[dict[str, Any]]) -> set[str]:
    """The inputs that a landing has written rows of since the last finished one began, and is not finished itself."""
    ids = {row["landing_id"] for row in finished}
    since = max((row["landed_at"].timestamp() * 1000 for row in finished), default=0)
    inputs: set[str] = set()
    for name in READ_TO:
        table = lake.find(name)
        snapshots = [s for s in table.snapshots() if s.timestamp_ms >= since] if table else []
        noted = [s.summary.additional_properties for s in snapshots if s.summary]
        begun = {n.get(LANDING_PROPERTY) for n in noted if n.get(JOB_PROPERTY) == job_name} - ids - {None}
        if begun:
            rows = lake.scan(name, jobs=[job_name], columns=["source_uri"], where=In("landing_id", begun))
            inputs.update(str(uri) for uri in rows["source_uri"].unique().to_pylist())
    return inputs
