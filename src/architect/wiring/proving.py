"""Puts the proof of the record together: the store, its checkpoints, every copy, lists, secrets, stored output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from architect.access.people import PEOPLE, Register, register_of
from architect.access.secrets import fingerprint
from architect.audit.chain import Fault, FaultKind
from architect.audit.checkpoints import Copy
from architect.audit.keys import own_key, public_keys
from architect.audit.model import Event
from architect.audit.proof import Proof, Prover
from architect.kernel.errors import ArchitectError
from architect.runs.events import stream_of
from architect.runs.witness import RunWitness
from architect.storage.moments import Moment
from architect.wiring.installation import Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Copies of checkpoints that were kept outside, and how their place is called."""

    copies: Sequence[Copy] = ()
    place: str = ""


def prove(installation: Installation, *, against: Elsewhere | None = None, with_output: bool = True) -> Proof:
    """Go through everything that is recorded, as of one moment, however much is written meanwhile."""
    elsewhere, own = against or Elsewhere(), installation.own_copies
    with installation.stores.moment() as moment:
        with own.held() as file:
            lines, store = file.lines(), moment.store()
        prover = Prover(public_keys(installation.keys_folder), store=store)
        prover.take_checkpoints(moment.checkpoints())
        witness = RunWitness(line_of=moment.line, chunks_of=moment.chunks if with_output else None)
        people: list[Event] = []
        prover.take(moment.entries(), see=lambda event: _see(event, witness, people))
        witness.finish()
        prover.compare_heads(moment.heads())
        prover.compare_checkpoints()
        for fault in (*witness.faults, *_bereft(moment), *_wrong_secrets(moment, people)):
            prover.add(fault)
    prover.compare_own_copies(lines, place=own.name, key=own_key(installation.keys_folder))
    prover.compare_copies(elsewhere.copies, place=elsewhere.place)
    if witness.old:
        names = ", ".join(witness.old[:5])
        prover.note(f"the list of runs is older than the events of {names}: `architect db rebuild` makes it again")
    return prover.proof(copies=len(lines) + len(elsewhere.copies))


def _see(event: Event, witness: RunWitness, people: list[Event]) -> None:
    witness.see(event)
    if event.stream == PEOPLE:
        people.append(event)


def _bereft(moment: Moment) -> Iterator[Fault]:
    """Yield a fault for each run that is listed and of which nothing else is left."""
    for run in moment.bereft():
        message = f"event 1 of {stream_of(run)} is gone, with all others: the list of runs still has it"
        yield Fault(kind=FaultKind.CUT, stream=stream_of(run), seq=1, message=message)


def _wrong_secrets(moment: Moment, people: Sequence[Event]) -> Iterator[Fault]:
    """Yield a fault for each person whose stored secret is not the one that was recorded."""
    try:
        recorded = register_of(people).fingerprints
    except (ArchitectError, LookupError, ValueError):
        recorded = Register().fingerprints
    kept = moment.verifiers()
    for person in sorted({*recorded, *kept}):
        if fingerprint(kept.get(person, "")) != recorded.get(person, ""):
            message = f"the stored secret of {person} is not the one that was recorded"
            yield Fault(kind=FaultKind.LIST, stream=PEOPLE, seq=len(people), message=message)
