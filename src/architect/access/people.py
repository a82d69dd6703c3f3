"""People, the accounts by which they are known, and the ports that keep them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from architect.audit.model import Draft, Event
from architect.kernel.errors import UsageError
from architect.kernel.ids import PersonId, StreamId

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Proof(StrEnum):
    """How it was established who somebody is."""

    OS_USER = "os-user"
    SECRET = "secret"  # noqa: S105 - the name of a way to prove, not a secret
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who acts, from a verified credential. `also` holds further accounts that the same human has shown."""

    person: PersonId
    proof: Proof
    also: frozenset[PersonId] = frozenset()

    @property
    def everyone(self) -> frozenset[PersonId]:
        """Return every name under which this human is known."""
        return self.also | {self.person}

    @property
    def actor(self) -> str:
        """Return the actor of an event: `person:dana`, or `unverified:dana` where nothing was proved."""
        family = "unverified" if self.proof is Proof.UNVERIFIED else "person"
        return f"{family}:{self.person}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human who may approve. `accounts` are the operating-system users that are this human.

    `removed_at` stays when somebody is registered again: what they said before it is void for good.
    """

    id: PersonId
    accounts: tuple[str, ...] = ()
    added_at: datetime
    added_by: str
    removed_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Say whether this person counts now."""
        return self.removed_at is None or self.removed_at < self.added_at

    def is_known_as(self, name: PersonId) -> bool:
        """Say whether this is the person's name or account."""
        return name == self.id or name in self.accounts

    def counted_at(self, moment: datetime) -> bool:
        """Say whether what this person said at a moment still counts."""
        return self.is_active and (self.removed_at is None or self.removed_at < moment)


def person_name(text: str) -> PersonId:
    """Return `text` as a person's name; UsageError when it is none."""
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{text[:80]!r} cannot be a person's name",
            hint="use up to 64 letters, digits, dots, underscores and hyphens, beginning with a letter or digit",
        )
    return PersonId(text)


def same_human(identity: Identity, people: Iterable[Person]) -> frozenset[PersonId]:
    """Return every name of the human behind `identity`, following accounts through the registered people."""
    names = set(identity.everyone)
    entries = [frozenset({person.id, *map(PersonId, person.accounts)}) for person in people]
    grown = True
    while grown:
        joined = [entry for entry in entries if entry & names and not entry <= names]
        grown = bool(joined)
        names.update(*joined)
    return frozenset(names)


PEOPLE = StreamId("people")
"""The stream in which people are registered and taken out."""

_ADDED, _REMOVED = "person.added", "person.removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Added:
    person: PersonId
    accounts: tuple[str, ...]
    by: str
    verifier_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Removed:
    person: PersonId
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Everybody who was ever registered, by name, and the fingerprint of each active person's verifier."""

    people: Mapping[PersonId, Person] = field(default_factory=dict)
    fingerprints: Mapping[PersonId, str] = field(default_factory=dict)


def added(person: PersonId, *, accounts: Sequence[str], fingerprint: str, by: str) -> Draft:
    """Return the event that registers a person; the log holds the verifier's fingerprint, never the verifier."""
    event = _Added(person=person, accounts=tuple(accounts), by=by, verifier_sha256=fingerprint)
    return Draft(kind=_ADDED, actor=by, data=msgspec.to_builtins(event))


def removed(person: PersonId, *, by: str) -> Draft:
    """Return the event that takes a person out."""
    return Draft(kind=_REMOVED, actor=by, data=msgspec.to_builtins(_Removed(person=person, by=by)))


def register_of(events: Iterable[Event]) -> Register:
    """Return who is registered after all events of the stream `people`."""
    people: dict[PersonId, Person] = {}
    fingerprints: dict[PersonId, str] = {}
    for event in events:
        if event.kind == _ADDED:
            data = msgspec.convert(event.data, _Added)
            before = people.get(data.person)
            people[data.person] = Person(
                id=data.person,
                accounts=data.accounts,
                added_at=event.at,
                added_by=data.by,
                removed_at=before.removed_at if before else None,
            )
            fingerprints[data.person] = data.verifier_sha256
        elif event.kind == _REMOVED:
            gone = msgspec.convert(event.data, _Removed)
            people[gone.person] = replace(people[gone.person], removed_at=event.at)
            fingerprints.pop(gone.person, None)
    return Register(people=dict(sorted(people.items())), fingerprints=fingerprints)


class PeopleStore(Protocol):
    """Keeps people. Secrets are kept hashed, beside the log and never in it."""

    def add(self, person: PersonId, *, accounts: Sequence[str], verifier: str, by: str) -> Person:
        """Register a person, or register a removed one again. Raises ConflictError when the name is taken.

        `verifier` is what `access.secrets.verifier` returns for the person's secret; empty: no secret of their own.
        """
        ...

    def remove(self, person: PersonId, *, by: str) -> None:
        """Take a person out and forget the secret; UsageError when there is none. Their open votes are void."""
        ...

    def list(self) -> Sequence[Person]:
        """Return every person, removed ones too, by name."""
        ...

    def verifier(self, person: PersonId) -> str:
        """Return the hashed secret of an active person; empty when there is none.

        Raises IntegrityError when it is not the one that the log recorded.
        """
        ...
