"""Jobs: how far is each, how fast does it go, what failed and why, and where are the batches?"""

from __future__ import annotations

import streamlit as st

from dashboards import charts, charts_days, filters, palette, panel, words
from dashboards.data import Where, jobs
from dashboards.source import Source

KINDS = {
    "failed_object": "objects that failed",
    "unanswered_task": "tasks without an answer",
    "quarantined_row": "rows in quarantine",
}


def page() -> None:
    """Draw the page."""
    st.title("Jobs")
    release = panel.open_or_explain()
    if release is None:
        return
    every = jobs.jobs(release.connection, Where())
    if every.is_empty:
        panel.no_answers()
        return
    where = filters.jobs_only(sorted(every.column("job_name")))
    glance(release, where)
    states(release, where)
    throughput(release, where)
    failures(release, where)
    batches(release, where)


def glance(release: Source, where: Where) -> None:
    """How many jobs are in which state."""
    rows = jobs.jobs(release.connection, where).table.to_pylist()
    running = sum(r["status"] in {"InProgress", "Initializing", "Stopping"} for r in rows)
    failed = [r["job_name"] for r in rows if r["status"] in {"Failed", "Stopped"}]
    objects, complete = sum(r["n_objects"] for r in rows), sum(r["n_complete"] for r in rows)
    panel.tiles(
        (
            ("Jobs running", f"{running:,}", f"of {words.counted(len(rows), 'job')} in this release"),
            ("Failed or stopped", f"{len(failed):,}", ", ".join(failed[:3]) or "none"),
            (
                "Objects complete",
                f"{complete / objects:.0%}" if objects else "–",
                f"{complete:,} of {words.counted(objects, 'object')} have all answers asked for",
            ),
        )
    )


def states(release: Source, where: Where) -> None:
    """How far each job is."""
    st.subheader("How far are the jobs?", anchor="states")
    answer = jobs.states(release.connection, where)
    names = list(dict.fromkeys(answer.column("job_name")))
    drawn = panel.only(answer.table, "job_name", names[: panel.MOST_ROWS])
    left_out = f" The first {panel.MOST_ROWS} of {len(names):,} are drawn." if len(names) > panel.MOST_ROWS else ""
    panel.chart(
        "Objects by state",
        answer,
        charts.stacked(drawn, part="job_name", amount="n_items", title="objects", is_share=False, colours=palette.DONE),
        note=f"n = {words.counted(sum(answer.column('n_items')), 'object')} in {words.counted(len(names), 'job')}; "
        "unfinished jobs first, then the newest. Complete: all answers asked for are in and passed the gate. No "
        f"interval: everything is counted.{left_out}",
        name="states",
    )
    listed = jobs.jobs(release.connection, where)
    links = [filters.link("agreement", job=name) for name in listed.column("job_name")]
    panel.table(
        "All jobs",
        listed,
        "job_name open status task_type complete n_objects n_failed n_answers n_workers answers_a_day media_h active_h "
        "created_at last_answer_at",
        shown=panel.with_column(listed.table, "open", links),
        note=f"n = {words.counted(listed.table.num_rows, 'job')}. Answers a day: over the days with an answer. Hours "
        "of work: idle time cut off.",
        name="jobs",
    )


def throughput(release: Source, where: Where) -> None:
    """What was done each day."""
    st.subheader("How fast does it go?", anchor="throughput")
    answer = jobs.throughput(release.connection, where)
    if answer.is_empty:
        panel.nothing_here("Nobody has answered yet.", {"Open the portal": "annolake up"})
        return
    left, right = st.columns(2, gap="large")
    days = words.counted(answer.table.num_rows, "day")
    with left:
        panel.chart(
            "Answers by day",
            answer,
            charts_days.done(answer.table, amount="n_answers", title="answers", tooltip=("n_complete",)),
            note=f"n = {words.counted(sum(answer.column('n_answers')), 'answer')} on {days} (UTC). No interval: "
            "everything is counted.",
            name="answers",
        )
    with right:
        panel.chart(
            "Hours of work by day",
            answer,
            charts_days.done(answer.table, amount="active_h", title="hours", tooltip=("media_complete_h",)),
            note=f"n = {sum(answer.column('active_h')):,.1f} hours on {days} (UTC), idle time cut off. No interval.",
            name="work",
        )


def failures(release: Source, where: Where) -> None:
    """What did not come out."""
    st.subheader("What failed, and why?", anchor="failures")
    answer = jobs.failures(release.connection, where)
    if answer.is_empty:
        st.caption("Nothing: no object failed, every task was answered, and the gate let every row through.")
        return
    panel.table(
        "",
        answer,
        "what reason n_rows n_items n_jobs example last_at",
        shown=panel.with_column(answer.table, "what", [KINDS.get(kind, kind) for kind in answer.column("kind")]),
        note=f"n = {sum(answer.column('n_rows')):,} in {words.counted(answer.table.num_rows, 'reason')}, the most "
        "first. Rows in quarantine: the page Data quality has them.",
        name="failures",
    )


def batches(release: Source, where: Where) -> None:
    """Batches through their levels."""
    st.subheader("Where are the batches?", anchor="batches")
    answer = jobs.batches(release.connection, where)
    if answer.is_empty:
        panel.nothing_here(
            "These jobs belong to no batch.", {"Start a batch of levels": "annolake batch create batch.json"}
        )
        return
    panel.table(
        "",
        answer,
        "batch_id level n_jobs n_completed_jobs n_failed_jobs complete n_objects n_failed n_answers created_at "
        "last_answer_at",
        note=f"n = {words.counted(len(set(answer.column('batch_id'))), 'batch', 'batches')}, the newest first, a row a "
        "level.",
        name="batches",
    )


page()
