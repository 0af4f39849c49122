"""Write the generated pages under docs/ anew: `make docs`. `tests/test_docs.py` fails where a page differs.

A page is a function that returns its whole text; adding a page is adding a line to `PAGES`.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

PAGES: dict[str, str] = {
    "docs/portal-openapi.json": "annolake.service.portal:openapi_page",
    "docs/tables.md": "annolake.lake.dictionary:tables_page",
    "docs/queries.md": "annolake.lake.queries:queries_page",
    "docs/cli.md": "annolake.cli.page:cli_page",
    "docs/dags.md": "annolake.airflow.dictionary:dags_page",
}
"""Page -> `module:function` that gives its text."""

ROOT = Path(__file__).parents[3]


def page_text(page: str) -> str:
    """The text that the page must have."""
    module, function = PAGES[page].split(":")
    return str(getattr(importlib.import_module(module), function)())


def main() -> None:
    """Write every page that differs."""
    for page in PAGES:
        text = page_text(page)
        path = ROOT / page
        if not path.is_file() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            sys.stdout.write(f"wrote {page}\n")


if __name__ == "__main__":
    main()
