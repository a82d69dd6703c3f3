"""What happened in a run, one line an event, in the words of a person who tells a colleague. Pure.

Lines are Markdown; whatever came from outside stands in them as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from architect.audit.model import Event
from architect.kernel.ids import ActionId
from architect.runs.events import (
    Answer,
    ClockJumped,
    ConditionMeasured,
    GateAnswered,
    GateVoided,
    LeaseTaken,
    Occasion,
    PageRecorded,
    RunAborted,
    RunCreated,
    RunEnded,
    RunEvent,
    RunInterrupted,
    RunResumed,
    StepEnded,
    StepSkipped,
    StepUnknown,
    TargetsBusy,
    UndoPlanned,
    parse,
)
from architect.runs.markdown import duration, inline
from architect.runs.model import Truth
from architect.runs.state import RunState

_TRUTHS = {Truth.HOLDS: "holds", Truth.DOES_NOT: "does not hold", Truth.CANNOT_TELL: "cannot tell"}
_OCCASIONS = {
    Occasion.BEFORE: "before the first change",
    Occasion.AFTER_CHANGE: "after",
    Occasion.CHECK: "check after",
    Occasion.FINAL: "at the end",
}
_ANSWERS = {
    Answer.APPROVE: "approved",
    Answer.REFUSE: "refused",
    Answer.CHOOSE: "chose",
    Answer.SET_VALUE: "gave a value for",
    Answer.DONE: "said that this is done:",
    Answer.RETRY: "asked for another attempt of",
    Answer.SKIP: "left out",
    Answer.UNDO: "asked for the way back after",
    Answer.ABORT: "gave up at",
    Answer.RECOVERED: "said that the fault is gone",
    Answer.NOT_RECOVERED: "said that the fault is not gone",
}


def timeline(state: RunState, events: Sequence[Event]) -> Iterator[tuple[datetime, str]]:
    """Yield moments and what happened then; a check that answers as before is told once."""
    before: dict[tuple[str, str, str], tuple[Truth, str]] = {}
    for event in events:
        happened = parse(event)
        if isinstance(happened, ConditionMeasured):
            key = (happened.condition, happened.occasion, happened.action or "")
            if before.get(key) == (happened.truth, happened.detail):
                continue
            before[key] = happened.truth, happened.detail
        line = _line(state, happened) if happened is not None else f"{inline(event.kind)} by {inline(event.actor)}"
        if line:
            yield event.at, line


def _line(state: RunState, event: RunEvent) -> str:
    match event:
        case GateAnswered():
            return _answered(state, event)
        case ConditionMeasured():
            return _measured(state, event)
        case StepEnded():
            return f"{_action(state, event.action)}: {result_of(event)}"
        case StepUnknown():
            found = f": {inline('; '.join(event.found))}" if event.found else ""
            return f"{_action(state, event.action)}: **nobody saw its end**{found}"
        case StepSkipped():
            return f"{_action(state, event.action)}: left out, {inline(event.reason)}"
        case PageRecorded():
            to = ", ".join(map(inline, event.to)) or "nobody else is registered"
            return f"**break-glass page** to {to}: {inline(event.detail)}"
        case _:
            return _about_the_run(event)


def _about_the_run(event: RunEvent) -> str:
    match event:
        case RunCreated():
            return f"{inline(name_of(event.requested_by))} asked for it"
        case LeaseTaken():
            return (
                "" if event.reason == "started" else f"{inline(event.reason.replace('-', ' '))} on {inline(event.host)}"
            )
        case ClockJumped():
            return f"{inline(event.what)} ({event.seconds:+.1f} s)"
        case GateVoided():
            return f"what was agreed to no longer counts: {inline(event.reason)}"
        case TargetsBusy():
            return f"waited for {', '.join(map(inline, event.holders))}"
        case UndoPlanned():
            return f"{inline(name_of(event.by))} asked for the way back"
        case RunInterrupted():
            return f"{inline(name_of(event.by))} interrupted it"
        case RunResumed():
            return f"{inline(name_of(event.by))} let it go on"
        case RunAborted():
            return f"{inline(name_of(event.by))} gave it up{f': {inline(event.reason)}' if event.reason else ''}"
        case RunEnded():
            return f"it ended: {inline(event.summary)}"
        case _:
            return ""


def _answered(state: RunState, answer: GateAnswered) -> str:
    opened = state.gates[answer.gate].opened
    what = _action(state, opened.action) if opened.action else ""
    if answer.answer is Answer.CHOOSE:
        what = f"option {answer.option} of step {inline(opened.group or '')}"
    if answer.answer is Answer.SET_VALUE:
        what = inline(opened.variable or "")
    return f"{inline(name_of(answer.by))} {_ANSWERS[answer.answer]} {what}".rstrip() + _how(answer)


def _how(answer: GateAnswered) -> str:
    found = [] if answer.is_verified else ["**not verified**"]
    found += ["**single person**"] if answer.single_person else []
    found += ["**BREAK-GLASS**"] if answer.break_glass else []
    found += [f"reason: {inline(answer.reason)}"] if answer.reason else []
    return f" ({', '.join(found)})" if found else ""


def _measured(state: RunState, found: ConditionMeasured) -> str:
    titles = {condition.id: condition.title for condition in state.plan.conditions}
    when = f"{_OCCASIONS[found.occasion]} {found.action or ''}".rstrip()
    title = inline(titles.get(found.condition, found.condition))
    return f"{when}, {title}: **{_TRUTHS[found.truth]}**, {inline(found.detail)}"


def _action(state: RunState, action: ActionId) -> str:
    try:
        return f"{action} {inline(state.action(action).title)}"
    except StopIteration:
        return str(action)


def result_of(ended: StepEnded) -> str:
    """Return how a step ended: outcome, reason, exit status, time, notes."""
    facts = [ended.outcome.replace("-", " ")]
    status = f"exit status {ended.exit_status}"
    if ended.reason and ended.reason != status:
        facts.append(inline(ended.reason))
    if ended.exit_status:
        facts.append(status)
    facts.append(duration(ended.duration_s))
    if ended.attempt > 1:
        facts.append(f"attempt {ended.attempt}")
    return ", ".join((*facts, *map(inline, ended.notes)))


def name_of(actor: str) -> str:
    """Return how people call an actor: `dana` for `person:dana`."""
    return actor.partition(":")[2] or actor
