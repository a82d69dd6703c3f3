"""The stores of chaos tests: durable, shared by processes, no more than the ports ask for.

`open_stores` and `store_url` are the only places that know which adapters stand behind them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from architect.audit.model import GENESIS, Draft, Event, Fence, Head
from architect.kernel.clock import SystemClock
from architect.kernel.errors import ConflictError
from architect.kernel.ids import RunId, StreamId
from architect.runs.ports import OutputChunk, OutputKey, RunSummary
from architect.work.leases import Lease, LeaseStore, TargetLock, TargetLocks, is_conflict

SCHEMA = """
create table if not exists events (stream, seq, at, actor, kind, data, prev, hash, primary key (stream, seq));
create table if not exists leases (subject primary key, owner, generation, expires);
create table if not exists locks (profile, target, run, since);
create table if not exists outputs (key, number, stream, size, data);
create table if not exists runs (number integer primary key autoincrement, line);
"""


class Database:
    """One SQLite file, one connection, one writer at a time."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._lock = threading.RLock()
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(SCHEMA)

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def close(self) -> None:
        self._connection.close()


class Events:
    """`EventStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self, stream: StreamId, drafts: Sequence[Draft], *, expected_seq: int, fence: Fence | None = None
    ) -> Sequence[Event]:
        with self._database.write() as connection:
            newest = "select seq, hash from events where stream = ? order by seq desc limit 1"
            seq, prev = connection.execute(newest, (stream,)).fetchone() or (0, GENESIS)
            if seq != expected_seq:
                raise ConflictError(f"{stream} has moved past {expected_seq}")
            if fence is not None and not self._holds(connection, fence):
                raise ConflictError(f"the lease on {fence.subject} is another's")
            stored = []
            for number, draft in enumerate(drafts, start=seq + 1):
                stored.append(_event(stream, number, draft, prev=prev))
                prev = stored[-1].hash
                connection.execute("insert into events values (?, ?, ?, ?, ?, ?, ?, ?)", _row(stored[-1]))
            return stored

    @staticmethod
    def _holds(connection: sqlite3.Connection, fence: Fence) -> bool:
        found = connection.execute("select generation from leases where subject = ?", (fence.subject,)).fetchone()
        return found is not None and found[0] == fence.generation

    def read(self, stream: StreamId, *, after: int = 0) -> Sequence[Event]:
        rows = self._database.rows("select * from events where stream = ? and seq > ? order by seq", stream, after)
        return [_read(row) for row in rows]

    def heads(self) -> Sequence[Head]:
        rows = self._database.rows("select stream, max(seq), hash from events group by stream order by stream")
        return [Head(stream=stream, seq=seq, hash=digest) for stream, seq, digest in rows]

    def all_events(self) -> Iterator[Event]:
        for head in self.heads():
            yield from self.read(head.stream)


def _event(stream: StreamId, seq: int, draft: Draft, *, prev: str) -> Event:
    at = datetime.now(UTC)
    event = Event(
        stream=stream,
        seq=seq,
        at=at,
        actor=draft.actor,
        kind=draft.kind,
        data=draft.data,
        version=1,
        prev=prev,
        hash="",
    )
    return replace(event, hash=_digest(event))


def _digest(event: Event) -> str:
    covered = [event.prev, event.stream, event.seq, event.at.isoformat(), event.actor, event.kind, event.data]
    return hashlib.sha256(msgspec.json.encode(covered)).hexdigest()


def _row(event: Event) -> tuple[object, ...]:
    data = msgspec.json.encode(event.data).decode()
    at = event.at.isoformat()
    return event.stream, event.seq, at, event.actor, event.kind, data, event.prev, event.hash


def _read(row: tuple[Any, ...]) -> Event:
    stream, seq, at, actor, kind, data, prev, digest = row
    parsed: Mapping[str, Any] = json.loads(data)
    moment = datetime.fromisoformat(at)
    return Event(
        stream=stream, seq=seq, at=moment, actor=actor, kind=kind, data=parsed, version=1, prev=prev, hash=digest
    )


class Leases(LeaseStore):
    """Leases; a row without owner was released."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, subject: str, owner: str, *, ttl_s: float) -> Lease | None:
        now = datetime.now(UTC)
        with self._database.write() as connection:
            held = connection.execute("select * from leases where subject = ?", (subject,)).fetchone()
            if held and held[1] not in {"", owner} and datetime.fromisoformat(held[3]) > now:
                return None
            lease = Lease(
                subject=subject,
                owner=owner,
                generation=held[2] + 1 if held else 1,
                expires_at=now + timedelta(seconds=ttl_s),
            )
            row = (subject, owner, lease.generation, lease.expires_at.isoformat())
            connection.execute("insert or replace into leases values (?, ?, ?, ?)", row)
            return lease

    def renew(self, lease: Lease, *, ttl_s: float) -> Lease | None:
        expires_at = datetime.now(UTC) + timedelta(seconds=ttl_s)
        query = "update leases set expires = ? where subject = ? and generation = ? and owner <> ''"
        with self._database.write() as connection:
            found = connection.execute(query, (expires_at.isoformat(), lease.subject, lease.generation))
            return replace(lease, expires_at=expires_at) if found.rowcount else None

    def release(self, lease: Lease) -> None:
        query = "update leases set owner = '' where subject = ? and generation = ?"
        with self._database.write() as connection:
            connection.execute(query, (lease.subject, lease.generation))

    def current(self, subject: str) -> Lease | None:
        rows = self._database.rows("select * from leases where subject = ? and owner <> ''", subject)
        found = [
            Lease(subject=name, owner=owner, generation=number, expires_at=datetime.fromisoformat(at))
            for name, owner, number, at in rows
        ]
        return found[0] if found else None


