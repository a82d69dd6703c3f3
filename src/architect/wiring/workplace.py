"""The place of a terminal in an installation: the door to its runs, who sits there, workers when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from architect.access.people import Identity
from architect.access.secrets import matches
from architect.kernel.ids import PersonId, RunId
from architect.runs.ports import Observer, OutputStore
from architect.runs.service import RunService
from architect.runs.state import RunState
from architect.runs.voting import VotingRules
from architect.wiring.installation import Installation, Kept, make_checkpoint, open_installation
from architect.work.leases import TargetLocks, is_conflict

if TYPE_CHECKING:
    from architect.runs.worker import Engine, OnEvent, Worker
    from architect.wiring.engines import Engines

EngineFor = Callable[[RunId, Sequence[Observer]], "Engine"]
"""Returns the engine that carries a run out, with those who look at its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What a terminal needs of runs: the door to them, who sits there, and engines that carry them out."""

    service: RunService
    identity: Identity
    rules: VotingRules
    outputs: OutputStore
    engine_for: EngineFor
    is_blocked: Callable[[RunState], bool] = lambda _: False
    """Says whether another run still holds what a run waits for."""
    is_secret_of: Callable[[PersonId, str], bool] = lambda *_: False
    """Says whether a registered person's own secret is the one given."""
    keep: Callable[[], Kept | None] = lambda: None
    """Makes a checkpoint and copies it outside the store."""

    def worker(self, run: RunId, *, on_event: OnEvent | None = None, observers: Sequence[Observer] = ()) -> Worker:
        """Return a worker of this process for a run."""
        from architect.runs.worker import Worker

        return Worker(self.engine_for(run, observers), on_event=on_event)


@contextmanager
def open_workplace(state: str | None) -> Iterator[Workplace]:
    """Open an installation and its door to runs."""
    with open_installation(state) as installation, workplace_of(installation) as place:
        yield place


@contextmanager
def workplace_of(installation: Installation, *, identity: Identity | None = None) -> Iterator[Workplace]:
    """Give the workplace of an installation for the length of a block; what engines need is loaded with the first."""
    opened: list[Engines] = []
    people = installation.stores.people

    def engine_for(run: RunId, observers: Sequence[Observer]) -> Engine:
        from architect.wiring.engines import Engines

        if not opened:
            opened.append(Engines(installation))
        return opened[0].engine_for(run, observers)

    try:
        yield Workplace(
            service=installation.service,
            identity=identity or installation.identity,
            rules=installation.rules,
            outputs=installation.stores.outputs,
            engine_for=engine_for,
            is_blocked=partial(is_blocked, installation.stores.locks),
            is_secret_of=lambda person, secret: matches(secret, people.verifier(person)),
            keep=lambda: make_checkpoint(installation),
        )
    finally:
        for engines in opened:
            engines.close()


def is_blocked(locks: TargetLocks, state: RunState) -> bool:
    """Say whether another run holds a target that this one waits for."""
    wanted = state.busy.targets if state.busy is not None else ()
    profile = state.plan.profile
    return any(
        is_conflict(held, state.run, profile=profile, target=target) for held in locks.list() for target in wanted
    )
