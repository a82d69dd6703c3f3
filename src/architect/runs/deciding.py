"""What a run does next: `decide(state, now)` is pure, the worker carries its answer out and stores what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from architect.commands.model import Effect
from architect.kernel.ids import ActionId
from architect.runs import gates
from architect.runs.events import Answer, GateOpened, GateReason, Occasion, Outcome, RunEnded, Verdict
from architect.runs.model import Condition, Executor, PlannedAction, Truth
from architect.runs.state import Measured, RunState, StepState, StepStatus, is_change
from architect.work.leases import WHOLE_PROFILE

UNKNOWN_READ_REPEATS = 3
"""How often a read whose end nobody saw is repeated before a person is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Open a gate."""

    gate: GateOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class AskValue:
    """Open a gate for a value, with what earlier output proposes."""

    action: PlannedAction
    variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """Take an approval back that no longer covers what would run."""

    gate: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Lock the targets of a change."""

    action: PlannedAction
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Ask conditions."""

    conditions: tuple[Condition, ...]
    occasion: Occasion
    action: ActionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Record the way back of a change."""

    action: PlannedAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start an action."""

    action: PlannedAction
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Record that an action cannot be run as it stands."""

    action: PlannedAction
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkUnknown:
    """A step was started and nobody saw its end: look for what is left of it, and record that."""

    action: PlannedAction
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do until `until`, or until a person acts when it is None."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The run is over."""

    ended: RunEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """The run had ended already."""


Decision: TypeAlias = (
    Ask | AskValue | Void | Lock | Measure | Capture | Start | Refuse | MarkUnknown | Wait | End | Over
)


def decide(state: RunState, now: datetime) -> Decision:
    """Return what comes next."""
    if state.ended is not None:
        return Over()
    if (running := state.running) is not None:
        return MarkUnknown(action=state.action(running.action), attempt=running.attempt)
    if state.aborted is not None:
        return End(ended=_ended(state, Verdict.ABORTED, state.aborted.reason or "given up"))
    if state.is_interrupted:
        return Wait()
    if (gate := state.open_gate) is not None:
        return _at_gate(state, gate.opened.gate, now)
    for action in state.actions:
        if _is_plainly_done(state, action):
            continue
        decision = _for_action(state, action, now)
        if decision is not None:
            return decision
    return _conclude(state, now)


def _is_plainly_done(state: RunState, action: PlannedAction) -> bool:
    """Say so of the many: reads that succeeded and have no check. The others are looked at in full."""
    step = state.steps.get(action.id)
    is_success = step is not None and step.status is StepStatus.SUCCEEDED
    return is_success and not action.checks and action.effect is Effect.READ


def _at_gate(state: RunState, name: str, now: datetime) -> Decision:
    gate = state.gates[name]
    if gate.opened.reason is not GateReason.EFFECT or gate.opened.action is None:
        return Wait()
    why = gates.lapse(state, state.action(gate.opened.action), gate, now=now)
    return Void(gate=name, reason=why) if why else Wait()


def _for_action(state: RunState, action: PlannedAction, now: datetime) -> Decision | None:
    """Return what the action needs next; None when the run goes on behind it."""
    if action.group is not None and action.group not in state.chosen:
        return Ask(gate=gates.choice_gate(state, action))
    if not state.is_chosen(action):
        return None
    step = state.step(action.id)
    match step.status:
        case StepStatus.SKIPPED:
            return None
        case StepStatus.SUCCEEDED:
            return _after_success(state, action, step, now=now)
        case StepStatus.FAILED:
            return _after_failure(state, action, step, now=now)
        case StepStatus.UNKNOWN:
            return _after_unknown(state, action, step)
        case StepStatus.PENDING | StepStatus.RUNNING:
            return _before_start(state, action, step, now=now)


def _before_start(state: RunState, action: PlannedAction, step: StepState, *, now: datetime) -> Decision:
    if action.refused:
        return Refuse(action=action, attempt=step.attempts + 1)
    for variable in action.open_variables:
        if variable not in state.values:
            return AskValue(action=action, variable=variable)
    if action.executor in {Executor.MANUAL, Executor.MESSAGE}:
        return Ask(gate=gates.manual_gate(state, action))
    if not is_change(action):
        return _approval(state, action, now) or Start(action=action, attempt=step.attempts + 1)
    return (
        _measure_before(state)
        or _capture_first(action, step)
        or _approval(state, action, now)
        or _lock(state, action)
        or _capture_again(state, action, step)
        or Start(action=action, attempt=step.attempts + 1)
    )


