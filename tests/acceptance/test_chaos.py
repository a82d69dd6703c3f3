"""Kill and pause workers wherever they can be: nothing runs twice, every chain is whole, nobody is left alive."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from architect.commands.model import Effect
from architect.kernel.ids import RunId
from architect.runs.events import GateReason
from chaos import Chaos, counting, kill_at_random
from runs_world import DANA, plan, reason_of

STEPS = int(os.environ.get("ARCHITECT_CHAOS_STEPS", "60"))
SOAK_STEPS = int(os.environ.get("ARCHITECT_CHAOS_SOAK_STEPS", "2000"))


@pytest.fixture
def chaos(store_url: str, tmp_path: Path) -> Iterator[Chaos]:
    """Runs on a store of their own."""
    chaos = Chaos(store_url, tmp_path)
    yield chaos
    chaos.close()


APPENDS_OF_TWO_STEPS = 7


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(1, APPENDS_OF_TWO_STEPS + 1))
def test_a_kill_at_any_append_repeats_nothing(chaos: Chaos, at: int, when: str) -> None:
    run = chaos.create(2)
    chaos.worker(run, at=at, when=when).wait(timeout=60)
    chaos.settle(run)
    chaos.check(run, steps=2)


@pytest.mark.parametrize("at", [2, 3, 4])
def test_a_worker_that_was_paused_and_taken_over_repeats_nothing_when_it_wakes(chaos: Chaos, at: int) -> None:
    run = chaos.create(3)
    paused = chaos.worker(run, at=at, when="after", number="SIGSTOP")
    os.waitpid(paused.pid, os.WUNTRACED)
    chaos.settle(run)
    paused.send_signal(signal.SIGCONT)
    assert paused.wait(timeout=60) == 0
    chaos.check(run, steps=3)


DETACHING = {
    "grandchildren": "(sleep 300 & sleep 300) & wait",
    "setsid": "setsid sleep 300 & wait",
    "double fork": "( ( setsid sleep 300 & ) & ); sleep 300",
    "nohup": "nohup setsid sleep 300 >/dev/null 2>&1 & wait",
}


@pytest.mark.parametrize("after", DETACHING.values(), ids=DETACHING.keys())
def test_no_descendant_outlives_a_worker_that_is_killed_in_the_middle_of_a_step(chaos: Chaos, after: str) -> None:
    ready = chaos.folder / "ready"
    os.mkfifo(ready)
    counter = chaos.counter(RunId("RUN-1"))
    run = chaos.service.create(plan(counting("1.1", counter, after=f"echo > {ready}; {after}")), DANA)
    worker = chaos.worker(run)
    ready.read_text()
    worker.kill()
    worker.wait()
    assert chaos.worker(run).wait(timeout=60) == 0
    assert chaos.left_alive(run) == []
    state = chaos.service.state(run)
    assert reason_of(state) is GateReason.UNKNOWN_OUTCOME
    assert chaos.done(run) == ["1.1"]


def test_a_read_in_the_middle_of_a_kill_is_repeated_without_asking(chaos: Chaos) -> None:
    run = chaos.create(2, effect=Effect.READ)
    chaos.worker(run, at=2, when="after").wait(timeout=60)
    assert chaos.worker(run).wait(timeout=60) == 0
    assert chaos.service.state(run).ended is not None


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_that_are_killed_and_paused_at_random_repeat_nothing(chaos: Chaos, workers: int) -> None:
    run_a, run_b = chaos.create(STEPS // 2), chaos.create(STEPS // 2)
    kill_at_random(chaos, [run_a, run_b], workers=workers, seed=workers)
    chaos.settle(run_a, run_b)
    for run in (run_a, run_b):
        chaos.check(run, steps=STEPS // 2)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", [2, 3])
def test_thousands_of_steps_survive_kills_and_pauses(chaos: Chaos, workers: int) -> None:
    share = SOAK_STEPS // 10
    runs = [chaos.create(share) for _ in range(10)]
    kill_at_random(chaos, runs, workers=workers, seed=100 + workers)
    chaos.settle(*runs)
    for run in runs:
        chaos.check(run, steps=share)
