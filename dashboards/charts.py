"""The charts: intervals drawn, reference lines where they mean something, every mark with its figures on hover.

Tables in, Altair charts out. Colour never speaks alone: shape or position says the same. Encodings are classes
(`alt.X2("hi:Q")`, `alt.YValue(0)`): what is given as text or by `alt.value` Altair looks up by hashing its whole
schema, which takes milliseconds each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pyarrow as pa

from dashboards import palette

ROW_PX = 28
FIT_WIDTH = alt.AutoSizeParams(type="fit-x", contains="padding")
"""As wide as the page, as high as its rows need."""

TOP, RIGHT = alt.YValue(0), alt.XValue("width")  # type: ignore[no-untyped-call]
"""The upper and the right edge of a chart."""

SHAPES = ("circle", "diamond", "square", "triangle-up", "cross")
Chart = alt.Chart | alt.LayerChart | alt.FacetChart


def intervals(
    rows: pa.Table,
    *,
    y: str,
    value: str,
    lo: str,
    hi: str,
    title: str,
    colour: tuple[str, Mapping[str, str]] | None = None,
    lines: Mapping[float, str] | None = None,
    floor: str | None = None,
    is_share: bool = False,
    is_signed: bool = False,
    tooltip: Sequence[str] = (),
) -> Chart:
    """A dot with its interval on each row of `y`, in the table's order; `lines` are labeled reference values.

    `colour` is (column, value -> colour), repeated as shape. `floor` is a column drawn as a grey tick. The axis reaches
    from 0, or the lowest figure, to 1; that of signed figures as far to the left as to the right.
    """
    base = alt.Chart(rows).encode(
        y=rows_of(rows, y),
        tooltip=[tip(rows, c) for c in (y, value, lo, hi, *tooltip)],
    )
    ends = [v for c in (lo, value, floor) if c for v in rows[c].to_pylist() if v is not None]
    least = max(min([0.0, *ends]), -1.0)
    scale = alt.Scale(domain=[least, 1.0], nice=False, clamp=True)
    axis = _fifths(is_share, least)
    if is_signed:
        reach = max([abs(v) for c in (lo, value, hi) for v in rows[c].to_pylist() if v is not None] + [0.05]) * 1.1
        scale, axis = alt.Scale(domain=[-reach, reach], nice=False), alt.Axis(tickCount=6, format="+.2~f")
    x = alt.X(f"{value}:Q", title=title, scale=scale, axis=axis)
    marks: dict[str, Any] = {"color": alt.ColorValue(palette.BLUE)}
    dots: dict[str, Any] = {}
    if colour:
        column, colours = colour
        shown = [c for c in colours if c in set(rows[column].to_pylist())]
        legend = alt.Legend(title=None, orient="top", labelLimit=400, columns=2)
        marks["color"] = alt.Color(
            f"{column}:N", scale=alt.Scale(domain=shown, range=[colours[c] for c in shown]), legend=legend
        )
        dots["shape"] = alt.Shape(
            f"{column}:N",
            scale=alt.Scale(domain=shown, range=[SHAPES[list(colours).index(c) % len(SHAPES)] for c in shown]),
            legend=legend,
        )
    layers: list[Any] = [_line(at, text, scale) for at, text in (lines or {}).items()]
    if floor:
        layers.append(
            base.mark_tick(thickness=2, size=14, color=palette.GREY).encode(x=alt.X(f"{floor}:Q", scale=scale))
        )
    layers.append(
        base.mark_rule(strokeWidth=2.5).encode(x=alt.X(f"{lo}:Q", scale=scale), x2=alt.X2(f"{hi}:Q"), **marks)
    )
    layers.append(base.mark_point(filled=True, size=90, opacity=1).encode(x=x, **marks, **dots))
    return alt.layer(*layers).properties(height=alt.Step(ROW_PX), autosize=FIT_WIDTH)


def _line(at: float, text: str, scale: alt.Scale) -> Chart:
    """A reference line over the full height, its meaning written on top."""
    base = alt.Chart(pa.table({"at": [at], "text": [text]})).encode(x=alt.X("at:Q", scale=scale))
    line = base.mark_rule(strokeDash=[5, 4], color=palette.GREY, strokeWidth=1.2)
    words = base.mark_text(align="center", baseline="bottom", dy=-4, color=palette.GREY, fontSize=11)
    return alt.layer(line, words.encode(text=alt.Text("text:N"), y=TOP))


def level(at: float, text: str, scale: alt.Scale) -> Chart:
    """A reference line over the full width, its meaning at the right end."""
    base = alt.Chart(pa.table({"at": [at], "text": [text]})).encode(y=alt.Y("at:Q", scale=scale))
    line = base.mark_rule(strokeDash=[5, 4], color=palette.GREY, strokeWidth=1.2)
    words = base.mark_text(align="right", baseline="bottom", dx=-4, dy=-3, color=palette.GREY, fontSize=11)
    return alt.layer(line, words.encode(x=RIGHT, text=alt.Text("text:N")))


def points(rows: pa.Table, *, y: str, value: str, title: str, zero: str, tooltip: Sequence[str] = ()) -> Chart:
    """A dot on each row and a stem to the zero line, for signed figures that have no interval."""
    values = [v for v in rows[value].to_pylist() if v is not None]
    reach = max([abs(v) for v in values] + [0.05]) * 1.15
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    base = alt.Chart(rows).encode(
        y=rows_of(rows, y),
        tooltip=[tip(rows, c) for c in (y, value, *tooltip)],
    )
    stem = base.mark_rule(strokeWidth=2.5, color=palette.BLUE).encode(
        x=alt.X(f"{value}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6)), x2=alt.X2Datum(0)
    )
    dot = base.mark_point(filled=True, size=90, opacity=1, color=palette.BLUE).encode(x=alt.X(f"{value}:Q"))
    return alt.layer(_line(0, zero, scale), stem, dot).properties(height=alt.Step(ROW_PX), autosize=FIT_WIDTH)


def histogram(rows: pa.Table, *, start: str, end: str, count: str, title: str, line: tuple[float, str]) -> Chart:
    """Bars of given bins from 0 to 1, with one labeled reference line."""
    scale = alt.Scale(domain=[0, 1], nice=False)
    bars = (
        alt.Chart(rows)
        .mark_bar(color=palette.BLUE, binSpacing=1)
        .encode(
            x=alt.X(f"{start}:Q", title=title, scale=scale, bin="binned", axis=_fifths(False)),
            x2=alt.X2(f"{end}:Q"),
            y=alt.Y(f"{count}:Q", title="objects", axis=alt.Axis(tickMinStep=1)),
            tooltip=[tip(rows, c) for c in (start, end, count)],
        )
    )
    return alt.layer(bars, _line(*line, scale)).properties(height=150, autosize=FIT_WIDTH)


def bars(rows: pa.Table, *, y: str, amount: str, title: str, tooltip: Sequence[str] = ()) -> Chart:
    """Horizontal bars from zero, in the table's order, the amount written at the end."""
    most = max([v for v in rows[amount].to_pylist() if v is not None] or [1.0])
    base = alt.Chart(rows).encode(
        y=rows_of(rows, y),
        x=alt.X(f"{amount}:Q", title=title, scale=alt.Scale(domain=[0, most * 1.08]), axis=alt.Axis(tickCount=6)),
        tooltip=[tip(rows, c) for c in (y, amount, *tooltip)],
    )
    words = base.mark_text(align="left", dx=4, color=palette.GREY).encode(text=alt.Text(f"{amount}:Q", format=",.4~g"))
    bar = base.mark_bar(color=palette.BLUE, height={"band": 0.7})
    return alt.layer(bar, words).properties(height=alt.Step(ROW_PX), autosize=FIT_WIDTH)


