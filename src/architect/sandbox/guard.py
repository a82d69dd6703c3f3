"""The guard: owns the supervisor, and sees to it that nothing of a world outlives either of them.

Whoever ends first takes the others along: when the supervisor dies, its servers die by the signal that the kernel
sends for it, and what is left falls to the guard; when the guard dies, the supervisor is told by the same means.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from architect.sandbox.processes import adopt_orphans, end_descendants, launch
from architect.sandbox.world import remove_traces

_GRACE_S = 5.0


def main() -> None:
    """Run the supervisor until it ends, is told to end, or (tied) the caller's end of standard input closes."""
    parser = argparse.ArgumentParser(prog="architect.sandbox.guard")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--description", type=Path, required=True)
    parser.add_argument("--writable", type=Path, action="append", default=[])
    parser.add_argument("--tied", action="store_true")
    arguments = parser.parse_args()
    if not arguments.tied and os.fork():
        # The caller gets its child back at once; the world belongs to nobody who could leave it a zombie.
        os._exit(0)
    adopt_orphans()
    wakeup = _wake_on_signals()
    supervisor = _start_supervisor(arguments.folder, arguments.description, arguments.writable)
    sources = [wakeup, sys.stdin.fileno()] if arguments.tied else [wakeup]
    try:
        _watch(supervisor, sources, wakeup)
    finally:
        end_descendants(grace_s=_GRACE_S)
        remove_traces(arguments.folder, arguments.description)


def _start_supervisor(folder: Path, description: Path, writable: list[Path]) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "architect.sandbox.supervisor", "--folder", str(folder)]
    argv += ["--description", str(description)]
    for path in writable:
        argv += ["--writable", str(path)]
    return launch(argv, death=signal.SIGTERM, start_new_session=True)


def _watch(supervisor: subprocess.Popen[bytes], sources: list[int], wakeup: int) -> None:
    """Return when the supervisor has ended; any signal but SIGCHLD, and the end of input, asks it to."""
    while supervisor.poll() is None:
        ready, _, _ = select.select(sources, [], [])
        numbers = os.read(wakeup, 64) if wakeup in ready else b""
        input_ended = any(not os.read(source, 64) for source in ready if source != wakeup)
        if input_ended:
            sources = [wakeup]
        if input_ended or set(numbers) - {signal.SIGCHLD}:
            supervisor.terminate()


def _wake_on_signals() -> int:
    """Return a descriptor on which the number of every signal arrives."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _ignore)
    return reader


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing: the number arrives through the wakeup descriptor."""
    del number, frame


if __name__ == "__main__":
    main()
