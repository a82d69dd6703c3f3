"""Whether a database is ours and of this version; making it so where it is empty or older."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import as_file, files

from sqlalchemy import Connection, insert, text

from architect.audit.canonical import moment_text
from architect.kernel.clock import Clock
from architect.kernel.errors import IntegrityError, SettingsError
from architect.kernel.ids import uuid7
from architect.storage.database import Database
from architect.storage.schema import REVISION, installation

_VERSION_TABLE = "alembic_version"
_OURS = frozenset((_VERSION_TABLE, "installation", "events", "streams"))
_LOCK = 0x41726368
"""An arbitrary number that every Architect takes for its advisory lock on PostgreSQL."""

_IN_FILE = text("SELECT name FROM sqlite_master")
_ON_SERVER = text("""
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
""")
"""Everything that holds rows, in whatever schema, but for what an extension brought along."""


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
    """Say what the database is, without changing a byte of it.

    Raises IntegrityError for one that is not ours, SettingsError for a newer one.
    """
    with database.look() as connection:
        return _standing(connection, database)


def require_current(database: Database, clock: Clock) -> None:
    """Make the tables where the database is empty. Raises SettingsError for another version."""
    match standing_of(database):
        case Standing.CURRENT:
            database.make_ready()
        case Standing.EMPTY:
            upgrade(database, clock)
        case Standing.OLDER:
            raise SettingsError(
                "the store is of an older version", place=database.place, hint="run `architect db upgrade`"
            )


def upgrade(database: Database, clock: Clock) -> Upgraded:
    """Bring the store to this version, all in one transaction; killed in the middle, it is as it was before."""
    standing_of(database)
    database.make_ready()
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        before = _revision(connection) if _standing(connection, database) is not Standing.EMPTY else None
        if before != REVISION:
            _migrate(connection)
        if before is None:
            connection.execute(insert(installation).values(store=str(uuid7()), made_at=moment_text(clock.now())))
        return Upgraded(before=before, after=REVISION)


def _standing(connection: Connection, database: Database) -> Standing:
    tables = set(connection.execute(_IN_FILE if database.is_sqlite else _ON_SERVER).scalars())
    if not tables:
        return Standing.EMPTY
    if not tables >= _OURS:
        raise IntegrityError(
            "this database is neither empty nor Architect's",
            place=database.place,
            hint="name one that is; nothing was changed",
        )
    revision = _revision(connection)
    if revision == REVISION:
        return Standing.CURRENT
    if revision is None or revision > REVISION:
        raise SettingsError(
            f"the store was upgraded by a newer version of Architect ({revision}; this one knows {REVISION})",
            place=database.place,
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
