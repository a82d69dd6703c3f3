"""All stores over one database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from architect.kernel.clock import Clock, SteadyClock, SystemClock
from architect.runs.state import fold
from architect.runs.summaries import summary_of
from architect.storage.checkpoints import SqlCheckpoints
from architect.storage.database import Database, DatabaseClock, open_database
from architect.storage.events import SqlEvents
from architect.storage.leases import SqlLeases, SqlTargetLocks
from architect.storage.people import SqlPeople, SqlTrust
from architect.storage.runs import SqlOutputs, SqlRunIndex
from architect.storage.upgrading import require_current

FILE_NAME = "architect.db"
_RUN_STREAM = "run:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything that is kept, and the clock by which it is kept; a context manager that closes the database."""

    database: Database
    clock: SteadyClock
    events: SqlEvents
    leases: SqlLeases
    locks: SqlTargetLocks
    outputs: SqlOutputs
    index: SqlRunIndex
    people: SqlPeople
    trust: SqlTrust
    checkpoints: SqlCheckpoints

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def rebuild(self) -> int:
        """Make the lines of all runs again from their events; return how many."""
        names = [head.stream for head in self.events.heads() if head.stream.startswith(_RUN_STREAM)]
        lines = [summary_of(fold(self.events.read(name))) for name in names]
        self.index.replace_all(lines)
        return len(lines)


def store_place(folder: Path) -> str:
    """Return the URL of the store in a state folder."""
    return f"sqlite:///{folder / FILE_NAME}"


def open_stores(url: str, *, adjust: Callable[[Clock], Clock] | None = None) -> Stores:
    """Open the stores behind a URL; an empty database gets its tables.

    Raises IntegrityError for a database that is not ours, SettingsError for one of another version or a wrong URL,
    StoreError where it cannot be reached. `adjust` puts a test's clock around the store's: this machine's on SQLite,
    the server's on PostgreSQL.
    """
    database = open_database(url)
    try:
        base: Clock = SystemClock() if database.is_sqlite else DatabaseClock(database)
        clock = SteadyClock(adjust(base) if adjust else base)
        require_current(database, clock)
        return _stores(database, clock)
    except BaseException:
        database.close()
        raise


def _stores(database: Database, clock: SteadyClock) -> Stores:
    events = SqlEvents(database, clock)
    return Stores(
        database=database,
        clock=clock,
        events=events,
        leases=SqlLeases(database, clock),
        locks=SqlTargetLocks(database, clock),
        outputs=SqlOutputs(database),
        index=SqlRunIndex(database),
        people=SqlPeople(database, events),
        trust=SqlTrust(events),
        checkpoints=SqlCheckpoints(database, events, clock),
    )
