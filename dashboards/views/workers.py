"""Workers: who can be relied on, who is fast, who is early or late, and what does one of them do differently?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import charts_days, charts_spread, filters, jump, panel, people, words
from dashboards.data import TENTATIVE, Where, scope, workers
from dashboards.data.workers import Scope
from dashboards.source import Source

AGAINST: dict[Scope, str] = {"others": "the other annotators", "gold": "the known truth"}


def page() -> None:
    """Draw the page."""
    st.title("Workers")
    release = panel.open_or_explain()
    if release is None:
        return
    scopes = scope.scopes(release.connection)
    if scopes.is_empty:
        panel.no_answers()
        return
    left, right = st.columns(2)
    chosen = filters.one_scope(left, scopes, Where(), "Job and layer", key="workers_of")
    if chosen is None:
        return
    answer = workers.workers(release.connection, *chosen)
    if answer.is_empty:
        panel.nothing_here(
            "No worker's quality was computed for this job and layer.",
            {"Land the job again when answers are in": f"annolake land {chosen[0]}"},
        )
        return
    ids = answer.column("worker_id")
    worker = choose(right, ids, release.names)
    everybody(release, chosen)
    if worker:
        one(release, chosen, worker, answer.table.to_pylist()[ids.index(worker)])


def choose(place: DeltaGenerator, ids: list[str], names: Mapping[str, str]) -> str | None:
    """The worker that the address names, else the first. The address keeps the pseudonym, whatever is shown for it.

    Streamlit's own binding would write the shown name into the address, and so into links and logs.
    """
    named = st.query_params.get("worker") or st.session_state.get("worker_kept")
    if named in ids and st.session_state.get("worker") != named:
        st.session_state["worker"] = named  # the address leads
    elif st.session_state.get("worker") not in ids:
        st.session_state.pop("worker", None)  # of another job

    def moved() -> None:
        st.query_params["worker"] = st.session_state["worker_kept"] = st.session_state["worker"]

    chosen: str | None = place.selectbox(
        "Worker", ids, key="worker", format_func=lambda w: names.get(w, w), on_change=moved,
        help="Whose history, confusion, offsets and objects stand below. First whoever has the lowest bound.",
    )  # fmt: skip
    return chosen


def everybody(release: Source, chosen: tuple[str, str]) -> None:
    """All workers of the job and layer."""
    st.subheader("Who can be relied on?", anchor="everybody")
    answer = workers.workers(release.connection, *chosen)
    people.quality_and_speed(release, answer)
    has_offsets = any(v is not None for v in answer.column("offset_s"))
    if has_offsets:
        left, right = st.columns(2, gap="large")
        with left:
            people.with_others(release, answer)
        with right:
            people.early_or_late(release, answer)
    else:
        people.with_others(release, answer)
    people.figures(release, answer)


def one(release: Source, chosen: tuple[str, str], worker: str, row: Mapping[str, Any]) -> None:
    """One worker: history, confusion, offsets, objects."""
    st.subheader(f"What does {release.names.get(worker, worker)} do differently?", anchor="one")
    panel.tiles((quality(row), known_truth(row), drift(row)))
    left, right = st.columns(2, gap="large")
    with left:
        history(release, chosen, worker, row)
    with right:
        offsets(release, chosen, worker)
    left, right = st.columns(2, gap="large")
    with left:
        confusion(release, chosen, worker)
    with right:
        objects(release, chosen, worker)


def quality(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Agreement with the others, its lower bound first."""
    name, n = "Agreement, at least", words.counted(row["n_items"], "object")
    if row["loo_agreement"] is None:
        return name, "–", f"Nothing to compare with; n = {n}."
    if row["loo_lo"] is None:
        return (
            name,
            "–",
            f"{row['loo_agreement']:.2f} without an interval: too few objects, or all say the same; n = {n}.",
        )
    told = words.status_shown(row).split(":")[0]
    return name, f"{row['loo_lo']:.2f}", (
        f"{row['loo_agreement']:.2f}, 95 %: {row['loo_lo']:.2f} to {row['loo_hi']:.2f}, n = {n}; {told}."
    )  # fmt: skip


