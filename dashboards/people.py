"""The workers of one job and layer: how far each agrees with the others, and who is early or late."""

from __future__ import annotations

import streamlit as st

from dashboards import charts, filters, palette, panel, words
from dashboards.data import Answer, Where
from dashboards.data import workers as asked
from dashboards.source import Source

STATUS_COLOURS = {words.STATUSES[status]: colour for status, colour in palette.STATUSES.items()}


def section(release: Source, scopes: Answer, where: Where) -> None:
    """The section of a page, with its choice of job and layer."""
    st.subheader("Who stands apart?", anchor="workers")
    choices = {
        words.scope(r["job_name"], r["layer"]): (r["job_name"], r["layer"])
        for r in scopes.table.to_pylist()
        if (not where.jobs or r["job_name"] in where.jobs) and (not where.layers or r["layer"] in where.layers)
    }
    if not choices:
        panel.nothing_here("No worker answered in this choice.")
        return
    chosen = st.selectbox("Workers of", list(choices), key="workers_of", **filters.URL)
    answer = asked.workers(release.connection, *choices[chosen])
    if answer.is_empty:
        panel.nothing_here("No worker's quality was computed for this job and layer.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        with_others(answer)
    with right:
        offsets(answer)
    panel.table(
        "All figures",
        answer,
        "worker_id status loo_agreement loo_lo loo_hi n_items n_labels offset_s n_boundaries over_seg_index skill_ds "
        "median_time_s",
        note=f"n = {words.counted(answer.table.num_rows, 'worker')}, the lowest bound of agreement first. Workers are "
        "shown by pseudonym.",
        name="worker-figures",
    )


def with_others(answer: Answer) -> None:
    """Leave-one-out agreement with interval."""
    compared = answer.table.filter([v is not None for v in answer.column("loo_agreement")])
    if not compared.num_rows:
        panel.nothing_here("Nobody can be compared: no object has a second annotator.")
        return
    told = panel.with_column(compared, "told", [words.status_shown(r) for r in compared.to_pylist()])
    drawn, left_out = panel.first(told, "workers", "lowest")
    panel.chart(
        "Agreement with the other annotators",
        answer,
        charts.intervals(
            drawn,
            y="worker_id",
            value="loo_agreement",
            lo="loo_lo",
            hi="loo_hi",
            title="1 is full agreement, 0 is chance",
            colour=("told", STATUS_COLOURS),
            tooltip=("told", "n_items", "n_labels"),
        ),
        note=f"n = {words.counted(compared.num_rows, 'worker')}. Line: 95 % interval, a jackknife over "
        f"objects.{left_out}",
        name="workers",
    )


def offsets(answer: Answer) -> None:
    """Signed boundary offsets: early on the left, late on the right."""
    measured = answer.table.filter([v is not None for v in answer.column("offset_s")])
    if not measured.num_rows:
        st.markdown("**Early or late**")
        st.caption("This layer has no boundaries that could be early or late.")
        return
    drawn, left_out = panel.first(measured, "workers", "first")
    panel.chart(
        "Early or late",
        answer,
        charts.points(
            drawn,
            y="worker_id",
            value="offset_s",
            title="seconds after the median worker",
            zero="median worker",
            tooltip=("n_boundaries",),
        ),
        note=f"n = {words.counted(measured.num_rows, 'worker')}. Signed offset of their matched boundaries (how many: "
        f"hover); stored without an interval.{left_out}",
        name="offsets",
    )
