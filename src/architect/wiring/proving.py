"""Puts the proof of the record together: the store, its checkpoints, every copy, the stored output."""

from __future__ import annotations

from collections.abc import Iterator

from architect.audit.chain import Fault, FaultKind
from architect.audit.checkpoints import parse_copies
from architect.audit.keys import public_keys
from architect.audit.model import Event
from architect.audit.proof import Proof, Prover
from architect.kernel.errors import ArchitectError
from architect.runs.events import StepEnded, parse, run_of
from architect.runs.output import output_sha256, read_output
from architect.runs.ports import OutputKey
from architect.wiring.installation import Installation


def prove(installation: Installation, *, against: tuple[str, str] = ("", ""), with_output: bool = True) -> Proof:
    """Go through everything that is recorded. `against` holds copies that were kept elsewhere, and their place."""
    stores = installation.stores
    prover = Prover(public_keys(installation.keys_folder))
    prover.take_checkpoints(stores.checkpoints.stored())
    ended: list[Event] = []
    prover.take(_noting(stores.events.all_events(), ended))
    prover.compare_heads(stores.events.heads())
    prover.compare_checkpoints()
    own = installation.own_copies
    copies = parse_copies(own.text())
    prover.compare_copies(copies, place=own.name)
    prover.require_copies((copy.number for copy in copies), place=own.name)
    elsewhere = parse_copies(against[0])
    prover.compare_copies(elsewhere, place=against[1])
    if with_output:
        for fault in _output_faults(installation, ended):
            prover.add(fault)
    return prover.proof(copies=len(copies) + len(elsewhere))


def _noting(events: Iterator[Event], ended: list[Event]) -> Iterator[Event]:
    """Pass events on, and keep those whose output is stored beside them."""
    for event in events:
        if event.kind == StepEnded.kind:
            ended.append(event)
        yield event


def _output_faults(installation: Installation, ended: list[Event]) -> Iterator[Fault]:
    """Yield a fault for each step whose stored output is not what its event says."""
    for event in ended:
        try:
            step = parse(event)
        except (ArchitectError, ValueError):
            continue
        if not isinstance(step, StepEnded) or step.output is None or step.output.chunks == 0:
            continue
        key = OutputKey(run=run_of(event.stream), action=step.action, attempt=step.attempt)
        try:
            stored = output_sha256(read_output(installation.stores.outputs, key))
        except ArchitectError as error:
            stored = str(error)
        if stored != step.output.sha256:
            yield Fault(
                kind=FaultKind.OUTPUT,
                stream=event.stream,
                seq=event.seq,
                message=f"the output of {key.run} {key.action} is not what was stored",
                at=event.at,
            )
