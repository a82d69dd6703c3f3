"""Escalation matrices: levels with conditions, delays and targets, in drawings, lists, tables, chains or sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from architect.runbooks.encoding import repaired
from architect.runbooks.facts import seconds_in, severity_in
from architect.runbooks.labels import opening_label
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Block, EscalationLevel, NodeKind, Span
from architect.runbooks.sections import Section
from architect.runbooks.tables import Row, rows_of
from architect.runbooks.wording import plain, title_of, without_symbols

_SECTION = re.compile(r".*\bescalat\w+\b.*", re.IGNORECASE)
_LEVEL = re.compile(
    r"[\s>*#\d.|+-]*?(?:escalation\s+)?(?:level|tier|stage|"
    r"L)\s*[-#]?\s*(?P<number>\d{1,2})\b\s*(?:\((?P<condition>[^)\n]*)\))?(?P<rest>[^\n]*)",
    re.IGNORECASE,
)
_TIMED = re.compile(
    r"[\s>*|+└├─-]*(?:(?:at|after|within|t\s*\+)\s*)?(?P<when>immediate(?:ly)?|\d+\s*(?:-|–|to)\s*\d+\s*\w+|"
    r"\d+\s*\+?\s*(?:m|mins?|minutes?|h|hrs?|hours?|d|days?|s|secs?|seconds?)\b"
    r"(?:\s*\+)?|0)\s*(?::|\||→|->|=>|[-–—](?=\s)|\s{2,})\s*(?P<rest>\S[^\n]*)",
    re.IGNORECASE,
)
_ARROW_ONLY = re.compile(r"[\s|v\u2190-\u21ff\u2500-\u257f\u25b2-\u25bc+>-]*\Z", re.IGNORECASE)
_CHAIN = re.compile(r"\s*(?:→|⇒|➜|->|=>|>)\s*")
_TARGETS = re.compile(
    r"(?<![\w-])(?:page|notify|call|alert|contact|escalates? to|inform|wake|involve|engage|->|"
    r"\u2192)s?\b\s*:?\s*(?P<who>[^.,;(\n]+(?:\s*[+,&/]\s*[^.;(\n]+)*)",
    re.IGNORECASE,
)
_RESPONDER = re.compile(
    r"(?P<who>[A-Z][\w/ -]*?(?:on-?call|engineer|lead|manager|responder|team)[\w/ -]*?)\s+(?:responds?|"
    r"acknowledges?|acts?|handles?)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"(?<!\w)(?:on-?call|engineers?|leads?|managers?|directors?|vp|cto|ceo|ciso|head|team|support|sre|dba|vendor|"
    r"executives?|founders?|owner|"
    r"responders?|commander|architect|admin|operations|l[1-4])(?!\w)",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*(?:\+|,|&|\band\b|;|\bplus\b)\s*", re.IGNORECASE)
_AFTER_WHO = re.compile(
    r"\s+(?:within|after|if|when|in|by|immediately|for|at|as soon|once|unless|via|through|on (?:slack|phone|"
    r"teams))\b.*|\s*[(:].*|\s+[-–—]\s.*",
    re.IGNORECASE,
)
_SEVERITIES = re.compile(r"(?<!\w)(?:P|SEV-?)\d(?:\s*(?:/|,|or|and|-)\s*(?:P|SEV-?)?\d)*", re.IGNORECASE)
_ONE_SEVERITY = re.compile(r"(?P<name>P|SEV)?-?(?P<digit>\d)", re.IGNORECASE)
_UNACKNOWLEDGED = re.compile(
    r"no (?:response|ack\w*|answer|reply)|not ack\w*|un-?ack\w*|not responding|doesn'?t respond|unanswered|"
    r"without (?:ack\w*|response)",
    re.IGNORECASE,
)
_UNRESOLVED = re.compile(
    r"un-?resolved|not (?:yet )?(?:resolved|fixed|mitigated|triaged)|still (?:open|ongoing|down|failing|no|un\w+)|"
    r"no progress|isn't (?:resolved|fixed)",
    re.IGNORECASE,
)
_CONDITIONAL = re.compile(r"\b(?:if|after|when|unless|within|once)\b[^.;]*|\([^)]{0,200}\)", re.IGNORECASE)
_LEVEL_COLUMN = re.compile(r"(?:escalation )?(?:level|tier|stage|step|#|order)", re.IGNORECASE)
_TIME_COLUMN = re.compile(
    r".*\b(?:time|after|elapsed|within|when|delay|trigger|condition|criteria|timeframe|wait)\b.*", re.IGNORECASE
)
_WHO_COLUMN = re.compile(
    r".*\b(?:who|contacts?|roles?|person|people|team|escalate to|notify|targets?|responders?|owner|name|"
    r"escalation)\b.*",
    re.IGNORECASE,
)
_ACTION_COLUMN = re.compile(r".*\b(?:actions?|what|do|method|how)\b.*", re.IGNORECASE)


@dataclass(slots=True)
class _Level:
    number: int
    condition: str
    lines: list[str]
    span: Span
    who: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line of a matrix; `number` is that of a numbered item, `is_item` marks the first line of any item."""

    text: str
    span: Span
    number: int | None = None
    is_item: bool = False


