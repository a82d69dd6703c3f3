"""Making checkpoints: an event over all heads that moved."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import bindparam, select, update

from architect.audit.canonical import event_of
from architect.audit.checkpoints import CHECKPOINTS, Checkpoint, Signer, draft_of, next_checkpoint, parse_checkpoint
from architect.audit.model import Entry, Event, Head
from architect.kernel.clock import SteadyClock
from architect.kernel.errors import ConflictError, IntegrityError
from architect.storage.database import Database
from architect.storage.events import SqlEvents
from architect.storage.schema import events, installation, streams

_TRIES = 10
_MOVED = select(streams.c.stream, streams.c.seq, streams.c.hash).where(
    streams.c.seq > streams.c.covered, streams.c.stream != CHECKPOINTS
)
_COVER = update(streams).where(streams.c.stream == bindparam("name")).values(covered=bindparam("number"))
_NEWER = select(events).where(events.c.stream == CHECKPOINTS, events.c.seq > bindparam("after")).order_by(events.c.seq)
_LAST = select(events).where(events.c.stream == CHECKPOINTS).order_by(events.c.seq.desc()).limit(1)


class SqlCheckpoints:
    """Makes checkpoints over a store."""

    def __init__(self, database: Database, stored: SqlEvents, clock: SteadyClock) -> None:
        self._database = database
        self._events = stored
        self._clock = clock

    def make(self, signer: Signer, *, actor: str) -> Checkpoint | None:
        """Make a checkpoint over everything recorded by now; None when nothing was since the last one.

        Raises ConflictError when others make them faster, again and again.
        """
        store = self.store()
        for attempt in range(_TRIES):
            try:
                return self._make(signer, store, actor)
            except ConflictError:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def _make(self, signer: Signer, store: str, actor: str) -> Checkpoint | None:
        last = self.last()
        with self._database.write() as connection:
            moved = [Head(stream=row.stream, seq=row.seq, hash=row.hash) for row in connection.execute(_MOVED)]
            if not moved:
                return None
            checkpoint = next_checkpoint(last, moved, store=store, made_at=self._clock.now(), signer=signer)
            draft = draft_of(checkpoint, actor=actor)
            self._events.append_in(connection, CHECKPOINTS, [draft], expected_seq=checkpoint.number - 1)
            connection.execute(_COVER, [{"name": head.stream, "number": head.seq} for head in checkpoint.changed])
        return checkpoint

    def last(self) -> Checkpoint | None:
        """Return the newest checkpoint; None when there is none."""
        with self._database.read() as connection:
            row = connection.execute(_LAST).one_or_none()
        return parse_checkpoint(event_of(Entry._make(row))) if row is not None else None

    def after(self, number: int) -> Iterator[Checkpoint]:
        """Yield the checkpoints after the one with this number. Raises IntegrityError for one that is none."""
        with self._database.read() as connection:
            rows = connection.execute(_NEWER, {"after": number}).all()
        yield from (parse_checkpoint(event_of(Entry._make(row))) for row in rows)

    def covering(self, event: Event) -> Checkpoint | None:
        """Return the first checkpoint that covers an event; None when there is none yet."""
        found = (each for each in self.after(0) if any(_covers(head, event) for head in each.changed))
        return next(found, None)

    def store(self) -> str:
        """Return the name of this store."""
        with self._database.read() as connection:
            found = connection.execute(select(installation.c.store)).scalar()
        if found is None:
            raise IntegrityError("the store has lost its name", place=self._database.place)
        return str(found)


def _covers(head: Head, event: Event) -> bool:
    return head.stream == event.stream and head.seq >= event.seq
