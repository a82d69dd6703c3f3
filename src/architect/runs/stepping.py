"""One step: prepared, recorded as started, let go, recorded as ended. At most once, whatever happens between."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Protocol

from architect.kernel.errors import ArchitectError, OutsideError
from architect.runs.context import Contexts
from architect.runs.events import Outcome, RunEvent, StepEnded, StepStarted, StepUnknown
from architect.runs.gates import subject_of
from architect.runs.leasing import HeldLease, LeaseLostError
from architect.runs.model import Executor, PlannedAction
from architect.runs.output import OutputRecorder
from architect.runs.ports import ActionOutcome, ActionRunner, Observer, OutputStore, PreparedAction, Survivors
from architect.runs.state import RunState

RECORD_AGAIN_S = (0.1, 0.3, 1.0, 3.0, 5.0, 10.0, 10.0)
"""How often, and after which pauses, the end of a step is offered again to a store that cannot be reached."""


class MovedError(Exception):
    """A person changed the run between a decision and its record: decide again. Never leaves the worker."""


class Log(Protocol):
    """Where a step is recorded: the stream of its run under the lease."""

    state: RunState

    def append(self, *happened: RunEvent) -> None:
        """Store what was decided. Raises MovedError when a person was faster, LeaseLostError."""
        ...

    def record(self, *happened: RunEvent) -> None:
        """Store what has happened already, whatever a person did meanwhile. Raises LeaseLostError."""
        ...


class Stepper:
    """Carries single actions out for a worker."""

    def __init__(
        self,
        *,
        runners: Mapping[Executor, ActionRunner],
        outputs: OutputStore,
        contexts: Contexts,
        survivors: Survivors,
        held: HeldLease,
        observers: Iterable[Observer] = (),
    ) -> None:
        self._runners = runners
        self._outputs = outputs
        self._contexts = contexts
        self._survivors = survivors
        self._held = held
        self._observers = tuple(observers)
        self._present: PreparedAction | None = None

    def stop(self) -> None:
        """Stop the present action; safe in a signal handler."""
        if self._present is not None:
            self._present.stop()

    def step(self, log: Log, action: PlannedAction, attempt: int) -> None:
        """Carry the action out and record it."""
        try:
            request = self._contexts.request(log.state, action, attempt)
            runner = self._runners.get(action.executor)
            if runner is None:
                raise OutsideError(f"nothing here carries out {action.executor} actions")
            prepared = runner.prepare(request)
        except ArchitectError as error:
            log.append(refusal(action, attempt, self._contexts.redact(log.state, str(error))))
            return
        try:
            log.append(self._started(log.state, action, attempt, prepared=prepared))
            self._held.require()
        except BaseException:
            prepared.discard()
            raise
        recorder = OutputRecorder(
            request.key,
            store=self._outputs,
            secrets=self._contexts.forms(log.state),
            limit=action.limits.output_bytes,
            observers=self._observers,
        )
        begun = time.monotonic()
        outcome = self._let_go(prepared, recorder)
        if outcome is None:
            self._record(log, StepUnknown(action=action.id, attempt=attempt, found=self._found(prepared)))
            return
        self._record(log, _ended(action, attempt, outcome, recorder=recorder, seconds=time.monotonic() - begun))

    def _started(
        self, state: RunState, action: PlannedAction, attempt: int, *, prepared: PreparedAction
    ) -> StepStarted:
        return StepStarted(
            action=action.id,
            attempt=attempt,
            effect=action.effect,
            text=self._contexts.redact(state, action.text),
            executed=self._contexts.redact(state, action.executed),
            targets=action.targets,
            digest=subject_of(state, action).digest,
            process=prepared.process,
        )

    def _let_go(self, prepared: PreparedAction, recorder: OutputRecorder) -> ActionOutcome | None:
        """Run it; None when nobody saw its end. What a rule refuses at the last moment did not start."""
        self._present = prepared
        self._held.when_lost(prepared.kill)
        try:
            return prepared.run(recorder)
        except OutsideError:
            return None
        except ArchitectError as error:
            return ActionOutcome(outcome=Outcome.NOT_STARTED, reason=str(error))
        finally:
            self._held.when_lost(None)
            self._present = None

    def _found(self, prepared: PreparedAction) -> tuple[str, ...]:
        return tuple(self._survivors.end(prepared.process)) if prepared.process is not None else ()

    def _record(self, log: Log, event: RunEvent) -> None:
        """Record the end; a store that cannot be reached for a moment does not make it unknown."""
        for pause_s in RECORD_AGAIN_S:
            try:
                log.record(event)
            except LeaseLostError:
                raise
            except OutsideError:
                self._held.wait(pause_s)
            else:
                return
        log.record(event)


def refusal(action: PlannedAction, attempt: int, reason: str) -> StepEnded:
    """Return the end of an action that could not begin."""
    return StepEnded(action=action.id, attempt=attempt, outcome=Outcome.NOT_STARTED, duration_s=0.0, reason=reason)


def _ended(
    action: PlannedAction, attempt: int, outcome: ActionOutcome, *, recorder: OutputRecorder, seconds: float
) -> StepEnded:
    output = recorder.finish()
    notes = list(outcome.notes)
    if output.dropped_bytes:
        notes.append(f"{output.dropped_bytes} bytes of output were dropped: {recorder.why_dropped}")
    return StepEnded(
        action=action.id,
        attempt=attempt,
        outcome=outcome.outcome,
        duration_s=round(seconds, 6),
        exit_status=outcome.exit_status,
        pipe_status=outcome.pipe_status,
        signal=outcome.signal,
        reason=recorder.clean(outcome.reason),
        output=output,
        leftovers=outcome.leftovers,
        notes=tuple(notes),
    )
