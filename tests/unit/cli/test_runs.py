from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from architect.cli.runs import command
from architect.commands.model import Effect
from architect.runs.model import UndoPlan
from architect.runs.ports import Captured
from architect.wiring.workplace import Workplace
from runs_world import DANA, World, shell

SCHEMA = json.loads((Path(__file__).parents[3] / "src/architect/cli/schemas/runs.json").read_text())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def call(world: World, *words: str) -> Result:
    """Call `architect runs` in a world."""
    place = Workplace(
        service=world.service,
        identity=DANA,
        rules=world.rules,
        outputs=world.outputs,
        engine_for=lambda *_: world.engine,
    )
    return CliRunner().invoke(command, words, obj=place)


def test_an_empty_list_says_how_to_begin(world: World) -> None:
    assert "No runs yet" in call(world, "list").output


def test_the_list_shows_status_and_what_a_run_waits_for(world: World) -> None:
    world.start(shell("1.1", "true", Effect.WRITE))
    (line,) = call(world, "list").output.splitlines()
    assert line.startswith("RUN-1")
    assert "waiting" in line
    assert "run 1.1 true?" in line


@pytest.mark.parametrize("words", [("list",), ("show", "RUN-1"), ("abort", "RUN-1")])
def test_json_follows_its_schema(world: World, words: tuple[str, ...]) -> None:
    world.start(shell("1.1", "echo x"), shell("1.2", "true", Effect.WRITE))
    result = call(world, *words, "--format", "json")
    jsonschema.validate(json.loads(result.output), SCHEMA)


def test_show_tells_the_story_with_escapes_made_visible(world: World) -> None:
    world.start(shell("1.1", "true", title="evil \x1b[31m title"))
    output = call(world, "show", "RUN-1").output
    assert "\x1b" not in output
    assert "evil \\x1b[31m title" in output
    assert output.splitlines()[-1].startswith("read: all reads ran")


def test_show_gives_the_events_as_json_lines(world: World) -> None:
    state = world.start(shell("1.1", "true"))
    lines = [json.loads(line) for line in call(world, "show", "RUN-1", "--format", "jsonl").output.splitlines()]
    assert [line["kind"] for line in lines] == world.kinds(state.run)


def test_resume_of_a_run_that_waits_exits_with_three(world: World) -> None:
    world.start(shell("1.1", "true", Effect.WRITE))
    result = call(world, "resume", "RUN-1")
    assert result.exit_code == 3
    assert "RUN-1 waits at G1: write: run 1.1" in result.output


def test_abort_ends_the_run(world: World) -> None:
    world.start(shell("1.1", "true", Effect.WRITE))
    assert call(world, "abort", "RUN-1", "--reason", "wrong runbook").output == "aborted: wrong runbook\n"


def test_undo_goes_the_way_back_behind_a_gate(world: World) -> None:
    world.undos.found["1.1"] = Captured(text="scale to 3", commands=("echo back",))
    world.approve(world.start(shell("1.1", "true", Effect.DISRUPTIVE, undo=UndoPlan(capture="x"))))
    result = call(world, "undo", "RUN-1")
    assert result.exit_code == 3
    assert "undo.1.1" in result.output


def test_an_unknown_run_is_an_error_of_use(world: World) -> None:
    result = call(world, "show", "RUN-77")
    assert "there is no run RUN-77" in str(result.exception)
