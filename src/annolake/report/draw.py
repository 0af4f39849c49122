"""Intervals as inline SVG: positions in percent, so that a drawing is as wide as its place, on paper and on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape


def x(value: float, domain: tuple[float, float]) -> str:
    """A position in percent, cut at the ends.

    >>> x(0.5, (0.0, 1.0)), x(2.0, (0.0, 1.0))
    ('50.00%', '100.00%')
    """
    lo, hi = domain
    return f"{100 * min(max((value - lo) / (hi - lo), 0.0), 1.0):.2f}%"


def axis(domain: tuple[float, float], ticks: Sequence[float], lines: Mapping[float, str]) -> str:
    """The scale above a column of intervals, with the meaning of its reference lines."""
    marks = "".join(
        f'<text x="{x(t, domain)}" y="12" text-anchor="{_anchor(t, domain)}" class="tick">{t:g}</text>' for t in ticks
    )
    sides = ("end", "start") if len(lines) > 1 else ("middle",)  # two that are near do not meet
    names = "".join(
        f'<text x="{x(at, domain)}" y="27" text-anchor="{side}" class="ref">{escape(name)}</text>'
        for (at, name), side in zip(lines.items(), sides, strict=True)
    )
    return f'<svg class="axis" role="presentation">{marks}{names}</svg>'


def interval(
    value: float | None,
    lo: float | None,
    hi: float | None,
    *,
    domain: tuple[float, float],
    band: str,
    lines: Sequence[float] = (),
    floor: float | None = None,
    said: str,
) -> str:
    """A dot with its interval, reference lines behind it and a grey tick at the chance floor; `said` is read aloud."""
    parts = [f'<line x1="{x(at, domain)}" x2="{x(at, domain)}" y1="0" y2="100%" class="line"/>' for at in lines]
    if floor is not None:
        parts.append(f'<line x1="{x(floor, domain)}" x2="{x(floor, domain)}" y1="5" y2="19" class="floor"/>')
    if lo is not None and hi is not None:
        parts.append(f'<line x1="{x(lo, domain)}" x2="{x(hi, domain)}" y1="12" y2="12" class="reach {band}"/>')
    if value is not None:
        parts.append(f'<circle cx="{x(value, domain)}" cy="12" r="5" class="dot {band}"/>')
    return f'<svg class="interval" role="img" aria-label="{escape(said, quote=True)}">{"".join(parts)}</svg>'


def _anchor(value: float, domain: tuple[float, float]) -> str:
    return "start" if value <= domain[0] else "end" if value >= domain[1] else "middle"
