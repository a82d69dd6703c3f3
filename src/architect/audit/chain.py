"""Whether streams are whole: every event as it was stored, in its place, after the one before. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from architect.audit.canonical import canonical, digest_of, event_of
from architect.audit.model import FORMAT_VERSION, GENESIS, Entry, Event, Head
from architect.kernel.errors import IntegrityError
from architect.kernel.ids import StreamId


class FaultKind(StrEnum):
    """What is wrong with an event, or with what is kept beside the events."""

    EDITED = "edited"
    MISSING = "missing"
    REPLACED = "replaced"
    CUT = "cut"
    FORMAT = "format"
    CHECKPOINT = "checkpoint"
    COPY = "copy"
    OUTPUT = "output"
    LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One place where the record is not what was written. `at` is the last moment before it that is known."""

    kind: FaultKind
    stream: StreamId
    seq: int
    message: str
    at: datetime | None = None


class Chain:
    """Goes along one stream from its beginning, entry by entry, as far as it is whole."""

    def __init__(self, stream: StreamId, *, is_thorough: bool = False) -> None:
        """Begin before the first event. A thorough chain also asks whether data are spelled canonically."""
        self.head = Head(stream=stream, seq=0, hash=GENESIS)
        self.at: datetime | None = None
        self.fault: Fault | None = None
        self._is_thorough = is_thorough
        self._seen_at: datetime | None = None

    def take(self, entry: Entry) -> Event | None:
        """Return the event of the next entry; None from the first fault on."""
        if self.fault is not None:
            return None
        try:
            event = event_of(entry)
            self._seen_at = event.at
            self.fault = self._fault_of(entry, event)
        except IntegrityError as error:
            self.fault = self._wrong(FaultKind.EDITED, f"{self._next} is not what was written: {error.message}")
            return None
        if self.fault is not None:
            return None
        self.head, self.at = Head(stream=self.head.stream, seq=entry.seq, hash=entry.hash), event.at
        return event

    @property
    def _next(self) -> str:
        return f"event {self.head.seq + 1} of {self.head.stream}"

    def _fault_of(self, entry: Entry, event: Event) -> Fault | None:
        if entry.seq != self.head.seq + 1:
            return self._wrong(FaultKind.MISSING, f"{self._next} is missing; the next one that is there is {entry.seq}")
        if entry.version != FORMAT_VERSION:
            return self._wrong(FaultKind.FORMAT, f"{self._next} has format {entry.version}, which is not known here")
        if digest_of(entry) != entry.hash:
            return self._edited(entry)
        if entry.prev != self.head.hash:
            return self._replaced()
        if self._is_thorough and canonical(event.data) != entry.data.encode():
            return self._wrong(
                FaultKind.EDITED, f"{self._next} is not what was written: its data are spelled otherwise"
            )
        return None

    def _edited(self, entry: Entry) -> Fault:
        """Say that the hash does not cover the entry, or that nothing but its number was changed."""
        if self.head.seq > 0 and digest_of(entry._replace(seq=entry.seq - 1)) == entry.hash:
            put_in = f"event {self.head.seq} of {self.head.stream} was put in: {self._next} had its number"
            return self._wrong(FaultKind.REPLACED, put_in, back=1)
        if digest_of(entry._replace(seq=entry.seq + 1)) == entry.hash:
            return self._wrong(FaultKind.MISSING, f"{self._next} is missing: the one that has its number came after it")
        message = f"{self._next} ({entry.kind[:60]}) is not what was written: its hash does not cover it"
        return self._wrong(FaultKind.EDITED, message)

    def _replaced(self) -> Fault:
        if self.head.seq == 0:
            return self._wrong(FaultKind.MISSING, f"{self._next} is missing: the one that has its number came later")
        message = f"event {self.head.seq} of {self.head.stream} was replaced, or {self._next}: they do not fit together"
        return self._wrong(FaultKind.REPLACED, message, back=1)

    def _wrong(self, kind: FaultKind, message: str, *, back: int = 0) -> Fault:
        return Fault(
            kind=kind,
            stream=self.head.stream,
            seq=self.head.seq + 1 - back,
            message=message,
            at=self.at or self._seen_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProof:
    """What going through one stream showed: its head as far as it is whole, when that was, and the first fault."""

    head: Head
    at: datetime | None
    events: int
    fault: Fault | None = None


def prove_streams(entries: Iterable[Entry], *, see: Callable[[Event], None] | None = None) -> Iterator[StreamProof]:
    """Go through entries, stream by stream and in order, and yield one proof a stream.

    `see` is given every event that is whole and in its place.
    """
    for stream, group in groupby(entries, key=lambda entry: entry.stream):
        chain, count = Chain(StreamId(str(stream)), is_thorough=True), 0
        for entry in group:
            count += 1
            event = chain.take(entry)
            if event is not None and see is not None:
                see(event)
        yield StreamProof(head=chain.head, at=chain.at, events=count, fault=chain.fault)


def whole_stream(head: Head, entries: Iterable[Entry]) -> Sequence[Event]:
    """Return the events of a whole stream that ends at `head`. Raises IntegrityError with the first wrong event."""
    chain = Chain(head.stream)
    events = []
    for entry in entries:
        event = chain.take(entry)
        if event is None:
            break
        events.append(event)
    if chain.fault is not None:
        raise IntegrityError(chain.fault.message, hint=_HINT)
    if chain.head != head:
        message = f"{head.stream} ends with event {chain.head.seq}: the store says that it goes to {head.seq}"
        raise IntegrityError(message, hint=_HINT)
    return events


_HINT = "`architect audit verify` says more; nothing was done"
