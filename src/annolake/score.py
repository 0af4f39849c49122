"""`annolake score`: measures of labeling jobs, or of annotators' files outside of the lake, as one page.

Both ways go through the same transforms and the same SQL models; files need no lake. Layouts that are read:

    FOLDER/<item>/<annotator>.txt                   start TAB label (a segment ends where the next one starts, the
                                                    last line only ends the one before), or start TAB end TAB label
    FOLDER/<item>/parsed/textfileN_<layer>.txt      SALAMI's layout, N the annotator
    FOLDER/[<annotator>/]<any>.rttm                 RTTM: speaker turns; the folder is the annotator
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from annolake.config import Settings
from annolake.errors import LakeError

Segment = tuple[str, str, str, float, float, str]
"""Item, annotator, layer, start, end, label."""

SALAMI = re.compile(r"textfile(?P<annotator>\d+)_(?P<layer>\w+)\.txt")
RTTM_FIELDS = 8
SHOWN = ("gold.agreement_job", "gold.label_reliability", "gold.worker_quality", "gold.dispute_queue")
MOST_DISPUTES = 5
MOST_LABELS = 10
HEADLINES = {
    "alpha": "Krippendorff's alpha",
    "alpha_presence": "alpha: labeled or not",
    "alpha_given_presence": "alpha: which label, where both did",
    "alpha_by_label": "alpha: label by label",
    "observed_agreement": "observed agreement",
    "fleiss_kappa": "Fleiss' kappa",
    "ac1": "Gwet's AC1",
    "boundary_f_250ms": "boundaries within 0.25 s, F",
    "boundary_f_500ms": "boundaries within 0.5 s, F",
    "boundary_f_3s": "boundaries within 3 s, F",
    "unit_f_iou50": "segments at IoU .5, F",
    "unit_f_iou50_label": "... with the same label, F",
    "mean_iou": "mean matched IoU",
    "count_ratio": "fewer segments to more",
    "ari": "adjusted Rand index, labels arbitrary",
    "pairwise_f": "pairwise frame F, labels arbitrary",
    "transcript_wer": "word error rate",
    "transcript_cer": "character error rate",
}
"""Measures that lead the page, in this order; the others follow under their own names."""

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
    from annolake.lake.sqlmodels import models
    from transforms import measures, quality
    from transforms.schemas import TABLES

    tables = silver_of(read_segments(path), job_name=path.name or path.resolve().name)
    tables |= measures.build(tables)
    tables |= quality.build(tables)
    for name, model in models("gold").items():
        if name in SHOWN or any(name in models("gold")[other].reads for other in SHOWN if other in models("gold")):
            reads = {read: tables[read] for read in model.reads if read in TABLES}
            tables[name] = run_sql(model, reads)
    return {name: tables[name] for name in SHOWN if name in tables}


def silver_of(segments: Iterable[Segment], *, job_name: str) -> dict[str, pa.Table]:
    """The silver tables of one made-up job in which everyone answered every item that they have a file of."""
    from transforms.schemas import TABLES

    found = list(segments)
    at = datetime(1970, 1, 2, tzinfo=UTC)
    stamp: dict[str, Any] = {"job_name": job_name, "revision": 1, "landing_id": "files", "landed_at": at}
    number: dict[tuple[str, str, str], int] = {}
    drawn = []
    for item, annotator, layer, start, end, label in found:
        if end <= start:
            continue
        key = (item, annotator, layer)
        number[key] = number.get(key, -1) + 1
        drawn.append(stamp | {"object_id": item, "asset_id": item, "worker_id": annotator, "layer": layer,
                              "segment_no": number[key], "label": label, "start_s": start, "end_s": end})  # fmt: skip
    length: dict[str, float] = {}
    for item, _, _, _, end, _ in found:
        length[item] = max(end, length.get(item, 0.0))
    answers = [
        stamp | {"object_id": item, "asset_id": item, "worker_id": annotator, "task_type": "audio_segmentation",
                 "submitted_at": at, "answer": "{}"}
        for item, annotator in sorted({(item, annotator) for item, annotator, *_ in found})
    ]  # fmt: skip
    assets = [
        {"asset_id": item, "uri": item, "name": item, "media_type": "audio", "duration_s": duration, "container": "",
         "bytes": 0, "content_hash": "", "landing_id": "files", "landed_at": at}
        for item, duration in sorted(length.items())
    ]  # fmt: skip
    job = {
        "job_name": job_name, "task_type": "audio_segmentation", "label_attribute": "segments",
        "workers_per_object": 2, "status": "Completed", "n_objects": len(length), "n_labeled": len(length),
        "n_failed": 0, "input_uri": "", "created_at": at, "modified_at": at, "landing_id": "files", "landed_at": at,
    }  # fmt: skip
    rows = {"silver.segment": drawn, "silver.annotation": answers, "silver.asset": assets, "silver.job": [job]}
    return {
        name: pa.Table.from_pylist(rows.get(name, []), schema=table.arrow)
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


# -- the page ---------------------------------------------------------------------------------------------------------


def print_score(tables: Tables, console: Console) -> None:
    """The page: for each layer its measures, labels, annotators and what to look at first."""
    rows = {name: table.to_pylist() for name, table in tables.items()}
    layers = sorted({(r["job_name"], r["layer"]) for r in rows["gold.agreement_job"]})
    for job, layer in layers:
        mine = {n: [r for r in every if (r["job_name"], r["layer"]) == (job, layer)] for n, every in rows.items()}
        console.rule(escape(f"{job} · {layer}"), align="left")
        console.print(_measures(mine["gold.agreement_job"]))
        if labels := mine.get("gold.label_reliability"):
            console.print(_labels(labels))
        console.print(_workers(mine["gold.worker_quality"]))
        if disputes := mine["gold.dispute_queue"]:
            console.print(_disputes(disputes))
    console.print("Intervals are 95 %, from leaving out one object at a time; docs/metrics.md explains each figure.")


def _table(title: str, *columns: str, text: Sequence[str] = ()) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, title=f"\n{title}")
    table.title_justify, table.title_style = "left", "bold"
    for column in columns:
        wraps = column in ("annotator", "between", "confused with")
        table.add_column(column, justify="left" if column in text else "right", no_wrap=not wraps)
    return table


def _measures(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("Agreement", "measure", "value", "95 % interval", "by chance", "objects", text=["measure"])
    place = {name: k for k, name in enumerate(HEADLINES)}
    for r in sorted(rows, key=lambda r: (place.get(r["measure"], len(place)), r["measure"])):
        interval = _interval(r["ci_lo"], r["ci_hi"]) or escape(r["reason_code"] or "")
        name = HEADLINES.get(r["measure"], r["measure"])
        table.add_row(escape(name), _number(r["value"]), interval, _number(r["chance_floor"]), f"{r['n_items']:,}")
    return table


def _labels(rows: Sequence[Mapping[str, Any]]) -> Table:
    title = f"Labels, the most used first{_of(rows, MOST_LABELS)}"
    table = _table(title, "label", "alpha", "95 % interval", "share", "confused with", text=["label", "confused with"])
    used = sorted(rows, key=lambda r: -(r["prevalence"] or 0.0))
    for r in used[:MOST_LABELS]:
        share = "" if r["prevalence"] is None else f"{r['prevalence']:.0%}"
        interval = _interval(r["alpha_lo"], r["alpha_hi"])
        confused = r["most_confused_with"]
        other = "" if confused is None else escape(confused) or "(nothing)"
        table.add_row(escape(r["label"]) or "(nothing)", _number(r["alpha_binary"]), interval, share, other)
    return table


def _workers(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Gold columns only where any truth is known."""
    gold = ("gold", "95 % of gold") if any(r["gold_n"] for r in rows) else ()
    columns = ("annotator", "objects", "agreement", "95 % interval", "offset", "splits", "merges", "spam")
    title = "Annotators, by the lowest bound of agreement with the others"
    table = _table(title, *columns, *gold, "status", text=["annotator", "status"])
    for r in sorted(rows, key=lambda r: (r["loo_lo"] is None, r["loo_lo"] or 0.0, r["worker_id"])):
        drifting = ", drifting" if r["is_drifting"] else ""
        table.add_row(
            escape(r["worker_id"]),
            f"{r['n_items']:,}",
            _number(r["loo_agreement"]),
            _interval(r["loo_lo"], r["loo_hi"]),
            "" if r["offset_s"] is None else f"{r['offset_s']:+.2f} s",
            _share(r["split_rate"]),
            _share(r["merge_rate"]),
            _number(r["spam_prob"]),
            *((_number(r["gold_acc"]), _interval(r["gold_lo"], r["gold_hi"])) if gold else ()),
            r["status"].replace("_", " ") + drifting,
        )
    return table


def _disputes(rows: Sequence[Mapping[str, Any]]) -> Table:
    title = f"For an expert first{_of(rows, MOST_DISPUTES)}"
    table = _table(title, "object", "from", "to", "kind", "between", "gain", text=["object", "kind", "between"])
    for r in sorted(rows, key=lambda r: r["place"])[:MOST_DISPUTES]:
        unit = "" if r["t_end_s"] is None else " s"
        table.add_row(
            escape(r["asset_name"] or r["object_id"]),
            "" if r["t_end_s"] is None else f"{r['t_start_s']:.1f} s",
            "" if r["t_end_s"] is None else f"{r['t_end_s']:.1f} s",
            r["kind"],
            escape(" / ".join(label or "(nothing)" for label in json.loads(r["labels"]))),
            f"{r['expected_gain']:.2f}{unit}",
        )
    return table


def _of(rows: Sequence[Any], most: int) -> str:
    return f" ({most} of {len(rows):,})" if len(rows) > most else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else escape(f"[{low:.3f}, {high:.3f}]")
