"""Text from outside on its way into Markdown: it arrives as text, whatever a renderer would make of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from architect.kernel.text import visible

_MAX_WORDS = 600
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~!&$]|(?<=\w):(?=//)|(?<=www)\.", re.IGNORECASE)
_LIST_MARK = re.compile(r"\A(?=[-+=])|\A\d+(?=[.)])")
_BACKQUOTES = re.compile(r"`+")


def inline(text: str) -> str:
    """Return text for the middle of a line: one line, no markup, no link that a host makes by itself."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}", _one_line(text))


def sentence(text: str) -> str:
    """Return text for the beginning of a line: no list, no heading underlined."""
    line = _one_line(text)
    shown = inline(line[:1].upper() + line[1:])
    return _LIST_MARK.sub(lambda found: f"{found[0]}\\", shown, count=1)


def code(text: str) -> str:
    """Return text as inline code, behind as many backquotes as it needs."""
    line = _one_line(text) or " "
    ticks = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def cell(text: str) -> str:
    """Return text as inline code in a table."""
    return code(text).replace("|", "\\|")


def block(text: str) -> Iterator[str]:
    """Yield text as a code block, behind a fence that it cannot close."""
    fence = "`" * max(3, _longest_run(text) + 1)
    yield fence
    yield from visible(text).splitlines()
    yield fence
    yield ""


def _longest_run(text: str) -> int:
    return max(map(len, _BACKQUOTES.findall(text)), default=0)


def _one_line(text: str) -> str:
    line = " ".join(visible(text).split())
    return line if len(line) <= _MAX_WORDS else f"{line[:_MAX_WORDS]}… ({len(line) - _MAX_WORDS:,} more characters)"


def duration(seconds: float) -> str:
    """Return a duration in words: `26 ms`, `2.2 s`, `1 min 12 s`, `3 h 5 min`."""
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
