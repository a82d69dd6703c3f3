"""Escalation matrices: levels with conditions, delays and targets, in drawings, lists, tables or headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from architect.runbooks.facts import seconds_in
from architect.runbooks.model import EscalationLevel, Span

_LEVEL = re.compile(
    r"[\s>*#\d.|+-]*?(?:\*\*)?(?:escalation\s+)?(?:level|tier|stage|L)\s*[-#]?\s*(?P<number>\d{1,2})\b(?:\*\*)?\s*"
    r"(?:\((?P<condition>[^)\n]*)\))?(?P<rest>[^\n]*)",
    re.IGNORECASE,
)
_ARROW = re.compile(r"[\s|v\u2190-\u21ff\u2500-\u257f\u25b2-\u25bc+>-]*\Z", re.IGNORECASE)
_TARGETS = re.compile(
    r"(?<![\w-])(?:page|notify|call|alert|contact|escalate to|inform|wake|involve|->|\u2192)s?\b\s*:?\s*(?P<who>[^.,;(\n]+(?:\s*[+,&/]\s*[^.;(\n]+)*)",
    re.IGNORECASE,
)
_RESPONDER = re.compile(
    r"(?P<who>[A-Z][\w/ -]*?(?:on-?call|engineer|lead|manager|responder|team)[\w/ -]*?)\s+(?:responds?|acknowledges?|acts?|handles?)\b",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*(?:\+|,|&|\band\b|;)\s*", re.IGNORECASE)
_SEVERITIES = re.compile(r"(?<!\w)(?:P|SEV-?)\d(?:\s*(?:/|,|or|and|-)\s*(?:P|SEV-?)?\d)*", re.IGNORECASE)
_ONE_SEVERITY = re.compile(r"(?P<name>P|SEV)?-?(?P<digit>\d)", re.IGNORECASE)
_UNACKNOWLEDGED = re.compile(
    r"no (?:response|ack\w*|answer)|not ack\w*|un-?ack\w*|not responding|doesn'?t respond|unanswered", re.IGNORECASE
)
_UNRESOLVED = re.compile(
    r"un-?resolved|not (?:yet )?(?:resolved|fixed)|still (?:open|ongoing|down|failing)|no progress", re.IGNORECASE
)


@dataclass(slots=True)
class _Level:
    number: int
    condition: str
    lines: list[str] = field(default_factory=list)
    start: int = 0
    end: int = 0


def levels_in(lines: Iterator[tuple[str, Span]]) -> tuple[EscalationLevel, ...]:
    """Return the levels that lines of a matrix state, in order; fewer than two levels are no matrix."""
    found: list[_Level] = []
    for line, span in lines:
        match = _LEVEL.match(line)
        if match:
            condition = (match["condition"] or "").strip()
            rest = match["rest"].strip(" :-–—*|")
            level = _Level(int(match["number"]), condition, [rest] if rest else [], span.start, span.end)
            found.append(level)
        elif found and line.strip() and not _ARROW.match(line):
            found[-1].lines.append(line.strip(" \t>*-|"))
            found[-1].end = span.end
    if len(found) < 2:
        return ()
    return tuple(_finished(found))


def _finished(found: list[_Level]) -> Iterator[EscalationLevel]:
    response_s: int | None = None
    for level in found:
        text = " ".join([level.condition, *level.lines])
        condition = level.condition or next((line for line in level.lines if _is_condition(line)), "")
        own = seconds_in(condition) if condition else seconds_in(text)
        unacknowledged = bool(_UNACKNOWLEDGED.search(condition))
        if own is None and unacknowledged:
            own = response_s
        response = seconds_in(" ".join(level.lines))
        response_s = response if response is not None else response_s
        is_first = level.number == found[0].number
        yield EscalationLevel(
            number=level.number,
            condition=condition,
            targets=tuple(_targets(level.lines)),
            actions=tuple(level.lines),
            delay_s=0 if is_first and not condition_has_delay(condition) else own,
            on_unacknowledged=unacknowledged,
            on_unresolved=bool(_UNRESOLVED.search(condition)),
            severities=tuple(_severities(condition)),
            span=Span(level.start, level.end),
        )


def condition_has_delay(condition: str) -> bool:
    """Say whether a condition names a time."""
    return seconds_in(condition) is not None


def _is_condition(line: str) -> bool:
    return bool(
        _UNACKNOWLEDGED.search(line)
        or _UNRESOLVED.search(line)
        or re.match(r"(?:if|after|when)\b", line, re.IGNORECASE)
    )


def _targets(lines: list[str]) -> Iterator[str]:
    for line in lines:
        match = _TARGETS.search(line) or _RESPONDER.match(line)
        if match is None:
            continue
        who = re.sub(r"\s+(?:within|after|if|when|in|by|immediately)\b.*", "", match["who"], flags=re.IGNORECASE)
        yield from (part.strip() for part in _SPLIT.split(who) if part.strip())


def _severities(condition: str) -> Iterator[str]:
    for match in _SEVERITIES.finditer(condition):
        name = "P"
        for one in _ONE_SEVERITY.finditer(match.group()):
            name = (one["name"] or name).upper()
            yield f"{name}{one['digit']}"
