"""A store in a file: what is no store, what cannot be written, who else is there, what odd names do to it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from architect.audit.model import Draft
from architect.kernel.errors import ArchitectError, IntegrityError, SettingsError
from architect.kernel.ids import StreamId
from architect.storage.failures import StoreError
from architect.storage.stores import open_stores
from record_world import Record
from runs_world import shell

DRAFT = Draft(kind="noted", actor="person:dana", data={"text": "x" * 1000})


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """An empty state folder."""
    return Record.of_new(tmp_path / "state", "sqlite")


_DROPPING = """
import ctypes, os, sys
for capability in range(64):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
WITHOUT_RIGHTS = (sys.executable, "-c", _DROPPING)
"""Lets even root obey the modes of files: capabilities leave the bounding set before the next program begins."""


def files_no_larger_than(size: int) -> Sequence[str]:
    code = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
    return (sys.executable, "-c", f"{code}; os.execv(sys.argv[1], sys.argv[1:])")


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


# What is no store of ours is refused and left as it is


def foreign(path: Path, *, journal: str = "delete", table: str = "CREATE TABLE accounts (id)") -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute(table)


def text(path: Path, content: str) -> None:
    path.write_text(content)


NOT_OURS: dict[str, Callable[[Path], None]] = {
    "a text": lambda path: text(path, "These are my notes.\n" * 100),
    "a short text": lambda path: text(path, "x"),
    "another program's database": foreign,
    "another program's database with a journal ahead": lambda path: foreign(path, journal="wal"),
    "another program's database with a table of that name": lambda path: foreign(
        path, table="CREATE TABLE events (id)"
    ),
    "a view only": lambda path: foreign(path, table="CREATE VIEW v AS SELECT 1"),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("name", NOT_OURS)
@pytest.mark.parametrize(
    "words", [("runs", "list"), ("audit", "verify"), ("db", "upgrade"), ("db", "backup", "/tmp/x")]
)
def test_what_is_no_store_is_refused_and_not_touched(record: Record, name: str, words: tuple[str, ...]) -> None:
    NOT_OURS[name](record.file)
    before = digests(record.folder)
    said = record.call(*words)
    assert said.code == 1, said
    assert str(record.file) in said.err
    assert said.out == ""
    assert digests(record.folder) == before


def test_an_empty_file_becomes_a_private_store(record: Record) -> None:
    record.file.touch(mode=0o644)
    assert record.call("runs", "list").code == 0
    assert stat.S_IMODE(record.file.stat().st_mode) == 0o600


def test_a_store_of_a_newer_version_is_refused_and_not_touched(record: Record) -> None:
    record.add("notes", {"x": 1})
    with record.hand() as hand:
        hand.sql("UPDATE alembic_version SET version_num = '9999'")
    before = digests(record.folder)
    for words in (("runs", "list"), ("db", "upgrade"), ("audit", "verify"), ("db", "backup", str(record.folder / "b"))):
        said = record.call(*words)
        assert said.code == 2, said
        assert "newer version of Architect (9999; this one knows" in said.err
        assert digests(record.folder) == before


def test_a_store_of_an_older_version_asks_to_be_upgraded(record: Record) -> None:
    record.add("notes", {"x": 1})
    with record.hand() as hand:
        hand.sql("UPDATE alembic_version SET version_num = '0000'")
    said = record.call("runs", "list")
    assert (said.code, "run `architect db upgrade`" in said.err) == (2, True)


def test_a_store_whose_link_leads_nowhere_cannot_be_made(record: Record) -> None:
    record.file.symlink_to("/no/such/folder/x")
    said = record.call("runs", "list")
    assert (said.code, "the store cannot be made: No such file or directory" in said.err) == (2, True)


@pytest.mark.parametrize(
    "address", ["sqlite://", "mysql://u:geheim@h/d", "geheim", "", "postgresql://u:geheim@h:port/d"]
)
def test_an_address_that_is_none_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_stores(address)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["with blank", "a?b=c", "100%41", "x#y", "ä\u202eö", "'quote\"", "a;b&c", "=x", "~", "new\nline"]
)
def test_a_state_folder_may_have_an_odd_name(tmp_path: Path, name: str) -> None:
    record = Record.of_new(tmp_path / name, "sqlite")
    record.add("notes", {"x": 1})
    record.checkpoint()
    assert record.verify().code == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
    backup = tmp_path / f"{name}.backup"
    assert record.call("db", "backup", str(backup)).code == 0
    assert record.call("db", "restore", str(backup)).code == 0
    assert {path.name for path in record.folder.iterdir()} >= {"architect.db", "architect.db.1", "checkpoints.jsonl"}


