"""Overview: is the work on its way, can its labels be relied on, what does it cost, what needs somebody today?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import ceil
from typing import Any

import streamlit as st

from dashboards import charts_days, filters, palette, panel, standing, words
from dashboards.data import Answer, Where, agreement, overview, scope
from dashboards.source import Source, Terms


def page() -> None:
    """Draw the page."""
    st.title("Overview")
    release = panel.open_or_explain()
    if release is None:
        return
    scopes = scope.scopes(release.connection)
    progress = overview.progress(release.connection, Where())
    if scopes.is_empty and not progress.column("n_jobs")[0]:
        panel.no_answers()
        return
    where, headline = filters.jobs_and_headline(scopes)
    alphas = agreement.measure(release.connection, where)
    finish = overview.finish(release.connection, where, release.released_at.date())
    figures(release, where, headline, alphas, finish)
    standing.section(release, where)
    left, right = st.columns(2, gap="large")
    with left:
        trend(release, headline)
    with right:
        burndown(release, where, finish)
    layers(alphas)


def figures(release: Source, where: Where, headline: tuple[str, str] | None, alphas: Answer, finish: Answer) -> None:
    """Six figures, each with what it rests on."""
    progress = overview.progress(release.connection, where)
    row = progress.table.to_pylist()[0]
    disputes = overview.disputes(release.connection, where).table.to_pylist()[0]
    panel.tiles(
        (
            accepted(row, finish.table.to_pylist()[0], release.released_at.date()),
            reliability(headline, alphas),
            cost(row, release.terms),
            (
                "Open disputes",
                f"{disputes['n_disputes']:,}",
                f"in {words.counted(disputes['n_items'], 'object')}; where annotators said different things",
            ),
            share("Labeled twice", row["n_twice"], row["n_objects"], "have two or more annotators; agreement needs it"),
            share("Gold coverage", row["n_gold"], row["n_objects"], "have a known truth to score annotators against"),
        )
    )
    panel.take_away(progress, "progress")


def accepted(row: Mapping[str, Any], finish: Mapping[str, Any], today: date) -> tuple[str, str, str]:
    """Media against the plan; an estimated finish with its interval where work is left."""
    if row["media_h"]:
        value = f"{hours(row['media_complete_h'], row['media_h']).split()[0]} of {hours(row['media_h'])}"
    else:
        value = f"{row['n_complete']:,} of {row['n_objects']:,}"
    objects = f"{row['n_complete']:,} of {words.counted(row['n_objects'], 'object')} have all answers asked for"
    return ("Media accepted" if row["media_h"] else "Objects accepted"), value, f"{objects}. {until(finish, today)}"


def until(finish: Mapping[str, Any], today: date) -> str:
    """When the rest will be done, in words."""
    if not finish["n_left"]:
        return "Nothing is left."
    if not finish["a_day"]:
        return f"No object was finished in the last {overview.PACE_DAYS} days: no estimate."
    expected = day_after(today, finish["days_left"])
    if finish["days_least"] is None:
        return f"At the pace so far done by {expected}; too few days for an interval."
    soonest = day_after(today, finish["days_least"])
    if finish["days_most"] is None:
        return f"Done by about {expected} (95 %: from {soonest} on, without an upper end: the pace varies too much)."
    return f"Done by about {expected} (95 %: {soonest} to {day_after(today, finish['days_most'])})."


def day_after(today: date, days: float) -> str:
    """A day so many days from today, as far as anybody plans."""
    return f"{today + timedelta(days=ceil(days)):%-d %b %Y}" if days < 3650 else "in over ten years"


def hours(h: float, of: float | None = None) -> str:
    """Hours, or minutes where they, or what they are a part of, are under one."""
    return f"{h:,.1f} h" if (of or h) >= 1 else f"{h * 60:,.1f} min"


def reliability(headline: tuple[str, str] | None, alphas: Answer) -> tuple[str, str, str]:
    """The lower bound of the headline's alpha, with its band and chance floor."""
    name = "Agreement, at least"
    rows = alphas.table.to_pylist()
    row = next((r for r in rows if (r["job_name"], r["layer"]) == headline), None)
    if row is None or row["value"] is None:
        because = words.reason(row["reason_code"]) if row else "no agreement was computed"
        return name, "–", f"No figure: {because}."
    reliable = sum(r["band"] == "reliable" for r in rows)
    more = f" {reliable} of {words.counted(len(rows), 'layer')} reliable." if len(rows) > 1 else ""
    floor = "" if row["chance_floor"] is None else f" Chance floor {row['chance_floor']:.2f}."
    if row["ci_lo"] is None:
        return name, "–", f"alpha {row['value']:.2f} without an interval: {words.reason(row['reason_code'])}.{more}"
    return (
        name,
        f"{row['ci_lo']:.2f}",
        f"alpha {row['value']:.2f}, 95 %: {row['ci_lo']:.2f} to {row['ci_hi']:.2f}, "
        f"n = {words.counted(row['n_items'], 'object')}; {words.band_told(row)}.{floor}{more}",
    )


