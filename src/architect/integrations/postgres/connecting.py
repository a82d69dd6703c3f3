"""Opening a connection as the document's own client would, from the run's environment only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from architect.kernel.errors import OutsideError
from architect.runs.connections import postgres_parameters

if TYPE_CHECKING:
    import psycopg

CONNECT_TIMEOUT_S = 5


class DatabaseUnreachableError(OutsideError):
    """A database cannot be reached. `sqlstate` is what it answered, empty when nothing answered."""

    code = "database-unreachable"

    def __init__(self, message: str, *, sqlstate: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


def connect(text: str | None, variables: Mapping[str, str], *, statement_timeout_s: float) -> psycopg.Connection:
    """Open a connection in autocommit mode.

    Raises DatabaseUnreachableError, and ConnectionTextError for a text that only a shell understands. Nothing of this
    process's own PG* variables is used.
    """
    import psycopg
    from psycopg import conninfo

    parameters = {
        "passfile": os.devnull,
        "connect_timeout": str(CONNECT_TIMEOUT_S),
        "application_name": "architect",
        "client_encoding": "utf8",
        **_spelled_out(postgres_parameters(text, variables), variables),
    }
    try:
        connection = psycopg.connect(conninfo.make_conninfo(**parameters), autocommit=True)
        connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(int(statement_timeout_s * 1000))])
    except psycopg.Error as error:
        raise DatabaseUnreachableError(_reason(error), sqlstate=_sqlstate(error)) from error
    return connection


def address(text: str | None, variables: Mapping[str, str]) -> str:
    """Return where a connection leads, `host:port/database as user`, without connecting."""
    found = _spelled_out(postgres_parameters(text, variables), variables)
    if service := found.get("service") or variables.get("PGSERVICE"):
        return f"the service `{service}` of the user's own service file"
    host = found.get("hostaddr") or found.get("host") or "the local socket"
    port = f":{found['port']}" if found.get("port") else ""
    return f"{host}{port}/{found['dbname']} as {found['user']}"


def _spelled_out(given: Mapping[str, str], variables: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters with a URL or conninfo string taken apart, and nothing left for this process to fill."""
    import psycopg
    from psycopg import conninfo

    name = given.get("dbname", "")
    if "://" in name or "=" in name:
        try:
            parts = {key: str(value) for key, value in conninfo.conninfo_to_dict(name).items()}
        except psycopg.Error as error:
            raise DatabaseUnreachableError("the address of the database is not one that libpq reads") from error
        given = {**given, "dbname": "", **parts}
        name = given["dbname"]
    user = given.get("user") or variables.get("USER", "")
    return {"host": "", **given, "user": user, "dbname": name or user}


def _sqlstate(error: psycopg.Error) -> str:
    """Return the SQLSTATE; libpq hands none out for a refused connection, only the server's words."""
    if error.sqlstate:
        return error.sqlstate
    is_full = any(
        words in str(error) for words in ("too many clients", "remaining connection slots", "too many connections")
    )
    return "53300" if is_full else ""


def _reason(error: psycopg.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]
