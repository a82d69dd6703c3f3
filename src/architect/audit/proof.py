"""The proof of the whole record: chains, checkpoints, copies kept outside, output. Pure; the parts are handed in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from architect.audit.chain import Fault, FaultKind, prove_streams
from architect.audit.checkpoints import (
    CHECKPOINTS,
    Checkpoint,
    Copy,
    Keyring,
    commitment_of,
    is_signed,
    parse_checkpoint,
)
from architect.audit.model import GENESIS, Event, Head
from architect.kernel.errors import IntegrityError
from architect.kernel.ids import StreamId

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What verification found. `uncovered` counts events that no checkpoint covers yet."""

    streams: int
    events: int
    checkpoints: int
    copies: int
    uncovered: int
    faults: tuple[Fault, ...]
    last: Checkpoint | None

    @property
    def first(self) -> Fault | None:
        """The fault that comes first in time."""
        return self.faults[0] if self.faults else None


class Prover:
    """Takes all events once, stream by stream, and says what is wrong with the record."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._heads: dict[StreamId, Head] = {}
        self._hashes: dict[tuple[StreamId, int], str] = {}
        self._wanted: set[tuple[StreamId, int]] = set()
        self._faults: list[Fault] = []
        self._checkpoints: list[Checkpoint] = []
        self._events = 0

    def take_checkpoints(self, events: Iterable[Event]) -> None:
        """Take the stream of checkpoints first: it says which events are to be remembered on the way."""
        commitment = GENESIS
        for number, event in enumerate(events, start=1):
            try:
                checkpoint = parse_checkpoint(event)
            except IntegrityError as error:
                self._add(FaultKind.CHECKPOINT, CHECKPOINTS, number, message=error.message, at=event.at)
                return
            commitment = commitment_of(commitment, checkpoint.changed)
            if why := self._wrong(checkpoint, number, commitment):
                self._add(FaultKind.CHECKPOINT, CHECKPOINTS, number, message=f"checkpoint {number} {why}", at=event.at)
                return
            self._checkpoints.append(checkpoint)
            self._wanted.update((head.stream, head.seq) for head in checkpoint.changed)

    def _wrong(self, checkpoint: Checkpoint, number: int, commitment: str) -> str:
        if checkpoint.number != number:
            return f"calls itself {checkpoint.number}"
        if checkpoint.commitment != commitment:
            return "does not follow the checkpoint before it"
        match is_signed(checkpoint, self._keyring):
            case None:
                return f"is signed with the key {checkpoint.key}, which is not here"
            case False:
                return "has a signature that does not hold"
            case True:
                return ""

    def take(self, events: Iterable[Event]) -> None:
        """Take all events, stream by stream and in order."""
        for proof in prove_streams(self._remembered(events)):
            self._events += proof.events
            self._heads[proof.head.stream] = proof.head
            if proof.fault is not None:
                self._faults.append(proof.fault)

    def _remembered(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if (event.stream, event.seq) in self._wanted:
                self._hashes[event.stream, event.seq] = event.hash
            yield event

    def compare_heads(self, heads: Iterable[Head]) -> None:
        """Compare the heads that the store keeps beside the events with what is there."""
        for head in heads:
            found = self._heads.get(head.stream)
            seq = found.seq if found else 0
            if (found is None or found != head) and not self._has_fault(head.stream):
                message = f"{head.stream} ends at event {seq}, and its head says {head.seq}: events were cut off"
                self._add(FaultKind.CUT, head.stream, seq + 1, message=message)

    def compare_checkpoints(self) -> None:
        """Compare every head that a checkpoint names with the event that is there."""
        for checkpoint in self._checkpoints:
            for head in checkpoint.changed:
                found = self._hashes.get((head.stream, head.seq))
                if found == head.hash or self._has_fault(head.stream):
                    continue
                what = "is gone" if found is None else "is another one"
                message = f"event {head.seq} of {head.stream}, which checkpoint {checkpoint.number} covers, {what}"
                self._add(FaultKind.CUT, head.stream, head.seq, message=message, at=checkpoint.made_at)

    def compare_copies(self, copies: Sequence[Copy], *, place: str) -> None:
        """Compare the checkpoints with copies that were kept elsewhere."""
        by_number = {checkpoint.number: checkpoint for checkpoint in self._checkpoints}
        for copy in copies:
            if why := self._wrong_copy(copy, by_number.get(copy.number)):
                message = f"checkpoint {copy.number}, of which {place} has a copy, {why}"
                self._add(FaultKind.CHECKPOINT, CHECKPOINTS, copy.number, message=message)
                return

    def _wrong_copy(self, copy: Copy, checkpoint: Checkpoint | None) -> str:
        if copy.signature is not None and is_signed(copy, self._keyring) is False:
            return "has a signature there that does not hold: the copy was edited"
        if checkpoint is None:
            return "is not in the store: the end of the record was cut off"
        if checkpoint.commitment != copy.commitment:
            return "is another one in the store: what it covers was rewritten"
        return ""

    def require_copies(self, numbers: Iterable[int], *, place: str) -> None:
        """Say so where checkpoints of the store have no copy in a place that should have each of them."""
        missing = sorted({checkpoint.number for checkpoint in self._checkpoints} - set(numbers))
        if missing:
            message = f"{place} has no copy of checkpoint {missing[0]}: lines were taken out of it"
            self._add(FaultKind.CHECKPOINT, CHECKPOINTS, missing[0], message=message)

    def add(self, fault: Fault) -> None:
        """Add a fault that was found elsewhere, in stored output."""
        self._faults.append(fault)

    def proof(self, *, copies: int) -> Proof:
        """Return what was found, the earliest fault first."""
        covered: dict[StreamId, int] = {}
        for checkpoint in self._checkpoints:
            covered |= {head.stream: head.seq for head in checkpoint.changed}
        counted = {name: head for name, head in self._heads.items() if name != CHECKPOINTS}
        return Proof(
            streams=len(self._heads),
            events=self._events,
            checkpoints=len(self._checkpoints),
            copies=copies,
            uncovered=_uncovered(counted, covered),
            faults=tuple(sorted(self._faults, key=lambda fault: (fault.at or _NEVER, fault.stream, fault.seq))),
            last=self._checkpoints[-1] if self._checkpoints else None,
        )

    def _add(self, kind: FaultKind, stream: StreamId, seq: int, *, message: str, at: datetime | None = None) -> None:
        self._faults.append(Fault(kind=kind, stream=stream, seq=seq, message=message, at=at))

    def _has_fault(self, stream: StreamId) -> bool:
        return any(fault.stream == stream for fault in self._faults)


def _uncovered(heads: Mapping[StreamId, Head], covered: Mapping[StreamId, int]) -> int:
    return sum(max(0, head.seq - covered.get(name, 0)) for name, head in heads.items())
