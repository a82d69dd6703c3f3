from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from architect.integrations.shell.executor import ShellAction
from architect.integrations.shell.script import DUMP_FD, TEXT_FD
from architect.integrations.shell.tools import ToolMissingError
from architect.runs.events import Outcome
from architect.runs.model import ToolPath
from shell_bench import ShellBench, alive, wait_until_gone


def test_an_action_does_nothing_before_the_word_to_go(bench: ShellBench) -> None:
    action = bench.prepare("echo ran > ran")
    assert action.process is not None
    action.discard()
    assert wait_until_gone(action.process.pid)
    assert not (bench.folder / "scratch" / "ran").exists()


def test_output_and_status_are_those_of_bash(bench: ShellBench) -> None:
    done = bench.run("echo out; echo err >&2; exit 3")
    assert (done.out, done.err, done.outcome.exit_status) == ("out\n", "err\n", 3)
    assert done.outcome.outcome is Outcome.FAILED


def test_a_child_cannot_swallow_the_script(bench: ShellBench) -> None:
    assert bench.run("cat\necho after").out == "after\n"


def test_a_command_gets_no_descriptor_of_the_guard_s(bench: ShellBench) -> None:
    bench.run("true")
    opened = {int(line) for line in bench.run("ls /proc/self/fd").out.split()}
    assert opened - {0, 1, 2} <= {3, TEXT_FD, DUMP_FD}


def test_a_failure_in_the_middle_of_a_pipe_fails_the_action(bench: ShellBench) -> None:
    done = bench.run("false | cat")
    assert done.outcome.pipe_status == (1, 0)
    assert done.outcome.outcome is Outcome.FAILED


def test_a_reader_that_ends_first_does_not_fail_the_action(bench: ShellBench) -> None:
    done = bench.run("yes | head -1")
    assert done.outcome.outcome is Outcome.SUCCEEDED


def test_a_command_that_does_not_exist_in_the_middle_of_a_pipe_is_named_by_its_stage(bench: ShellBench) -> None:
    done = bench.run("echo x | no-such-command-here | cat")
    assert "stage 2 of the pipeline: command not found" in done.outcome.reason
    assert "no-such-command-here" in done.err


def test_a_tool_that_is_gone_is_named_with_how_to_get_it(bench: ShellBench) -> None:
    with pytest.raises(ToolMissingError, match="psql is not installed") as raised:
        bench.prepare("psql", tools=[ToolPath(name="psql", path="/nowhere/psql")])
    assert "postgresql-client" in raised.value.hint


def test_the_tool_that_was_planned_runs_whatever_comes_first_in_the_path(bench: ShellBench, tmp_path: Path) -> None:
    planned = tmp_path / "planned"
    planned.write_text("#!/bin/sh\necho planned\n")
    planned.chmod(0o700)
    assert bench.run("ls", tools=[ToolPath(name="ls", path=str(planned))]).out == "planned\n"


def test_state_is_carried_to_the_next_action(bench: ShellBench) -> None:
    bench.run("x='a b'; mkdir -p sub; cd sub; f() { echo \"$x in ${PWD##*/}\"; }")
    assert bench.run("f").out == "a b in sub\n"


def test_state_is_carried_past_an_exit_and_a_failure(bench: ShellBench) -> None:
    bench.run("x=kept; exit 4")
    assert bench.run("echo $x").out == "kept\n"


def test_the_state_before_stays_when_an_action_replaces_its_shell(bench: ShellBench) -> None:
    bench.run("x=kept")
    bench.run("exec true")
    assert bench.run("echo $x").out == "kept\n"


@pytest.mark.parametrize("ending", ["", " \\", "\n# comment", "; set -e; true"])
def test_the_status_is_read_however_the_text_ends(bench: ShellBench, ending: str) -> None:
    assert bench.run(f"echo x | cat{ending}").outcome.outcome is Outcome.SUCCEEDED


def test_a_failure_under_errexit_keeps_its_status(bench: ShellBench) -> None:
    assert bench.run("set -e; (exit 7); echo not reached").outcome.exit_status == 7


def test_text_that_is_no_shell_fails_with_the_message_of_bash(bench: ShellBench) -> None:
    done = bench.run("if true; then")
    assert done.outcome.outcome is Outcome.FAILED
    assert "syntax error" in done.err


def test_values_arrive_as_themselves(bench: ShellBench) -> None:
    value = "$(touch /tmp/never); 'quoted' \"double\"\nline"
    assert bench.run('printf %s "$NAME"', values={"NAME": value}).out == value


