"""Leases and the locks of targets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, text, update

from architect.audit.canonical import moment_text, parse_moment
from architect.kernel.clock import SteadyClock
from architect.kernel.errors import ConflictError
from architect.kernel.ids import RunId
from architect.storage.database import Database
from architect.storage.schema import leases, target_locks
from architect.work.leases import Lease, LeaseStore, TargetLock, TargetLocks, is_conflict


class SqlLeases(LeaseStore):
    """Keeps leases in a database, by the store's clock."""

    def __init__(self, database: Database, clock: SteadyClock) -> None:
        self._database = database
        self._clock = clock

    def acquire(self, subject: str, owner: str, *, ttl_s: float) -> Lease | None:
        """Take the lease when it is free, released, expired or already this owner's; None when another holds it."""
        try:
            return self._acquire(subject, owner, ttl_s)
        except ConflictError:
            return None

    def _acquire(self, subject: str, owner: str, ttl_s: float) -> Lease | None:
        """Take the lease; ConflictError where another made its first row at the same moment."""
        now = self._clock.now()
        with self._database.write() as connection:
            query = select(leases).where(leases.c.subject == subject).with_for_update()
            held = connection.execute(query).one_or_none()
            is_free = held is None or held.is_released or held.owner == owner or parse_moment(held.expires_at) <= now
            if not is_free:
                return None
            lease = Lease(
                subject=subject,
                owner=owner,
                generation=held.generation + 1 if held else 1,
                expires_at=now + timedelta(seconds=ttl_s),
            )
            values = {
                "owner": owner,
                "generation": lease.generation,
                "expires_at": moment_text(lease.expires_at),
                "is_released": False,
            }
            if held is None:
                connection.execute(insert(leases).values(subject=subject, **values))
            else:
                connection.execute(update(leases).where(leases.c.subject == subject).values(**values))
            return lease

    def renew(self, lease: Lease, *, ttl_s: float) -> Lease | None:
        """Extend the lease; None when it was released or taken over."""
        expires_at = self._clock.now() + timedelta(seconds=ttl_s)
        with self._database.write() as connection:
            changed = update(leases).where(_is_still(lease)).values(expires_at=moment_text(expires_at))
            found = connection.execute(changed)
        return replace(lease, expires_at=expires_at) if found.rowcount else None

    def release(self, lease: Lease) -> None:
        """Give the lease back. A lease that another holds by now is left alone."""
        with self._database.write() as connection:
            connection.execute(update(leases).where(_is_still(lease)).values(is_released=True))

    def current(self, subject: str) -> Lease | None:
        """Return the lease as it stands, expired or not; None when it was never taken or was released."""
        query = select(leases).where(leases.c.subject == subject, leases.c.is_released.is_(False))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return _lease(row) if row is not None else None


def _is_still(lease: Lease) -> ColumnElement[bool]:
    return and_(
        leases.c.subject == lease.subject, leases.c.generation == lease.generation, leases.c.is_released.is_(False)
    )


def _lease(row: Row[tuple[object, ...]]) -> Lease:
    return Lease(
        subject=row.subject,
        owner=row.owner,
        generation=row.generation,
        expires_at=parse_moment(row.expires_at),
    )


class SqlTargetLocks(TargetLocks):
    """Keeps the locks of targets in a database."""

    def __init__(self, database: Database, clock: SteadyClock) -> None:
        self._database = database
        self._clock = clock

    def acquire(self, run: RunId, *, profile: str, targets: Collection[str]) -> Sequence[TargetLock]:
        """Lock all `targets` or none; return the locks in the way."""
        with self._database.write() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("LOCK TABLE target_locks IN SHARE ROW EXCLUSIVE MODE"))
            held = [_lock(row) for row in connection.execute(select(target_locks))]
            blocking = [
                lock
                for lock in held
                if any(is_conflict(lock, run, profile=profile, target=target) for target in targets)
            ]
            own = {(lock.profile, lock.target) for lock in held if lock.run == run}
            since = moment_text(self._clock.now())
            rows = [
                {"profile": profile, "target": target, "run": run, "since": since}
                for target in dict.fromkeys(targets)
                if (profile, target) not in own
            ]
            if not blocking and rows:
                connection.execute(insert(target_locks), rows)
        return sorted(blocking, key=lambda lock: lock.since)

    def release(self, run: RunId, *, targets: Collection[str] | None = None) -> None:
        """Give back the named targets of the run, or all that it holds."""
        gone = delete(target_locks).where(target_locks.c.run == run)
        if targets is not None:
            gone = gone.where(target_locks.c.target.in_(list(targets)))
        with self._database.write() as connection:
            connection.execute(gone)

    def list(self) -> Sequence[TargetLock]:
        """Return every lock, oldest first."""
        query = select(target_locks).order_by(target_locks.c.since, target_locks.c.target)
        with self._database.read() as connection:
            return [_lock(row) for row in connection.execute(query)]


def _lock(row: Row[tuple[object, ...]]) -> TargetLock:
    return TargetLock(profile=row.profile, target=row.target, run=RunId(row.run), since=parse_moment(row.since))
