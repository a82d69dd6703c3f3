"""Events and the port through which they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

from architect.kernel.ids import StreamId

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

FORMAT_VERSION = 1
"""Version of the canonical form that `hash` covers."""

GENESIS = "0" * 64
"""`prev` of the first event of a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event that has not been stored yet. `actor` is `person:dana`, `worker:host/123`, `demo:ana` …"""

    kind: str
    actor: str
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of the log. `seq` counts from 1; `at` is aware UTC with microseconds; hashes are hex SHA-256."""

    stream: StreamId
    seq: int
    at: datetime
    actor: str
    kind: str
    data: Mapping[str, Json]
    version: int
    prev: str
    hash: str


class Entry(NamedTuple):
    """An event as it lies in the store: the texts that its hash covers, which somebody may have edited.

    `data` is canonical JSON, `at` is spelled as `canonical.moment_text` does.
    """

    stream: StreamId
    seq: int
    at: str
    actor: str
    kind: str
    data: str
    version: int
    prev: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A condition on an append: the lease on `subject` still has this generation."""

    subject: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last event of a stream."""

    stream: StreamId
    seq: int
    hash: str


class EventStore(Protocol):
    """Keeps events. One suite of contract tests runs over every adapter."""

    def append(
        self, stream: StreamId, drafts: Sequence[Draft], *, expected_seq: int, fence: Fence | None = None
    ) -> Sequence[Event]:
        """Append durably and return the stored events.

        Raises ConflictError when the stream has moved past `expected_seq` or the fence no longer holds. `at` comes
        from the store's clock and never lies before the newest event of the store.
        """
        ...

    def read(self, stream: StreamId, *, after: int = 0) -> Sequence[Event]:
        """Return the events of a stream with `seq > after`, in order."""
        ...

    def heads(self) -> Sequence[Head]:
        """Return the head of every stream, by stream name."""
        ...

    def all_events(self) -> Iterator[Event]:
        """Yield every event, stream by stream, in order."""
        ...
