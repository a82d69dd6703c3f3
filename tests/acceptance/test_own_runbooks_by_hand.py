"""Our runbooks, copied into a shell of the sandbox by hand, step after step: the text itself is right."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from architect.sandbox.control import put_fault
from inside import Inside, fences

RUNBOOKS = Path(__file__).resolve().parents[2] / "runbooks"
STRICT = "set -euo pipefail\n"


def play(inside: Inside, name: str, **values: str) -> str:
    """Run all bash fences of a runbook as one script that stops at the first failure; return what it printed."""
    done = inside.run(STRICT + "\n".join(fences(RUNBOOKS / name)), **values)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_backup_restored_and_swapped_in_holds_the_rows_of_its_time(own_sandbox: Inside) -> None:
    before = own_sandbox.digest()
    play(own_sandbox, "database-backup.md")
    stamp = own_sandbox.run('aws s3 ls "s3://$BACKUP_BUCKET/architect/"').stdout.split()[1].rstrip("/")
    with own_sandbox.connect() as connection:
        connection.execute("UPDATE orders SET total_cents = 0; DELETE FROM order_events WHERE order_id < 100")
    (own_sandbox.scratch / "database.dump").unlink()

    play(own_sandbox, "database-restore.md", BACKUP_STAMP=stamp)

    assert own_sandbox.digest() == before
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        own_sandbox.connect(database="architect_before_restore")

    play(own_sandbox, "database-restore-undo.md")
    assert own_sandbox.digest() != before
    assert own_sandbox.digest(database="architect_restored") == before


def test_replication_status_names_the_replica_and_its_slot(sandbox: Inside) -> None:
    printed = play(sandbox, "replication-status.md")
    assert "streaming" in printed
    assert "reserved" in printed


def test_looking_at_the_cache_leaves_every_key(sandbox: Inside) -> None:
    with sandbox.cache() as cache:
        before = cache.dbsize()
        printed = play(sandbox, "cache-status.md")
        assert "used_memory" in printed
        assert cache.dbsize() == before > 0


def test_exhausted_connections_end_for_those_that_were_shown_only(own_sandbox: Inside) -> None:
    put_fault(own_sandbox.world, "exhausted-connections", {"busy": "3", "idle_s": "2"})
    with pytest.raises(psycopg.OperationalError, match="reserved"):
        own_sandbox.connect()

    play(own_sandbox, "connection-exhaustion.md", MIN_IDLE_MINUTES="0.02")

    with own_sandbox.connect() as connection:
        rows = connection.execute("SELECT application_name FROM pg_stat_activity").fetchall()
    names = [name for (name,) in rows]
    assert names.count("invoice-worker") == 3
    assert "checkout-worker" not in names
