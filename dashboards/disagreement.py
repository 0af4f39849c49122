"""Sections of the agreement page: which labels are told apart, which are confused, who differs from whom and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboards import charts, charts_spread, palette, panel, words
from dashboards.data import RELIABLE, TENTATIVE, Answer, Where, agreement
from dashboards.source import Source

MOST_PAIRS_DRAWN = 20
BAND_COLOURS = {words.BANDS[band]: colour for band, colour in palette.BANDS.items()}
LINES = {TENTATIVE: "tentative .667", RELIABLE: "reliable .8"}
PAIRS = {True: "below: the whole interval", False: "no clear difference"}
PAIR_COLOURS = {PAIRS[True]: palette.RED, PAIRS[False]: palette.BLUE}


def label_by_label(release: Source, where: Where) -> None:
    """Which labels can be used, and which need a better guideline."""
    answer = agreement.label_reliability(release.connection, where)
    measured = answer.with_all("alpha_binary")
    if not measured.num_rows:
        return
    st.subheader("Which labels can be relied on?", anchor="labels")
    rows = measured.to_pylist()
    many = len({(r["job_name"], r["layer"]) for r in rows}) > 1
    names = [f"{r['label']} · {words.scope(r['job_name'], r['layer'])}" if many else r["label"] for r in rows]
    told = panel.with_column(measured, "name", names)
    told = panel.with_column(told, "band_shown", [words.band_shown(r) for r in rows])
    drawn, left_out = panel.first(told, "labels", "lowest")
    panel.chart(
        "Alpha of each label against all others, with its 95 % interval",
        answer,
        charts.intervals(
            drawn,
            y="name",
            value="alpha_binary",
            lo="alpha_lo",
            hi="alpha_hi",
            title="alpha of: this label or not",
            colour=("band_shown", BAND_COLOURS),
            lines=LINES,
            tooltip=("n_items", "prevalence", "most_confused_with", "confused_share"),
        ),
        note=f"n = {words.counted(len(rows), 'label')}; objects of each: hover. Line: 95 % interval, a jackknife over "
        f"objects. A rare label needs more objects than a common one.{left_out}",
        name="label-reliability",
    )


def confused(release: Source, where: Where) -> None:
    """Labels that stand for each other, in minutes."""
    answer = agreement.confusions(release.connection, where)
    if answer.is_empty:
        return
    st.subheader("Which labels are confused?", anchor="confused")
    timed = answer.with_all("minutes")
    if timed.num_rows:
        drawn, left_out = panel.first(timed, "pairs of labels", "most confused", 12)
        many = has_several_scopes(answer)
        drawn = panel.with_column(drawn, "name", [confusion_name(r, many) for r in drawn.to_pylist()])
        panel.chart(
            "Minutes that one called this and another called that",
            answer,
            charts.bars(drawn, y="name", amount="minutes", title="minutes", tooltip=("lift", "n_items")),
            note=f"n = {sum(v for v in answer.column('minutes') if v):,.1f} minutes in "
            f"{words.counted(timed.num_rows, 'pair')} of labels; both directions together, annotators "
            "of one object compared two by two. No interval: "
            f"everything is counted. (nothing): not labeled.{left_out}",
            name="confused",
        )
    panel.table(
        "All confused labels",
        answer,
        "label_a label_b minutes answers lift n_items job_name layer",
        note=f"n = {words.counted(answer.table.num_rows, 'pair')} of labels. Lift: the amount over what chance alone "
        "would give; under 1 is less than chance.",
        name="confusions",
    )


def has_several_scopes(answer: Answer) -> bool:
    """Whether the rows are of more than one job and layer, so that each has to say of which it is."""
    return answer.table.group_by(["job_name", "layer"]).aggregate([]).num_rows > 1


def confusion_name(row: Mapping[str, Any], many: bool) -> str:
    """`A ↔ B`, with its job and layer where there are several."""
    name = f"{row['label_a']} ↔ {row['label_b']}"
    return f"{name} · {words.scope(row['job_name'], row['layer'])}" if many else name


def pairs(release: Source, where: Where) -> None:
    """Who differs from whom, beyond what the objects explain."""
    answer = agreement.pairs(release.connection, where)
    compared = answer.with_all("residual")
    if not compared.num_rows:
        return
    st.subheader("Who differs from whom?", anchor="pairs")
    drawn = panel.named(compared, release, "worker_a", "worker_b").slice(0, MOST_PAIRS_DRAWN)
    left_out = ""
    rows = drawn.to_pylist()
    many = has_several_scopes(answer)
    names = [
        f"{r['worker_a']} – {r['worker_b']}" + (f" · {words.scope(r['job_name'], r['layer'])}" if many else "")
        for r in rows
    ]
    drawn = panel.with_column(panel.with_column(drawn, "name", names), "told", [PAIRS[r["is_below"]] for r in rows])
    n, below = answer.column("n_compared")[0], answer.column("n_below")[0]
    if n > len(rows):
        left_out = (
            f" The {len(rows)} lowest of {n:,} pairs are drawn; the downloads have up to {agreement.MOST_PAIRS:,}."
        )
    panel.chart(
        "Agreement of two annotators, less that of the others on the same objects",
        answer,
        charts.intervals(
            drawn,
            y="name",
            value="residual",
            lo="residual_lo",
            hi="residual_hi",
            title="difference in observed agreement",
            colour=("told", PAIR_COLOURS),
            lines={0.0: "as the others"},
            is_signed=True,
            tooltip=("observed_agreement", "expected", "kappa_time", "n_items"),
        ),
        note=f"n = {words.counted(n, 'pair')} of annotators; objects of each: hover. Line: 95 % "
        f"interval, a jackknife over objects. {below:,} are wholly below; one in forty would be by chance."
        f"{left_out}",
        name="pairs",
    )


def offsets(release: Source, where: Where) -> None:
    """Who is early or late."""
    answer = agreement.offset_spread(release.connection, where)
    if answer.is_empty:
        return
    st.subheader("Who is early or late?", anchor="offsets")
    workers = list(dict.fromkeys(answer.column("worker_id")))
    kept = set(workers[: panel.MOST_ROWS // 2] + workers[-panel.MOST_ROWS // 2 :])
    drawn = panel.only(answer.table, "worker_id", kept)
    left_out = (
        f" The latest and earliest {len(kept)} of {len(workers):,} are drawn." if len(kept) < len(workers) else ""
    )
    panel.chart(
        "Signed offsets of boundaries, by worker",
        answer,
        charts_spread.strips(
            panel.named(drawn, release, "worker_id"),
            y="worker_id",
            start="offset_from",
            end="offset_to",
            share="share",
            title="seconds after the other annotator",
            zero="same moment",
            tooltip=("n_pairs", "n_pairs_worker"),
        ),
        note=f"n = {words.counted(sum(answer.column('n_pairs')), 'pair')} of an object and another annotator, each the "
        "median of its matched boundaries, in steps of 0.1 s; darker is a larger share of the worker's. The latest "
        f"worker first. No interval: every pair is in it.{left_out}",
        name="offset-spread",
    )
