"""SQL actions natively: each statement by itself on one connection, as psql would, shown as psql shows it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from architect.commands.model import Effect
from architect.grammars import sql
from architect.integrations.postgres.connecting import DatabaseUnreachableError, connect
from architect.kernel.errors import ArchitectError, OutsideError
from architect.runs.events import Outcome
from architect.runs.ports import ActionOutcome, ActionRequest, NativeRunner, OutputSink, Stop, Stream
from architect.runs.values import MARKER_PREFIX, environment

if TYPE_CHECKING:
    import psycopg

ROWS_AT_ONCE = 500
MAX_COLUMN_WIDTH = 200
_PARAMETER = re.compile(rf":'({MARKER_PREFIX}\w+)'|(?<!:):({MARKER_PREFIX}\w+)")
_SHOWING = frozenset(("x", "timing", "pset", "q", "echo", "set", "unset"))


class SqlRunner(NativeRunner):
    """Runs the statements of an action in order; the first error ends it."""

    def start(self, request: ActionRequest, sink: OutputSink, stop: Stop) -> ActionOutcome:
        """Run them. A connection that is lost in the middle of a change leaves its end unknown."""
        import psycopg

        variables = {**request.environment, **request.values}
        limit = request.action.limits.timeout_s
        try:
            parameters = environment(request.action.slots, request.values)
            statements = _statements(request.action.executed)
            with (
                connect(request.action.connection, variables, statement_timeout_s=limit) as connection,
                _cancelled_by(stop, connection),
            ):
                for statement in statements:
                    _run(connection, _with_parameters(statement, parameters, connection), sink)
        except DatabaseUnreachableError as error:
            return ActionOutcome(outcome=Outcome.NOT_STARTED, reason=error.message)
        except psycopg.errors.QueryCanceled:
            return _cancelled(stop, limit)
        except psycopg.Error as error:
            return _failed(error, request.action.effect)
        return ActionOutcome(outcome=Outcome.SUCCEEDED)


class StatementLostError(OutsideError):
    """The connection broke while a change was under way: nobody here knows whether it happened."""

    code = "statement-lost"


def _statements(text: str) -> list[str]:
    found: list[str] = []
    for piece in sql.split(text, psql=True):
        if isinstance(piece, sql.SqlStatement):
            found.append(piece.text)
        elif piece.name not in _SHOWING:
            raise ArchitectError(f"`\\{piece.name}` is psql's own command", hint="run it in psql")
    return found


def _with_parameters(statement: str, parameters: Mapping[str, str], connection: psycopg.Connection) -> bytes:
    """Put values into a statement as literals that the client library writes for this very connection."""
    from psycopg import sql as compose

    parts: list[bytes] = []
    at = 0
    for match in _PARAMETER.finditer(statement):
        quoted, bare = match.groups()
        value = compose.Literal(parameters[quoted]).as_bytes(connection) if quoted else parameters[bare].encode()
        parts += [statement[at : match.start()].encode(), value]
        at = match.end()
    return b"".join([*parts, statement[at:].encode()])


def _run(connection: psycopg.Connection, statement: bytes, sink: OutputSink) -> None:
    cursor = connection.execute(statement)
    while True:
        if cursor.description is None:
            sink.write(Stream.STDOUT, f"{cursor.statusmessage}\n".encode())
        else:
            _show(cursor, sink)
        if not cursor.nextset():
            return


def _show(cursor: psycopg.Cursor, sink: OutputSink) -> None:
    names = [column.name for column in cursor.description or ()]
    count = 0
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        lines = table(names, rows) if count == 0 else table(names, rows)[2:]
        count += len(rows)
        sink.write(Stream.STDOUT, ("\n".join(lines) + "\n").encode("utf-8", "replace"))
    if count == 0:
        sink.write(Stream.STDOUT, ("\n".join(table(names, [])) + "\n").encode("utf-8", "replace"))
    sink.write(Stream.STDOUT, f"({count} row{'' if count == 1 else 's'})\n\n".encode())


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Return the lines of a table as psql aligns it: heading, rule, rows."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[at]) for row in cells)]) for at, name in enumerate(names)]
    lines = [" " + " | ".join(name.ljust(width) for name, width in zip(names, widths, strict=True))]
    lines.append("-" + "-+-".join("-" * width for width in widths) + "-")
    lines += [" " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return [line.rstrip() for line in lines]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "t" if value else "f"
    text = " ".join(str(value).splitlines())
    return text if len(text) <= MAX_COLUMN_WIDTH else text[: MAX_COLUMN_WIDTH - 1] + "…"


@contextmanager
def _cancelled_by(stop: Stop, connection: psycopg.Connection) -> Iterator[None]:
    """Cancel what the connection does as soon as `stop` says so."""
    finished = threading.Event()

    def watch() -> None:
        while not finished.is_set():
            if stop.wait(0.2) and not finished.is_set():
                connection.cancel_safe(timeout=5)
                return

    watcher = threading.Thread(target=watch, name="sql-stop", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()


def _cancelled(stop: Stop, limit: float) -> ActionOutcome:
    if stop.is_set():
        return ActionOutcome(outcome=Outcome.STOPPED, reason="the statement was cancelled and rolled back")
    return ActionOutcome(outcome=Outcome.TIMED_OUT, reason=f"cancelled after {limit:g} s and rolled back")


def _is_lost(sqlstate: str | None) -> bool:
    """Say whether an error means that the connection is gone: none at all, class 08, or a server that ended it."""
    return sqlstate is None or sqlstate.startswith("08") or sqlstate in ("57P01", "57P02", "57P03", "57P05")


def _failed(error: psycopg.Error, effect: Effect) -> ActionOutcome:
    message = " ".join(str(error).split())[:500]
    if _is_lost(error.sqlstate) and effect is not Effect.READ:
        raise StatementLostError(f"the connection was lost in the middle: {message}") from error
    return ActionOutcome(outcome=Outcome.FAILED, exit_status=3, reason=message)
