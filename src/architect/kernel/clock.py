"""Time as a port: decisions take `now`, they never ask the machine."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


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
    """Another clock plus an offset that a test moves; durations only ever grow."""

    base: Clock = field(default_factory=SystemClock)
    offset: timedelta = timedelta()
    passed_s: float = 0.0

    def now(self) -> datetime:
        """Return the base clock's moment plus the offset."""
        return self.base.now() + self.offset

    def monotonic_s(self) -> float:
        """Return the base clock's monotonic seconds plus what the test let pass."""
        return self.base.monotonic_s() + self.passed_s

    def move(self, delta: timedelta) -> None:
        """Let time pass, or, with a negative `delta`, set the clock back."""
        self.offset += delta
        self.passed_s += max(0.0, delta.total_seconds())


class SteadyClock:
    """Another clock that never goes back.

    Where the base clock falls behind the newest moment that was seen, time goes on from there at the pace of the
    monotonic clock, so that whatever waits for a moment still gets there.
    """

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._lock = threading.Lock()
        self._floor = _BEGINNING
        self._floor_at_s = 0.0

    def now(self) -> datetime:
        """Return the present moment, never before one that was returned or seen."""
        with self._lock:
            self._raise_floor(max(self._base.now(), self._from_floor()))
            return self._floor

    def see(self, moment: datetime) -> None:
        """Take notice of a moment that has happened, of another process perhaps."""
        with self._lock:
            if moment > self._from_floor():
                self._raise_floor(moment)

    def behind_s(self) -> float:
        """Return by how many seconds the base clock lies behind the newest moment seen; 0 when it does not."""
        with self._lock:
            return max(0.0, (self._from_floor() - self._base.now()).total_seconds())

    def monotonic_s(self) -> float:
        """Return the base clock's monotonic seconds."""
        return self._base.monotonic_s()

    def _raise_floor(self, moment: datetime) -> None:
        self._floor, self._floor_at_s = moment, self._base.monotonic_s()

    def _from_floor(self) -> datetime:
        if self._floor == _BEGINNING:
            return self._floor
        passed = timedelta(seconds=self._base.monotonic_s() - self._floor_at_s)
        return self._floor + min(passed, _END - self._floor)
