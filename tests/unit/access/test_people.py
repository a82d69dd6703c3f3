from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.access.people import (
    PEOPLE,
    Identity,
    Person,
    Proof,
    added,
    person_name,
    register_of,
    removed,
    same_human,
)
from architect.audit.canonical import link
from architect.audit.model import GENESIS, Draft, Event, Head
from architect.kernel.errors import UsageError
from architect.kernel.ids import PersonId

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
DANA, ELI = PersonId("dana"), PersonId("eli")


def events(*drafts: Draft) -> Iterator[Event]:
    head = Head(stream=PEOPLE, seq=0, hash=GENESIS)
    for number, draft in enumerate(drafts):
        event, _ = link(head, draft, at=NOON + timedelta(minutes=number))
        head = Head(stream=PEOPLE, seq=event.seq, hash=event.hash)
        yield event


def add(name: PersonId, *accounts: str, fingerprint: str = "f") -> Draft:
    return added(name, accounts=accounts, fingerprint=fingerprint, by="person:root")


def take_out(name: PersonId) -> Draft:
    return removed(name, by="person:root")


def person(name: PersonId, *accounts: str) -> Person:
    return Person(id=name, accounts=accounts, added_at=NOON, added_by="person:root")


def identity(name: PersonId, *also: str) -> Identity:
    return Identity(person=name, proof=Proof.OS_USER, also=frozenset(map(PersonId, also)))


def test_a_registered_person_counts() -> None:
    register = register_of(events(add(DANA, "dana", "dsmith")))
    assert register.people[DANA].is_active
    assert register.people[DANA].accounts == ("dana", "dsmith")
    assert register.fingerprints == {DANA: "f"}


def test_a_removed_person_counts_no_longer_and_has_no_secret() -> None:
    register = register_of(events(add(DANA), take_out(DANA)))
    assert not register.people[DANA].is_active
    assert register.people[DANA].removed_at == NOON + timedelta(minutes=1)
    assert register.fingerprints == {}


def test_a_person_who_is_registered_again_counts_from_then_on() -> None:
    register = register_of(events(add(DANA, fingerprint="old"), take_out(DANA), add(DANA, "d2", fingerprint="new")))
    dana = register.people[DANA]
    assert dana.is_active
    assert dana.accounts == ("d2",)
    assert register.fingerprints == {DANA: "new"}
    assert not dana.counted_at(NOON)
    assert not dana.counted_at(NOON + timedelta(minutes=1))
    assert dana.counted_at(NOON + timedelta(minutes=2))


def test_what_was_said_before_being_registered_counts_where_nobody_was_removed() -> None:
    (dana,) = register_of(events(add(DANA))).people.values()
    assert dana.counted_at(NOON - timedelta(hours=1))


NAMES = st.sampled_from([DANA, ELI, PersonId("ana")])


@given(st.lists(st.tuples(st.booleans(), NAMES), max_size=20))
def test_the_last_word_about_a_person_counts(words: list[tuple[bool, PersonId]]) -> None:
    known: set[PersonId] = set()
    drafts: list[Draft] = []
    for is_added, name in words:
        if is_added or name in known:
            drafts.append(add(name) if is_added else take_out(name))
            known.add(name)
    last = {name: is_added for is_added, name in words if name in known}
    found = register_of(events(*drafts)).people
    assert set(found) == known
    first_added = {name: [is_added for is_added, other in words if other == name].index(True) for name in known}
    for name in known:
        after = [is_added for is_added, other in words if other == name][first_added[name] :]
        assert found[name].is_active is after[-1]
    assert set(last) == known


# The same human


@pytest.mark.parametrize(
    ("who", "people", "expected"),
    [
        (identity(DANA), [], {"dana"}),
        (identity(DANA, "root"), [], {"dana", "root"}),
        (identity(DANA), [person(DANA, "dsmith")], {"dana", "dsmith"}),
        (identity(PersonId("dsmith")), [person(DANA, "dsmith")], {"dana", "dsmith"}),
        (identity(DANA), [person(DANA, "shared"), person(ELI, "shared")], {"dana", "eli", "shared"}),
        (identity(DANA), [person(ELI, "dana")], {"dana", "eli"}),
        (identity(DANA, "root"), [person(ELI, "root")], {"dana", "root", "eli"}),
        (identity(DANA), [person(ELI, "other")], {"dana"}),
        (
            identity(PersonId("a")),
            [person(PersonId("c"), "d"), person(PersonId("b"), "c"), person(PersonId("a"), "b")],
            {"a", "b", "c", "d"},
        ),
    ],
)
def test_all_names_of_a_human_are_found(who: Identity, people: Sequence[Person], expected: set[str]) -> None:
    assert same_human(who, people) == expected


LETTERS = st.sampled_from("abcdefgh")
PERSONS = st.lists(
    st.builds(lambda name, accounts: person(PersonId(name), *accounts), LETTERS, st.lists(LETTERS)), max_size=8
)


@given(PERSONS, LETTERS, LETTERS)
def test_being_the_same_human_goes_both_ways(people: list[Person], one: str, other: str) -> None:
    first, second = (same_human(identity(PersonId(name)), people) for name in (one, other))
    assert (other in first) == (one in second)
    assert one in first
    assert not first & second or first == second


@given(PERSONS, LETTERS, st.frozensets(LETTERS))
def test_a_further_account_only_ever_adds_names(people: list[Person], name: str, also: frozenset[str]) -> None:
    assert same_human(identity(PersonId(name)), people) <= same_human(identity(PersonId(name), *also), people)


# Names


@pytest.mark.parametrize("name", ["dana", "Dana.Smith-2", "0", "a" * 64, "d_s"])
def test_names_of_people(name: str) -> None:
    assert person_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "-dana", ".dana", "a" * 65, "dana smith", "dana\n", "dana:root", "../x", "däna", "dana\x1b[31m", "a/b"]
)
def test_what_cannot_be_a_name_is_refused_visibly(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        person_name(name)
    assert "\x1b" not in str(caught.value)


def test_the_actor_of_an_event_says_whether_anything_was_proved() -> None:
    assert Identity(person=DANA, proof=Proof.SECRET).actor == "person:dana"
    assert Identity(person=DANA, proof=Proof.UNVERIFIED).actor == "unverified:dana"
