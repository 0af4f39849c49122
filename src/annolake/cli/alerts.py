"""Commands about alerts."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from annolake.cli.app import KEEP, app, out, settings

alerts_app = typer.Typer(help="What needs a look: rules over the latest release.", no_args_is_help=True)
app.add_typer(alerts_app, name="alerts", rich_help_panel=KEEP)


@alerts_app.command("list")
def alerts_list() -> None:
    """List the alerts that stand, the newest first."""
    from annolake.alerts.watch import standing

    found = standing(settings())
    if not found:
        out.print("No alert stands. The rules: sql/alerts")
        return
    table = Table("since", "rule", "about", "what", header_style="bold")
    for row in found:
        about = " · ".join(str(part) for part in json.loads(row["subject"]).values())
        table.add_row(f"{row['happened_at']:%Y-%m-%d %H:%M}", row["rule"], escape(about), escape(row["text"]))
    out.print(table)


@alerts_app.command("check")
def alerts_check(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look: note nothing, tell nobody.")] = False,
) -> None:
    """Evaluate the rules at the latest release, note what changed and tell it, as the DAG watch_alerts does.

    Exit code 1 where a rule of severity fail is met.
    """
    from annolake.alerts.watch import look, watch

    if dry_run:
        seen = look(settings())
    else:
        done = watch(settings())
        seen = done.seen
        for row in done.noted:
            out.print(f"{row['stage']}: {escape(row['text'])}")
        for channel, (n, problem) in done.told.items():
            out.print(escape(f"{channel}: {n} not told: {problem}" if problem else f"{channel}: {n} told"))
    met = [finding for finding in seen.findings if finding.is_met]
    out.print(f"Release {seen.release_id}: {len(met)} met, {len(seen.findings) - len(met)} past their threshold only.")
    for finding in seen.findings:
        out.print(f"  {'met      ' if finding.is_met else 'uncertain'} {finding.rule}: {escape(finding.text)}")
    for name, reason in seen.left_out.items():
        out.print(f"  left out  {name}: {escape(reason)}")
    if any(finding.severity == "fail" for finding in met):
        raise typer.Exit(1)
