"""The page that `annolake score` prints: what a researcher reports, what to doubt in it, and where to look next.

One line a layer first; then for each layer the verdict on its headline, measures by the question that they answer,
notes on what is undefined or easily misread, pairs, least agreed objects, labels, annotators and disputes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from annolake.score_words import FAMILIES, NAMES, Row, Rows, headline, interval, notes, number

MOST_DISPUTES = MOST_ITEMS = 5
MOST_LABELS = MOST_PAIRS = 10


def print_score(tables: Mapping[str, pa.Table], console: Console) -> None:
    """The page for the gold tables of one or several jobs."""
    rows = {name: table.to_pylist() for name, table in tables.items()}
    layers = sorted({(r["job_name"], r["layer"]) for r in rows["gold.agreement_job"]})
    parts = [
        {n.removeprefix("gold."): [r for r in every if (r["job_name"], r["layer"]) == key] for n, every in rows.items()}
        for key in layers
    ]
    if len(layers) > 1:
        _show(_overview(parts), console)
    for (job, layer), mine in zip(layers, parts, strict=True):
        console.rule(escape(f"{job} · {layer}"), align="left")
        _print_layer(mine, console)
    console.print(
        "\nIntervals are 95 %, from leaving out one object at a time. By chance: annotators paired across objects at "
        "random.\ndocs/metrics.md explains each figure.",
        highlight=False,
    )


def _print_layer(mine: Mapping[str, Rows], console: Console) -> None:
    measures = {r["measure"]: r for r in mine["agreement_job"]}
    console.print(f"\n{escape(headline(measures))}", highlight=False)
    _show(_measures(measures), console)
    for note in notes(measures, mine["agreement_item"], mine["agreement_pair"]):
        console.print(f"- {escape(note)}", highlight=False)
    tables = (
        (mine["agreement_pair"], _pairs), (mine["agreement_item"], _items), (mine["label_reliability"], _labels),
        (mine["worker_quality"], _workers), (mine["dispute_queue"], _disputes),
    )  # fmt: skip
    for rows, table in tables:
        if rows and (made := table(rows)).row_count:
            _show(made, console)


def _show(table: Table, console: Console) -> None:
    """The title apart, so that it is not folded to the width of the table."""
    title, table.title = table.title, None
    console.print(f"\n[bold]{title}[/]", highlight=False)
    console.print(table)


def _overview(parts: Sequence[Mapping[str, Rows]]) -> Table:
    """One line a layer; the job where there are several."""
    several = len({r["job_name"] for mine in parts for r in mine["agreement_job"]}) > 1
    columns = ("job", "layer", "objects", "alpha", "95 % interval", "by chance", "0.5 s, F", "3 s, F", "IoU .5, F")
    drawn = []
    for mine in parts:
        measures = {r["measure"]: r for r in mine["agreement_job"]}
        first = measures.get("alpha", mine["agreement_job"][0])
        alpha = measures.get("alpha", dict.fromkeys(("value", "ci_lo", "ci_hi", "chance_floor")))
        values = [measures.get(m, {}).get("value") for m in ("boundary_f_500ms", "boundary_f_3s", "unit_f_iou50")]
        drawn.append(
            [escape(first["job_name"]) if several else "", escape(first["layer"]), f"{first['n_items']:,}",
             number(alpha["value"]), _bounds(alpha["ci_lo"], alpha["ci_hi"]), number(alpha["chance_floor"]),
             *(number(v) for v in values)]
        )  # fmt: skip
    return _filled("By layer", columns, drawn, ("job", "layer"))


def _table(title: str, *columns: str, text: Sequence[str] = ()) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, title=title)
    for column in columns:
        wraps = column in ("annotator", "one", "other", "between", "confused with", "object")
        table.add_column(column, justify="left" if column in text else "right", no_wrap=not wraps)
    return table


def _measures(measures: Mapping[str, Row]) -> Table:
    table = _table("Agreement", "measure", "value", "95 % interval", "by chance", "objects", text=["measure"])
    others = {"Others": {name: name for name in sorted(set(measures) - set(NAMES))}}
    for family, names in (FAMILIES | others).items():
        known = [name for name in names if name in measures]
        if known:
            table.add_row(f"[dim]{family}[/]")
        for name in known:
            r = measures[name]
            bounds = _bounds(r["ci_lo"], r["ci_hi"]) or escape((r["reason_code"] or "").replace("_", " "))
            table.add_row(
                f"  {escape(names[name])}",
                number(r["value"]),
                bounds,
                number(r["chance_floor"]),
                f"{r['n_items']:,}",
            )
    return table


def _filled(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], text: Sequence[str]) -> Table:
    """A table without the columns that no row fills."""
    used = [k for k in range(len(columns)) if any(row[k] for row in rows)]
    table = _table(title, *(columns[k] for k in used), text=text)
    for row in rows:
        table.add_row(*(row[k] for k in used))
    return table


def _pairs(rows: Rows) -> Table:
    """Those that surely differ most first, by the upper end of kappa; "beyond" is less what others agree there."""
    columns = ("one", "other", "objects", "kappa", "95 % interval", "beyond", "0.5 s, F", "3 s, F", "offset")
    order = sorted(rows, key=lambda r: (r["kappa_hi"] is None, r["kappa_hi"] or 0.0, r["worker_a"], r["worker_b"]))
    drawn = [
        [escape(r["worker_a"]), escape(r["worker_b"]), f"{r['n_items']:,}", number(r["kappa_time"]),
         _bounds(r["kappa_lo"], r["kappa_hi"]), _signed(r["residual"]), number(r["boundary_f_500ms"]),
         number(r["boundary_f_3s"]), _signed(r["offset_s"], " s")]
        for r in order[:MOST_PAIRS]
    ]  # fmt: skip
    return _filled(f"Pairs of annotators, the least agreed first{_of(rows, MOST_PAIRS)}", columns, drawn, columns[:2])


def _items(rows: Rows) -> Table:
    known = [r for r in rows if r["observed_agreement"] is not None]
    disputed = sum(r["is_disputed"] for r in known)
    title = f"Least agreed objects ({min(MOST_ITEMS, len(known))} of {len(known):,}; {disputed:,} agree on under 2/3)"
    columns = ("object", "length", "answers", "agreement", "0.5 s, F", "3 s, F", "IoU .5, F")
    drawn = [
        [escape(r["asset_name"] or r["object_id"]), "" if r["duration_s"] is None else f"{r['duration_s']:.0f} s",
         f"{r['n_annotators']:,}", number(r["observed_agreement"]),
         _ratio(r["boundary_hits_500ms"], r["n_boundaries"]), _ratio(r["boundary_hits_3s"], r["n_boundaries"]),
         _ratio(r["unit_hits_iou50"], r["n_units"])]
        for r in sorted(known, key=lambda r: (r["observed_agreement"], r["object_id"]))[:MOST_ITEMS]
    ]  # fmt: skip
    return _filled(title, columns, drawn, columns[:1])


def _labels(rows: Rows) -> Table:
    title = f"Labels, the most used first{_of(rows, MOST_LABELS)}"
    table = _table(title, "label", "alpha", "95 % interval", "share", "confused with", text=["label", "confused with"])
    used = sorted(rows, key=lambda r: -(r["prevalence"] or 0.0))
    for r in used[:MOST_LABELS]:
        interval = _bounds(r["alpha_lo"], r["alpha_hi"])
        confused = r["most_confused_with"]
        other = "" if confused is None else escape(confused) or "(nothing)"
        table.add_row(
            escape(r["label"]) or "(nothing)", number(r["alpha_binary"]), interval, _share(r["prevalence"]), other
        )  # fmt: skip
    return table


def _workers(rows: Rows) -> Table:
    columns = ("annotator", "objects", "agreement", "95 % interval", "offset", "splits", "merges", "spam", "gold",
               "95 % of gold", "status")  # fmt: skip
    few = {r["worker_id"] for r in rows if r["status"] == "too_few"}
    order = sorted(rows, key=lambda r: (r["worker_id"] in few, r["loo_lo"] or 0.0, r["worker_id"]))
    drawn = [
        [escape(r["worker_id"]), f"{r['n_items']:,}", number(r["loo_agreement"]), _bounds(r["loo_lo"], r["loo_hi"]),
         _signed(r["offset_s"], " s"), _share(r["split_rate"]), _share(r["merge_rate"]), number(r["spam_prob"]),
         number(r["gold_acc"]), _bounds(r["gold_lo"], r["gold_hi"]),
         r["status"].replace("_", " ") + (", drifting" if r["is_drifting"] else "")]
        for r in order[:MOST_PAIRS]
    ]  # fmt: skip
    title = f"Annotators, by the lowest bound of agreement with the others{_of(rows, MOST_PAIRS)}"
    return _filled(title, columns, drawn, ("annotator", "status"))


def _disputes(rows: Rows) -> Table:
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


def _signed(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{round(value, 2) + 0.0:+.2f}{unit}"


def _ratio(part: float | None, whole: float | None) -> str:
    return "" if part is None or not whole else number(part / whole)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _bounds(low: float | None, high: float | None) -> str:
    return escape(interval(low, high))
