"""Makes an action that runs inside the worker look like one with a process."""

from __future__ import annotations

import threading

from architect.runs.events import Outcome, ProcessMark
from architect.runs.ports import ActionOutcome, ActionRequest, ActionRunner, NativeRunner, OutputSink, PreparedAction


class InProcess(ActionRunner):
    """Adapts a NativeRunner to ActionRunner."""

    def __init__(self, runner: NativeRunner) -> None:
        self._runner = runner

    def prepare(self, request: ActionRequest) -> PreparedAction:
        """Make the action ready; nothing happens yet."""
        return InProcessAction(self._runner, request)


class InProcessAction(PreparedAction):
    """An action without a process of its own."""

    def __init__(self, runner: NativeRunner, request: ActionRequest) -> None:
        self._runner = runner
        self._request = request
        self._stop = threading.Event()

    @property
    def process(self) -> ProcessMark | None:
        """There is none."""
        return None

    def run(self, sink: OutputSink) -> ActionOutcome:
        """Carry it out in this thread; it gives up by itself when its time is over."""
        limit = threading.Timer(self._request.action.limits.timeout_s, self._stop.set)
        limit.daemon = True
        limit.start()
        try:
            if self._stop.is_set():
                return ActionOutcome(outcome=Outcome.STOPPED, reason="stopped before it began")
            return self._runner.start(self._request, sink, self._stop)
        finally:
            limit.cancel()

    def stop(self) -> None:
        """Ask it to give up."""
        self._stop.set()

    def kill(self) -> None:
        """Ask it to give up; there is nothing to kill."""
        self._stop.set()

    def discard(self) -> None:
        """Drop it."""
        self._stop.set()
