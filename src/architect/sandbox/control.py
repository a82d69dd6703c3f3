"""Up, status, faults, down: what the command line and the tests call."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from architect.sandbox.orders import give_order
from architect.sandbox.servers import addresses
from architect.sandbox.waiting import is_listening
from architect.sandbox.world import DESCRIPTION, SandboxError, World, read_world, remove_traces

_DOWN_WITHIN_S = 30.0
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """Whether one server of the world accepts connections."""

    name: str
    port: int
    is_up: bool


def find_world(place: Path) -> World | None:
    """Return the world whose description lies in `place`; None when there is none, or it is gone."""
    world = read_world(place / DESCRIPTION)
    return world if world is not None and world.guard.is_alive() else None


def bring_up(place: Path, *, writable: Sequence[Path] = (), tell: Tell = lambda _: None) -> World:
    """Return the world of `place`, brought up where there is none. It stays until `take_down`."""
    with _locked(place):
        found = find_world(place)
        if found is not None:
            return found
        world, guard = _start(place, writable, tell=tell, tied=False)
        guard.wait()
        return world


@contextmanager
def world_for(place: Path, *, writable: Sequence[Path] = (), tell: Tell = lambda _: None) -> Iterator[World]:
    """Give a new world for the length of a block; it ends with this process, however that ends."""
    with _locked(place):
        if find_world(place) is not None:
            raise SandboxError(f"there is a sandbox at {place} already")
        world, guard = _start(place, writable, tell=tell, tied=True)
    assert guard.stdin is not None
    with guard:
        try:
            yield world
        finally:
            guard.stdin.close()
            guard.wait(timeout=_DOWN_WITHIN_S)


def take_down(place: Path) -> bool:
    """End the world of `place` with everything in it; say whether there was one."""
    with _locked(place):
        world = find_world(place)
        if world is None:
            _clear(place)
            return False
        world.guard.send(signal.SIGTERM)
        deadline = time.monotonic() + _DOWN_WITHIN_S
        while world.guard.is_alive():
            if time.monotonic() > deadline:
                raise SandboxError(f"the sandbox did not end within {_DOWN_WITHIN_S:.0f} s")
            time.sleep(0.02)
        return True


def server_states(world: World) -> tuple[ServerState, ...]:
    """Ask every server of the world for a connection."""
    return tuple(
        ServerState(name=name, port=port, is_up=is_listening(port)) for name, port in addresses(world.ports).items()
    )


def put_fault(world: World, name: str, options: Mapping[str, str]) -> Mapping[str, Any]:
    """Put a fault in; return what it did once it has taken hold."""
    return give_order(world, {"order": "fault", "name": name, "options": dict(options)})


def clear_fault(world: World, name: str) -> bool:
    """Take a fault out; say whether it was in."""
    return bool(give_order(world, {"order": "clear", "name": name})["cleared"])


def _clear(place: Path) -> None:
    """Delete what a world left behind whose guard and supervisor were both killed."""
    dead = read_world(place / DESCRIPTION)
    if dead is not None:
        remove_traces(dead.folder, place / DESCRIPTION)


def _start(place: Path, writable: Sequence[Path], *, tell: Tell, tied: bool) -> tuple[World, subprocess.Popen[bytes]]:
    _clear(place)
    folder = Path(tempfile.mkdtemp(prefix="architect-sandbox-"))
    folder.chmod(0o711)  # the servers' own user must pass through; what is private below is 0700
    argv = [sys.executable, "-m", "architect.sandbox.guard", "--folder", str(folder)]
    argv += ["--description", str(place / DESCRIPTION), *(["--tied"] if tied else [])]
    for path in writable:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        argv += ["--writable", str(path)]
    with (place / "guard.log").open("ab") as log:
        guard = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    try:
        world = _listen(guard, place, tell)
    except BaseException:
        # The guard cleans up; where it has left its first process behind, it is still in that one's group.
        with suppress(ProcessLookupError):
            os.killpg(guard.pid, signal.SIGTERM)
        guard.wait(timeout=_DOWN_WITHIN_S)
        raise
    return world, guard


def _listen(guard: subprocess.Popen[bytes], place: Path, tell: Tell) -> World:
    """Follow what the supervisor says until its world is up."""
    assert guard.stdout is not None
    with guard.stdout as lines:
        for line in lines:
            match json.loads(line):
                case {"starting": str(name)}:
                    tell(name)
                case {"failed": str(message), **rest}:
                    raise SandboxError(f"the sandbox did not come up: {message}", hint=str(rest.get("hint", "")))
                case {"ready": str(description)}:
                    world = read_world(Path(description))
                    assert world is not None
                    return world
    raise SandboxError("the sandbox did not come up", hint=f"see {place / 'guard.log'}")


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Let one command at a time bring up or take down."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(place / "lock", os.O_RDWR | os.O_CREAT, 0o600)) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