# What cannot be written


def test_a_read_only_store_is_read_and_refuses_what_would_write(record: Record) -> None:
    record.add("notes", {"x": 1})
    record.file.chmod(0o400)
    assert record.call_apart("runs", "list", through=WITHOUT_RIGHTS).code == 0
    said = record.call_apart("person", "add", "eli", "--no-secret", "--account", "x", through=WITHOUT_RIGHTS)
    assert said.code == 2
    assert "the log cannot be written: it is read-only (make file and folder writable" in said.err


@pytest.mark.parametrize(("mode", "words"), [(0o500, "the state folder is read-only"), (0o000, "the state folder is")])
def test_a_state_folder_that_cannot_be_written_says_so(record: Record, mode: int, words: str) -> None:
    record.add("notes", {"x": 1})
    record.folder.chmod(mode)
    try:
        said = record.call_apart("runs", "list", through=WITHOUT_RIGHTS)
    finally:
        record.folder.chmod(0o700)
    assert (said.code, words in said.err) == (2, True)


def test_a_store_that_cannot_be_read_says_so(record: Record) -> None:
    record.add("notes", {"x": 1})
    record.file.chmod(0o000)
    said = record.call_apart("runs", "list", through=WITHOUT_RIGHTS)
    assert (said.code, "it cannot be opened (look at the state folder's owner and mode)" in said.err) == (2, True)


def test_a_state_folder_that_others_may_enter_is_refused(record: Record) -> None:
    record.folder.chmod(0o750)
    said = record.call("runs", "list")
    assert (said.code, "open to others (mode 0750)" in said.err) == (2, True)


@pytest.fixture
def full_disk(record: Record) -> Iterator[Path]:
    """A state folder on a file system of one megabyte, where mounting is allowed."""
    record.folder.chmod(0o700)
    argv = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(record.folder)]
    if subprocess.run(argv, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield record.folder
    subprocess.run(["umount", "-l", str(record.folder)], check=True)


def fill(ballast: Path) -> None:
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_on_a_full_disk_nothing_is_recorded_and_nothing_is_run(record: Record, full_disk: Path, tmp_path: Path) -> None:
    record.add("notes", {"x": 1})
    fill(full_disk / "ballast")
    marker = tmp_path / "marker"
    with pytest.raises(StoreError, match="the log cannot be written: the disk is full"):
        record.run(*[shell(f"1.{number}", f"echo {'x' * 4000} > {marker}") for number in range(1, 9)])
    assert not marker.exists()
    (full_disk / "ballast").unlink()
    run = record.run(shell("1.1", f"touch {marker}"))
    assert marker.exists()
    assert run in ("RUN-1", "RUN-2")
    assert record.verify().code == 0


@pytest.mark.parametrize("room", [0, 4096, 20_000])
def test_where_files_may_not_grow_nothing_is_recorded_and_the_store_stays_whole(record: Record, room: int) -> None:
    record.add("notes", *({"x": "y" * 900} for _ in range(60)))
    size = record.file.stat().st_size
    words = ("person", "add", "eli", "--no-secret", "--account", "x" * 60_000)
    said = record.call_apart(*words, through=files_no_larger_than(max(room, 1)))
    assert said.code == 2, said
    assert "the log cannot be written: reading or writing the disk failed" in said.err or "the disk is full" in said.err
    assert record.file.stat().st_size <= size + room
    assert record.verify().code == 0
    assert record.call("person", "list").out.startswith("One person")


def test_a_store_that_another_process_holds_for_longer_than_the_wait_says_so(record: Record) -> None:
    record.add("notes", {"x": 1})
    with open_stores(record.file, busy_s=0.2) as stores, record.hand() as hand:
        hand.sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"the log cannot be written: another process holds it.*try again"):
            stores.events.append(StreamId("notes"), [DRAFT], expected_seq=1)
        assert len(stores.events.read(StreamId("notes"))) == 1
        hand.sql("COMMIT")
        assert len(stores.events.append(StreamId("notes"), [DRAFT], expected_seq=1)) == 1


def test_opening_a_store_drops_no_lock_that_this_process_has_on_it(record: Record) -> None:
    with record.open() as stores:
        append = stores.events.append
        append(StreamId("notes"), [DRAFT], expected_seq=0)
        assert record.call("runs", "list").code == 0
        assert record.call("db", "backup", str(record.folder / "backup")).code == 0
        assert record.call_apart("runs", "list").code == 0
        assert record.file.with_name("architect.db-wal").exists()
        append(StreamId("notes"), [DRAFT], expected_seq=1)
    assert record.verify("--format", "json").json["events"] == 2


