"""Events in words, as the story of a run and `architect runs show` tell them."""

from __future__ import annotations

from collections.abc import Mapping

from architect.cli.terminal.style import count, duration, outside
from architect.runs.events import (
    Answer,
    ClockJumped,
    GateAnswered,
    GateOpened,
    GateVoided,
    LeaseTaken,
    PageRecorded,
    RunAborted,
    RunEvent,
    RunInterrupted,
    RunResumed,
    StepSkipped,
    StepUnknown,
    TargetsBusy,
    UndoCaptured,
    UndoPlanned,
    ValueSet,
)

_ANSWERS: Mapping[Answer, str] = {
    Answer.APPROVE: "approved by {by}",
    Answer.CHOOSE: "option {option}, chosen by {by}",
    Answer.DONE: "done, says {by}",
    Answer.RETRY: "to be run again, says {by}",
    Answer.RECOVERED: "{by} says that the fault is gone",
    Answer.NOT_RECOVERED: "{by} says that the fault is still there",
}
"""What is said of an answer; those that are not here have an event of their own that says it."""


class Words:
    """Puts the smaller events into words; remembers which gate asked about what."""

    def __init__(self) -> None:
        self._gates: dict[str, GateOpened] = {}

    def of(self, event: RunEvent) -> str:
        """Return an event in words; empty for what need not be said, and for what is told in another way."""
        match event:
            case GateOpened():
                self._gates[event.gate] = event
                return ""
            case GateAnswered():
                return self._answered(event)
            case GateVoided():
                return f"{self._about(event.gate)}asked again: {outside(event.reason)}"
            case _:
                return outside(_of_run(event) or _of_step(event))

    def _answered(self, event: GateAnswered) -> str:
        if event.answer not in _ANSWERS:
            return ""
        words = self._about(event.gate) + _ANSWERS[event.answer].format(
            by=person(event.by, is_verified=event.is_verified), option=event.option
        )
        parts = [words]
        parts += ["a single person"] if event.single_person else []
        parts += ["BREAK-GLASS"] if event.break_glass else []
        parts += [f"reason: {event.reason}"] if event.reason else []
        parts += [] if event.is_final else ["a second person is still needed"]
        return outside(", ".join(parts))

    def _about(self, gate: str) -> str:
        opened = self._gates.get(gate)
        if opened is None:
            return ""
        about = opened.action or (f"step {opened.group}" if opened.group else "")
        return f"{about}: " if about else ""


def person(actor: str, *, is_verified: bool = True) -> str:
    """Return who acted, by name; whoever was not verified is called so."""
    family, separator, name = actor.partition(":")
    if not separator:
        return actor
    return f"{name} (not verified)" if family == "unverified" or not is_verified else name


def _of_run(event: RunEvent) -> str:
    match event:
        case LeaseTaken(reason="taken-over"):
            return f"taken over from a worker that is gone, by {event.worker}"
        case PageRecorded():
            return f"break-glass: {', '.join(event.to) or 'nobody else is registered'}: {event.detail}"
        case TargetsBusy():
            return f"{event.action}: waits for {', '.join(event.holders)}"
        case UndoPlanned():
            return f"the way back: {count(len(event.actions), 'action')}, asked for by {person(event.by)}"
        case RunInterrupted():
            return f"interrupted by {person(event.by)}"
        case RunResumed():
            return f"resumed by {person(event.by)}"
        case RunAborted():
            return f"given up by {person(event.by)}"
        case ClockJumped():
            return f"{event.what} ({duration(abs(event.seconds))})"
        case _:
            return ""


def _of_step(event: RunEvent) -> str:
    match event:
        case StepSkipped():
            by = f" by {person(event.by)}" if event.by else ""
            return f"{event.action}: left out{by}: {event.reason.removeprefix('refused: ')}"
        case StepUnknown():
            return f"{event.action}: nobody saw how it ended. {' '.join(event.found)}"
        case UndoCaptured(impossible=""):
            return f"{event.action}: way back kept: {event.text}"
        case ValueSet():
            value = f"is read from {event.reference}" if event.reference else f"= {event.value}"
            return f"{event.variable} {value}, given by {person(event.by)}"
        case _:
            return ""