def known_truth(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Accuracy on gold items."""
    name = "Right on gold items, at least"
    if not row["gold_n"] or row["gold_acc"] is None:
        return name, "–", "No object with a known truth was answered: `annolake gold add`."
    n = words.counted(row["gold_n"], "gold item")
    if row["gold_lo"] is None:
        return name, "–", f"{row['gold_acc']:.0%} without an interval; n = {n}."
    few = "; fewer than 50 tell little" if row["gold_n"] < 50 else ""
    return name, f"{row['gold_lo']:.0%}", (
        f"{row['gold_acc']:.0%}, 95 %: {row['gold_lo']:.0%} to {row['gold_hi']:.0%}, n = {n}{few}."
    )  # fmt: skip


def drift(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Whether the worker got worse over time."""
    rule = "Greatest fall of agreement over time against chance; alarm from 1.517 on (1 % of steady workers)"
    if row["is_drifting"] is None:
        return "Drift", "–", f"{rule}. From 20 objects up; n = {row['n_items']:,}."
    since = f" since {row['drift_at']:%-d %b %Y}" if row["drift_at"] else ""
    return "Drift", "fell" + since if row["is_drifting"] else "none seen", (
        f"{rule}: {row['drift_cusum']:.2f}, n = {words.counted(row['n_items'], 'object')}."
    )  # fmt: skip


def history(release: Source, chosen: tuple[str, str], worker: str, row: Mapping[str, Any]) -> None:
    """Agreement day by day."""
    answer = workers.history(release.connection, *chosen, worker)
    if answer.is_empty:
        panel.nothing_here("No day of this worker can be compared with others.")
        return
    lows = [v for c in ("loo_agreement", "loo_lo") for v in answer.column(c) if v is not None]
    marks = {row["drift_at"].date(): "fell after"} if row["drift_at"] else {}
    panel.chart(
        "Agreement with the others by day",
        answer,
        charts_days.ribbon(
            answer.table,
            value="loo_agreement",
            lo="loo_lo",
            hi="loo_hi",
            title="1 is full, 0 is chance",
            domain=(max(min([0.0, *lows]), -1.0), 1.0),
            lines={TENTATIVE: f"{TENTATIVE:g}"},
            marks=marks,
            tooltip=("n_items",),
        ),
        note=f"n = {words.counted(sum(answer.column('n_items')), 'object')} on "
        f"{words.counted(answer.table.num_rows, 'day')} (UTC). Band: 95 % interval over the day's objects.",
        name="history",
    )


def confusion(release: Source, chosen: tuple[str, str], worker: str) -> None:
    """What the worker says where the others, or the truth, say a label."""
    against = st.segmented_control(
        "Against", list(AGAINST), default="others", required=True, format_func=AGAINST.__getitem__, key="against",
        **filters.URL,
    )  # fmt: skip
    told = cast(Scope, against or "others")
    answer = workers.confusion(release.connection, *chosen, worker, told)
    if answer.is_empty:
        panel.nothing_here(
            "No gold item was answered here." if told == "gold" else "Nobody else answered the same objects."
        )
        return
    labels = list(dict.fromkeys(answer.column("true_label")))[: charts_spread.MOST_LABELS]
    rows = panel.only(answer.table, "true_label", labels)
    given = set(list(dict.fromkeys([*labels, *rows["given_label"].to_pylist()]))[: charts_spread.MOST_LABELS])
    drawn = panel.only(rows, "given_label", given)
    panel.chart(
        f"What is said where {AGAINST[told]} {'say' if told == 'others' else 'says'} a label",
        answer,
        charts_spread.matrix(
            drawn,
            y="true_label",
            x="given_label",
            y_title=AGAINST[told],
            x_title="this worker",
            share="share",
            tooltip=("mass", "prior"),
        ),
        note=f"n = {sum(answer.column('mass')):,.0f} seconds, or clips, compared. Each row adds up to 100 %. "
        "Without intervals: see the agreement above for how sure this is.",
        name="confusion",
    )


def offsets(release: Source, chosen: tuple[str, str], worker: str) -> None:
    """Signed offsets against each other annotator."""
    answer = workers.offsets(release.connection, *chosen, worker)
    if answer.is_empty:
        panel.nothing_here("No boundary of this worker could be matched with another's; labels of clips have none.")
        return
    panel.chart(
        "Boundaries: early or late",
        answer,
        charts_spread.around_zero(
            answer.table,
            start="offset_from",
            end="offset_to",
            count="n_pairs",
            title="seconds after the other annotator",
            of="objects × others",
            zero="same moment",
        ),
        note=f"n = {words.counted(sum(answer.column('n_pairs')), 'pair')} of an object and another annotator, each the "
        "median of its matched boundaries. No interval: every pair is in it.",
        name="one-offsets",
    )


def objects(release: Source, chosen: tuple[str, str], worker: str) -> None:
    """Where to listen."""
    answer = workers.items(release.connection, *chosen, worker)
    if answer.is_empty:
        panel.nothing_here("Nobody else answered the same objects.")
        return
    jump.table(
        "Objects, the most different from the others first",
        answer,
        "item observed expected residual n_others",
        to=[jump.address(r["job_name"], r["object_id"]) for r in answer.table.to_pylist()],
        note=f"n = {words.counted(answer.table.num_rows, 'object')}, {workers.MOST_ITEMS:,} at most. Click one to hear "
        "it. Agreement with the others, beside that of the others with each other.",
        name="worker-objects",
    )


page()