def escalation_in(sections: Sequence[Section], blocks: Mapping[int, Block]) -> tuple[EscalationLevel, ...]:
    """Return the levels of the first matrix that a document states, in a part or below a label of that name."""
    for section in sections:
        if _SECTION.match(section.title) and not any(
            _SECTION.match(each.title) for each in list(section.all_sections())[1:]
        ):
            found = _of_leaves(list(section.all_leaves()), blocks)
            if found:
                return found
    for section in sections:
        found = _below_label(section, blocks)
        if found:
            return found
    return ()


def _below_label(section: Section, blocks: Mapping[int, Block]) -> tuple[EscalationLevel, ...]:
    for index, leaf in enumerate(section.leaves):
        opening = opening_label(leaf) if "scalat" in leaf.text else None
        if opening is None or not _SECTION.match(opening.title):
            continue
        end = next(
            (at for at in range(index + 1, len(section.leaves)) if opening_label(section.leaves[at])),
            len(section.leaves),
        )
        found = _of_leaves(section.leaves[index + 1 : end], blocks)
        if found:
            return found
    return ()


def _of_leaves(leaves: Sequence[Leaf], blocks: Mapping[int, Block]) -> tuple[EscalationLevel, ...]:
    for leaf in leaves:
        rows = rows_of(leaf)
        levels = _by_rows(rows) if rows else []
        if len(levels) > 1:
            return tuple(_finished(levels))
    lines = list(_lines(leaves, blocks))
    for reader in _READERS:
        levels = reader(lines)
        if len(levels) > 1:
            return tuple(_finished(levels))
    return ()


def _lines(leaves: Sequence[Leaf], blocks: Mapping[int, Block]) -> Iterator[_Line]:
    """Yield the lines of a part, mojibake undone; the lines of one list item count as one."""
    item: int | None = None
    for leaf in leaves:
        block = blocks.get(leaf.span.start)
        if block is None and leaf.items and leaf.kind is NodeKind.PARAGRAPH:
            inner = leaf.items[-1]
            is_first, item = inner.item_id != item, inner.item_id
            number = inner.number if len(leaf.items) == 1 else None
            yield _Line(
                text=without_symbols(leaf.words), span=leaf.span, number=number if is_first else None, is_item=is_first
            )
        elif leaf.kind is not NodeKind.TABLE:
            place = block.locate if block else leaf.locate
            at = 0
            for line in (block or leaf).text.splitlines(keepends=True):
                words = repaired(line.rstrip("\r\n"))
                start = place(at)
                yield _Line(text=words if block else plain(words), span=Span(start, start + len(line.rstrip("\r\n"))))
                at += len(line)


def _by_rows(rows: tuple[Row, ...]) -> list[_Level]:
    """Return the levels of a table whose columns say when and who."""
    header = [without_symbols(cell) for cell in rows[0].cells]
    level = _column(header, _LEVEL_COLUMN, ())
    when = _column(header, _TIME_COLUMN, (level,))
    who = _column(header, _WHO_COLUMN, (level, when))
    action = _column(header, _ACTION_COLUMN, (level, when, who))
    if (level is None and when is None) or (who is None and action is None):
        return []
    found: list[_Level] = []
    for row in rows[1:]:
        cells = dict(enumerate(row.cells))
        if severity_in(row.cells[0]):
            return []
        said = [cells.get(index, "") for index in (who, action) if index is not None]
        targets = tuple(_split(cells.get(who, ""))) if who is not None else None
        condition = cells.get(when, "") if when is not None else ""
        found.append(_Level(len(found) + 1, condition, [each for each in said if each], row.span, targets))
    return found


def _column(header: Sequence[str], wanted: re.Pattern[str], taken: tuple[int | None, ...]) -> int | None:
    return next((index for index, cell in enumerate(header) if index not in taken and wanted.fullmatch(cell)), None)


def _by_number(lines: Sequence[_Line]) -> list[_Level]:
    """Return levels that are called so: `Level 2 (no response)`, `Tier 1`, `L3: …`, and what stands below each."""
    found: list[_Level] = []
    for line in lines:
        match = _LEVEL.match(line.text)
        if match and int(match["number"]) == (found[-1].number + 1 if found else int(match["number"])):
            rest = match["rest"].strip(" :-–—*|")
            found.append(
                _Level(int(match["number"]), (match["condition"] or "").strip(), [rest] if rest else [], line.span)
            )
        elif found and line.text.strip() and not _ARROW_ONLY.match(line.text):
            found[-1].lines.append(line.text.strip(" \t>*-|"))
            found[-1].span = Span(found[-1].span.start, line.span.end)
    return found


