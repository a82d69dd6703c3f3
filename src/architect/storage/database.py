"""One database, SQLite or PostgreSQL: connections, transactions, the store's own time."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

from architect.kernel.errors import IntegrityError, SettingsError
from architect.storage.failures import StoreError, in_our_words

BUSY_S = 30.0
"""How long a writer waits for another one on SQLite."""

_ASK_AGAIN_S = 5.0
_SMALLEST = 512
"""No database of SQLite's is smaller; it takes what is for empty."""
_HOST = re.compile(r"[A-Za-z0-9._:-]*")
"""What else is taken for a host is a piece of a password."""

_POSTGRESQL = ("postgresql", "postgres")
_PRAGMAS = ("synchronous = full", "foreign_keys = on", "temp_store = memory")
_CONNECTING = {
    "application_name": "architect",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""A server that went away without a word is given up after half a minute; the address may say otherwise."""


class Database:
    """A database and how to talk to it; several threads and processes may. Nothing is connected before the first use.

    `file` is SQLite's, None on PostgreSQL; `place` is how people call it, without a password.
    """

    def __init__(self, engine: Engine, *, place: str, file: Path | None = None) -> None:
        self._engine = engine
        self._reader = engine if file is not None else engine.execution_options(isolation_level="AUTOCOMMIT")
        self.file = file
        self.place = place

    @property
    def is_sqlite(self) -> bool:
        """Say whether it is a file of SQLite's."""
        return self.file is not None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a transaction: committed, durably, when the block ends well."""
        with in_our_words(self.place), self._engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for single reads, each of which sees what is committed."""
        with in_our_words(self.place), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection whose reads all see the same moment: that of the first one."""
        with in_our_words(self.place):
            if self.is_sqlite:
                with self._engine.connect() as connection:
                    connection.exec_driver_sql("BEGIN")
                    yield connection
                return
            repeatable = self._engine.execution_options(isolation_level="REPEATABLE READ")
            with repeatable.connect() as connection:
                yield connection

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Give a connection that changes nothing, not even a file of another program's.

        Raises IntegrityError for a file that is none of a database.
        """
        if self.file is None:
            with self.read() as connection:
                yield connection
            return
        with in_our_words(self.place):
            looking = _looking(self.file)
            engine = create_engine("sqlite://", creator=lambda: looking, poolclass=NullPool)
            with engine.connect() as connection:
                yield connection

    def make_ready(self) -> None:
        """Make the file where there is none, and let readers and writers not wait for each other."""
        if self.file is None:
            return
        _make_private(self.file)
        with self.read() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = wal")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def open_database(address: str | Path, *, busy_s: float = BUSY_S) -> Database:
    """Open the database behind a path of SQLite's, or behind a URL: `postgresql://…`, `sqlite:///FILE`.

    Raises SettingsError for another kind of URL; no message holds a password.
    """
    if isinstance(address, Path):
        return _open_file(address, busy_s)
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise SettingsError("the store's address is no URL", hint=_EXPECTED) from error
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite" and url.database:
        return _open_file(Path(url.database), busy_s)
    if kind not in _POSTGRESQL:
        raise SettingsError(f"the store cannot be a database of kind {kind[:40]!r}", hint=_EXPECTED)
    if not _HOST.fullmatch(url.host or "") or "@" in (url.database or ""):
        raise SettingsError("the store's address is no URL", hint=_EXPECTED)
    return _open_server(url.set(drivername="postgresql+psycopg"))


_EXPECTED = "expected postgresql://USER@HOST/DATABASE; special characters of a password as %40"


def _open_server(url: URL) -> Database:
    given = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    engine = create_engine(url, pool_size=4, max_overflow=8, connect_args=given)
    place = url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
    return Database(engine, place=place)


def _open_file(path: Path, busy_s: float) -> Database:
    def connect() -> sqlite3.Connection:
        connection = _connect(path, "mode=rw", busy_s)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    return Database(engine, place=str(path), file=path)


def _connect(path: Path, options: str, busy_s: float) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?{options}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=busy_s, check_same_thread=False)
    connection.text_factory = _text
    return connection


def _text(data: bytes) -> str:
    """Return a text of the database; bytes that somebody put there and that are no UTF-8 come out as they are."""
    return data.decode("utf-8", "surrogateescape")


def _looking(path: Path) -> sqlite3.Connection:
    """Connect so that no file is made beside the database; a missing or an empty file is an empty database.

    The file is looked at through SQLite only: closing any other descriptor of it would drop the locks that this process
    has on it.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return sqlite3.connect(":memory:")
    except OSError as error:
        hint = "look at the state folder's owner and mode"
        raise StoreError(f"the store cannot be read: {error.strerror}", place=str(path), hint=hint) from error
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "no file"
        raise IntegrityError(f"this is {what}", place=str(path), hint="name a state folder of its own with --state")
    if not found.st_size:
        return sqlite3.connect(":memory:")
    if found.st_size < _SMALLEST:
        raise IntegrityError("this is no database", place=str(path), hint="nothing was changed")
    is_in_use = path.with_name(f"{path.name}-wal").exists()
    return _looking_on(path) if is_in_use else _looking_alone(path)


def _looking_alone(path: Path) -> sqlite3.Connection:
    """Connect to a file that nobody has open; if somebody comes meanwhile and it looks torn, look as one of several."""
    connection = _connect(path, "mode=ro&immutable=1", BUSY_S)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        connection.close()
        return _looking_on(path)
    return connection


def _looking_on(path: Path) -> sqlite3.Connection:
    return _connect(path, "mode=ro", BUSY_S)


def _make_private(path: Path) -> None:
    """Make the file where there is none, and take from others what they may do with it."""
    try:
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        elif path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"the store cannot be made: {error.strerror}", place=str(path)) from error


class DatabaseClock:
    """The database server's own clock, asked now and then and extrapolated in between."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: tuple[float, datetime] | None = None

    def now(self) -> datetime:
        """Return the server's present moment."""
        asked = self._asked
        if asked is None or time.monotonic() - asked[0] >= _ASK_AGAIN_S:
            with self._database.read() as connection:
                moment: Any = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
            self._asked = asked = time.monotonic(), moment.astimezone(UTC)
        return asked[1] + timedelta(seconds=time.monotonic() - asked[0])

    def monotonic_s(self) -> float:
        """Return this machine's monotonic seconds."""
        return time.monotonic()
