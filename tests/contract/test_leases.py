"""What every store of leases and locks promises."""

from __future__ import annotations

import threading
from datetime import timedelta

from architect.kernel.ids import RunId
from architect.work.leases import WHOLE_PROFILE, Lease
from contract.conftest import Kept

RUN, OTHER = RunId("RUN-1"), RunId("RUN-2")


def take(kept: Kept, owner: str, subject: str = "run:RUN-1") -> Lease:
    """Take a lease that is known to be free."""
    lease = kept.leases.acquire(subject, owner, ttl_s=10)
    assert lease is not None
    return lease


def test_a_lease_belongs_to_one_owner_until_it_expires(kept: Kept) -> None:
    first = take(kept, "a")
    assert kept.leases.acquire("run:RUN-1", "b", ttl_s=10) is None
    kept.clock.move(timedelta(seconds=11))
    second = take(kept, "b")
    assert second.generation > first.generation
    assert kept.leases.renew(first, ttl_s=10) is None


def test_the_owner_takes_its_lease_again_with_a_higher_generation(kept: Kept) -> None:
    assert take(kept, "a").generation < take(kept, "a").generation


def test_a_lease_that_expired_and_that_nobody_took_is_renewed(kept: Kept) -> None:
    first = take(kept, "a")
    kept.clock.move(timedelta(seconds=11))
    renewed = kept.leases.renew(first, ttl_s=10)
    assert renewed is not None
    assert renewed.generation == first.generation
    assert kept.leases.acquire("run:RUN-1", "b", ttl_s=10) is None


def test_a_released_lease_is_free_and_its_generation_does_not_come_back(kept: Kept) -> None:
    first = take(kept, "a")
    kept.leases.release(first)
    assert kept.leases.current("run:RUN-1") is None
    assert kept.leases.renew(first, ttl_s=10) is None
    assert take(kept, "b").generation > first.generation


def test_release_leaves_the_lease_of_another_alone(kept: Kept) -> None:
    first = take(kept, "a")
    kept.clock.move(timedelta(seconds=11))
    second = take(kept, "b")
    kept.leases.release(first)
    assert kept.leases.current("run:RUN-1") == second


def test_of_many_who_ask_at_once_one_gets_the_lease(kept: Kept) -> None:
    found: list[Lease | None] = []
    threads = [
        threading.Thread(target=lambda name=name: found.append(kept.leases.acquire("x", name, ttl_s=10)))
        for name in "abcdef"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([lease for lease in found if lease is not None]) == 1


def test_a_clock_that_is_set_back_frees_no_lease_and_keeps_none_for_ever(kept: Kept) -> None:
    take(kept, "a")
    kept.clock.move(timedelta(hours=-1))
    assert kept.leases.acquire("run:RUN-1", "b", ttl_s=10) is None
    kept.clock.move(timedelta(hours=1, seconds=11))
    assert kept.leases.acquire("run:RUN-1", "b", ttl_s=10) is not None


def test_a_target_is_locked_by_one_run(kept: Kept) -> None:
    assert kept.locks.acquire(RUN, profile="live", targets=["db", "cache"]) == []
    blocking = kept.locks.acquire(OTHER, profile="staging", targets=["dns", "cache"])
    assert [(lock.run, lock.target) for lock in blocking] == [(RUN, "cache")]
    assert {lock.target for lock in kept.locks.list()} == {"db", "cache"}


def test_a_run_may_ask_for_what_it_holds(kept: Kept) -> None:
    assert kept.locks.acquire(RUN, profile="live", targets=["db"]) == []
    assert kept.locks.acquire(RUN, profile="live", targets=["db", "cache"]) == []
    assert sorted(lock.target for lock in kept.locks.list()) == ["cache", "db"]


def test_a_whole_profile_conflicts_with_its_targets_both_ways(kept: Kept) -> None:
    assert kept.locks.acquire(RUN, profile="live", targets=[WHOLE_PROFILE]) == []
    assert len(kept.locks.acquire(OTHER, profile="live", targets=["db"])) == 1
    assert kept.locks.acquire(OTHER, profile="staging", targets=["db"]) == []
    assert len(kept.locks.acquire(RunId("RUN-3"), profile="staging", targets=[WHOLE_PROFILE])) == 1


def test_released_targets_are_free(kept: Kept) -> None:
    kept.locks.acquire(RUN, profile="live", targets=["db", "cache"])
    kept.locks.release(RUN, targets=["db"])
    assert kept.locks.acquire(OTHER, profile="live", targets=["db"]) == []
    kept.locks.release(RUN)
    assert [lock.run for lock in kept.locks.list()] == [OTHER]


def test_of_two_runs_that_lock_at_once_one_gets_the_target(kept: Kept) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(
            target=lambda run=run: found.append(len(kept.locks.acquire(run, profile="live", targets=["db", "cache"])))
        )
        for run in (RUN, OTHER, RunId("RUN-3"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 2, 2]
