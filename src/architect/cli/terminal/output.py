"""What steps print, as it arrives: whole lines, made visible, the middle of long output left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from architect.cli.terminal.style import count, size
from architect.kernel.text import visible
from architect.runs.ports import Observer, OutputKey, Stream

HEAD_LINES = 14
TAIL_LINES = 6
MAX_LINE = 600
"""How many characters of a line are shown; eight lines of a narrow terminal."""
_KEPT_BYTES = 4 * MAX_LINE
_TAIL_BYTES = 16_384
_NO_TEXT = frozenset(map(chr, range(0x20))) - frozenset("\t\r\n\b\x1b\x07")
"""Control characters that neither a terminal nor a progress bar has any use for."""

Say = Callable[[str, Stream], None]
"""Prints one line of output."""


class ShownOutput(Observer):
    """Shows the first lines of a step as they come and the last ones at its end; all of it is in the store.

    `latest` is the last whole line of what is not shown yet, for whoever wants to see that something happens.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self.begin()

    def begin(self) -> None:
        """Begin with the next step."""
        self.size = 0
        self.latest = ""
        self._begun: dict[Stream, bytes] = dict.fromkeys(Stream, b"")
        self._cut: dict[Stream, int] = dict.fromkeys(Stream, 0)
        self._blank = 0
        self._shown = 0
        self._later = b""
        self._later_lines = 0
        self._is_shortened = False
        self._has_hidden = False

    def output(self, key: OutputKey, stream: Stream, data: bytes) -> None:
        """Take a piece of redacted output."""
        del key
        self.size += len(data)
        while data and self._shown < HEAD_LINES:
            line, newline, data = data.partition(b"\n")
            self._keep(line, stream)
            if newline:
                self._end_line(stream)
        if data:
            self._later_lines += data.count(b"\n")
            self._later = (self._later + data[-_TAIL_BYTES:])[-_TAIL_BYTES:]
            ended = self._later[: self._later.rfind(b"\n") + 1].rstrip(b"\n")
            self.latest = _readable(ended[ended.rfind(b"\n") + 1 :][:MAX_LINE]) or self.latest

    def finish(self) -> bool:
        """Show what came last; say whether anything was left out."""
        for stream in Stream:
            if self._begun[stream]:
                self._end_line(stream)
        if self._later:
            tail, left_out = self._last_lines()
            if left_out > 0:
                self._is_shortened = True
                self._say_blanks()
                self._say(f"… {count(left_out, 'line')} left out …", Stream.STDERR)
            for line in tail:
                self._show(line, Stream.STDOUT, cut=0)
        return self._is_shortened

    def _keep(self, piece: bytes, stream: Stream) -> None:
        room = _KEPT_BYTES - len(self._begun[stream])
        self._begun[stream] += piece[:room]
        self._cut[stream] += len(piece[room:])

    def _end_line(self, stream: Stream) -> None:
        line, cut = self._begun[stream], self._cut[stream]
        self._begun[stream], self._cut[stream] = b"", 0
        self._show(line, stream, cut=cut)

    def _last_lines(self) -> tuple[Sequence[bytes], int]:
        """Return the last lines, and how many lie before them that are not shown."""
        ends_open = not self._later.endswith(b"\n")
        total = self._later_lines + ends_open
        lines = self._later.split(b"\n")
        lines = (lines if ends_open else lines[:-1])[-TAIL_LINES:]
        return lines, total - len(lines)

    def _show(self, line: bytes, stream: Stream, *, cut: int) -> None:
        """Show a line; blank ones wait for the next, so that none is left at the end."""
        if not line.strip():
            self._blank += 1
            self._shown += 1
            return
        self._shown += 1
        text = line.decode("utf-8", "replace").rstrip("\r")
        if not is_readable(text):
            self._hide(stream)
            return
        self._say_blanks()
        hidden = max(0, len(text) - MAX_LINE) + cut
        self._is_shortened |= hidden > 0
        self._say(visible(text[:MAX_LINE]) + (f" … and {size(hidden)} more" if hidden else ""), stream)

    def _hide(self, stream: Stream) -> None:
        """Say once that there is something that nobody can read."""
        if not self._has_hidden:
            self._say("… bytes that are no text are not shown …", stream)
        self._has_hidden = self._is_shortened = True

    def _say_blanks(self) -> None:
        for _ in range(self._blank):
            self._say("", Stream.STDOUT)
        self._blank = 0


def is_readable(text: str) -> bool:
    """Say whether a line is text: at most a tenth of it are characters that no text has."""
    strange = sum(character == "\N{REPLACEMENT CHARACTER}" or character in _NO_TEXT for character in text)
    return strange * 10 <= len(text)


def _readable(line: bytes) -> str:
    text = line.decode("utf-8", "replace").strip()
    return visible(text) if is_readable(text) else ""
