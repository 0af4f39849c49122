"""Commands about worker templates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from annolake.cli.app import LOOK, app, out, settings

template_app = typer.Typer(help="Worker templates, tried out without a job.", no_args_is_help=True)
app.add_typer(template_app, name="template", rich_help_panel=LOOK)


@template_app.command("preview")
def template_preview(  # noqa: PLR0917 - the command's options
    template: Annotated[Path, typer.Argument(help="The template, a .liquid.html file.", show_default=False)],
    manifest: Annotated[Path | None, typer.Option(help="Manifest whose line the template is shown with.")] = None,
    line: Annotated[int, typer.Option(min=1, help="Which line, from 1.")] = 1,
    labels: Annotated[
        str, typer.Option(help="Labels of a built-in task type: a,b,c or a label category file; none for custom.")
    ] = "",
    check: Annotated[bool, typer.Option("--check", help="Only render it; exit code 1 where that fails.")] = False,
    port: Annotated[int, typer.Option(help="Port on loopback.", show_default="any free one")] = 0,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
) -> None:
    """Show a template in the browser with real data, and the answer that it would submit.

    Errors of its Liquid come with line and column. Sources may be local files or s3:// objects of a running service.
    """
    from annolake.errors import AnnolakeError
    from annolake.service.templates import TemplateFault
    from annolake.template.preview import preview
    from annolake.template.task import Trial, read_labels

    trial = Trial(settings(), template, manifest, line, read_labels(labels))
    try:
        page = trial.render("http://127.0.0.1")
    except TemplateFault as fault:
        if check:
            raise AnnolakeError(f"{template}: {fault}") from None
        page = ""
    if check:
        out.print(f"{template} renders: {len(page):,} characters.")
        return
    preview(trial, out, port=port, is_opened=browser)
