"""Runs shell actions one after another as a run would, without a worker."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from architect.integrations.shell.executor import ShellAction, ShellRunner
from architect.integrations.shell.survivors import with_cookie
from architect.kernel.ids import ActionId, RunId
from architect.runs.model import Limits, PlannedAction, Slot, ToolPath
from architect.runs.ports import ActionOutcome, ActionRequest, OutputKey, Stream
from runs_world import shell


@dataclass
class Sink:
    """Collects output; calls `when` once a line has come."""

    out: bytes = b""
    err: bytes = b""
    secrets: list[str] = field(default_factory=list)
    when: Callable[[bytes], None] | None = None

    def write(self, stream: Stream, data: bytes) -> None:
        if stream is Stream.STDOUT:
            self.out += data
        else:
            self.err += data
        if self.when is not None and self.out.endswith(b"\n"):
            self.when(self.out)

    def add_secret(self, value: str) -> None:
        self.secrets.append(value)


@dataclass(frozen=True)
class Done:
    """What came of an action."""

    outcome: ActionOutcome
    sink: Sink
    action: ShellAction

    @property
    def out(self) -> str:
        return self.sink.out.decode()

    @property
    def err(self) -> str:
        return self.sink.err.decode()


class ShellBench:
    """One run's folder and one guard."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "run"
        self.folder.mkdir()
        self.runner = ShellRunner()
        self.environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.runner.close()

    def prepare(
        self,
        text: str,
        *,
        values: dict[str, str] | None = None,
        slots: Sequence[Slot] = (),
        tools: Sequence[ToolPath] = (),
        timeout_s: float = 30.0,
        never_ends: bool = False,
        action: PlannedAction | None = None,
    ) -> ShellAction:
        """Make an action ready."""
        self._count += 1
        name = f"1.{self._count}"
        limits = Limits(timeout_s=timeout_s, output_bytes=1 << 28, never_ends=never_ends)
        planned = replace(
            action or shell(name, text), id=ActionId(name), limits=limits, slots=tuple(slots), tools=tuple(tools)
        )
        request = ActionRequest(
            key=OutputKey(run=RunId("RUN-1"), action=planned.id, attempt=1),
            action=planned,
            values=values or {},
            secret_names=frozenset(),
            folder=self.folder,
            environment=self.environment,
        )
        return self.runner.prepare(request)

    def run(self, text: str, *, when: Callable[[ShellAction, bytes], None] | None = None, **more: object) -> Done:
        """Run an action to its end; `when` is called with its output once a line has come."""
        action = self.prepare(text, **more)  # type: ignore[arg-type]
        sink = Sink(when=(lambda out: when(action, out)) if when else None)
        return Done(outcome=action.run(sink), sink=sink, action=action)


def alive(action: ShellAction) -> list[int]:
    """Return the processes of an action that still live."""
    assert action.process is not None
    return [pid for pid in with_cookie(action.process.cookie) if psutil.pid_exists(pid)]


def wait_until_gone(pid: int, timeout_s: float = 10.0) -> bool:
    """Wait for the end of a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], timeout_s)[0])
    finally:
        os.close(descriptor)


def in_thread(work: Callable[[], None]) -> threading.Thread:
    """Start work in a thread."""
    thread = threading.Thread(target=work)
    thread.start()
    return thread
