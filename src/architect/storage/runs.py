"""The output of steps, and one line of each run."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, insert, select, update

from architect.kernel.ids import RunId
from architect.runs.ports import OutputChunk, OutputKey, OutputStore, RunIndex, RunSummary, Stream
from architect.storage.database import Database
from architect.storage.schema import outputs, runs

_PREFIX = "RUN-"


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

    def read(self, key: OutputKey, *, after: int = -1) -> Sequence[OutputChunk]:
        """Return the chunks with `number > after`, in order."""
        query = (
            select(outputs.c.number, outputs.c.stream, outputs.c.size, outputs.c.data)
            .where(outputs.c.run == key.run, outputs.c.action == key.action, outputs.c.attempt == key.attempt)
            .where(outputs.c.number > after)
            .order_by(outputs.c.number)
        )
        with self._database.read() as connection:
            return [
                OutputChunk(number=row.number, stream=Stream(row.stream), size=row.size, data=row.data)
                for row in connection.execute(query)
            ]


class SqlRunIndex(RunIndex):
    """Numbers runs and keeps one line of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self) -> RunId:
        """Return the next free `RUN-n`, never the same twice."""
        with self._database.write() as connection:
            number = connection.execute(insert(runs).values(line=None)).inserted_primary_key
        assert number is not None
        return RunId(f"{_PREFIX}{number[0]}")

    def put(self, summary: RunSummary) -> None:
        """Store the line of a run, replacing the one before."""
        line = msgspec.json.encode(summary).decode()
        with self._database.write() as connection:
            connection.execute(update(runs).where(runs.c.number == _number(summary.run)).values(line=line))

    def get(self, run: RunId) -> RunSummary | None:
        """Return the line of a run; None when there is none."""
        number = _number(run)
        if number is None:
            return None
        with self._database.read() as connection:
            line = connection.execute(select(runs.c.line).where(runs.c.number == number)).scalar()
        return msgspec.json.decode(line, type=RunSummary) if line else None

    def list(self, *, limit: int = 50) -> Sequence[RunSummary]:
        """Return the lines, newest run first."""
        query = select(runs.c.line).where(runs.c.line.is_not(None)).order_by(runs.c.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [msgspec.json.decode(line, type=RunSummary) for line in connection.execute(query).scalars()]

    def replace_all(self, summaries: Sequence[RunSummary]) -> None:
        """Put these lines in the place of all that there are; numbers that were given out stay taken."""
        with self._database.write() as connection:
            connection.execute(update(runs).values(line=None))
            for summary in summaries:
                number, line = _number(summary.run), msgspec.json.encode(summary).decode()
                connection.execute(delete(runs).where(runs.c.number == number))
                connection.execute(insert(runs).values(number=number, line=line))


def _number(run: RunId) -> int | None:
    digits = run.removeprefix(_PREFIX)
    return int(digits) if run.startswith(_PREFIX) and digits.isascii() and digits.isdecimal() else None