def test_no_function_and_no_start_file_comes_in_by_the_environment(bench: ShellBench, tmp_path: Path) -> None:
    (tmp_path / "start").write_text("echo started")
    bench.environment |= {
        "BASH_FUNC_ls%%": "() { echo shadowed; }",
        "BASH_ENV": str(tmp_path / "start"),
        "SHELLOPTS": "xtrace",
    }
    done = bench.run("ls /dev/null")
    assert (done.out, done.err) == ("/dev/null\n", "")


def test_the_callers_environment_does_not_reach_the_action(bench: ShellBench) -> None:
    assert "PYTEST_CURRENT_TEST" not in bench.run("env").out


def test_the_action_works_in_a_folder_that_only_its_user_enters(bench: ShellBench) -> None:
    folder = Path(bench.run("pwd; echo x > file").out.strip())
    assert folder == bench.folder / "scratch"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "file").stat().st_mode) == 0o600


def test_every_file_of_the_engine_is_private(bench: ShellBench) -> None:
    bench.run("API_TOKEN=abcdef123")
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in bench.folder.rglob("*")}
    assert modes == {0}


def test_a_captured_secret_is_known_before_the_next_command_prints_it(bench: ShellBench) -> None:
    known_when_printed: list[list[str]] = []
    action = bench.prepare("API_TOKEN=$(echo s3cr3t-value); echo $API_TOKEN")

    class Watching:
        def __init__(self) -> None:
            self.secrets: list[str] = []

        def write(self, stream: object, data: bytes) -> None:
            known_when_printed.append(list(self.secrets))

        def add_secret(self, value: str) -> None:
            self.secrets.append(value)

    action.run(Watching())
    assert known_when_printed == [["s3cr3t-value"]]


def test_an_action_that_takes_too_long_is_ended(bench: ShellBench) -> None:
    done = bench.run("echo begun; sleep 60", timeout_s=0.2)
    assert done.outcome.outcome is Outcome.TIMED_OUT
    assert alive(done.action) == []


def test_what_never_ends_counts_as_finished_at_its_bound(bench: ShellBench) -> None:
    done = bench.run("while :; do echo tick; sleep 0.05; done", timeout_s=0.2, never_ends=True)
    assert done.outcome.outcome is Outcome.BOUNDED
    assert done.out.startswith("tick\n")


def test_what_ignores_int_is_ended_by_term(bench: ShellBench) -> None:
    done = bench.run("trap '' INT; echo begun; sleep 60", when=lambda action, _: action.stop())
    assert done.outcome.outcome is Outcome.STOPPED
    assert done.outcome.signal == 15


def test_a_person_can_stop_an_action(bench: ShellBench) -> None:
    done = bench.run("echo begun; sleep 60", when=lambda action, _: action.stop())
    assert done.outcome.outcome is Outcome.STOPPED


DETACHED = {
    "a grandchild": "(sleep 300 & sleep 300) & echo begun; wait",
    "setsid": "setsid sleep 300 & echo begun; wait",
    "a double fork": "( ( setsid sleep 300 & ) & ); echo begun; sleep 300",
    "nohup": "nohup sleep 300 >/dev/null 2>&1 & echo begun; wait",
}


@pytest.mark.parametrize("text", DETACHED.values(), ids=DETACHED.keys())
def test_no_descendant_outlives_a_kill(bench: ShellBench, text: str) -> None:
    def kill(action: ShellAction, _: bytes) -> None:
        action.kill()

    done = bench.run(text, when=kill)
    assert alive(done.action) == []


def test_what_an_action_leaves_behind_is_ended_and_counted(bench: ShellBench) -> None:
    done = bench.run("setsid sleep 300 >/dev/null 2>&1 & echo done")
    assert done.outcome.outcome is Outcome.SUCCEEDED
    assert done.outcome.leftovers == 1
    assert alive(done.action) == []


def test_what_still_writes_after_the_end_of_bash_is_waited_for(bench: ShellBench) -> None:
    done = bench.run("echo late > >(sleep 0.05; cat)")
    assert done.out == "late\n"
    assert done.outcome.leftovers == 0


def test_a_new_guard_is_started_after_the_old_one_was_killed(bench: ShellBench) -> None:
    first = bench.run("true").action.process
    assert first is not None
    os.kill(first.guard, 9)
    bench.runner._guard._process.wait()  # type: ignore[union-attr]
    assert bench.run("echo again").out == "again\n"


def test_an_interactive_question_ends_instead_of_hanging(bench: ShellBench) -> None:
    done = bench.run("read -p 'sure? ' answer; echo \"answer=$answer\"")
    assert done.out == "answer=\n"


def test_there_is_no_terminal_to_ask_on(bench: ShellBench) -> None:
    assert bench.run("(exec </dev/tty) 2>/dev/null && echo terminal || echo none").out == "none\n"
