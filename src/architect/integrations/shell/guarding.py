"""The worker's side of the guard."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from architect.kernel.errors import OutsideError

_PROGRAM = Path(__file__).with_name("guard.py")


class GuardLostError(OutsideError):
    """The guard process is gone, and with it the knowledge of how its action ended."""

    code = "guard-lost"


class GuardProcess:
    """A running guard; not for several threads at once."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_PROGRAM), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
        self._buffer = b""
        self._spawned: deque[dict[str, Any]] = deque()
        self._ended: dict[str, int] | None = None

    @property
    def pid(self) -> int:
        """The number of the guard process."""
        return self._process.pid

    @property
    def is_gone(self) -> bool:
        """Say whether the guard process has ended."""
        return self._process.poll() is not None

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the guard has something to say."""
        return self._channel.fileno()

    def spawn(self, argv: Sequence[str], *, environment: Mapping[str, str], fds: Mapping[int, int]) -> None:
        """Ask for a process that waits for the word to go; `spawned` takes the answer.

        `fds` maps the numbers that descriptors shall have in the process to descriptors of ours.
        """
        message = {"op": "spawn", "argv": list(argv), "env": dict(environment), "cwd": "/", "numbers": list(fds)}
        self._send(message, tuple(fds.values()))

    def spawned(self) -> tuple[int, int]:
        """Return number and start time of the process asked for. Raises OutsideError when it could not be started."""
        while not self._spawned:
            self.listen()
        answer = self._spawned.popleft()
        if answer["event"] != "spawned":
            raise OutsideError(f"the shell could not be started: {answer['reason']}")
        return int(answer["pid"]), int(answer["started"])

    def ended(self) -> dict[str, int] | None:
        """Return how the present action ended, once; None while it runs."""
        ended, self._ended = self._ended, None
        return ended

    def begin(self, pid: int) -> None:
        """Say that the waiting process gets the word to go."""
        self._send({"op": "begin", "pid": pid})

    def stop(self) -> None:
        """Ask for INT, then TERM, then KILL."""
        self._send({"op": "stop"})

    def kill(self) -> None:
        """Ask for KILL to everything at once."""
        self._send({"op": "kill"})

    def listen(self) -> None:
        """Take what the guard says next, blocking. Raises GuardLostError when the guard is gone."""
        try:
            data = self._channel.recv(1 << 16)
        except OSError as error:
            raise GuardLostError("the guard of the shell cannot be reached") from error
        if not data:
            raise GuardLostError("the guard of the shell ended unexpectedly")
        self._buffer += data
        while len(self._buffer) >= 4 and len(self._buffer) >= (end := 4 + int.from_bytes(self._buffer[:4], "big")):
            message: dict[str, Any] = json.loads(self._buffer[4:end])
            self._buffer = self._buffer[end:]
            if message["event"] == "ended":
                self._ended = message
            else:
                self._spawned.append(message)

    def close(self) -> None:
        """Let the guard kill what is left and end; wait until it has."""
        self._channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)

    def _send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        frame = json.dumps(message).encode()
        data = len(frame).to_bytes(4, "big") + frame
        try:
            sent = socket.send_fds(self._channel, [data], list(fds)) if fds else 0
            self._channel.sendall(data[sent:])
        except OSError as error:
            raise GuardLostError("the guard of the shell cannot be reached") from error


def boot_id() -> str:
    """Return the kernel's name of this boot; empty where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def host_name() -> str:
    """Return the name of this host."""
    return os.uname().nodename
