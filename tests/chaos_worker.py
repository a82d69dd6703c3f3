"""A worker process to be killed: carries runs on until all wait or end, and dies or stops at a chosen append.

Arguments: a JSON object with `store` (URL), `folder`, `runs`, `lease_ttl_s`, and perhaps `at` (an append),
`when` (`before` or `after`) and `signal`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from architect.audit.model import Draft, Event, EventStore, Fence
from architect.integrations.shell.executor import ShellRunner
from architect.integrations.shell.survivors import LocalSurvivors
from architect.kernel.errors import ConflictError
from architect.kernel.ids import RunId, StreamId
from architect.runs.context import Contexts, Surroundings
from architect.runs.model import Executor, Plan
from architect.runs.voting import VotingRules
from architect.runs.worker import Engine, Worker
from architect.storage.stores import Stores, open_stores
from runs_world import CapturedUndos, KnownSecrets, NoProposals, ScriptedAsker


class DyingEvents:
    """A store that sends its own process a signal at one append; `EventStore` by delegation."""

    def __init__(self, inner: EventStore, *, at: int, when: str, number: int) -> None:
        self._inner = inner
        self._left = at
        self._when = when
        self._number = number
        self.read = inner.read
        self.heads = inner.heads
        self.all_events = inner.all_events

    def append(
        self, stream: StreamId, drafts: Sequence[Draft], *, expected_seq: int, fence: Fence | None = None
    ) -> Sequence[Event]:
        self._left -= 1
        if self._left == 0 and self._when == "before":
            os.kill(os.getpid(), self._number)
        stored = self._inner.append(stream, drafts, expected_seq=expected_seq, fence=fence)
        if self._left == 0 and self._when == "after":
            os.kill(os.getpid(), self._number)
        return stored


def engine(stores: Stores, events: EventStore, *, folder: Path, lease_ttl_s: float) -> Engine:
    """Put an engine together over real stores and a real shell."""

    def surroundings(plan: Plan) -> Surroundings:
        return Surroundings(environment={"PATH": "/usr/local/bin:/usr/bin:/bin"})

    return Engine(
        events=events,
        index=stores.index,
        outputs=stores.outputs,
        leases=stores.leases,
        locks=stores.locks,
        clock=stores.clock,
        contexts=Contexts(root=folder, secrets=KnownSecrets(), surroundings=surroundings),
        runners={Executor.SHELL: ShellRunner()},
        asker=ScriptedAsker(),
        undo_reader=CapturedUndos(),
        proposer=NoProposals(),
        survivors=LocalSurvivors(),
        rules=VotingRules(),
        lease_ttl_s=lease_ttl_s,
    )


def work(order: dict[str, Any]) -> None:
    """Carry the runs on until each waits for a person or has ended."""
    with contextlib.closing(open_stores(order["store"])) as stores:
        events: EventStore = stores.events
        if "at" in order:
            number = signal.Signals[order["signal"]]
            events = DyingEvents(stores.events, at=order["at"], when=order["when"], number=number)
        worker = Worker(engine(stores, events, folder=Path(order["folder"]), lease_ttl_s=order["lease_ttl_s"]))
        open_runs = [RunId(run) for run in order["runs"]]
        while open_runs:
            open_runs = [run for run in open_runs if not advance(worker, run)]
            if open_runs:
                time.sleep(order["lease_ttl_s"] / 4)


def advance(worker: Worker, run: RunId) -> bool:
    """Carry one run on; False while another worker has it."""
    try:
        worker.advance(run)
    except ConflictError:
        return False
    return True


if __name__ == "__main__":
    work(json.loads(sys.argv[1]))
