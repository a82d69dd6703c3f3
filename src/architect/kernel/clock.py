"""Time as a port: decisions take `now`, they never ask the machine."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time; an aware UTC datetime and monotonic seconds."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never go backwards, for durations."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds that never go backwards."""
        return time.monotonic()


@dataclass(slots=True)
class OffsetClock:
    """Another clock plus an offset that a test moves."""

    base: Clock = field(default_factory=SystemClock)
    offset: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the base clock's moment plus the offset."""
        return self.base.now() + self.offset

    def monotonic_s(self) -> float:
        """Return the base clock's monotonic seconds plus the offset."""
        return self.base.monotonic_s() + self.offset.total_seconds()

    def move(self, delta: timedelta) -> None:
        """Move the offset by `delta`, which may be negative."""
        self.offset += delta
