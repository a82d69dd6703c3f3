"""Timers as rows: something falls due at a moment, and whichever worker is free claims it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from architect.audit.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """One moment at which something is to be done. `(kind, subject)` is unique: putting it again replaces it."""

    kind: str
    subject: str
    at: datetime
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A timer handed to one worker. `token` proves that it is still the same setting of the timer."""

    timer: Timer
    token: int


class DueStore(Protocol):
    """Keeps timers; time is the store's own clock. A claimed timer that is not settled falls due again."""

    def put(self, timer: Timer) -> None:
        """Set the timer, replacing the one with its kind and subject; claims on the old setting become void."""
        ...

    def move(self, kind: str, subject: str, *, at: datetime) -> bool:
        """Move the timer to another moment; False when there is none. Claims on the old setting become void."""
        ...

    def cancel(self, kind: str, subject: str) -> bool:
        """Remove the timer; False when there was none."""
        ...

    def claim(self, *, limit: int, hold_s: float) -> Sequence[Claim]:
        """Take up to `limit` due timers, earliest first; nobody else sees them for `hold_s` seconds."""
        ...

    def settle(self, claim: Claim) -> bool:
        """Remove a claimed timer whose work is done; False when it was put, moved, cancelled or claimed again."""
        ...

    def next_at(self) -> datetime | None:
        """Return the moment at which the next timer may be claimed; None when there is none."""
        ...
