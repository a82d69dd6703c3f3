"""The output of steps, and one line of each run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, text, update

from architect.kernel.errors import IntegrityError
from architect.kernel.ids import RunId
from architect.runs.ports import OutputChunk, OutputKey, OutputStore, RunIndex, RunSummary, Stream
from architect.storage.database import Database
from architect.storage.schema import outputs, runs

_PREFIX = "RUN-"
_CHUNK_PAGE = 8
_MAX_DIGITS = 15

OF_ATTEMPT = (
    select(outputs.c.number, outputs.c.stream, outputs.c.size, outputs.c.data)
    .where(outputs.c.run == bindparam("run"), outputs.c.action == bindparam("action"))
    .where(outputs.c.attempt == bindparam("attempt"), outputs.c.number > bindparam("after"))
    .order_by(outputs.c.number)
)
_PAGE = OF_ATTEMPT.limit(_CHUNK_PAGE)


class SqlOutputs(OutputStore):
    """Keeps output in compressed chunks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, key: OutputKey, chunks: Sequence[OutputChunk]) -> None:
        """Store the chunks durably."""
        rows = [
            {
                "run": key.run,
                "action": key.action,
                "attempt": key.attempt,
                "number": chunk.number,
                "stream": chunk.stream.value,
                "size": chunk.size,
                "data": chunk.data,
            }
            for chunk in chunks
        ]
        with self._database.write() as connection:
            connection.execute(insert(outputs), rows)

    def read(self, key: OutputKey, *, after: int = -1) -> Iterator[OutputChunk]:
        """Yield the chunks with `number > after`, in order, a few at a time."""
        names = {"run": key.run, "action": key.action, "attempt": key.attempt}
        while True:
            with self._database.read() as connection:
                page = [chunk_of(*row) for row in connection.execute(_PAGE, {**names, "after": after})]
            yield from page
            if len(page) < _CHUNK_PAGE:
                return
            after = page[-1].number


def chunk_of(number: object, stream: object, size: object, data: object) -> OutputChunk:
    """Return the chunk that a row holds. Raises IntegrityError for one that holds none."""
    if isinstance(number, int) and isinstance(size, int) and isinstance(data, bytes) and stream in set(Stream):
        return OutputChunk(number=number, stream=Stream(str(stream)), size=size, data=data)
    raise IntegrityError(f"chunk {number} is none")


class SqlRunIndex(RunIndex):
    """Numbers runs and keeps one line of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self) -> RunId:
        """Return the next free `RUN-n`, never the same twice."""
        with self._database.write() as connection:
            number = connection.execute(insert(runs).values(line=None)).inserted_primary_key
        assert number is not None
        return run_called(str(number[0]))

    def put(self, summary: RunSummary) -> None:
        """Store the line of a run, replacing the one before."""
        with self._database.write() as connection:
            _put(connection, summary)

    def get(self, run: RunId) -> RunSummary | None:
        """Return the line of a run; None when there is none."""
        number = number_of(run)
        if number is None:
            return None
        with self._database.read() as connection:
            line = connection.execute(select(runs.c.line).where(runs.c.number == number)).scalar()
        return _summary(line) if line else None

    def list(self, *, limit: int = 50) -> Sequence[RunSummary]:
        """Return the lines, newest run first."""
        query = select(runs.c.line).where(runs.c.line.is_not(None)).order_by(runs.c.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [_summary(line) for line in connection.execute(query).scalars()]

    def replace_all(self, summaries: Iterable[RunSummary]) -> int:
        """Put these lines in the place of all that there are, and return how many; nobody else writes lines meanwhile.

        Numbers that were given out stay taken.
        """
        with self._database.write() as connection:
            if not self._database.is_sqlite:
                connection.execute(text("LOCK TABLE runs IN SHARE ROW EXCLUSIVE MODE"))
            connection.execute(update(runs).values(line=None))
            count = 0
            for summary in summaries:
                _put(connection, summary)
                count += 1
        return count


def number_of(run: RunId) -> int | None:
    """Return the number in the name of a run; None where it is no such name."""
    digits = run.removeprefix(_PREFIX)
    is_one = run.startswith(_PREFIX) and digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_DIGITS
    return int(digits) if is_one else None


def run_called(number: str) -> RunId:
    """Return the name of the run with this number."""
    return RunId(_PREFIX + number)


def _put(connection: Connection, summary: RunSummary) -> None:
    number, line = number_of(summary.run), msgspec.json.encode(summary).decode()
    changed = connection.execute(update(runs).where(runs.c.number == number).values(line=line))
    if changed.rowcount == 0:
        connection.execute(insert(runs).values(number=number, line=line))


def _summary(line: str) -> RunSummary:
    try:
        return msgspec.json.decode(line, type=RunSummary)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(
            f"a line in the list of runs is none: {error}", hint="`architect db rebuild` makes all of them again"
        ) from error
