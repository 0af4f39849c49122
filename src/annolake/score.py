"""`annolake score`: measures of labeling jobs, or of annotators' files outside of the lake, as one page.

Both ways go through the same transforms and the same SQL models; files need no lake. Layouts that are read:

    FOLDER/<item>/<annotator>.txt                   start TAB label (a segment ends where the next one starts, the
                                                    last line only ends the one before), or start TAB end TAB label
    FOLDER/<item>/parsed/textfileN_<layer>.txt      SALAMI's layout, N the annotator
    FOLDER/[<annotator>/]<any>.rttm                 RTTM: speaker turns; the folder is the annotator
    [FOLDER/<question>/]labels.txt (.tsv, .csv)     annotator, object, label: labels of whole objects
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from annolake.config import Settings
from annolake.errors import LakeError

Segment = tuple[str, str, str, float, float, str]
"""Item, annotator, layer, start, end, label."""
Label = tuple[str, str, str, str]
"""Item, annotator, layer, label of the whole item."""

SALAMI = re.compile(r"textfile(?P<annotator>\d+)_(?P<layer>\w+)\.txt")
RTTM_FIELDS = 8
SHOWN = (
    "gold.agreement_job", "gold.agreement_item", "gold.agreement_pair", "gold.label_reliability", "gold.worker_quality",
    "gold.dispute_queue",
)  # fmt: skip
LABELS = re.compile(r"labels\.(txt|tsv|csv)")

Tables = Mapping[str, pa.Table]

# -- measuring --------------------------------------------------------------------------------------------------------


def score_jobs(settings: Settings, jobs: Sequence[str] = ()) -> dict[str, pa.Table]:
    """Build measures and gold of these jobs anew (all that landed where none is named), release, and return gold."""
    from annolake.lake.catalog import open_lake
    from annolake.lake.models import build_gold, current_rows
    from annolake.lake.release import publish
    from transforms.schemas import TABLES

    with open_lake(settings) as lake:
        landed = {str(name) for name in lake.scan("silver.job", columns=["job_name"])["job_name"].to_pylist()}
    if strange := sorted(set(jobs) - landed):
        raise LakeError(f"No such job has landed: {', '.join(strange)}.", hint="Land it: annolake land JOB")
    wanted = sorted(set(jobs) or landed)
    if not wanted:
        raise LakeError("No labeling job has landed yet.", hint="Land one: annolake land JOB, or try: annolake demo")
    build_gold(settings, wanted)
    publish(settings, wanted)
    with open_lake(settings) as lake:
        return current_rows(lake, [name for name in SHOWN if name in TABLES], wanted)


def score_files(path: Path) -> dict[str, pa.Table]:
    """Gold of annotators' files; see the module for the layouts. Raises `LakeError` naming what cannot be read."""
    from annolake.lake.models import run_sql
    from annolake.lake.sqlmodels import sql_models, tables_read
    from transforms import measures, quality
    from transforms.schemas import MEASURE_BOX_DISPUTE

    job_name = path.name or path.resolve().name
    labels = read_labels(path)
    tables = labels_of(labels, job_name=job_name) if labels else silver_of(read_segments(path), job_name=job_name)
    tables |= measures.build(tables)
    tables |= quality.build(tables | {MEASURE_BOX_DISPUTE.name: MEASURE_BOX_DISPUTE.empty()})
    wanted = _with_reads(SHOWN)
    for name, model in sql_models().items():
        if name in wanted:
            tables[name] = run_sql(model, {read: tables[read] for read in tables_read(model)})
    return {name: tables[name] for name in SHOWN}


def _with_reads(names: Iterable[str]) -> set[str]:
    """These gold models and all that they are made from."""
    from annolake.lake.sqlmodels import sql_models, tables_read

    found: set[str] = set()
    todo = [name for name in names if name in sql_models()]
    while todo:
        name = todo.pop()
        found.add(name)
        todo += [read for read in tables_read(sql_models()[name]) if read in sql_models() and read not in found]
    return found


AT = datetime(1970, 1, 2, tzinfo=UTC)


def silver_of(segments: Iterable[Segment], *, job_name: str) -> dict[str, pa.Table]:
    """The silver tables of one made-up job in which everyone answered every item that they have a file of."""
    found = list(segments)
    number: dict[tuple[str, str, str], int] = {}
    drawn = []
    for item, annotator, layer, start, end, label in found:
        if end <= start:
            continue
        key = (item, annotator, layer)
        number[key] = number.get(key, -1) + 1
        drawn.append(_key(job_name, item, annotator) | {"layer": layer, "segment_no": number[key], "label": label,
                                                        "start_s": start, "end_s": end})  # fmt: skip
    length: dict[str, float] = {}
    for item, _, _, _, end, _ in found:
        length[item] = max(end, length.get(item, 0.0))
    assets = [
        {"asset_id": item, "uri": item, "name": item, "media_type": "audio", "duration_s": duration, "container": "",
         "bytes": 0, "content_hash": "", "landing_id": "files", "landed_at": AT}
        for item, duration in sorted(length.items())
    ]  # fmt: skip
    answered = {(item, annotator) for item, annotator, *_ in found}
    return _tables(job_name, "audio_segmentation", answered, {"silver.segment": drawn, "silver.asset": assets})


