"""Words: what text tells of their values."""

from __future__ import annotations

import pytest
from tree_sitter import Node

from architect.commands.calls import Certainty, Word
from architect.commands.words import Printed, Variables, WordReader
from architect.grammars.shell import parse


def words(source: str, variables: Variables | None = None) -> list[Word]:
    """Return the words of the first argument of a command."""
    tree = parse(f"echo {source}")
    assert tree.root is not None
    (argument,) = tree.root.named_children[0].children_by_field_name("argument")

    def printed(node: Node) -> Printed:
        return Printed(Certainty.PLAIN if "date" in tree.source(node) else Certainty.OPAQUE)

    return WordReader(tree, variables or {}, printed).words(argument)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("plain", "plain"),
        ("a\\ b", "a b"),
        ("'a $b'", "a $b"),
        ('"a  b"', "a  b"),
        ('"a \\"b\\" \\$c"', 'a "b" $c'),
        ("$'a\\tb\\x41'", "a\tbA"),
        ("a'b'\"c\"d", "abcd"),
        ("größe", "größe"),
        ('"  $V  "', "  x y  "),
        ('"${V}"', "x y"),
        ("--name=$W", "--name=z"),
        ("jsonpath={.items[0]}", "jsonpath={.items[0]}"),
    ],
)
def test_literal_words_have_values(source: str, value: str) -> None:
    (word,) = words(source, {"V": "x y", "W": "z"})
    assert word.value == value
    assert word.certainty is Certainty.LITERAL


@pytest.mark.parametrize(
    ("source", "certainty"),
    [
        ("$FREE", Certainty.TOKEN),
        ('"$FREE/x"', Certainty.TOKEN),
        ("${FREE:-notes.txt}", Certainty.TOKEN),
        ("${FREE:--rf}", Certainty.OPAQUE),
        ("${FREE:?say where}", Certainty.TOKEN),
        ("${FREE?}", Certainty.TOKEN),
        ("${FREE:?$(uptime)}", Certainty.OPAQUE),
        ("${FREE%x}", Certainty.OPAQUE),
        ("${!FREE}", Certainty.OPAQUE),
        ("$1", Certainty.OPAQUE),
        ("$@", Certainty.OPAQUE),
        ("$$", Certainty.PLAIN),
        ("x_$(date +%s)", Certainty.PLAIN),
        ("$(uptime)", Certainty.OPAQUE),
        ("x$(uptime)", Certainty.OPAQUE),
        ('"x$(uptime)"', Certainty.TOKEN),
        ('"$(uptime)"', Certainty.OPAQUE),
        ("$READ", Certainty.OPAQUE),
        ("x{a,b}", Certainty.TOKEN),
        ("{a,b}", Certainty.OPAQUE),
        ("<(uptime)", Certainty.TOKEN),
        ("x$MANY", Certainty.OPAQUE),
    ],
)
def test_other_words_say_how_much_is_known(source: str, certainty: Certainty) -> None:
    (word,) = words(source, {"READ": Certainty.OPAQUE, "MANY": "a -b"})
    assert (word.certainty, word.value) == (certainty, None)


def test_an_unquoted_variable_with_blanks_is_several_words() -> None:
    assert [word.value for word in words("$V", {"V": "-n prod"})] == ["-n", "prod"]


def test_a_glob_is_marked() -> None:
    assert words("*.log")[0].is_glob
    assert not words("'*.log'")[0].is_glob
    assert not words("\\*.log")[0].is_glob


def test_the_literal_beginning_is_kept() -> None:
    assert words("--name=$FREE")[0].prefix == "--name="
