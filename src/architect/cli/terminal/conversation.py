"""A run carried on in front of a person, or of nobody: worker and answers by turns, until it ends or waits."""

from __future__ import annotations

import signal
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Protocol, Self

from architect.access.people import Identity
from architect.audit.model import Event
from architect.kernel.ids import RunId
from architect.runs.events import GateReason, StepEnded, StepStarted, StepUnknown
from architect.runs.gates import votes
from architect.runs.model import GateKind
from architect.runs.ports import Observer
from architect.runs.service import RunService
from architect.runs.state import RunState
from architect.runs.voting import VotingRules
from architect.runs.worker import Worker
from architect.wiring.workplace import Workplace

WORKER = "worker:"
"""How the names of workers begin, as actors of events."""
LOCK_ASKED_EVERY_S = 0.5
"""How often a person who waits for another run is looked after."""


class Answerer(Protocol):
    """Somebody who may answer the gate at which a run waits."""

    def answer(self, state: RunState) -> bool:
        """Answer the open gate; False to leave it open."""
        ...


class Voice(Protocol):
    """Somebody who tells what happens."""

    def tell(self, event: Event) -> None:
        """Tell one event of the run."""
        ...

    def moving(self) -> AbstractContextManager[None]:
        """Show that work goes on, for the length of a block."""
        ...


class Preapproved:
    """Gives the confirmations that one person gave on the command line; never a second person's approval."""

    def __init__(
        self, service: RunService, identity: Identity, *, actions: Collection[str], rules: VotingRules
    ) -> None:
        self._service = service
        self._identity = identity
        self._rules = rules
        self._left = set(actions)

    def answer(self, state: RunState) -> bool:
        """Approve what was named, once; by hand steps that were named are done.

        Where two people must agree this is the first of them, and the gate stays open for the second; a person who
        must stand in for both says more than a yes.
        """
        gate = state.open_gate
        if gate is None or gate.opened.action not in self._left:
            return False
        name, is_grave = gate.opened.gate, gate.opened.gate_kind is GateKind.TWO_PEOPLE
        if gate.opened.reason is GateReason.MANUAL:
            self._service.done(state.run, name, self._identity)
        elif gate.opened.reason is GateReason.EFFECT and not (
            is_grave and (votes(gate) or self._rules.is_single_person)
        ):
            state = self._service.approve(state.run, name, self._identity)
        else:
            return False
        self._left.discard(gate.opened.action)
        return not is_grave


class Interruptions:
    """Takes Ctrl-C, SIGTERM and SIGHUP for the length of a block.

    While a worker is at work they stop its present action with all descendants; else they end the block with
    KeyboardInterrupt.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self, *, by: str) -> None:
        self._by = by
        self._worker: Worker | None = None
        self._is_asked = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        """Take the signals."""
        self._before = {number: signal.signal(number, self._take) for number in self._SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned

    @contextmanager
    def of(self, worker: Worker) -> Iterator[None]:
        """Hand what comes during the block to the worker."""
        self._worker, self._is_asked = worker, False
        try:
            yield
        finally:
            self._worker = None

    def require_none(self, state: RunState) -> None:
        """Raise KeyboardInterrupt for a signal that came too late for the worker to stop at it."""
        if self._is_asked and not state.is_interrupted and state.ended is None:
            raise KeyboardInterrupt

    def _take(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._is_asked = True
        if self._worker is None:
            raise KeyboardInterrupt
        is_key = number == signal.SIGINT
        self._worker.interrupt(self._by if is_key else f"{self._by} ({signal.Signals(number).name})")


class Conversation:
    """One run, one voice, and those who answer, asked in order."""

    def __init__(
        self,
        place: Workplace,
        run: RunId,
        *,
        voice: Voice,
        answerers: Sequence[Answerer],
        interruptions: Interruptions,
        observers: Sequence[Observer] = (),
        waits_for_others: bool = False,
    ) -> None:
        self._service = place.service
        self._is_blocked = place.is_blocked
        self._run = run
        self._voice = voice
        self._answerers = answerers
        self._interruptions = interruptions
        self._waits_for_others = waits_for_others
        self._seen = _last_of_a_worker(place.service.events(run))
        self.is_in_step = False
        self._worker = place.worker(run, on_event=self._tell, observers=observers)

    def go(self) -> RunState:
        """Carry the run on until it ends, is interrupted, or waits for somebody who is not here.

        What people did since a worker was last at work is told first.
        """
        self.catch_up()
        while True:
            with self._interruptions.of(self._worker), self._voice.moving():
                state = self._worker.advance(self._run)
            self._interruptions.require_none(state)
            if state.ended is not None or state.is_interrupted:
                return state
            if state.open_gate is not None:
                is_answered = any(answerer.answer(state) for answerer in self._answerers)
                self.catch_up()
                if not is_answered:
                    return self._service.state(self._run)
            elif state.busy is not None and self._waits_for_others:
                self._wait(state)
            else:
                return state

    def catch_up(self) -> None:
        """Tell what others appended, the person at this terminal too."""
        for event in self._service.events(self._run, after=self._seen):
            self._tell(event)

    def _wait(self, state: RunState) -> None:
        """Wait until no other run is in the way; a signal ends it."""
        with self._voice.moving():
            while self._is_blocked(state):
                time.sleep(LOCK_ASKED_EVERY_S)

    def _tell(self, event: Event) -> None:
        if event.seq <= self._seen:
            return
        self._seen = event.seq
        if event.kind == StepStarted.kind:
            self.is_in_step = True
        elif event.kind in (StepEnded.kind, StepUnknown.kind):
            self.is_in_step = False
        self._voice.tell(event)


def _last_of_a_worker(events: Sequence[Event]) -> int:
    """Return the number of the last event that a worker appended; 0 where none was at work yet."""
    return max((event.seq for event in events if event.actor.startswith(WORKER)), default=0)
