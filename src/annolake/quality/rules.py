"""Row rules: generated from the schemas, and written ones. Each is a DuckDB condition that must not be false.

A row that breaks a rule of severity `fail` goes to `silver.quarantine`, one row a rule; `warn` counts. One bad
segment is quarantined alone: the rest of the answer still says what its worker heard. Where the answer itself is
rejected (it cannot be read, or was submitted before it was taken), its segments and labels go with it, by the rule
`answer_accepted`.

Columns whose name starts with `_` are helpers of the models in `sql/silver/`; they are not written.
"""

from __future__ import annotations

from functools import cache

from annolake.quality.drawn import ON_PICTURES_AND_TEXTS
from annolake.quality.rule import Rule, Severity
from transforms.schemas import TABLES, Column, Table

__all__ = ["RANGES", "WRITTEN", "Rule", "Severity", "rules_of", "schema_rules", "written_rules"]

RANGES: tuple[tuple[str, str, str], ...] = (
    ("confidence", "{c} BETWEEN 0 AND 1", "is between 0 and 1"),
    ("duration_s", "{c} >= 0", "is not negative"),
    ("time_spent_s", "{c} >= 0", "is not negative"),
    ("fps", "{c} > 0", "is positive"),
    ("sample_rate_hz", "{c} > 0", "is positive"),
    ("revision", "{c} > 0", "is positive"),
)
"""Column, condition, meaning: what the names of the schemas promise in every table."""

_MILLISECONDS = """CASE WHEN start_s < end_s AND end_s > 10 * _duration_s AND end_s / 1000 <= _duration_s + 0.05
    THEN '; are the times in milliseconds?' ELSE '' END"""
_KNOWN = "list_contains(_known, label)"

WRITTEN: tuple[Rule, ...] = (
    Rule(
        "silver.annotation", "readable", "fail", "_problem IS NULL", "_problem",
        "the answer has the form that its task asked for", True,
    ),
    Rule(
        "silver.annotation", "submitted_after_accepted", "fail", "submitted_at >= accepted_at",
        "format('submitted at {}, before the task was taken at {}', submitted_at::VARCHAR, accepted_at::VARCHAR)",
        "an answer is submitted after its task was taken",
    ),
    Rule(
        "silver.annotation", "one_answer", "fail", "_answer_no = 1",
        "'the worker has another answer on the object with the same time of submission'",
        "one answer of a worker on an object at a time", True,
    ),
    Rule(
        "silver.annotation", "time_spent_within_task", "warn",
        "time_spent_s <= epoch(submitted_at - accepted_at) + 1",
        "format('{:.1f} s spent, but only {:.1f} s from taking to submitting', time_spent_s, "
        "epoch(submitted_at - accepted_at))",
        "time spent is at most the time from taking to submitting",
    ),
    Rule(
        "silver.segment", "answer_accepted", "fail", "_is_accepted", "'the answer that it belongs to was rejected'",
        "the answer passed its own rules", True,
    ),
    Rule(
        "silver.segment", "starts_in_media", "fail", "start_s >= 0 AND isfinite(start_s)",
        "format('starts at {} s, before the media', start_s)", "0 <= start",
    ),
    Rule(
        "silver.segment", "starts_before_end", "fail", "start_s < end_s AND isfinite(end_s)",
        "format('starts at {} s and ends at {} s', start_s, end_s)", "start < end",
    ),
    Rule(
        "silver.segment", "ends_in_media", "fail", "end_s <= _duration_s",
        f"format('ends at {{}} s, but the media is {{}} s long', end_s, _duration_s) || {_MILLISECONDS}",
        "end <= duration, with 50 ms for a player's rounding; unchecked where the duration is unknown", True,
    ),
    Rule(
        "silver.segment", "known_label", "fail", "label IS NULL OR _n_known = 0 OR _is_known",
        "format('label {} is not among those of layer {}: {}', to_json(label)::VARCHAR, layer, "
        "coalesce(_offered, 'the job has no such layer'))",
        "the label is one that the job offers in that layer", True,
    ),
    Rule(
        "silver.segment", "no_overlap_in_track", "fail", "start_s >= _track_until_s - 1e-6",
        "format('starts at {} s, before {} s where an earlier segment of {} ends', start_s, _track_until_s, label)",
        "segments of one layer and label do not overlap within an answer", True,
    ),
    Rule(
        "silver.segment", "no_overlap_in_layer", "warn", "start_s >= _layer_until_s - 1e-6",
        "format('starts at {} s, before {} s where another segment of the layer ends', start_s, _layer_until_s)",
        "segments of one layer do not overlap within an answer (people may speak at once)", True,
    ),
    Rule(
        "silver.classification", "answer_accepted", "fail", "_is_accepted",
        "'the answer that it belongs to was rejected'", "the answer passed its own rules", True,
    ),
    Rule(
        "silver.classification", "known_label", "fail", f"_known IS NULL OR {_KNOWN}",
        "format('label {} is not among those of layer {}: {}', to_json(label)::VARCHAR, layer, "
        "array_to_string(_known, ', '))",
        "the label is one that the job offers, where it lists some for the layer", True,
    ),
    Rule(
        "silver.consolidated", "adjustment_known", "warn", "adjustment_status IN ('adjusted', 'unadjusted')",
        "format('adjustment-status is {}', adjustment_status)", "an adjustment tells whether something was changed",
    ),
    *ON_PICTURES_AND_TEXTS,
)  # fmt: skip


@cache
def rules_of(table: str) -> tuple[Rule, ...]:
    """All rules of a table: the schema's first."""
    return (*schema_rules(table), *written_rules(table))


def written_rules(table: str) -> tuple[Rule, ...]:
    """The rules of a table that somebody wrote."""
    return tuple(rule for rule in WRITTEN if rule.table == table)


@cache
def schema_rules(table: str) -> tuple[Rule, ...]:
    """The rules that follow from a table's schema: what must be there, and the ranges that names promise."""
    return tuple(_from_schema(TABLES[table]))


def _from_schema(spec: Table) -> list[Rule]:
    rules = [_not_null(spec, c) for c in spec.columns if not c.nullable]
    for column in spec.columns:
        for name, condition, meaning in RANGES:
            if column.name == name:
                rules.append(_range(spec, name, condition, meaning))
        if column.name.startswith("n_"):
            rules.append(_range(spec, column.name, "{c} >= 0", "is not negative"))
    return rules


def _not_null(spec: Table, column: Column) -> Rule:
    return Rule(
        spec.name,
        f"{column.name}_not_null",
        "fail",
        f'"{column.name}" IS NOT NULL',
        f"'{column.name} is missing or not readable'",
        f"{column.name} is there",
    )


def _range(spec: Table, name: str, condition: str, meaning: str) -> Rule:
    return Rule(
        spec.name,
        f"{name}_in_range",
        "fail",
        condition.format(c=f'"{name}"'),
        f"""format('{name} {meaning}; it is {{}}', "{name}"::VARCHAR)""",
        f"{name} {meaning}",
    )
