"""From a row to the object behind it: a table whose cells lead to the page *Item*, at the very seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import streamlit as st

from dashboards import panel
from dashboards.data import Answer

Address = Mapping[str, str]


def address(job_name: str, object_id: str, *, layer: str = "", start_s: float | None = None) -> Address:
    """The parameters of the page *Item* for one object, at a moment where one is given."""
    found = {"of": job_name, "item": object_id}  # not "job": a filter of that name is bound on the page that is left
    if start_s is not None:
        found |= {"in": layer, "t": f"{start_s:.3f}"}
    return found


def table(
    title: str,
    answer: Answer,
    names: str,
    *,
    to: Sequence[Address],
    note: str,
    name: str,
    shown: pa.Table | None = None,
) -> None:
    """`panel.table` whose rows open their object with a click on any cell; `to` has the address of each row."""
    row = panel.table(title, answer, names, note=note, name=name, shown=shown, is_clicked=True)
    if row is not None:
        st.switch_page("views/item.py", query_params=dict(to[row]))
