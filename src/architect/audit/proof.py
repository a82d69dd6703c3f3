"""The proof of the whole record: chains, checkpoints, copies kept outside, lists. Pure; the parts are handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from architect.audit.canonical import parse_moment
from architect.audit.chain import Chain, Fault, FaultKind, prove_streams
from architect.audit.checkpoints import (
    CHECKPOINTS,
    Checkpoint,
    Copy,
    Keyring,
    commitment_of,
    is_signed,
    line_of,
    parse_checkpoint,
    parse_line,
)
from architect.audit.model import GENESIS, Entry, Event, Head
from architect.kernel.errors import IntegrityError
from architect.kernel.ids import StreamId

_NEVER = datetime.max.replace(tzinfo=UTC)


class KeptHead(NamedTuple):
    """What the store keeps beside the events of a stream; `covered` is the last event that a checkpoint names."""

    stream: StreamId
    seq: int
    hash: str
    covered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What verification found. `uncovered` counts events that no checkpoint covers yet.

    `notes` name what is no fault of the record but wants mending.
    """

    streams: int
    events: int
    checkpoints: int
    copies: int
    uncovered: int
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    last: Checkpoint | None

    @property
    def first(self) -> Fault | None:
        """The fault that comes first in time."""
        return self.faults[0] if self.faults else None


