"""Stretches of lines: what is a heading, a paragraph or a fence by itself, and what only a parser can tell.

Most of a runbook is headings, paragraphs and fences outside lists and quotes. They are found here, line by line,
exactly as CommonMark has them; every other stretch is handed on whole. A stretch ends at a blank line before a line
that begins in the first column and continues no list: nothing that was open can go on there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from architect.runbooks.model import NodeKind

_HEADING = re.compile(r"[ ]{0,3}(?P<marks>#{1,6})(?:[ \t]+(?P<text>[^\n]*?))??(?:[ \t]+#+)?[ \t]*\n?\Z")
_FENCE = re.compile(r"(?P<indent>[ ]{0,3})(?P<marks>`{3,}|~{3,})(?P<info>[^\n]*)")
_MARKER = re.compile(r"[ ]{0,3}(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)", re.MULTILINE)
_UNSURE = re.compile(
    r"[ ]{0,3}(?:[-+*](?:[ \t]|$)|\d{1,9}[.)](?:[ \t]|$)|[>\[<|]|(?:=+|-+)[ \t]*$|(?:[*_-][ \t]*){3,}$)|[ ]{4}|"
    r"[ ]{0,3}\t",
    re.MULTILINE,
)
_RULE = re.compile(r"[ ]{0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})\n?\Z")
_RAW: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        re.compile(r"\s*<(?:script|pre|style|textarea)(?=\s|>|$)", re.IGNORECASE),
        re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE),
    ),
    (re.compile(r"\s*<!--"), re.compile(r"-->")),
    (re.compile(r"\s*<\?"), re.compile(r"\?>")),
    (re.compile(r"\s*<!\[CDATA\["), re.compile(r"\]\]>")),
    (re.compile(r"\s*<![A-Za-z]"), re.compile(r">")),
)
"""How HTML begins that goes on over blank lines, and how it ends."""
_ANY_FENCE = re.compile(r"[ \t>]*(?:[-+*][ \t]+|\d{1,9}[.)][ \t]+)*(?P<marks>`{3,}|~{3,})(?P<info>[^\n]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Lines from `first` to before `last`; what they are and hold, or None where a parser must say."""

    first: int
    last: int
    kind: NodeKind | None = None
    content: str = ""
    level: int = 0
    info: str = ""


def stretches(lines: Sequence[str], first: int) -> Iterator[Stretch]:
    """Yield the stretches of `lines` from line `first` on, blank lines between them left out."""
    if lines and not lines[-1].endswith("\n") and _is_blank(lines[-1]):
        lines = lines[:-1]
    at = first
    while at < len(lines):
        line = lines[at]
        if _is_blank(line):
            at += 1
            continue
        found = _simple(lines, at) or Stretch(first=at, last=_end(lines, at))
        yield found
        at = found.last


def _simple(lines: Sequence[str], at: int) -> Stretch | None:
    """Return the heading, fence or paragraph that begins at a line, None where it may be anything else."""
    line = lines[at]
    stripped = line.lstrip(" ")
    if stripped[:1] == "#" and (match := _HEADING.fullmatch(line)):
        text = (match["text"] or "").strip()
        return Stretch(first=at, last=at + 1, kind=NodeKind.HEADING, content=text, level=len(match["marks"]))
    if stripped[:1] in "`~" and (fence := _FENCE.match(line)) and _is_fence(fence):
        return _fence(lines, at, fence)
    if stripped[:1] in "-*_" and _RULE.match(line):
        return Stretch(first=at, last=at + 1, kind=NodeKind.RULE)
    return None if _UNSURE.match(line) else _paragraph(lines, at)


def _is_fence(match: re.Match[str]) -> bool:
    return match["marks"][0] == "~" or "`" not in match["info"]


