"""Placeholders: values the reader must supply, found before any grammar sees the text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PlaceholderStyle(StrEnum):
    """How the author wrote it."""

    ANGLE = "<x>"
    DOLLAR = "$X"
    UPPER = "X"
    YOUR = "YOUR_X"
    BRACKET = "[x]"
    BRACES = "{{x}}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One occurrence; `start` and `end` are offsets in the text that was searched, `name` is a legal variable name."""

    name: str
    style: PlaceholderStyle
    written: str
    start: int
    end: int