class Locks(TargetLocks):
    """Locks of targets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, run: RunId, *, profile: str, targets: Collection[str]) -> Sequence[TargetLock]:
        with self._database.write() as connection:
            blocking = [
                held
                for held in self.list()
                if any(is_conflict(held, run, profile=profile, target=target) for target in targets)
            ]
            if not blocking:
                now = datetime.now(UTC).isoformat()
                rows = [(profile, target, run, now) for target in targets]
                connection.executemany("insert into locks values (?, ?, ?, ?)", rows)
            return blocking

    def release(self, run: RunId, *, targets: Collection[str] | None = None) -> None:
        with self._database.write() as connection:
            connection.execute("delete from locks where run = ?", (run,))

    def list(self) -> Sequence[TargetLock]:
        rows = self._database.rows("select * from locks order by since")
        return [
            TargetLock(profile=profile, target=target, run=run, since=datetime.fromisoformat(since))
            for profile, target, run, since in rows
        ]


class Outputs:
    """`OutputStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, key: OutputKey, chunks: Sequence[OutputChunk]) -> None:
        rows = [(str(key), chunk.number, chunk.stream, chunk.size, chunk.data) for chunk in chunks]
        with self._database.write() as connection:
            connection.executemany("insert into outputs values (?, ?, ?, ?, ?)", rows)

    def read(self, key: OutputKey, *, after: int = -1) -> Sequence[OutputChunk]:
        query = "select number, stream, size, data from outputs where key = ? and number > ? order by number"
        rows = self._database.rows(query, str(key), after)
        return [OutputChunk(number=number, stream=stream, size=size, data=data) for number, stream, size, data in rows]


class Index:
    """`RunIndex`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self) -> RunId:
        with self._database.write() as connection:
            return RunId(f"RUN-{connection.execute('insert into runs (line) values (null)').lastrowid}")

    def put(self, summary: RunSummary) -> None:
        row = (msgspec.json.encode(summary), int(summary.run.removeprefix("RUN-")))
        with self._database.write() as connection:
            connection.execute("update runs set line = ? where number = ?", row)

    def get(self, run: RunId) -> RunSummary | None:
        return next((line for line in self.list(limit=1_000_000) if line.run == run), None)

    def list(self, *, limit: int = 50) -> Sequence[RunSummary]:
        query = "select line from runs where line is not null order by number desc limit ?"
        return [msgspec.json.decode(row[0], type=RunSummary) for row in self._database.rows(query, limit)]


class Stores:
    """All stores over one database."""

    def __init__(self, path: str) -> None:
        self._database = Database(path)
        self.events = Events(self._database)
        self.leases = Leases(self._database)
        self.locks = Locks(self._database)
        self.outputs = Outputs(self._database)
        self.index = Index(self._database)
        self.clock = SystemClock()

    def close(self) -> None:
        self._database.close()


def open_stores(url: str) -> Stores:
    """Open the stores behind a URL."""
    return Stores(url.removeprefix("sqlite:///"))


@contextlib.contextmanager
def store_url(kind: str, folder: Path) -> Iterator[str]:
    """Make an empty database of a kind for one test."""
    if kind != "sqlite":
        pytest.skip("the adapters for PostgreSQL are not there yet")
    yield f"sqlite:///{folder}/chaos.db"


def check_chains(stores: Stores) -> None:
    """Check that every chain is whole."""
    last: dict[StreamId, str] = {}
    for event in stores.events.all_events():
        assert event.prev == last.get(event.stream, GENESIS)
        assert event.hash == _digest(replace(event, hash=""))
        last[event.stream] = event.hash
