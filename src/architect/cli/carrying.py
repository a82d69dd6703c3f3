"""Carrying a run on in front of whoever is there: what `run`, `runs resume`, `runs undo` and `demo` share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import click
from rich.console import Console

from architect.audit.canonical import as_json
from architect.audit.model import Event
from architect.cli.terminal.asking import Prompter
from architect.cli.terminal.conversation import Answerer, Conversation, Preapproved, Voice
from architect.cli.terminal.story import Story
from architect.cli.terminal.style import make_console, outside
from architect.kernel.errors import ArchitectError
from architect.kernel.ids import RunId
from architect.runs.deciding import INTERRUPTED, exit_code
from architect.runs.state import RunState
from architect.wiring.engines import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a run is carried on: which actions were confirmed beforehand, what is printed, whether somebody is there."""

    approved: tuple[str, ...] = ()
    form: str = "text"
    is_interactive: bool = False


class EventLines(Voice):
    """Prints each event as one line of JSON, as it is in the record."""

    def tell(self, event: Event) -> None:
        """Print one event."""
        click.echo(json.dumps(as_json(event), ensure_ascii=False, sort_keys=True))

    def moving(self) -> AbstractContextManager[None]:
        """Show nothing."""
        return nullcontext()


def carry_on(place: Workplace, run: RunId, *, manner: Manner, others: Sequence[Answerer] = ()) -> int:
    """Carry a run on until it ends or waits for somebody who is not here; return the exit code.

    `others` are asked before the person at the terminal.
    """
    console = make_console() if manner.form == "text" else None
    try:
        state = _converse(place, run, manner, console=console, others=others)
    except ArchitectError as error:
        error.hint = f"{error.hint}; " * bool(error.hint) + f"{run} stays as it is, `architect runs resume {run}`"
        raise
    except KeyboardInterrupt:
        click.echo()
        _say_end(place, place.service.state(run), console)
        return INTERRUPTED
    _say_end(place, state, console)
    return exit_code(state)


def _converse(
    place: Workplace, run: RunId, manner: Manner, *, console: Console | None, others: Sequence[Answerer]
) -> RunState:
    """Let worker and people take turns."""
    service = place.service
    answerers: list[Answerer] = [Preapproved(service, place.identity, actions=manner.approved), *others]
    if console is None:
        return Conversation(place, run, voice=EventLines(), answerers=answerers).go()
    before = service.state(run)
    story = Story(run, before.plan, console=console, began_at=before.created_at)
    prompter = Prompter(place, console=console)
    answerers += [prompter] if manner.is_interactive else []
    conversation = Conversation(place, run, voice=story, answerers=answerers, observers=(story.output,))
    state = conversation.go()
    while state.is_interrupted and manner.is_interactive and _after_interruption(prompter, place, state):
        conversation.catch_up()
        state = conversation.go()
    return state


def _after_interruption(prompter: Prompter, place: Workplace, state: RunState) -> bool:
    """Ask what becomes of an interrupted run; False to leave it as it is."""
    choices = {"c": "carry on", "u": "undo what was changed", "a": "abort", "q": "leave it, to be resumed later"}
    if not state.changes_made:
        del choices["u"]
    match prompter.choose("Interrupted.", choices):
        case "c":
            place.service.resume(state.run, place.identity)
        case "u":
            place.service.undo(state.run, place.identity)
        case "a":
            place.service.abort(state.run, place.identity, reason="interrupted")
        case _:
            return False
    return True


def _say_end(place: Workplace, state: RunState, console: Console | None) -> None:
    """Say how the run stands and how it goes on, and print the checkpoint that is to be kept elsewhere."""
    kept = place.keep()
    for failure in kept.failures if kept else ():
        click.echo(f"architect: the checkpoint could not be copied to {outside(failure)}", err=True)
    if console is not None:
        for line in _how_it_stands(state):
            console.print(line, soft_wrap=True)
    if kept:
        click.echo(f"checkpoint {kept.checkpoint.short}", err=console is None)


def _how_it_stands(state: RunState) -> Sequence[str]:
    run = state.run
    if state.ended is not None:
        return (f"The record: architect runs show {run} · architect audit export --run {run}",)
    resume = f"architect runs resume {run}"
    if state.is_interrupted:
        return (f"{run} is interrupted: {resume} · architect runs undo {run}",)
    if state.busy is not None:
        return (f"{run} waits for {', '.join(state.busy.holders)}: {resume}",)
    gate = state.open_gate
    if gate is None:
        return (f"{run} is not finished: {resume}",)
    question = outside(gate.opened.question)
    elsewhere = f" · architect runs answer {run} {gate.opened.gate} …"
    return (f"{run} waits at {gate.opened.gate}: {question}", f"{resume}{elsewhere}")
