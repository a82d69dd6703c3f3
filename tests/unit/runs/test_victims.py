"""The read that shows who would be ended keeps the author's own conditions."""

from __future__ import annotations

import pytest

from architect.commands.judging import judge
from architect.commands.model import Effect
from architect.runs.victims import victims_query


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle'",
        "select pg_cancel_backend(pid)\nfrom pg_stat_activity\nwhere state = 'active';",
        "-- the old ones\nSELECT pid, pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = 'x'",
        "SELECT pg_terminate_backend(a.pid) AS ended FROM pg_stat_activity a",
    ],
)
def test_the_victims_of_a_statement_can_be_listed_without_ending_them(statement: str) -> None:
    query = victims_query(statement)
    assert query is not None
    assert "terminate" not in query
    assert "cancel" not in query
    assert judge(query, language="sql").effect is Effect.READ


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "SELECT pg_terminate_backend(17)",
        "SELECT pg_terminate_backend(pid) FROM sessions",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity; DROP TABLE orders",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pg_terminate_backend(pid)",
        "DO $$ BEGIN PERFORM pg_terminate_backend(1); END $$",
    ],
)
def test_anything_else_is_left_alone(statement: str) -> None:
    assert victims_query(statement) is None
