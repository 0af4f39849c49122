"""What every chart and table stands in: title, figure, n and unit, downloads, the SQL; and the honest empty states."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import streamlit as st

from annolake.errors import AnnolakeError
from dashboards import door, source
from dashboards.charts import Chart
from dashboards.columns import columns
from dashboards.data import Answer

MOST_ROWS = 40
"""Rows that a chart draws; its table and downloads have all."""

RELOOK_SECONDS = 15


def header(shown: source.Source) -> None:
    """Which release the page shows and how old it is; looks again by itself and redraws for a newer one."""

    @st.fragment(run_every=RELOOK_SECONDS)
    def line() -> None:
        if source.latest_id() not in (shown.release_id, None):
            st.rerun(scope="app")
        st.caption(
            f"Release **{shown.release_id}** · published {source.age(shown.released_at)} "
            f"({shown.released_at:%Y-%m-%d %H:%M} UTC)"
        )

    line()


def open_or_explain() -> source.Source | None:
    """The release to draw from, announced; where there is none, the page says what to run instead."""
    who = door.viewer()
    seen = source.latest_id()  # before the try: a release that comes in between is found by the next look
    try:
        release = source.current(who)
    except source.NothingReleased as nothing:
        nothing_here(
            f"{nothing} These pages show what a release of the lake contains.",
            {
                "See the whole path on sample media, in a few minutes": "make demo",
                "Or start everything and label your own": "annolake up",
                "Land a job that is finished": "annolake land JOB",
            },
        )
        _wait_for_another(seen)
    except AnnolakeError as error:
        st.error(f"The lake cannot be read: {error.message}", icon=":material/error:")
        if error.hint:
            st.code(error.hint, language=None)
    else:
        header(release)
        return release
    return None


@st.fragment(run_every=RELOOK_SECONDS)
def _wait_for_another(seen: int | None) -> None:
    """Redraw the page when there is another release than the one that could not be shown, if any."""
    if source.latest_id() not in (seen, None):
        st.rerun(scope="app")


def no_answers() -> None:
    """A release without labels: media was registered, nobody's answers were landed."""
    nothing_here(
        "The release has no answers yet: no job was landed in it.",
        {"Land a job that is finished": "annolake land JOB", "See what jobs there are": "annolake jobs"},
    )


def nothing_here(text: str, commands: Mapping[str, str] | None = None) -> None:
    """An empty state: what is not there, and the commands that bring it."""
    st.info(text, icon=":material/info:")
    for what, command in (commands or {}).items():
        st.markdown(f"{what}:")
        st.code(command, language="bash")


def tiles(shown: Sequence[tuple[str, str, str]], *, a_row: int = 3) -> None:
    """Figures at a glance: name, value, and what it rests on (n, interval, unit) in a sentence."""
    for start in range(0, len(shown), a_row):
        for column, (name, value, meaning) in zip(st.columns(a_row), shown[start : start + a_row], strict=False):
            with column.container(border=True, height="stretch"):
                st.metric(name, value)
                st.caption(meaning)


class _Drawn:
    """A chart that is not checked against Vega-Lite's schema: tests do it, and it takes half the time of a page."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart

    def to_dict(self) -> dict[str, Any]:
        """The specification."""
        return self._chart.to_dict(validate=is_checking)


is_checking = False
"""Whether charts are checked as they are drawn; tests switch it on."""


def chart(title: str, answer: Answer, drawn: Chart, *, note: str, name: str) -> None:
    """A titled chart with its note (n, interval, unit), downloads and SQL; `name` is unique on the page."""
    st.markdown(f"**{title}**")
    st.altair_chart(cast(Chart, _Drawn(drawn)), width="stretch", key=f"chart-{name}", alt=title)
    st.caption(note)
    take_away(answer, name)


def table(
    title: str,
    answer: Answer,
    names: str,
    *,
    note: str,
    name: str,
    shown: pa.Table | None = None,
    is_clicked: bool = False,
) -> int | None:
    """A titled table of the columns `names`, of `shown` where words were added; downloads are the answer's own.

    Where it `is_clicked`, returns the row that was.
    """
    wanted = names.split()
    if title:
        st.markdown(f"**{title}**")
    clicks: dict[str, Any] = {"on_select": "rerun", "selection_mode": "single-cell"} if is_clicked else {}
    state: Any = st.dataframe(
        (answer.table if shown is None else shown).select(wanted),
        column_config=columns(wanted),
        hide_index=True,
        width="stretch",
        key=f"table-{name}",
        placeholder="–",
        alt=title or note,
        **clicks,
    )
    st.caption(note)
    take_away(answer, name)
    cells = state["selection"]["cells"] if is_clicked else []
    return int(cells[0][0]) if cells else None


def take_away(answer: Answer, name: str) -> None:
    """Download buttons for all rows, and the statement that gives them."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.download_button(
            "CSV", lambda: as_csv(answer.table), f"{name}.csv", "text/csv",
            key=f"csv-{name}", on_click="ignore", type="tertiary", icon=":material/download:",
        )  # fmt: skip
        st.download_button(
            "Parquet", lambda: as_parquet(answer.table), f"{name}.parquet", "application/vnd.apache.parquet",
            key=f"parquet-{name}", on_click="ignore", type="tertiary", icon=":material/download:",
        )  # fmt: skip
        with st.popover("Show SQL", type="tertiary", icon=":material/code:"):
            st.code(answer.sql, language="sql")
            st.caption('It runs as it stands: `annolake sql "…"`')


def as_csv(rows: pa.Table) -> bytes:
    """All rows as CSV with a header line."""
    out = io.BytesIO()
    pa.csv.write_csv(rows, out)
    return out.getvalue()


def as_parquet(rows: pa.Table) -> bytes:
    """All rows as Parquet, types kept."""
    out = io.BytesIO()
    pa.parquet.write_table(rows, out, compression="zstd")
    return out.getvalue()


def first(rows: pa.Table, noun: str, order: str, most: int = MOST_ROWS) -> tuple[pa.Table, str]:
    """The rows that a chart draws, and a sentence where that is not all of them."""
    n = rows.num_rows
    left_out = f" The {most} {order} of {n:,} {noun} are drawn; the downloads have all." if n > most else ""
    return rows.slice(0, most), left_out


def only(rows: pa.Table, column: str, kept: Collection[str]) -> pa.Table:
    """The rows that have one of these values in a column."""
    return rows.filter(pa.array([value in kept for value in rows[column].to_pylist()], pa.bool_()))


def with_column(rows: pa.Table, name: str, values: Sequence[str | None]) -> pa.Table:
    """`rows` and a text column made for showing."""
    return rows.append_column(name, pa.array(values, pa.string()))


def named(rows: pa.Table, release: source.Source, *names: str) -> pa.Table:
    """`rows` with names in place of pseudonyms in these columns, for those who may see them; for showing only."""
    for name in names if release.names else ():
        place = rows.schema.get_field_index(name)
        workers: list[Any] = rows[name].to_pylist()
        told = [release.names.get(worker, worker) for worker in workers]
        rows = rows.set_column(place, name, pa.array(told, pa.string()))
    return rows
