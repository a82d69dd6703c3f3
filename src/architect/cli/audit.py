"""`architect audit`: prove the record, take it out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from architect.kernel.errors import UsageError
from architect.kernel.ids import RunId, StreamId

if TYPE_CHECKING:
    from architect.audit.model import Event
    from architect.audit.proof import Proof
    from architect.wiring.installation import Installation

state_option = click.option("--state", metavar="FOLDER", help="The state folder; default: the user's own.")


@click.group()
def command() -> None:
    """Prove that the record is what was written, and take it out."""


@command.command()
@click.option(
    "--against", metavar="CHECKPOINT", help="A checkpoint kept elsewhere: NUMBER:COMMITMENT, or a file of such."
)
@click.option("--output/--no-output", "with_output", default=True, help="Compare stored output with its digests too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@state_option
@click.pass_context
def verify(ctx: click.Context, against: str | None, with_output: bool, form: str, state: str | None) -> None:
    """Go through every event, checkpoint and copy; exit code 1 names the first thing that is wrong."""
    from architect.wiring.installation import open_installation
    from architect.wiring.proving import prove

    installation = ctx.with_resource(open_installation(state))
    proof = prove(installation, against=_copies(against), with_output=with_output)
    click.echo(_json(_proof(proof)) if form == "json" else "\n".join(_lines(proof)))
    ctx.exit(1 if proof.faults else 0)


@command.command()
@state_option
@click.pass_context
def checkpoint(ctx: click.Context, state: str | None) -> None:
    """Sign everything recorded by now, copy the line outside the store, and print its short form."""
    from architect.wiring.installation import make_checkpoint, open_installation

    installation = ctx.with_resource(open_installation(state))
    kept = make_checkpoint(installation)
    last = kept.checkpoint if kept else installation.stores.checkpoints.last()
    for failure in kept.failures if kept else ():
        click.echo(f"architect: no copy at {failure}", err=True)
    click.echo(last.short if last else "Nothing is recorded yet.")
    ctx.exit(1 if kept and kept.failures else 0)


@command.command()
@click.option("--run", "name", metavar="RUN", help="One run only.")
@click.option("--format", "form", type=click.Choice(["markdown", "jsonl"]), help="Default: markdown for a run.")
@click.option("--file", "path", type=click.Path(path_type=Path, dir_okay=False), help="Write here, with mode 0600.")
@state_option
@click.pass_context
def export(ctx: click.Context, name: str | None, form: str | None, path: Path | None, state: str | None) -> None:
    """Print the record as JSON Lines, each event with its hash, or the report of a run as Markdown."""
    from architect.wiring.installation import open_installation

    installation = ctx.with_resource(open_installation(state))
    chosen = form or ("markdown" if name else "jsonl")
    if chosen == "markdown":
        if name is None:
            raise UsageError("a report is about one run", hint="name it with --run RUN-7")
        _write(path, iter([_report(installation, RunId(name))]))
        return
    _write(path, (_line(event) for event in _events(installation, name)))


def _events(installation: Installation, name: str | None) -> Iterator[Event]:
    if name is None:
        yield from installation.stores.events.all_events()
        return
    events = installation.stores.events.read(StreamId(f"run:{name}"))
    if not events:
        raise UsageError(f"there is no run {name[:40]}", hint="`architect runs list` shows them")
    yield from events


def _report(installation: Installation, run: RunId) -> str:
    from architect.runs.output import output_text
    from architect.runs.report import report

    events = installation.service.events(run)
    if not events:
        raise UsageError(f"there is no run {run[:40]}", hint="`architect runs list` shows them")
    checkpoint = installation.stores.checkpoints.last()
    return report(
        events,
        read_output=lambda key: output_text(installation.stores.outputs, key),
        checkpoint=checkpoint.short if checkpoint else "",
    )


def _write(path: Path | None, lines: Iterator[str]) -> None:
    import os

    if path is None:
        for line in lines:
            click.echo(line)
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    with open(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.writelines(f"{line}\n" for line in lines)


def _line(event: Event) -> str:
    from architect.audit.canonical import as_json

    return json.dumps(as_json(event), ensure_ascii=False, sort_keys=True)


def _copies(against: str | None) -> tuple[str, str]:
    """Return the text of the copies and where it came from."""
    if against is None:
        return "", ""
    path = Path(against)
    if path.is_file():
        return path.read_text(encoding="utf-8", errors="replace"), str(path)
    return against, "--against"


def _lines(proof: Proof) -> Iterator[str]:
    yield f"{proof.events} events in {proof.streams} streams, {proof.checkpoints} checkpoints, {proof.copies} copies"
    if proof.uncovered:
        yield f"{proof.uncovered} events are newer than the last checkpoint: only their chain proves them"
    first = proof.first
    if first is None:
        yield "The record is whole."
        if proof.last is not None:
            yield f"checkpoint {proof.last.short}"
        return
    yield f"WRONG: {first.message}"
    for fault in proof.faults[1:10]:
        yield f"  also: {fault.message}"
    if len(proof.faults) > 10:
        yield f"  and {len(proof.faults) - 10} more"


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "whole": not proof.faults,
        "events": proof.events,
        "streams": proof.streams,
        "checkpoints": proof.checkpoints,
        "copies": proof.copies,
        "uncovered": proof.uncovered,
        "checkpoint": proof.last.short if proof.last else None,
        "faults": [
            {"kind": fault.kind, "stream": fault.stream, "seq": fault.seq, "message": fault.message}
            for fault in proof.faults
        ],
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