def _fence(lines: Sequence[str], at: int, opening: re.Match[str]) -> Stretch:
    marks, indent = opening["marks"], len(opening["indent"])
    close = re.compile(rf"[ ]{{0,3}}{re.escape(marks[0])}{{{len(marks)},}}[ \t]*\n?\Z")
    end = at + 1
    while end < len(lines) and not (marks[0] in lines[end] and close.match(lines[end])):
        end += 1
    inner = lines[at + 1 : end]
    content = "".join(_outdented(line, indent) for line in inner) if indent else "".join(inner)
    last = min(end + 1, len(lines))
    return Stretch(first=at, last=last, kind=NodeKind.FENCE, content=content, info=opening["info"].strip())


def _outdented(line: str, indent: int) -> str:
    """Return a line of code without as many columns as its fence is indented by; a tab reaches a multiple of 4."""
    columns = position = 0
    while columns < indent and position < len(line) and line[position] in " \t":
        columns += 1 if line[position] == " " else 4 - columns % 4
        position += 1
    return " " * max(columns - indent, 0) + line[position:]


def _is_blank(line: str) -> bool:
    return line == "\n" or not line.strip(" \t\n")


def _paragraph(lines: Sequence[str], at: int) -> Stretch | None:
    end = at
    while end < len(lines) and not _is_blank(lines[end]):
        line = lines[end]
        if "|" in line or (end > at and _UNSURE.match(line)):
            return None
        first = line.lstrip(" ")[:1]
        if end > at and first and first in "#`~" and _interrupts(line):
            break
        end += 1
    content = "".join(lines[at:end]).strip()
    return Stretch(first=at, last=end, kind=NodeKind.PARAGRAPH, content=content)


def _interrupts(line: str) -> bool:
    fence = _FENCE.match(line)
    return _is_fence(fence) if fence else _HEADING.fullmatch(line) is not None


def _end(lines: Sequence[str], at: int) -> int:
    """Return the line before which everything that a stretch opens has ended; where that is unsure, a later one."""
    scan = _Scan()
    for number in range(at, len(lines)):
        if number > at and scan.is_over(lines[number]):
            return number
        scan.follow(lines[number])
    return len(lines)


class _Scan:
    """What may be open after some lines: HTML that runs over blank lines, or a fence.

    Where a fence may have ended with its list, or may be text of an HTML block, nothing more is told apart.
    """

    def __init__(self) -> None:
        self._raw: re.Pattern[str] | None = None
        self._fence: str | None = None
        self._indent = 0
        self._is_html = self._after_blank = self._is_unsure = False

    def is_over(self, line: str) -> bool:
        """Say whether a line goes on with nothing that may be open."""
        if self._is_unsure or self._raw is not None or self._fence is not None or _is_blank(line):
            return False
        if self._after_blank and line[0] not in " \t" and not _MARKER.match(line):
            return True
        fence = _FENCE.match(line) if not self._is_html and line[0] in "`~ " else None
        return fence is not None and len(fence["indent"]) < 2 and _is_fence(fence)

    def follow(self, line: str) -> None:
        """Take in a line."""
        if _is_blank(line):
            self._after_blank, self._is_html = True, False
            return
        self._after_blank = False
        if self._raw is not None:
            self._raw = None if self._raw.search(line) else self._raw
        elif self._fence is not None:
            marks = line.strip(" \t\n>")
            is_outside = len(line) - len(line.lstrip(" ")) < self._indent
            if marks.startswith(self._fence) and not marks.strip(self._fence[0]) and not is_outside:
                self._fence = None
            elif is_outside:
                self._is_unsure = True
        else:
            self._open(line)

    def _open(self, line: str) -> None:
        if "`" in line or "~" in line:
            fence = _ANY_FENCE.match(line)
            if fence and _is_fence(fence):
                self._fence, self._indent = fence["marks"], len(line) - len(line.lstrip(" "))
                self._is_unsure |= self._is_html or fence.start("marks") > self._indent
        if "<" in line:
            closing = next((close for opening, close in _RAW if opening.match(line)), None)
            self._raw = closing if closing is not None and not closing.search(line) else None
            self._is_unsure |= self._is_html and self._raw is not None
            self._is_html = self._is_html or (closing is None and line.lstrip(" ").startswith("<"))
