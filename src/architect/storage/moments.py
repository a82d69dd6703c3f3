"""All that is stored, as of one moment, for proving it: nothing that is written meanwhile shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, bindparam, exists, literal, select
from sqlalchemy import Text as TextType
from sqlalchemy import cast as sql_cast

from architect.audit.checkpoints import CHECKPOINTS
from architect.audit.model import Entry
from architect.audit.proof import KeptHead
from architect.kernel.ids import PersonId, RunId
from architect.runs.events import stream_of
from architect.runs.ports import OutputChunk, OutputKey
from architect.storage.database import Database
from architect.storage.events import ALL_EVENTS, entries_of
from architect.storage.runs import OF_ATTEMPT, chunk_of, number_of, run_called
from architect.storage.schema import events, installation, person_secrets, runs, streams

_CHECKPOINTS = select(events).where(events.c.stream == CHECKPOINTS).order_by(events.c.seq)
_HEADS = select(streams.c.stream, streams.c.seq, streams.c.hash, streams.c.covered).execution_options(yield_per=1000)
_LINE = select(runs.c.line).where(runs.c.number == bindparam("run"))
_BEREFT = select(runs.c.number).where(
    runs.c.line.is_not(None),
    ~exists().where(events.c.stream == literal(stream_of(run_called(""))) + sql_cast(runs.c.number, TextType)),
)
_CHUNKS = OF_ATTEMPT.execution_options(yield_per=4)


class Moment:
    """What is stored, seen through one connection that keeps to one moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def store(self) -> str:
        """Return what the store calls itself; empty where somebody took its name away."""
        return str(self._connection.execute(select(installation.c.store)).scalar() or "")

    def checkpoints(self) -> Iterator[Entry]:
        """Yield the stream of checkpoints."""
        return entries_of(self._connection, _CHECKPOINTS)

    def entries(self) -> Iterator[Entry]:
        """Yield every entry, stream by stream and in order."""
        return entries_of(self._connection, ALL_EVENTS)

    def heads(self) -> Iterator[KeptHead]:
        """Yield what is kept beside the events of every stream."""
        with self._connection.execute(_HEADS) as rows:
            yield from map(KeptHead._make, rows)

    def line(self, run: RunId) -> str | None:
        """Return the line of a run as it is stored; None where there is none."""
        return self._connection.execute(_LINE, {"run": number_of(run)}).scalar()

    def bereft(self) -> Iterator[RunId]:
        """Yield the runs that have a line and no events."""
        return (run_called(str(number)) for number in self._connection.execute(_BEREFT).scalars())

    def chunks(self, key: OutputKey) -> Iterator[OutputChunk]:
        """Yield the stored output of an attempt, in order."""
        names = {"run": key.run, "action": key.action, "attempt": key.attempt, "after": -1}
        with self._connection.execute(_CHUNKS, names) as rows:
            yield from (chunk_of(*row) for row in rows)

    def verifiers(self) -> Mapping[PersonId, str]:
        """Return the verifiers of people's secrets, by name."""
        query = select(person_secrets.c.person, person_secrets.c.verifier)
        return {PersonId(person): verifier for person, verifier in self._connection.execute(query)}


@contextmanager
def moment_of(database: Database) -> Iterator[Moment]:
    """Give what is stored at the moment of the first look at it."""
    with database.snapshot() as connection:
        yield Moment(connection)
