"""The page that `annolake score` prints: what a researcher reports, what to doubt in it, and where to look next.

One line a layer first; then for each layer the verdict on its headline, measures by the question that they answer,
notes on what is undefined or easily misread, pairs, least agreed objects, labels, annotators and disputes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Row = Mapping[str, Any]
Rows = Sequence[Row]

FAMILIES = {
    "What is said": {
        "alpha": "Krippendorff's alpha",
        "alpha_given_presence": "alpha: which label, where two labeled",
        "alpha_presence": "alpha: labeled or not",
        "alpha_by_label": "alpha: label by label",
        "alpha_ordinal": "alpha: labels as ranks",
        "alpha_interval": "alpha: labels as numbers",
        "alpha_ratio": "alpha: labels as ratios",
        "alpha_jaccard": "alpha: sets of labels (Jaccard)",
        "alpha_masi": "alpha: sets of labels (MASI)",
        "cohen_kappa": "Cohen's kappa, mean of the pairs",
        "fleiss_kappa": "Fleiss' kappa",
        "ac1": "Gwet's AC1",
        "observed_agreement": "observed agreement",
        "ari": "adjusted Rand index, label names aside",
        "pairwise_f": "pairwise frame F, label names aside",
    },
    "Where the cuts are": {
        "boundary_f_250ms": "boundaries within 0.25 s, F",
        "boundary_f_500ms": "boundaries within 0.5 s, F",
        "boundary_f_3s": "boundaries within 3 s, F",
    },
    "Whether the units are the same": {
        "unit_f_iou50": "segments at IoU .5, F",
        "unit_f_iou50_label": "... with the same label, F",
        "mean_iou": "mean matched IoU",
        "count_ratio": "fewer segments to more",
        "box_f_iou50": "boxes at IoU .5, F",
        "box_f_iou50_95": "boxes at IoU .5 to .95, F",
        "box_mean_iou": "mean matched IoU of boxes",
        "idf1": "tracks, IDF1",
        "hota": "tracks, HOTA",
    },
    "How far texts differ (0 is equal)": {
        "transcript_wer": "word error rate",
        "transcript_cer": "character error rate",
    },
}
"""Measures by the question that they answer; others follow under their own names."""

REASONS = {
    "one_annotator": "no object has two annotators",
    "no_labels": "there is nothing to compare",
    "one_label": "everybody used one label: agreement cannot be told from habit",
    "no_boundaries": "nobody drew a boundary inside of an object",
    "no_segments": "nobody drew a segment",
    "never_together": "no moment was labeled by two",
    "too_few_items": "no interval: under three objects, or undefined without one of them",
    "no_variation": "no interval: every object says the same",
}
BANDS = ((0.8, "reliable"), (0.667, "tentative"))  # Krippendorff's, for the lower end of the interval
FEW_ITEMS = 10
PREVALENT, FULL = 0.8, 0.98
LATE_S = 0.1
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


# -- sentences --------------------------------------------------------------------------------------------------------


def headline(measures: Mapping[str, Row]) -> str:
    """The figure to report, with its interval, what chance gives, and what it is made of."""
    name = next((m for m in ("alpha", "box_f_iou50", "transcript_wer") if m in measures), next(iter(measures)))
    row, label = measures[name], _names().get(name, name)
    behind = f"{_count(row['n_items'], 'object')}, {_count(row['n_annotators'], 'annotator')}{_hours(name, row)}"
    if row["value"] is None:
        return f"{label} is undefined: {REASONS.get(row['reason_code'], row['reason_code'])}. {behind}."
    interval = _interval(row["ci_lo"], row["ci_hi"])
    said = f"{label} {_number(row['value'])}{f' {interval}' if interval else ''}"
    chance = "" if row["chance_floor"] is None else f"; chance gives {_number(row['chance_floor'])}"
    return f"{said}: {verdict(row)}{chance}. {behind}."


def verdict(row: Row) -> str:
    """Krippendorff's bands by the lower end of the interval, so that few objects never look reliable."""
    if row["ci_lo"] is None:
        return REASONS.get(row["reason_code"], "no interval")
    if not row["measure"].startswith("alpha"):
        floor = row["chance_floor"]
        return "above chance" if floor is not None and row["ci_lo"] > floor else "to be read beside its chance floor"
    band = next((word for least, word in BANDS if row["ci_lo"] >= least), "not reliable")
    return f"{band} by the lower end of its interval"


