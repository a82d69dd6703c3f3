"""Who acts, from what the machine says: nobody gets another name, or sheds one, by what they write themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.access.people import Identity, Proof
from architect.integrations.machine.who import Facts, facts_of, identity_of, user_name
from architect.kernel.ids import PersonId

NAMES = {0: "root", 1: "dana", 2: "eli", 3: "service"}
UNSET = "4294967295"


def name_of(uid: int) -> PersonId:
    return PersonId(NAMES.get(uid, f"uid-{uid}"))


def who(effective: int, *, login: int | None = None, sudo: int | None = None) -> tuple[str, set[str]]:
    identity = identity_of(Facts(effective=effective, login=login, sudo=sudo), name_of)
    assert identity.proof is Proof.OS_USER
    return identity.person, set(identity.also)


@pytest.mark.parametrize(
    ("facts", "person", "also"),
    [
        (Facts(effective=1), "dana", set()),
        (Facts(effective=1, login=1), "dana", set()),
        (Facts(effective=0, login=1), "dana", {"root"}),
        (Facts(effective=0, login=1, sudo=2), "dana", {"root"}),
        (Facts(effective=2, login=1), "dana", {"eli"}),
        (Facts(effective=3, login=1, sudo=1), "dana", {"service"}),
        (Facts(effective=0, login=0), "root", set()),
        (Facts(effective=0), "root", set()),
        (Facts(effective=0, sudo=1), "dana", {"root"}),
        (Facts(effective=0, sudo=0), "root", set()),
        (Facts(effective=2, sudo=1), "eli", {"dana"}),
        (Facts(effective=2, sudo=2), "eli", set()),
        (Facts(effective=77), "uid-77", set()),
    ],
)
def test_who_acts(facts: Facts, person: str, also: set[str]) -> None:
    identity = identity_of(facts, name_of)
    assert identity.person == person
    assert set(identity.also) == also


UIDS = st.integers(0, 3)
MAYBE = st.none() | UIDS


@given(UIDS, MAYBE, MAYBE, MAYBE)
def test_nobody_but_root_gets_another_name_by_their_environment(
    effective: int, login: int | None, one: int | None, other: int | None
) -> None:
    if effective == 0 and login is None:
        return
    assert who(effective, login=login, sudo=one)[0] == who(effective, login=login, sudo=other)[0]


@given(UIDS, MAYBE, MAYBE)
def test_the_environment_takes_no_name_away(effective: int, login: int | None, sudo: int | None) -> None:
    plain = identity_of(Facts(effective=effective, login=login), name_of)
    told = identity_of(Facts(effective=effective, login=login, sudo=sudo), name_of)
    assert plain.everyone <= told.everyone


@given(UIDS, MAYBE)
def test_whoever_logged_in_is_among_the_names_whoever_they_have_become(effective: int, login: int | None) -> None:
    identity: Identity = identity_of(Facts(effective=effective, login=login), name_of)
    assert name_of(effective) in identity.everyone
    assert login is None or identity.person == name_of(login)


@pytest.mark.parametrize("text", ["", "x", "-1", "٣", "1 ", "1\n", "99999999999999999999", UNSET])
def test_a_login_user_or_a_word_of_sudo_that_is_none_is_ignored(text: str) -> None:
    facts = facts_of({"SUDO_UID": text if text != UNSET else ""}, text)
    assert (facts.login, facts.sudo) == (None, None)


def test_numbers_are_read() -> None:
    facts = facts_of({"SUDO_UID": "1001"}, "1000")
    assert (facts.login, facts.sudo) == (1000, 1001)


@pytest.mark.parametrize("uid", [4_000_000_001, 2**31 - 7])
def test_a_user_without_an_entry_has_a_number_for_a_name(uid: int) -> None:
    assert user_name(uid) == f"uid-{uid}"