def _measure_before(state: RunState) -> Decision | None:
    if state.changes_made or state.is_undoing:
        return None
    missing = tuple(condition for condition in state.symptoms if not state.measurements(condition.id, Occasion.BEFORE))
    return Measure(conditions=missing, occasion=Occasion.BEFORE) if missing else None


def _capture_first(action: PlannedAction, step: StepState) -> Decision | None:
    return Capture(action=action) if action.undo is not None and step.undo is None else None


def _approval(state: RunState, action: PlannedAction, now: datetime) -> Decision | None:
    if gates.is_approved(state, action, now):
        return None
    gate = state.last_gate(action.id, GateReason.EFFECT)
    if gate is None:
        return Ask(gate=gates.effect_gate(state, action))
    return Void(gate=gate.opened.gate, reason=gates.lapse(state, action, gate, now=now))


def _lock(state: RunState, action: PlannedAction) -> Decision | None:
    targets = action.targets or (WHOLE_PROFILE,)
    return None if state.locked.issuperset(targets) else Lock(action=action, targets=targets)


def _capture_again(state: RunState, action: PlannedAction, step: StepState) -> Decision | None:
    """Capture the way back anew when a person took time to answer: the world may have moved meanwhile."""
    gate = state.last_gate(action.id, GateReason.EFFECT)
    if action.undo is None or step.undo_at is None or gate is None or gate.closed_at is None:
        return None
    return Capture(action=action) if step.undo_at < gate.closed_at else None


def _after_failure(state: RunState, action: PlannedAction, step: StepState, *, now: datetime) -> Decision | None:
    outcome = step.ended_outcome
    if not is_change(action):
        is_worth_repeating = outcome is Outcome.FAILED and step.attempts <= action.limits.retry_count
        if not is_worth_repeating or step.ended_at is None:
            return None
        due = step.ended_at + timedelta(seconds=action.limits.retry_delay_s)
        return Wait(until=due) if now < due else Start(action=action, attempt=step.attempts + 1)
    if gates.answered_after(state.last_gate(action.id, GateReason.FAILED), step.ended_at):
        return None
    reason = step.ended.reason if step.ended else "it failed"
    return Ask(gate=gates.failed_gate(state, action, reason))


def _after_unknown(state: RunState, action: PlannedAction, step: StepState) -> Decision:
    if not is_change(action) and step.attempts < UNKNOWN_READ_REPEATS:
        return Start(action=action, attempt=step.attempts + 1)
    return Ask(gate=gates.unknown_gate(state, action))


def _after_success(state: RunState, action: PlannedAction, step: StepState, *, now: datetime) -> Decision | None:
    if step.ended_at is None:
        return None
    checks = tuple(condition for condition in state.plan.conditions if condition.id in action.checks)
    decision = _poll(state, checks, Occasion.CHECK, since=step.ended_at, now=now, action=action.id)
    if decision is not None or not is_change(action):
        return decision
    failing = [check for check in checks if _latest(state, check, Occasion.CHECK, step.ended_at) is Truth.DOES_NOT]
    if failing and not gates.answered_after(state.last_gate(action.id, GateReason.FAILED), step.ended_at):
        return Ask(gate=gates.failed_gate(state, action, f"{failing[0].title} does not hold"))
    return _look_at_symptoms(state, action, step.ended_at)


def _look_at_symptoms(state: RunState, action: PlannedAction, since: datetime) -> Decision | None:
    """Measure the symptoms once after each change, so that the record shows which change helped."""
    if state.is_undoing:
        return None
    missing = tuple(
        symptom for symptom in state.symptoms if not state.measurements(symptom.id, Occasion.AFTER_CHANGE, since=since)
    )
    return Measure(conditions=missing, occasion=Occasion.AFTER_CHANGE, action=action.id) if missing else None


def _poll(
    state: RunState,
    conditions: tuple[Condition, ...],
    occasion: Occasion,
    *,
    since: datetime,
    now: datetime,
    action: ActionId | None = None,
) -> Decision | None:
    """Return the next measurement, or the wait for it; None when all hold or the deadline has passed."""
    asked = {condition: state.measurements(condition.id, occasion, since=since) for condition in conditions}
    when = {condition: _next_poll(condition, found, now) for condition, found in asked.items()}
    due = tuple(condition for condition, at in when.items() if at is not None and at <= now)
    if due:
        return Measure(conditions=due, occasion=occasion, action=action)
    waits = [at for at in when.values() if at is not None]
    return Wait(until=min(waits)) if waits else None


