"""What `annolake score` says in words: the names of measures, the headline and its verdict, what to doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

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
NAMES = {name: label for family in FAMILIES.values() for name, label in family.items()}

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


def headline(measures: Mapping[str, Row]) -> str:
    """The figure to report, with its interval, what chance gives, and what it is made of."""
    name = next((m for m in ("alpha", "box_f_iou50", "transcript_wer") if m in measures), next(iter(measures)))
    row, label = measures[name], NAMES.get(name, name)
    behind = f"{count(row['n_items'], 'object')}, {count(row['n_annotators'], 'annotator')}{_hours(name, row)}"
    if row["value"] is None:
        return f"{label} is undefined: {REASONS.get(row['reason_code'], row['reason_code'])}. {behind}."
    bounds = interval(row["ci_lo"], row["ci_hi"])
    said = f"{label} {number(row['value'])}{f' {bounds}' if bounds else ''}"
    chance = "" if row["chance_floor"] is None else f"; chance gives {number(row['chance_floor'])}"
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
            by_reason.setdefault(row["reason_code"], []).append(NAMES.get(name, name))
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


def _hours(name: str, row: Row) -> str:
    """Seconds x annotators as hours, for figures over time."""
    is_time = name == "alpha" and row["task_type"].endswith("segmentation") and row["mass"]
    return f", {row['mass'] / 3600:.1f} h of answers" if is_time else ""


def count(n: int, what: str) -> str:
    """`3 objects`, `1 object`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def number(value: float | None) -> str:
    """Three digits; nothing where there is no value."""
    return "" if value is None else f"{round(value, 3) + 0.0:.3f}"


def interval(low: float | None, high: float | None) -> str:
    """`[low, high]`; nothing where it is not known."""
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}]"
