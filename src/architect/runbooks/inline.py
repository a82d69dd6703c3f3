"""Code spans in prose, found in one linear pass, and which of them are commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from architect.runbooks.blocks import is_sql
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Block, BlockKind, Segment, Span
from architect.runbooks.programs import PROGRAMS, program_of

_TICKS = re.compile(r"`+")
_NOT_A_CALL = re.compile(
    r"\A(?:\w+ (?:is|are|was|and|or|the|for|not)\b|(?:set|test|time|host|service|find|make|read|top|cast|node) [A-Za-z]+\Z)"
)


@dataclass(frozen=True, slots=True)
class CodeSpan:
    """The text of a code span and where it begins in the leaf's text."""

    text: str
    start: int


def code_spans(text: str) -> Iterator[CodeSpan]:
    """Yield the code spans of `text`: runs of backticks pair with the next run of the same length."""
    runs = [(match.start(), match.end()) for match in _TICKS.finditer(text)]
    by_length: dict[int, list[int]] = {}
    for index, (start, end) in enumerate(runs):
        by_length.setdefault(end - start, []).append(index)
    cursor: dict[int, int] = dict.fromkeys(by_length, 0)
    index = 0
    while index < len(runs):
        start, end = runs[index]
        same = by_length[end - start]
        place = cursor[end - start]
        while place < len(same) and same[place] <= index:
            place += 1
        cursor[end - start] = place
        if place < len(same):
            closing = same[place]
            yield CodeSpan(text[end : runs[closing][0]], end)
            index = closing + 1
        else:
            index += 1


def commands_in(leaf: Leaf) -> tuple[Block, ...]:
    """Return the code spans of a leaf that are commands, each as a block of one line."""
    found = (_block(leaf, span) for span in code_spans(leaf.text))
    return tuple(block for block in found if block is not None)


def _block(leaf: Leaf, span: CodeSpan) -> Block | None:
    text = span.text.strip()
    kind = _kind(text)
    if kind is None:
        return None
    start = span.start + len(span.text) - len(span.text.lstrip())
    host = Block(kind=kind, tag="", text=leaf.text, span=leaf.span, segments=leaf.segments, line=leaf.line)
    at = host.locate(start)
    where = Span(at, host.locate(start + len(text) - 1) + 1)
    line = leaf.line + leaf.text.count("\n", 0, start)
    return Block(kind=kind, tag="", text=text, span=where, segments=(Segment(0, at, len(text)),), line=line)


def _kind(text: str) -> BlockKind | None:
    if " " not in text or _NOT_A_CALL.match(text):
        return None
    if is_sql(text):
        return BlockKind.SQL
    word = program_of(text)
    return BlockKind.SHELL if word in PROGRAMS or word.startswith(("./", "/usr/", "/opt/", "/bin/")) else None
