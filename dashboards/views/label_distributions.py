"""Label distributions: which labels are used, by whom, when, and does anybody use them differently?"""

from __future__ import annotations

from typing import get_args

import streamlit as st

from dashboards import charts, filters, palette, panel, words
from dashboards.data import Answer, Where, scope
from dashboards.data import label_distributions as used
from dashboards.data.label_distributions import Part, Unit
from dashboards.source import Source

PARTS: dict[Part, str] = {"job_name": "job", "worker_id": "worker", "day": "day", "media_type": "media type"}
OTHERS = "all others together"
DIFFERS = {"differs": palette.RED, "no clear difference": palette.BLUE}


def page() -> None:
    """Draw the page."""
    st.title("Label distributions")
    release = panel.open_or_explain()
    if release is None:
        return
    scopes = scope.scopes(release.connection)
    if not any(scopes.column("n_labels")):
        panel.no_answers()
        return
    where = filters.jobs_and_one_layer(scopes)
    if not where.layers:
        panel.nothing_here("These jobs have no labels in this release.")
        return
    unit = counted_in(release, where)
    overall(release, where, unit)
    by_part(release, where, unit)
    drift(release, where, unit)
    by_worker(release, where, unit)
    rare(release, where)


def counted_in(release: Source, where: Where) -> Unit:
    """Count or minutes; labels of whole clips have no length of their own."""
    has_length = any(v is not None for v in used.labels(release.connection, where).column("minutes"))
    if not has_length:
        return "count"
    chosen = st.segmented_control(
        "Measured in",
        list(get_args(Unit)),
        default="count",
        required=True,
        format_func={"count": "Segments", "minutes": "Minutes"}.__getitem__,
        key="unit",
        **filters.URL,
    )
    return "minutes" if chosen == "minutes" else "count"


def overall(release: Source, where: Where, unit: Unit) -> None:
    """How often each label was given."""
    st.subheader("Which labels are used?", anchor="labels")
    answer = used.labels(release.connection, where, unit)
    total = sum(answer.column("amount"))
    n, workers = sum(answer.column("n_labels")), max(answer.column("n_workers"))
    drawn, left_out = panel.first(answer.table, "labels", "most used")
    panel.chart(
        "How often each label was given" if unit == "count" else "How long each label was given",
        answer,
        charts.bars(
            drawn, y="label", amount="amount", title=unit_name(unit), tooltip=("share", "n_labels", "n_workers")
        ),
        note=f"n = {words.counted(n, 'label')} given by up to {words.counted(workers, 'worker')}"
        f"{f', {total:,.1f} minutes' if unit == 'minutes' else ''}. All answers of all annotators, before any are "
        f"merged. No interval: everything is counted.{left_out}",
        name="labels",
    )


def by_part(release: Source, where: Where, unit: Unit) -> None:
    """The same, split by job, worker, day or media type."""
    st.subheader("Does the mix differ?", anchor="mix")
    left, right = st.columns(2)
    part: Part = left.segmented_control(
        "By", list(PARTS), default="job_name", required=True, format_func=PARTS.__getitem__, key="by", **filters.URL
    )
    shares = right.segmented_control(
        "As",
        ["shares", "amounts"],
        default="shares",
        required=True,
        format_func=str.capitalize,
        key="as",
        **filters.URL,
    )
    answer = used.labels_by(release.connection, where, part, unit)
    parts = list(dict.fromkeys(answer.column("part")))
    n = sum(answer.column("n_labels"))
    drawn = panel.only(answer.table, "part", parts[: panel.MOST_ROWS])
    if part == "worker_id":
        drawn = panel.named(drawn, release, "part")
    is_share = shares == "shares"
    left_out = "" if len(parts) <= panel.MOST_ROWS else f" The first {panel.MOST_ROWS} of {len(parts):,} are drawn."
    panel.chart(
        f"{'Share of ' if is_share else ''}{unit_name(unit)} by {PARTS[part]}",
        answer,
        charts.stacked(
            drawn,
            part="part",
            amount="share" if is_share else "amount",
            title=f"share of {unit_name(unit)}" if is_share else unit_name(unit),
            is_share=is_share,
            tooltip=("amount" if is_share else "share", "n_labels", "n_labels_part"),
        ),
        note=f"n = {words.counted(n, 'label')} in "
        f"{words.counted(len(parts), PARTS[part])}. No interval: everything is counted.{left_out}",
        name="mix",
    )


