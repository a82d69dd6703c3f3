"""`architect audit`: prove the record, take it out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from architect.kernel.errors import UsageError
from architect.kernel.ids import RunId, StreamId

if TYPE_CHECKING:
    from architect.audit.proof import Proof
    from architect.wiring.installation import Installation
    from architect.wiring.proving import Elsewhere

SHOWN_FAULTS = 10

state_option = click.option(
    "--state", metavar="FOLDER", help="The state folder; default: $ARCHITECT_STATE, else the user's own."
)


@click.group()
def command() -> None:
    """Prove that the record is what was written, and take it out."""


@command.command(short_help="Say whether the record is whole.")
@click.option(
    "--against",
    metavar="CHECKPOINT",
    help="A checkpoint kept elsewhere: NUMBER:COMMITMENT, a copied line, a file of such, or - for standard input.",
)
@click.option("--output/--no-output", "with_output", default=True, help="Compare stored output with its digests too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@state_option
@click.pass_context
def verify(ctx: click.Context, against: str | None, with_output: bool, form: str, state: str | None) -> None:
    """Go through every event, checkpoint and copy; exit code 1 names the first thing that is wrong."""
    from architect.wiring.installation import open_installation
    from architect.wiring.proving import prove

    elsewhere = _elsewhere(against) if against is not None else None
    installation = ctx.with_resource(open_installation(state))
    proof = prove(installation, against=elsewhere, with_output=with_output)
    click.echo(_json(_proof(proof)) if form == "json" else "\n".join(_lines(proof)))
    ctx.exit(1 if proof.faults else 0)


@command.command(short_help="Sign everything recorded by now.")
@state_option
@click.pass_context
def checkpoint(ctx: click.Context, state: str | None) -> None:
    """Sign everything recorded by now, copy the line outside the store, and print its short form.

    Where nothing is new the newest checkpoint is copied again. Exit code 1: a place could not take it.
    """
    from architect.wiring.installation import copy_again, make_checkpoint, open_installation

    installation = ctx.with_resource(open_installation(state))
    kept = make_checkpoint(installation) or copy_again(installation)
    for failure in kept.failures if kept else ():
        click.echo(f"architect: no copy at {_visible(failure)}", err=True)
    click.echo(kept.checkpoint.short if kept else "Nothing is recorded yet.")
    ctx.exit(1 if kept and kept.failures else 0)


@command.command(short_help="Print the record, or the report of a run.")
@click.option("--run", "name", metavar="RUN", help="One run only.")
@click.option("--format", "form", type=click.Choice(["markdown", "jsonl"]), help="Default: markdown for a run.")
@click.option("--file", "path", type=click.Path(path_type=Path, dir_okay=False), help="Write here, with mode 0600.")
@state_option
@click.pass_context
def export(ctx: click.Context, name: str | None, form: str | None, path: Path | None, state: str | None) -> None:
    """Print the record as JSON Lines, each event with its hash, or the report of a run as Markdown."""
    from architect.cli.files import write_lines
    from architect.wiring.installation import open_installation

    chosen = form or ("markdown" if name else "jsonl")
    if chosen == "markdown" and name is None:
        raise UsageError("a report is about one run", hint="name it with --run RUN-7")
    installation = ctx.with_resource(open_installation(state))
    is_report = chosen == "markdown"
    lines = iter([_report(installation, RunId(name or ""))]) if is_report else _events(installation, name)
    if path is not None:
        write_lines(path, lines)
        return
    for line in lines:
        click.echo(line)


def _events(installation: Installation, name: str | None) -> Iterator[str]:
    from architect.audit.canonical import line_of

    if name is None:
        return map(line_of, installation.stores.events.all_events())
    events = installation.stores.events.read(StreamId(f"run:{name}"))
    if not events:
        raise _no_such_run(name)
    return map(line_of, events)


def _report(installation: Installation, run: RunId) -> str:
    from architect.runs.output import output_beginning
    from architect.runs.report import OUTPUT_BYTES, report

    events = installation.service.events(run)
    if not events:
        raise _no_such_run(run)
    covering = installation.stores.checkpoints.covering(events[-1])
    return report(
        events,
        read_output=lambda key: output_beginning(installation.stores.outputs, key, limit=OUTPUT_BYTES),
        checkpoint=covering.short if covering else "",
    )


def _no_such_run(name: str) -> UsageError:
    return UsageError(f"there is no run {name[:40]!r}", hint="`architect runs list` shows them")


def _elsewhere(against: str) -> Elsewhere:
    """Return the copies that were named, and how their place is called."""
    from architect.audit.checkpoints import parse_copies
    from architect.wiring.proving import Elsewhere

    if against == "-":
        return Elsewhere(copies=parse_copies(sys.stdin.read()), place="standard input")
    if _is_file(against):
        text = Path(against).read_text(encoding="utf-8", errors="replace")
        return Elsewhere(copies=parse_copies(text), place=against)
    return Elsewhere(copies=parse_copies(against), place="--against")


def _is_file(text: str) -> bool:
    """Say whether a text names a file; a copied line may be longer than any name."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _lines(proof: Proof) -> Iterator[str]:
    yield f"{proof.events} events in {proof.streams} streams, {proof.checkpoints} checkpoints, {proof.copies} copies"
    if proof.uncovered:
        yield f"{proof.uncovered} events are newer than the last checkpoint: only their chain proves them"
    for note in proof.notes:
        yield f"note: {_visible(note)}"
    first = proof.first
    if first is None:
        yield "The record is whole."
        if proof.last is not None:
            yield f"checkpoint {proof.last.short}"
        return
    yield f"WRONG: {_visible(first.message)}"
    for fault in proof.faults[1:SHOWN_FAULTS]:
        yield f"  also: {_visible(fault.message)}"
    if len(proof.faults) > SHOWN_FAULTS:
        yield f"  and {len(proof.faults) - SHOWN_FAULTS} more"


def _visible(text: str) -> str:
    """Return what somebody may have written into the store, in one line, with escape sequences made visible."""
    from architect.kernel.text import visible

    return " ".join(visible(text).split())


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "whole": not proof.faults,
        "events": proof.events,
        "streams": proof.streams,
        "checkpoints": proof.checkpoints,
        "copies": proof.copies,
        "uncovered": proof.uncovered,
        "checkpoint": proof.last.short if proof.last else None,
        "notes": list(proof.notes),
        "faults": [
            {"kind": fault.kind, "stream": fault.stream, "seq": fault.seq, "message": fault.message}
            for fault in proof.faults
        ],
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2)
