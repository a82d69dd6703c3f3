"""The ways in which the user's own commands go wrong are real: each is shown in a plain shell, without Architect."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping

from architect.sandbox.control import put_fault
from inside import Inside, eventually

BACKUP, UPLOAD, LISTING, RESTORE = "c037", "c038", "c039", "c042"
LAG, SLOTS = "c043", "c044"
FLUSH, MONITOR = "c048", "c049"
COUNT, LONG, END_IDLE = "c064", "c065", "c067"

Rows = Mapping[str, str]


def test_a_backup_as_written_restores_with_equal_rows(own_sandbox: Inside, rows: Rows) -> None:
    done = own_sandbox.run(f"{rows[BACKUP]}\n{rows[UPLOAD]}\n{rows[LISTING]}")
    assert done.returncode == 0, done.stderr
    name = re.search(r"backup_\d+\.sql\.gz$", done.stdout.strip())
    assert name
    again = own_sandbox.run(
        f'rm -f backup_*; aws s3 cp "s3://$BACKUP_BUCKET/architect/{name[0]}" . >/dev/null && gunzip {name[0]}'
        ' && createdb --maintenance-db="$MAINTENANCE_DATABASE_URL" architect_restored'
        ' && psql "$NEW_DATABASE_URL" -q < backup_*.sql'
    )
    assert again.returncode == 0
    assert own_sandbox.digest(database="architect_restored") == own_sandbox.digest()


def test_a_failed_dump_exits_0_and_leaves_a_valid_archive(sandbox: Inside, rows: Rows) -> None:
    gone = sandbox.world.database_url("operator", database="gone")
    done = sandbox.run(f"mkdir -p trap; cd trap; {rows[BACKUP]}", DATABASE_URL=gone)
    assert done.returncode == 0
    (archive,) = (sandbox.scratch / "trap").glob("backup_*.sql.gz")
    assert archive.stat().st_size == 20
    assert gzip.decompress(archive.read_bytes()) == b""
    assert sandbox.run(f"set -o pipefail; {rows[BACKUP]}", DATABASE_URL=gone).returncode == 1


def test_a_restore_over_the_live_database_exits_0_and_changes_nothing_it_should(
    own_sandbox: Inside, rows: Rows
) -> None:
    before = own_sandbox.digest()
    own_sandbox.run("pg_dump $DATABASE_URL > backup_1.sql")
    with own_sandbox.connect() as connection:
        connection.execute("UPDATE orders SET total_cents = 0 WHERE id <= 100")
    damaged = own_sandbox.digest()

    done = own_sandbox.run(rows[RESTORE])

    after = own_sandbox.digest()
    assert done.returncode == 0
    assert "already exists" in done.stderr
    assert after["orders"] == damaged["orders"] != before["orders"]
    assert after["order_events"][0] == 2 * before["order_events"][0]


def test_two_backups_make_the_restore_an_ambiguous_redirect(sandbox: Inside, rows: Rows) -> None:
    done = sandbox.run(f"mkdir -p two; cd two; touch backup_1.sql backup_2.sql; {rows[RESTORE]}")
    assert done.returncode == 1
    assert "ambiguous redirect" in done.stderr


def test_the_lag_as_written_is_null_on_a_primary(sandbox: Inside, rows: Rows) -> None:
    aligned = f'psql() {{ command psql -At "$@"; }}; {rows[LAG]}'
    replica = sandbox.environment["REPLICA_DATABASE_URL"]
    with sandbox.connect() as connection:
        connection.execute("CREATE TABLE replayed (); DROP TABLE replayed")
    assert eventually(lambda: sandbox.run(aligned, DATABASE_URL=replica).stdout != "\n")
    assert sandbox.run(aligned).stdout == "\n"
    assert "replica" in sandbox.run(rows[SLOTS]).stdout


def test_a_flush_leaves_nothing(own_sandbox: Inside, rows: Rows) -> None:
    assert own_sandbox.run(rows[FLUSH]).returncode == 0
    with own_sandbox.cache() as cache:
        assert cache.dbsize() == 0


def test_monitor_never_ends_and_shows_what_clients_send(sandbox: Inside, rows: Rows) -> None:
    done = sandbox.run(f"(sleep 0.5; redis-cli SET session:x token-in-clear >/dev/null) & timeout 2 {rows[MONITOR]}")
    assert done.returncode == 124
    assert "token-in-clear" in done.stdout
    sandbox.run("redis-cli DEL session:x")


def test_the_kill_as_written_ends_nobody_younger_than_ten_minutes(own_sandbox: Inside, rows: Rows) -> None:
    facts = put_fault(own_sandbox.world, "exhausted-connections", {})
    counted = own_sandbox.run('psql -X <<< "$SQL"', SQL=rows[COUNT])
    assert re.search(rf"architect\s*\|\s*{facts['held'] + facts['busy'] + 1}\b", counted.stdout)
    done = own_sandbox.run('psql -X <<< "$SQL"', SQL=rows[END_IDLE])
    assert done.returncode == 0
    assert "(0 rows)" in done.stdout
