"""The tool tables: their format, and the examples that each of them gives."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from architect.commands.judging import judge
from architect.commands.tables import Table, TableError, all_tables, claims, find, known_tools, load

TABLES = {table.tool: table for table in all_tables()}
EXAMPLES = [(table.tool, line) for table in TABLES.values() for line in table.examples]


@pytest.mark.parametrize(("tool", "line"), EXAMPLES, ids=[f"{tool}: {line}" for tool, line in EXAMPLES])
def test_every_example_of_every_table_holds(tool: str, line: str) -> None:
    expected = TABLES[tool].examples[line]
    judgement = judge(line)
    flags = {flag for command in judgement.commands for flag in command.flags}
    assert (judgement.effect, judgement.reason) == (expected.effect, judgement.reason)
    assert set(expected.flags) <= flags
    assert flags.isdisjoint(expected.never)
    if expected.target is not None:
        assert expected.target in {str(command.target or "") for command in judgement.commands}
    if expected.system is not None:
        assert expected.system in {command.system for command in judgement.commands}


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: str(table.tool))
def test_every_table_shows_what_it_claims(table: Table) -> None:
    assert table.examples
    assert table.summary


def test_examples_stand_last() -> None:
    folder = files("architect.commands") / "tools"
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    assert [text for text in texts if re.search(r"^\w", text.partition("\nexamples:\n")[2], re.MULTILINE)] == []


def test_an_alias_finds_the_table_of_its_tool() -> None:
    assert find("egrep") is find("grep") is not None
    assert "egrep" in known_tools()


def test_no_name_belongs_to_two_tables() -> None:
    assert {name: found for name, found in claims().items() if len(found) > 1} == {}


def test_an_unknown_tool_has_no_table() -> None:
    assert find("frobnicate") is None


def test_names_in_one_key_share_an_option() -> None:
    table = load('tool: x\noptions: {"-o, --output": value}', "x.yaml")
    assert table.options["-o"] == table.options["--output"]
    assert table.options["-o"].canonical == "--output"


def test_short_forms_are_spelled_out() -> None:
    table = load("tool: x\noptions: {-h: help}\ncommands: {'list, ls': read}\nstdin: sql", "x.yaml")
    assert table.options["-h"].help
    assert table.commands["ls"].effect == "read"
    assert table.stdin is not None
    assert table.stdin.language == "sql"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a list", "mapping"),
        ("tool: [", "not YAML"),
        ("tool: x\neffekt: read", "effekt"),
        ("tool: x\neffect: harmless", "harmless"),
        ("tool: x\noptions: {-f: {takes: much}}", "much"),
        ("tool: x\noptions: {-f: {inner: klingon}}", "klingon"),
        ("tool: x\ninterpreter: oracle", "oracle"),
        ("tool: x\npositionals: [{when: [{matches: '('}]}]", "regular expression"),
        ("summary: no name", "tool"),
    ],
)
def test_a_wrong_table_says_what_is_wrong_and_where(text: str, message: str) -> None:
    with pytest.raises(TableError, match=r"x\.yaml") as caught:
        load(text, "x.yaml")
    assert message in str(caught.value)
