"""The description of a world."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from architect.kernel.errors import UsageError
from architect.sandbox.deployment import read_deployment
from architect.sandbox.postgres import require_known_user
from architect.sandbox.processes import ProcessId
from architect.sandbox.toolbox import read_toolbox
from architect.sandbox.world import FORMAT, Ports, SandboxError, Walls, World, free_ports, read_world, write_world

WORLD = World(
    format=FORMAT,
    folder=Path("/somewhere"),
    guard=ProcessId(pid=1, started=2.5),
    ports=Ports(primary=1, replica=2, cache=3, aws=4, service=5, proxy=6),
    deployment=read_deployment(),
    walls=Walls(reason="none here"),
    database_identity="7/architect",
    started_s=1.5,
)


def test_a_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    place = tmp_path / "sandbox.json"
    write_world(WORLD, place)
    assert read_world(place) == WORLD
    assert place.stat().st_mode & 0o777 == 0o600


def test_no_description_is_no_world(tmp_path: Path) -> None:
    assert read_world(tmp_path / "sandbox.json") is None


@pytest.mark.parametrize("text", ["", "{", '{"format": 1}', "[]"])
def test_a_broken_description_is_named(tmp_path: Path, text: str) -> None:
    place = tmp_path / "sandbox.json"
    place.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"sandbox\.json"):
        read_world(place)


def test_free_ports_are_all_different() -> None:
    ports = free_ports()
    numbers = [getattr(ports, name) for name in Ports.__dataclass_fields__]
    assert len(set(numbers)) == len(numbers)


def test_a_database_url_holds_no_password() -> None:
    assert WORLD.database_url("operator") == f"postgresql://operator@127.0.0.1:1/{WORLD.deployment.database}"


def test_no_tool_is_both_given_and_refused() -> None:
    toolbox = read_toolbox()
    given = {*toolbox.tools, *toolbox.postgres, "bash", "aws", "redis-cli", "valkey-cli"}
    assert not given & set(toolbox.refused)
    for names in (toolbox.tools, toolbox.postgres, toolbox.refused):
        assert list(names) == sorted(set(names), key=names.index)


def test_a_user_whom_nobody_knows_is_told_why_there_is_no_sandbox() -> None:
    require_known_user(os.getuid())
    with pytest.raises(SandboxError, match="the user 3999999999 has no entry in /etc/passwd"):
        require_known_user(3_999_999_999)
