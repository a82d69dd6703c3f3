"""The plan as data: what a run will do, stored with the run, read by any later version of the worker.

Everything here is plain values that `msgspec` turns into JSON and back; `Plan.version` names the format.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from architect.commands.model import CommandEffect, Effect
from architect.kernel.ids import ActionId, RunbookId

PLAN_VERSION = 1


class GateKind(StrEnum):
    """Where a run waits, and for what."""

    NONE = "none"
    CONFIRM = "confirm"
    CONFIRM_TARGET = "confirm-target"
    TWO_PEOPLE = "two-people"
    CHOICE = "choice"
    VALUE = "value"
    PERSON = "person"


class Executor(StrEnum):
    """What carries an action out."""

    SHELL = "shell"
    SQL = "sql"
    PROMQL = "promql"
    REDIS = "redis"
    MESSAGE = "message"
    MANUAL = "manual"
    FILE = "file"


class Truth(StrEnum):
    """What a check answers."""

    HOLDS = "holds"
    DOES_NOT = "does-not"
    CANNOT_TELL = "cannot-tell"


class ConditionKind(StrEnum):
    """How a condition is asked."""

    HTTP_STATUS = "http-status"
    HTTP_HEALTH = "http-health"
    PROMQL = "promql"
    SQL_VALUE = "sql-value"
    REDIS_REPLY = "redis-reply"
    OUTPUT = "output"
    ROLLOUT = "rollout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A typed check. `subject` is the URL, query, statement or pattern asked; None bounds: cannot tell.

    `symptom` says that it measures the fault itself, so that it is measured before the first change as well. It HOLDS
    when the system is healthy. After a change it is asked every `every_s` until it holds or `within_s` have passed.
    """

    id: str
    kind: ConditionKind
    subject: str
    title: str
    comparison: str | None = None
    value: float | None = None
    unit: str = ""
    expected: str | None = None
    symptom: bool = False
    action: ActionId | None = None
    connection: str | None = None
    method: str = "GET"
    within_s: float = 60.0
    every_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one action. `never_ends` actions count as finished when `timeout_s` is over."""

    timeout_s: float
    output_bytes: int
    never_ends: bool = False
    retry_count: int = 0
    retry_delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoPlan:
    """How to find the way back before the change, and how to go it.

    `capture` names a native reader (`kubernetes-replicas`, `postgres-none`, …) with its arguments; `text` says to a
    person what will be restored; `impossible` says why there is no way back, else is empty.
    """

    capture: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    text: str = ""
    impossible: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPath:
    """A tool resolved when the plan was made; both are part of what is approved."""

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """A file of the document's repository that the text names, copied into the scratch folder."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A value bound to a variable: literal text, or the reference it is resolved from when the action runs."""

    name: str
    value: str | None = None
    reference: str | None = None
    origin: str = "given"
    is_secret: bool = False


class Encoding(StrEnum):
    """What a value becomes on its way into a text, so that it arrives there as itself."""

    LITERAL = "literal"
    JSON = "json"
    URL = "url"
    SQL = "sql"


class Shape(StrEnum):
    """What a value must look like where it stands."""

    ANY = "any"
    LINE = "line"
    ARGUMENT = "argument"
    WORD = "word"
    INERT = "inert"
    NUMBER = "number"
    HOST = "host"
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One place of an action's text into which a value goes when the action runs.

    `marker` is the name under which the executed text refers to it: an environment variable, or a parameter of SQL.
    `allowed` names the hosts that a HOST or URL may have; `forbidden` are beginnings that a tool would read as
    something else than a value (`@` of curl, `file://` of aws). `place` is for people: `line 12, column 5`.
    """

    variable: str
    marker: str
    encoding: Encoding
    shape: Shape
    place: str
    allowed: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultFrom:
    """A default that earlier output gives: proposed to a person, never taken silently."""

    variable: str
    action: ActionId
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAction:
    """One action, resolved. `text` is the document's, `executed` what really runs."""

    id: ActionId
    step: int
    step_title: str
    phase: str
    title: str
    executor: Executor
    text: str
    executed: str
    effect: Effect
    reason: str
    gate: GateKind
    commands: tuple[CommandEffect, ...] = ()
    targets: tuple[str, ...] = ()
    group: str | None = None
    option: int | None = None
    option_title: str = ""
    variables: tuple[str, ...] = ()
    open_variables: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    defaults: tuple[DefaultFrom, ...] = ()
    undo: UndoPlan | None = None
    checks: tuple[str, ...] = ()
    limits: Limits = Limits(timeout_s=600.0, output_bytes=256 * 1024 * 1024)
    tools: tuple[ToolPath, ...] = ()
    files: tuple[FileDigest, ...] = ()
    connection: str | None = None
    line: int = 0
    refused: str = ""
    notes: tuple[str, ...] = ()
    dry_run: str | None = None
    file_name: str | None = None
    """Where a FILE action writes its text, inside the run's scratch folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run will do, in order. `digest` is the SHA-256 of the canonical form without itself."""

    version: int
    document: str
    document_sha256: str
    runbook: RunbookId
    title: str
    kind: str
    severity: str | None
    sla_s: int | None
    profile: str
    profile_kind: str
    profile_digest: str
    actions: tuple[PlannedAction, ...]
    conditions: tuple[Condition, ...] = ()
    bindings: tuple[Binding, ...] = ()
    systems: tuple[tuple[str, str], ...] = ()
    """What each system must turn out to be, asserted before the first action: system and expected identity."""
    people: tuple[str, ...] = ()
    """Who may approve here; empty: everybody whom the installation knows."""
    digest: str = ""
