"""Filters: job and layer, kept in the URL, the same on every page; a link opens the same view."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import streamlit as st

from dashboards import words
from dashboards.data import Answer, Where

URL: Any = {"bind": "query-params", "persist_state": "session"}


def jobs_and_layers(scopes: Answer) -> Where:
    """Which jobs and layers the page shows; nothing chosen means all."""
    rows = scopes.table.to_pylist()
    left, right = st.columns(2)
    jobs = left.multiselect("Jobs", sorted({r["job_name"] for r in rows}), key="job", placeholder="All jobs", **URL)
    layers = [r["layer"] for r in rows if not jobs or r["job_name"] in jobs]
    chosen = right.multiselect(
        "Layers", list(dict.fromkeys(layers)), key="layer", placeholder="All layers", **URL,
        help="A layer is one thing that was asked: a track of segments, or a question about the clip.",
    )  # fmt: skip
    return Where(tuple(jobs), tuple(chosen))


def jobs_and_one_layer(scopes: Answer) -> Where:
    """Which jobs, and the one layer: labels of different layers answer different questions."""
    rows = scopes.table.to_pylist()
    left, right = st.columns(2)
    jobs = left.multiselect("Jobs", sorted({r["job_name"] for r in rows}), key="job", placeholder="All jobs", **URL)
    layers = list(dict.fromkeys(r["layer"] for r in rows if r["n_labels"] and (not jobs or r["job_name"] in jobs)))
    layer = right.selectbox(
        "Layer", layers, key="one_layer", **URL,
        help="Labels of different layers answer different questions, so they are counted apart.",
    )  # fmt: skip
    return Where(tuple(jobs), (layer,) if layer else ())


def jobs_only(names: list[str]) -> Where:
    """Which jobs the page shows; nothing chosen means all."""
    jobs = st.multiselect("Jobs", names, key="job", placeholder="All jobs", width=640, **URL)
    return Where(tuple(jobs))


def jobs_and_headline(scopes: Answer) -> tuple[Where, tuple[str, str] | None]:
    """Which jobs, and the job and layer whose agreement stands for them: the most labeled where none is chosen."""
    rows = scopes.table.to_pylist()
    left, right = st.columns(2)
    jobs = left.multiselect("Jobs", sorted({r["job_name"] for r in rows}), key="job", placeholder="All jobs", **URL)
    where = Where(tuple(jobs))
    return where, one_scope(right, scopes, where, "Headline", key="headline", meaning="Whose agreement stands on top.")


def one_scope(
    place: Any, scopes: Answer, where: Where, title: str, *, key: str, meaning: str | None = None
) -> tuple[str, str] | None:
    """One job and layer of those that the filters leave; None where there is none."""
    choices = {
        words.scope(r["job_name"], r["layer"]): (r["job_name"], r["layer"])
        for r in scopes.table.to_pylist()
        if (not where.jobs or r["job_name"] in where.jobs) and (not where.layers or r["layer"] in where.layers)
    }
    chosen = place.selectbox(title, list(choices), key=key, help=meaning, **URL)
    return choices.get(chosen) if chosen else None


def link(page: str, **filters: str) -> str:
    """The address of a page with its filters, from any page."""
    return f"{page}?{urlencode(filters, quote_via=quote)}"
