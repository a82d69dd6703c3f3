"""A program at a real pseudo terminal: type, wait for words, press keys, resize, hang up."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_SESSION = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
for number in (signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal the one from which keys send signals, whatever the tests ignore, then becomes the program."""
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")
_PROMPT = re.compile(r"(?:^|\n)(?:  [^\n│]*)?> \Z")
"""The beginning of a line that waits to be written to its end."""
KEYS = {"Ctrl-C": b"\x03", "Ctrl-D": b"\x04", "Enter": b"\n"}
PATIENCE_S = 40.0


class Terminal:
    """One program at one terminal; a context manager that ends it."""

    def __init__(
        self, argv: Sequence[str], *, environment: Mapping[str, str], directory: Path, columns: int, rows: int
    ) -> None:
        self._ours, theirs = os.openpty()
        self.resize(columns, rows)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SESSION, *argv],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )
        os.close(theirs)
        self.raw = b""
        self._read_to = 0
        self._is_open = True

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the terminal away, and what still runs at it."""
        self.hang_up()
        if self._process.poll() is None:
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def pid(self) -> int:
        """The program."""
        return self._process.pid

    @property
    def text(self) -> str:
        """All that was written so far, without escape sequences."""
        return plain(self.raw)

    def expect(self, words: str, *, within_s: float = PATIENCE_S) -> str:
        """Wait until `words` are written, after what was expected before; return everything up to them."""
        deadline = time.monotonic() + within_s
        while (at := self.text.find(words, self._read_to)) < 0:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not self._read(left_s):
                seen = self.text[self._read_to :]
                raise AssertionError(f"{words!r} was not written; after what was expected before it says:\n{seen}")
        before = self.text[self._read_to : at]
        self._read_to = at + len(words)
        return before

    def question(self, *, within_s: float = PATIENCE_S) -> str:
        """Wait until the program asks; return what it wrote since what was expected or asked before."""
        deadline = time.monotonic() + within_s
        while not _PROMPT.search(self.text, self._read_to):
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not self._read(left_s):
                raise AssertionError(f"nothing is asked; it says:\n{self.text[self._read_to :]}")
        before, self._read_to = self.text[self._read_to :], len(self.text)
        return before

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{text}\n".encode())

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._ours, KEYS[key])

    def resize(self, columns: int, rows: int) -> None:
        """Make the window larger or smaller."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def echoes(self) -> bool:
        """Say whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._ours)[3] & termios.ECHO)

    def wait(self, *, within_s: float = PATIENCE_S) -> int:
        """Wait for the end of the program, reading what it writes; return its exit code."""
        deadline = time.monotonic() + within_s
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"the program does not end; it says:\n{self.text[self._read_to :]}")
            self._read(0.05)
        while self._read(0):
            pass
        return self._process.returncode

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        if self._is_open:
            self._is_open = False
            os.close(self._ours)

    def _read(self, seconds: float) -> bool:
        """Read what there is within a time; False when nothing came."""
        if not self._is_open or not select.select([self._ours], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._ours, 1 << 16)
        except OSError:
            return False
        self.raw += data
        return bool(data)


def plain(raw: bytes) -> str:
    """Return what a terminal was sent, without escape sequences."""
    return _ESCAPE.sub("", raw.decode("utf-8", "replace")).replace("\r\n", "\n")
