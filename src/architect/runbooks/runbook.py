"""One procedure as a runbook: its steps, and the facts that its title, labels and tables state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from architect.grammars.placeholders import Placeholder, assigned_names, find
from architect.kernel.ids import RunbookId
from architect.runbooks.actions import language_of, variables_in
from architect.runbooks.facts import seconds_in, severity_in, sla_in, thresholds_in
from architect.runbooks.labels import Label
from architect.runbooks.model import (
    Action,
    ActionKind,
    Block,
    Kind,
    Runbook,
    Sla,
    Span,
    Step,
    Threshold,
    Variable,
)
from architect.runbooks.outline import Procedure, Section
from architect.runbooks.steps import Body, Reader
from architect.runbooks.tables import Row, rows_of
from architect.runbooks.wording import is_procedure_title, plain

_SLA_LABEL = re.compile(
    r"(?:response |ack\w* )?sla|response time|target response|time to (?:respond|acknowledge)|respond within|ack\w* within|response(?: within)?",
    re.IGNORECASE,
)
_SLA_COLUMN = re.compile(r".*\b(?:respon\w+|acknowledg\w*|sla|ack)\b.*", re.IGNORECASE)
_SLOW_COLUMN = re.compile(r".*\b(?:resolution|resolve|fix|update|restor\w+)\b.*", re.IGNORECASE)
_TRIGGER_LABEL = re.compile(r"alerts?(?: name)?|triggers?|triggered by|fires when|condition|when to use", re.IGNORECASE)
_OWNER_LABEL = re.compile(r"owners?|owned by|team|maintainers?|responsible(?: team)?", re.IGNORECASE)
_REVIEW_LABEL = re.compile(r"(?:next )?review(?:ed)?(?: by| date| due)?|expires", re.IGNORECASE)
_SEVERITY_LABEL = re.compile(r"severity|priority|level|sev", re.IGNORECASE)
_TITLE_PREFIX = re.compile(r"\s*(?:\[?\(?(?:P|SEV-?|S)[0-5]\)?\]?|priority \d)\s*[-–—:|]*\s*", re.IGNORECASE)
_ALERT_NAME = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*){1,}\Z")
_SECRET = re.compile(
    r"(?:TOKEN|SECRET|PASSW(?:OR)?D|PASSPHRASE|CREDENTIALS?|(?:^|_)(?:API|ACCESS|PRIVATE|ROUTING|SECRET|SIGNING)_?KEY)",
    re.IGNORECASE,
)

_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.EMERGENCY, re.compile(r"\b(?:emergenc\w+|disasters?|catastroph\w+|break[- ]?glass)\b", re.IGNORECASE)),
    (
        Kind.TROUBLESHOOTING,
        re.compile(
            r"\b(?:troubleshoot\w*|debugging|diagnos\w+|known (?:issues|problems)|common (?:issues|problems))\b",
            re.IGNORECASE,
        ),
    ),
    (
        Kind.TASK,
        re.compile(
            r"\b(?:tasks?|maintenance|operations?|how[- ]?to|procedures?|routine|admin\w*|setup|set up|deploy\w*)\b",
            re.IGNORECASE,
        ),
    ),
    (Kind.INCIDENT, re.compile(r"\b(?:incidents?|outages?|alerts?|on-?call|response)\b", re.IGNORECASE)),
)


def runbook_of(procedure: Procedure, blocks: dict[int, Block], slas: dict[str, Sla]) -> Runbook:
    """Return the runbook that a procedure is, still without an id; `slas` are those the document gives by severity."""
    start, end = _extent(procedure)
    reader = Reader(procedure.title, blocks, start=start, is_manual=True)
    body = reader.read(procedure.leaves)
    labels = (*body.labels, *_table_labels(procedure))
    settings = {name: value for found in body.directives for name, value in found.settings.items()}
    severity = _severity(procedure, labels, settings)
    thresholds = tuple(_thresholds(procedure, body))
    return Runbook(
        id=RunbookId(""),
        title=procedure.title,
        kind=_kind(procedure, body, severity),
        span=Span(start, end),
        sections=procedure.sections,
        severity=severity,
        trigger=settings.get("trigger") or _trigger(procedure, body, labels, thresholds),
        thresholds=thresholds,
        sla=_sla(labels, settings, Span(start, end)) or slas.get(severity or ""),
        symptoms=tuple(plain(text) for text, _ in body.symptoms),
        steps=body.steps,
        variables=tuple(_variables(body.steps)),
        owner=settings.get("owner") or _value(labels, _OWNER_LABEL),
        review_by=settings.get("review") or _value(labels, _REVIEW_LABEL),
    )


def severity_slas(root: Section) -> dict[str, Sla]:
    """Return the response times by severity that a table anywhere in the document gives; empty cells give none."""
    found: dict[str, Sla] = {}
    for leaf in root.all_leaves():
        rows = rows_of(leaf)
        if len(rows) < 2:
            continue
        column = _response_column(rows[0])
        for row in rows[1:] if column is not None else ():
            severity = severity_in(row.cells[0], words=True)
            text = row.cells[column] if column is not None and column < len(row.cells) else ""
            seconds = seconds_in(text)
            if severity and seconds is not None:
                found.setdefault(severity, Sla(seconds=seconds, text=text, span=row.span))
    return found


def _response_column(header: Row) -> int | None:
    columns = [index for index, cell in enumerate(header.cells) if index and _SLA_COLUMN.match(cell)]
    quick = [index for index in columns if not _SLOW_COLUMN.match(header.cells[index])]
    return next(iter(quick or columns), None)


def _extent(procedure: Procedure) -> tuple[int, int]:
    spans = [leaf.span for leaf in procedure.leaves]
    if procedure.heading is not None:
        spans.insert(0, procedure.heading.span)
    return (spans[0].start, max(span.end for span in spans)) if spans else (0, 0)


def _table_labels(procedure: Procedure) -> Iterator[Label]:
    """Yield rows of two cells as labels: key and value sheets at the head of a runbook."""
    for leaf in procedure.leaves[:6]:
        for row in rows_of(leaf):
            if len(row.cells) == 2 and row.cells[1]:
                yield Label(title=row.cells[0].rstrip(":"), value=row.cells[1], span=row.span, is_bold=True)


def _value(labels: Iterable[Label], title: re.Pattern[str]) -> str | None:
    return next((plain(label.value) for label in labels if label.value and title.fullmatch(label.title)), None)


def _severity(procedure: Procedure, labels: tuple[Label, ...], settings: dict[str, str]) -> str | None:
    stated = settings.get("severity") or _value(labels, _SEVERITY_LABEL)
    if stated:
        return severity_in(stated, words=True)
    return severity_in(procedure.title) or next(
        (found for title in reversed(procedure.sections) if (found := severity_in(title))), None
    )


def _sla(labels: tuple[Label, ...], settings: dict[str, str], span: Span) -> Sla | None:
    if "sla" in settings:
        return sla_in(settings["sla"], span)
    for label in labels:
        if label.value and _SLA_LABEL.fullmatch(label.title):
            return sla_in(plain(label.value), label.span)
    return None


def _subject(title: str) -> str:
    return re.sub(r"\s*[(\[].*", "", _TITLE_PREFIX.sub("", title, count=1)).strip()


def _thresholds(procedure: Procedure, body: Body) -> Iterator[Threshold]:
    subject = _subject(procedure.title)
    heading = procedure.heading
    if heading is not None:
        at = heading.segments[0].document if heading.segments else heading.span.start
        inside = heading.text.find("(")
        if inside >= 0:
            yield from thresholds_in(heading.text[inside:], at + inside, subject=subject)
        else:
            yield from thresholds_in(_TITLE_PREFIX.sub("", heading.text, count=1), at, subject=subject)
    for text, span in body.symptoms:
        yield from thresholds_in(text, span.start, subject=subject)


def _trigger(
    procedure: Procedure, body: Body, labels: tuple[Label, ...], thresholds: tuple[Threshold, ...]
) -> str | None:
    stated = _value(labels, _TRIGGER_LABEL)
    if stated:
        return stated
    title = _TITLE_PREFIX.sub("", procedure.title, count=1)
    if _ALERT_NAME.fullmatch(title):
        return title
    in_title = procedure.heading is not None and any(item.span.end <= procedure.heading.span.end for item in thresholds)
    if in_title and thresholds:
        return title
    return plain(body.symptoms[0][0]) if body.symptoms else None


def _kind(procedure: Procedure, body: Body, severity: str | None) -> Kind:
    for title in (*reversed(procedure.sections), procedure.title):
        for kind, pattern in _KINDS:
            if pattern.search(title) and not is_procedure_title(title):
                return kind
        if re.match(r"troubleshoot", title, re.IGNORECASE):
            return Kind.TROUBLESHOOTING
    if (
        severity
        or _ALERT_NAME.fullmatch(procedure.title)
        or any(_SLA_LABEL.fullmatch(label.title) for label in body.labels)
    ):
        return Kind.INCIDENT
    return Kind.TROUBLESHOOTING if body.symptoms else Kind.TASK


def _variables(steps: tuple[Step, ...]) -> Iterator[Variable]:
    """Yield what a reader must supply; what an earlier action assigned is not open any more."""
    found: dict[str, list[tuple[Placeholder, Span]]] = {}
    assigned: set[str] = set()
    for action in (action for step in steps for action in step.actions):
        for name, placeholder, span in _uses(action):
            if name not in assigned:
                found.setdefault(name, []).append((placeholder, span))
        if action.kind is ActionKind.SHELL:
            assigned |= assigned_names(action.text)
    for name, uses in found.items():
        yield Variable(
            name=name,
            placeholders=tuple(placeholder for placeholder, _ in uses),
            spans=tuple(span for _, span in uses),
            is_secret=bool(_SECRET.search(name)),
        )


def _uses(action: Action) -> Iterator[tuple[str, Placeholder, Span]]:
    names = frozenset(variables_in(action))
    start = action.block.text.find(action.text) if action.block is not None else -1
    for item in find(action.text, language_of(action.kind)):
        if item.name in names:
            yield item.name, item, _place(action, start, item)
    for item in find(action.connection or ""):
        yield item.name, item, action.span


def _place(action: Action, start: int, item: Placeholder) -> Span:
    if action.block is None or start < 0:
        return action.span
    return Span(action.block.locate(start + item.start), action.block.locate(start + item.end - 1) + 1)
