"""The sandbox's life: up in seconds, and never an orphan, whoever is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from architect.sandbox.control import bring_up, find_world, server_states, take_down, world_for
from architect.sandbox.processes import ProcessId, identify
from architect.sandbox.world import World
from inside import eventually

DESCRIPTION = "sandbox.json"


def family(world: World) -> list[ProcessId]:
    """Return the guard and all its descendants."""
    guard = psutil.Process(world.guard.pid)
    return [identify(process.pid) for process in (guard, *guard.children(recursive=True))]


def supervisor(world: World) -> int:
    """Return the pid of the supervisor."""
    (child,) = psutil.Process(world.guard.pid).children()
    return child.pid


def test_a_world_comes_up_in_seconds_with_every_server_and_goes_without_a_trace(tmp_path: Path) -> None:
    place = tmp_path / "sandbox"
    world = bring_up(place)
    try:
        assert world.started_s < 20
        assert all(server.is_up for server in server_states(world))
        assert bring_up(place) == world
        everybody = family(world)
    finally:
        assert take_down(place)
    assert not any(process.is_alive() for process in everybody)
    assert not world.folder.exists()
    assert find_world(place) is None
    assert not take_down(place)


@pytest.mark.parametrize("victim", ["guard", "supervisor", "both"])
def test_a_killed_owner_leaves_no_server_behind(tmp_path: Path, victim: str) -> None:
    place = tmp_path / "sandbox"
    world = bring_up(place)
    everybody = family(world)
    assert len(everybody) > 20
    victims = {"guard": [world.guard.pid], "supervisor": [supervisor(world)]}
    for pid in victims.get(victim, [supervisor(world), world.guard.pid]):
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not any(process.is_alive() for process in everybody))
    assert find_world(place) is None
    if victim == "both":
        assert not take_down(place)
    assert eventually(lambda: not world.folder.exists() and not (place / DESCRIPTION).exists())


def test_a_world_that_was_given_for_a_block_ends_with_the_process_that_asked(tmp_path: Path) -> None:
    place = tmp_path / "sandbox"
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with world_for(place) as own:
            os.write(writer, str(own.folder).encode())
            signal.pause()
        os._exit(0)
    folder = Path(os.read(reader, 4096).decode())
    world = find_world(place)
    assert world is not None
    everybody = family(world)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert eventually(lambda: not any(process.is_alive() for process in everybody))
    assert not folder.exists()


def test_a_stale_description_is_no_world(tmp_path: Path) -> None:
    place = tmp_path / "sandbox"
    with world_for(place):
        text = (place / DESCRIPTION).read_bytes()
    (place / DESCRIPTION).write_bytes(text)
    assert find_world(place) is None


def test_servers_run_without_rights_where_the_supervisor_is_root(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    with world_for(tmp_path / "sandbox") as world:
        processes = psutil.Process(world.guard.pid).children(recursive=True)
        users = {process.name(): process.uids() for process in processes}
        assert users["postgres"].real == users["postgres"].effective == users["valkey-server"].real != 0
        data = world.folder / "postgres" / "primary"
        assert data.stat().st_mode & 0o777 == 0o700
        assert data.stat().st_uid == users["postgres"].real
