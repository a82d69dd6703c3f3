"""Finds and ends what a killed worker left behind."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from architect.integrations.shell.guard import descendants, start_time
from architect.integrations.shell.guarding import boot_id, host_name
from architect.runs.events import ProcessMark

STEP_VARIABLE = "ARCHITECT_STEP"
"""Every process of an action inherits it; its value is the mark's `cookie`."""


class LocalSurvivors:
    """Looks on this host, by process number and start time, below the guard, and by the inherited cookie."""

    def end(self, mark: ProcessMark) -> Sequence[str]:
        """Kill what is left of the action and say what it was; empty when nothing was left.

        A process on another host cannot be looked at: that is said.
        """
        if mark.host != host_name() or mark.boot != boot_id():
            return (f"it ran on {mark.host}, which cannot be looked at from here",) if mark.host != host_name() else ()
        found = dict.fromkeys(pid for pid in self._alive(mark) if pid != os.getpid())
        said = tuple(f"process {pid} was still running and was ended: {_command(pid)}" for pid in found)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([process for pid in found if (process := _process(pid))], timeout=5)
        return said

    def _alive(self, mark: ProcessMark) -> Iterator[int]:
        if mark.started and start_time(mark.pid) == mark.started:
            yield mark.pid
            yield from descendants(mark.pid)
        if mark.cookie:
            yield from with_cookie(mark.cookie)


def with_cookie(cookie: str) -> Iterator[int]:
    """Yield the processes that inherited the cookie in their environment."""
    wanted = f"{STEP_VARIABLE}={cookie}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _command(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "already gone"