def against_chance(
    rows: pa.Table,
    *,
    y: str,
    value: str,
    chance: str,
    title: str,
    colour: tuple[str, Mapping[str, str]],
    tooltip: Sequence[str] = (),
) -> Chart:
    """A dot on each row, and a grey bar from zero as far as chance alone would reach."""
    column, colours = colour
    shown = [c for c in colours if c in set(rows[column].to_pylist())]
    shapes = [SHAPES[list(colours).index(c)] for c in shown]
    legend = alt.Legend(title=None, orient="top")
    base = alt.Chart(rows).encode(
        y=rows_of(rows, y), tooltip=[tip(rows, c) for c in (y, value, chance, column, *tooltip)]
    )
    x = alt.X(f"{value}:Q", title=title, scale=alt.Scale(domainMin=0), axis=alt.Axis(tickCount=6))
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=x,
        color=alt.Color(f"{column}:N", scale=alt.Scale(domain=shown, range=[colours[c] for c in shown]), legend=legend),
        shape=alt.Shape(f"{column}:N", scale=alt.Scale(domain=shown, range=shapes), legend=legend),
    )
    bar = base.mark_bar(color=palette.GREY, opacity=0.35, height={"band": 0.6}).encode(x=alt.X(f"{chance}:Q"))
    return alt.layer(bar, dots).properties(height=alt.Step(ROW_PX), autosize=FIT_WIDTH)


