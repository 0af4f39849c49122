"""Disputes: which disagreements are worth an expert's time, and the manifest that sends them there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import altair as alt
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboards import charts, filters, jump, palette, panel, words
from dashboards.data import Where, disputes, scope
from dashboards.source import Source, settings

KIND_NAMES = {
    "label": "another label",
    "missing": "missed by somebody",
    "extra": "seen by few",
    "boundary": "begin or end",
    "box": "boxes",
}

MOST_DOTS = 60
"""Up to so many objects each has its dot on the line."""


def page() -> None:
    """Draw the page."""
    st.title("Disputes")
    release = panel.open_or_explain()
    if release is None:
        return
    scopes = scope.scopes(release.connection)
    if scopes.is_empty:
        panel.no_answers()
        return
    where = filters.jobs_and_layers(scopes)
    kinds = st.pills(
        "Kinds", list(KIND_NAMES), selection_mode="multi", format_func=KIND_NAMES.__getitem__, key="kind",
        help="Nothing chosen means all.", **filters.URL,
    )  # fmt: skip
    row = disputes.summary(release.connection, where, kinds).table.to_pylist()[0]
    if not row["n_disputes"]:
        panel.nothing_here(
            "Nothing of this choice is disputed: where two or more annotators answered, they say the same, or nobody "
            "answered twice."
        )
        return
    tiles(row)
    queue(release, where, kinds, row["n_disputes"])
    send(release, where, kinds)


def tiles(row: dict[str, Any]) -> None:
    """How much there is, and what it would settle."""
    items = f"{row['gain_items']:,.1f} labels or boxes"
    wrong = length(row["gain_s"]) if row["gain_s"] or not row["gain_items"] else items
    beside = f", and {items}" if row["gain_s"] and row["gain_items"] else ""
    shown = [
        ("Disputes", f"{row['n_disputes']:,}", f"in {words.counted(row['n_items'], 'object')}"),
        ("To listen to", length(row["listen_s"]), "disputed stretches of media, one after the other"),
        ("Labeled wrong now", wrong, f"by expectation{beside}; what an expert would settle"),
    ]
    panel.tiles(shown)


def length(seconds: float) -> str:
    """Minutes, or seconds where that is under one."""
    return f"{seconds / 60:,.1f} min" if seconds >= 60 else f"{seconds:.0f} s"


def queue(release: Source, where: Where, kinds: Sequence[str], n: int) -> None:
    """The disputes, what to look at first on top."""
    st.subheader("What to look at first?", anchor="queue")
    answer = disputes.disputes(release.connection, where, kinds)
    rows = answer.table.to_pylist()
    shown = panel.with_column(
        answer.table.drop_columns(["kind", "labels"]), "kind", [KIND_NAMES[r["kind"]] for r in rows]
    )
    shown = panel.with_column(
        shown, "labels", [" or ".join(x or "nothing" for x in json.loads(r["labels"])) for r in rows]
    )
    shown = panel.with_column(shown, "gain", [words.gain(r) for r in rows])
    jump.table(
        "",
        answer,
        "place item labels kind t_start_s length_s gain disagreeing n_annotators layer job_name",
        to=[
            jump.address(r["job_name"], r["object_id"], layer=r["layer"], start_s=r["t_start_s"])
            if r["t_end_s"] is not None
            else jump.address(r["job_name"], r["object_id"])
            for r in rows
        ],
        shown=shown,
        note=f"n = {words.counted(n, 'dispute')}{words.listed(len(rows), n)}. Click one to hear it. "
        "Place: by gain, within job and layer. Gain: what is labeled wrong now by expectation of the one-coin model, "
        "which has no interval.",
        name="disputes",
    )


def send(release: Source, where: Where, kinds: Sequence[str]) -> None:
    """How many objects are worth sending, and the manifest of exactly those."""
    st.subheader("Send them to the next level", anchor="send")
    answer = disputes.objects(release.connection, where, kinds)
    tasks = list(dict.fromkeys(answer.column("task_type")))
    left, right = st.columns([1, 2], gap="large")
    task = left.selectbox("Task", tasks, format_func=lambda t: t.replace("_", " "), key="task", **filters.URL)
    rows = answer.table.filter(pc.equal(answer.table["task_type"], task))
    most, whole = rows.num_rows, int(rows["n_objects"][0].as_py())
    n = most if most < 2 else left.slider("Objects", 1, most, min(most, 10), key="send", **filters.URL)
    settled = float(rows["settled"][n - 1].as_py() or 0)
    share = f"{settled:.0%}" if settled >= 0.1 else f"{settled:.1%}"
    left.markdown(f"The first **{words.counted(n, 'object')}** of {whole:,} settle **{share}** of the expected gain.")
    with right:
        panel.chart(
            "What the first objects settle",
            answer,
            settles(rows, n),
            note=f"n = {words.counted(whole, 'object')} with a dispute. Share of the expected gain. No "
            "interval: an expectation of the model, for this release.",
            name="settles",
        )
    manifest(release, where, rows.slice(0, n), kinds)


def settles(rows: pa.Table, n: int) -> charts.Chart:
    """Share of the gain by the number of objects; the choice is marked."""
    base = alt.Chart(rows).encode(
        x=alt.X("nth:Q", title="objects, the most disputed first", axis=alt.Axis(tickMinStep=1, format="d")),
        y=alt.Y("settled:Q", title="settled", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%")),
        tooltip=[alt.Tooltip("item:N"), alt.Tooltip("n_disputes:Q"), alt.Tooltip("settled:Q", format=".0%")],
    )
    chosen = alt.datum.nth == n
    line = base.mark_line(color=palette.BLUE, strokeWidth=2.5, interpolate="monotone")
    dots = base.mark_point(color=palette.BLUE, filled=True, size=45, opacity=1)
    mark = base.transform_filter(chosen).mark_point(
        color=palette.MARK, shape="diamond", filled=True, size=170, opacity=1
    )
    layers = [line, dots, mark] if rows.num_rows <= MOST_DOTS else [line, mark]
    return alt.layer(*layers).properties(height=200)


def manifest(release: Source, where: Where, chosen: pa.Table, kinds: Sequence[str]) -> None:
    """The manifest of exactly these objects, and how to start the level with it."""
    from annolake.errors import ManifestError  # noqa: PLC0415
    from annolake.manifest.write import manifest_text  # noqa: PLC0415

    answer = disputes.to_send(release.connection, where, chosen.to_pylist(), kinds)
    lines = disputes.manifest_lines(answer.table.to_pylist())
    unregistered = sum(not row["uri"] for row in answer.table.to_pylist())
    if unregistered:
        st.warning(f"{words.counted(unregistered, 'object')} cannot be sent: the media is not registered.")
    try:
        text = manifest_text(lines, "disputes.manifest")
    except ManifestError as error:
        panel.nothing_here(error.message)
        return
    st.download_button(
        f"Manifest of {words.counted(len(lines), 'object')}", text, "disputes.manifest", "application/jsonlines",
        key="manifest", on_click="ignore", icon=":material/download:", type="primary",
    )  # fmt: skip
    assets = json.dumps({"assets": [line["asset-id"] for line in lines]})
    st.markdown(
        f"A Ground Truth input manifest with these objects and no others; each line carries its disputes. To start the "
        f"level, trigger the DAG `label_batch` with their ids, in [Airflow]({settings().airflow_url}/dags/label_batch) "
        "or by:"
    )
    st.code(f"airflow dags trigger label_batch --conf '{assets}'", language="bash", wrap_lines=True)
    with st.expander("Show SQL", type="compact"):
        st.code(answer.sql, language="sql")


page()
