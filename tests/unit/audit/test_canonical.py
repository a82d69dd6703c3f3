"""The canonical form, held against the published rules and vectors of RFC 8785, and against another implementation."""

from __future__ import annotations

import hashlib
import json
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.audit.canonical import canonical, digest_of, event_of, line_of, link, moment_text, parse_moment
from architect.audit.model import GENESIS, Draft, Entry, Head
from architect.kernel.errors import IntegrityError
from architect.kernel.ids import StreamId
from independent import canonical_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
HEAD = Head(stream=StreamId("run:RUN-1"), seq=0, hash=GENESIS)
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)

# RFC 8785, appendix B: IEEE 754 doubles and how they are spelled.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize("bits", NUMBERS)
def test_numbers_are_spelled_as_the_rfc_lists_them(bits: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number).decode() == NUMBERS[bits]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 2**53, -(2**53) - 1, 10**400])
def test_what_json_cannot_say_the_same_everywhere_is_refused_or_said_as_a_double(number: float) -> None:
    if number == 2**53:
        assert canonical(number) == b"9007199254740992"
        return
    with pytest.raises(IntegrityError):
        canonical({"number": number})


def test_members_are_sorted_by_utf_16_code_units() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    found = list(json.loads(canonical(dict.fromkeys(names, 0))))
    assert found == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_the_example_of_the_rfc() -> None:
    text = (
        '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],'
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}'
    )
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(json.loads(text)).decode() == expected


@given(JSON)
def test_another_implementation_spells_everything_the_same(value: Any) -> None:
    assert canonical(value).decode() == canonical_text(value)


@given(JSON)
def test_what_was_spelled_once_comes_back_and_is_spelled_the_same(value: Any) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {1: 2}, [object()]])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(IntegrityError):
        canonical(value)


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(IntegrityError):
        canonical(value)


# Moments


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])))
def test_moments_come_back(moment: datetime) -> None:
    try:
        text = moment_text(moment)
    except OverflowError:
        return
    assert len(text) == len("2026-01-02T03:04:05.678901Z")
    assert parse_moment(text) == moment


@given(st.lists(st.datetimes(timezones=st.just(UTC)), min_size=2))
def test_moments_sort_as_text(moments: list[datetime]) -> None:
    assert sorted(map(moment_text, moments)) == list(map(moment_text, sorted(moments)))


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05.678901+00:00",
        "2026-01-02T03:04:05.678901",
        "2026-01-02T03:04:05.678Z",
        "2026-01-02T03:04:05Z",
        "2026-01-02 03:04:05.678901Z",
        "2026-1-02T03:04:05.678901Z",
        "20260102T030405.678901Z",
        "2026-01-02T03:04:05.678901z",
        "2026-01-02T03:04:05.678901Z ",
        "٢٠٢٦-01-02T03:04:05.678901Z",
        "",
    ],
)
def test_only_one_spelling_of_a_moment_is_taken(text: str) -> None:
    with pytest.raises(ValueError):
        parse_moment(text)


# Events


@given(TEXT, TEXT, st.dictionaries(TEXT, JSON, max_size=4))
def test_the_hash_of_an_event_is_the_sha_256_of_its_canonical_form_without_it(
    actor: str, kind: str, data: dict[str, Any]
) -> None:
    event, entry = link(HEAD, Draft(kind=kind, actor=actor, data=data), at=NOON)
    whole = json.loads(line_of(event))
    del whole["hash"]
    assert entry.hash == hashlib.sha256(canonical_text(whole).encode()).hexdigest()
    assert entry.hash == event.hash == digest_of(entry)


@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_an_entry_gives_its_event_back(data: dict[str, Any]) -> None:
    event, entry = link(HEAD, Draft(kind="k", actor="a", data=data), at=NOON)
    assert line_of(event_of(entry)) == line_of(event)


@pytest.mark.parametrize(
    "change",
    [{"seq": "1"}, {"seq": 1.0}, {"seq": True}, {"at": 5}, {"data": b"{}"}, {"hash": None}, {"version": "1"}],
)
def test_an_entry_with_a_value_of_another_kind_is_none(change: dict[str, Any]) -> None:
    _, entry = link(HEAD, Draft(kind="k", actor="a", data={}), at=NOON)
    with pytest.raises(IntegrityError):
        event_of(Entry(**{**entry._asdict(), **change}))


@pytest.mark.parametrize(
    "draft",
    [
        Draft(kind="\udcff", actor="a", data={}),
        Draft(kind="k", actor="\udcff", data={}),
        Draft(kind="k", actor="a", data={"x": "\udcff"}),
    ],
)
def test_half_a_surrogate_is_refused_before_anything_is_stored(draft: Draft) -> None:
    with pytest.raises(IntegrityError):
        link(HEAD, draft, at=NOON)
