"""What MySQL statements do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.commands.model import Effect, highest
from architect.commands.mysql import judge_mysql


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SHOW FULL PROCESSLIST", Effect.READ),
        ("SHOW REPLICA STATUS\\G", Effect.READ),
        ("DESCRIBE widgets;", Effect.READ),
        ("SELECT colour, count(*) FROM widgets WHERE shelf = 'top; left' GROUP BY colour", Effect.READ),
        ("SELECT @@version; SELECT now()", Effect.READ),
        ("SELECT sleep(5)", Effect.UNKNOWN),
        ("SELECT factory.polish(1)", Effect.UNKNOWN),
        ("SELECT 1 /*! INTO OUTFILE 'x' */", Effect.UNKNOWN),
        ("SELECT * FROM widgets INTO OUTFILE 'x'", Effect.UNKNOWN),
        ("SELECT * FROM widgets FOR UPDATE", Effect.UNKNOWN),
        ("SELECT @a := 1", Effect.UNKNOWN),
        ("SELECT 1 # a", Effect.UNKNOWN),
        ("SELECT '\\''", Effect.UNKNOWN),
        ("EXPLAIN ANALYZE SELECT 1", Effect.UNKNOWN),
        ("KILL 5", Effect.UNKNOWN),
        ("UPDATE widgets SET colour = 1", Effect.UNKNOWN),
        ("SHOW GRANTS", Effect.UNKNOWN),
        ("SELECT user, authentication_string FROM mysql.user", Effect.EXPOSES),
        ("GRANT ALL ON *.* TO ada", Effect.EXPOSES),
        ("SELECT '\\''; DROP TABLE widgets; -- '", Effect.DESTRUCTIVE),
        ("RESET MASTER", Effect.DESTRUCTIVE),
    ],
)
def test_statements_have_their_effect(text: str, expected: Effect) -> None:
    assert highest(command.effect for command in judge_mysql(text)) is expected


@given(st.text(alphabet="SELECT();'\"#-/*!\\ \nabx1", max_size=100))
def test_spans_slice_back(text: str) -> None:
    for command in judge_mysql(text):
        assert text[command.start : command.end] == command.text
