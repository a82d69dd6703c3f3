"""Lines for a terminal without any library: pieces with styles, two sides, wrapping, widths in cells."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

NARROWEST, WIDEST, PLAIN_WIDTH = 40, 110, 100
_CODES = {
    "bold": "1",
    "dim": "2",
    "italic": "3",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "magenta": "35",
    "cyan": "36",
}
_WIDE = ("W", "F")
_NO_CELL = ("Mn", "Me", "Cf")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text in one style, which is words of `_CODES` with blanks between (`bold red`)."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; what stands on its right side keeps its place, and the left side gives way."""

    left: tuple[Piece, ...] = ()
    right: tuple[Piece, ...] = ()


def line(*pieces: Piece | str, right: Iterable[Piece] = ()) -> Line:
    """Return a line of pieces; plain text stands for an unstyled piece."""
    return Line(tuple(Piece(piece) if isinstance(piece, str) else piece for piece in pieces), tuple(right))


def width_of(stream: TextIO) -> int:
    """Return how wide lines may be on a stream."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        width = int(columns)
    elif stream.isatty():
        width = shutil.get_terminal_size().columns
    else:
        width = PLAIN_WIDTH
    return max(NARROWEST, min(width, WIDEST))


def has_colour(stream: TextIO) -> bool:
    """Say whether colours may be used: at a terminal, unless `NO_COLOR` is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.east_asian_width(character) in _WIDE:
        return 2
    return 0 if unicodedata.category(character) in _NO_CELL else 1


def cut(text: str, room: int) -> str:
    """Return text that fits into `room` cells, with an ellipsis where something was left out."""
    if cells(text) <= room:
        return text
    used = 0
    for at, character in enumerate(text):
        used += _cells_of(character)
        if used > room - 1:
            return text[:at].rstrip() + "…"
    return text


def wrapped(text: str, room: int) -> Iterator[str]:
    """Break a text at blanks into lines of `room` cells; indentation stays, words that are too long are cut."""
    rest = text.expandtabs(4).rstrip()
    while cells(rest) > room:
        fitting = _fitting(rest, room)
        at = rest.rfind(" ", fitting // 2, fitting + 1)
        at = fitting if at <= 0 else at
        yield rest[:at].rstrip()
        rest = rest[at:].strip()
    yield rest


def _fitting(text: str, room: int) -> int:
    used = 0
    for at, character in enumerate(text):
        used += _cells_of(character)
        if used > room:
            return max(at, 1)
    return len(text)


def rendered(one: Line, width: int, *, is_coloured: bool) -> str:
    """Return a line as it is printed, no wider than `width`."""
    right = "".join(piece.text for piece in one.right)
    room = width - cells(right) - (2 if right else 0)
    parts: list[str] = []
    used = 0
    for piece in one.left:
        text = cut(piece.text, room - used) if room > used else ""
        used += cells(text)
        parts.append(_styled(Piece(text, piece.style), is_coloured=is_coloured))
    if right:
        parts.append(" " * max(0, width - used - cells(right)))
        parts += [_styled(piece, is_coloured=is_coloured) for piece in one.right]
    return "".join(parts).rstrip()


def _styled(piece: Piece, *, is_coloured: bool) -> str:
    if not is_coloured or not piece.style or not piece.text:
        return piece.text
    codes = ";".join(_CODES[word] for word in piece.style.split())
    return f"\x1b[{codes}m{piece.text}\x1b[0m"
