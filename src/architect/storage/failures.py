"""What a database says when it fails, in words of ours: who must act, and what to do."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from architect.kernel.errors import ArchitectError, ConflictError, IntegrityError, OutsideError


class StoreError(OutsideError):
    """The store cannot be reached or written; nothing may run that cannot be recorded."""

    code = "store"


_SQLITE: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space; nothing was run that is not recorded"),
    sqlite3.SQLITE_READONLY: ("it is read-only", "make file and folder writable, or name another with --state"),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "look at the state folder's owner and mode"),
    sqlite3.SQLITE_BUSY: ("another process holds it", "try again"),
    sqlite3.SQLITE_IOERR: ("reading or writing the disk failed", "look at the disk; nothing unrecorded was run"),
}
_NOT_A_STORE = frozenset((sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT))
_ROOM = 1 << 18
_NO_SPACE, _READ_ONLY = "53100", "25006"
_NOT_ALLOWED = frozenset(("42501", "3F000"))
"""Insufficient privilege, no schema to make tables in."""
_TAKEN = frozenset(("23505", "40001", "40P01"))
"""Unique violation, serialization failure, deadlock."""
_UNREACHABLE = ("08", "57P", "28", "3D", "53")


@contextmanager
def in_our_words(place: str) -> Iterator[None]:
    """Turn failures of the database into errors of ours; `place` names the store without its password."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(error.orig, place) from error
    except sqlite3.Error as error:
        raise _of_sqlite(error, place) from error
    except PoolTimeoutError as error:
        raise StoreError("all connections are in use", place=place, hint="try again") from error
    except SQLAlchemyError as error:
        raise StoreError(f"the store cannot be used: {type(error).__name__}", place=place) from error


def _translated(error: BaseException | None, place: str) -> ArchitectError:
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, place)
    state = getattr(error, "sqlstate", None)
    first = str(error).strip().partition("\n")[0][:200]
    if state in _TAKEN:
        return ConflictError(f"somebody else was there first: {first}", place=place)
    if state == _NO_SPACE:
        hint = _SQLITE[sqlite3.SQLITE_FULL][1]
        return StoreError("the log cannot be written: the disk is full", place=place, hint=hint)
    if state == _READ_ONLY:
        return StoreError("the log cannot be written: the database is read-only", place=place)
    if state in _NOT_ALLOWED:
        return StoreError(f"the store may not be used: {first}", place=place, hint="give it a database of its own")
    if state is None or state.startswith(_UNREACHABLE):
        return StoreError(f"the store cannot be reached: {first}", place=place, hint="runs stay as they are")
    return StoreError(f"the store does not do what it should: {first}", place=place)


def _of_sqlite(error: sqlite3.Error, place: str) -> ArchitectError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _NOT_A_STORE:
        return IntegrityError("this is no database of Architect's, or it is damaged", place=place)
    if isinstance(error, sqlite3.IntegrityError):
        return ConflictError(f"somebody else was there first: {error}", place=place)
    if code == sqlite3.SQLITE_IOERR and _is_full(place):
        code = sqlite3.SQLITE_FULL
    what, hint = _SQLITE.get(code, (str(error)[:200], ""))
    return StoreError(f"the log cannot be written: {what}", place=place, hint=hint)


def _is_full(place: str) -> bool:
    """Say whether there is no room beside the file; SQLite does not say so of the files that it keeps there."""
    try:
        return shutil.disk_usage(Path(place).parent).free < _ROOM
    except OSError:
        return False
