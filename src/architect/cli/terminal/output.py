"""What steps print, as it arrives: whole lines, made visible, the middle of long output left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from architect.runs.ports import Observer, OutputKey, Stream
from architect.runs.values import visible

HEAD_LINES = 14
TAIL_LINES = 6
_MAX_LINE = 2000
_TAIL_BYTES = 16_384

Say = Callable[[str, Stream], None]
"""Prints one line of output."""


class ShownOutput(Observer):
    """Shows the first lines of a step as they come and the last ones at its end; all of it is in the store."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.size = 0
        self.begin()

    def begin(self) -> None:
        """Begin with the next step."""
        self.size = 0
        self._parts: dict[Stream, bytes] = dict.fromkeys(Stream, b"")
        self._shown = 0
        self._later = b""
        self._later_lines = 0

    def output(self, key: OutputKey, stream: Stream, data: bytes) -> None:
        """Take a piece of redacted output."""
        del key
        self.size += len(data)
        while data and self._shown < HEAD_LINES:
            line, newline, data = data.partition(b"\n")
            self._parts[stream] = (self._parts[stream] + line)[: _MAX_LINE * 4]
            if newline:
                self._show(self._parts[stream], stream)
                self._parts[stream] = b""
        if data:
            self._later_lines += data.count(b"\n")
            self._later = (self._later + data[-_TAIL_BYTES:])[-_TAIL_BYTES:]

    def finish(self) -> int:
        """Show what came last; return how many lines were left out between."""
        if self._shown < HEAD_LINES:
            for stream, rest in self._parts.items():
                if rest:
                    self._show(rest, stream)
            return 0
        tail, left_out = self._last_lines()
        if left_out:
            self._say(f"… {left_out} lines left out …", Stream.STDERR)
        for line in tail:
            self._show(line, Stream.STDOUT)
        return left_out

    def _last_lines(self) -> tuple[Sequence[bytes], int]:
        ends_open = bool(self._later) and not self._later.endswith(b"\n")
        total = self._later_lines + ends_open
        lines = self._later.split(b"\n")
        lines = (lines if ends_open else lines[:-1])[-TAIL_LINES:]
        left_out = total - len(lines)
        while lines and not lines[-1].strip():
            lines.pop()
        return lines, left_out

    def _show(self, line: bytes, stream: Stream) -> None:
        self._shown += 1
        text = line.decode("utf-8", "replace").rstrip("\r")
        self._say(visible(text[:_MAX_LINE]) + ("…" if len(text) > _MAX_LINE else ""), stream)
