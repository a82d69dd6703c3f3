"""Carrying a run on in front of whoever is there: what `run`, `runs resume`, `runs undo` and `demo` share."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from architect.audit.canonical import as_json
from architect.audit.model import Event
from architect.cli.terminal.asking import Prompter
from architect.cli.terminal.conversation import Answerer, Conversation, Interruptions, Preapproved, Voice
from architect.cli.terminal.keyboard import TerminalKeyboard
from architect.cli.terminal.screen import Outlet, Screen, say_aside
from architect.cli.terminal.story import Story
from architect.cli.terminal.style import outside
from architect.kernel.errors import ArchitectError, ConflictError, OutsideError, UsageError
from architect.kernel.ids import RunId
from architect.runs.deciding import INTERRUPTED, UNKNOWN, WAITING, exit_code
from architect.runs.model import PlannedAction
from architect.runs.ports import Observer
from architect.runs.state import RunState
from architect.runs.undoing import plan_undo
from architect.wiring.workplace import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a run is carried on: which actions were confirmed beforehand, what is printed, whether somebody is there."""

    approved: tuple[str, ...] = ()
    form: str = "text"
    is_interactive: bool = False


class EventLines(Voice):
    """Prints each event as one line of JSON, as it is in the record."""

    def __init__(self) -> None:
        self._outlet = Outlet(sys.stdout)

    def tell(self, event: Event) -> None:
        """Print one event."""
        self._outlet.write(json.dumps(as_json(event), ensure_ascii=False, sort_keys=True) + "\n")
        self._outlet.flush()

    def moving(self) -> AbstractContextManager[None]:
        """Show nothing."""
        return nullcontext()