def stacked(
    rows: pa.Table,
    *,
    part: str,
    amount: str,
    title: str,
    is_share: bool,
    colours: Mapping[str, str] | None = None,
    tooltip: Sequence[str] = (),
) -> Chart:
    """One bar a part, stacked by label in the order of its place; shares reach from 0 to 1.

    `colours` gives labels theirs; else they come from the palette, by place.
    """
    places: list[Any] = rows["place"].to_pylist()
    order = dict(sorted(zip(places, rows["label"].to_pylist(), strict=True)))
    by_place = [palette.OTHER if p > len(palette.CATEGORIES) else palette.CATEGORIES[p - 1] for p in order]
    x = alt.X(f"{amount}:Q", title=title, axis=alt.Axis(tickCount=6))
    if is_share:
        x = alt.X(f"{amount}:Q", title=title, axis=_fifths(True), scale=alt.Scale(domain=[0, 1]))
    chart: Chart = (
        alt.Chart(rows)
        .mark_bar(height={"band": 0.75}, stroke="white", strokeWidth=0.6, strokeOpacity=0.7)
        .encode(
            y=rows_of(rows, part),
            x=x,
            color=alt.Color(
                "label:N",
                scale=alt.Scale(
                    domain=list(order.values()), range=[colours[v] for v in order.values()] if colours else by_place
                ),
                legend=alt.Legend(title=None, orient="top", columns=4, labelLimit=220, symbolStrokeWidth=0),
            ),
            order=alt.Order("place:Q"),
            tooltip=[tip(rows, c) for c in (part, "label", amount, *tooltip)],
        )
        .properties(height=alt.Step(ROW_PX), autosize=FIT_WIDTH)
    )
    return chart


def _fifths(is_share: bool, least: float = 0.0) -> alt.Axis:
    return alt.Axis(values=[n / 5 for n in range(-5, 6) if n / 5 >= least], format=".0%" if is_share else ".1f")


def rows_of(rows: pa.Table, column: str) -> alt.Y:
    """One line for each value, in the table's order."""
    order: list[Any] = list(dict.fromkeys(rows[column].to_pylist()))
    return alt.Y(f"{column}:N", sort=order, title=None, axis=alt.Axis(labelLimit=560, labelOverlap=False))


def tip(rows: pa.Table, column: str) -> alt.Tooltip:
    """A column on hover, under its name in words."""
    kind = rows.schema.field(column).type
    title = column.replace("_", " ")
    if pa.types.is_floating(kind):
        return alt.Tooltip(f"{column}:Q", title=title, format=".3~f")
    return alt.Tooltip(f"{column}:{'Q' if pa.types.is_integer(kind) else 'N'}", title=title)
