"""Streamlit's command line, with what the pages import loaded before the server answers.

The first visitor would wait for it otherwise: Streamlit runs the app when somebody comes, and importing takes seconds.
It is loaded before, not beside: two threads that import the same packages may see one half made.
"""

from __future__ import annotations

import altair  # noqa: F401
import pandas  # noqa: F401
from streamlit.web.cli import main

import annolake.alerts.channels
import annolake.lake.on_demand
import annolake.manifest.write  # noqa: F401

if __name__ == "__main__":
    main(prog_name="streamlit")
