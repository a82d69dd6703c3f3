"""One suite over every adapter of a port: in memory (the fake of unit tests), on SQLite, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from architect.audit.model import EventStore
from architect.kernel.clock import Clock, OffsetClock
from architect.runs.ports import OutputStore, RunIndex
from architect.storage.stores import open_stores
from architect.work.leases import LeaseStore, TargetLocks
from runs_world import MemoryEvents, MemoryIndex, MemoryLeases, MemoryLocks, MemoryOutputs
from store_server import StoreServer


@dataclass
class Kept:
    """The ports of one store, and the clock that the test moves."""

    clock: OffsetClock
    events: EventStore
    leases: LeaseStore
    locks: TargetLocks
    outputs: OutputStore
    index: RunIndex


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """An empty store of each kind."""
    clock = OffsetClock()

    def adjust(base: Clock) -> Clock:
        clock.base = base
        return clock

    if request.param == "memory":
        leases = MemoryLeases(clock)
        events = MemoryEvents(clock, leases)
        yield Kept(clock, events, leases, MemoryLocks(clock), MemoryOutputs(), MemoryIndex())
        return
    server: StoreServer | None = request.getfixturevalue("store_server") if request.param == "postgresql" else None
    url = server.database() if server else f"sqlite:///{tmp_path}/architect.db"
    with open_stores(url, adjust=adjust) as stores:
        yield Kept(clock, stores.events, stores.leases, stores.locks, stores.outputs, stores.index)
