"""The state of a run: what its events add up to. Pure; `apply` takes one event further, `fold` takes all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from architect.audit.model import Event
from architect.commands.model import Effect
from architect.kernel.errors import IntegrityError
from architect.kernel.ids import ActionId, RunId
from architect.runs.events import (
    Answer,
    ConditionMeasured,
    GateAnswered,
    GateOpened,
    GateReason,
    GateVoided,
    LeaseTaken,
    Occasion,
    Outcome,
    RunAborted,
    RunCreated,
    RunEnded,
    RunEvent,
    RunInterrupted,
    RunResumed,
    StepEnded,
    StepSkipped,
    StepStarted,
    StepUnknown,
    TargetsBusy,
    TargetsLocked,
    UndoCaptured,
    UndoPlanned,
    ValueSet,
    parse,
)
from architect.runs.model import Condition, Plan, PlannedAction


class StepStatus(StrEnum):
    """Where one action of a run stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """One action as it stands. An action that was skipped after a failure keeps its attempts."""

    status: StepStatus = StepStatus.PENDING
    attempts: int = 0
    ended_at: datetime | None = None
    started: StepStarted | None = None
    ended: StepEnded | None = None
    undo: UndoCaptured | None = None
    undo_at: datetime | None = None
    found: tuple[str, ...] = ()
    skipped_because: str = ""

    @property
    def has_run(self) -> bool:
        """Say whether any attempt was started, whatever came of it."""
        return self.attempts > 0 and self.ended_outcome is not Outcome.NOT_STARTED

    @property
    def ended_outcome(self) -> Outcome | None:
        """The outcome of the last attempt, where it is known."""
        return self.ended.outcome if self.ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateState:
    """One gate with the answers it got."""

    opened: GateOpened
    at: datetime
    answers: tuple[tuple[datetime, GateAnswered], ...] = ()
    voided: str = ""

    @property
    def closing(self) -> GateAnswered | None:
        """The answer that satisfied or closed it."""
        return next((answer for _, answer in self.answers if answer.is_final), None)

    @property
    def closed_at(self) -> datetime | None:
        """When it was satisfied or closed."""
        return next((at for at, answer in self.answers if answer.is_final), None)

    @property
    def is_open(self) -> bool:
        """Say whether it still waits."""
        return not self.voided and self.closing is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measurement with its moment."""

    at: datetime
    event: ConditionMeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """All that decisions may look at."""

    run: RunId
    plan: Plan
    plan_digest: str
    requested_by: str
    is_verified: bool
    created_at: datetime
    seq: int
    last_at: datetime
    actions: tuple[PlannedAction, ...]
    steps: Mapping[ActionId, StepState] = field(default_factory=dict)
    gates: Mapping[str, GateState] = field(default_factory=dict)
    values: Mapping[str, ValueSet] = field(default_factory=dict)
    chosen: Mapping[str, int] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    locked: frozenset[str] = frozenset()
    busy: TargetsBusy | None = None
    generation: int = 0
    worker: str = ""
    is_interrupted: bool = False
    is_undoing: bool = False
    undo_impossible: tuple[str, ...] = ()
    aborted: RunAborted | None = None
    ended: RunEnded | None = None

    def step(self, action: ActionId) -> StepState:
        """Return where an action stands."""
        return self.steps.get(action, StepState())

    def action(self, action: ActionId) -> PlannedAction:
        """Return an action of the plan or of the way back."""
        return next(found for found in (*self.actions, *self.plan.actions) if found.id == action)

    def is_chosen(self, action: PlannedAction) -> bool:
        """Say whether the action is in play: outside option groups, or of the chosen option."""
        return action.group is None or self.chosen.get(action.group) == action.option

    @property
    def running(self) -> StepStarted | None:
        """The step that was started and has no end."""
        found = (step.started for step in self.steps.values() if step.status is StepStatus.RUNNING)
        return next(found, None)

    @property
    def open_gate(self) -> GateState | None:
        """The gate at which the run waits."""
        return next((gate for gate in self.gates.values() if gate.is_open), None)

    def last_gate(self, action: ActionId, reason: GateReason) -> GateState | None:
        """Return the newest gate of an action and a reason that was not voided."""
        found = [
            gate
            for gate in self.gates.values()
            if gate.opened.action == action and gate.opened.reason is reason and not gate.voided
        ]
        return found[-1] if found else None

    def measurements(self, condition: str, occasion: Occasion, *, since: datetime | None = None) -> list[Measured]:
        """Return the measurements of a condition on an occasion, oldest first."""
        return [
            found
            for found in self.measured
            if found.event.condition == condition
            and found.event.occasion is occasion
            and (since is None or found.at >= since)
        ]

    @property
    def symptoms(self) -> tuple[Condition, ...]:
        """The conditions that measure the fault itself."""
        return tuple(condition for condition in self.plan.conditions if condition.symptom)

    @property
    def changes_made(self) -> tuple[PlannedAction, ...]:
        """The changes that were started, in order, those with an unknown outcome too."""
        return tuple(action for action in self.plan.actions if is_change(action) and self.step(action.id).has_run)


def is_change(action: PlannedAction) -> bool:
    """Say whether the action needs a change's care: everything that was not proved to be a read."""
    return action.effect is not Effect.READ


