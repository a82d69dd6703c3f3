"""Whether streams are whole: every event as it was stored, in its place, after the one before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from architect.audit.canonical import digest_of
from architect.audit.model import FORMAT_VERSION, GENESIS, Event, Head
from architect.kernel.errors import IntegrityError
from architect.kernel.ids import StreamId


class FaultKind(StrEnum):
    """What is wrong with an event, or with the place where one should be."""

    EDITED = "edited"
    MISSING = "missing"
    REPLACED = "replaced"
    CUT = "cut"
    FORMAT = "format"
    CHECKPOINT = "checkpoint"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One place where the record is not what was written. `at` is the last moment before it that is known."""

    kind: FaultKind
    stream: StreamId
    seq: int
    message: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProof:
    """What going through one stream showed: its head as far as it is whole, and the first fault."""

    head: Head
    events: int
    fault: Fault | None = None


def prove_streams(events: Iterable[Event]) -> Iterator[StreamProof]:
    """Go through events, stream by stream and in order, and yield one proof a stream."""
    for stream, group in groupby(events, key=lambda event: event.stream):
        yield _prove(stream, group)


def _prove(stream: StreamId, events: Iterator[Event]) -> StreamProof:
    head, fault, count, last_at = Head(stream=stream, seq=0, hash=GENESIS), None, 0, None
    for event in events:
        count += 1
        fault = fault or fault_of(event, head, last_at)
        if fault is None:
            head, last_at = Head(stream=stream, seq=event.seq, hash=event.hash), event.at
    return StreamProof(head=head, events=count, fault=fault)


def fault_of(event: Event, before: Head, at: datetime | None = None) -> Fault | None:
    """Say what is wrong with an event that should follow `before`; None when nothing is."""

    def fault(kind: FaultKind, message: str) -> Fault:
        return Fault(kind=kind, stream=before.stream, seq=before.seq + 1, message=message, at=at or event.at)

    name = f"event {before.seq + 1} of {before.stream}"
    if event.seq != before.seq + 1:
        return fault(FaultKind.MISSING, f"{name} is missing; the next one that is there has number {event.seq}")
    if event.version != FORMAT_VERSION:
        return fault(FaultKind.FORMAT, f"{name} has format {event.version}, which is not known here")
    if event.prev != before.hash:
        return fault(FaultKind.REPLACED, f"{name} does not follow the event before it: one of the two was replaced")
    if _digest(event) != event.hash:
        return fault(FaultKind.EDITED, f"{name} ({event.kind}) is not what was written: its hash does not cover it")
    return None


def _digest(event: Event) -> str:
    try:
        return digest_of(event)
    except IntegrityError:
        return ""


def require_whole(stream: StreamId, events: Sequence[Event]) -> None:
    """Raise IntegrityError, with the first wrong event, unless the events are the whole stream from its beginning."""
    head = Head(stream=stream, seq=0, hash=GENESIS)
    for event in events:
        fault = fault_of(event, head)
        if fault is not None:
            raise IntegrityError(fault.message, hint="`architect audit verify` says more; nothing was done")
        head = Head(stream=stream, seq=event.seq, hash=event.hash)
