"""The alerts that stand, as they are now: an alert is noted after the release that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from annolake.alerts.channels import FILTERS
from annolake.alerts.rules import rules
from dashboards import panel, source, words
from dashboards.data import Where, overview
from dashboards.source import Source

MOST_ALERTS = 12
GOING = "going_to"
SHARED = ("job", "layer")
ICONS = {"fail": ":material/error:", "warn": ":material/warning:"}


def section(release: Source, where: Where) -> None:
    """Each alert in its sentence, which leads to the page that shows more."""
    if going := st.session_state.pop(GOING, None):
        st.switch_page(going[0], query_params=going[1])
    st.subheader("What needs somebody?", anchor="alerts")
    answer = overview.alerts(source.of_now(release), where)
    if answer.is_empty:
        st.caption("No alert stands. The rules: sql/alerts; evaluate them now with `annolake alerts check`.")
        return
    rows = answer.table.to_pylist()
    for number, row in enumerate(rows[:MOST_ALERTS]):
        one(release, row, number)
    left = f" The newest {MOST_ALERTS} are shown; all: `annolake alerts list`." if len(rows) > MOST_ALERTS else ""
    st.caption(
        f"n = {words.counted(len(rows), 'alert')}. One is raised when the whole interval of its figure is past the "
        f"threshold, and stands until the figure is back.{left}"
    )
    panel.take_away(answer, "alerts")


def one(release: Source, row: Mapping[str, Any], number: int) -> None:
    """One alert; a click leads to its page, filtered to what it is about."""
    rule = rules().get(row["rule"])
    page = f"views/{rule.page if rule else 'overview'}.py"
    filters = {name: str(row[part]) for part, name in FILTERS.items() if row.get(part)}
    icon = ICONS.get(row["severity"], ICONS["warn"])
    with st.container(border=True, gap=None):
        text = f"{spoken(row['text'], release)} :material/arrow_forward:"
        st.button(text, key=f"alert-{number}", icon=icon, type="tertiary", on_click=choose, args=(page, filters))
        about = f" · n = {row['n']:,} {rule.minimum_unit.split(',')[0]} · {rule.name}" if rule else ""
        st.caption(f"since {source.age(row['happened_at'])}{about}")


def choose(page: str, filters: Mapping[str, str]) -> None:
    """Go to a page with the next run, filtered. Filters that pages share are the session's, not the address's."""
    st.session_state[GOING] = (page, {name: value for name, value in filters.items() if name != "job"})
    for name in SHARED:
        if name in filters:
            st.session_state[name] = [filters[name]]


def spoken(text: str, release: Source) -> str:
    """The sentence with names for those who may see them, and nothing that Markdown would read."""
    for worker, name in release.names.items():
        text = text.replace(worker, name)
    for mark in "\\`*_[]$~":
        text = text.replace(mark, f"\\{mark}")
    return text
