"""One procedure as a runbook: its steps, and the facts that its title, labels and tables state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from architect.grammars.placeholders import Placeholder, PlaceholderStyle, assigned_names
from architect.kernel.ids import RunbookId
from architect.runbooks.actions import connection_placeholders
from architect.runbooks.facts import severity_in, sla_in, thresholds_in
from architect.runbooks.finishing import Uses
from architect.runbooks.labels import Label, opening_label
from architect.runbooks.lists import List
from architect.runbooks.model import Action, ActionKind, Block, Kind, NodeKind, Runbook, Sla, Span, Threshold, Variable
from architect.runbooks.outline import Procedure, is_alert_name
from architect.runbooks.severities import SLA_TITLE
from architect.runbooks.steps import Body, Reader
from architect.runbooks.tables import rows_of
from architect.runbooks.titles import is_fault, is_part_title
from architect.runbooks.wording import plain, title_of, without_symbols

_TRIGGER_LABEL = re.compile(
    r"triggers?(?: conditions?)?|triggered by|(?:fires )?when|conditions?|when to use.*|use (?:this|when).*|"
    r"alert conditions?",
    re.IGNORECASE,
)
_ALERT_LABEL = re.compile(r"(?:related |associated |prometheus )?alerts?(?: names?)?", re.IGNORECASE)
_BOUND_LABEL = re.compile(
    r"(?:alert )?(?:thresholds?|triggers?(?: conditions?)?|conditions?|(?:fires )?when)", re.IGNORECASE
)
_OWNER_LABEL = re.compile(
    r"(?:service |runbook |document )?owners?|owned by|(?:owning )?team|maintainers?|responsible(?: team)?",
    re.IGNORECASE,
)
_REVIEW_LABEL = re.compile(r"(?:next )?review(?: by| date| due|[_-]by)?|expires|review due", re.IGNORECASE)
_SEVERITY_LABEL = re.compile(r"(?:default |alert |incident )?(?:severity|priority)(?: level)?|level|sev", re.IGNORECASE)
_TITLE_PREFIX = re.compile(
    r"\s*(?:(?:runbook|playbook|alert|incident|sop)\s*[:–—-]\s*)?(?:\[?\(?(?:P|SEV[- ]?|S)[0-5]\)?\]?(?![\w.])|"
    r"priority \d)?\s*[-–—:|]*\s*",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"(?:TOKEN|SECRET|PASSW(?:OR)?D|PASSPHRASE|CREDENTIALS?|(?:^|_)(?:API|ACCESS|PRIVATE|ROUTING|SECRET|"
    r"SIGNING)_?KEY)",
    re.IGNORECASE,
)
_ALERT_FIRES = re.compile(r"\balert(?:s|ing)?\b", re.IGNORECASE)
_ALERT_SHEET = re.compile(r"meaning|impact|alert (?:description|details|meaning)", re.IGNORECASE)

_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.EMERGENCY, re.compile(r"\b(?:emergenc\w+|disasters?|catastroph\w+|break[- ]?glass)\b", re.IGNORECASE)),
    (
        Kind.TROUBLESHOOTING,
        re.compile(
            r"\b(?:troubleshoot\w*|debugging|diagnos\w+|(?:known|common|frequent) (?:issues|problems|errors|"
            r"failures))\b",
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
    (
        Kind.INCIDENT,
        re.compile(r"\b(?:incidents?|outages?|alerts?|on-?call|response|severity|escalation)\b", re.IGNORECASE),
    ),
)
_GUIDE = re.compile(r"\b(?:runbooks?|playbooks?|response|procedures|guide|handbook|manual|plan)\b", re.IGNORECASE)
_FAULT_PART = re.compile(
    r"diagnos\w+|investigation|triage|mitigation|resolution|fix(?:es)?\b|workarounds?|remediation|root cause|problem",
    re.IGNORECASE,
)
_FAULT_KINDS = tuple((kind, pattern) for kind, pattern in _KINDS if kind is not Kind.TASK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a document says about all its runbooks; `facts` are labels that hold where it has only one."""

    title: str = ""
    slas: Mapping[str, Sla] = field(default_factory=dict)
    owner: str | None = None
    review_by: str | None = None
    facts: tuple[Label, ...] = ()