def labels_of(labels: Iterable[Label], *, job_name: str) -> dict[str, pa.Table]:
    """The same of labels of whole items; an item without an annotator's label was not asked of them."""
    found = sorted(set(labels))
    rows = [
        _key(job_name, item, annotator) | {"layer": layer, "label": label} for item, annotator, layer, label in found
    ]
    answered = {(item, annotator) for item, annotator, *_ in found}
    return _tables(job_name, "text_classification", answered, {"silver.classification": rows})


def _key(job_name: str, item: str, annotator: str) -> dict[str, Any]:
    return {"job_name": job_name, "revision": 1, "landing_id": "files", "landed_at": AT,
            "object_id": item, "asset_id": item, "worker_id": annotator}  # fmt: skip


def _tables(
    job_name: str, task_type: str, answered: set[tuple[str, str]], rows: dict[str, list[dict[str, Any]]]
) -> dict[str, pa.Table]:  # fmt: skip
    from transforms.schemas import TABLES

    n_items = len({item for item, _ in answered})
    job = {
        "job_name": job_name, "task_type": task_type, "label_attribute": "labels", "workers_per_object": 2,
        "status": "Completed", "n_objects": n_items, "n_labeled": n_items, "n_failed": 0, "input_uri": "",
        "created_at": AT, "modified_at": AT, "landing_id": "files", "landed_at": AT,
    }  # fmt: skip
    answers = [
        _key(job_name, item, annotator) | {"task_type": task_type, "submitted_at": AT, "answer": "{}"}
        for item, annotator in sorted(answered)
    ]
    every = rows | {"silver.annotation": answers, "silver.job": [job]}
    return {
        name: pa.Table.from_pylist(every.get(name, []), schema=table.arrow)
        for name, table in TABLES.items()
        if name.split(".")[0] in ("silver", "bronze", "measure")
    }


# -- reading ----------------------------------------------------------------------------------------------------------


def read_segments(path: Path) -> list[Segment]:
    """Every segment under the path, in the layout that it has; those of zero length stay, to show their item."""
    if not path.exists():
        raise LakeError(f"There is no {path}.")
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".txt", ".rttm"))
    rttm = [file for file in files if file.suffix == ".rttm"]
    salami = [file for file in files if file.parent.name == "parsed" and SALAMI.fullmatch(file.name)]
    if rttm:
        found = [segment for file in rttm for segment in _rttm(file, path)]
    elif salami:
        found = [segment for file in salami for segment in _salami(file)]
    else:
        found = [segment for file in files for segment in _starts(file, file.parent.name, file.stem, "segments")]
    if not found:
        raise LakeError(f"No segments under {path}.", hint="Expected FOLDER/<item>/<annotator>.txt, SALAMI's, or RTTM.")
    return found


def read_labels(path: Path) -> list[Label]:
    """Labels of whole items in files named labels.txt, .tsv or .csv; none where there is no such file.

    A line holds annotator, object and label, set apart by tabs (.txt, .tsv) or commas (.csv); a first line that names
    its columns is skipped. The layer is the file's folder, or "label" for a file by itself.
    """
    if not path.exists():
        raise LakeError(f"There is no {path}.")
    files = [path] if path.is_file() else sorted(p for p in path.rglob("labels.*"))
    found = []
    for file in files:
        if not LABELS.fullmatch(file.name):
            continue
        layer = "label" if file.parent in (path, path.parent) else file.parent.name
        with file.open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines, delimiter="," if file.suffix == ".csv" else "\t")
            for number, row in enumerate(rows, start=1):
                if not row or (number == 1 and row[-1].strip().lower() in ("label", "response", "answer")):
                    continue
                if len(row) != 3:
                    raise LakeError(f"{file} line {number}: {len(row)} columns; annotator, object and label are three.")
                annotator, item, label = (part.strip() for part in row)
                found.append((item, annotator, layer, label))
    return found


def _salami(file: Path) -> Iterator[Segment]:
    named = SALAMI.fullmatch(file.name)
    if named:
        yield from _starts(file, file.parent.parent.name, f"annotator {named['annotator']}", named["layer"])


def _starts(file: Path, item: str, annotator: str, layer: str) -> Iterator[Segment]:
    rows = []
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        parts = line.split("\t")
        try:
            end = float(parts[1]) if len(parts) > 2 else None
            rows.append((float(parts[0]), end, parts[-1].strip() if len(parts) > 1 else ""))
        except ValueError:
            raise LakeError(
                f"{file} line {number}: {line[:60]!r} is not start TAB label, or start TAB end TAB label, in seconds."
            ) from None
    for k, (start, end, label) in enumerate(rows):
        until = end if end is not None else rows[k + 1][0] if k + 1 < len(rows) else start
        yield item, annotator, layer, start, until, label


def _rttm(file: Path, root: Path) -> Iterator[Segment]:
    annotator = file.stem if root.is_file() else str(file.parent.relative_to(root)).replace(".", root.name)
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            start, length = float(fields[3]), float(fields[4])
            yield fields[1], annotator, "speaker", start, start + length, fields[RTTM_FIELDS - 1]
        except (ValueError, IndexError):
            raise LakeError(f"{file} line {number}: {line[:60]!r} is not a SPEAKER line of RTTM.") from None
