"""What every store of output and of run lines promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from architect.kernel.ids import ActionId, RunId
from architect.runs.ports import OutputChunk, OutputKey, RunSummary, Stream
from contract.conftest import Kept

KEY = OutputKey(run=RunId("RUN-1"), action=ActionId("1.1"), attempt=1)


def chunk(number: int, data: bytes = b"\x00\xff") -> OutputChunk:
    return OutputChunk(number=number, stream=Stream.STDERR, size=len(data), data=data)


def summary(run: RunId, **more: str) -> RunSummary:
    now = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    line = RunSummary(
        run=run,
        runbook="restart",
        title="Restart \x00 the «API»",
        document="runbook.md",
        profile="local",
        status="running",
        created_at=now,
        updated_at=now,
    )
    return replace(line, **more)  # type: ignore[arg-type]


def test_chunks_come_back_in_order(kept: Kept) -> None:
    kept.outputs.append(KEY, [chunk(0), chunk(1)])
    kept.outputs.append(KEY, [chunk(2, b"")])
    assert list(kept.outputs.read(KEY)) == [chunk(0), chunk(1), chunk(2, b"")]
    assert list(kept.outputs.read(KEY, after=1)) == [chunk(2, b"")]


def test_many_chunks_come_back_in_order(kept: Kept) -> None:
    chunks = [chunk(number) for number in range(30)]
    kept.outputs.append(KEY, chunks)
    assert list(kept.outputs.read(KEY)) == chunks
    assert list(kept.outputs.read(KEY, after=7)) == chunks[8:]


def test_each_attempt_has_its_own_output(kept: Kept) -> None:
    kept.outputs.append(KEY, [chunk(0)])
    assert list(kept.outputs.read(replace(KEY, attempt=2))) == []
    assert list(kept.outputs.read(replace(KEY, action=ActionId("1.2")))) == []


def test_numbers_of_runs_are_never_given_twice(kept: Kept) -> None:
    assert [kept.index.reserve() for _ in range(3)] == ["RUN-1", "RUN-2", "RUN-3"]


def test_a_line_replaces_the_one_before(kept: Kept) -> None:
    run = kept.index.reserve()
    kept.index.put(summary(run))
    kept.index.put(summary(run, status="ended", verdict="verified"))
    assert kept.index.get(run) == summary(run, status="ended", verdict="verified")


def test_lines_come_newest_first(kept: Kept) -> None:
    runs = [kept.index.reserve() for _ in range(3)]
    for run in runs:
        kept.index.put(summary(run))
    assert [line.run for line in kept.index.list(limit=2)] == ["RUN-3", "RUN-2"]


def test_a_run_that_is_only_reserved_has_no_line(kept: Kept) -> None:
    run = kept.index.reserve()
    assert kept.index.get(run) is None
    assert list(kept.index.list()) == []


def test_a_name_that_is_none_has_no_line(kept: Kept) -> None:
    assert kept.index.get(RunId("RUN-٣")) is None
    assert kept.index.get(RunId("nothing")) is None
