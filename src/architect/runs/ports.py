"""What the engine needs from outside: adapters in storage and integrations, fakes in tests.

The life of an action: `ActionRunner.prepare` makes everything ready without running a character of it; the worker
stores `step.started` with the process mark; `PreparedAction.run` lets it go and blocks until its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from architect.kernel.ids import ActionId, RunId
from architect.runs.events import Outcome, ProcessMark
from architect.runs.model import Condition, DefaultFrom, PlannedAction, Truth, UndoPlan


class Stream(StrEnum):
    """Which output of an action."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputKey:
    """Names the output of one attempt of an action."""

    run: RunId
    action: ActionId
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputChunk:
    """A piece of redacted output, compressed with zstd. `number` counts from 0, in order of arrival."""

    number: int
    stream: Stream
    size: int
    data: bytes


class OutputStore(Protocol):
    """Keeps the output of steps; the event of the step's end holds the digest of what is kept here."""

    def append(self, key: OutputKey, chunks: Sequence[OutputChunk]) -> None:
        """Store the chunks durably. Raises OutsideError when there is no room."""
        ...

    def read(self, key: OutputKey, *, after: int = -1) -> Iterable[OutputChunk]:
        """Return the chunks with `number > after`, in order; all of them need not be in memory at once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A line of `architect runs list`."""

    run: RunId
    runbook: str
    title: str
    document: str
    profile: str
    status: str
    waiting_for: str = ""
    verdict: str = ""
    created_at: datetime
    updated_at: datetime
    requested_by: str = ""


class RunIndex(Protocol):
    """Numbers runs and keeps one line of each; a projection that events can rebuild."""

    def reserve(self) -> RunId:
        """Return the next free `RUN-n`, never the same twice."""
        ...

    def put(self, summary: RunSummary) -> None:
        """Store the line of a run, replacing the one before."""
        ...

    def get(self, run: RunId) -> RunSummary | None:
        """Return the line of a run; None when there is none."""
        ...

    def list(self, *, limit: int = 50) -> Sequence[RunSummary]:
        """Return the lines, newest run first."""
        ...


class SecretSource(Protocol):
    """Resolves references of secrets: `env:NAME`, `file:PATH`, `keyring:SERVICE/NAME`."""

    def resolve(self, reference: str) -> str:
        """Return the secret. Raises SettingsError, which names the reference and never the value."""
        ...


class OutputSink(Protocol):
    """Takes an action's raw output while it runs: redacts, shows, stores. Called from one thread at a time."""

    def write(self, stream: Stream, data: bytes) -> None:
        """Take a piece of raw output. Raises OutsideError when it cannot be stored."""
        ...

    def add_secret(self, value: str) -> None:
        """Redact this value from here on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """Everything a runner needs. `values` are literal; secrets among them are named in `secret_names`."""

    key: OutputKey
    action: PlannedAction
    values: Mapping[str, str]
    secret_names: frozenset[str]
    folder: Path
    """The run's own folder: `scratch/` is the working directory, the rest is the engine's."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The allow-listed environment of the profile, without the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOutcome:
    """How an action ended."""

    outcome: Outcome
    exit_status: int | None = None
    pipe_status: tuple[int, ...] = ()
    signal: int | None = None
    reason: str = ""
    leftovers: int = 0
    notes: tuple[str, ...] = ()


class PreparedAction(Protocol):
    """An action that is ready and has not begun."""

    @property
    def process(self) -> ProcessMark | None:
        """The process that waits for the word to go; None for actions without one."""
        ...

    def run(self, sink: OutputSink) -> ActionOutcome:
        """Let it go and block until its end. Raises LostActionError when its end cannot be known."""
        ...

    def stop(self) -> None:
        """Ask it to end: INT, then TERM, then KILL. May be called from another thread or a signal handler."""
        ...

    def kill(self) -> None:
        """End it and all its descendants now. May be called from another thread."""
        ...

    def discard(self) -> None:
        """Drop it without having run it."""
        ...


class ActionRunner(Protocol):
    """Carries actions of one executor out."""

    def prepare(self, request: ActionRequest) -> PreparedAction:
        """Make the action ready. Raises ArchitectError when it cannot even begin (a tool is missing)."""
        ...


class Stop(Protocol):
    """Tells a native action that it shall end."""

    def is_set(self) -> bool:
        """Say whether the action shall end."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the action shall end or `timeout` seconds passed; return `is_set`."""
        ...


class NativeRunner(Protocol):
    """Carries an action out inside the worker: a query, a request. `InProcess` of `runs.native` adapts it."""

    def start(self, request: ActionRequest, sink: OutputSink, stop: Stop) -> ActionOutcome:
        """Do it, write what a person would read to `sink`, and return the outcome. Give up soon after `stop`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a condition answered. HOLDS means healthy: for a symptom, that the fault is gone.

    `is_settled` says that asking again cannot help (no Prometheus in the profile), so that nobody polls.
    """

    truth: Truth
    detail: str
    value: float | None = None
    is_settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What conditions, undo readers and proposals may know of a run."""

    run: RunId
    profile: str
    values: Mapping[str, str]
    environment: Mapping[str, str]
    folder: Path
    outputs: Mapping[ActionId, OutputKey]
    """The output of the last attempt of each action that ended."""


class ConditionAsker(Protocol):
    """Asks typed conditions natively."""

    def ask(self, condition: Condition, context: RunContext) -> Measurement:
        """Ask once, bounded to a few seconds. Whatever goes wrong is CANNOT_TELL with the reason; raises nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """The way back as found: the state before (`values`), and the commands that restore it, shell text each."""

    text: str
    values: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()
    impossible: str = ""


class UndoReader(Protocol):
    """Reads the state before a change."""

    def capture(self, action: PlannedAction, undo: UndoPlan, context: RunContext) -> Captured:
        """Return the way back. Raises OutsideError when the state cannot be read; the person is told."""
        ...


class Proposer(Protocol):
    """Proposes values from earlier output."""

    def propose(self, default: DefaultFrom, context: RunContext) -> str | None:
        """Return the value that the earlier output gives; None when it gives none or several."""
        ...


class Survivors(Protocol):
    """Finds what a killed worker left behind."""

    def end(self, mark: ProcessMark) -> Sequence[str]:
        """End the process and its descendants if they still live; say what was found, for people. Empty: nothing."""
        ...


class Observer(Protocol):
    """Sees redacted output while it arrives, for a live terminal."""

    def output(self, key: OutputKey, stream: Stream, data: bytes) -> None:
        """Take a piece of redacted output."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An answer, with the body cut at the client's bound."""

    status: int
    body: bytes
    url: str


class WebClient(Protocol):
    """Speaks HTTP to hosts that a profile names, and to no inner address otherwise; one for all integrations."""

    def send(
        self, method: str, url: str, *, environment: Mapping[str, str], body: bytes = b"", timeout_s: float = 5.0
    ) -> HttpAnswer:
        """Return the answer after redirects, each judged like the first address.

        Raises RefusedError for an address that may not be spoken to, OutsideError when nothing answers.
        """
        ...
