"""Charts over days: a figure with its ribbon, what is left, what was done. Days are UTC, as in the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import altair as alt
import pyarrow as pa

from dashboards import palette
from dashboards.charts import FIT_WIDTH, TOP, Chart, level, tip

HEIGHT = 240

FEW_DAYS = 20
"""Up to so many days each has its own marks; beyond them a line says more."""


def ribbon(
    rows: pa.Table,
    *,
    value: str,
    lo: str,
    hi: str,
    title: str,
    domain: tuple[float, float],
    lines: Mapping[float, str] | None = None,
    marks: Mapping[date, str] | None = None,
    alarm: str | None = None,
    tooltip: Sequence[str] = (),
) -> Chart:
    """A line over days with its 95 % interval as a ribbon; a day alone has a whisker. `marks` are days of note.

    `alarm` is a column of flags; those days are drawn as red diamonds.
    """
    x = _day(rows, marks)
    rows = _as_text(rows)
    scale = alt.Scale(domain=list(domain), nice=False, clamp=True)
    y = alt.Y(f"{value}:Q", title=title, scale=scale)
    base = alt.Chart(rows).encode(x=x, tooltip=[tip(rows, c) for c in ("day", value, lo, hi, *tooltip)])
    layers: list[Any] = []
    band = base.transform_filter(f"isValid(datum.{lo})")
    layers.append(
        band.mark_area(color=palette.BLUE, opacity=0.2).encode(y=alt.Y(f"{lo}:Q", scale=scale), y2=alt.Y2(f"{hi}:Q"))
    )
    if rows.num_rows <= FEW_DAYS:
        whisker = band.mark_rule(color=palette.BLUE, opacity=0.6, strokeWidth=2)
        layers.append(whisker.encode(y=alt.Y(f"{lo}:Q", scale=scale), y2=alt.Y2(f"{hi}:Q")))
    layers += [level(at, text, scale) for at, text in (lines or {}).items()]
    if marks:
        layers.append(_marks(marks, x))
    layers.append(base.mark_line(color=palette.BLUE, strokeWidth=2).encode(y=y))
    dot = base.mark_point(filled=True, opacity=1, size=70)
    if alarm:
        flagged = {"test": f"datum.{alarm}"}
        dot = dot.encode(
            color=alt.ColorValue(palette.BLUE, condition={**flagged, "value": palette.RED}),
            shape=alt.ShapeValue("circle", condition={**flagged, "value": "diamond"}),
            size=alt.SizeValue(60 if rows.num_rows <= FEW_DAYS else 15, condition={**flagged, "value": 160}),
        )
    else:
        dot = dot.encode(color=alt.ColorValue(palette.BLUE))
    layers.append(dot.encode(y=y))
    return alt.layer(*layers).properties(height=HEIGHT, autosize=FIT_WIDTH)


def left_over(
    rows: pa.Table, colours: Mapping[str, str], finish: tuple[date, date, date | None] | None, title: str
) -> Chart:
    """What is left by state, stacked over days; the estimated finish on the zero line: soonest, expected, latest."""
    ends = {day: "" for day in (finish or ()) if day is not None}
    x = _day(rows, ends)
    area = (
        alt.Chart(_as_text(rows))
        .mark_area(
            opacity=0.85, line={"strokeWidth": 1}, point={"size": 40} if rows.num_rows <= 2 * FEW_DAYS else False
        )
        .encode(
            x=x,
            y=alt.Y("n_items:Q", title=title, stack="zero", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "state:N",
                scale=alt.Scale(domain=list(colours), range=list(colours.values())),
                legend=alt.Legend(title=None, orient="top", symbolType="square"),
            ),
            order=alt.Order("place:Q"),
            tooltip=[tip(rows, c) for c in ("day", "state", "n_items")],
        )
    )
    if not finish:
        return alt.layer(area).properties(height=HEIGHT, autosize=FIT_WIDTH)
    soonest, expected, latest = finish
    told = pa.table({"from": [str(soonest)], "day": [str(expected)], "to": [str(latest or expected)], "zero": [0]})
    end = alt.Chart(told).encode(y=alt.Y("zero:Q"))
    whisker = end.mark_rule(strokeWidth=4, color=palette.MARK).encode(x=alt.X("from:T"), x2=alt.X2("to:T"))
    dot = end.mark_point(filled=True, size=150, shape="diamond", color=palette.MARK, opacity=1).encode(x=alt.X("day:T"))
    words = end.mark_text(dy=-14, color=palette.MARK, fontSize=11, align="center").encode(
        x=alt.X("day:T"), text=alt.TextValue("estimated finish" if latest else "estimated finish, latest open")
    )
    return alt.layer(area, whisker, dot, words).properties(height=HEIGHT, autosize=FIT_WIDTH)


def done(
    rows: pa.Table,
    *,
    amount: str,
    title: str,
    colour: tuple[str, Mapping[str, str]] | None = None,
    tooltip: Sequence[str] = (),
) -> Chart:
    """Bars from zero, one a day, stacked by a column where one is given with its colours."""
    by: dict[str, Any] = {"color": alt.ColorValue(palette.BLUE)}
    if colour:
        column, colours = colour
        scale = alt.Scale(domain=list(colours), range=list(colours.values()))
        by = {"color": alt.Color(f"{column}:N", scale=scale, legend=alt.Legend(title=None, orient="top"))}
        tooltip = (column, *tooltip)
    days: list[Any] = rows["day"].to_pylist()
    is_count = pa.types.is_integer(rows.schema.field(amount).type)
    axis = alt.Axis(tickCount=5, tickMinStep=1) if is_count else alt.Axis(tickCount=5)
    width = min(36.0, 480 / ((max(days) - min(days)).days + 2))
    chart: Chart = (
        alt.Chart(_as_text(rows))
        .mark_bar(size=width)
        .encode(
            x=_day(rows),
            y=alt.Y(f"{amount}:Q", title=title, axis=axis),
            tooltip=[tip(rows, c) for c in ("day", amount, *tooltip)],
            **by,
        )
        .properties(height=HEIGHT, autosize=FIT_WIDTH)
    )
    return chart


def _day(rows: pa.Table, more: Mapping[date, str] | None = None) -> alt.X:
    """An axis of whole days that reaches a little over both ends, so that one day alone stands in the middle."""
    days: list[Any] = [*rows["day"].to_pylist(), *(more or {})]
    first, last = min(days), max(days)
    room = max((last - first) * 0.04, timedelta(hours=18))
    ends = [_utc(first) - room, _utc(last) + room]
    step = max((last - first).days // 7, 1)
    ticks = [_utc(first + timedelta(days=n)) for n in range(0, (last - first).days + 1, step)]
    return alt.X(
        "day:T",
        title=None,
        scale=alt.Scale(type="utc", domain=[_vega(at) for at in ends], nice=False),
        axis=alt.Axis(format="%-d %b", values=[_vega(at) for at in ticks], labelAngle=0, grid=False),
    )


def _marks(marks: Mapping[date, str], x: alt.X) -> Chart:
    """Days of note as upright lines with their names."""
    told = pa.table({"day": [str(day) for day in marks], "text": list(marks.values())})
    base = alt.Chart(told).encode(x=x)
    line = base.mark_rule(strokeDash=[2, 3], color=palette.MARK, strokeWidth=1.5)
    words = base.mark_text(align="left", baseline="top", dx=4, color=palette.MARK, fontSize=11)
    return alt.layer(line, words.encode(y=TOP, text=alt.Text("text:N")))


def _as_text(rows: pa.Table) -> pa.Table:
    """Days as `2026-10-05`, which the browser reads as that day in UTC."""
    place = rows.schema.get_field_index("day")
    return rows.set_column(place, "day", rows["day"].cast(pa.string()))


def _utc(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _vega(at: datetime) -> alt.DateTime:
    return alt.DateTime(year=at.year, month=at.month, date=at.day, hours=at.hour, minutes=at.minute, utc=True)
