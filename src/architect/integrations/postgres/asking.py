"""Conditions on a database, and who it is."""

from __future__ import annotations

from collections.abc import Mapping

from architect.integrations.postgres.connecting import DatabaseUnreachableError, connect
from architect.kernel.errors import ArchitectError, OutsideError
from architect.runs.measuring import cannot_tell, of_cell
from architect.runs.model import Condition, PlannedAction, Truth, UndoPlan
from architect.runs.ports import Captured, ConditionAsker, Measurement, RunContext, UndoReader
from architect.runs.victims import victims_query

STATEMENT_TIMEOUT_S = 5.0
MAX_VICTIMS = 1_000

_REFUSING = {"53300": "it takes no more connections", "57P03": "it cannot be connected to now"}
_IDENTITY = "SELECT (SELECT system_identifier FROM pg_control_system())::text, current_database()"
_SETTINGS = "SELECT setting, coalesce(sourcefile, '') FROM pg_settings WHERE name = %s"
_ADDRESS = "SELECT coalesce(host(inet_server_addr()), 'local') || ':' || current_setting('port'), current_database()"


class SqlConditions(ConditionAsker):
    """Asks SQL_VALUE conditions: the first column of the first row."""

    def ask(self, condition: Condition, context: RunContext) -> Measurement:
        """Ask once, in a transaction that may only read."""
        try:
            cell = _first_cell(condition, {**context.environment, **context.values})
        except DatabaseUnreachableError as error:
            if error.sqlstate in _REFUSING:
                return Measurement(truth=Truth.DOES_NOT, detail=f"{_REFUSING[error.sqlstate]}: {error.message}")
            return cannot_tell(error.message)
        except ArchitectError as error:
            return cannot_tell(error.message)
        return of_cell(condition, cell)


def _first_cell(condition: Condition, variables: Mapping[str, str]) -> object:
    import psycopg

    with connect(condition.connection, variables, statement_timeout_s=STATEMENT_TIMEOUT_S) as connection:
        connection.read_only = True
        connection.autocommit = False
        try:
            row = connection.execute(condition.subject.encode()).fetchone()
        except psycopg.Error as error:
            raise OutsideError(str(error).splitlines()[0][:300]) from error
    return row[0] if row else None


def identity(text: str | None, variables: Mapping[str, str]) -> str:
    """Return who a database is: its system identifier where the role may ask, else its address, and its name."""
    import psycopg

    with connect(text, variables, statement_timeout_s=STATEMENT_TIMEOUT_S) as connection:
        for statement in (_IDENTITY, _ADDRESS):
            try:
                row = connection.execute(statement).fetchone()
            except psycopg.errors.InsufficientPrivilege:
                continue
            except psycopg.Error as error:
                raise OutsideError(f"the database does not say who it is: {error}") from error
            if row:
                return f"{row[0]}/{row[1]}"
    raise OutsideError("the database does not say who it is")


class PostgresUndo(UndoReader):
    """Reads what a change of a database would leave behind: settings before, sessions that would be ended."""

    def capture(self, action: PlannedAction, undo: UndoPlan, context: RunContext) -> Captured:
        """Return the present value of a setting, or the sessions that the action would end."""
        variables = {**context.environment, **context.values}
        if undo.capture == "postgres-setting":
            return _setting(dict(undo.arguments)["name"], action, variables)
        query = victims_query(action.executed)
        if query is None:
            return Captured(text=undo.text, impossible=undo.impossible)
        rows = _rows(query, action.connection, variables)
        shown = "; ".join(row[1] for row in rows[:20]) or "nobody"
        more = f" and {len(rows) - 20} more" if len(rows) > 20 else ""
        return Captured(
            text=f"{len(rows)} sessions would be ended: {shown}{more}",
            values=(("pids", " ".join(row[0] for row in rows)),),
            impossible=undo.impossible,
        )


def _setting(name: str, action: PlannedAction, variables: Mapping[str, str]) -> Captured:
    rows = _rows(_SETTINGS, action.connection, variables, (name,))
    if not rows:
        return Captured(text="", impossible=f"there is no setting {name}")
    before, source = rows[0]
    statement = f"ALTER SYSTEM RESET {name}"
    if source.endswith("postgresql.auto.conf"):
        statement = "ALTER SYSTEM SET {} = '{}'".format(name, before.replace("'", "''"))
    client = action.connection or "psql"
    quoted = statement.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    return Captured(
        text=f"{name} back to {before}",
        values=((name, before),),
        commands=(f'{client} -X -v ON_ERROR_STOP=1 -c "{quoted}" -c "SELECT pg_reload_conf()"',),
    )


def _rows(
    query: str, connection_text: str | None, variables: Mapping[str, str], parameters: tuple[str, ...] | None = None
) -> list[tuple[str, str]]:
    import psycopg

    with connect(connection_text, variables, statement_timeout_s=STATEMENT_TIMEOUT_S) as connection:
        try:
            found = connection.execute(query.encode(), parameters).fetchmany(MAX_VICTIMS)
        except psycopg.Error as error:
            raise OutsideError(str(error).splitlines()[0][:300]) from error
    return [(str(row[0]), str(row[1])) for row in found]
