"""Quotes, comments and here-documents of shell and SQL text, in one linear pass that no input can stop."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum


class RegionKind(StrEnum):
    """What a stretch of text is to the language around it."""

    SINGLE = "single"
    DOUBLE = "double"
    COMMENT = "comment"
    HERE_DOCUMENT = "here-document"
    LITERAL_HERE_DOCUMENT = "literal-here-document"


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch that is not plain program text; half-open offsets, quotes included."""

    kind: RegionKind
    start: int
    end: int


_SHELL_MARK = re.compile(
    r"\\.|(?P<comment>(?:(?<=\s)|(?<![^\n]))#[^\n]*)|(?P<double>\")|(?P<single>')"
    r"|(?<!<)<<(?!<)-?[ \t]*(?P<quote>['\"\\]?)(?P<word>\w+)(?P=quote)?|(?P<newline>\n)",
    re.DOTALL,
)
_SQL_MARK = re.compile(r"(?P<comment>--[^\n]*)|(?P<block>/\*)|(?P<single>')|(?P<double>\")")


def region_at(regions: tuple[Region, ...], position: int) -> Region | None:
    """Return the region that `position` lies in, None for plain text."""
    index = bisect_right(regions, position, key=lambda region: region.start) - 1
    if index >= 0 and position < regions[index].end:
        return regions[index]
    return None


def kind_at(regions: tuple[Region, ...], position: int) -> RegionKind | None:
    """Return the kind of the region that `position` lies in, None for plain text."""
    region = region_at(regions, position)
    return region.kind if region else None


def shell_regions(text: str) -> tuple[Region, ...]:
    """Return the quoted strings, comments and here-documents of shell text, in order."""
    regions: list[Region] = []
    waiting: list[tuple[str, bool]] = []
    position = 0
    while match := _SHELL_MARK.search(text, position):
        position = match.end()
        if match["word"]:
            waiting.append((match["word"], bool(match["quote"])))
        elif match["newline"] and waiting:
            position = _here_documents(text, position, waiting, regions)
        elif (region := _shell_region(text, match)) is not None:
            regions.append(region)
            position = region.end
    return tuple(regions)


def _shell_region(text: str, match: re.Match[str]) -> Region | None:
    if match["comment"] is not None:
        return Region(RegionKind.COMMENT, match.start(), match.end())
    if match["single"]:
        end = text.find("'", match.end())
        return Region(RegionKind.SINGLE, match.start(), end + 1) if end >= 0 else None
    if match["double"]:
        end = _double_end(text, match.end())
        return Region(RegionKind.DOUBLE, match.start(), end) if end >= 0 else None
    return None


_DOUBLE_STOP = re.compile(r"\\.|\"", re.DOTALL)


def _double_end(text: str, start: int) -> int:
    for match in _DOUBLE_STOP.finditer(text, start):
        if match.group() == '"':
            return match.end()
    return -1


def _here_documents(text: str, position: int, waiting: list[tuple[str, bool]], regions: list[Region]) -> int:
    """Append the bodies that begin at `position`, empty `waiting`, and return where the last one ends."""
    while waiting:
        word, is_literal = waiting.pop(0)
        close = re.compile(rf"^\t*{re.escape(word)}[ \t]*$", re.MULTILINE).search(text, position)
        end = close.end() if close else len(text)
        kind = RegionKind.LITERAL_HERE_DOCUMENT if is_literal else RegionKind.HERE_DOCUMENT
        if end > position:
            regions.append(Region(kind, position, end))
        position = end
    return position


def sql_regions(text: str) -> tuple[Region, ...]:
    """Return the strings, quoted names and comments of SQL text, in order; dollar quotes count as plain text."""
    regions: list[Region] = []
    position = 0
    while match := _SQL_MARK.search(text, position):
        kind, closing = RegionKind.COMMENT, ""
        if match["block"]:
            closing = "*/"
        elif not match["comment"]:
            kind = RegionKind.SINGLE if match["single"] else RegionKind.DOUBLE
            closing = match.group()
        end = text.find(closing, match.end()) if closing else match.end()
        position = match.end() if end < 0 else end + len(closing)
        if end >= 0:
            regions.append(Region(kind, match.start(), position))
    return tuple(regions)
