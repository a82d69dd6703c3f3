"""Splitting and parsing SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.grammars.sql import MetaCommand, SqlError, SqlStatement, mask, parse, split

HOSTILE = st.text(alphabet="SELECT();'\"$:-/*\\ \nabx1,é<>[]{}", max_size=120)


def texts(text: str, *, psql: bool = False) -> list[str]:
    return [text[piece.start : piece.end] for piece in split(text, psql=psql)]


def test_semicolons_in_strings_comments_and_dollar_quotes_do_not_split() -> None:
    text = "SELECT ';', \";\"; SELECT $a$;$$;$a$ /* ; /* ; */ ; */; -- ;\nSELECT E'\\';'"
    assert texts(text) == [
        "SELECT ';', \";\"",
        "SELECT $a$;$$;$a$ /* ; /* ; */ ; */",
        "-- ;\nSELECT E'\\';'",
    ]


def test_comments_alone_are_no_statement() -> None:
    assert split("-- nothing\n/* here */\n") == ()


def test_backslash_commands_stand_between_statements() -> None:
    pieces = split("\\x on\nSELECT 1;\n\\echo a \\\\ SELECT 2;", psql=True)
    kinds = [(type(piece), getattr(piece, "name", getattr(piece, "text", ""))) for piece in pieces]
    assert kinds == [
        (MetaCommand, "x"),
        (SqlStatement, "SELECT 1"),
        (MetaCommand, "echo"),
        (SqlStatement, "SELECT 2"),
    ]


def test_a_backslash_command_that_sends_ends_the_statement_before_it() -> None:
    statement, meta = split("SELECT 1 \\watch 5", psql=True)
    assert isinstance(statement, SqlStatement)
    assert not statement.is_interrupted
    assert isinstance(meta, MetaCommand)
    assert (meta.name, meta.arguments) == ("watch", "5")


def test_a_statement_around_a_backslash_command_is_interrupted() -> None:
    pieces = [piece for piece in split("SELECT polish \\x\n (SELECT 1);", psql=True) if isinstance(piece, SqlStatement)]
    assert [piece.is_interrupted for piece in pieces] == [True]


def test_rows_after_copy_from_stdin_are_data() -> None:
    assert texts("COPY widgets FROM stdin;\n1\tblue; DROP\n\\.\nSELECT 1;", psql=True) == [
        "COPY widgets FROM stdin",
        "SELECT 1",
    ]


def test_raw_variables_are_named_and_quoted_ones_are_not() -> None:
    (statement,) = split("SELECT :a, :'b', :\"c\", d::int", psql=True)
    assert isinstance(statement, SqlStatement)
    assert statement.variables == ("a",)


@pytest.mark.parametrize(
    "text", ["SELECT f(<pid>)", "SELECT ${PID}, $PID", "SELECT * FROM t WHERE a = :a AND b = :'b'"]
)
def test_open_values_parse_as_values(text: str) -> None:
    assert len(parse(text)) == 1
    assert len(mask(text)) == len(text)


def test_a_call_between_angle_brackets_is_no_placeholder() -> None:
    assert "polish(1)" in mask("SELECT a <polish(1)> b")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 +",
        "SELECT 1\0; DROP TABLE widgets",
        "SELECT " + "(" * 50_000 + "1" + ")" * 50_000,
        "SELECT 1" + "+1" * 50_000,
        "SELECT x" + " COLLATE c" * 50_000,
        "SELECT 1" + " UNION SELECT 1" * 50_000,
        "SELECT 'a\ud800'",
        "x" * 1_000_001,
    ],
)
def test_what_is_no_sql_or_beyond_the_bounds_is_an_error(text: str) -> None:
    with pytest.raises(SqlError):
        parse(text)


@given(HOSTILE, st.booleans())
def test_statements_are_slices_in_order(text: str, psql: bool) -> None:
    statements = [piece for piece in split(text, psql=psql) if isinstance(piece, SqlStatement)]
    position = 0
    for statement in statements:
        assert position <= statement.start <= statement.end <= len(text)
        assert text[statement.start : statement.end] == statement.text
        position = statement.end


@given(HOSTILE)
def test_splitting_loses_only_separators_and_comments(text: str) -> None:
    left_out, position = "", 0
    for piece in split(text):
        left_out += text[position : piece.start]
        position = piece.end
    left_out += text[position:]
    assert "'" not in left_out.split("--")[0].split("/*")[0]
