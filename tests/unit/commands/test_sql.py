"""What SQL statements and psql's commands do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from architect.commands.model import Effect, Flag, highest
from architect.commands.sql import judge_psql, judge_sql

STATEMENTS = [
    "SELECT 1",
    "SELECT * FROM widgets",
    "SELECT polish(id) FROM widgets",
    "UPDATE widgets SET colour = 'blue' WHERE id = 1",
    "DELETE FROM widgets",
    "SELECT pg_cancel_backend(1)",
    "GRANT ALL ON widgets TO ada",
    "VACUUM widgets",
    "BEGIN",
    "ROLLBACK",
    "not sql",
]


def effect(text: str) -> Effect:
    return highest(command.effect for command in judge_sql(text))


def psql_effect(text: str) -> Effect:
    return highest(command.effect for command in judge_psql(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count(*), max(created_at) FROM widgets WHERE lower(colour) = 'blue' GROUP BY shelf HAVING count(*) > 3",
        "TABLE widgets",
        "VALUES (1), (2)",
        "SELECT pg_size_pretty(pg_total_relation_size('widgets'))",
        "SELECT extract(epoch FROM now() - query_start), left(query, 80) FROM pg_stat_activity",
        "SELECT now() - pg_last_xact_replay_timestamp()",
        "SELECT * FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 5",
        "SELECT rolname, rolsuper FROM pg_authid",
        "WITH blue AS (SELECT * FROM widgets) SELECT * FROM blue JOIN LATERAL generate_series(1, 3) AS s(n) ON true",
        "EXPLAIN DELETE FROM widgets",
        "EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM widgets",
        "EXPLAIN (ANALYZE off) UPDATE widgets SET colour = 'red'",
        "COPY widgets TO STDOUT WITH CSV",
        "SHOW max_connections",
        "SET statement_timeout = '5s'",
        "BEGIN READ ONLY",
        "DECLARE c CURSOR FOR SELECT 1; FETCH ALL FROM c; CLOSE c",
        "PREPARE q AS SELECT $1::int; EXECUTE q(1)",
        "SELECT 'widgets'::regclass, CAST('1' AS numeric(5, 2))",
        "SELECT * FROM widgets TABLESAMPLE system (1)",
    ],
)
def test_proved_reads_are_reads(text: str) -> None:
    assert effect(text) is Effect.READ


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT INTO widgets VALUES (1)", Effect.WRITE),
        ("UPDATE widgets SET colour = 'blue' WHERE id = 1", Effect.WRITE),
        ("SELECT * FROM widgets FOR UPDATE", Effect.WRITE),
        ("SELECT * INTO copies FROM widgets", Effect.WRITE),
        ("SELECT nextval('widgets_id_seq')", Effect.WRITE),
        ("SELECT pg_switch_wal()", Effect.WRITE),
        ("CREATE INDEX CONCURRENTLY i ON widgets (id)", Effect.WRITE),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY shelf", Effect.WRITE),
        ("VACUUM (ANALYZE) widgets", Effect.WRITE),
        ("CREATE DATABASE widgets_copy", Effect.WRITE),
        ("COPY widgets TO '/tmp/widgets.csv'", Effect.WRITE),
        ("NOTIFY blue", Effect.WRITE),
        ("CREATE INDEX i ON widgets (id)", Effect.DISRUPTIVE),
        ("REINDEX TABLE widgets", Effect.DISRUPTIVE),
        ("VACUUM FULL widgets", Effect.DISRUPTIVE),
        ("ALTER TABLE widgets ADD COLUMN shelf int", Effect.DISRUPTIVE),
        ("ALTER SYSTEM SET work_mem = '64MB'", Effect.DISRUPTIVE),
        ("ALTER DATABASE widgets RENAME TO gadgets", Effect.DISRUPTIVE),
        ("LOCK TABLE widgets", Effect.DISRUPTIVE),
        ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity", Effect.DISRUPTIVE),
        ("SELECT pg_catalog.pg_reload_conf()", Effect.DISRUPTIVE),
        ("SELECT 1 WHERE pg_promote()", Effect.DISRUPTIVE),
        ("DO $$ BEGIN END $$", Effect.UNKNOWN),
        ("CALL polish()", Effect.UNKNOWN),
        ("SELECT polish(1)", Effect.UNKNOWN),
        ("SELECT factory.now()", Effect.UNKNOWN),
        ("SELECT 1 OPERATOR(factory.+) 2", Effect.UNKNOWN),
        ("SELECT 'blue'::factory.colour", Effect.UNKNOWN),
        ("EXECUTE q", Effect.UNKNOWN),
        ("COPY widgets TO PROGRAM 'cat'", Effect.UNKNOWN),
        ("COPY widgets TO '/etc/passwd'", Effect.UNKNOWN),
        ("SELECT * FROM dblink('host=other', 'SELECT 1') AS t(a int)", Effect.UNKNOWN),
        ("SELECT query_to_xml('DELETE FROM widgets', true, true, '')", Effect.UNKNOWN),
        ("SET search_path = factory, pg_catalog; SELECT now()", Effect.UNKNOWN),
        ("EXPLAIN SELECT polish(1)", Effect.UNKNOWN),
        ("EXPLAIN ANALYZE SELECT pg_cancel_backend(1)", Effect.DISRUPTIVE),
        ("psql $DATABASE_URL", Effect.UNKNOWN),
        ("GRANT SELECT ON widgets TO ada", Effect.EXPOSES),
        ("CREATE ROLE ada LOGIN", Effect.EXPOSES),
        ("ALTER ROLE ada PASSWORD 'blue'", Effect.EXPOSES),
        ("SELECT * FROM pg_authid", Effect.EXPOSES),
        ("SELECT a FROM pg_shadow a", Effect.EXPOSES),
        ("SELECT x FROM pg_authid AS t(a, b, x)", Effect.EXPOSES),
        ("COPY pg_authid TO STDOUT", Effect.EXPOSES),
        ("SELECT name, password_hash FROM users", Effect.EXPOSES),
        ("SELECT pg_read_file('pg_hba.conf')", Effect.EXPOSES),
        ("SHOW primary_conninfo", Effect.EXPOSES),
        ("DELETE FROM widgets WHERE id = 1", Effect.DESTRUCTIVE),
        ("TRUNCATE widgets", Effect.DESTRUCTIVE),
        ("DROP INDEX CONCURRENTLY i", Effect.DESTRUCTIVE),
        ("ALTER TABLE widgets DROP COLUMN shelf", Effect.DESTRUCTIVE),
        ("UPDATE widgets SET colour = 'blue'", Effect.DESTRUCTIVE),
        ("UPDATE widgets SET colour = 'blue' WHERE 1 = 1", Effect.DESTRUCTIVE),
        ("WITH gone AS (DELETE FROM widgets RETURNING *) SELECT * FROM gone", Effect.DESTRUCTIVE),
        ("COPY (DELETE FROM widgets RETURNING *) TO STDOUT", Effect.DESTRUCTIVE),
        ("EXPLAIN ANALYZE DELETE FROM widgets", Effect.DESTRUCTIVE),
        ("PREPARE q AS DELETE FROM widgets; EXECUTE q", Effect.DESTRUCTIVE),
        ("MERGE INTO widgets USING gone ON true WHEN MATCHED THEN DELETE", Effect.DESTRUCTIVE),
        ("SELECT pg_drop_replication_slot('blue')", Effect.DESTRUCTIVE),
        ("SELECT pg_stat_statements_reset()", Effect.DESTRUCTIVE),
        ("SELECT 1; DROP TABLE widgets", Effect.DESTRUCTIVE),
    ],
)
def test_changes_have_their_effect(text: str, expected: Effect) -> None:
    assert effect(text) is expected


def test_a_read_only_transaction_lowers_nothing() -> None:
    assert effect("BEGIN READ ONLY; SELECT pg_terminate_backend(1); ROLLBACK") is Effect.DISRUPTIVE


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("DELETE FROM factory.widgets WHERE id = 1", "table/factory.widgets"),
        ("DROP TABLE widgets, gadgets", "table/widgets gadgets"),
        ("DROP DATABASE widgets", "database/widgets"),
        ("ALTER DATABASE widgets RENAME TO gadgets", "database/widgets"),
        ("CREATE DATABASE widgets", "database/widgets"),
        ("SELECT * FROM widgets JOIN gadgets USING (id)", "table/widgets"),
    ],
)
def test_targets_are_named(text: str, target: str) -> None:
    assert str(judge_sql(text)[0].target) == target


def test_each_statement_is_a_command_with_its_place_and_text() -> None:
    text = "SELECT 1;\n  DELETE FROM widgets"
    first, second = judge_sql(text)
    assert text[second.start : second.end] == "DELETE FROM widgets"
    assert first.parameters == (("statement", "SELECT 1"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\\dt+ factory.*", Effect.READ),
        ("\\l", Effect.READ),
        ("\\x on\nSELECT 1;", Effect.READ),
        ("\\set n 5\nSELECT * FROM widgets LIMIT :n;", Effect.READ),
        ("SELECT * FROM widgets WHERE id = :'id';", Effect.READ),
        ("SELECT * FROM widgets LIMIT :n;", Effect.UNKNOWN),
        ("\\set q `date`\nSELECT 1;", Effect.UNKNOWN),
        ("\\echo `date`", Effect.UNKNOWN),
        ("\\! date", Effect.UNKNOWN),
        ("\\x \\! date", Effect.UNKNOWN),
        ("\\i change.sql", Effect.UNKNOWN),
        ("SELECT 'x' \\gexec", Effect.UNKNOWN),
        ("SELECT polish \\x\n (SELECT 1);", Effect.UNKNOWN),
        ("\\o |cat", Effect.UNKNOWN),
        ("\\o widgets.txt\nSELECT 1;", Effect.READ),
        ("\\copy widgets to 'widgets.csv' csv", Effect.READ),
        ("\\copy (SELECT polish(1)) to 'widgets.csv'", Effect.UNKNOWN),
        ("\\copy (DELETE FROM widgets RETURNING *) to stdout", Effect.DESTRUCTIVE),
        ("\\copy widgets to program 'cat'", Effect.UNKNOWN),
        ("\\copy widgets from 'widgets.csv'", Effect.WRITE),
        ("\\password ada", Effect.EXPOSES),
        ("\\lo_unlink 5", Effect.DESTRUCTIVE),
        ("\\frobnicate", Effect.UNKNOWN),
        ("\\c gadgets\nSELECT 1;", Effect.READ),
    ],
)
def test_backslash_commands_have_their_effect(text: str, expected: Effect) -> None:
    assert psql_effect(text) is expected


def test_watch_never_ends_unless_it_is_counted() -> None:
    endless = judge_psql("SELECT 1 \\watch 2")
    counted = judge_psql("SELECT 1 \\watch c=3")
    assert any(Flag.NEVER_ENDS in command.flags for command in endless)
    assert not any(Flag.NEVER_ENDS in command.flags for command in counted)


def test_sleeping_waits() -> None:
    assert Flag.WAITS in judge_sql("SELECT pg_sleep(5)")[0].flags


@given(st.text(alphabet="SELECT();'\"$:-/*\\ \nabx1,é<>[]{}!\ud800\0", max_size=150))
def test_nothing_raises(text: str) -> None:
    for command in (*judge_sql(text), *judge_psql(text)):
        assert 0 <= command.start <= command.end <= len(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5), st.sampled_from(STATEMENTS), st.booleans())
def test_another_statement_never_lowers(before: list[str], added: str, psql: bool) -> None:
    judge = judge_psql if psql else judge_sql
    text = ";\n".join(before)
    alone = highest(command.effect for command in judge(text))
    longer = highest(command.effect for command in judge(f"{text};\n{added}"))
    assert longer.rank >= alone.rank


@pytest.mark.parametrize(
    "wrapper", ["EXPLAIN ANALYZE {}", "PREPARE q AS {}", "COPY ({}) TO STDOUT", "WITH a AS ({}) SELECT 1"]
)
@pytest.mark.parametrize(
    "inner", ["SELECT polish(1)", "DELETE FROM widgets RETURNING *", "SELECT pg_cancel_backend(1)"]
)
def test_wrapping_a_statement_never_lowers(wrapper: str, inner: str) -> None:
    assert effect(wrapper.format(inner)).rank >= effect(inner).rank
