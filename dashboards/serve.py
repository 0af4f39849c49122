"""Streamlit's command line, with what the pages import loaded before the server answers.

The first visitor would wait for it otherwise: Streamlit runs the app when somebody comes, and importing takes seconds.
It is loaded before, not beside: two threads that import the same packages may see one half made.

Altair checks each part of a chart as it is made; for charts that tests have drawn that is time lost.
"""

from __future__ import annotations

import altair
import pandas  # noqa: F401
from streamlit.web.cli import main

import annolake.alerts.channels
import annolake.lake.on_demand
import annolake.manifest.write  # noqa: F401

if __name__ == "__main__":
    altair.utils.schemapi.disable_debug_mode()
    main(prog_name="streamlit")
