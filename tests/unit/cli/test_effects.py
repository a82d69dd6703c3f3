"""`architect effects`: the same judgement for people and for machines."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from architect.cli.effects import command
from architect.kernel.errors import UsageError

SCHEMA = json.loads((files("architect.cli") / "schemas" / "effects.json").read_text(encoding="utf-8"))


def run(text: str, *arguments: str) -> str:
    """Return what the command prints for `text` on standard input."""
    result = CliRunner().invoke(command, arguments, input=text)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_people_see_effect_command_reason_and_target() -> None:
    output = run("df -h\n\nrm -rf /srv/data\n")
    assert "read         df -h" in output
    assert "   3  destructive  rm -rf /srv/data" in output
    assert "deletes files" in output
    assert "target: file//srv/data" in output


def test_a_target_that_the_text_does_not_name_is_not_shown() -> None:
    assert "target:" not in run("select 1", "--language", "sql")


def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    output = run("grep -r " + "very-long-word " * 40 + "\n./unknown-program " + "x" * 200)
    assert max(len(line) for line in output.splitlines()) <= 80


def test_control_characters_cannot_write_over_the_table() -> None:
    assert "\x1b" not in run("echo '\x1b[2Jx'")


def test_state_is_carried_from_line_to_line() -> None:
    assert "KUBECONFIG was set before" in run("export KUBECONFIG=/tmp/x\nkubectl get pods\n")


def test_json_follows_the_published_schema() -> None:
    answer = json.loads(run("kubectl get pods -n web | wc -l; frobnicate", "--format", "json"))
    jsonschema.validate(answer, SCHEMA)
    assert answer["effect"] == "unknown"
    assert [entry["effect"] for entry in answer["commands"]] == ["read", "read", "unknown"]


def test_json_lines_answer_each_question_with_its_id() -> None:
    asked = [{"id": 1, "text": "df -h"}, {"id": "b", "text": "DROP TABLE x", "language": "sql"}]
    lines = run("\n".join(json.dumps(entry) for entry in asked), "--format", "jsonl").splitlines()
    answers = [json.loads(line) for line in lines]
    for answer in answers:
        jsonschema.validate(answer, SCHEMA)
    assert [(answer["id"], answer["effect"]) for answer in answers] == [(1, "read"), ("b", "destructive")]


def test_the_inline_code_of_a_list_item_is_judged() -> None:
    asked = json.dumps({"id": 1, "text": "- Disk full: look at (`df -h`) or `rm -rf /tmp/x`"})
    answer = json.loads(run(asked, "--format", "jsonl"))
    assert [entry["effect"] for entry in answer["commands"]] == ["read", "destructive"]


def test_a_file_is_read_where_one_is_named(tmp_path: Path) -> None:
    script = tmp_path / "commands.sh"
    script.write_text("uptime\n", encoding="utf-8")
    assert "uptime" in run("", str(script))


def test_bytes_that_are_no_text_are_judged_too(tmp_path: Path) -> None:
    script = tmp_path / "commands.sh"
    script.write_bytes(b"\xff\xfe rm -rf x\n")
    assert "unknown" in run("", str(script))


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not JSON"), ("[1]", "no `text`"), ('{"id": 1}', "no `text`"), ('{"text": 1}', "no `text`")],
)
def test_a_wrong_question_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(UsageError, match="-:2") as caught:
        run('{"text": "ls"}\n' + text, "--format", "jsonl")
    assert message in str(caught.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UsageError, match="no-such-file"):
        run("", "no-such-file")


def test_nothing_is_no_command() -> None:
    assert run("# only a comment\n") == "no commands\n"


def test_a_markdown_document_is_shown_elsewhere() -> None:
    with pytest.raises(UsageError, match="is a Markdown document"):
        run("", "runbooks/restart.md")
