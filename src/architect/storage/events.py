"""The append-only log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, update

from architect.audit.canonical import link, moment_text, parse_moment
from architect.audit.chain import require_whole
from architect.audit.model import GENESIS, Draft, Event, EventStore, Fence, Head
from architect.kernel.clock import SteadyClock
from architect.kernel.errors import ConflictError, IntegrityError
from architect.kernel.ids import StreamId
from architect.storage.database import Database
from architect.storage.schema import events, leases, streams

_BATCH = 1000
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
    select(events).where(events.c.stream == bindparam("name"), events.c.seq > bindparam("after")).order_by(events.c.seq)
)
_ADD_AT_ONCE = text("""
    WITH moved AS (
        UPDATE streams SET seq = :seq, hash = :hash
        WHERE stream = :stream AND seq = :before AND hash = :prev
          AND NOT EXISTS (SELECT 1 FROM events WHERE at > :at)
          AND (CAST(:subject AS text) IS NULL OR EXISTS (
              SELECT 1 FROM leases WHERE subject = :subject AND generation = :generation AND NOT is_released))
        RETURNING stream)
    INSERT INTO events (stream, seq, at, actor, kind, data, version, prev, hash)
    SELECT :stream, :seq, :at, :actor, :kind, :data, :version, :prev, :hash FROM moved
""")


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
        if known is not None and known.seq == expected_seq and len(drafts) == 1 and not self._database.is_sqlite:
            ((event, row),) = self._linked(known, drafts)
            if self._add_at_once(known, row, fence):
                return self._remember([event])
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
            self._clock.see(parse_moment(newest))
        stored = list(self._linked(head, drafts))
        if stored:
            connection.execute(_ADD, [row for _, row in stored])
            _move_head(connection, head, stored[-1][0])
        return self._remember([event for event, _ in stored])

    def read(self, stream: StreamId, *, after: int = 0) -> Sequence[Event]:
        """Return the events of a stream with `seq > after`. Raises IntegrityError where the whole is not whole."""
        with self._database.read() as connection:
            found = [event_of(row) for row in connection.execute(_OF_STREAM, {"name": stream, "after": after})]
        if after == 0:
            require_whole(stream, found)
        return found

    def heads(self) -> Sequence[Head]:
        """Return the head of every stream, by stream name."""
        with self._database.read() as connection:
            return [head_of(row) for row in connection.execute(select(streams).order_by(streams.c.stream))]

    def all_events(self) -> Iterator[Event]:
        """Yield every event as it is stored, proved or not, stream by stream, all of one moment."""
        query = select(events).order_by(events.c.stream, events.c.seq).execution_options(yield_per=_BATCH)
        with self._database.snapshot() as connection:
            for row in connection.execute(query):
                yield event_of(row)

    def _linked(self, head: Head, drafts: Iterable[Draft]) -> Iterator[tuple[Event, Mapping[str, object]]]:
        """Yield each draft as the event that follows, with its row."""
        seq, prev = head.seq, head.hash
        for draft in drafts:
            seq += 1
            event, data = link(head.stream, draft, seq=seq, at=self._clock.now(), prev=prev)
            prev = event.hash
            yield event, _row(event, data)

    def _add_at_once(self, head: Head, row: Mapping[str, object], fence: Fence | None) -> bool:
        """Append in one statement, where everything is as this process last saw it; False when it is not."""
        values = {**row, "before": head.seq}
        values["subject"], values["generation"] = (fence.subject, fence.generation) if fence else (None, None)
        with self._database.read() as connection:
            return connection.execute(_ADD_AT_ONCE, values).rowcount == 1

    def _remember(self, stored: Sequence[Event]) -> Sequence[Event]:
        """Remember the head, so that the next append need not ask for it. Only a hint: it is checked."""
        if stored:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            last = stored[-1]
            self._known[last.stream] = Head(stream=last.stream, seq=last.seq, hash=last.hash)
        return stored


def _head(connection: Connection, stream: StreamId) -> tuple[Head, str | None]:
    """Return the stream's head, locked against other appends, and the newest moment of the store."""
    row = connection.execute(_HEAD, {"name": stream}).one_or_none()
    if row is None:
        return Head(stream=stream, seq=0, hash=GENESIS), connection.execute(_NEWEST).scalar()
    return Head(stream=stream, seq=row[0], hash=row[1]), row[2]


def _move_head(connection: Connection, before: Head, last: Event) -> None:
    if before.seq == 0:
        connection.execute(_ADD_HEAD, {"stream": last.stream, "seq": last.seq, "hash": last.hash})
    else:
        connection.execute(_MOVE_HEAD, {"name": last.stream, "new_seq": last.seq, "new_hash": last.hash})


def _require_fence(connection: Connection, fence: Fence) -> None:
    if connection.execute(_GENERATION, {"subject": fence.subject}).scalar() != fence.generation:
        raise ConflictError(f"the lease on {fence.subject} is another's", hint="nothing was recorded")


def _row(event: Event, data: str) -> Mapping[str, object]:
    return {
        "stream": event.stream,
        "seq": event.seq,
        "at": moment_text(event.at),
        "actor": event.actor,
        "kind": event.kind,
        "data": data,
        "version": event.version,
        "prev": event.prev,
        "hash": event.hash,
    }


def event_of(row: Row[tuple[object, ...]]) -> Event:
    """Return the event that a row holds. Raises IntegrityError for a row that holds none."""
    found = row._mapping
    try:
        return Event(
            stream=StreamId(found["stream"]),
            seq=found["seq"],
            at=parse_moment(found["at"]),
            actor=found["actor"],
            kind=found["kind"],
            data=msgspec.json.decode(found["data"]),
            version=found["version"],
            prev=found["prev"],
            hash=found["hash"],
        )
    except (ValueError, msgspec.DecodeError) as error:
        raise IntegrityError(f"event {found['seq']} of {found['stream']} is not what was written: {error}") from error


def head_of(row: Row[tuple[object, ...]]) -> Head:
    """Return the head that a row of `streams` holds."""
    found = row._mapping
    return Head(stream=StreamId(found["stream"]), seq=found["seq"], hash=found["hash"])
