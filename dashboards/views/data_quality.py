"""Data quality: do the checks hold, what was kept out of the tables and why, and is it getting better?"""

from __future__ import annotations

import streamlit as st

from dashboards import charts, charts_days, filters, palette, panel, words
from dashboards.data import Where, data_quality, scope
from dashboards.source import Source

SEVERITIES = {"fail": "holds the release", "warn": "reports only"}


def page() -> None:
    """Draw the page."""
    st.title("Data quality")
    release = panel.open_or_explain()
    if release is None:
        return
    where = filters.jobs_only(sorted(set(scope.scopes(release.connection).column("job_name"))))
    summary = data_quality.severities(release.connection, where)
    if summary.is_empty:
        panel.nothing_here("No landing has been checked in this release.", {"Land a job": "annolake land JOB"})
        return
    glance(release, where)
    checks(release, where)
    trend(release, where)
    quarantine(release, where)
    refused(release, where)
    docs(release)


def glance(release: Source, where: Where) -> None:
    """How many checks hold, by severity."""
    rows = {r["severity"]: r for r in data_quality.severities(release.connection, where).table.to_pylist()}
    rules = data_quality.rules(release.connection, where)
    kept_out = sum(rules.column("n_rows"))
    tiles = []
    for severity, meaning in SEVERITIES.items():
        row = rows.get(severity, {"n_checks": 0, "n_broken": 0, "n_rows": 0, "n_jobs": 0})
        tiles.append(
            (
                f"Checks of severity {severity} that do not hold",
                f"{row['n_broken']:,} of {row['n_checks']:,}",
                f"{meaning}; {words.counted(row['n_rows'], 'row')} affected, of the last landing of "
                f"{words.counted(row['n_jobs'], 'job')}",
            )
        )
    by = words.counted(rules.table.num_rows, "rule")
    panel.tiles((*tiles, ("Rows in quarantine", f"{kept_out:,}", f"broke {by}; they are in no silver or gold table")))


def checks(release: Source, where: Where) -> None:
    """The checks that do not hold."""
    st.subheader("Which checks do not hold?", anchor="checks")
    answer = data_quality.broken(release.connection, where)
    if answer.is_empty:
        st.caption("Every check of the last landing of every job holds.")
        return
    panel.table(
        "",
        answer,
        "severity job_name table_name check_name n_failed n_rows share detail landed_at",
        note=f"n = {words.counted(answer.table.num_rows, 'check')} of the last landing of each job; those that hold a "
        "release first.",
        name="checks",
    )


def trend(release: Source, where: Where) -> None:
    """Broken checks by day."""
    st.subheader("Is it getting better?", anchor="trend")
    answer = data_quality.trend(release.connection, where)
    panel.chart(
        "Checks that did not hold, by day of landing",
        answer,
        charts_days.done(
            answer.table,
            amount="n_broken",
            title="checks",
            colour=("severity", {s: palette.SEVERITIES[s] for s in SEVERITIES}),
            tooltip=("n_checks", "n_rows"),
        ),
        note=f"n = {words.counted(sum(answer.column('n_checks')), 'check')} on "
        f"{words.counted(len(set(answer.column('day'))), 'day')} (UTC). No interval: everything is counted.",
        name="check-trend",
    )


def quarantine(release: Source, where: Where) -> None:
    """What was kept out, and the rows themselves."""
    st.subheader("What was kept out, and why?", anchor="quarantine")
    answer = data_quality.rules(release.connection, where)
    if answer.is_empty:
        st.caption("Nothing: every row passed the quality gate.")
        return
    drawn, left_out = panel.first(answer.table, "rules", "most broken")
    panel.chart(
        "Rows by rule",
        answer,
        charts.bars(drawn, y="rule", amount="n_rows", title="rows", tooltip=("n_jobs", "n_items", "example")),
        note=f"n = {words.counted(sum(answer.column('n_rows')), 'row')}. What each rule asks: docs/tables.md. No "
        f"interval: everything is counted.{left_out}",
        name="rules",
    )
    rule = st.selectbox("Rows that broke", answer.column("rule"), key="rule", **filters.URL)
    rows = data_quality.quarantine(release.connection, where, rule)
    panel.table(
        "",
        rows,
        "reason job_name object_id worker_id row_key source_uri landed_at",
        shown=panel.named(rows.table, release, "worker_id"),
        note=f"n = {rows.table.num_rows:,}, at most {data_quality.MOST_ROWS:,}; all: `annolake quarantine list`.",
        name="quarantine",
    )


def refused(release: Source, where: Where) -> None:
    """Inputs that never became rows."""
    answer = data_quality.refused(release.connection, where)
    if answer.is_empty:
        return
    panel.table(
        "Inputs that could not be landed",
        answer,
        "kind reason n_rows example last_at",
        note=f"n = {words.counted(sum(answer.column('n_rows')), 'input')}, by reason.",
        name="refused",
    )


def docs(release: Source) -> None:
    """Great Expectations' pages."""
    st.subheader("Data Docs", anchor="docs")
    place = release.terms.data_docs
    if place.startswith(("http://", "https://")):
        st.link_button("Open the Data Docs", place, icon=":material/open_in_new:")
        return
    st.markdown("Great Expectations' pages of every landing are in this folder, one folder a job:")
    st.code(place or "<home>/data-docs", language=None)
    st.caption("Publish it and set ANNOLAKE_DATA_DOCS_URL to have a link here.")


page()
