"""Reads sed scripts far enough to tell what they write or run; what it cannot follow is unknown."""

from __future__ import annotations

import re

from architect.commands.calls import Word
from architect.commands.known import WRITES
from architect.commands.model import CommandEffect, Effect
from architect.commands.paths import shows_secret
from architect.commands.words import literal

_ADDRESS = re.compile(r"\s*(?:\d+(?:~\d+)?|\$|[+~]\d+)")
_BLANK = re.compile(r"[\s;]*")
_FLAGS = re.compile(r"[gpiImM0-9]*")
_ESCAPING_LINE = re.compile(r"(?:[^\\\n]|\\.|\\\Z)*", re.DOTALL)
_SIMPLE = frozenset("dDgGhHnNpPxzF=")
_LABELLED = frozenset("btT:")
_TEXTS = frozenset("aic")
_NUMBERED = frozenset("lLqQ")
_MAX_COMMANDS = 2000


class _NotUnderstoodError(Exception):
    """The script leaves what this reader follows."""


class _Script:
    """One pass over a script; `written` and `read` are the files it names."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.written: list[str] = []
        self.read: list[str] = []
        self.runs = False

    def scan(self) -> None:
        """Consume the whole script."""
        for _ in range(_MAX_COMMANDS):
            self._skip(_BLANK)
            if self.at >= len(self.text):
                return
            self._addresses()
            self._command()
        raise _NotUnderstoodError

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise _NotUnderstoodError
        self.at += 1
        return self.text[self.at - 1]

    def _rest_of_line(self) -> str:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        rest, self.at = self.text[self.at : end], end
        return rest.strip()

    def _addresses(self) -> None:
        while self._address():
            self._skip(re.compile(r"\s*"))
            if self.text[self.at : self.at + 1] != ",":
                break
            self.at += 1
        self._skip(re.compile(r"[\s!]*"))

    def _address(self) -> bool:
        match = _ADDRESS.match(self.text, self.at)
        if match:
            self.at = match.end()
            return True
        self._skip(re.compile(r"\s*"))
        delimiter = self.text[self.at : self.at + 1]
        if delimiter == "\\":
            self.at += 1
        elif delimiter != "/":
            return False
        self._delimited(self._next())
        self._skip(re.compile(r"[IM]*"))
        return True

    def _delimited(self, delimiter: str) -> None:
        in_class = False
        while True:
            character = self._next()
            if character == "\\":
                self._next()
            elif in_class:
                in_class = character != "]"
            elif character == "[" and delimiter != "[":
                in_class = self._opens_class()
            elif character == delimiter:
                return

    def _opens_class(self) -> bool:
        """Step over what a bracket may begin with; without a closing one it is an ordinary character."""
        match = re.compile(r"\^?\]?").match(self.text, self.at)
        start = match.end() if match else self.at
        if "]" not in self.text[start:]:
            return False
        self.at = start
        return True

    def _command(self) -> None:
        command = self._next()
        if command in _SIMPLE or command in "{}":
            return
        if command in _NUMBERED:
            self._skip(re.compile(r"\s*\d*"))
        elif command in _LABELLED:
            self._skip(re.compile(r"[^;\n}]*"))
        elif command in _TEXTS:
            self._text()
        elif command in "sy":
            self._substitution(command)
        else:
            self._file_command(command)

    def _file_command(self, command: str) -> None:
        if command == "#":
            self._rest_of_line()
        elif command in "rR":
            self.read.append(self._rest_of_line())
        elif command in "wW":
            self.written.append(self._rest_of_line())
        elif command == "e":
            self.runs = True
            self._rest_of_line()
        else:
            raise _NotUnderstoodError

    def _text(self) -> None:
        """Step over a text: it ends with the line, unless a backslash takes the line's end away."""
        match = _ESCAPING_LINE.match(self.text, self.at)
        self.at = match.end() if match else len(self.text)

    def _substitution(self, command: str) -> None:
        delimiter = self._next()
        if delimiter in "\n\\":
            raise _NotUnderstoodError
        self._delimited(delimiter)
        self._replacement(delimiter)
        if command == "y":
            return
        while True:
            self._skip(_FLAGS)
            flag = self.text[self.at : self.at + 1]
            if flag == "e":
                self.runs = True
                self.at += 1
            elif flag == "w":
                self.at += 1
                self.written.append(self._rest_of_line())
            elif not flag or flag in " \t\n;}#":
                return
            else:
                raise _NotUnderstoodError

    def _replacement(self, delimiter: str) -> None:
        while (character := self._next()) != delimiter:
            if character == "\\":
                self._next()


def judge_sed(text: str) -> tuple[CommandEffect, ...]:
    """Judge a sed script; the files it writes are checked by whoever runs it."""
    script = _Script(text)
    try:
        script.scan()
    except _NotUnderstoodError:
        return (_about(text, Effect.UNKNOWN, "this sed script is not understood"),)
    if script.runs:
        return (_about(text, Effect.UNKNOWN, "runs commands from the text it edits"),)
    if any(shows_secret(_file(name)) for name in script.read):
        return (_about(text, Effect.EXPOSES, "prints a file that looks like a secret"),)
    names = [name for name in script.written if name not in ("/dev/stdout", "/dev/stderr")]
    if names:
        return tuple(_about(text, Effect.WRITE, f"writes {name}", name) for name in names)
    return (_about(text, Effect.READ, "prints edited text"),)


def _file(name: str) -> Word:
    return literal(name, 0, len(name))


def _about(text: str, effect: Effect, reason: str, written: str = "") -> CommandEffect:
    return CommandEffect(
        text=text,
        start=0,
        end=len(text),
        effect=effect,
        reason=reason,
        language="sed",
        parameters=((WRITES, written),) if written else (),
    )
