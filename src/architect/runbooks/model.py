"""The typed document. Spans are half-open offsets in code points of `Document.text`."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

from architect.grammars.placeholders import Placeholder
from architect.kernel.ids import ActionId, RunbookId


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open offsets in code points of the document's text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """Return the slice of `text`."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column, both from 1, in code points."""

    line: int
    column: int


class NodeKind(StrEnum):
    """What a leaf of the document is, by its Markdown shape."""

    FRONT_MATTER = "front-matter"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_MARKER = "list-marker"
    FENCE = "fence"
    INDENTED_CODE = "indented-code"
    TABLE = "table"
    HTML = "html"
    DIRECTIVE = "directive"
    RULE = "rule"
    QUOTE_MARKER = "quote-marker"
    LINK_DEFINITION = "link-definition"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Node:
    """A leaf: the nodes of a document, in order, partition its text."""

    kind: NodeKind
    span: Span


class BlockKind(StrEnum):
    """What a code block (fence, indented code, command in inline code) is, whatever its tag says."""

    SHELL = "shell"
    SQL = "sql"
    PSQL = "psql"
    PROMQL = "promql"
    TRANSCRIPT = "transcript"
    OUTPUT = "output"
    CONFIG = "config"
    TEMPLATE = "template"
    MESSAGE = "message"
    DIAGRAM = "diagram"
    FILE = "file"
    CODE = "code"
    TEXT = "text"


class SessionKind(StrEnum):
    """What kind of inner world a command opens for the blocks after it."""

    SSH = "ssh"
    EXEC = "exec"
    PSQL = "psql"
    SHELL = "shell"
    REDIS = "redis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An inner world (`ssh host`, `kubectl exec -it … sh`, `psql …`) in which later text is meant to run."""

    kind: SessionKind
    opener: str
    span: Span


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a block's own text and where it lies in the document, both of the same length."""

    at: int
    document: int
    length: int


def locate(segments: tuple[Segment, ...], offset: int, default: int) -> int:
    """Return the document offset of an offset in a text that lies in `segments`; `default` before the first of them."""
    index = bisect_right(segments, offset, key=lambda segment: segment.at) - 1
    if index < 0:
        return default
    segment = segments[index]
    return segment.document + min(offset - segment.at, segment.length)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A code block: what it is, its own text (dedented, prompts removed) and where that lies in the document."""

    kind: BlockKind
    tag: str
    text: str
    span: Span
    segments: tuple[Segment, ...]
    line: int
    session: Session | None = None
    file_name: str | None = None

    def locate(self, offset: int) -> int:
        """Return the document offset of an offset in `text`."""
        return locate(self.segments, offset, self.span.start)


class Kind(StrEnum):
    """What a runbook is for."""

    INCIDENT = "incident"
    TASK = "task"
    TROUBLESHOOTING = "troubleshooting"
    EMERGENCY = "emergency"


class Phase(StrEnum):
    """What a step is for."""

    DECLARE = "declare"
    PAGE = "page"
    ASSESS = "assess"
    DIAGNOSE = "diagnose"
    MITIGATE = "mitigate"
    VERIFY = "verify"
    UNDO = "undo"
    COMMUNICATE = "communicate"
    ESCALATE = "escalate"
    PREVENT = "prevent"


class ActionKind(StrEnum):
    """What an action is done with."""

    SHELL = "shell"
    SQL = "sql"
    PROMQL = "promql"
    MESSAGE = "message"
    MANUAL = "manual"
    FILE = "file"


class Comparison(StrEnum):
    """How a threshold compares."""

    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    EQUAL = "=="


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A bound in words (`> 0.1%`, `P95 > 300ms`): `value` in base units (ratio, seconds, bytes), `unit` as written."""

    subject: str
    comparison: Comparison
    value: float
    unit: str
    quantile: float | None
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Sla:
    """How soon somebody must respond."""

    seconds: int
    text: str
    span: Span


