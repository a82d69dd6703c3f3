"""Rows S06 to S10 and S13 of the user's document as they are written: run for real, and what goes wrong is caught.

The tests look at the world: rows, keys, sessions, objects. What a run says of itself is compared with that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from architect.runs.events import Outcome, Verdict
from architect.runs.model import GateKind
from architect.runs.state import RunState
from architect.sandbox.control import put_fault
from inside import Inside
from rehearsing import Rehearsal
from runs_world import DANA, gate_of

BACKUP, RESTORE, REPLICATION = "backup-database", "restore-database", "view-replication-status"
CACHE, MONITOR, EXHAUSTION = "redis-status", "monitor-cache", "database-connection-exhaustion"


@pytest.fixture(scope="session")
def seed(shared_folder: Path) -> Path:
    """The user's document."""
    return shared_folder / "seed" / "runbooks.md"


@pytest.fixture
def rehearsal(own_sandbox: Inside) -> Iterator[Rehearsal]:
    """An engine in front of a world of the test's own."""
    with Rehearsal.of(own_sandbox) as found:
        yield found


def outcome_of(state: RunState, containing: str) -> Outcome | None:
    """Return how the action whose text holds a word ended."""
    (action,) = [action for action in state.plan.actions if containing in action.text]
    return state.step(action.id).ended_outcome


def verdict_of(state: RunState) -> Verdict:
    """Return what the run came to."""
    assert state.ended is not None, state.open_gate
    return state.ended.verdict


def put_backup(inside: Inside, name: str) -> None:
    """Put a plain dump of the present rows where the document looks for one."""
    done = inside.run(
        f'set -o pipefail; pg_dump "$DATABASE_URL" | gzip > {name} && '
        f'aws s3 cp {name} "s3://$BACKUP_BUCKET/architect/{name}" && rm {name}'
    )
    assert done.returncode == 0, done.stderr


def damage(inside: Inside) -> None:
    """Lose what orders cost."""
    with inside.connect() as connection:
        connection.execute("UPDATE orders SET total_cents = 0 WHERE id <= 100")


def test_s06_a_backup_runs_its_dump_by_itself_asks_before_the_upload_and_restores(
    rehearsal: Rehearsal, seed: Path
) -> None:
    state = rehearsal.play(rehearsal.start(seed, BACKUP))

    assert rehearsal.approvals == [GateKind.CONFIRM]
    assert outcome_of(state, "pg_dump") is Outcome.SUCCEEDED
    done = rehearsal.inside.run(
        "name=$(aws s3 ls \"s3://$BACKUP_BUCKET/architect/\" | awk '{print $4}');"
        ' aws s3 cp "s3://$BACKUP_BUCKET/architect/$name" . >/dev/null && gunzip "$name"'
        ' && createdb --maintenance-db="$MAINTENANCE_DATABASE_URL" architect_restored'
        ' && psql -q "$NEW_DATABASE_URL" < "${name%.gz}"'
    )
    assert done.returncode == 0
    assert rehearsal.inside.digest(database="architect_restored") == rehearsal.inside.digest()


def test_s06_a_failed_dump_is_a_failed_step(own_sandbox: Inside, seed: Path) -> None:
    gone = {**own_sandbox.environment, "DATABASE_URL": own_sandbox.world.database_url("operator", database="gone")}
    profile = replace(own_sandbox.profile, environment=gone)
    with Rehearsal.of(replace(own_sandbox, environment=gone, profile=profile)) as rehearsal:
        state = rehearsal.play(rehearsal.start(seed, BACKUP), refuse=("aws s3 cp",))
        assert outcome_of(state, "pg_dump") is Outcome.FAILED
        assert verdict_of(state) is not Verdict.VERIFIED
    assert "backup_" not in own_sandbox.run('aws s3 ls --recursive "s3://$BACKUP_BUCKET/"').stdout


def test_s07_a_restore_over_the_live_database_waits_for_two_people_and_is_never_called_verified(
    rehearsal: Rehearsal, seed: Path
) -> None:
    inside = rehearsal.inside
    put_backup(inside, "backup_1708172400.sql.gz")
    damage(inside)
    damaged = inside.digest()

    state = rehearsal.play(rehearsal.start(seed, RESTORE))

    (restore,) = [kind for text, _, kind in rehearsal.waited if text.startswith("psql")]
    assert restore is GateKind.TWO_PEOPLE
    assert inside.digest()["orders"] == damaged["orders"]
    assert inside.digest()["order_events"][0] == 2 * damaged["order_events"][0]
    assert verdict_of(state) is not Verdict.VERIFIED