def runbook_of(
    procedure: Procedure, blocks: Mapping[int, Block], lists: Mapping[int, List], setting: Setting
) -> Runbook:
    """Return the runbook that a procedure is, still without an id."""
    start, end = _extent(procedure)
    body = Reader(procedure.title, blocks, lists).read(procedure.leaves)
    labels = (*body.labels, *_table_labels(procedure), *setting.facts)
    settings = {name: value for found in body.directives for name, value in found.settings.items()}
    severity = _severity(procedure, labels, settings)
    thresholds = tuple(_thresholds(procedure, body, labels))
    return Runbook(
        id=RunbookId(""),
        title=procedure.title,
        kind=_kind(procedure, body, labels, setting),
        span=Span(start, end),
        sections=procedure.sections,
        severity=severity,
        trigger=settings.get("trigger") or _trigger(procedure, body, labels, thresholds),
        thresholds=thresholds,
        sla=_sla(labels, settings, Span(start, end)) or setting.slas.get(severity or ""),
        symptoms=tuple(plain(text) for text, _ in body.symptoms),
        steps=body.steps,
        variables=tuple(_variables(body)),
        owner=settings.get("owner") or _value(labels, _OWNER_LABEL) or setting.owner,
        review_by=settings.get("review") or _value(labels, _REVIEW_LABEL) or setting.review_by,
    )


def owner_in(labels: Iterable[Label]) -> str | None:
    """Return who owns a document, by its own labels."""
    return _value(labels, _OWNER_LABEL)


def review_in(labels: Iterable[Label]) -> str | None:
    """Return when a document is to be reviewed, by its own labels."""
    return _value(labels, _REVIEW_LABEL)


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
                yield Label(
                    title=without_symbols(row.cells[0]).rstrip(":"), value=row.cells[1], span=row.span, is_bold=True
                )


def _value(labels: Iterable[Label], title: re.Pattern[str]) -> str | None:
    return next((plain(label.value) for label in labels if label.value and title.fullmatch(label.title)), None)


def _severity(procedure: Procedure, labels: tuple[Label, ...], settings: Mapping[str, str]) -> str | None:
    stated = settings.get("severity") or _value(labels, _SEVERITY_LABEL)
    if stated and (found := severity_in(stated, words=True)):
        return found
    return severity_in(procedure.title) or next(
        (found for title in reversed(procedure.sections) if (found := severity_in(title))), None
    )


def _sla(labels: tuple[Label, ...], settings: Mapping[str, str], span: Span) -> Sla | None:
    if "sla" in settings:
        return sla_in(settings["sla"], span)
    for label in labels:
        if label.value and SLA_TITLE.fullmatch(label.title) and (found := sla_in(plain(label.value), label.span)):
            return found
    return None


def _without_prefix(title: str) -> str:
    match = _TITLE_PREFIX.match(title)
    return title[match.end() :].strip() if match else title


def _subject(title: str) -> str:
    return re.sub(r"\s*[(\[].*", "", _without_prefix(title)).strip()


def _thresholds(procedure: Procedure, body: Body, labels: tuple[Label, ...]) -> Iterator[Threshold]:
    subject = _subject(procedure.title)
    heading = procedure.heading
    if heading is not None:
        at = heading.segments[0].document if heading.segments else heading.span.start
        inside = heading.text.find("(")
        skipped = inside if inside >= 0 else len(heading.text) - len(_without_prefix(heading.text))
        yield from thresholds_in(heading.text[skipped:], at + skipped, subject=subject)
    seen: set[Span] = set()
    for label in labels:
        if label.value and _BOUND_LABEL.fullmatch(label.title):
            for found in thresholds_in(label.value, label.value_span.start, subject=subject):
                if found.span not in seen:
                    seen.add(found.span)
                    yield found
    for text, span in (*body.symptoms, *body.firing):
        for found in thresholds_in(text, span.start, subject=subject):
            if found.span not in seen:
                seen.add(found.span)
                yield found


def _trigger(
    procedure: Procedure, body: Body, labels: tuple[Label, ...], thresholds: tuple[Threshold, ...]
) -> str | None:
    stated = _value(labels, _TRIGGER_LABEL) or _value(labels, _ALERT_LABEL)
    if stated:
        return stated
    title = _without_prefix(procedure.title)
    name = title.partition(" (")[0]
    if is_alert_name(name):
        return name.strip("`")
    in_title = procedure.heading is not None and any(item.span.end <= procedure.heading.span.end for item in thresholds)
    if in_title and thresholds:
        return title
    if body.symptoms:
        return plain(body.symptoms[0][0])
    return next((plain(text) for text, _ in body.firing if _ALERT_FIRES.search(text)), None)


def _kind(procedure: Procedure, body: Body, labels: tuple[Label, ...], setting: Setting) -> Kind:
    sections = [title for title in reversed(procedure.sections) if title != setting.title]
    found = next((kind for title in sections if (kind := _kind_named(title, _KINDS)) is not None), None)
    found = found or _kind_named(procedure.title, _FAULT_KINDS)
    if found is not None:
        return found
    if _is_alert(procedure, body, labels):
        return Kind.INCIDENT
    if procedure.sections and _GUIDE.search(setting.title) and (found := _kind_named(setting.title, _FAULT_KINDS)):
        return found
    return Kind.TROUBLESHOOTING if body.symptoms or _mends(procedure) else Kind.TASK