def _by_time(lines: Sequence[_Line]) -> list[_Level]:
    """Return levels that are told apart by when they are reached: `15 min: page the lead`, `T+30m: …`."""
    found: list[_Level] = []
    for line in lines:
        match = _TIMED.match(line.text)
        if match is None:
            continue
        found.append(_Level(len(found) + 1, f"{match['when'].strip()}", [match["rest"].strip()], line.span))
    times = [_start_of(level.condition) for level in found]
    return found if times == sorted(times) else []


def _by_order(lines: Sequence[_Line]) -> list[_Level]:
    """Return the items of a numbered list of people as levels."""
    items = [line for line in lines if line.number is not None]
    if len(items) < 2 or sum(bool(_PERSON.search(line.text)) for line in items) * 3 < len(items) * 2:
        return []
    return [
        _Level(index, _condition_of(line.text), [line.text], line.span) for index, line in enumerate(items, start=1)
    ]


def _by_sentence(lines: Sequence[_Line]) -> list[_Level]:
    """Return the sentences that say when whom to call as levels."""
    found: list[_Level] = []
    for line in lines:
        if (
            _TARGETS.search(line.text)
            and _PERSON.search(line.text)
            and (line.is_item or seconds_in(line.text) is not None)
        ):
            found.append(_Level(len(found) + 1, _condition_of(line.text), [line.text], line.span))
    return found if any(level.condition for level in found) else []


def _by_chain(lines: Sequence[_Line]) -> list[_Level]:
    """Return the links of `on-call → lead → manager` as levels."""
    for line in lines:
        names = [part.strip(" *`") for part in _CHAIN.split(line.text.partition(": ")[2] or line.text)]
        if len(names) > 1 and all(names) and max(map(len, names)) <= 40 and any(_PERSON.search(name) for name in names):
            return [
                _Level(index, "", [name], line.span, tuple(_split(name))) for index, name in enumerate(names, start=1)
            ]
    return []


_READERS: tuple[Callable[[Sequence[_Line]], list[_Level]], ...] = (
    _by_number,
    _by_time,
    _by_order,
    _by_sentence,
    _by_chain,
)


def _condition_of(text: str) -> str:
    match = _CONDITIONAL.search(text)
    return match.group().strip("() ") if match else ""


def _start_of(when: str) -> int:
    """Return the seconds at which a time or a span of time begins."""
    first, dash, second = (
        re.split(r"\s*(-|–|to)\s*", when, maxsplit=1) if re.search(r"\d\s*(?:-|–|to)\s*\d", when) else (when, "", "")
    )
    if dash and seconds_in(first) is None:
        unit = re.sub(r"[\d\s+]", "", second)
        return seconds_in(f"{first} {unit}") or 0
    return seconds_in(first) or 0


def _finished(found: Sequence[_Level]) -> Iterator[EscalationLevel]:
    response_s: int | None = None
    for level in found:
        text = " ".join([level.condition, *level.lines])
        condition = level.condition or next((line for line in level.lines if _is_condition(line)), "")
        own = _delay(condition) if condition else seconds_in(text)
        unacknowledged = bool(_UNACKNOWLEDGED.search(condition) or _UNACKNOWLEDGED.search(text))
        if own is None and unacknowledged:
            own = response_s
        response = seconds_in(" ".join(level.lines))
        response_s = response if response is not None else response_s
        is_first = level.number == found[0].number
        yield EscalationLevel(
            number=level.number,
            condition=condition,
            targets=level.who if level.who is not None else tuple(_targets(level.lines)),
            actions=tuple(level.lines),
            delay_s=0 if is_first and seconds_in(level.condition) is None else own,
            on_unacknowledged=unacknowledged,
            on_unresolved=bool(_UNRESOLVED.search(text)),
            severities=tuple(_severities(text)),
            span=level.span,
        )


def _delay(condition: str) -> int | None:
    seconds = seconds_in(condition)
    return seconds if seconds is None else _start_of(condition)


def _is_condition(line: str) -> bool:
    return bool(
        _UNACKNOWLEDGED.search(line)
        or _UNRESOLVED.search(line)
        or re.match(r"(?:if|after|when)\b", line, re.IGNORECASE)
    )


def _targets(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        match = _TARGETS.search(line) or _RESPONDER.match(line)
        if match is not None:
            yield from _split(match["who"])
        elif _PERSON.search(line):
            yield from _split(line.partition(":")[0] if _PERSON.search(line.partition(":")[0]) else line)


def _split(who: str) -> Iterator[str]:
    for part in _SPLIT.split(_AFTER_WHO.sub("", title_of(who))):
        name = re.sub(r"^(?:the|an?|to)\s+", "", part.strip(), flags=re.IGNORECASE).strip(" .*`")
        if name:
            yield name


def _severities(text: str) -> Iterator[str]:
    seen: set[str] = set()
    for match in _SEVERITIES.finditer(text):
        name = "P"
        for one in _ONE_SEVERITY.finditer(match.group()):
            name = (one["name"] or name).upper()
            severity = f"{name}{one['digit']}"
            if severity not in seen:
                seen.add(severity)
                yield severity
