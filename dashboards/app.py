"""Annolake's dashboards. Run with `annolake up`, or: streamlit run dashboards/app.py

Pages stand in the order of a manager's questions; adding one is adding a file and a line here. All settings come from
the environment (`annolake config show`); the lake is only read.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:  # Streamlit puts this file's folder there, not the one that `dashboards` is in
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402 - after the path

ICON = str(Path(__file__).resolve().with_name("icon.svg"))
PAGES = (
    st.Page("pages/agreement.py", title="Agreement", icon=":material/handshake:", default=True),
    st.Page("pages/label_distributions.py", title="Label distributions", icon=":material/bar_chart:"),
)


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config(page_title="Annolake", page_icon=ICON, layout="wide")
    st.logo(ICON)
    st.navigation(list(PAGES), position="top").run()


main()