def drift(release: Source, where: Where, unit: Unit) -> None:
    """How far each part is from a baseline, beside what chance alone gives."""
    st.subheader("Has the mix drifted?", anchor="drift")
    left, right = st.columns(2)
    part: Part = left.segmented_control(
        "Compare",
        list(PARTS),
        default="day",
        required=True,
        format_func=PARTS.__getitem__,
        key="compare",
        **filters.URL,
    )
    parts = sorted(set(used.labels_by(release.connection, where, part, unit).column("part")))
    if len(parts) < 2:
        panel.nothing_here(f"There is one {PARTS[part]} only, so nothing to compare it with.")
        return
    chosen = right.selectbox(
        "With", [OTHERS, *parts], key="baseline", **filters.URL,
        help="One of them as the baseline, or all others together.",
    )  # fmt: skip
    baseline = "" if chosen == OTHERS or chosen is None else chosen
    answer = used.drift(release.connection, where, part, baseline, unit)
    if answer.is_empty:
        panel.nothing_here("One label alone cannot drift.")
        return
    told = ["differs" if v else "no clear difference" for v in answer.column("differs")]
    drawn, left_out = panel.first(panel.with_column(answer.table, "told", told), f"{PARTS[part]}s", "farthest")
    if part == "worker_id":
        drawn = panel.named(drawn, release, "part")
    if part == "day":
        drawn = drawn.sort_by("part")
    panel.chart(
        f"Distance of each {PARTS[part]}'s labels from {'all others' if not baseline else f'“{baseline}”'}",
        answer,
        charts.against_chance(
            drawn, y="part", value="psi", chance="psi_chance", title="population stability index (PSI), 0: same mix",
            colour=("told", DIFFERS), tooltip=("moved_most", "moved_by", "n_items"),
        ),
        note=f"n = {words.counted(sum(answer.column('n_items')), 'answer')} in "
        f"{words.counted(answer.table.num_rows, PARTS[part])}. Grey bar: what two samples of the same mix give in 95 % "
        f"of cases, counted by objects, in place of an interval; red only beyond it. Hover: the label "
        f"that moved most.{left_out}",
        name="drift",
    )  # fmt: skip


def by_worker(release: Source, where: Where, unit: Unit) -> None:
    """Who uses a label more or less than everybody together, beyond what their number of objects explains."""
    st.subheader("Who labels differently?", anchor="workers")
    answer = used.worker_shares(release.connection, where, unit)
    workers = set(answer.column("worker_id"))
    if len(workers) < 2:
        panel.nothing_here("One worker alone cannot differ: these labels all come from the same one.")
        return
    labels = list(dict.fromkeys(answer.column("label")))
    label = st.selectbox(
        "Label", labels, key="label", **filters.URL, help="First the label on which somebody is farthest off."
    )
    one = Answer(panel.only(answer.table, "label", [label]), answer.sql)
    differs = sum(map(bool, answer.column("differs")))
    told = ["differs" if v else "no clear difference" for v in one.column("differs")]
    drawn, left_out = panel.first(panel.with_column(one.table, "told", told), "workers", "farthest")
    everybody = one.column("overall_share")[0]
    panel.chart(
        f"Share of “{label}” in each worker's {unit_name(unit)}",
        answer,
        charts.intervals(
            panel.named(drawn, release, "worker_id"),
            y="worker_id",
            value="share",
            lo="share_lo",
            hi="share_hi",
            title=f"share of {unit_name(unit)}",
            colour=("told", DIFFERS),
            lines={everybody: f"everybody {everybody:.0%}"},
            is_share=True,
            tooltip=("n_items", "n_labels"),
        ),
        note=f"n = {words.counted(len(workers), 'worker')}. Line: 95 % Wilson interval over the objects a worker "
        f"answered. Of {answer.table.num_rows:,} pairs of worker and label {differs:,} differ; one in twenty would by "
        f"chance alone.{left_out}",
        name="worker-shares",
    )


def rare(release: Source, where: Where) -> None:
    """Labels that a model could hardly learn from."""
    st.subheader("Which labels are rare?", anchor="rare")
    answer = used.rare_labels(release.connection, where)
    rule = f"Rare: under {used.RARE_SHARE:.0%} of the layer, under {used.RARE_COUNT} uses, or used by one worker only."
    if answer.is_empty:
        st.caption(f"None. {rule}")
    else:
        panel.table("", answer, "label n_labels share n_workers n_asked last_day", note=rule, name="rare")
    never = used.never_used(release.connection, where)
    if never.is_empty:
        st.caption("Every label that could be given was given.")
        return
    panel.table(
        "Never used, though it could be",
        never,
        "label n_jobs",
        note=f"n = {words.counted(never.table.num_rows, 'label')}. Drop it, or look whether the guideline explains it.",
        name="never",
    )


def unit_name(unit: Unit) -> str:
    """What an amount is, in words."""
    return {"count": "labels", "minutes": "minutes"}[unit]


page()
