"""What a person types: a line, a secret, and nothing that was typed before the question was there."""

from __future__ import annotations

import getpass
import sys
import termios
from typing import Protocol

from architect.cli.terminal.screen import Screen
from architect.kernel.errors import UsageError
from architect.runs.values import require_text

MAX_LINE_BYTES = 4095
"""A terminal hands over no longer line; what is longer arrives cut."""


class Keyboard(Protocol):
    """Where answers come from. Both raise EOFError when there will be none."""

    def line(self, prompt: str) -> str:
        """Return one line."""
        ...

    def secret(self, prompt: str) -> str:
        """Return one line that is not shown."""
        ...

    def forget(self) -> None:
        """Drop what was typed before it was asked for."""
        ...


class TerminalKeyboard(Keyboard):
    """The keyboard of the terminal at stdin."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def line(self, prompt: str) -> str:
        """Return one line. Raises EOFError at its end, UsageError for a line that the terminal may have cut."""
        self._screen.ask(prompt)
        try:
            text = sys.stdin.readline()
        except OSError as error:
            raise EOFError from error
        if not text:
            raise EOFError
        text = text.removesuffix("\n")
        require_text("that line", text)
        if len(text.encode()) >= MAX_LINE_BYTES:
            raise UsageError(
                f"a line at a terminal ends after {MAX_LINE_BYTES} bytes; this one was cut",
                hint="give the value with --set, or later with `architect runs answer … set-value --value`",
            )
        return text

    def secret(self, prompt: str) -> str:
        """Return one line that is not shown."""
        return getpass.getpass(prompt)

    def forget(self) -> None:
        """Drop what was typed while something else happened: it was no answer to what is asked now."""
        try:
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        except (termios.error, OSError, ValueError):
            return
