"""Carries out what is decided: takes the lease, asks `decide`, does it, appends what happened, until the run waits.

Everything is appended under the fence of the lease, so that a worker that lost it can neither start anything nor
record anything. `step.started` is durable before the action may run a character.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from architect.audit.model import Event, EventStore
from architect.kernel.clock import SteadyClock
from architect.kernel.errors import ArchitectError, ConflictError
from architect.kernel.ids import RunId
from architect.runs import deciding, gates
from architect.runs.context import Contexts
from architect.runs.deciding import Decision, decide
from architect.runs.events import (
    ClockJumped,
    ConditionMeasured,
    GateOpened,
    GateReason,
    GateVoided,
    LeaseTaken,
    RunEvent,
    RunInterrupted,
    StepUnknown,
    TargetsBusy,
    TargetsLocked,
    UndoCaptured,
    draft,
    parse,
    stream_of,
)
from architect.runs.leasing import HeldLease, LeaseLostError
from architect.runs.model import Executor, UndoPlan
from architect.runs.ports import (
    ActionRunner,
    ConditionAsker,
    Observer,
    OutputStore,
    Proposer,
    RunIndex,
    Survivors,
    UndoReader,
)
from architect.runs.state import RunState, apply, fold
from architect.runs.stepping import MovedError, Stepper, refusal
from architect.runs.summaries import summary_of
from architect.runs.voting import VotingRules
from architect.work.leases import WHOLE_PROFILE, LeaseStore, TargetLocks

LEASE_TTL_S = 10.0
CLOCK_TOLERANCE_S = 1.0
"""By how much clocks may differ before it is worth an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The ports of a worker, put together by wiring."""

    events: EventStore
    index: RunIndex
    outputs: OutputStore
    leases: LeaseStore
    locks: TargetLocks
    clock: SteadyClock
    contexts: Contexts
    runners: Mapping[Executor, ActionRunner]
    asker: ConditionAsker
    undo_reader: UndoReader
    proposer: Proposer
    survivors: Survivors
    rules: VotingRules
    require_systems: Callable[[RunState], None] = lambda _: None
    """Makes sure that a run's systems are those its plan expects; raises RefusedError before anything is done."""
    observers: Sequence[Observer] = ()
    lease_ttl_s: float = LEASE_TTL_S


OnEvent = Callable[[Event], None]
"""Is told each event that a worker stored, right after it is durable."""


class Worker:
    """Advances runs, one at a time; several workers may share a store."""

    def __init__(self, engine: Engine, *, name: str = "", on_event: OnEvent | None = None) -> None:
        self._engine = engine
        self.name = name or f"worker:{socket.gethostname()}/{os.getpid()}"
        self._on_event = on_event
        self._present: _Advance | None = None
        self._stopped_by = ""

    def advance(self, run: RunId) -> RunState:
        """Carry the run on until it waits for a person or another run, or ends; return it as it stands.

        Raises ConflictError when another worker holds it, LeaseLostError when one took it over meanwhile, RefusedError
        when a system is not the one that the plan expects, StoreError when the store cannot be reached any more.
        """
        engine = self._engine
        subject = stream_of(run)
        lease = engine.leases.acquire(subject, self.name, ttl_s=engine.lease_ttl_s)
        if lease is None:
            holder = engine.leases.current(subject)
            owner = holder.owner if holder else "another worker"
            raise ConflictError(f"{run} is being carried out by {owner}")
        with HeldLease(lease, store=engine.leases, ttl_s=engine.lease_ttl_s) as held:
            state = fold(engine.events.read(subject))
            if state.ended is None:
                engine.require_systems(state)
            advancing = _Advance(engine, state=state, held=held, actor=self.name, on_event=self._on_event)
            self._present = advancing
            try:
                if self._stopped_by:
                    advancing.interrupt(self._stopped_by)
                return advancing.run()
            finally:
                self._present, self._stopped_by = None, ""

    def interrupt(self, by: str) -> None:
        """Stop the present action with its descendants and let `advance` return; safe in a signal handler.

        The step's end and the interruption are recorded; the run can be resumed, undone or aborted. Asked before
        anything was begun, it begins nothing.
        """
        self._stopped_by = by
        if self._present is not None:
            self._present.interrupt(by)