def _mends(procedure: Procedure) -> bool:
    """Say whether a runbook is about a fault: by its title, or because its parts diagnose or mend one."""
    if is_fault(procedure.title):
        return True
    return any(
        _FAULT_PART.match(title_of(leaf.words))
        for leaf in procedure.leaves
        if leaf.kind is NodeKind.HEADING or opening_label(leaf)
    )


def _kind_named(title: str, kinds: tuple[tuple[Kind, re.Pattern[str]], ...]) -> Kind | None:
    words = title_of(title)
    if re.match(r"troubleshoot", words, re.IGNORECASE):
        return Kind.TROUBLESHOOTING
    is_own_part = is_part_title(title) and not re.search(r"emergency|incident|procedures", words, re.IGNORECASE)
    return None if is_own_part else next((kind for kind, pattern in kinds if pattern.search(words)), None)


def _is_alert(procedure: Procedure, body: Body, labels: tuple[Label, ...]) -> bool:
    """Say whether a runbook answers an alert: by its severity, its name, its SLA, or the sheet it is written on."""
    if severity_in(procedure.title) or is_alert_name(_without_prefix(procedure.title)):
        return True
    if any(
        label.value
        and (
            SLA_TITLE.fullmatch(label.title)
            or _SEVERITY_LABEL.fullmatch(label.title)
            or _ALERT_LABEL.fullmatch(label.title)
        )
        for label in labels
    ):
        return True
    if any(_TRIGGER_LABEL.fullmatch(each.title) and list(thresholds_in(each.value, 0, subject="")) for each in labels):
        return True
    headings = [leaf.words for leaf in procedure.leaves if leaf.kind is NodeKind.HEADING]
    return any(_ALERT_SHEET.fullmatch(title_of(each)) for each in headings) or any(
        _ALERT_FIRES.search(text) for text, _ in body.firing
    )


def _variables(body: Body) -> Iterator[Variable]:
    """Yield what a reader must supply; what an earlier action assigned is not open any more."""
    found: dict[str, list[tuple[Placeholder, Span]]] = {}
    assigned: set[str] = set()
    for action in (action for step in body.steps for action in step.actions):
        for name, placeholder, span in _uses(action, body.uses):
            if name not in assigned:
                found.setdefault(name, []).append((placeholder, span))
        if action.kind is ActionKind.SHELL:
            assigned |= assigned_names(action.text)
    spellings = _spellings(found)
    for name, uses in found.items():
        defaults = {placeholder.default for placeholder, _ in uses}
        is_secret = bool(_SECRET.search(name))
        yield Variable(
            name=name,
            placeholders=tuple(placeholder for placeholder, _ in uses),
            spans=tuple(span for _, span in uses),
            default=defaults.pop() if len(defaults) == 1 and not is_secret else None,
            is_secret=is_secret,
            same_as=spellings.get(name),
        )


def _spellings(found: Mapping[str, list[tuple[Placeholder, Span]]]) -> dict[str, str]:
    """Return the variables that are other spellings of an earlier one: in another case, or with `name` behind it."""
    first: dict[str, str] = {}
    same: dict[str, str] = {}
    for name, uses in found.items():
        if any(placeholder.style is PlaceholderStyle.DOLLAR for placeholder, _ in uses):
            continue
        key = re.sub(r"_?name\Z", "", name.lower()) or name.lower()
        if key in first:
            same[name] = first[key]
        else:
            first[key] = name
    return same


def _uses(action: Action, uses: Uses) -> Iterator[tuple[str, Placeholder, Span]]:
    for item in uses.get(action.id, ()):
        yield item.name, item, _place(action, item)
    for item in connection_placeholders(action):
        yield item.name, item, _place_before(action, item)


def _place_before(action: Action, item: Placeholder) -> Span:
    """Return where the call of psql that an action goes through names what it connects to."""
    at = action.block.text.rfind(item.written, 0, action.offset) if action.block else -1
    if action.block is None or at < 0:
        return action.session.span if action.session else action.span
    return Span(action.block.locate(at), action.block.locate(at + len(item.written) - 1) + 1)


def _place(action: Action, item: Placeholder) -> Span:
    if action.block is None or action.kind is ActionKind.MANUAL:
        return action.span
    start = action.offset + item.start
    return Span(action.block.locate(start), action.block.locate(action.offset + item.end - 1) + 1)
