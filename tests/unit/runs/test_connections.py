"""Where a client points is read as words; passwords leave URLs by the ways that tools take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.runs.connections import (
    CacheAddress,
    ConnectionTextError,
    expanded_words,
    postgres_parameters,
    redis_address,
    without_passwords,
)

URL = "postgresql://dana@db.example:5433/orders"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("psql $ORDERS", {"dbname": URL}),
        ('psql "${ORDERS}"', {"dbname": URL}),
        ("psql -h db -p 5433 -U dana orders", {"host": "db", "port": "5433", "user": "dana", "dbname": "orders"}),
        ("psql -hdb --port=5433 --dbname orders", {"host": "db", "port": "5433", "dbname": "orders"}),
        ("psql -X -v ON_ERROR_STOP=1 orders dana", {"dbname": "orders", "user": "dana"}),
        ("/usr/bin/psql 'host=db dbname=orders'", {"dbname": "host=db dbname=orders"}),
        ("$ORDERS", {"dbname": URL}),
        (None, {}),
    ],
)
def test_psql_names_its_database(text: str | None, expected: dict[str, str]) -> None:
    assert postgres_parameters(text, {"ORDERS": URL}) == expected


def test_the_environment_fills_what_the_command_leaves_open() -> None:
    given_environment = {
        "PGHOST": "db",
        "PGUSER": "dana",
        "PGPASSFILE": "/run/pass",
        "HOME": "/home/dana",
        "PGAPPNAME": "x",
    }
    assert postgres_parameters("psql -U eli orders", given_environment) == {
        "host": "db",
        "user": "eli",
        "passfile": "/run/pass",
        "dbname": "orders",
    }


@pytest.mark.parametrize(
    "text", ["psql $(cat url)", "psql `cat url`", "psql x | cat", "psql x; rm y", "psql x > y", "psql 'x"]
)
def test_what_needs_a_shell_is_refused(text: str) -> None:
    with pytest.raises(ConnectionTextError):
        expanded_words(text, {})


def test_a_variable_without_a_value_is_named() -> None:
    with pytest.raises(ConnectionTextError, match="no value for ORDERS"):
        postgres_parameters("psql $ORDERS", {})


@given(value=st.text())
def test_a_value_stays_inside_its_word(value: str) -> None:
    assert expanded_words("psql -d $X", {"X": value}) == ("psql", "-d", value)


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        (None, {}, CacheAddress(host="127.0.0.1", port=6379)),
        ("redis-cli", {"REDIS_URL": "redis://cache:6380/2"}, CacheAddress(host="cache", port=6380, database=2)),
        ("redis-cli", {"REDIS_HOST": "cache", "REDIS_PORT": "6380"}, CacheAddress(host="cache", port=6380)),
        (
            "redis-cli -h other -p 7000 -n 3",
            {"REDIS_URL": "redis://c:1/0"},
            CacheAddress(host="other", port=7000, database=3),
        ),
        (
            "redis-cli -u $URL",
            {"URL": "rediss://ops@cache/1"},
            CacheAddress(host="cache", port=6379, database=1, username="ops"),
        ),
    ],
)
def test_redis_cli_names_its_server(text: str | None, environment: dict[str, str], expected: CacheAddress) -> None:
    assert redis_address(text, environment) == expected


@pytest.mark.parametrize("text", ["redis-cli -p many", "redis-cli -p 70000", "redis-cli -u redis://cache:port/0"])
def test_a_cache_whose_port_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConnectionTextError):
        redis_address(text, {})


def test_passwords_leave_urls() -> None:
    handed = without_passwords(
        {
            "ORDERS": "postgresql://dana:p%3Aw%5C1@db.example:5433/orders?sslmode=require",
            "CACHE": "redis://:hush@cache:6379/0",
            "PLAIN": "https://dana:kept@example.com/",
            "NOTHING": "postgres://dana@db/orders",
        }
    )
    assert handed.values == {
        "ORDERS": "postgresql://dana@db.example:5433/orders?sslmode=require",
        "CACHE": "redis://cache:6379/0",
        "PLAIN": "https://dana:kept@example.com/",
        "NOTHING": "postgres://dana@db/orders",
    }
    assert handed.pgpass == ("db.example:5433:orders:dana:p\\:w\\\\1",)
    assert handed.redis_password == "hush"
    assert handed.secrets == {"p:w\\1", "hush"}


@given(value=st.text())
def test_any_value_is_handed_out_or_stripped_and_nothing_raises(value: str) -> None:
    assert set(without_passwords({"X": value}).values) == {"X"}
    assert set(without_passwords({"X": f"postgresql://{value}"}).values) == {"X"}
