"""Statements: where actions begin and end in a block of shell text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.grammars.shell import MAX_CHARACTERS, Statement, parse, statements


def texts(block: str) -> list[str]:
    """Return the source of each statement."""
    return [block[statement.start : statement.end] for statement in statements(block)]


def only(block: str) -> Statement:
    """Return the single statement of a block."""
    (statement,) = statements(block)
    return statement


def test_each_line_is_a_statement() -> None:
    assert texts("uptime\ndf -h\n") == ["uptime", "df -h"]


def test_statements_on_one_line_are_apart() -> None:
    assert texts("uptime; df -h") == ["uptime", "df -h"]


@pytest.mark.parametrize(
    "block",
    [
        "uptime && df -h || true",
        "dmesg | tail -3 | sort",
        "for host in a b; do\n  ping -c1 $host\ndone",
        "if true; then\n  uptime\nfi",
        "cat <<END > notes\none\ntwo\nEND",
        "pause() {\n  sleep 1\n}",
    ],
)
def test_what_belongs_together_is_one_statement(block: str) -> None:
    assert texts(block) == [block]


def test_offsets_count_code_points() -> None:
    block = "echo 'größer – 🚒'\nuptime"
    assert texts(block) == ["echo 'größer – 🚒'", "uptime"]


def test_the_comment_above_is_the_title() -> None:
    found = statements("# not this\n\n# Look at\n# the disks\ndf -h\nuptime # nor this")
    assert [statement.comment for statement in found] == ["Look at\nthe disks", ""]


@pytest.mark.parametrize("block", ["A=1", "export A=1", "cd /tmp", "set -e", "f() { uptime; }", "unset A", "A=$(date)"])
def test_state_is_told_from_commands(block: str) -> None:
    assert only(block).sets_state_only


@pytest.mark.parametrize("block", ["A=1 uptime", "declare -p", "export", "cd /tmp && uptime", "uptime"])
def test_commands_are_told_from_state(block: str) -> None:
    assert not only(block).sets_state_only


@pytest.mark.parametrize("block", ["sleep 9 &", "trap 'rm x' EXIT", "exec 3< notes", "{ sleep 9 & }"])
def test_what_lives_in_one_shell_only_is_kept_open(block: str) -> None:
    assert only(block).keeps_open


@pytest.mark.parametrize("block", ["uptime", "uptime > notes", "> notes", "echo '&'"])
def test_what_ends_is_not_kept_open(block: str) -> None:
    assert not only(block).keeps_open


@pytest.mark.parametrize("block", ["echo 'open", "if true; then", "cat <<END; uptime\nx\nEND"])
def test_broken_text_says_so(block: str) -> None:
    assert any(statement.has_error for statement in statements(block))


def test_windows_line_ends_are_line_ends() -> None:
    assert [text.strip() for text in texts("uptime\r\ndf -h\r\n")] == ["uptime", "df -h"]


@pytest.mark.parametrize("opener", ["$(", "(", "{ ", "a=(", "[[ (", "if a; then "])
def test_bottomless_nesting_is_one_statement_with_an_error(opener: str) -> None:
    block = opener * 20_000
    assert parse(block).root is None
    assert only(block).has_error


def test_a_huge_block_is_not_parsed() -> None:
    assert only("x" * (MAX_CHARACTERS + 1)).has_error


def test_characters_beyond_ascii_are_neither_names_nor_blanks() -> None:
    assert parse("echo $Aé").root is not None
    tree = parse("echo $Aé\u2003x")
    assert tree.root is not None
    assert [tree.source(node) for node in tree.root.named_children[0].named_children] == ["echo", "$Aé\u2003x"]


def test_characters_of_higher_planes_do_not_end_the_process() -> None:
    assert statements("¸2\x08{\U000771a8\U000ee563Âk:\U000d6963" * 50)


def test_nothing_holds_no_statement() -> None:
    assert statements(" \n# only a comment\n") == ()


@given(st.text(max_size=300))
def test_statements_lie_in_order_inside_the_text(block: str) -> None:
    end = 0
    for statement in statements(block):
        assert end <= statement.start <= statement.end <= len(block)
        end = statement.end


@given(st.text(alphabet=" \n;&|<>(){}$`'\"#\\=abé", max_size=60))
def test_no_visible_character_is_lost_but_comments_and_separators(block: str) -> None:
    kept = "".join(block[statement.start : statement.end] for statement in statements(block))
    assert len(kept) <= len(block)
    if statements(block) == ():
        assert not block.strip(" \n;&\\") or block.lstrip(" \n;&\\").startswith("#")
