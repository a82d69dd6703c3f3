"""The guard: a small program that owns every process of a worker's actions, and outlives none of them.

Runs as `python -I -S guard.py FD`, on the standard library alone, so that it is up in milliseconds. It is the
subreaper of all it starts: what detaches itself by `setsid`, a double fork or `nohup` becomes the guard's child
again. `FD` is a stream socket to the worker; when the worker dies, the kernel closes the other end, and the guard
kills every descendant, then ends.

Frames both ways are a four-byte big-endian length and JSON. The worker sends `spawn` (with file descriptors, and the
numbers that they shall have in the process), `begin` when it lets the process go on, `stop` and `kill`;
the guard answers `spawned` or `failed`, and `ended` when the process and everything that it left behind are gone.
Between `spawn` and `begin` a process waits; it belongs to no action yet, and may wait while another action ends.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

PR_SET_CHILD_SUBREAPER = 36

MAX_FDS = 16
TERM_AFTER_S = 2.0
KILL_AFTER_S = 5.0
LEFTOVER_GRACE_S = 0.25
"""How long what an action leaves behind may take to end by itself (`>(tee file)` does); then TERM, then KILL."""
LEFTOVER_KILL_S = 2.0
Escalation = tuple[tuple[float, signal.Signals], ...]
RESET_SIGNALS = (signal.SIGINT, signal.SIGPIPE, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT)


def become_subreaper() -> None:
    """Make the kernel hand orphaned descendants to this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become the subreaper of actions")


def children(pid: int) -> Iterator[int]:
    """Yield the direct children of a process; nothing when it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - pathlib would double the start-up time
    except OSError:
        return
    for thread in threads:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children") as listing:
            yield from map(int, listing.read().split())


def descendants(pid: int) -> list[int]:
    """Return every process below `pid`, parents before their children."""
    found: list[int] = []
    pending = [pid]
    while pending:
        direct = list(children(pending.pop()))
        found += direct
        pending += direct
    return found


def start_time(pid: int) -> int:
    """Return the kernel's start time of a process in clock ticks; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0


def signal_all(number: int, *, spared: AbstractSet[int] = frozenset()) -> int:
    """Send a signal to every descendant that is not spared; return how many there were."""
    found = [pid for pid in descendants(os.getpid()) if pid not in spared]
    for pid in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return len(found)


