"""Bad input at the command line: each has its own message, says what was expected, and runs nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from command_line import CommandLine

GREET = """\
# Greet somebody

## 1. Greet

```bash
# Say hello
printf '%s|%s\\n' "$NAME" <city>
```
"""
LOOKING = "### 1. Look\n\n```bash\nls /\n```\n"
TWO = f"# One\n\n## Restart the API\n\n{LOOKING}\n## Flush the cache\n\n{LOOKING}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ops.md", "--set", "TOWN=x"), "has no variable TOWN (its variables: NAME, city)"),
        (("ops.md", "--set", "NAME"), "--set 'NAME': expected NAME=VALUE"),
        (("ops.md", "--set", "=x"), "--set '=x': expected NAME=VALUE"),
        (("ops.md", "--choose", "4=1"), "no option group 4 (groups: none)"),
        (("ops.md", "--choose", "4"), "--choose '4': expected GROUP=NUMBER (for example --choose 4=2)"),
        (("ops.md", "--choose", "4=two"), "--choose '4=two': expected GROUP=NUMBER"),
        (("ops.md", "--approve", "7.1"), "--approve 7.1: there is no such action (its actions: 1.1)"),
        (("ops.md", "--profile", "nowhere"), "no profile `nowhere`"),
        (("ops.md", "--profile", "sandbox"), "there is no sandbox (`architect sandbox up` brings one up)"),
        (("ops.md#greet-somebodi",), "has no runbook `greet-somebodi` (did you mean #greet-somebody?)"),
        (("osp.md",), "osp.md does not exist (did you mean ops.md?)"),
        ((".",), ". is a directory, not a Markdown file"),
        (("ops.md", "--frobnicate"), "no such option '--frobnicate'"),
        ((), "missing argument 'FILE[#RUNBOOK]' (architect run --help)"),
    ],
)
def test_wrong_use_is_one_line_on_stderr(command_line: CommandLine, words: tuple[str, ...], message: str) -> None:
    command_line.document(GREET)
    done = command_line.call("run", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.startswith("architect: ")
    assert len(done.err.splitlines()) == 1
    assert command_line.runs() == []


def test_a_document_of_several_runbooks_lists_them(command_line: CommandLine) -> None:
    done = command_line.call("run", command_line.document(TWO))
    assert done.code == 2
    assert "has 2 runbooks (name one: #restart-the-api, #flush-the-cache)" in done.err


def test_a_document_without_a_runbook_says_so(command_line: CommandLine) -> None:
    done = command_line.call("run", command_line.document("# Notes\n\nNothing to do here, only words.\n"))
    assert done.code == 2
    assert "has no runbooks" in done.err


def test_an_unknown_command_of_architect_says_what_is_like_it(command_line: CommandLine) -> None:
    done = command_line.call("rnus")
    assert (done.code, "did you mean `architect run" in done.err) == (2, True)


@pytest.mark.parametrize(
    "value",
    [
        "two words",
        'it\'s "quoted"',
        "$(touch pwned) `touch pwned`",
        "; touch pwned #",
        "line\nbreak",
        "${HOME} $HOME ~ * \\n %s",
        "ünïcödé — 漢字",
        "",
    ],
)
def test_a_value_arrives_as_itself_where_the_document_quotes_it(command_line: CommandLine, value: str) -> None:
    command_line.document(GREET)
    done = command_line.call("run", "ops.md", "--set", f"NAME={value}", "--set", "city=x")
    assert done.code == 0, done.out
    out = command_line.call("runs", "output", "RUN-1", "1.1").out
    assert out == f"{value}|x\n"
    assert list(command_line.home.rglob("pwned")) == []


def test_an_escape_sequence_in_a_value_is_made_visible_wherever_it_is_shown(command_line: CommandLine) -> None:
    command_line.document(GREET)
    done = command_line.call("run", "ops.md", "--set", "NAME=\x1b]0;owned\x07\u202e", "--set", "city=x")
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "NAME = \\x1b]0;owned\\x07\\u202e (given)" in done.out
    assert "\x1b" not in command_line.call("runs", "show", "RUN-1", "1.1").out


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("-rf", "city begins with `-`, which the tool would read as an option"),
        ("two words", "city holds a blank or a pattern character where the text leaves it unquoted"),
        ("*", "city holds a blank or a pattern character"),
        ("", "city is empty where the text leaves it unquoted"),
        ("x" * 40_000, "city has 40,000 characters; at most 32,768 can be handed over"),
    ],
    ids=["dash", "blank", "glob", "empty", "long"],
)
def test_a_value_that_may_not_go_there_is_refused_with_its_place(
    command_line: CommandLine, value: str, reason: str
) -> None:
    command_line.document(GREET)
    done = command_line.call("run", "ops.md", "--set", "NAME=ana", "--set", f"city={value}")
    assert (done.code, done.out) == (2, "")
    assert f"ops.md: line 7, column 26: {reason}" in done.err
    assert command_line.runs() == []


def test_a_value_of_a_megabyte_in_a_profile_is_refused_with_its_place(command_line: CommandLine) -> None:
    document = command_line.document(GREET)
    text = f'[profiles.test]\nkind = "live"\n[profiles.test.environment]\nNAME = "{"x" * 900_000}"\n'
    (command_line.repository / "architect.toml").write_text(text)
    command_line.call("trust", "--yes")
    done = command_line.call("run", document, "--profile", "test", "--set", "city=x")
    assert done.code == 1
    assert "NAME has 900,000 characters; at most 32,768 can be handed over" in done.out
    assert len(done.out) < 10_000


def test_bytes_that_are_no_text_are_refused_everywhere(command_line: CommandLine) -> None:
    document = command_line.document(GREET)
    done = command_line.call("run", document, "--set", os.fsdecode(b"NAME=\xff"), "--set", "city=x")
    assert (done.code, "is not valid UTF-8" in done.err) == (2, True)
    environment = {"NAME": os.fsdecode(b"\xff")}
    done = command_line.call("run", document, "--set", "city=x", environment=environment)
    assert (done.code, "the value of NAME is not valid UTF-8" in done.err) == (2, True)
    command_line.call("run", document)
    done = command_line.call("runs", "answer", "RUN-1", "G1", "set-value", "--value", os.fsdecode(b"\xff"))
    assert (done.code, "is not valid UTF-8" in done.err) == (2, True)


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "BASH_ENV", "IFS", "ARCHITECT_STATE"])
def test_a_variable_that_steers_the_shell_cannot_be_given(command_line: CommandLine, name: str) -> None:
    document = command_line.document(f'# Steer\n\n## 1. Look\n\n```bash\necho "${name}"\n```\n')
    done = command_line.call("run", document, "--set", f"{name}=/tmp")
    assert done.code == 2
    assert name in done.err
    assert command_line.runs() == []


def test_a_variable_without_a_value_is_asked_for_and_can_be_given_later(command_line: CommandLine) -> None:
    command_line.document(GREET)
    done = command_line.call("run", "ops.md", "--set", "city=x")
    assert done.code == 3
    assert "NAME: asked for when it is needed" in done.out
    assert "waits at G1: 1.1 Say hello: what is NAME?" in done.out
    assert command_line.call("runs", "answer", "RUN-1", "G1", "set-value").code == 2
    assert command_line.call("runs", "answer", "RUN-1", "G1", "set-value", "--value", "ana").code == 0
    done = command_line.call("runs", "resume", "RUN-1")
    assert done.code == 0
    assert "NAME = ana, given by" in done.out
    assert "ana|x" in done.out


def test_a_value_given_later_is_held_against_its_place_too(command_line: CommandLine) -> None:
    command_line.document(GREET)
    command_line.call("run", "ops.md", "--set", "NAME=ana")
    done = command_line.call("runs", "answer", "RUN-1", "G1", "set-value", "--value", "-rf")
    assert done.code == 1
    assert "line 7, column 26: city begins with `-`" in done.err


SECRET = """\
# Ask with a token

