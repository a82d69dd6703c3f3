"""The only place where adapters meet ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from architect.access.people import Identity
from architect.runs.service import RunService
from architect.runs.worker import Engine, Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from architect.runs.events import RunEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What a terminal needs: the door to runs, the engine behind it, and who sits there."""

    service: RunService
    engine: Engine
    identity: Identity

    def worker(self, *, on_event: Callable[[RunEvent], None] | None = None) -> Worker:
        """Return a worker of this process."""
        return Worker(self.engine, on_event=on_event)
