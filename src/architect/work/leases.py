"""Leases with generations, and the locks by which two runs never change one target at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from architect.audit.model import Fence
from architect.kernel.ids import RunId

WHOLE_PROFILE = "*"
"""The target of a change whose target is unknown: it conflicts with every target of its profile."""

UNRESOLVED = "?"
"""The identity, in a target `system@identity: object`, of a system that could not be resolved."""


EVERYTHING = "everything in it"
"""The object, in a target `system@identity: object`, of a change that may touch anything there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Ownership of a subject until `expires_at`. Whoever takes it over gets a higher generation."""

    subject: str
    owner: str
    generation: int
    expires_at: datetime

    @property
    def fence(self) -> Fence:
        """Return the condition under which this owner may append."""
        return Fence(subject=self.subject, generation=self.generation)


class LeaseStore(Protocol):
    """Keeps leases; time is the store's own clock."""

    def acquire(self, subject: str, owner: str, *, ttl_s: float) -> Lease | None:
        """Take the lease when it is free, released, expired or already this owner's; None when another holds it.

        Every success has a generation of its own, higher than any before.
        """
        ...

    def renew(self, lease: Lease, *, ttl_s: float) -> Lease | None:
        """Extend the lease; None when it was released or taken over.

        A lease that expired without being taken over is renewed: nobody else has acted in between.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Give the lease back. A lease that another holds by now is left alone."""
        ...

    def current(self, subject: str) -> Lease | None:
        """Return the lease as it stands, expired or not; None when it was never taken or was released."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLock:
    """A target that a run is changing. `target` names system, resolved identity and object."""

    profile: str
    target: str
    run: RunId
    since: datetime


def is_conflict(held: TargetLock, run: RunId, *, profile: str, target: str) -> bool:
    """Say whether `held` forbids `run` to change `target`.

    The same target conflicts under whatever profile, because it names the resolved system; where it could not be
    resolved (`kubernetes@?: deployment/web`), the same object of any such system does. What may touch everything in a
    system conflicts with every object there. A whole-profile lock conflicts with every target of that profile, in both
    directions.
    """
    if held.run == run:
        return False
    if WHOLE_PROFILE in (held.target, target):
        return held.profile == profile
    return held.target == target or _may_be_same(held.target, target)


def _may_be_same(one: str, other: str) -> bool:
    (system, identity, what), (other_system, other_identity, other_what) = _parts(one), _parts(other)
    is_same_place = system == other_system and (identity == other_identity or UNRESOLVED in (identity, other_identity))
    return bool(system) and is_same_place and (what == other_what or EVERYTHING in (what, other_what))


def _parts(target: str) -> tuple[str, str, str]:
    place, separator, what = target.partition(": ")
    system, _, identity = place.partition("@") if separator else ("", "", "")
    return system, identity, what


class TargetLocks(Protocol):
    """Keeps the locks of targets; they are held by the run, not by its worker, until it releases them."""

    def acquire(self, run: RunId, *, profile: str, targets: Collection[str]) -> Sequence[TargetLock]:
        """Lock all `targets` or none. Return the locks in the way; empty means that the run now holds them all.

        Asking again for what the run already holds succeeds.
        """
        ...

    def release(self, run: RunId, *, targets: Collection[str] | None = None) -> None:
        """Give back the named targets of the run, or all that it holds."""
        ...

    def list(self) -> Sequence[TargetLock]:
        """Return every lock, oldest first."""
        ...
