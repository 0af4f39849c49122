"""Charts of spreads: quality against speed, who says what instead of what, signed offsets around zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pyarrow as pa

from dashboards import palette
from dashboards.charts import FIT_WIDTH, SHAPES, TOP, Chart, level, rows_of, tip

MOST_LABELS = 12
"""Labels that a matrix has on each side; its table and downloads have all."""

MANY_DOTS = 60
"""From so many dots on they are small and let through what is under them."""


def scatter(
    rows: pa.Table,
    *,
    name: str,
    x: str,
    x_title: str,
    y: str,
    y_lo: str,
    y_hi: str,
    y_title: str,
    size: str,
    colour: tuple[str, Mapping[str, str]],
    line: tuple[float, str],
    tooltip: Sequence[str] = (),
) -> Chart:
    """Points at the lower bound `y_lo` with the interval above them as a thin rule; the area grows with `size`.

    Without an interval the point stands at `y`. Names are written where there are few points.
    """
    column, colours = colour
    shown = [c for c in colours if c in set(rows[column].to_pylist())]
    shapes = [SHAPES[list(colours).index(c) % len(SHAPES)] for c in shown]
    bounds = [lo if lo is not None else at for lo, at in zip(rows[y_lo].to_pylist(), rows[y].to_pylist(), strict=True)]
    rows = rows.append_column("bound", pa.array(bounds, pa.float64()))
    least = max(min([0.0, *(b for b in bounds if b is not None)]), -1.0)
    scale = alt.Scale(domain=[least, 1.0], nice=False, clamp=True)
    fastest = max([v for v in rows[x].to_pylist() if v is not None] or [1.0])
    across = alt.X(f"{x}:Q", title=x_title, scale=alt.Scale(domain=[0, fastest * 1.15], nice=False))
    legend = alt.Legend(title=None, orient="top", labelLimit=400, columns=2, symbolOpacity=1)
    base = alt.Chart(rows).encode(
        x=across,
        color=alt.Color(f"{column}:N", scale=alt.Scale(domain=shown, range=[colours[c] for c in shown]), legend=legend),
        tooltip=[tip(rows, c) for c in (name, x, y, y_lo, y_hi, size, column, *tooltip)],
    )
    reach = base.mark_rule(opacity=0.35 if rows.num_rows <= MOST_LABELS else 0.15, strokeWidth=1.5).encode(
        y=alt.Y("bound:Q", scale=scale), y2=alt.Y2(f"{y_hi}:Q")
    )
    many = rows.num_rows > MANY_DOTS
    dots = base.mark_point(filled=True, opacity=0.6 if many else 0.9).encode(
        y=alt.Y("bound:Q", title=y_title, scale=scale),
        shape=alt.Shape(f"{column}:N", scale=alt.Scale(domain=shown, range=shapes), legend=legend),
        size=alt.Size(f"{size}:Q", scale=alt.Scale(range=[15, 130] if many else [50, 400], domainMin=0), legend=None),
    )
    layers: list[Any] = [level(*line, scale), reach, dots]
    if rows.num_rows <= MOST_LABELS:
        layers.append(
            base.mark_text(align="left", dx=11, fontSize=11).encode(
                y=alt.Y("bound:Q", scale=scale), text=alt.Text(f"{name}:N")
            )
        )
    return alt.layer(*layers).properties(height=360, autosize=FIT_WIDTH)


def matrix(rows: pa.Table, *, y: str, x: str, y_title: str, x_title: str, share: str, tooltip: Sequence[str]) -> Chart:
    """Shares as cells, darker is more, the figure written in; each row of `y` adds up to 1."""
    order: list[Any] = list(dict.fromkeys(rows[y].to_pylist()))
    base = alt.Chart(rows).encode(
        y=alt.Y(f"{y}:N", sort=order, title=y_title, axis=alt.Axis(labelLimit=200)),
        x=alt.X(f"{x}:N", sort=order, title=x_title, axis=alt.Axis(labelAngle=-30, labelLimit=160, orient="bottom")),
        tooltip=[tip(rows, c) for c in (y, x, share, *tooltip)],
    )
    colour = alt.Color(
        f"{share}:Q",
        scale=alt.Scale(domain=[0, 1], range=list(palette.SEQUENCE)),
        legend=alt.Legend(title=None, format=".0%", orient="right", gradientLength=140),
    )
    written = base.mark_text(fontSize=12).encode(
        text=alt.Text(f"{share}:Q", format=".0%"),
        color=alt.ColorValue("#222222", condition={"test": f"datum.{share} > 0.55", "value": "white"}),
    )
    return alt.layer(base.mark_rect().encode(color=colour), written).properties(height=alt.Step(36), autosize=FIT_WIDTH)


def around_zero(
    rows: pa.Table, *, start: str, end: str, count: str, title: str, of: str, zero: str, colour: str = palette.BLUE
) -> Chart:
    """A histogram of signed figures, as far to the left as to the right, with the zero line."""
    ends: list[Any] = [v for c in (start, end) for v in rows[c].to_pylist()]
    reach = max([abs(v) for v in ends] or [0.5])
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    bars = (
        alt.Chart(rows)
        .mark_bar(color=colour, binSpacing=1)
        .encode(
            x=alt.X(f"{start}:Q", title=title, scale=scale, bin="binned", axis=alt.Axis(tickCount=9, format="+.2~f")),
            x2=alt.X2(f"{end}:Q"),
            y=alt.Y(f"{count}:Q", title=of, axis=alt.Axis(tickMinStep=1, tickCount=5)),
            tooltip=[tip(rows, c) for c in (start, end, count)],
        )
    )
    base = alt.Chart(pa.table({"at": [0.0], "text": [zero]})).encode(x=alt.X("at:Q", scale=scale))
    line = base.mark_rule(strokeWidth=1.5, color=palette.GREY)
    words = base.mark_text(align="center", baseline="bottom", dy=-4, color=palette.GREY, fontSize=11)
    return alt.layer(bars, line, words.encode(text=alt.Text("text:N"), y=TOP)).properties(
        height=200, autosize=FIT_WIDTH
    )


def strips(
    rows: pa.Table, *, y: str, start: str, end: str, share: str, title: str, zero: str, tooltip: Sequence[str]
) -> Chart:
    """A histogram on each row of `y`, in the table's order: the darker, the larger the share; with the zero line."""
    ends: list[Any] = [v for c in (start, end) for v in rows[c].to_pylist()]
    scale = alt.Scale(domain=[-max(abs(v) for v in ends), max(abs(v) for v in ends)], nice=False)
    most: list[Any] = rows[share].to_pylist()
    bars = (
        alt.Chart(rows)
        .mark_rect(height={"band": 0.8})
        .encode(
            x=alt.X(f"{start}:Q", title=title, scale=scale, bin="binned", axis=alt.Axis(tickCount=9, format="+.2~f")),
            x2=alt.X2(f"{end}:Q"),
            y=rows_of(rows, y),
            color=alt.Color(
                f"{share}:Q",
                scale=alt.Scale(domain=[0, max(most)], range=list(palette.SEQUENCE)),
                legend=alt.Legend(title=None, format=".0%", orient="right", gradientLength=100),
            ),
            tooltip=[tip(rows, c) for c in (y, start, end, share, *tooltip)],
        )
    )
    base = alt.Chart(pa.table({"at": [0.0], "text": [zero]})).encode(x=alt.X("at:Q", scale=scale))
    line = base.mark_rule(strokeWidth=1.5, color=palette.MARK)
    words = base.mark_text(align="center", baseline="bottom", dy=-4, color=palette.GREY, fontSize=11)
    return alt.layer(bars, line, words.encode(text=alt.Text("text:N"), y=TOP)).properties(
        height=alt.Step(26), autosize=FIT_WIDTH
    )
