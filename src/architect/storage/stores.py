"""All stores over one database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from architect.kernel.clock import Clock, SteadyClock, SystemClock
from architect.runs.events import is_of_run
from architect.runs.state import fold
from architect.runs.summaries import summary_of
from architect.storage.checkpoints import SqlCheckpoints
from architect.storage.database import BUSY_S, Database, DatabaseClock, open_database
from architect.storage.events import SqlEvents
from architect.storage.leases import SqlLeases, SqlTargetLocks
from architect.storage.moments import Moment, moment_of
from architect.storage.people import SqlPeople, SqlTrust
from architect.storage.runs import SqlOutputs, SqlRunIndex
from architect.storage.upgrading import require_current

FILE_NAME = "architect.db"


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

    def moment(self) -> AbstractContextManager[Moment]:
        """Give all that is stored, as of the moment of the first look at it."""
        return moment_of(self.database)

    def rebuild(self) -> int:
        """Make the lines of all runs again from their events; return how many."""
        names = (head.stream for head in self.events.heads() if is_of_run(head.stream))
        return self.index.replace_all(summary_of(fold(self.events.read(name))) for name in names)


def store_place(folder: Path) -> Path:
    """Return the file of the store in a state folder."""
    return folder / FILE_NAME


def open_stores(
    address: str | Path, *, adjust: Callable[[Clock], Clock] | None = None, busy_s: float = BUSY_S
) -> Stores:
    """Open the stores in a file or behind a URL; an empty database gets its tables.

    Raises IntegrityError for a database that is not ours, SettingsError for one of another version or a wrong URL,
    StoreError where it cannot be reached. `adjust` puts a test's clock around the store's: this machine's on SQLite,
    the server's on PostgreSQL.
    """
    database = open_database(address, busy_s=busy_s)
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
