"""Agreement: can the labels of a job be relied on, which labels are confused, and who differs from whom?"""

from __future__ import annotations

import streamlit as st

from dashboards import charts, disagreement, filters, jump, panel, words
from dashboards.data import Answer, Where, agreement, scope
from dashboards.source import Source


def page() -> None:
    """Draw the page."""
    st.title("Agreement")
    release = panel.open_or_explain()
    if release is None:
        return
    scopes = scope.scopes(release.connection)
    if scopes.is_empty:
        panel.no_answers()
        return
    where = filters.jobs_and_layers(scopes)
    headline(release, where)
    other_measures(release, where)
    disagreement.label_by_label(release, where)
    disagreement.confused(release, where)
    disagreement.pairs(release, where)
    disagreement.offsets(release, where)
    objects(release, where)


def headline(release: Source, where: Where) -> None:
    """Alpha by job and layer, the worst first, and what it says in words."""
    st.subheader("How far do the annotators agree?", anchor="headline")
    answer = agreement.measure(release.connection, where)
    if answer.is_empty:
        panel.nothing_here(
            "No agreement was computed for this choice. It needs two annotators on the same object.",
            {"Land the job again when more answers are in": "annolake land JOB"},
        )
        return
    tiles(release, where)
    rows = answer.table.to_pylist()
    if all(r["reason_code"] == "one_annotator" for r in rows):
        panel.nothing_here(
            "Every object of this choice was answered by one annotator only; agreement needs two. "
            "Ask for more answers per object (NumberOfHumanWorkersPerDataObject) in the next job."
        )
        return
    if any(r["value"] is not None for r in rows):
        alpha_chart(answer)
    undefined: dict[str, list[str]] = {}
    for row in rows:
        if row["band"] == "undefined":
            undefined.setdefault(words.verdict(row), []).append(words.scope(row["job_name"], row["layer"]))
    for told, scopes in undefined.items():
        st.markdown(f":material/help: {told}: {', '.join(f'**{scope}**' for scope in scopes)}")


def alpha_chart(answer: Answer) -> None:
    """Dots and whiskers with Krippendorff's bands; colour follows the band once the interval settles it."""
    table = answer.with_all("value")
    rows = table.to_pylist()
    table = panel.with_column(table, "scope", [words.scope(r["job_name"], r["layer"]) for r in rows])
    table = panel.with_column(table, "band_shown", [words.band_shown(r) for r in rows])
    drawn, left_out = panel.first(table, "jobs and layers", "lowest")
    panel.chart(
        "Alpha, with its 95 % interval",
        answer,
        charts.intervals(
            drawn,
            y="scope",
            value="value",
            lo="ci_lo",
            hi="ci_hi",
            title="alpha: 1 is full agreement, 0 is chance",
            colour=("band_shown", disagreement.BAND_COLOURS),
            lines=disagreement.LINES,
            floor="chance_floor",
            tooltip=("band_shown", "chance_floor", "n_items", "n_annotators"),
        ),
        note="Dot: alpha, time-weighted for segments. Line: 95 % interval, a jackknife over objects; its lower end "
        "decides the band. Grey tick: chance floor, the same measure with objects paired at random. n: hover, or in "
        f"the table below.{left_out}",
        name="alpha",
    )


def tiles(release: Source, where: Where) -> None:
    """How much was compared at all."""
    row = agreement.coverage(release.connection, where).table.to_pylist()[0]
    shown = (
        (
            "Annotated by two or more",
            f"{row['n_compared']:,} of {row['n_items']:,}",
            "objects; agreement rests on them",
        ),
        ("Disputed objects", f"{row['n_disputed']:,}", "observed agreement under 2/3 in a layer"),
        ("Objects that wait for answers", f"{row['n_waiting']:,}", "fewer annotators than were asked"),
    )
    for column, (name, value, meaning) in zip(st.columns(3), shown, strict=True):
        with column.container(border=True):
            st.metric(name, value)
            st.caption(meaning)


def other_measures(release: Source, where: Where) -> None:
    """The measures side by side: one number alone can mislead."""
    answer = agreement.figures(release.connection, where)
    if answer.is_empty:
        return
    alphas = agreement.measure(release.connection, where).table.to_pylist()
    verdicts = {(r["job_name"], r["layer"]): words.verdict(r).partition(": ") for r in alphas}
    told = [verdicts.get((r["job_name"], r["layer"]), ("", "", "")) for r in answer.table.to_pylist()]
    panel.table(
        "The measures side by side",
        answer,
        "job_name layer band alpha alpha_lo alpha_hi alpha_chance observed boundary_f unit_f prevalence_max n_items "
        "n_annotators verdict",
        shown=panel.with_column(
            panel.with_column(answer.table, "band", [band for band, _, _ in told]),
            "verdict",
            [why for _, _, why in told],
        ),
        note="The lowest bound of alpha first. Intervals of the other measures: gold.agreement_job. A dash: not "
        "defined there, such as boundaries of a clip label.",
        name="measures",
    )


def objects(release: Source, where: Where) -> None:
    """The objects to listen to first."""
    st.subheader("On which objects do they disagree?", anchor="objects")
    spread = agreement.item_spread(release.connection, where)
    if spread.is_empty:
        panel.nothing_here("No object of this choice was answered by two annotators.")
        return
    n = sum(spread.column("n_items"))
    panel.chart(
        "Observed agreement of the objects",
        spread,
        charts.histogram(
            spread.table,
            start="agreement_from",
            end="agreement_to",
            count="n_items",
            title="observed agreement, in steps of 0.05",
            line=(2 / 3, "disputed under 2/3"),
        ),
        note=f"n = {words.counted(n, 'object')}, counted once a layer. No interval: every object is in it.",
        name="spread",
    )
    only = st.toggle("Only disputed objects", key="disputed", **filters.URL)
    answer = agreement.items(release.connection, where, disputed_only=only)
    if answer.is_empty:
        panel.nothing_here("No object of this choice is disputed: observed agreement is 2/3 or more everywhere.")
        return
    because = [words.reason(code) if code else None for code in answer.column("reason_code")]
    jump.table(
        "Objects, the most disagreement first",
        answer,
        "item job_name layer observed_agreement is_disputed n_annotators n_assigned duration_s boundary_f unit_f "
        "because",
        to=[jump.address(r["job_name"], r["object_id"]) for r in answer.table.to_pylist()],
        shown=panel.with_column(answer.table, "because", because),
        note=f"n = {words.counted(answer.table.num_rows if only else max(n, answer.table.num_rows), 'object')}"
        f"{words.listed(answer.table.num_rows, 0 if only else n)}. Click one to hear it. Observed "
        "agreement: share of the time, or of the pairs of answers, on which two annotators say the same.",
        name="objects",
    )


page()
