"""The append-only log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Dialect, Select, bindparam, func, insert, select, text, update

from architect.audit.canonical import event_of, link, parse_moment
from architect.audit.chain import whole_stream
from architect.audit.model import GENESIS, Draft, Entry, Event, EventStore, Fence, Head
from architect.kernel.clock import SteadyClock
from architect.kernel.errors import ConflictError, IntegrityError
from architect.kernel.ids import StreamId
from architect.storage.database import Database
from architect.storage.schema import events, leases, streams

_BATCH = 1000
_WIDTH = len(Entry._fields)
_HINT = "`architect audit verify` says more; nothing was recorded"
_REMEMBERED = 10_000

# Statements are built once: building one takes longer than running it.
_NEWEST = select(func.max(events.c.at))
_GENERATION = (
    select(leases.c.generation)
    .where(leases.c.subject == bindparam("subject"), leases.c.is_released.is_(False))
    .with_for_update(read=True)
)
_HEAD = (
    select(streams.c.seq, streams.c.hash, _NEWEST.scalar_subquery())
    .where(streams.c.stream == bindparam("name"))
    .with_for_update(of=streams)
)
_ADD = insert(events)
_ADD_HEAD = insert(streams)
_MOVE_HEAD = (
    update(streams)
    .where(streams.c.stream == bindparam("name"))
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)
_OF_STREAM = (
    select(*events.c, streams.c.seq.label("last"), streams.c.hash.label("last_hash"))
    .outerjoin(events, (events.c.stream == streams.c.stream) & (events.c.seq > bindparam("after")))
    .where(streams.c.stream == bindparam("name"))
    .order_by(events.c.seq)
)
ALL_EVENTS = select(events).order_by(events.c.stream, events.c.seq)
"""Stream by stream and in order."""

_MOVED_WHERE_ALL_IS_AS_KNOWN = """
    UPDATE streams SET seq = :seq, hash = :hash
    WHERE stream = :stream AND seq = :before AND hash = :prev
      AND COALESCE((SELECT max(at) FROM events), '') <= :at
      AND (CAST(:subject AS text) IS NULL OR EXISTS (
          SELECT 1 FROM leases WHERE subject = :subject AND generation = :generation AND NOT is_released))
"""
_ADDED = """
    INSERT INTO events (stream, seq, at, actor, kind, data, version, prev, hash)
    SELECT :stream, :seq, :at, :actor, :kind, :data, :version, :prev, :hash