# Files are private


def test_everything_in_the_state_folder_is_private_whatever_the_umask(record: Record, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with record.open() as stores:
            stores.events.append(StreamId("notes"), [DRAFT], expected_seq=0)
            record.run(shell("1.1", "echo x > made; mkdir folder"))
            record.checkpoint()
            modes = modes_below(record.folder)
        assert {"architect.db-wal", "architect.db-shm"} <= {path.name for path in modes}
        backup, export = tmp_path / "backup", tmp_path / "export"
        record.call("db", "backup", str(backup))
        record.call("audit", "export", "--file", str(export))
        record.call("db", "restore", str(backup))
        modes |= modes_below(record.folder) | {backup: mode_of(backup), export: mode_of(export)}
    finally:
        os.umask(before)
    scratch = record.folder / "runs"
    assert {path.name: oct(mode) for path, mode in modes.items() if mode & 0o077 and scratch not in path.parents} == {}
    assert all(mode_of(folder) == 0o700 for folder in scratch.iterdir())


def modes_below(folder: Path) -> dict[Path, int]:
    return {path: mode_of(path) for path in (folder, *folder.rglob("*"))}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_no_secret_of_a_run_or_a_person_is_in_any_file(record: Record, tmp_path: Path) -> None:
    secret = "correct horse battery staple"
    record.call("person", "add", "eli", stdin=f"{secret}\n")
    record.checkpoint()
    backup, export = tmp_path / "backup", tmp_path / "export"
    record.call("db", "backup", str(backup))
    record.call("audit", "export", "--file", str(export))
    for path in (backup, export, *record.folder.rglob("*")):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()
            assert secret.split()[1].encode() not in path.read_bytes()


# Several at once


def test_many_processes_that_open_an_empty_folder_at_once_make_one_store(record: Record) -> None:
    processes = [record.process("person", "add", f"p{number}", "--no-secret", "--account", "x") for number in range(6)]
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode in (0, 2), err
        assert process.returncode == 0 or "people has moved" in err or "first" in err
    with record.hand() as hand:
        assert hand.sql("SELECT count(*) FROM installation") == [(1,)]
    assert record.verify().code == 0


def test_many_threads_append_to_one_file_without_an_error(record: Record) -> None:
    errors: list[ArchitectError] = []

    def add(number: int) -> None:
        with record.open() as stores:
            stream = StreamId(f"s{number}")
            for seq in range(30):
                try:
                    stores.events.append(stream, [DRAFT], expected_seq=seq)
                except ArchitectError as error:
                    errors.append(error)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert record.verify("--format", "json").json["events"] == 120


def test_a_stream_whose_end_was_cut_off_is_read_by_nobody(record: Record) -> None:
    record.add("notes", {"x": 1}, {"x": 2})
    with record.hand() as hand:
        hand.sql("DELETE FROM events WHERE stream = 'notes' AND seq = 2")
    with record.open() as stores, pytest.raises(IntegrityError, match="the store says that it goes to 2"):
        stores.events.read(StreamId("notes"))


def test_text_that_is_no_utf_8_is_an_edit_and_no_crash(record: Record) -> None:
    record.add("notes", {"x": 1}, {"x": 2})
    with record.hand() as hand:
        hand.sql("UPDATE events SET data = CAST(x'7b22ff' AS TEXT) WHERE seq = 2")
    said = record.verify()
    assert (said.code, "event 2 of notes" in said.out) == (1, True)
    with record.hand() as hand:
        hand.sql("UPDATE events SET actor = CAST(x'ff1b5b33316d' AS TEXT) WHERE seq = 1")
    said = record.verify()
    assert (said.code, "event 1 of notes" in said.out, "\x1b" in said.out) == (1, True, False)


@pytest.mark.parametrize("value", ["x'00'", "NULL", "'text'", "1.5"])
@pytest.mark.parametrize("column", ["seq", "at", "data", "version", "hash", "stream"])
def test_a_column_that_holds_what_it_cannot_hold_is_an_edit_and_no_crash(
    record: Record, column: str, value: str
) -> None:
    record.add("notes", {"x": 1}, {"x": 2}, {"x": 3})
    with record.hand() as hand:
        if value == "NULL":
            hand.sql("PRAGMA writable_schema = on")
            hand.sql("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'events'")
            hand.sql("PRAGMA writable_schema = reset")
        hand.sql(f"UPDATE events SET {column} = {value} WHERE seq = 2")
    said = record.verify()
    assert said.code == 1, said
    assert "event 2 of notes" in said.out or column in ("stream", "seq")