def fold(events: Iterable[Event]) -> RunState:
    """Return the state after all events of a run's stream. Raises IntegrityError when it does not begin as a run."""
    state: RunState | None = None
    for event in events:
        state = begin(event) if state is None else apply(state, event)
    if state is None:
        raise IntegrityError("the run's stream is empty")
    return state


def begin(event: Event) -> RunState:
    """Return the state after the first event of a run."""
    created = parse(event)
    if not isinstance(created, RunCreated):
        raise IntegrityError(f"a run's stream begins with {RunCreated.kind}, this one with {event.kind}")
    return RunState(
        run=created.run,
        plan=created.plan,
        plan_digest=created.plan_digest,
        requested_by=created.requested_by,
        is_verified=created.is_verified,
        created_at=event.at,
        seq=event.seq,
        last_at=event.at,
        actions=created.plan.actions,
    )


def apply(state: RunState, event: Event) -> RunState:
    """Return the state after one more event."""
    parsed = parse(event)
    moved = replace(state, seq=event.seq, last_at=event.at)
    return moved if parsed is None else _apply(moved, parsed, event.at)


def _apply(state: RunState, event: RunEvent, at: datetime) -> RunState:
    match event:
        case StepStarted() | StepEnded() | StepUnknown() | StepSkipped() | UndoCaptured():
            return _with_step(state, event.action, _step_after(state.step(event.action), event, at))
        case GateOpened():
            return replace(state, gates={**state.gates, event.gate: GateState(opened=event, at=at)})
        case GateAnswered():
            return _answered(state, event, at)
        case GateVoided():
            gate = replace(state.gates[event.gate], voided=event.reason)
            return replace(state, gates={**state.gates, event.gate: gate})
        case ValueSet():
            return replace(state, values={**state.values, event.variable: event})
        case ConditionMeasured():
            return replace(state, measured=(*state.measured, Measured(at=at, event=event)))
        case TargetsLocked():
            return replace(state, locked=state.locked | set(event.targets), busy=None)
        case TargetsBusy():
            return replace(state, busy=event)
        case _:
            return _apply_to_run(state, event)


def _apply_to_run(state: RunState, event: RunEvent) -> RunState:
    match event:
        case LeaseTaken():
            return replace(state, generation=event.generation, worker=event.worker)
        case UndoPlanned():
            open_gates = {name: gate for name, gate in state.gates.items() if gate.is_open}
            moot = {name: replace(gate, voided="the way back is gone instead") for name, gate in open_gates.items()}
            return replace(
                state,
                gates={**state.gates, **moot},
                actions=event.actions,
                undo_impossible=event.impossible,
                is_undoing=True,
                is_interrupted=False,
                aborted=None,
                ended=None,
            )
        case RunInterrupted():
            return replace(state, is_interrupted=True)
        case RunResumed():
            return replace(state, is_interrupted=False)
        case RunAborted():
            return replace(state, aborted=event)
        case RunEnded():
            return replace(state, ended=event, locked=frozenset(), busy=None)
        case _:
            return state


def _with_step(state: RunState, action: ActionId, step: StepState) -> RunState:
    return replace(state, steps={**state.steps, action: step})


def _step_after(
    step: StepState, event: StepStarted | StepEnded | StepUnknown | StepSkipped | UndoCaptured, at: datetime
) -> StepState:
    match event:
        case StepStarted():
            return replace(step, status=StepStatus.RUNNING, attempts=event.attempt, started=event, ended=None)
        case StepEnded():
            status = StepStatus.SUCCEEDED if event.outcome.is_success else StepStatus.FAILED
            attempts = max(step.attempts, event.attempt)
            return replace(step, status=status, ended=event, ended_at=at, attempts=attempts)
        case StepUnknown():
            return replace(step, status=StepStatus.UNKNOWN, ended_at=at, found=event.found)
        case StepSkipped():
            return replace(step, status=StepStatus.SKIPPED, skipped_because=event.reason)
        case UndoCaptured():
            return replace(step, undo=event, undo_at=at)


def _answered(state: RunState, event: GateAnswered, at: datetime) -> RunState:
    gate = state.gates[event.gate]
    gate = replace(gate, answers=(*gate.answers, (at, event)))
    state = replace(state, gates={**state.gates, event.gate: gate})
    if not event.is_final:
        return state
    opened = gate.opened
    if event.answer is Answer.CHOOSE and opened.group is not None and event.option is not None:
        return replace(state, chosen={**state.chosen, opened.group: event.option})
    if opened.action is None:
        return state
    step = state.step(opened.action)
    if event.answer is Answer.RETRY:
        return _with_step(state, opened.action, replace(step, status=StepStatus.PENDING))
    if event.answer is Answer.DONE:
        done = replace(step, status=StepStatus.SUCCEEDED, ended_at=at)
        return _with_step(state, opened.action, done)
    return state
