"""Options told from positionals, by a table."""

from __future__ import annotations

import shlex

import pytest

from architect.commands.options import Parsed, parse
from architect.commands.tables import load
from architect.commands.words import literal, opaque

TABLE = load(
    """
tool: wctl
effect: read
options: {"-n, --name": value, "-v, --verbose": flag, "-c, --color": optional, "-#": flag, "--arg": pair}
commands:
  list: {effect: read, options: {"-f": flag}, positionals: [{name: kind}]}
  run: {effect: read, options_anywhere: false, positionals: [{name: command, inner: command}]}
  in: {effect: read, positionals: [{name: box}], after_dashes: {inner: command}}
  each: {effect: read, options: {"--do": {takes: flag, inner: {language: command, until: [";"]}}}}
""",
    "wctl.yaml",
)
ONE_DASH = load('tool: tctl\neffect: read\none_dash: true\noptions: {"-var": value, "-json": flag}', "tctl.yaml")
BUNDLE = load('tool: pack\neffect: read\nfirst_word_is_options: true\noptions: {"-x": flag, "-f": value}', "pack.yaml")


def parsed(line: str, table: str = "wctl") -> Parsed:
    """Parse a line of literal words."""
    tables = {"wctl": TABLE, "tctl": ONE_DASH, "pack": BUNDLE}
    return parse(tables[table], [literal(word, 0, 0) for word in shlex.split(line)])


def given(found: Parsed) -> list[tuple[str, str | None]]:
    """Return spellings and values."""
    return [(entry.option.canonical, entry.value.value if entry.value else None) for entry in found.options]


@pytest.mark.parametrize(
    "line", ["list -n x", "list -nx", "list --name x", "list --name=x", "-n x list", "--name=x list"]
)
def test_a_value_is_found_however_it_is_attached(line: str) -> None:
    found = parsed(line)
    assert given(found) == [("--name", "x")]
    assert found.path == ["list"]
    assert found.problems == []


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("list -vfn x", [("--verbose", None), ("-f", None), ("--name", "x")]),
        ("list -vfnx", [("--verbose", None), ("-f", None), ("--name", "x")]),
        ("list --color pods", [("--color", None)]),
        ("list --color=red pods", [("--color", "red")]),
        ("list -cred pods", [("--color", "red")]),
        ("list -20", [("-#", "20")]),
        ("list --arg a b", [("--arg", "a"), ("--arg", "b")]),
    ],
)
def test_clusters_optional_values_numbers_and_pairs(line: str, options: list[tuple[str, str | None]]) -> None:
    found = parsed(line)
    assert given(found) == options
    assert found.problems == []


def test_two_dashes_end_the_options() -> None:
    found = parsed("list -- -n x")
    assert given(found) == []
    assert [word.value for _, word in found.positionals] == ["-n", "x"]


@pytest.mark.parametrize("line", ["frobnicate", "list --frob", "list -z", "--frob list", "list -vz"])
def test_what_the_table_does_not_know_is_a_problem(line: str) -> None:
    assert parsed(line).problems


def test_an_option_of_a_subcommand_is_unknown_to_another() -> None:
    assert parsed("in -f").problems


def test_a_positional_with_an_inner_command_takes_the_rest() -> None:
    found = parsed("run -v rm -rf x")
    assert [word.value for word in found.carries[0].words] == ["rm", "-rf", "x"]


def test_what_stands_behind_two_dashes_is_the_inner_command() -> None:
    found = parsed("in box -v -- rm -rf x")
    assert [word.value for word in found.carries[0].words] == ["rm", "-rf", "x"]
    assert given(found) == [("--verbose", None)]


def test_an_options_inner_command_ends_where_the_table_says() -> None:
    found = parsed("each --do rm x ';' -v")
    assert [word.value for word in found.carries[0].words] == ["rm", "x"]
    assert given(found)[-1] == ("--verbose", None)


@pytest.mark.parametrize("line", ["-var a=b -json", "-var=a=b -json", "--var=a=b --json"])
def test_long_options_with_one_dash(line: str) -> None:
    assert given(parsed(line, "tctl")) == [("-var", "a=b"), ("-json", None)]


def test_the_first_word_can_be_a_bundle_of_options() -> None:
    assert given(parsed("xf box.tar", "pack")) == [("-x", None), ("-f", "box.tar")]


def test_a_word_from_outside_can_be_an_option() -> None:
    assert parse(TABLE, [literal("list", 0, 0), opaque("$(x)", 0, 0)]).is_vague


def test_a_word_from_outside_is_no_subcommand() -> None:
    assert parse(TABLE, [opaque("$(x)", 0, 0)]).problems