def is_somebody_here() -> bool:
    """Say whether a person sits at a terminal: one who sees what is asked and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def require_known(approved: Sequence[str], actions: Sequence[PlannedAction]) -> None:
    """Raise UsageError where `--approve` names an action that the runbook has not."""
    known = [str(action.id) for action in actions]
    for name in approved:
        if name not in known:
            shown = ", ".join(known[:20]) + (" …" if len(known) > 20 else "")
            hint = f"its actions: {shown or 'none'}"
            raise UsageError(f"--approve {outside(name)[:40]}: there is no such action", hint=hint)


def carry_on(place: Workplace, run: RunId, *, manner: Manner, others: Sequence[Answerer] = ()) -> int:
    """Carry a run on until it ends or waits for somebody who is not here; return the exit code.

    `others` are asked before the person at the terminal.
    """
    with Interruptions(by=place.identity.actor) as interruptions:
        carrying = _Carrying(place, run, manner, interruptions=interruptions, others=others)
        try:
            state = carrying.go()
            code = exit_code(state)
        except KeyboardInterrupt:
            state, code = place.service.state(run), INTERRUPTED
        except (OutsideError, ConflictError) as error:
            say_aside(f"architect: {outside(str(error))}")
            say_aside(f"architect: {carrying.where_it_stopped()}")
            return UNKNOWN if carrying.conversation.is_in_step else WAITING
        except ArchitectError as error:
            error.hint = f"{error.hint}; " * bool(error.hint) + f"{run} stays as it is, `architect runs resume {run}`"
            raise
        carrying.say_end(state)
        return code


class _Carrying:
    """One run in front of one person, or of nobody."""

    def __init__(
        self,
        place: Workplace,
        run: RunId,
        manner: Manner,
        *,
        interruptions: Interruptions,
        others: Sequence[Answerer],
    ) -> None:
        self._place = place
        self._run = run
        self._is_interactive = manner.is_interactive and manner.form == "text"
        self._screen = Screen() if manner.form == "text" else None
        state = place.service.state(run)
        preapproved = Preapproved(place.service, place.identity, actions=manner.approved, rules=place.rules)
        answerers: list[Answerer] = [preapproved, *others]
        voice: Voice = EventLines()
        self._prompter: Prompter | None = None
        observers: tuple[Observer, ...] = ()
        if self._screen is not None:
            story = Story(run, state.plan, screen=self._screen, began_at=state.created_at)
            voice, observers = story, (story.output,)
            if self._is_interactive:
                keyboard = TerminalKeyboard(self._screen)
                self._prompter = Prompter(place, screen=self._screen, keyboard=keyboard, clocks=story.clocks)
                answerers.append(self._prompter)
        self.conversation = Conversation(
            place,
            run,
            voice=voice,
            answerers=answerers,
            interruptions=interruptions,
            observers=observers,
            waits_for_others=self._is_interactive,
        )

    def go(self) -> RunState:
        """Let worker and people take turns; after an interruption ask what becomes of the run."""
        state = self.conversation.go()
        while state.is_interrupted and state.ended is None and self._prompter is not None:
            if not self._goes_on(self._prompter, state):
                break
            self.conversation.catch_up()
            state = self.conversation.go()
        return state

    def _goes_on(self, prompter: Prompter, state: RunState) -> bool:
        """Ask what becomes of an interrupted run; False to leave it as it is."""
        choices = [
            ("c", "carry on"),
            ("u", "undo what was changed"),
            ("a", "abort the run"),
            ("q", "leave it for later"),
        ]
        if not state.changes_made or state.is_undoing:
            del choices[1]
        service, identity = self._place.service, self._place.identity
        try:
            match prompter.choose(f"{self._run} is interrupted.", choices):
                case "c":
                    service.resume(self._run, identity)
                case "u":
                    service.undo(self._run, identity)
                case "a":
                    service.abort(self._run, identity, reason="interrupted")
                case _:
                    return False
        except ArchitectError as error:
            say_aside(f"architect: {outside(str(error))}")
            return False
        return True

    def where_it_stopped(self) -> str:
        """Say what becomes of a run that could not be carried on."""
        if self.conversation.is_in_step:
            return f"how the present step ended is not recorded; `architect runs resume {self._run}` looks, and asks"
        return f"{self._run} stays as it is; `architect runs resume {self._run}` carries it on"

    def say_end(self, state: RunState) -> None:
        """Say how the run stands and how it goes on, and print the checkpoint that is to be kept elsewhere."""
        if self._screen is not None:
            self._screen.say()
            for label, text in how_it_stands(state):
                self._screen.say(outside(text), prefix=f"{label:<9} ")
        self._keep()

    def _keep(self) -> None:
        try:
            kept = self._place.keep()
        except ArchitectError as error:
            say_aside(f"architect: no checkpoint was made: {outside(str(error))}")
            return
        if kept is None:
            return
        for failure in kept.failures:
            say_aside(f"architect: the checkpoint could not be copied to {outside(failure)}")
        if self._screen is not None:
            self._screen.say(kept.checkpoint.short, prefix="checkpoint ")
        else:
            say_aside(f"checkpoint {kept.checkpoint.short}")


def how_it_stands(state: RunState) -> Iterator[tuple[str, str]]:
    """Yield what a person may want to do next: a label and a text."""
    run = state.run
    if state.ended is not None:
        yield "record", f"architect runs show {run}"
        yield "report", f"architect audit export --run {run}"
        if plan_undo(state, "").actions and not state.is_undoing and state.aborted is None:
            yield "way back", f"architect runs undo {run}"
        return
    if state.is_interrupted:
        yield str(run), "is interrupted"
    elif state.busy is not None:
        yield str(run), f"waits for {', '.join(state.busy.holders)}"
    elif state.open_gate is not None:
        yield str(run), f"waits at {state.open_gate.opened.gate}: {state.open_gate.opened.question}"
    else:
        yield str(run), "is not finished"
    yield "go on", f"architect runs resume {run}"
    if state.changes_made and not state.is_undoing:
        yield "go back", f"architect runs undo {run}"
    yield "give up", f"architect runs abort {run}"
