"""What every event store promises."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from architect.audit.canonical import canonical
from architect.audit.model import Draft, Fence
from architect.kernel.clock import Clock, OffsetClock
from architect.kernel.errors import ConflictError
from architect.kernel.ids import StreamId
from architect.storage.stores import open_stores
from contract.conftest import Kept

STREAM = StreamId("run:RUN-1")
OTHER = StreamId("run:RUN-2")


def draft(number: int = 1) -> Draft:
    return Draft(
        kind="step.started", actor="person:dana", data={"number": number, "text": "é\n\x00", "nested": [1.5, None]}
    )


def test_events_come_back_in_order_as_they_were_written(kept: Kept) -> None:
    stored = [*kept.events.append(STREAM, [draft(1), draft(2)], expected_seq=0)]
    stored += kept.events.append(STREAM, [draft(3)], expected_seq=2)
    assert [event.seq for event in stored] == [1, 2, 3]
    assert list(kept.events.read(STREAM)) == stored
    assert [event.data["number"] for event in kept.events.read(STREAM, after=1)] == [2, 3]


def test_an_append_to_a_stream_that_has_moved_changes_nothing(kept: Kept) -> None:
    kept.events.append(STREAM, [draft(1)], expected_seq=0)
    for expected in (0, 2):
        with pytest.raises(ConflictError):
            kept.events.append(STREAM, [draft(2)], expected_seq=expected)
    assert len(kept.events.read(STREAM)) == 1


def test_an_append_under_a_lease_that_was_taken_over_changes_nothing(kept: Kept) -> None:
    first = kept.leases.acquire(STREAM, "worker:a", ttl_s=10)
    assert first is not None
    kept.events.append(STREAM, [draft(1)], expected_seq=0, fence=first.fence)
    kept.events.append(STREAM, [draft(2)], expected_seq=1, fence=first.fence)
    kept.clock.move(timedelta(seconds=11))
    second = kept.leases.acquire(STREAM, "worker:b", ttl_s=10)
    assert second is not None
    with pytest.raises(ConflictError):
        kept.events.append(STREAM, [draft(3)], expected_seq=2, fence=first.fence)
    kept.events.append(STREAM, [draft(3)], expected_seq=2, fence=second.fence)
    assert len(kept.events.read(STREAM)) == 3


def test_an_append_under_a_lease_that_nobody_took_is_refused(kept: Kept) -> None:
    with pytest.raises(ConflictError):
        kept.events.append(STREAM, [draft()], expected_seq=0, fence=Fence(subject=STREAM, generation=1))
    assert list(kept.events.read(STREAM)) == []


def test_of_many_who_append_at_once_each_number_goes_to_one(kept: Kept) -> None:
    refused: list[int] = []

    def add(number: int) -> None:
        for _ in range(5):
            seq = len(kept.events.read(STREAM))
            try:
                kept.events.append(STREAM, [draft(number)], expected_seq=seq)
            except ConflictError:
                refused.append(number)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = kept.events.read(STREAM)
    assert len(events) + len(refused) == 20
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert all(event.prev == before.hash for before, event in pairwise(events))


def test_heads_name_the_last_event_of_each_stream(kept: Kept) -> None:
    kept.events.append(OTHER, [draft(1)], expected_seq=0)
    last = kept.events.append(STREAM, [draft(1), draft(2)], expected_seq=0)[-1]
    heads = {head.stream: (head.seq, head.hash) for head in kept.events.heads()}
    assert heads[STREAM] == (2, last.hash)
    assert set(heads) == {STREAM, OTHER}


def test_all_events_come_stream_by_stream(kept: Kept) -> None:
    kept.events.append(OTHER, [draft(1)], expected_seq=0)
    kept.events.append(STREAM, [draft(1)], expected_seq=0)
    kept.events.append(OTHER, [draft(2)], expected_seq=1)
    streams = [event.stream for event in kept.events.all_events()]
    assert sorted(streams) == [STREAM, OTHER, OTHER]
    assert streams in ([STREAM, OTHER, OTHER], [OTHER, OTHER, STREAM])


def test_a_clock_that_is_set_back_never_puts_an_event_before_another(kept: Kept) -> None:
    before = kept.events.append(STREAM, [draft(1)], expected_seq=0)[0]
    kept.clock.move(timedelta(hours=-1))
    after = kept.events.append(OTHER, [draft(2)], expected_seq=0)[0]
    again = kept.events.append(STREAM, [draft(3)], expected_seq=1)[0]
    assert before.at <= after.at <= again.at


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=5))
def test_whatever_json_says_comes_back_the_same(kept: Kept, data: dict[str, object]) -> None:
    seq = len(kept.events.read(STREAM))
    stored = kept.events.append(STREAM, [Draft(kind="x", actor="a", data=data)], expected_seq=seq)  # type: ignore[arg-type]
    found = kept.events.read(STREAM)[-1]
    assert canonical(found.data) == canonical(data)  # type: ignore[arg-type]
    assert found.hash == stored[0].hash


def test_two_machines_whose_clocks_differ_by_an_hour_record_in_one_order(store_url: str) -> None:
    def behind(base: Clock) -> Clock:
        return OffsetClock(base=base, offset=timedelta(hours=-1))

    with open_stores(store_url) as right, open_stores(store_url, adjust=behind) as wrong:
        moments = []
        for seq in range(6):
            stores = wrong if seq % 2 else right
            moments.append(stores.events.append(STREAM, [draft(seq)], expected_seq=seq)[0].at)
        assert moments == sorted(moments)
        assert wrong.clock.behind_s() > 3500
        lease = wrong.leases.acquire("x", "a", ttl_s=10)
        assert lease is not None
        assert right.leases.acquire("x", "b", ttl_s=10) is None
