"""Processes that end with their parent: what the guard, the supervisor and the servers are started with."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_DYNAMIC_USERS = range(61184, 65520)
"""The range that systemd keeps for users without an entry in the user database; mapped in most containers too."""

IS_LINUX = sys.platform.startswith("linux")
_LIBC = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """The unprivileged user that servers run as where the supervisor is root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessId:
    """One process for certain: pids are used again, a pid with its start time is not."""

    pid: int
    started: float

    def is_alive(self) -> bool:
        """Say whether this very process still runs."""
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def send(self, number: signal.Signals) -> None:
        """Send a signal, to this process or to nobody."""
        if self.is_alive():
            os.kill(self.pid, number)


def identify(pid: int) -> ProcessId:
    """Return the identity of a process that runs now."""
    return ProcessId(pid=pid, started=psutil.Process(pid).create_time())


def free_server_user() -> ServerUser | None:
    """Return a user that nobody has and no process runs as; None where we are not root and need none."""
    if os.geteuid() != 0:
        return None
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    taken |= {process.uids().real for process in psutil.process_iter()}
    free = next(uid for uid in _DYNAMIC_USERS if uid not in taken)
    return ServerUser(uid=free, gid=free)


def known_server_user() -> ServerUser | None:
    """Return a user without rights who has an entry in the user database, which `initdb` insists on."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return ServerUser(uid=nobody.pw_uid, gid=nobody.pw_gid)


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent dies (Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return what a child calls before its program starts: the kernel will signal it when its parent dies."""
    parent = os.getpid()

    def arm() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(_PR_SET_PDEATHSIG, number.value, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arm


def launch(argv: Sequence[str | Path], *, death: signal.Signals, **options: Any) -> subprocess.Popen[bytes]:
    """Start a process to which the kernel sends `death` when this one dies; `options` are Popen's.

    Call it from the main thread: to the kernel the thread that starts a process is its parent.
    """
    arm = die_with_parent(death)
    return subprocess.Popen[bytes](
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        preexec_fn=arm,  # Only the main threads of single-threaded processes come here.
        **options,
    )


def start(
    argv: Sequence[str | Path],
    *,
    log: Path,
    user: ServerUser | None = None,
    environment: Mapping[str, str] | None = None,
    stdout: int | None = None,
    death: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a server that ends with this process; what it prints goes to `log`."""
    with log.open("ab") as output:
        return launch(
            argv,
            death=death,
            stdout=output if stdout is None else stdout,
            stderr=output,
            env=dict(environment) if environment is not None else None,
            cwd="/",
            **run_as(user),
        )


def run_as(user: ServerUser | None) -> dict[str, Any]:
    """Return Popen's options for another user."""
    return {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}


def end_descendants(*, grace_s: float, patience_s: float = 10.0) -> None:
    """Wait `grace_s` for every descendant of this process to end, then kill until none is left.

    Orphans that `adopt_orphans` brings in on the way are killed as well.
    """
    psutil.wait_procs(_descendants(), timeout=grace_s)
    deadline = time.monotonic() + patience_s
    while (living := _descendants()) and time.monotonic() < deadline:
        for process in living:
            _kill(process)
        psutil.wait_procs(living, timeout=1.0)


def _descendants() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
