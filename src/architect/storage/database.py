"""One database, SQLite or PostgreSQL: connections, transactions, the store's own time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from architect.kernel.errors import SettingsError
from architect.storage.failures import in_our_words

BUSY_S = 30
"""How long a writer waits for another one on SQLite."""

_ASK_AGAIN_S = 5.0
_SCHEMES = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}


class Database:
    """A database and how to talk to it; several threads and processes may."""

    def __init__(self, engine: Engine, *, place: str) -> None:
        self._engine = engine
        self._reader = engine if self.is_sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")
        self.place = place

    @property
    def is_sqlite(self) -> bool:
        """Say whether it is a file of SQLite's."""
        return self._engine.dialect.name == "sqlite"

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, for migrations."""
        return self._engine

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
        """Give a connection whose reads all see the same moment."""
        with in_our_words(self.place):
            if self.is_sqlite:
                with self._engine.connect() as connection:
                    connection.exec_driver_sql("BEGIN")
                    yield connection
                return
            repeatable = self._engine.execution_options(isolation_level="REPEATABLE READ")
            with repeatable.connect() as connection:
                yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def open_database(url: str) -> Database:
    """Open the database behind a URL: `sqlite:///FILE`, or `postgresql://…` with the driver psycopg.

    Nothing is connected yet. Raises SettingsError for another kind of URL; no message holds a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError("the store's address is no URL", hint="expected postgresql://USER@HOST/DATABASE") from error
    scheme = _SCHEMES.get(parsed.drivername.partition("+")[0])
    if scheme is None:
        raise SettingsError(
            f"the store cannot be a database of kind {parsed.drivername}", hint="expected postgresql:// or sqlite:///"
        )
    parsed = parsed.set(drivername=scheme)
    place = parsed.render_as_string(hide_password=True)
    if scheme == "sqlite":
        return Database(_sqlite(Path(parsed.database or ""), parsed.render_as_string()), place=parsed.database or "")
    engine = create_engine(parsed, pool_size=4, max_overflow=8, connect_args={"connect_timeout": 10})
    return Database(engine, place=place.replace("+psycopg", ""))


def _sqlite(path: Path, url: str) -> Engine:
    options = {"isolation_level": None, "timeout": BUSY_S, "check_same_thread": False}
    engine = create_engine(url, connect_args=options)

    def prepare(connection: Any, record: ConnectionPoolEntry) -> None:
        del record
        cursor: sqlite3.Cursor = connection.cursor()
        for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on", "temp_store = memory"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", prepare)
    if not path.exists():
        path.touch(mode=0o600)
    return engine


class DatabaseClock:
    """The database server's own clock, asked now and then and extrapolated in between."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked_at_s = -_ASK_AGAIN_S
        self._then = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the server's present moment."""
        passed_s = time.monotonic() - self._asked_at_s
        if passed_s >= _ASK_AGAIN_S:
            with self._database.read() as connection:
                self._then = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one().astimezone(UTC)
            self._asked_at_s, passed_s = time.monotonic(), 0.0
        return self._then + timedelta(seconds=passed_s)

    def monotonic_s(self) -> float:
        """Return this machine's monotonic seconds."""
        return time.monotonic()