def test_s07_a_restore_that_nobody_approves_leaves_the_live_database_alone(rehearsal: Rehearsal, seed: Path) -> None:
    inside = rehearsal.inside
    put_backup(inside, "backup_1708172400.sql.gz")
    before = inside.digest()
    rehearsal.play(rehearsal.start(seed, RESTORE), refuse=("psql",))
    assert inside.digest() == before


def test_s07_two_unpacked_backups_fail_the_restore_before_it_begins(rehearsal: Rehearsal, seed: Path) -> None:
    inside = rehearsal.inside
    put_backup(inside, "backup_1708172400.sql.gz")
    before = inside.digest()
    state = rehearsal.start(seed, RESTORE)
    scratch = inside.state / "runs" / state.run / "scratch"
    (scratch / "backup_1.sql").write_text("SELECT 1;", encoding="utf-8")

    state = rehearsal.play(state)

    assert outcome_of(state, "psql $DATABASE_URL <") is Outcome.FAILED
    assert inside.digest() == before


def test_s08_replication_is_read_without_a_question(rehearsal: Rehearsal, seed: Path) -> None:
    state = rehearsal.play(rehearsal.start(seed, REPLICATION))
    assert rehearsal.waited == []
    assert "replication_lag" in rehearsal.output(state, "pg_last_xact_replay_timestamp")
    assert re.search(r"replica\s*\|\s*physical\s*\|\s*t\b", rehearsal.output(state, "pg_replication_slots"))


def test_s09_the_status_is_read_and_the_flush_under_it_waits_for_two_people(rehearsal: Rehearsal, seed: Path) -> None:
    state = rehearsal.start(seed, CACHE)
    with rehearsal.inside.cache() as cache:
        before = cache.dbsize()
        assert before > 0
        assert "used_memory" in rehearsal.output(state, "INFO memory")
        assert state.open_gate is not None
        assert state.open_gate.opened.gate_kind is GateKind.TWO_PEOPLE

        state = rehearsal.engine.service.approve(state.run, gate_of(state), DANA)
        state = rehearsal.engine.advance(state.run)
        assert state.open_gate is not None, "one person alone does not flush"
        assert cache.dbsize() == before

        state = rehearsal.play(rehearsal.engine.service.refuse(state.run, gate_of(state), DANA))
        assert cache.dbsize() == before


def test_s09_two_people_flush(rehearsal: Rehearsal, seed: Path) -> None:
    rehearsal.play(rehearsal.start(seed, CACHE))
    with rehearsal.inside.cache() as cache:
        assert cache.dbsize() == 0


def test_s10_monitor_waits_for_two_people_ends_by_itself_and_the_rest_is_read(rehearsal: Rehearsal, seed: Path) -> None:
    state = rehearsal.play(rehearsal.start(seed, MONITOR))
    assert rehearsal.approvals == [GateKind.TWO_PEOPLE]
    assert outcome_of(state, "MONITOR") is Outcome.BOUNDED
    assert "keys" in rehearsal.output(state, "--bigkeys")
    assert outcome_of(state, "SLOWLOG") is Outcome.SUCCEEDED


def test_s13_the_kill_as_written_shows_that_it_would_end_nobody_and_the_run_says_not_recovered(
    rehearsal: Rehearsal, seed: Path
) -> None:
    inside = rehearsal.inside
    facts = put_fault(inside.world, "exhausted-connections", {})
    state = rehearsal.play(rehearsal.start(seed, EXHAUSTION), choices={"2": 2}, until="pg_terminate_backend")
    assert state.open_gate is not None
    assert state.open_gate.opened.gate_kind is GateKind.CONFIRM_TARGET
    action = state.open_gate.opened.action
    assert action is not None
    before = state.step(action).undo
    assert before is not None
    assert before.text.startswith("0 sessions would be ended")

    state = rehearsal.play(state)

    assert state.step(action).ended_outcome is Outcome.SUCCEEDED
    assert verdict_of(state) is Verdict.NOT_RECOVERED
    with pytest.raises(psycopg.OperationalError, match="reserved"):
        inside.connect()
    with inside.connect(role="postgres") as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'checkout-worker'"
        assert connection.execute(query).fetchone() == (facts["held"],)
