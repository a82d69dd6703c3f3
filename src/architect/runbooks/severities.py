"""How soon somebody must respond, by severity: as a table, a list or headings of a document say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from architect.runbooks.facts import seconds_in, severity_in, severity_words
from architect.runbooks.labels import labels_of
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import NodeKind, Sla, Span
from architect.runbooks.sections import Section
from architect.runbooks.tables import Row, rows_of
from architect.runbooks.wording import plain, without_symbols

SLA_TITLE = re.compile(
    r"(?:response |ack\w* )?sl[ao]|(?:target |initial |first )?response(?: time| target| sl[ao]| within)?|"
    r"target response|"
    r"time to (?:respond|acknowledge)|respond within|ack\w*(?: within| time| sl[ao])?",
    re.IGNORECASE,
)
_RESPONSE = re.compile(r"\brespon\w+|\bsla\b", re.IGNORECASE)
_ACKNOWLEDGED = re.compile(r"\back\w*", re.IGNORECASE)
_SLOWER = re.compile(r"\b(?:resolution|resolve|fix|update|restor\w+|mitigat\w*|triage)\b", re.IGNORECASE)
_RESPONDS = re.compile(r"\b(?:respon\w+|ack\w*|sla)\b[^.;]*", re.IGNORECASE)
_TOPIC = re.compile(r"\b(?:sla|slas|response times?|respond|priorit\w+|severit\w+)\b", re.IGNORECASE)


def severity_slas(sections: Iterable[Section]) -> dict[str, Sla]:
    """Return the response times by severity that a document gives; the first that is given for a severity counts."""
    found: dict[str, Sla] = {}
    for section in sections:
        for names, sla in _stated_in(section):
            for name in names:
                found.setdefault(name, sla)
    return found


def _stated_in(section: Section) -> Iterator[tuple[tuple[str, ...], Sla]]:
    named = severity_words(section.title) if severity_in(section.title) else ()
    is_topic = bool(_TOPIC.search(section.title))
    for leaf in section.leaves:
        if leaf.kind is NodeKind.PARAGRAPH:
            if named:
                yield from _by_label(leaf, named)
            elif leaf.items and ":" in leaf.text:
                yield from _by_item(leaf, is_topic=is_topic)
        elif len(rows := rows_of(leaf)) > 1:
            yield from _by_row(rows)


def _by_row(rows: tuple[Row, ...]) -> Iterator[tuple[tuple[str, ...], Sla]]:
    column = _response_column(rows[0])
    if column is None:
        return
    for row in rows[1:]:
        names = severity_words(row.cells[0]) or (
            severity_words(row.cells[1]) if len(row.cells) > 1 and column != 1 else ()
        )
        text = row.cells[column] if column < len(row.cells) else ""
        seconds = seconds_in(text)
        if names and seconds is not None:
            yield names, Sla(seconds=seconds, text=text, span=row.span)


def _response_column(header: Row) -> int | None:
    """Return the column that says when somebody responds, else acknowledges; not when it is repaired."""
    for wanted in (_RESPONSE, _ACKNOWLEDGED):
        columns = [index for index, cell in enumerate(header.cells) if index and wanted.search(cell)]
        quick = [index for index in columns if not _SLOWER.search(header.cells[index])]
        if quick or columns:
            return (quick or columns)[0]
    return None


def _by_item(leaf: Leaf, *, is_topic: bool) -> Iterator[tuple[tuple[str, ...], Sla]]:
    """Yield what `P1: respond in 5 min` says; under a heading about response times `Critical: 15 minutes` too."""
    head, colon, rest = without_symbols(leaf.words).partition(":")
    names = severity_words(head) if colon and len(head) < 60 and (severity_in(head) or is_topic) else ()
    if not names:
        return
    said = _RESPONDS.search(rest)
    text = said.group() if said else rest if is_topic and not _SLOWER.search(rest) else ""
    seconds = seconds_in(text)
    if seconds is not None:
        yield names, Sla(seconds=seconds, text=text.strip(), span=leaf.span)


def _by_label(leaf: Leaf, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Sla]]:
    """Yield the response time that a labelled line below the heading of a severity states."""
    for title, value, span in _labelled(leaf):
        seconds = seconds_in(value) if SLA_TITLE.fullmatch(title) else None
        if seconds is not None:
            yield names, Sla(seconds=seconds, text=plain(value), span=span)


def _labelled(leaf: Leaf) -> Iterator[tuple[str, str, Span]]:
    for label in labels_of(leaf):
        if label.value:
            yield label.title, label.value, label.span
