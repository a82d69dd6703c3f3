"""Slips with code fences, mended line by line before Markdown is parsed; every line keeps its number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from architect.runbooks.model import ProblemCode

_FENCE = re.compile(r"(?P<indent>[ \t>]*)(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)?(?P<marks>`{3,}|~{3,})(?P<info>[^\n]*)")
_HEADING = re.compile(r"[ ]{0,3}#{2,6}[ \t]+\S")
_LIST_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<marker>(?:[-+*]|\d{1,9}[.)])[ \t]+)\S")
_TELLING = frozenset(" \t>`~-+*0123456789")
"""How lines begin that can hold a fence or the marker of a list."""
_HOLDS_MARKDOWN = frozenset({"md", "markdown", "mdx", "rst"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One slip that was mended or noticed; `line` counts from 0."""

    code: ProblemCode
    message: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """Lines to be parsed, as many as were given. `glued` are lines of code that end with their closing fence."""

    lines: list[str]
    slips: tuple[Slip, ...]
    glued: frozenset[int]


@dataclass(slots=True)
class _Open:
    """The fence that is open, and the first heading seen inside it."""

    line: int
    marks: str
    info: str
    dedent: int = 0
    heading: int | None = None

    def is_closed_by(self, line: str) -> bool:
        """Say whether `line` closes this fence."""
        stripped = line.lstrip(" \t>").rstrip()
        return stripped.startswith(self.marks) and not stripped.strip(self.marks[0])


class _Mender:
    def __init__(self, lines: list[str]) -> None:
        self.lines = list(lines)
        self.slips: list[Slip] = []
        self.glued: set[int] = set()
        self._open: _Open | None = None
        self._indent = 0

    def run(self, first: int) -> None:
        """Go through the lines once; a fence that swallowed a heading is closed above it and the lines read again."""
        number = first
        while number < len(self.lines) or self._open is not None:
            if number >= len(self.lines):
                number = self._end(number)
            elif self._open is not None:
                number = self._inside(self._open, number)
            else:
                self._outside(number)
                number += 1

    def _outside(self, number: int) -> None:
        line = self.lines[number]
        if not self._indent and line[:1] not in _TELLING:
            return
        match = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if match and not ("`" in match["info"] and match["marks"][0] == "`"):
            dedent = self._excess(match["indent"])
            self._open = _Open(number, match["marks"], match["info"].strip().lower(), dedent)
            if dedent:
                self._slip(
                    ProblemCode.INDENTED_FENCE, "a fence indented by four columns or more is literal text", number
                )
                self.lines[number] = _dedented(line, dedent)
            return
        self._follow_list(line)

    def _excess(self, indent: str) -> int:
        """Return by how many columns a fence is indented too far to be one, 0 where it is one."""
        columns = len(indent.expandtabs(4))
        if ">" in indent or columns - self._indent < 4:
            return 0
        return columns - self._indent

    def _follow_list(self, line: str) -> None:
        stripped = line.lstrip()
        if not stripped:
            return
        columns = len(line[: len(line) - len(stripped)].expandtabs(4))
        item = _LIST_ITEM.match(line)
        if item and columns <= self._indent + 3:
            self._indent = columns + len(item["marker"])
        elif columns < self._indent:
            self._indent = 0

    def _inside(self, fence: _Open, number: int) -> int:
        line = self.lines[number]
        if fence.dedent:
            self.lines[number] = _dedented(line, fence.dedent)
        if fence.is_closed_by(line):
            self._open = None
            return number + 1
        if self._is_glued(fence, number):
            self._slip(ProblemCode.UNCLOSED_FENCE, "a closing fence must stand on a line of its own", number)
            self.glued.add(number)
            self._close_at(fence, number + 1)
            return number + 2
        if _HEADING.match(line) and fence.heading is None and not self.lines[number - 1].strip():
            fence.heading = number
        opener = _FENCE.match(line)
        if opener and opener["info"].strip() and fence.heading is not None and fence.info not in _HOLDS_MARKDOWN:
            return self._cut(fence)
        return number + 1

    def _is_glued(self, fence: _Open, number: int) -> bool:
        line = self.lines[number].rstrip()
        is_last = number + 1 < len(self.lines) and not self.lines[number + 1].strip()
        return is_last and line.endswith(fence.marks) and line.count("`") == len(fence.marks)

    def _cut(self, fence: _Open) -> int:
        """Close `fence` on the blank line above the heading it swallowed and go on from there."""
        heading = fence.heading or len(self.lines)
        self._slip(
            ProblemCode.UNCLOSED_FENCE,
            "this fence is never closed: it is taken to end above the next heading",
            fence.line,
        )
        self._close_at(fence, heading - 1)
        return heading

    def _end(self, number: int) -> int:
        fence = self._open
        if fence is None:
            return number
        if fence.heading is not None and fence.info not in _HOLDS_MARKDOWN:
            return self._cut(fence)
        self._slip(ProblemCode.UNCLOSED_FENCE, "this fence is never closed: it runs to the end of the text", fence.line)
        self._open = None
        return number

    def _close_at(self, fence: _Open, number: int) -> None:
        opening = self.lines[fence.line]
        self.lines[number] = opening[: len(opening) - len(opening.lstrip(" \t>"))] + fence.marks + "\n"
        self._open = None

    def _slip(self, code: ProblemCode, message: str, line: int) -> None:
        self.slips.append(Slip(code=code, message=message, line=line))


def mend(lines: list[str], first: int) -> Mended:
    """Return the lines with their fences mended, from line `first` on."""
    mender = _Mender(lines)
    mender.run(first)
    return Mended(lines=mender.lines, slips=tuple(mender.slips), glued=frozenset(mender.glued))


def _dedented(line: str, columns: int) -> str:
    body = line.lstrip(" \t")
    lead = len(line[: len(line) - len(body)].expandtabs(4))
    return " " * max(lead - columns, 0) + body if body.strip() else line
