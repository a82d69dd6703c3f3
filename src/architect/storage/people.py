"""People and trusted files: read from their streams each time, so that no edited row can add or restore anybody."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, insert, select

from architect.access.people import PEOPLE, PeopleStore, Person, Register, added, register_of, removed
from architect.access.secrets import fingerprint
from architect.access.trust import TRUST, Trusted, TrustStore, given, revoked, trusted_after
from architect.kernel.errors import ConflictError, IntegrityError, UsageError
from architect.kernel.ids import PersonId
from architect.storage.database import Database
from architect.storage.events import SqlEvents
from architect.storage.schema import person_secrets


class SqlPeople(PeopleStore):
    """Keeps people in the stream `people`, and the verifiers of their secrets beside it."""

    def __init__(self, database: Database, events: SqlEvents) -> None:
        self._database = database
        self._events = events

    def add(self, person: PersonId, *, accounts: Sequence[str], verifier: str, by: str) -> Person:
        """Register a person, or register a removed one again. Raises ConflictError when the name is taken."""
        seq, register = self._register()
        known = register.people.get(person)
        if known is not None and known.is_active:
            raise ConflictError(f"{person} is registered already", hint="`architect person list` shows everybody")
        draft = added(person, accounts=accounts, fingerprint=fingerprint(verifier), by=by)
        with self._database.write() as connection:
            stored = self._events.append_in(connection, PEOPLE, [draft], expected_seq=seq)
            connection.execute(delete(person_secrets).where(person_secrets.c.person == person))
            if verifier:
                connection.execute(insert(person_secrets).values(person=person, verifier=verifier))
        return Person(
            id=person,
            accounts=tuple(accounts),
            added_at=stored[0].at,
            added_by=by,
            removed_at=known.removed_at if known else None,
        )

    def remove(self, person: PersonId, *, by: str) -> None:
        """Take a person out and forget the secret; UsageError when there is none."""
        seq, register = self._register()
        known = register.people.get(person)
        if known is None or not known.is_active:
            raise UsageError(f"nobody called {person} is registered", hint="`architect person list` shows everybody")
        with self._database.write() as connection:
            self._events.append_in(connection, PEOPLE, [removed(person, by=by)], expected_seq=seq)
            connection.execute(delete(person_secrets).where(person_secrets.c.person == person))

    def list(self) -> Sequence[Person]:
        """Return every person, removed ones too, by name."""
        return tuple(self._register()[1].people.values())

    def verifier(self, person: PersonId) -> str:
        """Return the hashed secret of an active person; empty when there is none."""
        recorded = self._register()[1].fingerprints.get(person, "")
        query = select(person_secrets.c.verifier).where(person_secrets.c.person == person)
        with self._database.read() as connection:
            kept = connection.execute(query).scalar() or ""
        if not recorded:
            return ""
        if fingerprint(kept) != recorded:
            raise IntegrityError(f"the stored secret of {person} is not the one that was recorded")
        return kept

    def _register(self) -> tuple[int, Register]:
        events = self._events.read(PEOPLE)
        return len(events), register_of(events)


class SqlTrust(TrustStore):
    """Keeps what was trusted in the stream `trust`."""

    def __init__(self, events: SqlEvents) -> None:
        self._events = events

    def trust(self, path: str, sha256: str, *, by: str) -> Trusted:
        """Trust the content with this digest at `path`, instead of what was trusted there before."""
        seq = len(self._events.read(TRUST))
        (event,) = self._events.append(TRUST, [given(path, sha256, by=by)], expected_seq=seq)
        return Trusted(path=path, sha256=sha256, at=event.at, by=by)

    def revoke(self, path: str, *, by: str) -> bool:
        """Stop trusting `path`; False when it was not trusted."""
        events = self._events.read(TRUST)
        if path not in trusted_after(events):
            return False
        self._events.append(TRUST, [revoked(path, by=by)], expected_seq=len(events))
        return True

    def list(self) -> Sequence[Trusted]:
        """Return everything that is trusted, by path."""
        return tuple(trusted_after(self._events.read(TRUST)).values())