class Guard:
    """One worker's guard: at most one action at a time."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self.waiting: set[int] = set()
        self.reaped: dict[int, int] = {}
        self.pid = 0
        self.status: int | None = None
        self.leftovers = 0
        self.ended_at = 0.0
        self.stopped_at: float | None = None
        self.sent: set[int] = set()
        self.buffer = b""
        self.fds: list[int] = []
        self.wake, write_end = os.pipe()
        for fd in (self.wake, write_end):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Serve until the worker is gone, then kill whatever is left."""
        poller = select.poll()
        poller.register(self.channel, select.POLLIN)
        poller.register(self.wake, select.POLLIN)
        while True:
            ready = dict(poller.poll(self.pause_ms()))
            if self.wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake, 4096)
            if self.channel.fileno() in ready and not self.receive():
                break
            self.reap()
            self.press()
        self.kill_all()

    def pause_ms(self) -> int | None:
        """Return how long nothing but an event can matter."""
        if self.pid == 0 or (self.status is None and self.stopped_at is None):
            return None
        return 50

    def receive(self) -> bool:
        """Take what the worker sent; False when the worker is gone."""
        try:
            data, ancillary, _, _ = self.channel.recvmsg(
                1 << 16, socket.CMSG_SPACE(MAX_FDS * 4), socket.MSG_CMSG_CLOEXEC
            )
        except OSError:
            return False
        for level, kind, payload in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(payload[: len(payload) - len(payload) % received.itemsize])
                self.fds += received
        if not data:
            return False
        self.buffer += data
        while len(self.buffer) >= 4 and len(self.buffer) >= (end := 4 + int.from_bytes(self.buffer[:4], "big")):
            frame, self.buffer = self.buffer[4:end], self.buffer[end:]
            self.handle(json.loads(frame))
        return True

    def handle(self, message: dict[str, Any]) -> None:
        """Do what the worker asks for."""
        if message["op"] == "spawn":
            self.spawn(message)
        elif message["op"] == "begin":
            self.begin(message["pid"])
        elif message["op"] == "stop" and self.pid and self.stopped_at is None:
            self.stopped_at = time.monotonic()
            self.press()
        elif message["op"] == "kill":
            self.signal_action(signal.SIGKILL)

    def begin(self, pid: int) -> None:
        """Take the waiting process for the present action."""
        self.pid, self.leftovers, self.stopped_at, self.sent = pid, 0, None, set()
        self.status = self.reaped.pop(pid, None)
        self.reaped.clear()
        self.ended_at = time.monotonic()
        self.waiting.discard(pid)

    def signal_action(self, number: int) -> int:
        """Send a signal to every process of the action; return how many there were."""
        return signal_all(number, spared=self.waiting)

    def spawn(self, message: dict[str, Any]) -> None:
        """Start one process in a group of its own; it waits for the word to go."""
        fds, self.fds = self.fds, []
        try:
            os.chdir(message["cwd"])
            actions: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]
            # One by one, in this order: a number that is taken must not be that of a descriptor which comes later.
            actions += [(os.POSIX_SPAWN_DUP2, fd, number) for fd, number in zip(fds, message["numbers"], strict=True)]
            argv = message["argv"]
            pid = os.posix_spawn(
                argv[0], argv, message["env"], file_actions=actions, setpgroup=0, setsigdef=RESET_SIGNALS, setsigmask=()
            )
        except OSError as error:
            self.send({"event": "failed", "reason": f"{error.strerror}: {error.filename or message['argv'][0]}"})
            return
        finally:
            for fd in fds:
                os.close(fd)
        self.waiting.add(pid)
        self.send({"event": "spawned", "pid": pid, "started": start_time(pid)})

    def reap(self) -> None:
        """Collect what ended; report when nothing of the action is left."""
        with contextlib.suppress(ChildProcessError):
            while (waited := os.waitpid(-1, os.WNOHANG))[0] != 0:
                if waited[0] == self.pid:
                    self.status, self.ended_at = waited[1], time.monotonic()
                    self.sent = set()
                elif waited[0] in self.waiting:
                    self.waiting.discard(waited[0])
                    self.reaped[waited[0]] = waited[1]
        if self.pid and self.status is not None and self.is_alone():
            self.send({"event": "ended", "status": self.status, "leftovers": self.leftovers})
            self.pid = 0

    def is_alone(self) -> bool:
        """Say whether nothing of the action is left; all that detached itself has become a child of the guard."""
        return self.waiting.issuperset(children(os.getpid()))

    def press(self) -> None:
        """Send the signals that are due: to an action that shall end, or to what one left behind."""
        if self.pid == 0:
            return
        if self.status is not None:
            due: Escalation = ((LEFTOVER_GRACE_S, signal.SIGTERM), (LEFTOVER_KILL_S, signal.SIGKILL))
            waited = time.monotonic() - self.ended_at
        elif self.stopped_at is not None:
            due = ((0.0, signal.SIGINT), (TERM_AFTER_S, signal.SIGTERM), (KILL_AFTER_S, signal.SIGKILL))
            waited = time.monotonic() - self.stopped_at
        else:
            return
        for after_s, number in due:
            if waited >= after_s and (number not in self.sent or number == signal.SIGKILL):
                self.sent.add(number)
                count = self.signal_action(number)
                self.leftovers = max(self.leftovers, count) if self.status is not None else self.leftovers

    def kill_all(self) -> None:
        """Kill every descendant, also those that are born meanwhile."""
        while True:
            signal_all(signal.SIGKILL)
            try:
                while os.waitpid(-1, os.WNOHANG)[0] != 0:
                    pass
            except ChildProcessError:
                return
            select.select([], [], [], 0.005)

    def send(self, message: dict[str, Any]) -> None:
        """Tell the worker; a worker that is gone is noticed by the next read."""
        frame = json.dumps(message).encode()
        with contextlib.suppress(OSError):
            self.channel.sendall(len(frame).to_bytes(4, "big") + frame)


def main() -> None:
    """Guard the worker at the other end of the inherited socket."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    become_subreaper()
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    Guard(channel).serve()


if __name__ == "__main__":
    main()
