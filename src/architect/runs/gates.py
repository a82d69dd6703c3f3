"""Gates: what a person is asked, what an approval covers, and whether it still counts. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from architect.kernel.ids import ActionId
from architect.runs.events import Answer, GateAnswered, GateOpened, GateReason
from architect.runs.model import GateKind, PlannedAction
from architect.runs.state import GateState, RunState

APPROVAL_VALID_S = 900.0
"""How long an approval covers what it named; an action that starts later is asked again."""

_EFFECT_ANSWERS = (Answer.APPROVE, Answer.REFUSE, Answer.SKIP, Answer.ABORT)
_FAILED_ANSWERS = (Answer.RETRY, Answer.SKIP, Answer.UNDO, Answer.ABORT)
_UNKNOWN_ANSWERS = (Answer.DONE, Answer.RETRY, Answer.SKIP, Answer.UNDO, Answer.ABORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What exactly an approval covers."""

    text: str
    executed: str
    effect: str
    gate: str
    profile: str
    profile_digest: str
    connection: str | None
    targets: tuple[str, ...]
    tools: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    values: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of it all."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


def subject_of(state: RunState, action: PlannedAction) -> Subject:
    """Return what an approval of the action covers as things stand; secrets are covered by their references."""
    return Subject(
        text=action.text,
        executed=action.executed,
        effect=action.effect.value,
        gate=action.gate.value,
        profile=state.plan.profile,
        profile_digest=state.plan.profile_digest,
        connection=action.connection,
        targets=action.targets,
        tools=tuple((tool.name, tool.path) for tool in action.tools),
        files=tuple((file.path, file.sha256) for file in action.files),
        values=_values(state, action),
    )


def _values(state: RunState, action: PlannedAction) -> tuple[tuple[str, str], ...]:
    bound = {binding.name: binding.reference or binding.value or "" for binding in state.plan.bindings}
    bound |= {name: event.reference or event.value or "" for name, event in state.values.items()}
    names = set(action.variables) | set(action.open_variables)
    return tuple(sorted((name, value) for name, value in bound.items() if name in names))


def is_approved(state: RunState, action: PlannedAction, now: datetime) -> bool:
    """Say whether the action may start now as far as people are concerned."""
    if action.gate is GateKind.NONE:
        return True
    gate = state.last_gate(action.id, GateReason.EFFECT)
    return gate is not None and lapse(state, action, gate, now=now) == "" and gate.closing is not None


def lapse(state: RunState, action: PlannedAction, gate: GateState, *, now: datetime) -> str:
    """Say why an approval, or the open question, no longer covers the action; empty while it does."""
    if gate.opened.digest != subject_of(state, action).digest:
        return "what would run has changed"
    step = state.step(action.id)
    if step.ended_at is not None and gate.at <= step.ended_at:
        return "it covered an earlier attempt"
    first = gate.answers[0][0] if gate.answers else None
    if first is not None and now - first > timedelta(seconds=gate.opened.valid_s):
        return f"it expired after {gate.opened.valid_s:.0f} s"
    return ""


def effect_gate(state: RunState, action: PlannedAction) -> GateOpened:
    """Return the question for approval of an action."""
    return GateOpened(
        gate=next_gate(state),
        gate_kind=action.gate,
        reason=GateReason.EFFECT,
        question=_effect_question(action),
        action=action.id,
        digest=subject_of(state, action).digest,
        answers=_EFFECT_ANSWERS,
        facts=_facts(state, action),
        valid_s=APPROVAL_VALID_S,
    )


def _effect_question(action: PlannedAction) -> str:
    match action.gate:
        case GateKind.TWO_PEOPLE:
            return f"{action.effect}: two people must agree to {action.id} {action.title}"
        case GateKind.CONFIRM_TARGET:
            return f"{action.effect}: run {action.id} {action.title} on {', '.join(action.targets) or 'its target'}?"
        case GateKind.CONFIRM | GateKind.CHOICE | GateKind.VALUE | GateKind.PERSON | GateKind.NONE:
            return f"{action.effect}: run {action.id} {action.title}?"
    assert_never(action.gate)


def _facts(state: RunState, action: PlannedAction) -> tuple[str, ...]:
    undo = state.step(action.id).undo
    back = "way back: none was found"
    if undo is not None:
        back = f"no way back: {undo.impossible}" if undo.impossible else f"way back: {undo.text}"
    titles = {condition.id: condition.title for condition in state.plan.conditions}
    checks = [f"checked after: {titles.get(check, check)}" for check in action.checks]
    checks += [f"checked after: {symptom.title}" for symptom in state.symptoms if symptom.id not in action.checks]
    return (f"why: {action.reason}", back, *checks)


