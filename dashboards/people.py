"""The workers of one job and layer: how far each agrees with the others, how fast, and who is early or late."""

from __future__ import annotations

from typing import Any

from dashboards import charts, charts_spread, palette, panel, words
from dashboards.data import TENTATIVE, Answer
from dashboards.source import Source

STATUS_COLOURS = {words.STATUSES[status]: colour for status, colour in palette.STATUSES.items()}


def quality_and_speed(release: Source, answer: Answer) -> None:
    """Lower bound of quality against speed; grey where there are too few objects."""
    measured = answer.with_all("loo_agreement", "median_active_s_per_min")
    if not measured.num_rows:
        panel.nothing_here("No worker of this choice has both a quality and a speed.")
        return
    told = panel.with_column(measured, "told", [words.status_shown(r) for r in measured.to_pylist()])
    panel.chart(
        "Quality against speed",
        answer,
        charts_spread.scatter(
            panel.named(told, release, "worker_id"),
            name="worker_id",
            x="median_active_s_per_min",
            x_title="active seconds a minute of media (median): faster is left",
            y="loo_agreement",
            y_lo="loo_lo",
            y_hi="loo_hi",
            y_title="agreement, lower bound",
            size="n_items",
            colour=("told", STATUS_COLOURS),
            line=(TENTATIVE, f"{TENTATIVE:g}"),
        ),
        note=f"n = {words.counted(measured.num_rows, 'worker')}. Point: lower end of the 95 % interval of agreement "
        "with the others (1 is full, 0 is chance); thin line: to its upper end. Area: objects compared. Grey: too few.",
        name="quality-speed",
    )


def with_others(release: Source, answer: Answer) -> None:
    """Leave-one-out agreement with interval."""
    compared = answer.with_all("loo_agreement")
    if not compared.num_rows:
        panel.nothing_here("Nobody can be compared: no object has a second annotator.")
        return
    told = panel.with_column(compared, "told", [words.status_shown(r) for r in compared.to_pylist()])
    drawn, left_out = panel.first(told, "workers", "lowest")
    panel.chart(
        "Agreement with the other annotators",
        answer,
        charts.intervals(
            panel.named(drawn, release, "worker_id"),
            y="worker_id",
            value="loo_agreement",
            lo="loo_lo",
            hi="loo_hi",
            title="1 is full agreement, 0 is chance",
            colour=("told", STATUS_COLOURS),
            lines={TENTATIVE: f"{TENTATIVE:g}"},
            tooltip=("told", "n_items", "n_labels"),
        ),
        note=f"n = {words.counted(compared.num_rows, 'worker')}. Line: 95 % interval, a jackknife over "
        f"objects.{left_out}",
        name="workers",
    )


def early_or_late(release: Source, answer: Answer) -> None:
    """Signed boundary offsets: early on the left, late on the right."""
    measured = answer.with_all("offset_s")
    if not measured.num_rows:
        return
    offsets: list[Any] = measured["offset_s"].to_pylist()
    farthest = sorted(range(measured.num_rows), key=lambda row: -abs(offsets[row]))
    drawn, left_out = panel.first(measured.take(farthest), "workers", "farthest")
    panel.chart(
        "Early or late",
        answer,
        charts.points(
            panel.named(drawn, release, "worker_id"),
            y="worker_id",
            value="offset_s",
            title="seconds after the median worker",
            zero="median worker",
            tooltip=("n_boundaries",),
        ),
        note=f"n = {words.counted(measured.num_rows, 'worker')}. Signed offset of their matched boundaries (how many: "
        f"hover). Without an interval here; one worker's spread is below.{left_out}",
        name="offsets",
    )


def figures(release: Source, answer: Answer) -> None:
    """Everything about every worker, sortable."""
    panel.table(
        "All figures",
        answer,
        "worker_id status loo_agreement loo_lo loo_hi n_items n_labels median_active_s_per_min offset_s over_seg_index "
        "gold_acc gold_lo gold_hi gold_n skill_onecoin spam_prob is_drifting idle_share",
        shown=panel.named(answer.table, release, "worker_id"),
        note=f"n = {words.counted(answer.table.num_rows, 'worker')}, the lowest bound of agreement first. "
        + ("Downloads have pseudonyms." if release.names else "Workers are shown by pseudonym."),
        name="worker-figures",
    )
