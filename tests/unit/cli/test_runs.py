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
    assert json.loads(result.output)
    jsonschema.validate(json.loads(result.output), SCHEMA)


def test_show_tells_the_story_with_escapes_made_visible(world: World) -> None:
    world.start(shell("1.1", "true", title="evil \x1b[31m title"))
    output = call(world, "show", "RUN-1").output
    assert "\x1b" not in output
    assert "evil \\x1b[31m title" in output
    assert "read: all reads ran; nothing was changed" in output


def test_show_gives_the_events_as_json_lines(world: World) -> None:
    state = world.start(shell("1.1", "true"))
    lines = [json.loads(line) for line in call(world, "show", "RUN-1", "--format", "jsonl").output.splitlines()]
    assert [line["kind"] for line in lines] == world.kinds(state.run)


def test_resume_of_a_run_that_waits_exits_with_three(world: World) -> None:
    world.start(shell("1.1", "true", Effect.WRITE))
    result = call(world, "resume", "RUN-1")
    assert result.exit_code == 3
    assert "RUN-1     waits at G1: write: run 1.1" in result.output


def test_abort_ends_the_run(world: World) -> None:
    world.start(shell("1.1", "true", Effect.WRITE))
    assert call(world, "abort", "RUN-1", "--reason", "wrong runbook").output == "RUN-1 aborted: wrong runbook\n"


def test_undo_goes_the_way_back_behind_a_gate(world: World) -> None:
    world.undos.found["1.1"] = Captured(text="scale to 3", commands=("echo back",))
    world.approve(world.start(shell("1.1", "true", Effect.DISRUPTIVE, undo=UndoPlan(capture="x"))))
    result = call(world, "undo", "RUN-1")
    assert result.exit_code == 3
    assert "undo.1.1" in result.output


def test_an_unknown_run_is_an_error_of_use(world: World) -> None:
    result = call(world, "show", "RUN-77")
    assert "there is no run RUN-77" in str(result.exception)


def test_show_puts_how_it_stands_before_the_steps(world: World) -> None:
    world.start(shell("1.1", "echo x"), shell("1.2", "true", Effect.WRITE))
    lines = call(world, "show", "RUN-1").output.splitlines()
    assert lines[0] == "RUN-1  Restart"
    assert lines[3].startswith("waits at G1: write: run 1.2 true?")
    assert lines[6].split() == ["1.1", "read", "echo", "x", "✓", *lines[6].split()[-2:]]


def test_show_says_who_agreed_to_what(world: World) -> None:
    world.approve(world.start(shell("1.1", "true", Effect.WRITE)))
    assert "approved by dana, at " in call(world, "show", "RUN-1").output


def test_an_action_is_shown_in_full(world: World) -> None:
    text = "\n".join(f"echo {number}" for number in range(40))
    world.start(shell("1.1", text))
    output = call(world, "show", "RUN-1", "1.1").output
    assert "echo 39" in output
    assert "stands  succeeded, 1 attempt" in output
    assert "architect runs output RUN-1 1.1" in output


def test_output_in_a_pipe_is_what_was_stored_byte_for_byte(world: World) -> None:
    world.start(shell("1.1", "printf 'a\\033[1mb\\n\\377'"))
    assert call(world, "output", "RUN-1", "1.1").stdout_bytes == b"a\x1b[1mb\n\xff"


def test_the_list_in_a_pipe_is_a_line_a_run(world: World) -> None:
    for _ in range(3):
        world.start(shell("1.1", "true", Effect.WRITE))
    lines = call(world, "list", "--limit", "2").output.splitlines()
    assert [line.split()[0] for line in lines] == ["RUN-3", "RUN-2"]


def test_a_value_or_an_option_that_is_missing_is_asked_for(world: World) -> None:
    world.start(shell("1.1", "true", Effect.WRITE))
    result = call(world, "answer", "RUN-1", "G1", "set-value")
    assert str(result.exception) == "this answer needs --value"
