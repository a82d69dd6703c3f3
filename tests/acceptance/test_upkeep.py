"""Backup, restore and rebuild of a store in a file."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from architect.kernel.ids import StreamId
from architect.storage.backup import back_up
from record_world import Record
from runs_world import shell


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """A record with two checkpoints and a run after each."""
    record = Record.of_new(tmp_path / "state", "sqlite")
    record.run(shell("1.1", "echo one"))
    record.checkpoint()
    record.run(shell("1.1", "echo two"))
    record.checkpoint()
    return record


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup.db"


# Backup

WRITING = """
import sys
from pathlib import Path
from architect.audit.model import Draft
from architect.storage.stores import open_stores

stores, seq = open_stores(Path(sys.argv[1])), 0
print(1, flush=True)
while True:
    seq = stores.events.append("busy", [Draft(kind="n", actor="a", data={})], expected_seq=seq)[-1].seq
"""


def length_of_backup(record: Record, target: Path) -> int:
    """Make a backup and return how many events of the writer it has; its head must say the same."""
    assert record.call("db", "backup", str(target)).code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with contextlib.closing(sqlite3.connect(f"file:{target}?mode=ro", uri=True)) as copy:
        (length,) = copy.execute("SELECT count(*) FROM events WHERE stream = 'busy'").fetchone()
        (head,) = copy.execute("SELECT coalesce(max(seq), 0) FROM streams WHERE stream = 'busy'").fetchone()
    assert head == length
    return int(length)


def test_a_backup_is_whole_and_private_while_a_writer_writes(record: Record, tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITING, str(record.file)], stdout=subprocess.PIPE)
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        lengths = [length_of_backup(record, tmp_path / f"backup-{number}") for number in range(5)]
    finally:
        writer.kill()
        writer.communicate()
    assert lengths == sorted(lengths)
    assert lengths[-1] > lengths[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*(f"backup-{number}" for number in range(5)), "state"]


def test_a_backup_overwrites_nothing(record: Record, backup: Path) -> None:
    backup.write_text("before")
    said = record.call("db", "backup", str(backup))
    assert (said.code, "exists already (name a new file; nothing was overwritten)" in said.err) == (2, True)
    assert backup.read_text() == "before"


def test_a_backup_that_cannot_be_written_leaves_nothing(record: Record, tmp_path: Path) -> None:
    said = record.call("db", "backup", str(tmp_path / "none" / "backup"))
    assert (said.code, "the copy could not be written: No such file or directory" in said.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_backup_of_no_store_makes_none(tmp_path: Path, backup: Path) -> None:
    empty = Record.of_new(tmp_path / "empty", "sqlite")
    said = empty.call("db", "backup", str(backup))
    assert (said.code, "there is no store in it" in said.err) == (2, True)
    assert list(empty.folder.iterdir()) == []
    assert not backup.exists()


# Restore


def test_a_restored_store_is_the_copy_and_says_so(record: Record, backup: Path) -> None:
    record.call("db", "backup", str(backup))
    record.run(shell("1.1", "echo three"))
    newest = record.checkpoint()
    said = record.call("db", "restore", str(backup))
    assert said.code == 0, said
    assert f"What was there is {record.file}.1 now." in said.out
    assert f"1 checkpoints are newer than the copy, up to {newest}" in said.out
    assert "RUN-3" not in record.call("runs", "list").out
    with record.open() as stores:
        (event,) = stores.events.read(StreamId("store"))
    assert event.kind == "store.restored"
    assert event.data["newest_checkpoint"] == newest
    assert event.data["aside"] == f"{record.file}.1"
    assert len(str(event.data["copy_sha256"])) == 64


def test_a_restored_record_is_whole_and_a_copy_elsewhere_shows_what_is_missing(record: Record, backup: Path) -> None:
    record.call("db", "backup", str(backup))
    record.run(shell("1.1", "echo three"))
    newest = record.checkpoint()
    record.call("db", "restore", str(backup))
    assert record.verify().code == 0
    assert record.checkpoint().startswith("3:")
    assert record.verify().code == 0
    said = record.verify("--against", newest)
    assert (said.code, "checkpoint 3, of which --against has a copy, is another one" in said.out) == (1, True)


def test_what_was_there_is_kept_whole_with_its_copies(record: Record, backup: Path, tmp_path: Path) -> None:
    record.call("db", "backup", str(backup))
    record.run(shell("1.1", "echo three"))
    newest = record.checkpoint()
    record.call("db", "restore", str(backup))
    before = Record.of_new(tmp_path / "before", "sqlite")
    shutil.copy(record.folder / "architect.db.1", before.file)
    shutil.copy(record.folder / "checkpoints.jsonl.1", before.copies)
    shutil.copytree(record.folder / "keys", before.folder / "keys")
    assert before.verify("--against", newest).code == 0
    assert "RUN-3" in before.call("runs", "list").out
    assert stat.S_IMODE((record.folder / "architect.db.1").stat().st_mode) == 0o600


def test_a_restore_does_not_give_a_run_a_number_that_another_had(record: Record, backup: Path) -> None:
    record.call("db", "backup", str(backup))
    assert record.run(shell("1.1", "echo three")) == "RUN-3"
    record.call("db", "restore", str(backup))
    assert record.run(shell("1.1", "echo four")) == "RUN-4"


def test_a_restore_into_an_empty_folder_needs_the_keys_only(record: Record, backup: Path, tmp_path: Path) -> None:
    record.call("db", "backup", str(backup))
    other = Record.of_new(tmp_path / "other", "sqlite")
    assert other.call("db", "restore", str(backup)).out == "Restored.\n"
    assert "RUN-2" in other.call("runs", "list").out
    assert "which is not here" in other.verify().out
    shutil.copytree(record.folder / "keys", other.folder / "keys")
    assert other.verify().code == 0


def test_the_copy_itself_is_not_changed(record: Record, backup: Path) -> None:
    record.call("db", "backup", str(backup))
    backup.chmod(0o400)
    before = backup.read_bytes()
    assert record.call("db", "restore", str(backup)).code == 0
    assert backup.read_bytes() == before
    assert not list(backup.parent.glob("backup.db-*"))


def test_two_restores_keep_both(record: Record, backup: Path) -> None:
    record.call("db", "backup", str(backup))
    record.call("db", "restore", str(backup))
    record.call("db", "restore", str(backup))
    assert (record.folder / "architect.db.2").exists()
    assert record.verify().code == 0


@pytest.mark.parametrize(
    "what", ["nothing", "a folder", "a text", "an empty file", "another database", "half a copy", "itself"]
)
def test_what_cannot_be_restored_leaves_the_store_as_it_is(record: Record, backup: Path, what: str) -> None:
    match what:
        case "a folder":
            backup.mkdir()
        case "a text":
            backup.write_text("my notes")
        case "an empty file":
            backup.touch()
        case "another database":
            with contextlib.closing(sqlite3.connect(backup)) as other:
                other.execute("CREATE TABLE accounts (id)")
        case "half a copy":
            record.call("db", "backup", str(backup))
            backup.write_bytes(backup.read_bytes()[:20_000])
        case "itself":
            backup = record.file
        case _:
            pass
    said = record.call("db", "restore", str(backup))
    assert said.code in (1, 2), said
    assert str(backup) in said.err
    assert "RUN-2" in record.call("runs", "list").out
    assert record.verify().code == 0
    assert not (record.folder / "architect.db.1").exists()


def test_a_store_that_another_process_has_open_is_not_restored(record: Record, backup: Path) -> None:
    record.call("db", "backup", str(backup))
    with record.open() as stores:
        stores.index.list()
        said = record.call("db", "restore", str(backup))
        assert said.code == 2
        assert "another process has the store open (end it first)" in said.err
    assert record.call("db", "restore", str(backup)).code == 0


def test_a_damaged_store_is_moved_aside_and_the_copy_put_in_its_place(record: Record, backup: Path) -> None:
    record.call("db", "backup", str(backup))
    damaged = b"not a database " * 5000
    record.file.write_bytes(damaged)
    said = record.call("db", "restore", str(backup))
    assert said.code == 0, said
    assert (record.folder / "architect.db.1").read_bytes() == damaged
    assert record.verify().code == 0


@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.05, 0.1, 0.15, 0.2])
def test_a_restore_that_is_killed_leaves_the_old_or_the_new(record: Record, backup: Path, delay_s: float) -> None:
    record.call("db", "backup", str(backup))
    record.run(shell("1.1", "echo three"))
    script = (
        "import sys, os, pathlib; from architect.wiring.restoring import restore; print(1, flush=True)\n"
        "restore(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), os.environ)"
    )
    argv = [sys.executable, "-c", script, str(backup), str(record.folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
    listed = record.call("runs", "list").out
    assert "RUN-2" in listed
    said = record.verify("--format", "json").json
    assert said["events"] >= 12
    assert {fault["kind"] for fault in said["faults"]} <= {"copy"}


def test_a_copy_with_an_odd_name_is_restored(record: Record, tmp_path: Path) -> None:
    backup = tmp_path / "a?b#c%41 d.db"
    assert record.call("db", "backup", str(backup)).code == 0
    assert record.call("db", "restore", str(backup)).code == 0


# Rebuild


def test_rebuilt_lists_are_equal_to_those_before(record: Record) -> None:
    record.run(shell("1.1", "false"), title="Another \x1b[31m title")
    before = record.call("runs", "list", "--format", "json").json
    with record.hand() as hand:
        hand.sql("UPDATE runs SET line = NULL WHERE number = 1")
        hand.sql("UPDATE runs SET line = replace(line, 'read', 'verified')")
        hand.sql("DELETE FROM runs WHERE number = 2")
    assert record.call("runs", "list", "--format", "json").json != before
    assert record.call("db", "rebuild").out == "3 runs.\n"
    assert record.call("runs", "list", "--format", "json").json == before
    assert record.run(shell("1.1", "true")) == "RUN-4"


def test_a_line_that_is_none_names_the_way_to_mend_it(record: Record) -> None:
    with record.hand() as hand:
        hand.sql("UPDATE runs SET line = 'x' WHERE number = 1")
    said = record.call("runs", "list")
    assert (said.code, "`architect db rebuild` makes all of them again" in said.err) == (1, True)


def test_nothing_is_rebuilt_from_events_that_are_not_whole(record: Record) -> None:
    before = record.call("runs", "list").out
    with record.hand() as hand:
        hand.sql("UPDATE events SET actor = 'x' WHERE stream = 'run:RUN-2' AND seq = 2")
    said = record.call("db", "rebuild")
    assert (said.code, "event 2 of run:RUN-2" in said.err) == (1, True)
    assert record.call("runs", "list").out == before


def test_a_backup_by_the_library_is_one_of_the_command_line(record: Record, backup: Path) -> None:
    back_up(record.file, backup)
    assert record.call("db", "restore", str(backup)).code == 0