def _next_poll(condition: Condition, found: list[Measured], now: datetime) -> datetime | None:
    """Return when the condition is to be asked next; None when its answer stands."""
    if not found:
        return now
    return None if _is_decided(condition, found) else found[-1].at + timedelta(seconds=condition.every_s)


def _is_decided(condition: Condition, found: list[Measured]) -> bool:
    last = found[-1]
    is_late = last.at - found[0].at >= timedelta(seconds=condition.within_s)
    return last.event.truth is Truth.HOLDS or last.event.is_settled or is_late


def _latest(state: RunState, condition: Condition, occasion: Occasion, since: datetime) -> Truth | None:
    found = state.measurements(condition.id, occasion, since=since)
    return found[-1].event.truth if found else None


def _conclude(state: RunState, now: datetime) -> Decision:
    if state.is_undoing:
        return End(ended=_ended(state, Verdict.UNDONE, "the way back was gone"))
    if not state.changes_made:
        failed = _failed_reads(state)
        verdict = Verdict.READ_WITH_FAILURES if failed else Verdict.READ
        return End(ended=_ended(state, verdict, _read_summary(len(failed))))
    since = max(step.ended_at for step in state.steps.values() if step.ended_at is not None)
    return _poll(state, state.symptoms, Occasion.FINAL, since=since, now=now) or _judge(state, since)


def _judge(state: RunState, since: datetime) -> Decision:
    truths = [_latest(state, symptom, Occasion.FINAL, since) for symptom in state.symptoms]
    if Truth.DOES_NOT in truths:
        return End(ended=_ended(state, Verdict.NOT_RECOVERED, "the symptom is still there"))
    if why := _doubt(state, truths):
        return _by_word(state, why)
    return End(ended=_ended(state, Verdict.VERIFIED, "the symptom was measured before and is gone"))


def _doubt(state: RunState, truths: list[Truth | None]) -> str:
    if not truths:
        return "the runbook names no symptom that can be measured"
    if any(truth is not Truth.HOLDS for truth in truths):
        return "a symptom could not be measured"
    before = [state.measurements(symptom.id, Occasion.BEFORE) for symptom in state.symptoms]
    if not any(found and found[-1].event.truth is Truth.DOES_NOT for found in before):
        return "no symptom was seen before the first change, so that its absence proves nothing"
    return ""


def _by_word(state: RunState, why: str) -> Decision:
    gate = next(
        (gate for gate in reversed(tuple(state.gates.values())) if gate.opened.reason is GateReason.RECOVERY), None
    )
    if gate is None or gate.closing is None:
        return Ask(gate=gates.recovery_gate(state, why))
    name = gate.closing.by.partition(":")[2] or gate.closing.by
    if gate.closing.answer is Answer.RECOVERED:
        return End(ended=_ended(state, Verdict.RECOVERED_BY_WORD, f"{name} says that the fault is gone"))
    return End(ended=_ended(state, Verdict.NOT_RECOVERED, f"{name} says that the fault is still there"))


def _failed_reads(state: RunState) -> tuple[ActionId, ...]:
    return tuple(
        action.id
        for action in state.plan.actions
        if not is_change(action) and state.step(action.id).status is StepStatus.FAILED
    )


def _read_summary(failed: int) -> str:
    return f"{failed} of the reads failed" if failed else "all reads ran; nothing was changed"


EXIT_CODES = {
    Verdict.READ: 0,
    Verdict.READ_WITH_FAILURES: 1,
    Verdict.VERIFIED: 0,
    Verdict.RECOVERED_BY_WORD: 0,
    Verdict.NOT_RECOVERED: 1,
    Verdict.UNDONE: 0,
    Verdict.ABORTED: 1,
}
WAITING, UNKNOWN, INTERRUPTED = 3, 4, 130


def _ended(state: RunState, verdict: Verdict, summary: str) -> RunEnded:
    return RunEnded(verdict=verdict, exit_code=EXIT_CODES[verdict], summary=summary, failed_reads=_failed_reads(state))


def exit_code(state: RunState) -> int:
    """Return what `architect run` exits with when it leaves the run as it stands."""
    if state.ended is not None:
        return state.ended.exit_code
    gate = state.open_gate
    if gate is not None and gate.opened.reason is GateReason.UNKNOWN_OUTCOME:
        return UNKNOWN
    if state.running is not None:
        return UNKNOWN
    return INTERRUPTED if state.is_interrupted else WAITING
