"""The HTML of a report: one file, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from urllib.parse import urlencode

from annolake.report import words
from annolake.report.draw import axis, interval
from annolake.report.facts import RELIABLE, TENTATIVE, Facts, Row

LINES = {TENTATIVE: f"tentative {TENTATIVE:g}", RELIABLE: f"reliable {RELIABLE:g}"}
WORKER_LINES = {TENTATIVE: f"watch under {TENTATIVE:g}"}


def report_html(facts: Facts, *, dashboards_url: str) -> str:
    """The whole page; `dashboards_url` is where its links lead."""
    style = files("annolake.report").joinpath("style.css").read_text(encoding="utf-8")
    sections = (
        _head(facts),
        _headline(facts),
        _measures(facts),
        _labels(facts),
        _confusions(facts),
        _workers(facts),
        _items(facts, dashboards_url),
        _checks(facts),
        METHOD,
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Agreement report: {escape(facts.job_name)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(section for section in sections if section)
        + "\n</body>\n</html>\n"
    )


# -- sections ---------------------------------------------------------------------------------------------------------


def _head(facts: Facts) -> str:
    job = facts.job
    level = f", level {job['level']}" if job["level"] else ""
    days = f"{job['first_at']:%Y-%m-%d} to {job['last_at']:%Y-%m-%d}"
    twice = f"{job['n_twice'] / job['n_objects']:.0%}"
    tiles = (
        (f"{job['n_objects']:,}", "objects answered"),
        (f"{job['n_workers']:,}", f"annotators, {job['n_answers']:,} answers"),
        (twice, "of objects have two annotators or more; agreement rests on them"),
        (words.length(job["media_s"]), "of media"),
    )
    shown = "".join(f'<div class="tile"><b>{escape(v)}</b><span>{escape(m)}</span></div>' for v, m in tiles)
    return (
        f"<header><h1>{escape(facts.job_name)}</h1>\n"
        f'<p class="by">Agreement report · {escape((job["task_type"] or "unknown task").replace("_", " "))}{level} · '
        f"{escape(job['status'] or 'status unknown')} · answers of {days} · release {facts.release_id} of "
        f"{facts.released_at:%Y-%m-%d %H:%M} UTC</p>\n"
        f'<div class="tiles">{shown}</div></header>'
    )


def _headline(facts: Facts) -> str:
    if not facts.layers:
        return _section("Can the labels be relied on?", "<p>No agreement was computed for this job.</p>")
    lines = [
        _line(
            row,
            name=row["layer"],
            below=words.counted(row["n_items"], "object"),
            figure=words.figure(row),
            why=words.verdict(row),
            lines=LINES,
            floor=row["chance_floor"],
        )
        for row in facts.layers
    ]
    return _section(
        "Can the labels be relied on?",
        _chart(lines, LINES)
        + _note(
            "Krippendorff's alpha: 1 is full agreement, 0 is chance. Time-weighted for segments. Line: 95 % interval, "
            "a jackknife over objects; its lower end decides. Grey tick: chance floor, the same measure with objects "
            "paired at random. The lowest first."
        ),
    )


def _measures(facts: Facts) -> str:
    rows = [
        (row["layer"], words.MEASURES[row["measure"]], words.figure(row), _number(row["chance_floor"]), row["n_items"])
        for row in facts.measures
    ]
    if not rows:
        return ""
    return _section(
        "The other measures",
        _table(("layer", "measure", "value (95 %)", "chance floor", "objects"), rows, right=(2, 3, 4))
        + _note("Observed agreement is not corrected for chance: read it beside its floor."),
    )


def _labels(facts: Facts) -> str:
    if not facts.labels:
        return ""
    lines = [
        _line(
            row,
            name=words.called(row["label"]),
            below=row["layer"],
            figure=words.figure(row),
            why=_confused(row),
            lines=LINES,
        )
        for row in facts.labels
    ]
    return _section(
        "Which labels can be told?",
        _chart(lines, LINES)
        + _note(
            "Alpha of the question: this label or not. Line: 95 % interval over objects."
            + _cut(len(facts.labels), facts.n_labels, "labels")
        ),
    )


def _confusions(facts: Facts) -> str:
    if not facts.confusions:
        return ""
    rows = [
        (
            row["layer"],
            words.called(row["label_a"]),
            words.called(row["label_b"]),
            words.length(row["mass"]) if row["is_timed"] else words.counted(round(row["mass"]), "answer"),
            _share(row),
            "–" if row["lift"] is None else f"{row['lift']:.2f}",
            row["n_items"],
        )
        for row in facts.confusions
    ]
    head = ("layer", "one says", "another says", "how much", "share (95 %)", "times chance", "objects")
    return _section(
        "What is taken for what?",
        _table(head, rows, right=(3, 4, 5, 6))
        + _note(
            "Share: of what was the first label for one annotator, the part that was the second for another. Times "
            "chance: over 1 is more often than labels given at random. The largest first."
        ),
    )


def _workers(facts: Facts) -> str:
    if not facts.workers:
        return ""
    lines = [
        _line(
            row,
            name=row["worker_id"],
            below=words.counted(row["n_items"], "object"),
            figure=words.figure(row),
            why=_about_worker(row),
            lines=WORKER_LINES,
            is_certain=row["status"] != "too_few",
        )
        for row in facts.workers
    ]
    return _section(
        "Who agrees with the others?",
        _chart(lines, WORKER_LINES)
        + _note(
            f"Agreement with the other annotators beyond chance in the layer {facts.workers[0]['layer']}, the one with "
            "the most labels; 95 % interval over objects. Grey: too few objects to tell. Annotators are shown by "
            "pseudonym. The lowest first." + _cut(len(facts.workers), facts.n_workers, "annotators")
        ),
    )


def _items(facts: Facts, dashboards_url: str) -> str:
    disputes = facts.disputes
    rows = []
    for row in facts.items:
        address = f"{dashboards_url}/item?{urlencode({'of': facts.job_name, 'item': row['object_id']})}"
        link = f'<a href="{escape(address, quote=True)}">{escape(row["item"])}</a>'
        agreement = f"{row['observed_agreement']:.2f}"
        rows.append((_Html(link), row["layer"], agreement, _number(row["boundary_f"]), row["n_annotators"]))
    waiting = ""
    if disputes["n_disputes"]:
        gains = [words.length(disputes["gain_s"])] if disputes["gain_s"] else []
        gains += [f"{disputes['gain_items']:.2g} labels or boxes"] if disputes["gain_items"] else []
        waiting = (
            f"<p>{words.counted(disputes['n_disputes'], 'dispute')} in {words.counted(disputes['n_items'], 'object')} "
            f"wait for an expert. By expectation {' and '.join(gains) or 'nothing'} is labeled wrong now.</p>"
        )
    table = (
        _table(("object", "layer", "observed agreement", "boundary F", "annotators"), rows, right=(2, 3, 4))
        + _note("The most disagreement first. One object has no interval.")
        if rows
        else "<p>No object has any disagreement.</p>"
    )
    return _section("Where to listen first", waiting + table)


def _checks(facts: Facts) -> str:
    if not facts.checks:
        return _section("Checks", "<p>No check of this job is in the release.</p>")
    broken = [row for row in facts.checks if not row["is_ok"]]
    held = len(facts.checks) - len(broken)
    summary = f'<p class="{"not" if broken else "good"}">{held} of {len(facts.checks)} checks hold.</p>'
    rows = [
        (
            row["severity"],
            row["table_name"],
            row["check_name"],
            f"{row['n_failed']:,} of {row['n_rows']:,}",
            row["detail"],
        )
        for row in broken
    ]
    table = _table(("severity", "table", "check", "rows that break it", "what"), rows, right=(3,)) if rows else ""
    kept_out = sum(row["n_rows"] for row in facts.quarantine)
    quarantine = ""
    if kept_out:
        listed = [(r["table_name"], r["rule"], r["n_rows"], r["n_workers"], r["example"]) for r in facts.quarantine]
        quarantine = f"<p>{words.counted(kept_out, 'row')} in quarantine, in no figure above:</p>" + _table(
            ("table", "rule", "rows", "annotators", "for example"), listed, right=(2, 3)
        )
    return _section("Checks", summary + table + quarantine)


METHOD = """<section><h2>How to read this</h2>
<dl class="method">
<dt>Alpha</dt><dd>Krippendorff's alpha: 1 - observed / expected disagreement. For segments every moment of an object is
a unit, weighed by its length, and time that nobody labeled is a value of its own. 0.8 and more is reliable, 0.667 and
more allows tentative conclusions; both are asked of the lower end of the interval.</dd>
<dt>Interval</dt><dd>95 %, from leaving out one object at a time (jackknife, Student's t), in a job of more than 16,384
objects a block of neighbouring ones. Objects are the clusters: labels of one object are not independent. Under three
objects there is none.</dd>
<dt>Chance floor</dt><dd>The same measure where the annotators' answers are paired across objects at random. A figure
near its floor says nothing about the objects.</dd>
<dt>Boundary F, unit F</dt><dd>The share of boundaries that two annotators set within 0.5 s of each other, and of
segments that overlap at IoU 0.5 or more.</dd>
<dt>Agreement of an annotator</dt><dd>With all others on the same objects, beyond what chance gives. It says who stands
apart, not who is right.</dd>
<dt>What is not in here</dt><dd>Rows in quarantine, answers of a landing that was not released, and objects with a known
truth that were mixed in (they score annotators only). Formulas: docs/metrics.md.</dd>
</dl></section>"""


# -- parts ------------------------------------------------------------------------------------------------------------


class _Html(str):
    """Text that is HTML already."""


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>\n{content}</section>"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _line(
    row: Row,
    *,
    name: str,
    below: str,
    figure: str,
    why: str,
    lines: dict[float, str],
    floor: float | None = None,
    is_certain: bool = True,
) -> Callable[[tuple[float, float]], str]:
    """One row of a chart, drawn once the scale is known."""

    def drawn(domain: tuple[float, float]) -> str:
        band = words.band(row) if is_certain else "none"
        svg = interval(
            row["value"], row["ci_lo"], row["ci_hi"], domain=domain, band=band, lines=list(lines), floor=floor,
            said=f"{name}: {figure}",
        )  # fmt: skip
        return (
            f'<div class="line-of"><div class="name">{escape(name)}<small>{escape(below)}</small></div>{svg}'
            f'<div class="figure">{escape(figure)}<small>{escape(why)}</small></div></div>'
        )

    drawn.ends = [v for v in (row["value"], row["ci_lo"], floor) if v is not None]  # type: ignore[attr-defined]
    return drawn


def _chart(rows: Sequence[Callable[[tuple[float, float]], str]], lines: dict[float, str]) -> str:
    least = min([0.0, *(end for row in rows for end in row.ends)])  # type: ignore[attr-defined]
    domain = (-1.0 if least < -0.5 else -0.5 if least < 0 else 0.0, 1.0)
    ticks = [t for t in (-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0) if t >= domain[0]]
    head = f'<div class="line-of"><span></span>{axis(domain, ticks, lines)}<span></span></div>'
    return f'<div class="chart">{head}{"".join(row(domain) for row in rows)}</div>'


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> str:
    def cells(tag: str, values: Sequence[object]) -> Iterator[str]:
        for place, value in enumerate(values):
            text = value if isinstance(value, _Html) else escape("–" if value is None else str(value))
            yield f"<{tag}{' class=n' if place in right else ''}>{text}</{tag}>"

    body = "".join(f"<tr>{''.join(cells('td', row))}</tr>\n" for row in rows)
    top = f"<thead><tr>{''.join(cells('th', head))}</tr></thead>"
    return f'<div class="wide"><table>{top}\n<tbody>{body}</tbody></table></div>'


def _confused(row: Row) -> str:
    used = f"on {words.counted(row['n_items'], 'object')}"
    if row["value"] is None:
        return f"{used}; undecided: {words.reason(row['reason_code'])}"
    if row["most_confused_with"] is None:
        return used
    return f"{used}; most confused with {words.called(row['most_confused_with'])} ({row['confused_share']:.0%})"


def _about_worker(row: Row) -> str:
    parts = []
    if row["offset_s"] is not None:
        parts.append(f"boundaries {row['offset_s']:+.2f} s")
    if row["gold_n"]:
        parts.append(f"{row['gold_acc']:.0%} right on {row['gold_n']} gold items")
    if row["is_drifting"]:
        parts.append("drifts")
    if row["status"] == "too_few":
        parts.append("too few objects to tell")
    return ", ".join(parts)


def _share(row: Row) -> str:
    if row["share_lo"] is None:
        return f"{row['share']:.0%}"
    return f"{row['share']:.0%} ({max(row['share_lo'], 0):.0%} to {min(row['share_hi'], 1):.0%})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _cut(n: int, total: int, noun: str) -> str:
    return f" The first {n} of {total:,} {noun}; the dashboards have all." if total > n else ""
