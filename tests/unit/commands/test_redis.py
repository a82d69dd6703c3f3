"""What Redis commands do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.commands.generated import word_lists
from architect.commands.model import Effect, Flag, highest
from architect.commands.redis import judge_redis, judge_words

LINES = ["PING", "GET widget:1", "SET widget:1 blue", "FLUSHDB", "MONITOR", "CONFIG SET maxmemory 1gb", "FROBNICATE"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("INFO memory", Effect.READ),
        ("scan 0 MATCH widget:* COUNT 100", Effect.READ),
        ("MEMORY USAGE widget:1", Effect.READ),
        ("OBJECT ENCODING widget:1", Effect.READ),
        ("CONFIG GET maxmemory*", Effect.READ),
        ("EVAL_RO 'return 1' 0", Effect.UNKNOWN),
        ("SORT widgets", Effect.READ),
        ("CLUSTER NODES", Effect.READ),
        ("SENTINEL masters", Effect.READ),
        ("ACL LOG", Effect.READ),
        ("3 PING", Effect.READ),
        ("SORT widgets STORE sorted", Effect.WRITE),
        ("HSET widget:1 colour blue", Effect.WRITE),
        ("BGSAVE", Effect.WRITE),
        ("PUBLISH news blue", Effect.WRITE),
        ("EXPIRE widget:1 10", Effect.DISRUPTIVE),
        ("CLIENT KILL ID 5", Effect.DISRUPTIVE),
        ("CONFIG SET maxmemory 1gb", Effect.DISRUPTIVE),
        ("DEBUG SLEEP 1", Effect.DISRUPTIVE),
        ("SHUTDOWN", Effect.DISRUPTIVE),
        ("REPLICAOF NO ONE", Effect.DISRUPTIVE),
        ("EVAL 'return 1' 0", Effect.UNKNOWN),
        ("MODULE LOAD x.so", Effect.UNKNOWN),
        ("DEBUG SEGFAULT", Effect.UNKNOWN),
        ("CLIENT FROBNICATE", Effect.UNKNOWN),
        ("GET 'unclosed", Effect.UNKNOWN),
        ("MONITOR", Effect.EXPOSES),
        ("CONFIG GET require*", Effect.EXPOSES),
        ("CONFIG SET protected-mode no", Effect.EXPOSES),
        ("ACL LIST", Effect.EXPOSES),
        ("DEL widget:1", Effect.DESTRUCTIVE),
        ("FLUSHALL ASYNC", Effect.DESTRUCTIVE),
        ("LATENCY RESET", Effect.DESTRUCTIVE),
        ("ACL LOG RESET", Effect.DESTRUCTIVE),
        ("SHUTDOWN NOSAVE", Effect.DESTRUCTIVE),
        ("REPLICAOF other 6379", Effect.DESTRUCTIVE),
    ],
)
def test_commands_have_their_effect(line: str, expected: Effect) -> None:
    assert judge_redis(line)[0].effect is expected


def test_every_command_of_the_server_is_judged() -> None:
    lists = word_lists("redis.txt")
    names = [entry.rpartition(":")[0] for section in ("readonly", "write", "other") for entry in lists[section]]
    unjudged = [name for name in names if "known command" in judge_words([*name.split("|"), "x"])[0].reason]
    assert unjudged == []


def test_no_command_that_the_server_calls_a_write_is_a_read() -> None:
    names = [entry.rpartition(":")[0] for entry in word_lists("redis.txt")["write"]]
    reads = {name for name in names if judge_words([*name.split("|"), "x", "store"])[0].effect is Effect.READ}
    assert reads == set()


def test_a_word_that_text_cannot_tell_is_unknown_where_it_decides() -> None:
    assert judge_words([None])[0].effect is Effect.UNKNOWN
    assert judge_words(["CONFIG", None])[0].effect is Effect.UNKNOWN
    assert judge_words(["CONFIG", "GET", None])[0].effect is Effect.UNKNOWN
    assert judge_words(["GET", None])[0].effect is Effect.READ


def test_keys_and_databases_are_targets() -> None:
    assert str(judge_redis("GET widget:1")[0].target) == "key/widget:1"
    assert str(judge_redis("KEYS widget:*")[0].target) == "key/widget:*"
    assert str(judge_redis("FLUSHALL")[0].target) == "database/all"


def test_monitor_never_ends_and_shows_secrets() -> None:
    assert {Flag.NEVER_ENDS, Flag.READS_SECRET} <= judge_redis("MONITOR")[0].flags


def test_lines_are_commands_with_their_places() -> None:
    text = "PING\n\n# flush\n  DEL widget:1\n"
    first, second = judge_redis(text)
    assert text[second.start : second.end] == second.text == "DEL widget:1"
    assert first.effect is Effect.READ


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=4), st.sampled_from(LINES))
def test_another_line_never_lowers(before: list[str], added: str) -> None:
    text = "\n".join(before)
    alone = highest(command.effect for command in judge_redis(text))
    assert highest(command.effect for command in judge_redis(f"{text}\n{added}")).rank >= alone.rank


@given(st.text(max_size=100))
def test_nothing_raises(text: str) -> None:
    for command in judge_redis(text):
        assert command.effect in Effect