class Prover:
    """Takes all of one moment's record once, and says what is wrong with it.

    The order of calls: `take_checkpoints`, `take`, then the comparisons. `store` is what the store calls itself.
    What is remembered on the way is one head a stream, and one event for each head that a checkpoint names.
    """

    def __init__(self, keyring: Keyring, *, store: str) -> None:
        self._keyring = keyring
        self._store = store
        self._heads: dict[StreamId, Head] = {}
        self._ends: dict[StreamId, datetime | None] = {}
        self._named: dict[tuple[StreamId, int], tuple[str, datetime] | None] = {}
        self._faults: list[Fault] = []
        self._faulty: set[StreamId] = set()
        self._notes: list[str] = []
        self._checkpoints: list[Checkpoint] = []
        self._events = 0

    def take_checkpoints(self, entries: Iterable[Entry]) -> None:
        """Take the stream of checkpoints, as far as it is whole: it says which events are to be remembered."""
        chain, commitment = Chain(CHECKPOINTS), GENESIS
        for entry in entries:
            event = chain.take(entry)
            if event is None:
                return
            try:
                checkpoint = parse_checkpoint(event)
            except IntegrityError as error:
                self._add(FaultKind.CHECKPOINT, CHECKPOINTS, event.seq, message=error.message, at=event.at)
                return
            commitment = commitment_of(commitment, checkpoint.changed)
            if why := self._wrong(checkpoint, event.seq, commitment):
                message = f"checkpoint {event.seq} {why}"
                self._add(FaultKind.CHECKPOINT, CHECKPOINTS, event.seq, message=message, at=event.at)
                return
            self._checkpoints.append(checkpoint)
            self._named.update(((head.stream, head.seq), None) for head in checkpoint.changed)

    def _wrong(self, checkpoint: Checkpoint, number: int, commitment: str) -> str:
        if checkpoint.number != number:
            return f"calls itself {checkpoint.number}"
        if checkpoint.commitment != commitment:
            return "does not follow the checkpoint before it"
        if checkpoint.store != self._store:
            return f"is of the store {checkpoint.store}, and this one calls itself {self._store}"
        match is_signed(checkpoint, self._keyring):
            case None:
                return f"is signed with the key {checkpoint.key}, which is not here"
            case False:
                return "has a signature that does not hold"
            case True:
                return ""

    def take(self, entries: Iterable[Entry], *, see: Callable[[Event], None] | None = None) -> None:
        """Take all events, stream by stream and in order; `see` is given each one that is whole and in its place."""

        def note(event: Event) -> None:
            if (event.stream, event.seq) in self._named:
                self._named[event.stream, event.seq] = event.hash, event.at
            if see is not None:
                see(event)

        for proof in prove_streams(entries, see=note):
            self._events += proof.events
            self._heads[proof.head.stream] = proof.head
            self._ends[proof.head.stream] = proof.at
            if proof.fault is not None:
                self._append(proof.fault)

    def compare_heads(self, kept: Iterable[KeptHead]) -> None:
        """Compare what the store keeps beside the events with what is there."""
        covered, without = self._covered(), set(self._heads)
        miscounted: list[KeptHead] = []
        for row in kept:
            without.discard(row.stream)
            if not self._has_fault(row.stream):
                self._compare_head(row)
            if row.covered != covered.get(row.stream, 0):
                miscounted.append(row)
        for stream in sorted(without):
            message = f"the store does not know how far {stream} goes: its head is missing"
            self._add_beside(stream, self._heads[stream].seq, message)
        for row in miscounted if not self._has_fault(CHECKPOINTS) else ():
            expected = covered.get(row.stream, 0)
            message = f"the store says that checkpoints cover {row.stream} up to event {row.covered}: it is {expected}"
            self._add_beside(row.stream, expected, message)

    def _add_beside(self, stream: StreamId, seq: int, message: str) -> None:
        self.add(Fault(kind=FaultKind.LIST, stream=stream, seq=seq, message=message, at=self._ends.get(stream)))

    def _compare_head(self, row: KeptHead) -> None:
        found = self._heads.get(row.stream) or Head(stream=row.stream, seq=0, hash=GENESIS)
        at = self._ends.get(row.stream)
        if found.seq < row.seq:
            message = f"event {found.seq + 1} of {row.stream} is missing: the stream went to {row.seq}"
            self._add(FaultKind.CUT, row.stream, found.seq + 1, message=message, at=at)
        elif found.seq > row.seq:
            message = f"event {row.seq + 1} of {row.stream} was put in: the stream went to {row.seq}"
            self._add(FaultKind.REPLACED, row.stream, row.seq + 1, message=message, at=at)
        elif found.hash != row.hash:
            message = f"event {row.seq} of {row.stream} is not the one that the store's head names"
            self._add(FaultKind.REPLACED, row.stream, row.seq, message=message, at=at)

    def _covered(self) -> Mapping[StreamId, int]:
        return {head.stream: head.seq for checkpoint in self._checkpoints for head in checkpoint.changed}

    def compare_checkpoints(self) -> None:
        """Compare every head that a checkpoint names with the event that is there; say the first one a stream."""
        anchors: dict[StreamId, tuple[int, datetime | None]] = {}
        for checkpoint in self._checkpoints:
            for head in checkpoint.changed:
                seq, at = anchors.get(head.stream, (0, None))
                if seq < 0:
                    continue
                found = self._named[head.stream, head.seq]
                if found is not None and found[0] == head.hash:
                    anchors[head.stream] = head.seq, found[1]
                elif fault := self._unlike(checkpoint, head, seq, at, is_there=found is not None):
                    self._append(fault)
                    anchors[head.stream] = -1, at

    def _unlike(
        self, checkpoint: Checkpoint, head: Head, anchor: int, at: datetime | None, *, is_there: bool
    ) -> Fault | None:
        """Say which events are gone, or which were rewritten; None where the chain's own fault says it already."""
        if not is_there:
            if self._has_fault(head.stream):
                return None
            end = self._heads[head.stream].seq if head.stream in self._heads else 0
            message = f"event {end + 1} of {head.stream} is gone: checkpoint {checkpoint.number} covers {head.seq}"
            at = self._ends.get(head.stream) or checkpoint.made_at
            return Fault(kind=FaultKind.CUT, stream=head.stream, seq=end + 1, message=message, at=at)
        which = f"event {head.seq}" if head.seq == anchor + 1 else f"events {anchor + 1} to {head.seq}"
        message = f"{which} of {head.stream}: not what checkpoint {checkpoint.number} covers, rewritten from there on"
        return Fault(kind=FaultKind.REPLACED, stream=head.stream, seq=anchor + 1, message=message, at=at)

    def compare_copies(self, copies: Sequence[Copy], *, place: str) -> None:
        """Compare the checkpoints with copies that were kept elsewhere; say the first one that does not fit."""
        by_number = {checkpoint.number: checkpoint for checkpoint in self._checkpoints}
        for copy in copies:
            if why := self._wrong_copy(copy, by_number.get(copy.number)):
                message = f"checkpoint {copy.number}, of which {place} has a copy, {why}"
                self._add(FaultKind.COPY, CHECKPOINTS, copy.number, message=message, at=_moment(copy.made_at))
                return

    def _wrong_copy(self, copy: Copy, checkpoint: Checkpoint | None) -> str:
        if copy.signature is not None and is_signed(copy, self._keyring) is False:
            return "has a signature there that does not hold: the copy was edited"
        if copy.store and copy.store != self._store:
            return f"is of another store ({copy.store[:36]})"
        if checkpoint is None:
            return "is not in the store: the end of the record was cut off"
        if checkpoint.commitment != copy.commitment:
            return "is another one in the store: what it covers was rewritten"
        return ""

    def compare_own_copies(self, lines: Sequence[str], *, place: str, key: str | None) -> None:
        """Compare the lines beside the store, which were all written here, each after the one before.

        Every checkpoint that was signed with `key` must be among them; with None, every one.
        """
        if self._has_fault(CHECKPOINTS):
            return
        lines_of = {checkpoint.number: line_of(checkpoint) for checkpoint in self._checkpoints}
        last = 0
        for number, line in enumerate(lines, start=1):
            copy = _parsed(line)
            if copy is not None and lines_of.get(copy.number) == line and copy.number > last:
                last = copy.number
                lines_of.pop(copy.number)
                continue
            self._add_wrong_line(number, copy, is_last=copy is not None and copy.number > last, place=place)
            return
        required = {c.number for c in self._checkpoints if key in (None, c.key)}
        missing = sorted(required & set(lines_of))
        if missing:
            message = f"{place} has no copy of checkpoint {missing[0]}: a line was taken out, or never written"
            self._add(FaultKind.COPY, CHECKPOINTS, missing[0], message=message, at=self._made_at(missing[0]))

    def _add_wrong_line(self, number: int, copy: Copy | None, *, is_last: bool, place: str) -> None:
        if copy is not None and is_last and copy.signature is not None and is_signed(copy, self._keyring):
            self.compare_copies([copy], place=place)
        if not self._has_fault(CHECKPOINTS):
            message = f"line {number} of {place} is not the one that was written"
            seq = copy.number if copy is not None else number
            self._add(FaultKind.COPY, CHECKPOINTS, seq, message=message, at=self._made_at(seq))

    def _made_at(self, number: int) -> datetime | None:
        found = [checkpoint.made_at for checkpoint in self._checkpoints if checkpoint.number == number]
        return found[0] if found else None

    def add(self, fault: Fault) -> None:
        """Add a fault of what is kept beside the events, unless those of its stream are wrong themselves."""
        if not self._has_fault(fault.stream) or fault.kind is FaultKind.OUTPUT:
            self._append(fault)

    def note(self, text: str) -> None:
        """Add something that is no fault of the record but wants mending."""
        self._notes.append(text)

    def proof(self, *, copies: int) -> Proof:
        """Return what was found, the earliest fault first, those of lists last."""
        counted = {name: head for name, head in self._heads.items() if name != CHECKPOINTS}
        return Proof(
            streams=len(self._heads),
            events=self._events,
            checkpoints=len(self._checkpoints),
            copies=copies,
            uncovered=_uncovered(counted, self._covered()),
            faults=tuple(sorted(self._faults, key=_order)),
            notes=tuple(self._notes),
            last=self._checkpoints[-1] if self._checkpoints else None,
        )

    def _add(self, kind: FaultKind, stream: StreamId, seq: int, *, message: str, at: datetime | None = None) -> None:
        self._append(Fault(kind=kind, stream=stream, seq=seq, message=message, at=at))

    def _append(self, fault: Fault) -> None:
        self._faults.append(fault)
        self._faulty.add(fault.stream)

    def _has_fault(self, stream: StreamId) -> bool:
        return stream in self._faulty


def _order(fault: Fault) -> tuple[bool, datetime, str, int]:
    return fault.kind is FaultKind.LIST, fault.at or _NEVER, fault.stream, fault.seq


def _uncovered(heads: Mapping[StreamId, Head], covered: Mapping[StreamId, int]) -> int:
    return sum(max(0, head.seq - covered.get(name, 0)) for name, head in heads.items())


def _parsed(line: str) -> Copy | None:
    try:
        return parse_line(line)
    except (ValueError, RecursionError):
        return None


def _moment(text: str) -> datetime | None:
    try:
        return parse_moment(text)
    except ValueError:
        return None