## 1. Ask

```bash
# How long is it
printf %s "$API_TOKEN" | wc -c
printf %s "$API_TOKEN"
```
"""


def test_a_secret_is_not_taken_from_the_command_line(command_line: CommandLine) -> None:
    command_line.document(SECRET)
    done = command_line.call("run", "ops.md", "--set", "API_TOKEN=correct-horse-battery")
    assert (done.code, done.out) == (2, "")
    assert "API_TOKEN is a secret; say where it is, as env:NAME, file:PATH" in done.err
    assert "correct-horse" not in done.err
    command_line.call("run", "ops.md")
    done = command_line.call("runs", "answer", "RUN-1", "G1", "set-value", "--value", "correct-horse-battery")
    assert (done.code, "API_TOKEN is a secret" in done.err) == (2, True)


def test_a_secret_whose_place_holds_none_stops_before_a_run_exists(command_line: CommandLine) -> None:
    command_line.document(SECRET)
    done = command_line.call("run", "ops.md", "--set", "API_TOKEN=env:NOT_THERE")
    assert (done.code, done.out) == (2, "")
    assert "the secret env:NOT_THERE: the variable is not set" in done.err
    assert command_line.runs() == []


def test_a_secret_by_reference_is_used_and_stands_nowhere(command_line: CommandLine) -> None:
    command_line.document(SECRET)
    given = {"MY_TOKEN": "correct-horse-battery"}
    words = ("run", "ops.md", "--set", "API_TOKEN=env:MY_TOKEN")
    assert "API_TOKEN is a secret (from env:MY_TOKEN)" in command_line.call(*words, environment=given).out
    for action in ("1.1", "1.2"):
        command_line.call("runs", "approve", "RUN-1", action, "--target", "How long is it", "--reason", "test")
        command_line.call("runs", "resume", "RUN-1", environment=given)
    shown = command_line.call("runs", "show", "RUN-1", "--format", "jsonl").out
    assert shown.count("correct-horse") == 0
    for path in command_line.state.rglob("*"):
        if path.is_file() and "keys" not in path.parts:
            assert b"correct-horse" not in path.read_bytes(), path


def few_tools(command_line: CommandLine, *names: str) -> dict[str, str]:
    """Return an environment whose PATH holds these tools only."""
    folder = command_line.home / "few"
    folder.mkdir()
    for name in ("bash", "git", "cat", "ls", *names):
        found = next(Path(part) / name for part in os.environ["PATH"].split(":") if (Path(part) / name).exists())
        (folder / name).symlink_to(found)
    return {"PATH": str(folder)}


def test_a_tool_that_is_not_here_is_named_with_how_to_get_it(command_line: CommandLine) -> None:
    document = command_line.document("# Look\n\n## 1. Look\n\n```bash\njq -r .x /etc/hostname\n```\n")
    environment = few_tools(command_line)
    planned = command_line.call("run", document, "--dry-run", environment=environment)
    assert "`jq` is not installed here: apt install jq" in planned.out
    done = command_line.call("run", document, environment=environment)
    assert done.code == 1
    assert "failed: jq: command not found (exit status 127; apt install jq)" in done.out


def test_a_tool_missing_in_the_middle_of_a_pipe_fails_the_step(command_line: CommandLine) -> None:
    document = command_line.document("# Look\n\n## 1. Look\n\n```bash\nls / | jq -R . | cat\n```\n")
    done = command_line.call("run", document, environment=few_tools(command_line))
    assert done.code == 1
    assert "failed: stage 2 of the pipeline: jq: command not found (exit status 127; apt install jq)" in done.out


def test_a_tool_that_went_away_since_the_plan_is_not_looked_for_elsewhere(command_line: CommandLine) -> None:
    tool = command_line.tool("restart-shop", "echo restarted")
    document = command_line.document("# Restart\n\n## 1. Restart\n\n```bash\nrestart-shop --now\n```\n")
    command_line.call("run", document)
    words = ("--target", "restart-shop --now", "--reason", "known")
    assert command_line.call("runs", "approve", "RUN-1", "1.1", *words).code == 0
    tool.unlink()
    done = command_line.call("runs", "resume", "RUN-1")
    assert f"not run: restart-shop is not installed at {tool}" in done.out


def test_nobody_acts_under_another_name_outside_a_sandbox(command_line: CommandLine) -> None:
    done = command_line.call("run", command_line.document(GREET), "--as", "ana")
    assert (done.code, "--as is for sandboxes only" in done.err) == (1, True)


def test_an_unknown_run_action_or_attempt_is_an_error_of_use(command_line: CommandLine) -> None:
    command_line.call("run", command_line.document(GREET), "--set", "NAME=ana", "--set", "city=x")
    for words, message in (
        (("show", "RUN-7"), "there is no run RUN-7 (`architect runs list` shows them)"),
        (("show", "RUN-1", "9.9"), "RUN-1 has no action 9.9 (it has 1.1)"),
        (("output", "RUN-1", "9.9"), "RUN-1 has no output of 9.9 (steps that ran: 1.1)"),
        (("output", "RUN-1", "1.1", "--attempt", "2"), "1.1 has no attempt 2; it ran once"),
        (("approve", "RUN-1", "G9"), "RUN-1 is over"),
    ):
        done = command_line.call("runs", *words)
        assert (done.code, message in done.err) == (2, True), done.err
