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
    # jobs
    "status": _text("status", "of a worker: too_few is under the number of objects that allows a judgement"),
    "batch_id": _text("batch"),
    "level": _number("level"),
    "task_type": _text("task"),
    "complete": C.ProgressColumn("complete", min_value=0, max_value=1, format="percent"),
    "n_objects": _number("objects"),
    "n_failed": _number("failed"),
    "n_answers": _number("answers"),
    "answers_a_day": _number("answers a day", "%.1f", "over the days with an answer"),
    "media_h": _number("media, h", "%.2f"),
    "active_h": _number("work, h", "%.2f", "idle time cut off"),
    "n_quarantined": _number("quarantined", meaning="rows that the quality gate kept out"),
    "created_at": C.DatetimeColumn("created, UTC", format="YYYY-MM-DD HH:mm"),
    "last_answer_at": C.DatetimeColumn("last answer, UTC", format="YYYY-MM-DD HH:mm"),
    "n_jobs": _number("jobs"),
    "n_completed_jobs": _number("completed"),
    "n_failed_jobs": _number("failed or stopped"),
    "what": _text("what"),
    "kind": _text("what"),
    "reason": _text("reason", width="large"),
    "n_rows": _number("rows"),
    "example": _text("for example", width="large"),
    "last_at": C.DatetimeColumn("last, UTC", format="YYYY-MM-DD HH:mm"),
    # checks
    "table_name": _text("table"),
    "check_name": _text("check"),
    "detail": _text("what was found", width="large"),
    "landed_at": C.DatetimeColumn("landed, UTC", format="YYYY-MM-DD HH:mm"),
    "object_id": _text("object"),
    "row_key": _text("row"),
    "source_uri": _text("from", width="medium"),
    # alerts
    "severity": _text("severity", "fail holds a release; warn reports"),
    "text": _text("what", width="large"),
    "rule": _text("rule"),
    "value": _number("figure", "%.2f"),
    "threshold": _number("threshold", "%.2f"),
    "n": _number("n"),
    "happened_at": C.DatetimeColumn("since, UTC", format="YYYY-MM-DD HH:mm"),
    "open": C.LinkColumn("", display_text="open", width="small"),
    # agreement
    "label_a": _text("one says"),
    "label_b": _text("another says"),
    "answers": _number("answers", meaning="of clip labels, which have no length"),
    "lift": _number("lift", "%.2f", "over what chance alone would give"),
    "ci_lo": _number("from", "%.2f", "lower end of the 95 % interval"),
    "ci_hi": _number("to", "%.2f", "upper end of the 95 % interval"),
    "chance_floor": _number("chance floor", "%.2f", "the measure where objects are paired at random"),
    "band": _text("alpha is", "judged on the lower end of its interval"),
    "verdict": _text("because"),
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
    "because": _text("no figure, because"),
    # workers
    "median_active_s_per_min": _number("active s a minute", "%.0f", "median active seconds a minute of media"),
    "gold_acc": _number("right on gold", "percent", "share right against the known truth"),
    "gold_lo": _number("from", "percent", "lower end of its 95 % interval"),
    "gold_hi": _number("to", "percent", "upper end of its 95 % interval"),
    "gold_n": _number("gold items"),
    "skill_onecoin": _number("skill", "%.2f", "one-coin model: probability of the right label"),
    "spam_prob": _number("without a look", "percent", "share of answers given without a look, by a model after MACE"),
    "is_drifting": C.CheckboxColumn("drifts", help="agreement fell over time, beyond chance"),
    "idle_share": _number("idle", "percent", "share of the time from taking to submitting that was not active"),
    "expected": _number("of the others", "%.2f", "observed agreement of the other pairs on the same object"),
    "residual": _number("difference", "%+.2f", "below 0 is worse than the others among themselves"),
    "n_others": _number("others"),
    "loo_agreement": _number("agreement", "%.2f", "with the other annotators; 1 is full, 0 is chance"),
    "loo_lo": _number("from", "%.2f", "lower end of its 95 % interval"),
    "loo_hi": _number("to", "%.2f", "upper end of its 95 % interval"),
    "offset_s": _number("offset, s", "%+.3f", "of boundaries; positive is late; the median worker is 0"),
    "n_boundaries": _number("boundaries"),
    "over_seg_index": _number("segments vs others", "%.2f", "1: as many as the others"),
    "skill_ds": _number("skill", "%.2f", "Dawid-Skene: probability of the right label"),
    "median_time_s": _number("time on a task, s", "%.0f", "median"),
    # one object
    "consensus": _text("consensus"),
    "confidence": _number("confidence", "percent", "of the consensus"),
    "differs": C.CheckboxColumn("differs", help="from the consensus"),
    "about": _text("what is disputed", width="large"),
    "t_start_s": _number("from, s", "%.2f"),
    "t_end_s": _number("to, s", "%.2f"),
    "disagreeing": _number("pairs that disagree", "percent"),
    "place": _number("place", meaning="1 is what to send to an expert first, in the job and layer"),
    "worker_a": _text("one"),
    "worker_b": _text("another"),
    "n_offsets": _number("boundaries"),
    "length_s": _number("length, s", "%.2f"),
    "gain": _text("gain", "what is labeled wrong now by expectation"),
    "submitted_at": C.DatetimeColumn("submitted, UTC", format="YYYY-MM-DD HH:mm:ss"),
    "revision_no": _number("revision"),
    "is_current": C.CheckboxColumn("counts", help="no: replaced by a later revision, or rejected by the quality gate"),
    "n_segments": _number("segments"),
    "labels": _text("labels", width="medium"),
    "time_spent_s": _number("time, s", "%.1f"),
    "changed": _text("changed", "seconds of a label that were added and removed; labels of the whole object"),
    "compared_with": _text("compared with", "the job of the level before; its consensus"),
    "outcome": _text("outcome"),
    "adjustment_status": _text("adjusted", "adjusted or unadjusted, where the job adjusts an earlier label"),
    "feedback": _text("feedback", "what verifiers wrote", "medium"),
    "labeled_at": C.DatetimeColumn("labeled, UTC", format="YYYY-MM-DD HH:mm:ss"),
}


def columns(names: Iterable[str]) -> dict[str, Any]:
    """The columns of a table, in order."""
    return {name: COLUMNS[name] for name in names}
