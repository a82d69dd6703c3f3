"""Colours, signs and measures. Whatever a colour says, a word says too."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from rich.console import Console
from rich.text import Text

from architect.commands.model import Effect
from architect.runs.model import GateKind, Truth
from architect.runs.values import visible

WIDEST = 110
PLAIN_WIDTH = 100
"""How wide lines are where nobody looks at a terminal."""

EFFECT_STYLES = {
    Effect.READ: "green",
    Effect.WRITE: "cyan",
    Effect.DISRUPTIVE: "yellow",
    Effect.UNKNOWN: "magenta",
    Effect.EXPOSES: "red",
    Effect.DESTRUCTIVE: "bold red",
}
TRUTH_STYLES = {Truth.HOLDS: "green", Truth.DOES_NOT: "red", Truth.CANNOT_TELL: "yellow"}
GATE_WORDS = {
    GateKind.NONE: "",
    GateKind.CONFIRM: "asks",
    GateKind.CONFIRM_TARGET: "asks",
    GateKind.TWO_PEOPLE: "two people",
    GateKind.CHOICE: "a choice",
    GateKind.VALUE: "a value",
    GateKind.PERSON: "by hand",
}
EFFECT_WIDTH = max(len(effect) for effect in Effect)
_SIGNS = {
    "ok": ("✓", "ok"),
    "bad": ("✗", "!!"),
    "unsure": ("?", "?"),
    "go": ("▸", ">"),
    "dot": ("·", "-"),
    "rule": ("─", "-"),
}


def make_console(*, file: TextIO | None = None) -> Console:
    """Return a console: `NO_COLOR` and pipes are respected, nothing is guessed from the text."""
    stream = file or sys.stdout
    width = None if stream.isatty() else int(os.environ.get("COLUMNS") or PLAIN_WIDTH)
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width)


def width_of(console: Console) -> int:
    """Return how wide a line may be."""
    return min(console.width, WIDEST)


def sign(name: str, console: Console) -> str:
    """Return a sign, or its plain spelling where the terminal has only ASCII."""
    fancy, plain = _SIGNS[name]
    return fancy if "utf" in (console.encoding or "").lower() else plain


def effect_text(effect: Effect) -> Text:
    """Return the effect's name in its colour, as wide as any."""
    return Text(f"{effect:<{EFFECT_WIDTH}}", style=EFFECT_STYLES[effect])


def outside(text: str) -> str:
    """Return text from outside in one line, with control characters made visible."""
    return " ".join(visible(text).split())


def duration(seconds: float) -> str:
    """Return a duration as people say it: `0.2 s`, `1:05`, `2:00:00`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return clock(seconds)


def clock(seconds: float) -> str:
    """Return seconds as a clock shows them: `00:07`, `12:30`, `1:00:00`."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes:02d}:{whole % 60:02d}"


def span(seconds: float) -> str:
    """Return a round duration in words: `15 min`, `1 h`, `30 s`."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def two_sides(left: Text, right: Text, width: int) -> Text:
    """Return a line with a text at each end; the left one gives way where both do not fit."""
    room = width - right.cell_len - (2 if right.cell_len else 0)
    kept = left.copy()
    if kept.cell_len > room:
        kept.truncate(max(room, 8), overflow="ellipsis")
    return kept + Text(" " * max(0, width - kept.cell_len - right.cell_len)) + right
