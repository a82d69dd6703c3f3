"""Copies of a store in a file: taken while it is in use, put back into it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from architect.audit.model import Draft, Json
from architect.kernel.errors import ConflictError, IntegrityError, UsageError
from architect.kernel.ids import StreamId
from architect.storage.database import open_database
from architect.storage.failures import StoreError
from architect.storage.upgrading import Standing, standing_of

UPKEEP = StreamId("store")
"""The stream of what is done to the store as a whole."""

_RESTORED = "store.restored"
_BUSY_S = 30.0
_DAMAGED = frozenset((sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT))


def restored(copy: Path, *, aside: Path | None, newest: str, by: str) -> Draft:
    """Return the event by which a store says that it is a copy. `newest` is the last checkpoint known before it."""
    data: dict[str, Json] = {"copy": str(copy), "copy_sha256": _sha256(copy), "aside": str(aside or ""), "by": by}
    return Draft(kind=_RESTORED, actor=by, data={**data, "newest_checkpoint": newest})


def back_up(store: Path, target: Path) -> None:
    """Copy a store to `target`, whole and of one moment, while others write.

    Raises UsageError where `target` exists or there is no store, IntegrityError for what is none of ours, StoreError
    where the copy cannot be written.
    """
    _require_store(store)
    _copy_new(store, target)


def put_back(copy: Path, store: Path) -> Path | None:
    """Put a copy in the place of what the store holds, all of it at once; return where that lies now.

    Raises UsageError for what is no file, IntegrityError for what is no store of ours or damaged, ConflictError while
    another process has the store open; nothing is changed then.
    """
    if not copy.is_file():
        raise UsageError(f"{copy} is no file", hint="name a copy that `architect db backup` made")
    if store.exists() and copy.samefile(store):
        raise UsageError(f"{copy} is the store itself", hint="name a copy that `architect db backup` made")
    _require_store(copy)
    _require_whole(copy)
    if not store.exists():
        _copy_new(copy, store)
        return None
    aside = _free_name(store)
    try:
        with _alone(store) as present:
            _copy(present, aside)
            _overwrite(present, copy)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
            raise _failed(error, store) from error
        _move(store, aside)
        _copy_new(copy, store)
    return aside


def _require_store(path: Path) -> None:
    database = open_database(path)
    try:
        if standing_of(database) is Standing.EMPTY:
            raise UsageError("there is no store in it", place=str(path))
    finally:
        database.close()


def _require_whole(copy: Path) -> None:
    try:
        with _reading(copy) as connection:
            answer = connection.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        raise _failed(error, copy) from error
    if answer != ("ok",):
        raise IntegrityError(f"the copy is damaged: {answer[0]}", place=str(copy))


def _copy_new(source: Path, target: Path) -> None:
    """Copy a store to a file that is not there yet; it appears whole or not at all."""
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise UsageError(f"{target} exists already", hint="name a new file; nothing was overwritten") from error
    except OSError as error:
        raise _failed(error, target) from error
    new = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with _reading(source) as connection:
            _copy(connection, new)
        new.replace(target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        target.unlink(missing_ok=True)
        raise _failed(error, target) from error
    finally:
        new.unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, target: Path) -> None:
    """Copy what a connection sees to a new file of mode 0600, one that needs no other file beside it."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = delete")


def _overwrite(present: sqlite3.Connection, copy: Path) -> None:
    """Overwrite a store in one transaction. Numbers of runs that were given out since are not given out again."""
    number = _last_run(present)
    with _reading(copy) as source:
        source.backup(present)
    present.execute(
        "INSERT INTO sqlite_sequence SELECT 'runs', 0 WHERE 'runs' NOT IN (SELECT name FROM sqlite_sequence)"
    )
    present.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'runs'", (number,))


def _last_run(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
    return int(found[0]) if found else 0


def _move(store: Path, aside: Path) -> None:
    """Move what is no database any more, with the files that SQLite kept beside it."""
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            store.with_name(store.name + suffix).rename(aside.with_name(aside.name + suffix))


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading, leaving nothing beside it."""
    is_in_use = path.with_name(f"{path.name}-wal").exists()
    options = "mode=ro" if is_in_use else "mode=ro&immutable=1"
    uri = f"file:{quote(str(path.absolute()))}?{options}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_S)) as connection:
        yield connection


@contextlib.contextmanager
def _alone(store: Path) -> Iterator[sqlite3.Connection]:
    """Open a store that no other process has open, and keep all others out."""
    with contextlib.closing(sqlite3.connect(store, isolation_level=None, timeout=1)) as connection:
        connection.execute("PRAGMA locking_mode = exclusive")
        try:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise ConflictError("another process has the store open", place=str(store), hint="end it first") from error
        yield connection


def _free_name(store: Path) -> Path:
    return next(path for number in range(1, 10_000) if not (path := store.with_name(f"{store.name}.{number}")).exists())


def _failed(error: OSError | sqlite3.Error, place: Path) -> StoreError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return StoreError(f"the copy could not be written: {reason}", place=str(place))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
