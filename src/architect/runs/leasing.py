"""A lease that is kept alive while its owner works, and noticed when it is gone."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from architect.kernel.errors import ArchitectError, ConflictError
from architect.work.leases import Lease, LeaseStore


class LeaseLostError(ConflictError):
    """Another worker owns the run now; this one has killed what it had and touches nothing more."""

    code = "lease-lost"


def awake_s() -> float:
    """Return seconds that go on while the process is stopped and while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class HeldLease:
    """Renews a lease every third of its time from a thread of its own; a context manager."""

    def __init__(
        self, lease: Lease, *, store: LeaseStore, ttl_s: float, seconds: Callable[[], float] = awake_s
    ) -> None:
        self.lease = lease
        self._store = store
        self._ttl_s = ttl_s
        self._seconds = seconds
        self._renewed_at = seconds()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._wakeable, self._waker = os.pipe()
        self._waking = threading.RLock()
        self._is_lost = False
        self._lost_because = "it was taken over by another worker"
        self._paused_s = 0.0
        self._on_lost: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._beat, name=f"lease {lease.subject}", daemon=True)

    def __enter__(self) -> Self:
        """Start the heartbeat."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the heartbeat and give the lease back."""
        self._over.set()
        self._thread.join()
        waker = self._waker
        with self._waking:
            self._waker = -1
            os.close(waker)
        os.close(self._wakeable)
        if not self._is_lost:
            self._store.release(self.lease)

    @property
    def gap_s(self) -> float:
        """How long the last renewal is ago."""
        return self._seconds() - self._renewed_at

    def renew(self) -> bool:
        """Renew now; False when the lease is another's."""
        with self._lock:
            if self._is_lost:
                return False
            gap_s = self.gap_s
            renewed = self._store.renew(self.lease, ttl_s=self._ttl_s)
            if renewed is None:
                self._lose()
                return False
            if gap_s > self._ttl_s / 2:
                self._paused_s = max(self._paused_s, gap_s)
            self.lease, self._renewed_at = renewed, self._seconds()
            return True

    def taken_pause_s(self) -> float:
        """Return, once, for how long this process was paused without losing the lease; 0 when it was not."""
        with self._lock:
            paused_s, self._paused_s = self._paused_s, 0.0
        return paused_s

    def require(self) -> None:
        """Make sure that the lease is ours before something irrevocable.

        A gap since the last renewal means that this process was paused: the store is asked. Raises LeaseLostError.
        """
        is_stale = self.gap_s > self._ttl_s / 2
        if self._is_lost or (is_stale and not self.renew()):
            raise LeaseLostError(f"{self.lease.subject} is no longer ours: {self._lost_because}")

    def when_lost(self, callback: Callable[[], None] | None) -> None:
        """Call `callback`, from the heartbeat's thread, when the lease turns out to be lost."""
        self._on_lost = callback
        if self._is_lost and callback is not None:
            callback()

    def wait(self, seconds: float) -> None:
        """Wait for a time, or until the lease is lost or somebody wakes the worker."""
        if not self._is_lost and select.select([self._wakeable], [], [], seconds)[0]:
            os.read(self._wakeable, 64)

    def wake(self) -> None:
        """End a wait; safe in a signal handler, and from a thread that is late."""
        with self._waking:
            if self._waker >= 0:
                os.write(self._waker, b"w")

    def _beat(self) -> None:
        while not self._over.wait(self._ttl_s / 3):
            try:
                self.renew()
            except ArchitectError as error:
                if self.gap_s > self._ttl_s:
                    self._lost_because = error.message
                    self._lose()

    def _lose(self) -> None:
        self._is_lost = True
        self._over.set()
        self.wake()
        if self._on_lost is not None:
            self._on_lost()