def choice_gate(state: RunState, action: PlannedAction) -> GateOpened:
    """Return the question which option of a group is to be taken."""
    options = {
        other.option: other.option_title or other.title
        for other in reversed(state.actions)
        if other.group == action.group and other.option is not None
    }
    return GateOpened(
        gate=next_gate(state),
        gate_kind=GateKind.CHOICE,
        reason=GateReason.CHOICE,
        question=f"step {action.group}: which option?",
        group=action.group,
        answers=(Answer.CHOOSE, Answer.ABORT),
        facts=tuple(f"{number}: {title}" for number, title in sorted(options.items())),
    )


def value_gate(state: RunState, action: PlannedAction, variable: str, *, proposal: str | None) -> GateOpened:
    """Return the question for the value of a variable; a proposal from earlier output is only shown."""
    return GateOpened(
        gate=next_gate(state),
        gate_kind=GateKind.VALUE,
        reason=GateReason.VALUE,
        question=f"{action.id} {action.title}: what is {variable}?",
        action=action.id,
        variable=variable,
        proposal=proposal,
        answers=(Answer.SET_VALUE, Answer.SKIP, Answer.ABORT),
    )


def manual_gate(state: RunState, action: PlannedAction) -> GateOpened:
    """Return the question whether a person has done what only a person does."""
    return GateOpened(
        gate=next_gate(state),
        gate_kind=GateKind.PERSON,
        reason=GateReason.MANUAL,
        question=f"{action.id} {action.title}: done?",
        action=action.id,
        answers=(Answer.DONE, Answer.SKIP, Answer.ABORT),
        facts=(action.text,) if action.text != action.title else (),
    )


def failed_gate(state: RunState, action: PlannedAction, why: str) -> GateOpened:
    """Return the question after a change that failed, or whose check does not hold."""
    return GateOpened(
        gate=next_gate(state),
        gate_kind=GateKind.PERSON,
        reason=GateReason.FAILED,
        question=f"{action.id} {action.title} failed: {why}",
        action=action.id,
        answers=_FAILED_ANSWERS,
        facts=_facts(state, action),
    )


def unknown_gate(state: RunState, action: PlannedAction) -> GateOpened:
    """Return the question after a step whose end nobody saw."""
    step = state.step(action.id)
    started = step.started.process if step.started else None
    where = f"process {started.pid} on {started.host}" if started else "inside the worker"
    return GateOpened(
        gate=next_gate(state),
        gate_kind=GateKind.PERSON,
        reason=GateReason.UNKNOWN_OUTCOME,
        question=f"{action.id} {action.title} was started and its end is not known: look at the target, then say",
        action=action.id,
        answers=_UNKNOWN_ANSWERS,
        facts=(f"ran as {where}", *step.found, *_facts(state, action)),
    )


def recovery_gate(state: RunState, why: str) -> GateOpened:
    """Return the question whether the fault is gone, where no check can tell."""
    return GateOpened(
        gate=next_gate(state),
        gate_kind=GateKind.PERSON,
        reason=GateReason.RECOVERY,
        question=f"the checks cannot tell whether the fault is gone ({why}): is it?",
        answers=(Answer.RECOVERED, Answer.NOT_RECOVERED, Answer.UNDO),
    )


def next_gate(state: RunState) -> str:
    """Return the name of the next gate."""
    return f"G{len(state.gates) + 1}"


def votes(gate: GateState) -> tuple[GateAnswered, ...]:
    """Return the approvals given so far."""
    return tuple(answer for _, answer in gate.answers if answer.answer is Answer.APPROVE)


def answered_after(gate: GateState | None, moment: datetime | None) -> bool:
    """Say whether the gate was opened after `moment` and has been closed."""
    return gate is not None and gate.closing is not None and (moment is None or gate.at > moment)


def gate_for(state: RunState, name: str) -> GateState:
    """Return the gate called `name`, or the open gate of the action called `name`."""
    gate = state.gates.get(name)
    if gate is None:
        found = [gate for gate in state.gates.values() if gate.is_open and gate.opened.action == ActionId(name)]
        gate = found[-1] if found else None
    if gate is None:
        raise KeyError(name)
    return gate
