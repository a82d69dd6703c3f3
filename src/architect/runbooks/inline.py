"""Code spans in prose, found in one linear pass, and which of them are commands that the prose tells to run."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from architect.runbooks.blocks import is_promql, is_sql
from architect.runbooks.instructions import instructs
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Block, BlockKind, Segment, Span
from architect.runbooks.programs import PROGRAMS, has_shell_shape, is_bare_command, is_program, program_of
from architect.runbooks.wording import plain, title_of

_TICKS = re.compile(r"`+")
_NOT_A_CALL = re.compile(
    r"\A(?:\w+ (?:is|are|was|and|or|the|for|not)\b|(?:set|test|time|host|service|find|make|read|top|cast|"
    r"node) [A-Za-z]+\Z)"
)
_TOLD = re.compile(
    r"\b(?:run(?:ning)?|re-?run(?:ning)?|execut(?:e|es|ing)|issu(?:e|ing)|typ(?:e|ing)|invok(?:e|ing)|"
    r"commands?)\b[^.`]{0,30}\Z",
    re.IGNORECASE,
)
_TOLD_DIRECTLY = re.compile(
    r"\b(?:run(?:ning)?|execut(?:e|ing)|typ(?:e|ing)|enter|issue|start|invoke)\s+\Z", re.IGNORECASE
)
_LED = re.compile(
    r"\b(?:run(?:ning)?|with|using|use|via|by|do|try|execute|check|commands?|enter)\b[^.`]{0,40}\Z|(?:[:>→?]|\s[-–—])\s*\Z",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(
    r"\b(?:do not|don't|never|avoid|instead of|rather than|without|unlike)\s+(?:\w+\s+){0,3}\Z"
    r"|\b(?:outputs?|results?|equivalents?|logs?) (?:of|to|from)\s+(?:the\s+)?\Z",
    re.IGNORECASE,
)
_DESCRIBED = re.compile(
    r"`+\s+(?:is|are|was|will|does|has|can|shows?|prints?|returns?|creates?|means?|gives?|lists?)\b", re.IGNORECASE
)
_CALL = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*(?:\s+[\w<${\"'./@:%-][^\n]*)?\Z")
_ALONE_BEFORE = re.compile(r":[ \t]*\n[ \t]*\Z")
_CHECK_BOX = re.compile(r"\s*\[[ xX]\]\s")
_SENTENCE_START = re.compile(r"[.!?]\s+(?=\S)")
_NEAR = 400


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


@lru_cache(maxsize=1024)
def commands_in(leaf: Leaf) -> tuple[Block, ...]:
    """Return the code spans of a leaf that are commands to run, each as a block of one line."""
    if "`" not in leaf.text:
        return ()
    found = (_block(leaf, span) for span in code_spans(leaf.text))
    return tuple(block for block in found if block is not None)


def command_in_cell(cell: str) -> tuple[str, BlockKind] | None:
    """Return the command that a table's cell holds, None where it holds none."""
    for span in code_spans(cell):
        kind = _kind(span.text.strip())
        if kind is not None:
            return span.text.strip(), kind
    return None


def command_line(leaf: Leaf) -> Block | None:
    """Return a paragraph that is a command written without any marks, None where it is prose."""
    box = _CHECK_BOX.match(leaf.text)
    line = leaf.text[box.end() if box else 0 :].strip()
    if "\n" in line or "`" in line or line[:1].isupper() or len(line) > _NEAR:
        return None
    if not is_bare_command(line):
        return None
    start = leaf.text.index(line)
    at = leaf.locate(start)
    segments = (Segment(0, at, len(line)),)
    return Block(
        kind=BlockKind.SHELL, tag="", text=line, span=Span(at, at + len(line)), segments=segments, line=leaf.line
    )


def _block(leaf: Leaf, span: CodeSpan) -> Block | None:
    text = span.text.strip()
    kind = _kind(text) if len(text) > 2 else None
    if kind is None or not _is_meant(leaf, span, text):
        return None
    start = span.start + len(span.text) - len(span.text.lstrip())
    at = leaf.locate(start)
    where = Span(at, leaf.locate(start + len(text) - 1) + 1)
    line = leaf.line + max(bisect_right(leaf.segments, start, key=lambda segment: segment.at) - 1, 0)
    return Block(kind=kind, tag="", text=text, span=where, segments=(Segment(0, at, len(text)),), line=line)


def _is_meant(leaf: Leaf, span: CodeSpan, text: str) -> bool:
    """Say whether the words around a command tell to run it, rather than forbid or describe it."""
    before = leaf.text[max(span.start - _NEAR, 0) : span.start].rstrip("`")
    before = _CHECK_BOX.sub("", before, count=1)
    if _FORBIDDEN.search(before) or (not before.strip() and _DESCRIBED.match(leaf.text, span.start + len(span.text))):
        return False
    if " " not in text:
        return bool(_TOLD_DIRECTLY.search(before))
    is_known = (
        is_program(program_of(text))
        or is_sql(text)
        or is_promql(text)
        or has_shell_shape(text)
        or text.startswith("sudo ")
    )
    if is_known:
        return _is_led(leaf, span, before)
    return bool(_TOLD.search(before)) or (_ALONE_BEFORE.search(before) is not None and _is_alone(leaf, span))


def _is_alone(leaf: Leaf, span: CodeSpan) -> bool:
    """Say whether nothing stands behind a code span on its line."""
    end = span.start + len(span.text)
    return not leaf.text[end : end + _NEAR].partition("\n")[0].strip(" \t`.,;")


def _is_led(leaf: Leaf, span: CodeSpan, before: str) -> bool:
    """Say whether the words in front lead to a command: an instruction, `using`, a colon, the beginning of an item."""
    if not before.strip() or _LED.search(before):
        return True
    start = 0
    for match in _SENTENCE_START.finditer(before):
        start = match.end()
    sentence = before[start:]
    return instructs(plain(sentence) or title_of(leaf.text[span.start : span.start + _NEAR]))


def _kind(text: str) -> BlockKind | None:
    """Return what a code span would be as a command, None where it can only name something."""
    if " " not in text:
        return BlockKind.SHELL if text in PROGRAMS and text not in _NAMES_ONLY else None
    if _NOT_A_CALL.match(text):
        return None
    if is_sql(text):
        return BlockKind.SQL
    if is_promql(text):
        return BlockKind.PROMQL
    is_known = is_program(program_of(text)) and not text[:1].isupper()
    return BlockKind.SHELL if is_known or _CALL.match(text) or text.startswith("sudo ") else None


_NAMES_ONLY = frozenset(
    {"bash", "sh", "node", "java", "go", "python", "python3", "ruby", "php", "make", "docker", "kubectl", "git", "helm"}
)
