"""Whether what is kept beside a run's events is what they say: its line in the list, its output. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from architect.audit.chain import Fault, FaultKind
from architect.audit.model import Event
from architect.kernel.errors import ArchitectError, IntegrityError
from architect.kernel.ids import RunId
from architect.runs.events import OutputDigest, StepEnded, is_of_run, parse, run_of
from architect.runs.output import decompressed, output_sha256
from architect.runs.ports import OutputChunk, OutputKey, RunSummary, Stream
from architect.runs.state import RunState, apply, begin
from architect.runs.summaries import summary_of

LineOf = Callable[[RunId], str | None]
"""Returns a run's line in the list as it is stored; None where there is none."""

ChunksOf = Callable[[OutputKey], Iterable[OutputChunk]]
"""Returns the stored output of an attempt, in order. Raises IntegrityError for a chunk that is none."""


@dataclass(slots=True)
class _Followed:
    """One run on its way through its events; `fits` is the last event after which its line was right."""

    state: RunState
    last: Event
    line: RunSummary | None
    is_listed: bool
    fits: int = 0


class RunWitness:
    """Sees the events of runs, stream by stream and in order, and compares what is kept beside them.

    The line of a run is written after its event, not with it: one that was right at an earlier event is old, no fault.
    """

    def __init__(self, *, line_of: LineOf, chunks_of: ChunksOf | None) -> None:
        """Compare output too where `chunks_of` is given."""
        self._line_of = line_of
        self._chunks_of = chunks_of
        self._run: _Followed | None = None
        self._skipped = ""
        self.faults: list[Fault] = []
        self.old: list[RunId] = []

    def see(self, event: Event) -> None:
        """See the next event."""
        if not is_of_run(event.stream) or event.stream == self._skipped:
            return
        try:
            self._follow(event)
            if self._chunks_of is not None and event.kind == StepEnded.kind:
                self._compare_output(event, self._chunks_of)
        except (ArchitectError, LookupError, ValueError) as error:
            message = f"event {event.seq} of {event.stream} makes no sense there: {str(error)[:200]}"
            self._add(FaultKind.FORMAT, event, message)
            self._skipped, self._run = event.stream, None

    def finish(self) -> None:
        """Compare the line of the last run."""
        run, self._run = self._run, None
        if run is None or run.fits == run.last.seq:
            return
        name = run_of(run.last.stream)
        if run.fits > 0 or (not run.is_listed and run.last.seq == 1):
            self.old.append(name)
            return
        what = "is not what its events say" if run.is_listed else "is missing"
        hint = "`architect db rebuild` makes it again"
        self._add(FaultKind.LIST, run.last, f"the line of {name} in the list of runs {what}: {hint}")

    def _follow(self, event: Event) -> None:
        if self._run is None or self._run.last.stream != event.stream:
            self.finish()
            line = self._line_of(run_of(event.stream))
            self._run = _Followed(state=begin(event), last=event, line=_parsed(line), is_listed=line is not None)
        else:
            self._run.state, self._run.last = apply(self._run.state, event), event
        if self._run.line == summary_of(self._run.state):
            self._run.fits = event.seq

    def _compare_output(self, event: Event, chunks_of: ChunksOf) -> None:
        step = parse(event)
        if not isinstance(step, StepEnded):
            return
        key = OutputKey(run=run_of(event.stream), action=step.action, attempt=step.attempt)
        why = _unlike(step.output or OutputDigest(), chunks_of(key))
        if why:
            self._add(FaultKind.OUTPUT, event, f"the output of {key.run} {key.action} is not what was stored: {why}")

    def _add(self, kind: FaultKind, event: Event, message: str) -> None:
        self.faults.append(Fault(kind=kind, stream=event.stream, seq=event.seq, message=message, at=event.at))


def _parsed(line: str | None) -> RunSummary | None:
    try:
        return msgspec.json.decode(line or "", type=RunSummary)
    except (ValueError, RecursionError):
        return None


def _unlike(recorded: OutputDigest, chunks: Iterable[OutputChunk]) -> str:
    """Say how stored output differs from what was recorded of it; empty when it does not.

    Where output was dropped for want of room, one more chunk may be there than the worker was told.
    """
    count = 0

    def proved() -> Iterator[tuple[Stream, bytes]]:
        nonlocal count
        for chunk in chunks:
            if chunk.number != count:
                raise IntegrityError(f"chunk {count} is missing")
            count += 1
            if count <= recorded.chunks:
                yield chunk.stream, decompressed(chunk)

    try:
        digest = output_sha256(proved())
    except IntegrityError as error:
        return error.message
    if count < recorded.chunks or (count > recorded.chunks and not recorded.dropped_bytes):
        return f"{count} chunks are there, and {recorded.chunks} were stored"
    if recorded.chunks and digest != recorded.sha256:
        return "it was edited"
    return ""
