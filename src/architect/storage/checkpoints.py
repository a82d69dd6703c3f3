"""Making checkpoints: an event over all heads that moved."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update

from architect.audit.checkpoints import CHECKPOINTS, Checkpoint, Signer, draft_of, next_checkpoint, parse_checkpoint
from architect.audit.model import Event, Head
from architect.kernel.clock import SteadyClock
from architect.storage.database import Database
from architect.storage.events import SqlEvents, event_of, head_of
from architect.storage.schema import events, installation, streams


class SqlCheckpoints:
    """Makes checkpoints over a store."""

    def __init__(self, database: Database, stored: SqlEvents, clock: SteadyClock) -> None:
        self._database = database
        self._events = stored
        self._clock = clock

    def make(self, signer: Signer, *, actor: str) -> Checkpoint | None:
        """Make a checkpoint over everything recorded by now; None when nothing was since the last one.

        Raises ConflictError when another server makes one at this moment.
        """
        last, store = self.last(), self.store()
        with self._database.write() as connection:
            query = select(streams).where(streams.c.seq > streams.c.covered, streams.c.stream != CHECKPOINTS)
            changed = [head_of(row) for row in connection.execute(query)]
            if not changed:
                return None
            checkpoint = next_checkpoint(last, changed, store=store, made_at=self._clock.now(), signer=signer)
            draft = draft_of(checkpoint, actor=actor)
            self._events.append_in(connection, CHECKPOINTS, [draft], expected_seq=checkpoint.number - 1)
            covered = update(streams).where(streams.c.stream == bindparam("name")).values(covered=bindparam("number"))
            connection.execute(covered, [{"name": head.stream, "number": head.seq} for head in changed])
        return checkpoint

    def last(self) -> Checkpoint | None:
        """Return the newest checkpoint; None when there is none."""
        query = select(events).where(events.c.stream == CHECKPOINTS).order_by(events.c.seq.desc()).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return parse_checkpoint(event_of(row)) if row is not None else None

    def stored(self) -> Sequence[Event]:
        """Return the stream of checkpoints as it is stored, proved or not."""
        query = select(events).where(events.c.stream == CHECKPOINTS).order_by(events.c.seq)
        with self._database.read() as connection:
            return [event_of(row) for row in connection.execute(query)]

    def store(self) -> str:
        """Return the name of this store."""
        with self._database.read() as connection:
            return str(connection.execute(select(installation.c.store)).scalar_one())

    def heads(self) -> Sequence[Head]:
        """Return the heads that the store keeps beside the events."""
        return self._events.heads()
