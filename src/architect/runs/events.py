"""What happens in a run, as typed values: the only things from which its state is folded.

Each class is one kind of event in the stream `run:RUN-n`; docs/reference/events.md lists them for readers of the
record. Fields are added with defaults and never change their meaning, so that old streams stay readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeAlias

import msgspec

from architect.audit.model import Draft, Event, Json
from architect.kernel.ids import ActionId, RunId, StreamId
from architect.runs.model import GateKind, Plan, PlannedAction, Truth


class GateReason(StrEnum):
    """Why a run waits; together with `GateKind` it says which answers are possible."""

    EFFECT = "effect"
    CHOICE = "choice"
    VALUE = "value"
    MANUAL = "manual"
    FAILED = "failed"
    UNKNOWN_OUTCOME = "unknown-outcome"
    RECOVERY = "recovery"


class Answer(StrEnum):
    """What a person may answer at a gate."""

    APPROVE = "approve"
    REFUSE = "refuse"
    CHOOSE = "choose"
    SET_VALUE = "set-value"
    DONE = "done"
    RETRY = "retry"
    SKIP = "skip"
    UNDO = "undo"
    ABORT = "abort"
    RECOVERED = "recovered"
    NOT_RECOVERED = "not-recovered"


class Occasion(StrEnum):
    """When a condition was measured."""

    BEFORE = "before"
    AFTER_CHANGE = "after-change"
    CHECK = "check"
    FINAL = "final"


class Outcome(StrEnum):
    """How a step ended. `NONE_FOUND` is the answer "none" of grep or diff; `BOUNDED` ran until its bound by nature."""

    SUCCEEDED = "succeeded"
    NONE_FOUND = "none-found"
    BOUNDED = "bounded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    STOPPED = "stopped"
    NOT_STARTED = "not-started"

    @property
    def is_success(self) -> bool:
        """Say whether the step did what it was for."""
        return self in {Outcome.SUCCEEDED, Outcome.NONE_FOUND, Outcome.BOUNDED}


class Verdict(StrEnum):
    """What a run came to."""

    READ = "read"
    READ_WITH_FAILURES = "read-with-failures"
    VERIFIED = "verified"
    RECOVERED_BY_WORD = "recovered-by-word"
    NOT_RECOVERED = "not-recovered"
    UNDONE = "undone"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMark:
    """Names one process beyond the reuse of its number. `started` is the kernel's start time in clock ticks."""

    pid: int
    started: int
    host: str
    boot: str = ""
    guard: int = 0
    cookie: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputDigest:
    """What a step wrote: redacted bytes by stream, the SHA-256 of what was stored, and what was dropped."""

    stdout_bytes: int = 0
    stderr_bytes: int = 0
    stored_bytes: int = 0
    dropped_bytes: int = 0
    chunks: int = 0
    sha256: str = ""
    redactions: int = 0
    tail: str = ""
    """The last characters of the output, for lists and prompts; the whole is in the output store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCreated:
    """The run exists; its plan is stored with it."""

    kind: ClassVar[str] = "run.created"
    run: RunId
    plan: Plan
    plan_digest: str
    requested_by: str
    is_verified: bool = True
    via: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTaken:
    """A worker owns the run from here. `reason` is `started`, `resumed` or `taken-over`."""

    kind: ClassVar[str] = "lease.taken"
    generation: int
    worker: str
    host: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJumped:
    """The worker was paused, or the machine's clock was set back."""

    kind: ClassVar[str] = "clock.jumped"
    seconds: float
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOpened:
    """The run waits for people. An approval covers exactly what `digest` covers, until `valid_s` have passed."""

    kind: ClassVar[str] = "gate.opened"
    gate: str
    gate_kind: GateKind
    reason: GateReason
    question: str
    action: ActionId | None = None
    digest: str = ""
    answers: tuple[Answer, ...] = ()
    group: str | None = None
    variable: str | None = None
    proposal: str | None = None
    facts: tuple[str, ...] = ()
    valid_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateAnswered:
    """Somebody answered. `is_final` says that the gate is satisfied or closed by it; a first of two votes is not."""

    kind: ClassVar[str] = "gate.answered"
    gate: str
    answer: Answer
    by: str
    is_verified: bool
    is_final: bool = True
    via: str = ""
    reason: str = ""
    digest: str = ""
    option: int | None = None
    single_person: bool = False
    break_glass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecorded:
    """Somebody used break-glass: the second person is paged, or this says that nobody could be."""

    kind: ClassVar[str] = "page.recorded"
    gate: str
    to: tuple[str, ...]
    is_delivered: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVoided:
    """What was answered no longer counts, or the question is moot."""

    kind: ClassVar[str] = "gate.voided"
    gate: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """A variable has a value: literal text, or the reference of a secret."""

    kind: ClassVar[str] = "value.set"
    variable: str
    by: str
    value: str | None = None
    reference: str | None = None
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsLocked:
    """No other run changes these targets until this one ends."""

    kind: ClassVar[str] = "targets.locked"
    action: ActionId
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsBusy:
    """Another run is changing a target; this one waits."""

    kind: ClassVar[str] = "targets.busy"
    action: ActionId
    targets: tuple[str, ...]
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionMeasured:
    """A typed check was asked. `is_settled` says that asking again cannot change a cannot-tell."""

    kind: ClassVar[str] = "condition.measured"
    condition: str
    occasion: Occasion
    truth: Truth
    detail: str
    value: float | None = None
    action: ActionId | None = None
    is_settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoCaptured:
    """The way back of a change, recorded before it. Without commands, `impossible` says why."""

    kind: ClassVar[str] = "undo.captured"
    action: ActionId
    text: str
    values: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()
    impossible: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """Stored before the process may run a single character of the action."""

    kind: ClassVar[str] = "step.started"
    action: ActionId
    attempt: int
    effect: str
    text: str
    executed: str
    targets: tuple[str, ...] = ()
    digest: str = ""
    process: ProcessMark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnded:
    """The end of a step is known."""

    kind: ClassVar[str] = "step.ended"
    action: ActionId
    attempt: int
    outcome: Outcome
    duration_s: float
    exit_status: int | None = None
    pipe_status: tuple[int, ...] = ()
    signal: int | None = None
    reason: str = ""
    output: OutputDigest | None = None
    leftovers: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepUnknown:
    """A step was started and nobody saw its end. `found` says what was still alive, and what became of it."""

    kind: ClassVar[str] = "step.unknown"
    action: ActionId
    attempt: int
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped:
    """The action is left out, with a reason."""

    kind: ClassVar[str] = "step.skipped"
    action: ActionId
    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoPlanned:
    """The way back is gone from here on: these actions, in this order, each behind its own gate."""

    kind: ClassVar[str] = "undo.planned"
    by: str
    actions: tuple[PlannedAction, ...]
    impossible: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInterrupted:
    """A person stopped the present action; the run can be resumed, undone or aborted."""

    kind: ClassVar[str] = "run.interrupted"
    by: str
    action: ActionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """A person lets an interrupted run go on."""

    kind: ClassVar[str] = "run.resumed"
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAborted:
    """A person gives the run up; nothing more is started."""

    kind: ClassVar[str] = "run.aborted"
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The run is over."""

    kind: ClassVar[str] = "run.ended"
    verdict: Verdict
    exit_code: int
    summary: str
    failed_reads: tuple[ActionId, ...] = ()


RunEvent: TypeAlias = (
    RunCreated
    | LeaseTaken
    | ClockJumped
    | GateOpened
    | GateAnswered
    | PageRecorded
    | GateVoided
    | ValueSet
    | TargetsLocked
    | TargetsBusy
    | ConditionMeasured
    | UndoCaptured
    | StepStarted
    | StepEnded
    | StepUnknown
    | StepSkipped
    | UndoPlanned
    | RunInterrupted
    | RunResumed
    | RunAborted
    | RunEnded
)

KINDS: Mapping[str, type[RunEvent]] = {event_type.kind: event_type for event_type in RunEvent.__args__}


_PREFIX = "run:"


def stream_of(run: RunId) -> StreamId:
    """Return the name of the run's stream."""
    return StreamId(f"{_PREFIX}{run}")


def is_of_run(stream: StreamId) -> bool:
    """Say whether this is the stream of a run."""
    return stream.startswith(_PREFIX)


def run_of(stream: StreamId) -> RunId:
    """Return the run whose stream this is."""
    return RunId(stream.removeprefix(_PREFIX))


def draft(event: RunEvent, actor: str) -> Draft:
    """Return the event as a draft for the store."""
    data: Mapping[str, Json] = msgspec.to_builtins(event)
    return Draft(kind=event.kind, actor=actor, data=data)


def parse(event: Event) -> RunEvent | None:
    """Return the typed event; None for a kind of a later version, which changes no state that this one knows."""
    event_type = KINDS.get(event.kind)
    if event_type is None:
        return None
    parsed: Any = msgspec.convert(event.data, type=event_type, strict=False)
    return parsed  # type: ignore[no-any-return]
