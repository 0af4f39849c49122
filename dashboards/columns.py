"""How each column of `dashboards.data` is headed and formatted: once, so that it reads the same in every table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

C = st.column_config


def _number(title: str, form: str | None = None, meaning: str | None = None) -> Any:
    return C.NumberColumn(title, format=form, help=meaning)


def _text(title: str, meaning: str | None = None, width: Any = None) -> Any:
    return C.TextColumn(title, help=meaning, width=width)


COLUMNS: dict[str, Any] = {
    # what it is about
    "job_name": _text("job"),
    "layer": _text("layer"),
    "label": _text("label"),
    "item": _text("object"),
    "worker_id": _text("worker"),
    "n_items": _number("objects"),
    "n_labels": _number("labels", meaning="segments, or answers for labels of a whole clip"),
    "n_annotators": _number("annotators"),
    "n_assigned": _number("asked", meaning="annotators who were asked"),
    "n_workers": _number("workers"),
    "n_asked": _number("of workers", meaning="workers who used any label of the layer"),
    "last_day": C.DateColumn("last used"),
    "duration_s": _number("length, s", "%.1f"),
    "minutes": _number("minutes", "%.2f"),
    "share": _number("share", "percent"),
    "share_lo": _number("from", "percent", "lower end of the 95 % interval"),
    "share_hi": _number("to", "percent", "upper end of the 95 % interval"),
    "overall_share": _number("everybody's", "percent"),
    # agreement
    "band": _text("alpha is", "judged on the lower end of its interval"),
    "verdict": _text("because", width="large"),
    "alpha": _number("alpha", "%.2f"),
    "alpha_lo": _number("from", "%.2f", "lower end of alpha's 95 % interval"),
    "alpha_hi": _number("to", "%.2f", "upper end of alpha's 95 % interval"),
    "alpha_chance": _number("chance floor", "%.2f", "alpha where objects are paired at random"),
    "observed": _number("observed", "%.2f", "share of time or answers that agree; not corrected for chance"),
    "observed_chance": _number("its chance floor", "%.2f", "the same where objects are paired at random"),
    "boundary_f": _number("boundary F", "%.2f", "boundaries that two annotators set within 0.5 s of each other"),
    "unit_f": _number("unit F", "%.2f", "segments of two annotators that overlap at IoU 0.5 or more"),
    "prevalence_max": _number("commonest label", "percent", "its share; near 100 % alpha turns small and uncertain"),
    "observed_agreement": C.ProgressColumn("observed agreement", min_value=0, max_value=1, format="%.2f"),
    "is_disputed": C.CheckboxColumn("disputed", help="observed agreement under 2/3"),
    "because": _text("no figure, because", width="large"),
    # workers
    "status": _text("status", "too_few: under the number of objects that allows a judgement"),
    "loo_agreement": _number("agreement", "%.2f", "with the other annotators; 1 is full, 0 is chance"),
    "loo_lo": _number("from", "%.2f", "lower end of its 95 % interval"),
    "loo_hi": _number("to", "%.2f", "upper end of its 95 % interval"),
    "offset_s": _number("offset, s", "%+.3f", "of boundaries; positive is late; the median worker is 0"),
    "n_boundaries": _number("boundaries"),
    "over_seg_index": _number("segments vs others", "%.2f", "1: as many as the others"),
    "skill_ds": _number("skill", "%.2f", "Dawid-Skene: probability of the right label"),
    "median_time_s": _number("time on a task, s", "%.0f", "median"),
}


def columns(names: Iterable[str]) -> dict[str, Any]:
    """The columns of a table, in order."""
    return {name: COLUMNS[name] for name in names}
