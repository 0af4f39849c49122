"""Filters: job and layer, kept in the URL, the same on every page; a link opens the same view."""

from __future__ import annotations

from typing import Any

import streamlit as st

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
