"""Item: one object, everybody's timeline on its waveform, the disputed seconds to listen to, who said what when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboards import diff, jump, panel, words
from dashboards import player as players
from dashboards.data import Answer, Where, audit, item
from dashboards.source import Source

DIFF_CSS = """<style>
.diff { line-height: 1.6; margin: 0 0 .9rem; overflow-wrap: anywhere; }
.diff b { display: block; font-size: .85rem; }
.diff del { color: #b3261e; background: rgba(238, 102, 119, .22); }
.diff ins { background: rgba(68, 119, 170, .28); text-decoration-thickness: 2px; }
@media (prefers-color-scheme: dark) { .diff del { color: #ffb4ab; } }
</style>"""


LEAST_CHANGE_S = 0.05
"""Changes under this length show as 0.0 s, so they are none."""


def page() -> None:
    """Draw the page."""
    st.title("Item")
    release = panel.open_or_explain()
    if release is None:
        return
    choices = item.items(release.connection, Where())
    named = (parameter("of", "job"), parameter("item", "object"))
    if choices.is_empty and not all(named):
        panel.no_answers()
        return
    key = choose(choices, named)
    found = item.item(release.connection, *key).table.to_pylist()
    if not found:
        panel.nothing_here(
            f"Nobody answered object {key[1]} of job {key[0]} in this release.",
            {"See what jobs there are": "annolake jobs"},
        )
        return
    row = found[0]
    headline(row)
    timelines(release, row)
    left, right = st.columns(2, gap="large")
    with left:
        agreement(release, key)
    with right:
        classes(release, key)
    disputes(release, key)
    pairs(release, key)
    texts(release, key)
    chain(release, key)


def choose(choices: Answer, named: tuple[str, str]) -> tuple[str, str]:
    """The object that the address names, else the most disputed one; choosing another one changes the address."""
    offered = {(r["job_name"], r["object_id"]): told(r) for r in choices.table.to_pylist()}
    if all(named):
        offered = {**offered, named: offered.get(named, f"object {named[1]} · {named[0]}")}
    keys = list(offered)
    at = keys.index(named) if all(named) else 0

    def moved() -> None:
        chosen = st.session_state["object_of_job"]
        st.query_params.from_dict(jump.address(*chosen))

    if st.session_state.get("object_of_job") not in (None, keys[at]) and all(named):
        st.session_state["object_of_job"] = keys[at]  # the address leads
    chosen: tuple[str, str] = st.selectbox(
        "Object, the most disputed first", keys, index=at, format_func=offered.__getitem__, key="object_of_job",
        on_change=moved,
    )  # fmt: skip
    return chosen


def parameter(*names: str) -> str:
    """A part of the address, by any of its names; empty where there is none."""
    return next((st.query_params[name] for name in names if st.query_params.get(name)), "")


def told(row: Mapping[str, Any]) -> str:
    """An object in one line."""
    disputed = f" · {words.counted(row['n_disputes'], 'dispute')}" if row["n_disputes"] else ""
    return f"{row['item']} · {row['job_name']}{disputed}"


def headline(row: Mapping[str, Any]) -> None:
    """What it is, and where it stands."""
    level = f" · level {row['level']}" if row["level"] else ""
    length = f" · {row['duration_s']:.1f} s" if row["duration_s"] else ""
    status = f" · {row['status']}" if row["status"] else ""
    st.subheader(row["asset_name"] or f"object {row['object_id']}", anchor="object")
    st.markdown(
        f"{(row['task_type'] or 'unknown task').replace('_', ' ')}{length} · "
        f"{words.counted(row['n_annotators'], 'annotator')} · job `{row['job_name']}`{level}{status}"
    )


def moment() -> tuple[float | None, str | None]:
    """The second and the layer that the address opens; a text that is no number is none."""
    try:
        return float(parameter("t")), parameter("in", "layer") or None
    except ValueError:
        return None, None


def timelines(release: Source, row: Mapping[str, Any]) -> None:
    """The player."""
    key = (row["job_name"], row["object_id"])
    segments = item.segments(release.connection, *key)
    spans = item.disputes(release.connection, *key)
    if segments.is_empty and not row["uri"]:
        panel.nothing_here("No stretch of this object was marked, and its media is not registered.")
        return
    layers = players.layers_of(segments, item.annotators(release.connection, *key), release.names)
    at, layer = moment()
    players.player(row, players.media_of(row), layers, players.disputes_of(spans), at=at, layer=layer)
    if layers:
        st.caption(
            "Click a segment, or an orange mark on the waveform, to hear just that. Orange: two annotators say "
            "different things there; paler where only a boundary differs. *Consensus*: what more than half of them "
            f"say. n = {words.counted(row['n_annotators'], 'annotator')}; no interval: this is what they said."
        )
        panel.take_away(segments, "timelines")


def agreement(release: Source, key: tuple[str, str]) -> None:
    """Agreement of this object."""
    answer = item.agreement(release.connection, *key)
    if answer.is_empty:
        return
    because = [words.reason(code) if code else None for code in answer.column("reason_code")]
    panel.table(
        "How far do they agree on it?",
        answer,
        f"layer observed_agreement is_disputed boundary_f unit_f n_annotators{' because' if any(because) else ''}",
        shown=panel.with_column(answer.table.drop_columns(["reason_code"]), "because", because),
        note="Observed agreement: share of the time, or of the pairs of answers. One object has no interval.",
        name="item-agreement",
    )


def classes(release: Source, key: tuple[str, str]) -> None:
    """What each annotator said of the whole object."""
    answer = item.classes(release.connection, *key)
    if answer.is_empty:
        return
    panel.table(
        "What is said of the whole object",
        answer,
        "layer worker_id label consensus confidence differs",
        shown=panel.named(answer.table, release, "worker_id"),
        note=f"n = {words.counted(answer.table.num_rows, 'answer')}. Consensus: one-coin model, weighed by the "
        "skill of those who answered; its confidence is the posterior.",
        name="item-classes",
    )


def disputes(release: Source, key: tuple[str, str]) -> None:
    """Every disagreement, as the queue has it."""
    answer = item.disputes(release.connection, *key)
    if answer.is_empty:
        st.caption("No disagreement of this object is in the queue of disputes.")
        return
    rows = answer.table.to_pylist()
    shown = panel.with_column(answer.table, "about", [players.in_words(row) for row in rows])
    panel.table(
        "What is disputed",
        answer,
        "about t_start_s t_end_s disagreeing gain place",
        shown=panel.with_column(shown, "gain", [words.gain(row) for row in rows]),
        note=f"n = {words.counted(answer.table.num_rows, 'dispute')}. Gain: what is labeled wrong now by "
        "expectation. Place: in the queue of the job and layer. No interval: an expectation of a model.",
        name="item-disputes",
    )


def pairs(release: Source, key: tuple[str, str]) -> None:
    """Who differs from whom."""
    answer = item.pairs(release.connection, *key)
    if answer.is_empty:
        return
    panel.table(
        "Who differs from whom?",
        answer,
        "layer worker_a worker_b observed_agreement boundary_f unit_f offset_s n_offsets",
        shown=panel.named(answer.table, release, "worker_a", "worker_b"),
        note=f"n = {words.counted(answer.table.num_rows, 'pair')}, those furthest apart first. Offset: "
        "positive where the other marks later. One object has no interval.",
        name="item-pairs",
    )


def texts(release: Source, key: tuple[str, str]) -> None:
    """The texts, each against the one that is nearest to all."""
    answer = item.annotators(release.connection, *key)
    rows = [row for row in answer.table.to_pylist() if row["transcript"]]
    if not rows:
        return
    st.markdown("**What they heard**")
    nearest = diff.middle([row["transcript"] for row in rows])
    reference = rows[nearest]["transcript"]
    first = diff.as_html([("same", reference)])
    parts = [f'<p class="diff"><b>{name(rows[nearest], release)}, nearest to all</b>{first}</p>']
    parts += [
        f'<p class="diff"><b>{name(row, release)}</b>{diff.as_html(diff.diff(reference, row["transcript"]))}</p>'
        for n, row in enumerate(rows)
        if n != nearest
    ]
    st.html(DIFF_CSS + "".join(parts))
    st.caption(
        f"n = {words.counted(len(rows), 'text')}. Struck through: words of the first text that are missing here. "
        "Underlined: words that only this one has."
    )
    panel.take_away(answer, "texts")


def name(row: Mapping[str, Any], release: Source) -> str:
    """Who, safe in HTML."""
    from html import escape  # noqa: PLC0415

    return escape(release.names.get(row["worker_id"], row["worker_id"]))


def chain(release: Source, key: tuple[str, str]) -> None:
    """Who said what when and what came out, in all jobs about this media."""
    objects = audit.same_media(release.connection, *key)
    answer = audit.answers(release.connection, objects)
    if not answer.is_empty:
        changed = [what_changed(row) for row in answer.table.to_pylist()]
        panel.table(
            "Who said what, when",
            answer,
            "submitted_at job_name level task_type worker_id revision_no is_current n_segments labels changed "
            "compared_with time_spent_s source_uri",
            shown=panel.with_column(panel.named(answer.table, release, "worker_id"), "changed", changed),
            note=f"n = {words.counted(answer.table.num_rows, 'answer')} about this media in every job and level, the "
            "oldest first. Not counted: an earlier revision, or an answer that the quality gate rejected. Changed: "
            "seconds of a label, and labels of the whole object, against the consensus of the level before. No "
            "interval: this is what they did.",
            name="item-audit",
        )
    came_out = audit.outcomes(release.connection, objects)
    if not came_out.is_empty:
        panel.table(
            "What came out, level by level",
            came_out,
            "job_name level task_type outcome label confidence adjustment_status feedback labeled_at source_uri",
            note=f"n = {words.counted(came_out.table.num_rows, 'job')} with this media in its output. The label is "
            "that of the backend: a class, or the verdict of a verification.",
            name="item-outcomes",
        )


def what_changed(row: Mapping[str, Any]) -> str | None:
    """`+20.0 s, −20.0 s; dog → bird`, `nothing`; None where there is nothing to compare with, or it does not count."""
    if row["compared_with"] is None or not row["is_current"]:
        return None
    told = [row["relabeled"]] if row["relabeled"] else []
    if row["added_s"] is not None and max(row["added_s"], row["removed_s"]) >= LEAST_CHANGE_S:
        told.insert(0, f"+{row['added_s']:.1f} s, −{row['removed_s']:.1f} s")
    return "; ".join(told) or "nothing"


page()
