"""Copies of a store: taken while it is in use, put back beside the one that is there."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from architect.audit.canonical import moment_text
from architect.kernel.errors import ConflictError, IntegrityError, UsageError
from architect.storage.database import open_database
from architect.storage.failures import StoreError
from architect.storage.upgrading import Standing, standing_of


def back_up(store: Path, target: Path) -> None:
    """Copy a SQLite store to `target`, whole and of one moment, while others write.

    Raises UsageError where `target` exists, StoreError where it cannot be written.
    """
    if target.exists():
        raise UsageError(f"{target} exists already", hint="name a new file; nothing was overwritten")
    new = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with _opened(store) as source, _opened(new) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = delete")
        os.link(new, target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"the copy could not be written: {error}", place=str(target)) from error
    finally:
        new.unlink(missing_ok=True)


def put_back(copy: Path, store: Path) -> Path | None:
    """Put a copy in the place of the store; return where the store that was there lies now.

    Raises UsageError for what is no file, IntegrityError for what is no store of ours or damaged; nothing moved then.
    """
    if not copy.is_file():
        raise UsageError(f"{copy} is no file", hint="name a copy that `architect db backup` made")
    _require_store(copy)
    aside = None
    if store.exists():
        aside = next(
            path for number in range(1, 10_000) if not (path := store.with_name(f"{store.name}.{number}")).exists()
        )
        with _opened(store) as present:
            present.execute("PRAGMA wal_checkpoint(truncate)")
        store.rename(aside)
        for suffix in ("-wal", "-shm"):
            store.with_name(store.name + suffix).unlink(missing_ok=True)
    back_up(copy, store)
    return aside


def _numbered(store: Path, number: int) -> Path:
    return store.with_name(f"{store.name}.{number}")


def _require_idle(connection: sqlite3.Connection) -> None:
    """Refuse to move a store under a worker that carries a run out."""
    query = "SELECT subject, owner FROM leases WHERE NOT is_released AND expires_at > ?"
    with contextlib.suppress(sqlite3.Error):
        held = connection.execute(query, (moment_text(datetime.now(UTC)),)).fetchone()
        if held is not None:
            raise ConflictError(f"{held[0]} is being carried out by {held[1]}", hint="let it end, or interrupt it")


def _require_store(copy: Path) -> None:
    database = open_database(f"sqlite:///{copy}")
    try:
        if standing_of(database) is Standing.EMPTY:
            raise IntegrityError("there is no store in it", place=str(copy))
    finally:
        database.close()
    with _opened(copy) as connection:
        answer = connection.execute("PRAGMA quick_check").fetchone()
        if answer != ("ok",):
            raise IntegrityError(f"the copy is damaged: {answer[0]}", place=str(copy))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=30)
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()
