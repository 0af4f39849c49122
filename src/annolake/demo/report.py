"""What the demo prints at its end, read from the latest release as any reader would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from annolake.config import Settings
from annolake.labeling.jobs import job_states
from annolake.lake.catalog import open_lake
from annolake.lake.reader import ReleaseReader

HEADLINES = {
    ("audio_segmentation", "alpha"): "time-weighted alpha",
    ("audio_segmentation", "boundary_f_500ms"): "boundary F within 0.5 s",
    ("video_classification", "alpha"): "Krippendorff's alpha",
}
"""(task type, measure in gold.agreement_job) -> its name in words."""


@dataclass(frozen=True, slots=True)
class Person:
    """A simulated annotator: who they are at the service, and how they were made to work."""

    name: str
    subject: str
    skill: float
    """True skill, 0 to 1: what the estimates are to find."""
    habit: str


def print_report(settings: Settings, jobs: Sequence[str], people: Sequence[Person], console: Console) -> None:
    """Jobs, agreement, labels, workers and quarantine of these jobs."""
    with ReleaseReader(settings) as reader:

        def ask(statement: str) -> list[dict[str, Any]]:
            answer = reader.connection.sql(statement, params={"jobs": list(jobs)})
            rows: list[dict[str, Any]] = answer.to_arrow_table().to_pylist()
            return rows

        number = reader.release.release_id if reader.release else 0
        console.rule(f"Release {number}", align="left")
        console.print(_jobs(settings, jobs))
        console.print(_agreement(ask(AGREEMENT)))
        console.print(_labels(ask(LABELS)))
        console.print(_workers(ask(WORKERS), _names(settings), people))
        console.print(_habits(people))
        _print_quarantine(ask(QUARANTINE), console)


def _table(title: str, *columns: str, numbers: Iterable[str] = (), wraps: str = "") -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, title=f"\n{title}")
    table.title_justify, table.title_style = "left", "bold"
    for column in columns:
        table.add_column(column, justify="right" if column in set(numbers) else "left", no_wrap=column != wraps)
    return table


def _jobs(settings: Settings, jobs: Sequence[str]) -> Table:
    numbers = ("labeled", "failed", "open")
    table = _table("Labeling jobs", "job", "status", *numbers, numbers=numbers)
    for state in job_states(settings, jobs):
        counts = (state.n_labeled, state.n_failed, state.n_unlabeled)
        table.add_row(escape(state.job_name), state.status, *map(str, counts))
    return table


AGREEMENT = """
    SELECT task_type, layer, measure, value, ci_lo, ci_hi, n_items, reason_code
    FROM gold.agreement_job WHERE job_name IN (SELECT unnest($jobs))
    AND (layer = 'class' OR layer IN (SELECT layer FROM silver.segment WHERE job_name IN (SELECT unnest($jobs))))
    ORDER BY job_name, layer, measure
"""


def _agreement(rows: list[dict[str, Any]]) -> Table:
    numbers = ("value", "95 % interval", "files")
    table = _table("Agreement", "layer", "measure", *numbers, numbers=numbers)
    for row in rows:
        if name := HEADLINES.get((row["task_type"], row["measure"])):
            interval = _interval(row["ci_lo"], row["ci_hi"]) or escape(row["reason_code"] or "")
            table.add_row(escape(row["layer"]), name, _number(row["value"]), interval, str(row["n_items"]))
    return table


LABELS = """
    SELECT layer, label, sum(n_segments)::BIGINT AS n, sum(duration_s) AS seconds
    FROM gold.label_distribution WHERE job_name IN (SELECT unnest($jobs))
    GROUP BY layer, label ORDER BY sum(sum(n_segments)) OVER (PARTITION BY layer) DESC, layer, n DESC, label
"""


def _labels(rows: list[dict[str, Any]]) -> Table:
    table = _table("Labels", "layer", "given", "labels", numbers=("given",), wraps="labels")
    layers: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        layers.setdefault(row["layer"], []).append(row)
    for layer, labels in layers.items():
        total = sum(row["n"] for row in labels)
        table.add_row(escape(layer), f"{total:,}", escape(", ".join(_share(row, total) for row in labels)))
    return table


def _share(row: dict[str, Any], total: int) -> str:
    minutes = f" ({row['seconds'] / 60:.1f} min)" if row["seconds"] is not None else ""
    return f"{row['label']} {row['n'] / total:.0%}{minutes}"


WORKERS = """
    WITH quality AS (
        SELECT * FROM gold.worker_quality WHERE job_name IN (SELECT unnest($jobs))
    ), audio AS (
        SELECT * FROM quality WHERE task_type = 'audio_segmentation' AND offset_s IS NOT NULL
    ), video AS (
        SELECT * FROM quality WHERE layer = 'class'
    )
    SELECT worker_id, audio.n_items AS n_audio, audio.loo_agreement AS audio, audio.loo_lo AS lo, audio.loo_hi AS hi,
        audio.offset_s AS offset_s, video.n_items AS n_video, video.skill_ds AS video
    FROM audio FULL JOIN video USING (worker_id)
    ORDER BY audio.loo_agreement DESC NULLS LAST, video.skill_ds DESC NULLS LAST
"""


def _workers(rows: list[dict[str, Any]], names: dict[str, str], people: Sequence[Person]) -> Table:
    numbers = ("agreement", "95 % interval", "offset", "clip skill", "true agreement")
    title = "Workers, best first by agreement with the others"
    table = _table(title, "worker", *numbers, numbers=numbers)
    known = {person.subject: person for person in people}
    for row in rows:
        person = known.get(names.get(row["worker_id"], ""))
        table.add_row(
            escape(person.name if person else row["worker_id"]),
            _number(row["audio"]),
            _interval(row["lo"], row["hi"]),
            "" if row["offset_s"] is None else f"{row['offset_s']:+.2f} s",
            _number(row["video"]),
            _number(person.skill if person else None),
        )
    return table


def _habits(people: Sequence[Person]) -> Table:
    table = _table("How they were made to work", "worker", "habit", wraps="habit")
    for person in people:
        table.add_row(escape(person.name), escape(person.habit))
    return table


def _names(settings: Settings) -> dict[str, str]:
    """Pseudonym -> subject, from the restricted table that readers of a release do not have."""
    with open_lake(settings) as lake:
        rows = lake.scan("restricted.worker", columns=["worker_id", "subject"]).to_pylist()
    return {row["worker_id"]: row["subject"] for row in rows if row["subject"]}


QUARANTINE = """
    SELECT table_name, rule, count(*) AS n, any_value(reason) AS reason
    FROM silver.quarantine WHERE job_name IN (SELECT unnest($jobs))
    GROUP BY ALL ORDER BY n DESC, table_name, rule
"""


def _print_quarantine(rows: list[dict[str, Any]], console: Console) -> None:
    if not rows:
        console.print("\n[bold]Quality gate[/]\nEvery row passed.")
        return
    title = "Quality gate: rows kept out of silver"
    table = _table(title, "table", "rule", "rows", "for example", numbers=("rows",), wraps="for example")
    for row in rows:
        table.add_row(row["table_name"], escape(row["rule"]), str(row["n"]), escape(row["reason"]))
    console.print(table)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else escape(f"[{low:.2f}, {high:.2f}]")
