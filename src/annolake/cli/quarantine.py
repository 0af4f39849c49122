"""Commands about rows that the quality gate kept out."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from annolake.cli.app import LOOK, app, out, settings
from annolake.cli.rows import Format, print_rows

quarantine_app = typer.Typer(help="Rows that the quality gate kept out.", no_args_is_help=True)
app.add_typer(quarantine_app, name="quarantine", rich_help_panel=LOOK)


@quarantine_app.command("list")
def quarantine_list() -> None:
    """Count the rows that the quality gate kept out, by table and rule: still out, and let in since."""
    _ask(
        "select job_name, table_name, rule, count(*) filter (m.rule is null) as n_out, count(m.rule) as n_let_in,"
        " any_value(q.reason) as for_example"
        " from silver.quarantine as q left join meta.readmission as m using (job_name, table_name, row_key, rule)"
        " group by all order by n_out desc, job_name, rule",
        empty="Nothing is in quarantine.",
    )


@quarantine_app.command("show")
def quarantine_show(rule: Annotated[str, typer.Argument(help="Name of the rule.", show_default=False)]) -> None:
    """Show the rows that broke one rule, and who let them in since and why."""
    quoted = rule.replace("'", "''")
    _ask(
        "select q.job_name, object_id, worker_id, q.reason, row,"  # noqa: S608
        " case when m.is_accepted then 'accepted' when m.rule is not null then 'holds now' else 'out' end as state,"
        " m.decided_by, m.reason as decided_because, m.landed_at as decided_at"
        " from silver.quarantine as q left join meta.readmission as m using (job_name, table_name, row_key, rule)"
        f" where rule = '{quoted}'",
        empty=f"No row broke the rule {rule}. Those with rows: annolake quarantine list",
    )


@quarantine_app.command("release")
def quarantine_release(
    job: Annotated[list[str], typer.Argument(help="Labeling jobs.", show_default=False)],
    accept: Annotated[
        list[str] | None, typer.Option(help="Let in rows that break this rule; may be given again. Needs --reason.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    by: Annotated[str, typer.Option(help="Who decides.", show_default="the user's name")] = "",
) -> None:
    """Let in the rows whose rule holds by now: labels were added to the job, media was registered, a rule changed.

    They pass the same gate again; gold is built anew and released. Quarantine keeps them as history, and
    meta.readmission says who let in what, when and why.
    """
    from annolake.lake.readmit import release_quarantined

    for name in job:
        with out.status(f"Reading {escape(name)} again ..."):
            done = release_quarantined(settings(), name, accept=accept or (), reason=reason, by=by)
        out.print(escape(f"{done}."))


def _ask(statement: str, *, empty: str) -> None:
    from annolake.lake.sql import query

    found = query(settings(), statement)
    if found.num_rows:
        print_rows(found, Format.table)
    else:
        out.print(escape(empty))
