"""Colours, signs and measures. Whatever a colour says, a word says too."""

from __future__ import annotations

from rich.text import Text

from architect.cli.terminal.palette import EFFECT_STYLES, EFFECT_WIDTH
from architect.commands.model import Effect
from architect.kernel.text import visible
from architect.runs.model import GateKind, Truth

TRUTH_STYLES = {Truth.HOLDS: "green", Truth.DOES_NOT: "red", Truth.CANNOT_TELL: "yellow"}
TRUTH_WORDS = {Truth.HOLDS: "holds", Truth.DOES_NOT: "does not hold", Truth.CANNOT_TELL: "cannot tell"}
GATE_WORDS = {
    GateKind.NONE: "",
    GateKind.CONFIRM: "asks",
    GateKind.CONFIRM_TARGET: "asks",
    GateKind.TWO_PEOPLE: "two people",
    GateKind.CHOICE: "a choice",
    GateKind.VALUE: "a value",
    GateKind.PERSON: "by hand",
}
TRUTH_SIGNS = {Truth.HOLDS: "✓", Truth.DOES_NOT: "✗", Truth.CANNOT_TELL: "?"}
PLAIN_SIGNS = str.maketrans("✓✗▸·─│…×→–", "+x>--|~x>-")
"""What signs become where a terminal has only ASCII: one character for one, so that columns stay."""


def effect_text(effect: Effect) -> Text:
    """Return the effect's name in its colour, as wide as any."""
    return Text(f"{effect:<{EFFECT_WIDTH}}", style=EFFECT_STYLES[effect])


def outside(text: str) -> str:
    """Return text from outside in one line, with control characters made visible."""
    return " ".join(visible(text).split())


def duration(seconds: float) -> str:
    """Return a duration as people say it: `3 ms`, `0.2 s`, `1:05`, `2:00:00`."""
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
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


def size(count: int) -> str:
    """Return a number of bytes in words: `812 bytes`, `3.1 kB`, `50 MB`."""
    amount, unit = float(count), "bytes"
    for unit in ("bytes", "kB", "MB", "GB"):  # noqa: B007 - the last unit stays
        if amount < 1000:
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if amount >= 10 or unit == "bytes" else f"{amount:.1f} {unit}"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 event`, `3 events`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def two_sides(left: Text, right: Text, width: int) -> Text:
    """Return a line with a text at each end; the left one gives way where both do not fit."""
    room = width - right.cell_len - (2 if right.cell_len else 0)
    kept = left.copy()
    if kept.cell_len > room:
        kept.truncate(max(room, 8), overflow="ellipsis")
    return kept + Text(" " * max(0, width - kept.cell_len - right.cell_len)) + right


def end_of(text: str, room: int) -> str:
    """Return `text`, or its end where it is too long: of a path the end says most."""
    return text if len(text) <= room else "…" + text[len(text) - room + 1 :]
