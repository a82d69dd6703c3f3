"""`architect show`: the typed document, for people and for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from architect.cli.documents import find_runbook, load, parse_reference
from architect.cli.terminal.lines import Line, has_colour, rendered, width_of


@click.command()
@click.argument("reference", metavar="FILE[#RUNBOOK]")
@click.option("--list", "is_list", is_flag=True, help="Only name the runbooks.")
@click.option("--full", "is_full", is_flag=True, help="Show the whole document in full, not as an outline.")
@click.option(
    "--format", "output", type=click.Choice(["text", "json"]), default="text", help="json: docs/reference/document.md."
)
def command(reference: str, output: str, *, is_list: bool, is_full: bool) -> None:
    """Print a document: runbooks, steps, actions, effects, variables. Nothing runs.

    A document is printed as an outline, one line an action; with #RUNBOOK, one runbook in full.
    """
    asked = parse_reference(reference)
    document = load(asked.path)
    chosen = [find_runbook(document, asked.runbook)] if asked.runbook else list(document.runbooks)
    if output == "json":
        from architect.cli.document_json import as_json

        click.echo(as_json(document, chosen))
        return
    width = width_of(sys.stdout)
    if is_list:
        from architect.cli.terminal.outline import list_lines

        _print(list_lines(document, chosen, width), width)
        return
    from architect.cli.terminal.outline import Outline, outline_lines
    from architect.commands.procedures import deeds_of

    is_detailed = is_full or len(chosen) == 1
    outline = Outline(document=document, judged=deeds_of, width=width, is_detailed=is_detailed)
    _print(outline_lines(outline, chosen, is_whole=asked.runbook is None), width)


def _print(lines: Iterable[Line], width: int) -> None:
    """Print lines as they come; characters that the terminal has no code for are spelled out."""
    is_coloured = has_colour(sys.stdout)
    encoding = sys.stdout.encoding or "utf-8"
    for each in lines:
        text = rendered(each, width, is_coloured=is_coloured)
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), color=is_coloured)
