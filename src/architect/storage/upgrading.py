"""Whether a database is ours and of this version; making it so where it is empty or older."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import as_file, files

from sqlalchemy import Connection, insert, inspect, text

from architect.audit.canonical import moment_text
from architect.kernel.clock import Clock
from architect.kernel.errors import IntegrityError, SettingsError
from architect.kernel.ids import uuid7
from architect.storage.database import Database
from architect.storage.schema import REVISION, installation, metadata

_VERSION_TABLE = "alembic_version"
_LOCK = 0x41726368
"""An arbitrary number that every Architect takes for its advisory lock on PostgreSQL."""


class Standing(StrEnum):
    """What a database is to us."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What an upgrade did: the revision before (None where there was none) and after."""

    before: str | None
    after: str


def standing_of(database: Database) -> Standing:
    """Say what the database is. Raises IntegrityError for one that is not ours, SettingsError for a newer one."""
    with database.read() as connection:
        return _standing(connection, database.place)


def require_current(database: Database, clock: Clock) -> None:
    """Make the tables where the database is empty. Raises SettingsError for another version."""
    match standing_of(database):
        case Standing.CURRENT:
            return
        case Standing.EMPTY:
            upgrade(database, clock)
        case Standing.OLDER:
            raise SettingsError(
                "the store is of an older version", place=database.place, hint="run `architect db upgrade`"
            )


def upgrade(database: Database, clock: Clock) -> Upgraded:
    """Bring the store to this version, all in one transaction; killed in the middle, it is as it was before."""
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        before = _revision(connection) if _standing(connection, database.place) is not Standing.EMPTY else None
        if before != REVISION:
            _migrate(connection)
        if before is None:
            connection.execute(insert(installation).values(store=str(uuid7()), made_at=moment_text(clock.now())))
        return Upgraded(before=before, after=REVISION)


def _standing(connection: Connection, place: str) -> Standing:
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return Standing.EMPTY
    if _VERSION_TABLE not in tables or "installation" not in tables:
        raise IntegrityError(
            "this database is neither empty nor Architect's", place=place, hint="name one that is; nothing was changed"
        )
    revision = _revision(connection)
    if revision == REVISION:
        return Standing.CURRENT
    if revision is None or revision > REVISION:
        raise SettingsError(
            f"the store was upgraded by a newer version of Architect ({revision}; this one knows {REVISION})",
            place=place,
            hint="run that version; nothing was changed",
        )
    return Standing.OLDER


def _revision(connection: Connection) -> str | None:
    found = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
    return str(found) if found is not None else None


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(as_file(files("architect.storage").joinpath("migrations")))
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def tables() -> tuple[str, ...]:
    """Return the names of our tables, in an order in which they can be filled."""
    return tuple(table.name for table in metadata.sorted_tables)
