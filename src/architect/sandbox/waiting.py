"""Waiting for a server to answer, without waiting for one that has died."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from architect.sandbox.world import LOOPBACK, SandboxError

_PATIENCE_S = 30.0
_PAUSE_S = 0.02


def wait_for(
    condition: Callable[[], bool], process: subprocess.Popen[bytes], *, what: str, log: Path | None = None
) -> None:
    """Return once `condition` holds. Raises SandboxError when the process ends or patience does."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        if process.poll() is not None:
            raise SandboxError(f"{what} ended with status {process.returncode}", hint=_last_words(log))
        if time.monotonic() > deadline:
            raise SandboxError(f"{what} did not answer within {_PATIENCE_S:.0f} s", hint=_last_words(log))
        time.sleep(_PAUSE_S)


def is_listening(port: int) -> bool:
    """Say whether something accepts connections on a loopback port."""
    with socket.socket() as client:
        client.settimeout(1.0)
        return client.connect_ex((LOOPBACK, port)) == 0


def _last_words(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    return log.read_text(encoding="utf-8", errors="replace").strip()[-300:]
