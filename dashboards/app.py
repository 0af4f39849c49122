"""Annolake's dashboards. Run with `annolake up`, or: streamlit run dashboards/app.py

Pages stand in the order of a manager's questions; adding one is adding a file and a line here. Their folder is not
called `pages`: from one of that name Streamlit serves every file by itself, past the door. All settings come from the
environment (`annolake config show`); the lake is only read.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
if "dashboards" not in sys.modules:  # the folder is called otherwise in an installed package, and is on no path
    spec = importlib.util.spec_from_file_location(
        "dashboards", HERE / "__init__.py", submodule_search_locations=[str(HERE)]
    )
    if spec is None:
        raise ImportError(f"{HERE} is no package")
    sys.modules["dashboards"] = importlib.util.module_from_spec(spec)

ICON = str(HERE / "icon.svg")
PAGES = (
    st.Page("views/overview.py", title="Overview", icon=":material/space_dashboard:", default=True),
    st.Page("views/agreement.py", title="Agreement", icon=":material/handshake:"),
    st.Page("views/workers.py", title="Workers", icon=":material/groups:"),
    st.Page("views/label_distributions.py", title="Label distributions", icon=":material/bar_chart:"),
    st.Page("views/jobs.py", title="Jobs", icon=":material/work:"),
    st.Page("views/item.py", title="Item", icon=":material/graphic_eq:"),
    st.Page("views/data_quality.py", title="Data quality", icon=":material/verified:"),
    st.Page("views/disputes.py", title="Disputes", icon=":material/balance:"),
)


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config(page_title="Annolake", page_icon=ICON, layout="wide")
    st.logo(ICON)
    from dashboards.door import enter  # noqa: PLC0415 - the package is only known from here on

    page = st.navigation(list(PAGES), position="top")
    if enter():
        page.run()


main()