class ExpectationSource(StrEnum):
    """Where an expectation was stated."""

    DIRECTIVE = "directive"
    LINE = "line"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the author says one should see."""

    text: str
    source: ExpectationSource
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits an author set in a directive; None where nothing was said."""

    timeout_s: float | None = None
    retry_count: int | None = None
    retry_delay_s: float | None = None
    output_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A value the reader must supply, or may where every place that needs it has the same `default`.

    `same_as` names the variable that is plainly another spelling of this one: `<pod>` beside `<pod-name>`.
    """

    name: str
    placeholders: tuple[Placeholder, ...]
    spans: tuple[Span, ...]
    default: str | None = None
    is_secret: bool = False
    same_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a step does once. `text` is the action's own text, at `offset` in its block; `span` lies in the document."""

    id: ActionId
    kind: ActionKind
    text: str
    span: Span
    title: str = ""
    block: Block | None = None
    session: Session | None = None
    connection: str | None = None
    variables: tuple[str, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    bounds: Bounds = Bounds()
    reference: RunbookId | None = None
    file_name: str | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One alternative of a group; `number` from 1, as `--choose GROUP=NUMBER` names it."""

    number: int
    title: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionGroup:
    """Actions of which one is to be chosen. `id` is the step number, from the second group on with a letter (`4b`)."""

    id: str
    options: tuple[Option, ...]
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered or headed part of a runbook; `items` stand in document order."""

    number: int
    title: str
    phase: Phase
    span: Span
    items: tuple[Action | OptionGroup, ...]

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions, those inside options too, in document order."""
        found: list[Action] = []
        for item in self.items:
            if isinstance(item, Action):
                found.append(item)
            else:
                found.extend(action for option in item.options for action in option.actions)
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """One procedure of a document."""

    id: RunbookId
    title: str
    kind: Kind
    span: Span
    sections: tuple[str, ...] = ()
    severity: str | None = None
    trigger: str | None = None
    thresholds: tuple[Threshold, ...] = ()
    sla: Sla | None = None
    symptoms: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    variables: tuple[Variable, ...] = ()
    owner: str | None = None
    review_by: str | None = None

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions in document order."""
        return tuple(action for step in self.steps for action in step.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationLevel:
    """One level of an escalation matrix, as the document says it. Delays count from the incident's opening."""

    number: int
    condition: str
    targets: tuple[str, ...]
    actions: tuple[str, ...]
    delay_s: int | None
    on_unacknowledged: bool
    on_unresolved: bool
    severities: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person, role, place or address the document names."""

    role: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateField:
    """A field of a message template that a person or the incident fills."""

    name: str
    hint: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate:
    """A message to be written from an incident's facts."""

    title: str
    text: str
    fields: tuple[TemplateField, ...]
    span: Span


class ProblemCode(StrEnum):
    """What reading noticed about the text; never a reason to stop reading."""

    INVALID_UTF8 = "invalid-utf8"
    MOJIBAKE = "mojibake"
    UNCLOSED_FENCE = "unclosed-fence"
    DUPLICATE_TITLE = "duplicate-title"
    INDENTED_FENCE = "indented-fence"
    TOO_DEEP = "too-deep"
    TOO_LARGE = "too-large"
    BINARY = "binary"
    EMPTY = "empty"
    DIRECTIVE = "directive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that reading noticed, with its place."""

    code: ProblemCode
    message: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One Markdown file, wholly accounted for: `nodes` partition `text`."""

    path: str
    text: str
    sha256: str
    nodes: tuple[Node, ...]
    blocks: tuple[Block, ...] = ()
    runbooks: tuple[Runbook, ...] = ()
    escalation: tuple[EscalationLevel, ...] = ()
    contacts: tuple[Contact, ...] = ()
    templates: tuple[MessageTemplate, ...] = ()
    problems: tuple[Problem, ...] = ()
    line_starts: tuple[int, ...] = (0,)
    version: str | None = None
    updated: str | None = None

    def place(self, offset: int) -> Place:
        """Return the line and column, both from 1, of an offset."""
        line = bisect_right(self.line_starts, offset)
        return Place(line, offset - self.line_starts[line - 1] + 1)