def cost(row: Mapping[str, Any], terms: Terms) -> tuple[str, str, str]:
    """Money an accepted hour where a price is set, else the hours of work alone."""
    name = "Cost of an accepted hour"
    work = row["h_per_media_h"]
    if not work:
        return name, "–", "No media is complete yet, or its length or the time worked is not known."
    rate = f"{work:,.1f}" if work >= 0.1 else f"{work:.2g}"
    worked = f"{rate} hours of work an hour of accepted media ({hours(row['active_h'])} worked in all, idle cut off)"
    if not terms.hour_price:
        return name, "–", f"{worked}. No price is set: ANNOLAKE_WORKER_HOUR_PRICE."
    return name, f"{work * terms.hour_price:,.2f} {terms.currency}", f"{worked}, at {terms.hour_price:,.2f} an hour."


def share(name: str, part: int, whole: int, meaning: str) -> tuple[str, str, str]:
    """A share of the objects."""
    value = f"{part / whole:.0%}" if whole else "–"
    return name, value, f"{part:,} of {words.counted(whole, 'object')} {meaning}."


def trend(release: Source, headline: tuple[str, str] | None) -> None:
    """Agreement by day."""
    st.subheader("Is agreement holding?", anchor="trend")
    answer = overview.trend(release.connection, *headline) if headline else None
    if answer is None or headline is None or answer.is_empty:
        panel.nothing_here("No day has objects that two people annotated.")
        return
    days = answer.column("day")
    floor = answer.column("chance_floor")[0]
    marks = {d: name for d, name in release.terms.guidelines.items() if min(days) <= d <= max(days)}
    panel.chart(
        f"Observed agreement by day: {words.scope(*headline)}",
        answer,
        charts_days.ribbon(
            answer.table,
            value="value",
            lo="ci_lo",
            hi="ci_hi",
            title="share that agrees",
            domain=(0, 1),
            lines={} if floor is None else {floor: f"chance floor {floor:.2f}"},
            marks=marks,
            alarm="is_alarm",
            tooltip=("n_items",),
        ),
        note=f"n = {words.counted(sum(answer.column('n_items')), 'object')} on {words.counted(len(days), 'day')} "
        "(UTC); of each day: hover. Band: 95 % interval over objects, from three up. Red diamond: wholly under all "
        f"earlier days. {'Upright lines: the guideline changed.' if marks else ''}",
        name="trend",
    )


def burndown(release: Source, where: Where, finish: Answer) -> None:
    """What is left, day by day, and where that leads."""
    st.subheader("When will it be done?", anchor="burndown")
    answer = overview.burndown(release.connection, where)
    if answer.is_empty:
        panel.nothing_here("Nobody has answered yet.", {"See how the jobs are": "annolake jobs"})
        return
    row = finish.table.to_pylist()[0]
    if not any(answer.column("n_items")):
        st.caption("Nothing is left: every object had all answers asked for by the end of the first day.")
        panel.take_away(answer, "burndown")
        return
    today = release.released_at.date()
    ends = None
    if row["n_left"] and row["days_least"] is not None and row["days_left"] < 3650:
        most = row["days_most"]
        latest = today + timedelta(days=ceil(most)) if most is not None and most < 3650 else None
        ends = (today + timedelta(days=ceil(row["days_least"])), today + timedelta(days=ceil(row["days_left"])), latest)
    pace = ""
    if row["a_day"] and row["days_least"] is not None:
        pace = (
            f" Pace: {row['a_day']:.1f} objects a day (95 %: {row['a_day_lo']:.1f} to {row['a_day_hi']:.1f}) "
            f"over the last {row['n_days']} days."
        )
    panel.chart(
        "Objects that are left, by state",
        answer,
        charts_days.left_over(answer.table, palette.LEFT, ends, "objects left"),
        note=f"n = {row['n_left']:,} left of the plan. No interval: everything is counted; the line on the "
        f"axis is the 95 % interval of the finish.{pace} {until(row, today)}",
        name="burndown",
    )


def layers(alphas: Answer) -> None:
    """Every job and layer, the weakest first, leading to its page."""
    if alphas.is_empty:
        return
    st.subheader("Which labels can be relied on?", anchor="layers")
    rows = alphas.table.to_pylist()
    told = {"value": "alpha", "ci_lo": "alpha_lo", "ci_hi": "alpha_hi", "chance_floor": "alpha_chance"}
    shown = alphas.table.rename_columns([told.get(name, name) for name in alphas.table.column_names])
    shown = panel.with_column(shown, "verdict", [words.verdict(r) for r in rows])
    shown = panel.with_column(
        shown, "open", [filters.link("agreement", job=r["job_name"], layer=r["layer"]) for r in rows]
    )
    panel.table(
        "",
        alphas,
        "job_name layer open alpha alpha_lo alpha_hi alpha_chance n_items n_annotators verdict",
        shown=shown,
        note=f"n = {words.counted(len(rows), 'layer')}, the lowest bound of alpha first. Intervals are 95 %.",
        name="layers",
    )


page()
