from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.kernel.clock import OffsetClock, SteadyClock

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Machine:
    """A clock whose wall and monotonic hands the test moves apart."""

    wall: datetime = NOON
    seconds: float = 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic_s(self) -> float:
        return self.seconds

    def pass_s(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds

    def jump(self, delta: timedelta) -> None:
        self.wall += delta


JUMPS = st.timedeltas(min_value=-timedelta(days=400), max_value=timedelta(days=400))
STEPS = st.lists(
    st.tuples(st.just("pass"), st.floats(0, 1e6))
    | st.tuples(st.just("jump"), JUMPS)
    | st.tuples(st.just("see"), JUMPS),
    max_size=30,
)


@given(STEPS)
def test_time_never_goes_back_and_never_falls_behind_the_machines(steps: list[tuple[str, float | timedelta]]) -> None:
    machine = Machine()
    clock = SteadyClock(machine)
    before = clock.now()
    for what, amount in steps:
        if isinstance(amount, timedelta):
            machine.jump(amount) if what == "jump" else clock.see(machine.now() + amount)
        else:
            machine.pass_s(amount)
        now = clock.now()
        assert now >= before
        assert now >= machine.now()
        before = now


@given(JUMPS, st.lists(st.floats(0.001, 10_000), min_size=1, max_size=10))
def test_after_any_jump_time_goes_on_at_the_pace_of_the_monotonic_clock(jump: timedelta, passing: list[float]) -> None:
    machine = Machine()
    clock = SteadyClock(machine)
    clock.now()
    machine.jump(jump)
    before = clock.now()
    for seconds in passing:
        machine.pass_s(seconds)
        now = clock.now()
        assert abs((now - before).total_seconds() - seconds) < 0.001
        before = now


def test_a_clock_set_back_by_an_hour_goes_on_and_says_how_far_behind_it_is() -> None:
    machine = Machine()
    clock = SteadyClock(machine)
    assert clock.now() == NOON
    assert clock.behind_s() == 0
    machine.jump(-HOUR)
    assert clock.now() == NOON
    assert clock.behind_s() == 3600
    machine.pass_s(60)
    assert clock.now() == NOON + timedelta(seconds=60)
    machine.jump(HOUR)
    assert clock.behind_s() == 0
    assert clock.now() == NOON + timedelta(seconds=60)


def test_a_clock_set_forward_and_back_keeps_the_later_time() -> None:
    machine = Machine()
    clock = SteadyClock(machine)
    machine.jump(HOUR)
    assert clock.now() == NOON + HOUR
    machine.jump(-HOUR)
    machine.pass_s(1)
    assert clock.now() == NOON + HOUR + timedelta(seconds=1)


def test_a_moment_that_another_process_saw_is_not_gone_behind() -> None:
    machine = Machine()
    clock = SteadyClock(machine)
    clock.see(NOON + HOUR)
    assert clock.now() == NOON + HOUR
    clock.see(NOON)
    assert clock.now() == NOON + HOUR
    assert clock.behind_s() == 3600


def test_a_moment_at_the_end_of_time_stops_the_clock_and_nothing_else() -> None:
    machine = Machine()
    clock = SteadyClock(machine)
    end = datetime.max.replace(tzinfo=UTC)
    clock.see(end)
    machine.pass_s(1000)
    assert clock.now() == end


def test_threads_see_one_time_that_only_grows() -> None:
    clock = SteadyClock(OffsetClock())
    seen: list[list[datetime]] = []

    def look() -> None:
        seen.append([clock.now() for _ in range(2000)])

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one <= other for times in seen for one, other in pairwise(times))


@pytest.mark.parametrize("delta", [HOUR, -HOUR])
def test_durations_only_grow_whatever_is_done_to_the_time(delta: timedelta) -> None:
    clock = OffsetClock()
    before = clock.monotonic_s()
    clock.move(delta)
    assert clock.monotonic_s() >= before
    assert clock.now() - datetime.now(UTC) - delta < timedelta(seconds=1)
