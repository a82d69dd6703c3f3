"""What chaos tests share: a run that counts outside what it did, workers as processes, and what must hold after."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from architect.audit.chain import prove_streams
from architect.commands.model import Effect
from architect.integrations.shell.guarding import host_name
from architect.integrations.shell.survivors import with_cookie
from architect.kernel.ids import RunId
from architect.runs.events import GateReason, ProcessMark, StepStarted, parse, stream_of
from architect.runs.model import GateKind, PlannedAction
from architect.runs.service import RunService
from architect.runs.state import RunState
from architect.runs.voting import VotingRules
from architect.storage.stores import Stores, open_stores
from runs_world import DANA, plan, shell

TESTS = Path(__file__).parent
LEASE_TTL_S = 1.0
DETACHED = (
    "true",
    "(sleep 300 & sleep 300 &) >/dev/null 2>&1",
    "setsid sleep 300 >/dev/null 2>&1 &",
    "nohup setsid sleep 300 >/dev/null 2>&1 &",
)


def counting(name: str, counter: Path, *, effect: Effect = Effect.WRITE, after: str = "true") -> PlannedAction:
    """Return an action that appends its name to the counter outside; it needs no approval."""
    action = shell(name, f"echo {name} >> {counter}; {after}", effect, targets=(f"file {counter}",))
    return replace(action, gate=GateKind.NONE)


@dataclass
class Chaos:
    """Runs on one real store, with workers to be killed."""

    url: str
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stores: Stores = open_stores(self.url)
        self.service = RunService(
            events=self.stores.events, index=self.stores.index, clock=self.stores.clock, rules=VotingRules()
        )

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.stores.close()

    def counter(self, run: RunId) -> Path:
        return self.folder / f"{run}.count"

    def create(self, steps: int, *, effect: Effect = Effect.WRITE) -> RunId:
        """Create a run of counting steps; every fourth leaves processes behind."""
        number = len(self.service.list(limit=100_000)) + 1
        counter = self.counter(RunId(f"RUN-{number}"))
        actions = [
            counting(f"1.{step}", counter, effect=effect, after=DETACHED[step % 40 // 10 if step % 10 == 0 else 0])
            for step in range(1, steps + 1)
        ]
        run = self.service.create(plan(*actions), DANA)
        assert self.counter(run) == counter
        return run

    def worker(
        self, *runs: RunId, at: int | None = None, when: str = "before", number: str = "SIGKILL"
    ) -> subprocess.Popen[bytes]:
        """Start a worker process for the runs, perhaps one that ends itself at an append."""
        order: dict[str, object] = {
            "store": self.url,
            "folder": str(self.folder / "runs"),
            "runs": runs,
            "lease_ttl_s": LEASE_TTL_S,
        }
        if at is not None:
            order |= {"at": at, "when": when, "signal": number}
        process = subprocess.Popen(
            [sys.executable, str(TESTS / "chaos_worker.py"), json.dumps(order)],
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )
        self.processes.append(process)
        return process

    def settle(self, *runs: RunId) -> list[RunState]:
        """Answer what workers ask until every run has ended; unknown steps are looked up in the counter."""
        states = [self.service.state(run) for run in runs]
        while any(state.ended is None for state in states):
            for state in states:
                self.answer(state)
            left = [state.run for state in states if state.ended is None]
            assert self.worker(*left).wait(timeout=120) == 0
            states = [self.service.state(run) for run in runs]
        return states

    def answer(self, state: RunState) -> None:
        """Do what a careful person does at a gate."""
        gate = state.open_gate
        if gate is None:
            return
        if gate.opened.reason is GateReason.RECOVERY:
            self.service.recovered(state.run, gate.opened.gate, actor=DANA, is_recovered=True)
            return
        assert gate.opened.reason is GateReason.UNKNOWN_OUTCOME, gate.opened
        if gate.opened.action in self.done(state.run):
            self.service.done(state.run, gate.opened.gate, DANA)
        else:
            self.service.retry(state.run, gate.opened.gate, DANA)

    def done(self, run: RunId) -> list[str]:
        """Return what the run did, by the counter outside."""
        counter = self.counter(run)
        return counter.read_text().split() if counter.exists() else []

    def check(self, run: RunId, *, steps: int) -> None:
        """Check that every step ran exactly once, that the chain is whole and nobody is left alive."""
        counts = Counter(self.done(run))
        assert counts == {f"1.{step}": 1 for step in range(1, steps + 1)}
        with self.stores.moment() as moment:
            assert [proof.fault for proof in prove_streams(moment.entries()) if proof.fault] == []
        assert self.left_alive(run) == []

    def left_alive(self, run: RunId) -> list[int]:
        """Return the processes of the run's steps that still live."""
        return [pid for mark in self.marks(run) for pid in with_cookie(mark.cookie)]

    def marks(self, run: RunId) -> Iterator[ProcessMark]:
        """Yield the marks of the run's processes on this host."""
        for event in self.stores.events.read(stream_of(run)):
            typed = parse(event)
            if isinstance(typed, StepStarted) and typed.process is not None and typed.process.host == host_name():
                yield typed.process


def kill_at_random(chaos: Chaos, runs: Sequence[RunId], *, workers: int, seed: int) -> None:
    """Keep workers on the runs, killing or pausing one at a random append, until every run waits or has ended."""
    chance = random.Random(seed)
    alive = [chaos.worker(*runs) for _ in range(workers - 1)]
    while True:
        at = chance.randrange(1, 40)
        number = chance.choice(["SIGKILL", "SIGKILL", "SIGSTOP"])
        victim = chaos.worker(*runs, at=at, when=chance.choice(["before", "after"]), number=number)
        if number == "SIGSTOP":
            _, status = os.waitpid(victim.pid, os.WUNTRACED)
            if os.WIFSTOPPED(status):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    alive[0].wait(timeout=LEASE_TTL_S * 2)
                victim.send_signal(signal.SIGCONT)
            else:
                victim.returncode = os.waitstatus_to_exitcode(status)
        if victim.wait(timeout=120) == 0:
            break
    for process in alive:
        assert process.wait(timeout=120) == 0