def notes(measures: Mapping[str, Row], items: Rows, pairs: Rows) -> Iterator[str]:
    """What is undefined and why, and what is easily misread here."""
    alpha = measures.get("alpha")
    by_reason: dict[str, list[str]] = {}
    for name, row in measures.items():
        if row["reason_code"]:
            by_reason.setdefault(row["reason_code"], []).append(_names().get(name, name))
    for reason, names in by_reason.items():
        whole = len(names) == len(measures) and len(names) > 1
        yield f"{'all figures' if whole else ', '.join(names)}: {REASONS.get(reason, reason)}"
    if alpha and 0 < alpha["n_items"] < FEW_ITEMS:
        yield f"under {FEW_ITEMS} objects: alpha is biased downwards and its interval is wide"
    if alpha and (alpha["prevalence_max"] or 0.0) > PREVALENT:
        yield f"one label holds {alpha['prevalence_max']:.0%} of everything: observed agreement is high by itself"
    present, mass = (sum(r[name] or 0.0 for r in items) for name in ("present_mass", "mass_presence"))
    if "alpha_presence" in measures and mass and present / mass > FULL:
        yield f"{present / mass:.1%} is labeled, so 'labeled or not' is about edges only; leave that figure out"
    ari = measures.get("ari")
    if alpha and ari and None not in (alpha["ci_hi"], ari["ci_lo"]) and ari["ci_lo"] > alpha["ci_hi"]:
        yield "parts agree more than their names do (Rand index above alpha): if names are arbitrary, report that one"
    for pair in pairs:
        lo, hi = pair["offset_lo"], pair["offset_hi"]
        if lo is not None and (lo > 0 or hi < 0) and abs(pair["offset_s"]) >= LATE_S:
            late, other = (pair["worker_b"], pair["worker_a"])[:: 1 if lo > 0 else -1]
            yield f"{late} is {abs(pair['offset_s']):.2f} s later than {other}: subtract it before comparing boundaries"


def _names() -> dict[str, str]:
    return {name: label for family in FAMILIES.values() for name, label in family.items()}


def _hours(name: str, row: Row) -> str:
    """Seconds x annotators as hours, for figures over time."""
    is_time = name == "alpha" and row["task_type"].endswith("segmentation") and row["mass"]
    return f", {row['mass'] / 3600:.1f} h of answers" if is_time else ""


# -- tables -----------------------------------------------------------------------------------------------------------


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
             _number(alpha["value"]), _interval(alpha["ci_lo"], alpha["ci_hi"]), _number(alpha["chance_floor"]),
             *(_number(v) for v in values)]
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
    others = {"Others": {name: name for name in sorted(set(measures) - set(_names()))}}
    for family, names in (FAMILIES | others).items():
        known = [name for name in names if name in measures]
        if known:
            table.add_row(f"[dim]{family}[/]")
        for name in known:
            r = measures[name]
            interval = _interval(r["ci_lo"], r["ci_hi"]) or escape((r["reason_code"] or "").replace("_", " "))
            table.add_row(
                f"  {escape(names[name])}",
                _number(r["value"]),
                interval,
                _number(r["chance_floor"]),
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
        [escape(r["worker_a"]), escape(r["worker_b"]), f"{r['n_items']:,}", _number(r["kappa_time"]),
         _interval(r["kappa_lo"], r["kappa_hi"]), _signed(r["residual"]), _number(r["boundary_f_500ms"]),
         _number(r["boundary_f_3s"]), _signed(r["offset_s"], " s")]
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
         f"{r['n_annotators']:,}", _number(r["observed_agreement"]),
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
        interval = _interval(r["alpha_lo"], r["alpha_hi"])
        confused = r["most_confused_with"]
        other = "" if confused is None else escape(confused) or "(nothing)"
        table.add_row(
            escape(r["label"]) or "(nothing)", _number(r["alpha_binary"]), interval, _share(r["prevalence"]), other
        )  # fmt: skip
    return table


def _workers(rows: Rows) -> Table:
    columns = ("annotator", "objects", "agreement", "95 % interval", "offset", "splits", "merges", "spam", "gold",
               "95 % of gold", "status")  # fmt: skip
    few = {r["worker_id"] for r in rows if r["status"] == "too_few"}
    order = sorted(rows, key=lambda r: (r["worker_id"] in few, r["loo_lo"] or 0.0, r["worker_id"]))
    drawn = [
        [escape(r["worker_id"]), f"{r['n_items']:,}", _number(r["loo_agreement"]), _interval(r["loo_lo"], r["loo_hi"]),
         _signed(r["offset_s"], " s"), _share(r["split_rate"]), _share(r["merge_rate"]), _number(r["spam_prob"]),
         _number(r["gold_acc"]), _interval(r["gold_lo"], r["gold_hi"]),
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


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{round(value, 3) + 0.0:.3f}"


def _signed(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{round(value, 2) + 0.0:+.2f}{unit}"


def _ratio(part: float | None, whole: float | None) -> str:
    return "" if part is None or not whole else _number(part / whole)


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else escape(f"[{_number(low)}, {_number(high)}]")
