"""Our own runbooks through the whole engine: the same rows as they should be, and the world repaired."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from architect.runs.events import GateReason, Outcome, Verdict
from architect.runs.model import GateKind
from architect.runs.state import RunState
from architect.sandbox.control import put_fault
from inside import Inside, eventually
from rehearsing import Rehearsal
from runs_world import DANA, gate_of

RUNBOOKS = Path(__file__).resolve().parents[2] / "runbooks"


@pytest.fixture
def rehearsal(own_sandbox: Inside) -> Iterator[Rehearsal]:
    """An engine in front of a world of the test's own."""
    with Rehearsal.of(own_sandbox) as found:
        yield found


def start(rehearsal: Rehearsal, name: str, **values: str) -> RunState:
    """Start the one runbook of a document of ours."""
    document = RUNBOOKS / f"{name}.md"
    return rehearsal.start(document, slug(document), **values)


def slug(document: Path) -> str:
    """Return the id of a document's only runbook: the slug of its title."""
    title = document.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_a_backup_and_its_restore_bring_every_row_back(rehearsal: Rehearsal) -> None:
    inside = rehearsal.inside
    before = inside.digest()
    state = rehearsal.play(start(rehearsal, "database-backup"))
    assert state.ended is not None
    listing = inside.run('aws s3 ls "s3://$BACKUP_BUCKET/architect/"').stdout
    stamp = listing.split()[1].rstrip("/")
    with inside.connect() as connection:
        connection.execute("DELETE FROM order_events; UPDATE orders SET total_cents = 1")

    rehearsal.waited.clear()
    state = rehearsal.play(start(rehearsal, "database-restore", BACKUP_STAMP=stamp))

    assert inside.digest() == before
    assert all(state.step(action.id).ended_outcome is Outcome.SUCCEEDED for action in state.plan.actions)
    assert not [reason for _, reason, _ in rehearsal.waited if reason is GateReason.FAILED]


def test_replication_is_read_on_both_nodes_without_a_question(rehearsal: Rehearsal) -> None:
    state = rehearsal.play(start(rehearsal, "replication-status"))
    assert rehearsal.waited == []
    assert "streaming" in rehearsal.output(state, "pg_stat_replication")
    assert all(state.step(action.id).ended_outcome is Outcome.SUCCEEDED for action in state.plan.actions)


def test_looking_at_the_cache_asks_nothing_and_changes_nothing(rehearsal: Rehearsal) -> None:
    with rehearsal.inside.cache() as cache:
        before = cache.dbsize()
        state = rehearsal.play(start(rehearsal, "cache-status"))
        assert cache.dbsize() == before
    assert rehearsal.waited == []
    assert "used_memory" in rehearsal.output(state, "INFO memory")


def test_a_flush_by_prefix_leaves_the_sessions(rehearsal: Rehearsal) -> None:
    state = start(rehearsal, "cache-flush", KEY_PREFIX="cache:order:")
    rehearsal.play(state, choices={"2": 1})
    with rehearsal.inside.cache() as cache:
        assert list(cache.scan_iter("cache:*")) == []
        assert len(list(cache.scan_iter("session:*"))) == 20


def test_a_whole_flush_cannot_happen_without_two_people(rehearsal: Rehearsal) -> None:
    state = start(rehearsal, "cache-flush", KEY_PREFIX="cache:order:")
    assert state.open_gate is not None
    assert state.open_gate.opened.reason is GateReason.CHOICE
    service = rehearsal.engine.service
    state = rehearsal.engine.advance(service.choose(state.run, gate_of(state), 2, actor=DANA).run)
    assert state.open_gate is not None
    assert state.open_gate.opened.gate_kind is GateKind.TWO_PEOPLE
    with rehearsal.inside.cache() as cache:
        before = cache.dbsize()
        state = rehearsal.engine.advance(service.approve(state.run, gate_of(state), DANA).run)
        assert cache.dbsize() == before > 0
        rehearsal.play(state)
        assert cache.dbsize() == 0


def test_exhausted_connections_are_repaired_by_ending_exactly_those_that_were_shown(rehearsal: Rehearsal) -> None:
    inside = rehearsal.inside
    put_fault(inside.world, "exhausted-connections", {"busy": "3", "idle_s": "2"})
    with pytest.raises(psycopg.OperationalError, match="reserved"):
        inside.connect()

    state = rehearsal.play(start(rehearsal, "connection-exhaustion", MIN_IDLE_MINUTES="0.02"))

    shown = {line.partition("@")[0] for line in rehearsal.output(state, "cat victims.txt").splitlines() if "@" in line}
    ended = set(
        re.findall(r"^\s*(\d+)\s*\|.*\|\s*t\s*$", rehearsal.output(state, "pg_terminate_backend"), re.MULTILINE)
    )
    assert ended == shown != set()
    with inside.connect() as connection:
        rows = connection.execute("SELECT application_name FROM pg_stat_activity").fetchall()
    names = [name for (name,) in rows]
    assert names.count("invoice-worker") == 3
    assert "checkout-worker" not in names
    health = "curl -s -o /dev/null -w '%{http_code}' \"$SERVICE_URL/health\""
    assert eventually(lambda: inside.run(health).stdout == "200")
    assert state.ended is not None
    assert state.ended.verdict is Verdict.VERIFIED
