"""A run carried on in front of a person, or of nobody: worker and answers by turns, until it ends or waits."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Collection, Iterator, Sequence
from types import FrameType
from typing import Protocol

from architect.access.people import Identity
from architect.audit.model import Event
from architect.kernel.ids import RunId
from architect.runs.events import GateReason
from architect.runs.model import GateKind
from architect.runs.ports import Observer
from architect.runs.service import RunService
from architect.runs.state import RunState
from architect.runs.worker import Worker
from architect.wiring.engines import Workplace


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

    def moving(self) -> contextlib.AbstractContextManager[None]:
        """Show that work goes on, for the length of a block."""
        ...


class Preapproved:
    """Gives the confirmations that one person gave on the command line; never a second person's approval."""

    def __init__(self, service: RunService, identity: Identity, *, actions: Collection[str]) -> None:
        self._service = service
        self._identity = identity
        self._left = set(actions)

    def answer(self, state: RunState) -> bool:
        """Approve what was named, once; by hand steps that were named are done."""
        gate = state.open_gate
        if gate is None or gate.opened.action not in self._left:
            return False
        if gate.opened.reason is GateReason.EFFECT and gate.opened.gate_kind is not GateKind.TWO_PEOPLE:
            self._service.approve(state.run, gate.opened.gate, self._identity)
        elif gate.opened.reason is GateReason.MANUAL:
            self._service.done(state.run, gate.opened.gate, self._identity)
        else:
            return False
        self._left.discard(gate.opened.action)
        return True


class Conversation:
    """One run, one voice, and those who answer, asked in order."""

    def __init__(
        self,
        place: Workplace,
        run: RunId,
        *,
        voice: Voice,
        answerers: Sequence[Answerer],
        observers: Sequence[Observer] = (),
    ) -> None:
        self._service = place.service
        self._actor = place.identity.actor
        self._run = run
        self._voice = voice
        self._answerers = answerers
        self._seen = 0
        self._worker = place.worker(run, on_event=self._tell, observers=observers)

    def go(self) -> RunState:
        """Carry the run on until it ends, is interrupted, or waits for somebody who is not here."""
        while True:
            with interruptible(self._worker, by=self._actor), self._voice.moving():
                state = self._worker.advance(self._run)
            if state.ended is not None or state.is_interrupted or state.open_gate is None:
                return state
            if not any(answerer.answer(state) for answerer in self._answerers):
                self.catch_up()
                return self._service.state(self._run)
            self.catch_up()

    def catch_up(self) -> None:
        """Tell what others appended, the person at this terminal too."""
        for event in self._service.events(self._run, after=self._seen):
            self._tell(event)

    def _tell(self, event: Event) -> None:
        if event.seq > self._seen:
            self._seen = event.seq
            self._voice.tell(event)


@contextlib.contextmanager
def interruptible(worker: Worker, *, by: str) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop the present action with its descendants, for the length of a block."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        worker.interrupt(by)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