class _Advance:
    """One stretch of a run under one lease."""

    def __init__(
        self,
        engine: Engine,
        *,
        state: RunState,
        held: HeldLease,
        actor: str,
        on_event: OnEvent | None,
    ) -> None:
        self._engine = engine
        self.state = state
        self._held = held
        self._actor = actor
        self._on_event = on_event
        self._is_behind = False
        self.interrupted_by = ""
        self.stepper = Stepper(
            runners=engine.runners,
            outputs=engine.outputs,
            contexts=engine.contexts,
            survivors=engine.survivors,
            observers=engine.observers,
            held=held,
        )

    def interrupt(self, by: str) -> None:
        """Stop the present action and go no further."""
        self.interrupted_by = by
        self.stepper.stop()
        self._held.wake()

    def run(self) -> RunState:
        """Decide and do until there is nothing to do now."""
        while True:
            try:
                if not self._go_on():
                    break
            except MovedError:
                continue
        self._engine.index.put(summary_of(self.state))
        return self.state

    def _go_on(self) -> bool:
        """Do the next thing; False when there is none now."""
        self._take_over()
        self._look_at_clocks()
        if self.interrupted_by and not self.state.is_interrupted and self.state.ended is None:
            self.append(RunInterrupted(by=self.interrupted_by))
        decision = decide(self.state, self._now())
        if isinstance(decision, deciding.Wait) and decision.until is not None:
            self._pause(decision.until)
            return True
        return self._carry_out(decision)

    def _now(self) -> datetime:
        """Return the present moment, never before the newest event."""
        return max(self._engine.clock.now(), self.state.last_at)

    def _take_over(self) -> None:
        """Record once that this worker owns the run from here."""
        generation = self._held.lease.generation
        if self.state.ended is not None or self.state.generation == generation:
            return
        reason = "started" if self.state.generation == 0 else "resumed" if self.state.running is None else "taken-over"
        self.append(LeaseTaken(generation=generation, worker=self._actor, host=socket.gethostname(), reason=reason))

    def _look_at_clocks(self) -> None:
        """Record that this process was paused, or that the clock of the store was set back."""
        if paused_s := self._held.taken_pause_s():
            self.append(ClockJumped(seconds=round(paused_s, 3), what="the worker was paused"))
        behind_s = self._engine.clock.behind_s()
        if behind_s > CLOCK_TOLERANCE_S and not self._is_behind:
            self.append(ClockJumped(seconds=-round(behind_s, 3), what="the clock was set back"))
        self._is_behind = behind_s > CLOCK_TOLERANCE_S

    def append(self, *happened: RunEvent) -> None:
        """Store what was decided, under the fence. Raises MovedError when a person was faster, LeaseLostError.

        What the store kept without being able to say so (it went away in that moment) is found there, and counts.
        """
        self._held.require()
        try:
            self._store(happened)
        except ConflictError as error:
            news = self._catch_up()
            if self._is_own(news, happened):
                return
            if news and self._held.renew():
                raise MovedError from error
            raise LeaseLostError(f"{self.state.run} was taken over by another worker") from error

    def _is_own(self, news: Sequence[Event], happened: Sequence[RunEvent]) -> bool:
        last = news[-len(happened) :]
        return all(event.actor == self._actor for event in last) and [parse(event) for event in last] == list(happened)

    def record(self, *happened: RunEvent) -> None:
        """Store what has happened already, whatever a person did meanwhile. Raises LeaseLostError."""
        while True:
            try:
                self.append(*happened)
            except MovedError:
                continue
            return

    def _store(self, happened: Sequence[RunEvent]) -> None:
        drafts = [draft(event, self._actor) for event in happened]
        stored = self._engine.events.append(
            stream_of(self.state.run), drafts, expected_seq=self.state.seq, fence=self._held.lease.fence
        )
        self._take(stored)

    def _take(self, events: Sequence[Event]) -> None:
        for event in events:
            self.state = apply(self.state, event)
            if self._on_event is not None:
                self._on_event(event)

    def _catch_up(self) -> Sequence[Event]:
        """Take what was appended meanwhile, by people mostly."""
        news = self._engine.events.read(stream_of(self.state.run), after=self.state.seq)
        self._take(news)
        return news

    def _pause(self, until: datetime) -> None:
        """Wait for a moment under the lease, or until somebody interrupts; then take what people did meanwhile."""
        seconds = (until - self._now()).total_seconds()
        self._held.wait(max(0.0, seconds))
        self._held.require()
        self._catch_up()

    def _carry_out(self, decision: Decision) -> bool:
        """Do what was decided; False when there is nothing to do now."""
        match decision:
            case deciding.Start():
                return self._start(decision)
            case deciding.Lock():
                return self._lock(decision)
            case deciding.End():
                self._end(decision)
            case deciding.Ask():
                self._open(decision.gate)
            case deciding.AskValue():
                self._ask_value(decision)
            case deciding.Void():
                self.append(GateVoided(gate=decision.gate, reason=decision.reason))
            case deciding.Measure():
                self._measure(decision)
            case deciding.Capture():
                self._capture(decision)
            case deciding.Refuse():
                self.append(refusal(decision.action, decision.attempt, decision.action.refused))
            case deciding.MarkUnknown():
                self._mark_unknown(decision)
            case deciding.Wait() | deciding.Over():
                return False
        return True

    def _open(self, gate: GateOpened) -> None:
        self.append(gate)
        self._engine.index.put(summary_of(self.state))

    def _ask_value(self, decision: deciding.AskValue) -> None:
        context = self._engine.contexts.context(self.state)
        proposals = (
            self._engine.proposer.propose(default, context)
            for default in decision.action.defaults
            if default.variable == decision.variable
        )
        proposal = next((found for found in proposals if found is not None), None)
        self._open(gates.value_gate(self.state, decision.action, decision.variable, proposal=proposal))

    def _lock(self, decision: deciding.Lock) -> bool:
        engine = self._engine
        blocking = engine.locks.acquire(self.state.run, profile=self.state.plan.profile, targets=decision.targets)
        if not blocking:
            self.append(TargetsLocked(action=decision.action.id, targets=decision.targets))
            return True
        holders = tuple(f"{lock.run} since {lock.since:%H:%M:%S} on {_locked(lock.target)}" for lock in blocking)
        if self.state.busy is None or self.state.busy.holders != holders:
            self.append(TargetsBusy(action=decision.action.id, targets=decision.targets, holders=holders))
        return False

    def _end(self, decision: deciding.End) -> None:
        self.append(decision.ended)
        self._engine.locks.release(self.state.run)
        self._engine.contexts.forget(self.state)

    def _measure(self, decision: deciding.Measure) -> None:
        context = self._engine.contexts.context(self.state)
        measured = []
        for condition in decision.conditions:
            found = self._engine.asker.ask(condition, context)
            measured.append(
                ConditionMeasured(
                    condition=condition.id,
                    occasion=decision.occasion,
                    truth=found.truth,
                    detail=self._engine.contexts.redact(self.state, found.detail),
                    value=found.value,
                    action=decision.action,
                    is_settled=found.is_settled,
                )
            )
        self.append(*measured)

    def _capture(self, decision: deciding.Capture) -> None:
        action = decision.action
        undo = action.undo or UndoPlan()
        try:
            found = self._engine.undo_reader.capture(action, undo, self._engine.contexts.context(self.state))
        except ArchitectError as error:
            reason = self._engine.contexts.redact(self.state, f"the state before could not be read: {error}")
            self.append(UndoCaptured(action=action.id, text=undo.text, impossible=reason))
            return
        self.append(
            UndoCaptured(
                action=action.id,
                text=found.text,
                values=found.values,
                commands=found.commands,
                impossible=found.impossible,
            )
        )

    def _mark_unknown(self, decision: deciding.MarkUnknown) -> None:
        started = self.state.step(decision.action.id).started
        mark = started.process if started else None
        found = tuple(self._engine.survivors.end(mark)) if mark is not None else ()
        self.append(StepUnknown(action=decision.action.id, attempt=decision.attempt, found=found))

    def _start(self, decision: deciding.Start) -> bool:
        gate = self.state.last_gate(decision.action.id, GateReason.EFFECT)
        if gate is not None and (why := self._engine.rules.lapse(gate)):
            self.append(GateVoided(gate=gate.opened.gate, reason=why))
            return True
        self.stepper.step(self, decision.action, decision.attempt)
        return True


def _locked(target: str) -> str:
    return "the whole profile" if target == WHOLE_PROFILE else target