"""


class _Prepared:
    """A statement of the hot path, whose text is made once for a kind of database."""

    def __init__(self, statement: str) -> None:
        self._statement = text(statement)
        self._made: dict[str, tuple[str, Sequence[str] | None]] = {}

    def execute(self, connection: Connection, values: Mapping[str, object]) -> int:
        """Run it; return how many rows it wrote."""
        statement, names = self._made.get(connection.dialect.name) or self._make(connection.dialect)
        given = tuple(values[name] for name in names) if names is not None else dict(values)
        return connection.exec_driver_sql(statement, given).rowcount

    def _make(self, dialect: Dialect) -> tuple[str, Sequence[str] | None]:
        compiled = self._statement.compile(dialect=dialect)
        self._made[dialect.name] = made = str(compiled), getattr(compiled, "positiontup", None)
        return made


_MOVE_AS_KNOWN = _Prepared(_MOVED_WHERE_ALL_IS_AS_KNOWN)
_ADD_ONE = _Prepared(_ADDED)
_MOVE_AND_ADD = _Prepared(f"WITH moved AS ({_MOVED_WHERE_ALL_IS_AS_KNOWN} RETURNING stream) {_ADDED} FROM moved")


class SqlEvents(EventStore):
    """Keeps events in a database. Whole streams are proved whenever they are read from their beginning."""

    def __init__(self, database: Database, clock: SteadyClock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[StreamId, Head] = {}

    def append(
        self, stream: StreamId, drafts: Sequence[Draft], *, expected_seq: int, fence: Fence | None = None
    ) -> Sequence[Event]:
        """Append durably and return the stored events."""
        known = self._known.get(stream)
        if known is not None and known.seq == expected_seq and len(drafts) == 1:
            event, entry = link(known, drafts[0], at=self._clock.now())
            if self._append_as_known(entry, fence):
                self._remember(entry)
                return [event]
        with self._database.write() as connection:
            if fence is not None:
                _require_fence(connection, fence)
            return self.append_in(connection, stream, drafts, expected_seq=expected_seq)

    def append_in(
        self, connection: Connection, stream: StreamId, drafts: Sequence[Draft], *, expected_seq: int
    ) -> Sequence[Event]:
        """Append within a transaction of the caller's, so that a row and its event are stored together."""
        head, newest = _head(connection, stream)
        if head.seq != expected_seq:
            raise ConflictError(f"{stream} has moved to {head.seq}, past {expected_seq}", hint="look at it again")
        if newest is not None:
            self._clock.see(newest)
        linked = list(self._linked(head, drafts))
        if linked:
            last = linked[-1][1]
            connection.execute(_ADD, [entry._asdict() for _, entry in linked])
            _move_head(connection, head, last)
            self._remember(last)
        return [event for event, _ in linked]

    def read(self, stream: StreamId, *, after: int = 0) -> Sequence[Event]:
        """Return the events of a stream with `seq > after`. Raises IntegrityError where the whole is not whole."""
        with self._database.read() as connection:
            rows = connection.execute(_OF_STREAM, {"name": stream, "after": after}).all()
        entries = [Entry._make(row[:_WIDTH]) for row in rows if row.stream is not None]
        if after > 0 or not rows:
            return [event_of(entry) for entry in entries]
        return whole_stream(Head(stream=stream, seq=rows[0].last, hash=rows[0].last_hash), entries)

    def heads(self) -> Sequence[Head]:
        """Return the head of every stream, by stream name."""
        query = select(streams.c.stream, streams.c.seq, streams.c.hash).order_by(streams.c.stream)
        with self._database.read() as connection:
            return [Head(stream=StreamId(name), seq=seq, hash=hash_) for name, seq, hash_ in connection.execute(query)]

    def all_events(self) -> Iterator[Event]:
        """Yield every event, stream by stream, all of one moment. Raises IntegrityError at an entry that is none."""
        with self._database.snapshot() as connection:
            yield from map(event_of, entries_of(connection, ALL_EVENTS))

    def _linked(self, head: Head, drafts: Iterable[Draft]) -> Iterator[tuple[Event, Entry]]:
        """Yield each draft as the event that follows, with its entry."""
        for draft in drafts:
            event, entry = link(head, draft, at=self._clock.now())
            head = Head(stream=event.stream, seq=event.seq, hash=event.hash)
            yield event, entry

    def _append_as_known(self, entry: Entry, fence: Fence | None) -> bool:
        """Append without asking first, where everything is as this process last saw it; False when it is not."""
        values: Mapping[str, object] = {
            **entry._asdict(),
            "before": entry.seq - 1,
            "subject": fence.subject if fence else None,
            "generation": fence.generation if fence else None,
        }
        if not self._database.is_sqlite:
            with self._database.read() as connection:
                return _MOVE_AND_ADD.execute(connection, values) == 1
        with self._database.write() as connection:
            is_as_known = _MOVE_AS_KNOWN.execute(connection, values) == 1
            if is_as_known:
                _ADD_ONE.execute(connection, values)
            return is_as_known

    def _remember(self, last: Entry) -> None:
        """Remember the head, so that the next append need not ask for it. Only a hint: it is checked."""
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[last.stream] = Head(stream=last.stream, seq=last.seq, hash=last.hash)


def entries_of(connection: Connection, query: Select[Any]) -> Iterator[Entry]:
    """Yield the entries that a query of events finds as they are stored, proved or not, few at a time."""
    with connection.execute(query.execution_options(yield_per=_BATCH)) as rows:
        yield from map(Entry._make, rows)


def _head(connection: Connection, stream: StreamId) -> tuple[Head, datetime | None]:
    """Return the stream's head, locked against other appends, and the newest moment of the store."""
    row = connection.execute(_HEAD, {"name": stream}).one_or_none()
    newest = row[2] if row is not None else connection.execute(_NEWEST).scalar()
    head = Head(stream=stream, seq=row[0], hash=row[1]) if row is not None else Head(stream=stream, seq=0, hash=GENESIS)
    try:
        return head, parse_moment(newest) if newest is not None else None
    except ValueError as error:
        raise IntegrityError(f"the newest event is not what was written: {error}", hint=_HINT) from error


def _move_head(connection: Connection, before: Head, last: Entry) -> None:
    if before.seq == 0:
        connection.execute(_ADD_HEAD, {"stream": last.stream, "seq": last.seq, "hash": last.hash})
    else:
        connection.execute(_MOVE_HEAD, {"name": last.stream, "new_seq": last.seq, "new_hash": last.hash})


def _require_fence(connection: Connection, fence: Fence) -> None:
    if connection.execute(_GENERATION, {"subject": fence.subject}).scalar() != fence.generation:
        raise ConflictError(f"the lease on {fence.subject} is another's", hint="nothing was recorded")
