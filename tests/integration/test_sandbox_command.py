"""`architect sandbox` as people and machines call it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import jsonschema
import psycopg
import pytest
from click.testing import CliRunner, Result

from architect.cli.sandbox import command
from architect.kernel.errors import UsageError
from architect.sandbox.control import find_world, take_down

SCHEMA = json.loads(files("architect.cli").joinpath("schemas", "sandbox.json").read_text(encoding="utf-8"))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose sandbox is taken down in the end."""
    folder = tmp_path / "state"
    yield folder
    take_down(folder / "sandbox")


def call(*arguments: str | Path) -> Result:
    """Call the command."""
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_a_sandbox_goes_up_tells_its_state_takes_a_fault_and_goes_down(state: Path) -> None:
    up = call("up", "--state", state, "--format", "json")
    assert up.exit_code == 0, up.output
    description = json.loads(up.stdout)
    jsonschema.validate(description, SCHEMA)
    assert all(server["up"] for server in description["servers"])

    told = call("status", "--state", state)
    assert told.exit_code == 0
    assert description["servers"][0]["address"] in told.stdout

    put = call("fault", "exhausted-connections", "--set", "busy=1", "--state", state)
    assert put.exit_code == 0
    assert "busy 1" in put.stdout
    world = find_world(state / "sandbox")
    assert world is not None
    service = world.deployment.service_role
    with pytest.raises(psycopg.OperationalError, match="reserved"):
        psycopg.connect(world.database_url(service), passfile=str(world.passwords(service)))
    again = call("fault", "exhausted-connections", "--state", state)
    assert "in the world already" in str(again.exception)
    assert "taken out" in call("fault", "exhausted-connections", "--clear", "--state", state).stdout

    assert call("down", "--state", state).stdout == "The sandbox is down.\n"
    assert call("status", "--state", state).exit_code == 1


def test_without_a_sandbox_status_is_no_and_json_says_so(state: Path) -> None:
    told = call("status", "--state", state, "--format", "json")
    assert told.exit_code == 1
    jsonschema.validate(json.loads(told.stdout), SCHEMA)


def test_a_fault_needs_a_sandbox(state: Path) -> None:
    found = call("fault", "exhausted-connections", "--state", state)
    assert isinstance(found.exception, UsageError)
    assert "architect sandbox up" in str(found.exception)


def test_an_unknown_fault_is_refused_before_anything_starts(state: Path) -> None:
    found = call("up", "--faults", "gremlins", "--state", state)
    assert isinstance(found.exception, UsageError)
    assert find_world(state / "sandbox") is None


def test_faults_are_listed_with_what_they_do() -> None:
    assert "repaired" in call("fault").stdout
