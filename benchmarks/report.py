"""The results page: one section a benchmark, replaced when the benchmark is run anew."""

from __future__ import annotations

import datetime
import os
import platform
import re
import statistics
from collections.abc import Mapping
from pathlib import Path

from benchmarks.harness import Bench, Run, bench, ratios, spread

RESULTS = Path(__file__).with_name("results.md")
HEAD = """# Benchmarks: what was measured

Made by `make bench` (`python -m benchmarks [NAME...] [--size small|full]`); a run replaces the sections of the
benchmarks that it ran. Each way runs in a process of its own, ways take turns, and only ratios within a run should be
compared: the machine is shared and its speed drifts. Seconds are the median and range over the rounds; a time marked
with "x" was measured on a share of the data and multiplied. Peak memory is that of the whole process, data included.
"""


def section(name: str, size: str, runs: Mapping[str, list[Run]]) -> str:
    """A benchmark's section of the results page."""
    what = bench(name)
    ours = [w for w in what.ways if not w.is_baseline]
    baselines = [w for w in what.ways if w.is_baseline]
    rounds = f"{len(runs[ours[0].name])} rounds"
    if what.repeats > 1:
        rounds += f", the median of {what.repeats} times in each process"
    lines = [
        f"## {name}: {what.title}",
        "",
        f"- Claim: {what.claim}",
        f"- Data: {what.data.format(**what.sizes[size])}",
        f"- Command: `python -m benchmarks {name} --size {size}`, {rounds}",
        f"- Machine: {machine()}; {datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        "",
        *_table(what, size, runs),
    ]
    for one in ours:
        for other in baselines:
            if runs[other.name][0].failure:
                lines += ["", f"{other.name} failed: {runs[other.name][0].failure}."]
            else:
                found = ratios(runs, one.name, other.name)
                lines += ["", f"**{one.name}: {spread(found)} times as fast as {other.name}.**"]
    for way in what.ways:
        lines += _rows(way.name, runs[way.name][0].figures.get("rows") or [])
    notes = [f"{way.name}: {way.note}." for way in what.ways if way.note]
    lines += ["", " ".join([*notes, what.reading]).strip()] if notes or what.reading else []
    return "\n".join(lines).rstrip() + "\n"


def _table(what: Bench, size: str, runs: Mapping[str, list[Run]]) -> list[str]:
    rows = [
        f"| way | seconds | peak MiB |{''.join(f' {f} |' for f in what.shown)}",
        f"|---|---|---|{'---|' * len(what.shown)}",
    ]
    for way in what.ways:
        done = runs[way.name]
        factor = way.times(what.sizes[size])
        seconds = "failed" if done[0].failure else spread([r.seconds for r in done])
        seconds += f" x{factor:g}" if factor != 1 else ""
        peak = f"{statistics.median(r.peak_mib for r in done):.0f}"
        cells = "".join(f" {_cell(done[0].figures.get(f))} |" for f in what.shown)
        rows.append(f"| {way.name} | {seconds} | {peak} |{cells}")
    return rows


def _rows(way: str, rows: list[dict[str, object]]) -> list[str]:
    """A table of what one way says of each of its parts."""
    if not rows:
        return []
    names = list(rows[0])
    listed = [f"| {' | '.join(_cell(row[name]) for name in names)} |" for row in rows]
    return ["", f"{way}, part by part:", "", f"| {' | '.join(names)} |", f"|{'---|' * len(names)}", *listed]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def machine() -> str:
    """Processor, its count, memory and interpreter."""
    found = (
        re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        if Path("/proc/cpuinfo").exists()
        else None
    )
    model = found.group(1).strip() if found else platform.processor() or platform.machine()
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} x {model}, {gib:.0f} GiB, Python {platform.python_version()}"


def write(sections: Mapping[str, str], page: Path = RESULTS) -> None:
    """Put the sections into the page, in order, beside those of other benchmarks."""
    text = page.read_text() if page.exists() else ""
    known = {part.split(":")[0].removeprefix("## "): part for part in re.split(r"(?m)^(?=## )", text)[1:]}
    merged = {**{name: part.rstrip() + "\n" for name, part in known.items()}, **sections}
    page.write_text("\n".join([HEAD, *(merged[name] for name in sorted(merged))]))
