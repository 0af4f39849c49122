"""Commands about rows that the quality gate kept out."""

from __future__ import annotations

from typing import Annotated

import typer

from annolake.cli.app import LOOK, app, settings
from annolake.cli.rows import Format, print_rows

quarantine_app = typer.Typer(help="Rows that the quality gate kept out.", no_args_is_help=True)
app.add_typer(quarantine_app, name="quarantine", rich_help_panel=LOOK)


@quarantine_app.command("list")
def quarantine_list() -> None:
    """Count the rows that the quality gate kept out, by table and rule."""
    _ask(
        "select job_name, table_name, rule, count(*) as n_rows, any_value(reason) as for_example"
        " from silver.quarantine group by all order by n_rows desc, job_name, rule"
    )


@quarantine_app.command("show")
def quarantine_show(rule: Annotated[str, typer.Argument(help="Name of the rule.", show_default=False)]) -> None:
    """Show the rows that broke one rule."""
    quoted = rule.replace("'", "''")
    _ask(f"select job_name, object_id, worker_id, reason, row from silver.quarantine where rule = '{quoted}'")  # noqa: S608


def _ask(statement: str) -> None:
    from annolake.lake.sql import query

    print_rows(query(settings(), statement), Format.table)
