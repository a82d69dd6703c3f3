"""Where lines go: a terminal, a pipe or a file, or nobody any more."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import termios
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TextIO, cast

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from architect.cli.terminal.style import PLAIN_SIGNS

WIDEST = 110
NARROWEST = 40
PLAIN_WIDTH = 100
"""How wide a plan is where nobody looks at a terminal."""
_REFRESHES_A_SECOND = 8


class Outlet(io.TextIOBase):
    """A stream that outlives whoever reads it: what nobody takes any more is dropped, and stderr says so once."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self.is_gone = False

    def write(self, text: str) -> int:
        """Write text; drop it when nobody takes it any more."""
        if not self.is_gone:
            try:
                self._stream.write(text)
            except (OSError, ValueError) as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        if not self.is_gone:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._give_up(error)

    def close(self) -> None:
        """Leave the stream open: it is not ours."""

    def isatty(self) -> bool:
        """Say whether a person looks at it."""
        with contextlib.suppress(ValueError):
            return self._stream.isatty()
        return False

    def fileno(self) -> int:
        """Return the descriptor behind it."""
        return self._stream.fileno()

    def _give_up(self, error: OSError | ValueError) -> None:
        """Let the rest go nowhere, so that neither the run nor the end of the process stumbles over it."""
        self.is_gone = True
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        say_aside(f"architect: nobody takes the output any more ({reason}); what happens is recorded all the same")


def say_aside(text: str) -> None:
    """Print a line on stderr, if somebody reads it."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - stderr is what this is for


class Screen:
    """Prints lines so that they fit: wrapped under their own beginning at a terminal, whole in a pipe."""

    def __init__(self, stream: TextIO | None = None, *, environment: Mapping[str, str] = os.environ) -> None:
        self.outlet = Outlet(stream or sys.stdout)
        self.is_terminal = self.outlet.isatty()
        self.is_live = self.is_terminal and environment.get("TERM", "dumb") not in ("", "dumb", "unknown")
        encoding = (stream or sys.stdout).encoding or ""
        self.is_ascii = "utf" not in encoding.lower() or _is_ascii_locale(environment)
        self.console = Console(
            file=cast("TextIO", self.outlet),
            force_terminal=self.is_terminal,
            highlight=False,
            markup=False,
            emoji=False,
            width=None if self.is_terminal else _number(environment.get("COLUMNS"), PLAIN_WIDTH),
            _environ={name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")},
        )

    @property
    def width(self) -> int:
        """How wide a line may be."""
        return max(NARROWEST, min(self.console.width, WIDEST))

    def say(self, body: Text | str = "", *, prefix: Text | str = "", hang: int | None = None) -> None:
        """Print a line; at a terminal what does not fit goes below its beginning, `hang` columns in."""
        first = Text.assemble(prefix)
        if not self.is_terminal:
            self._print(Text.assemble(first, body))
            return
        under = Text(" " * (first.cell_len if hang is None else hang))
        for line in self.wrapped(Text.assemble(body), prefix=first, under=under):
            self._print(line)

    def say_verbatim(self, line: str, *, prefix: Text, style: str = "") -> None:
        """Print a line of somebody else's; at a terminal what does not fit goes on behind the same beginning."""
        if not self.is_terminal:
            self._print(Text.assemble(prefix, (line, style)))
            return
        for piece in pieces(line, max(8, self.width - prefix.cell_len)):
            self._print(Text.assemble(prefix, (piece, style)))

    def wrapped(self, body: Text, *, prefix: Text, under: Text, width: int | None = None) -> Iterator[Text]:
        """Yield `body` behind `prefix`, broken at blanks where it is too wide, the further lines behind `under`."""
        room = max(8, (width or self.width) - max(prefix.cell_len, under.cell_len))
        for number, line in enumerate(body.wrap(self.console, room, overflow="fold")):
            line.rstrip()
            yield Text.assemble(under if number else prefix, line)

    def _print(self, line: Text) -> None:
        self.console.print(self.plain(line), soft_wrap=True)

    def plain(self, text: Text) -> Text:
        """Return the text with signs that this terminal has."""
        if self.is_ascii:
            text = text.copy()
            text.plain = text.plain.translate(PLAIN_SIGNS)
        return text

    def ask(self, prompt: str) -> None:
        """Print the beginning of a line that a person goes on with."""
        self.console.print(self.plain(Text(prompt)), end="", soft_wrap=True)
        self.outlet.flush()

    @contextlib.contextmanager
    def moving(self, show: Callable[[], RenderableType]) -> Iterator[None]:
        """Show below everything what `show` returns, again and again while the block works; nothing in a pipe."""
        if not self.is_live:
            yield
            return
        with (
            _without_echo(),
            Live(
                get_renderable=show,
                console=self.console,
                transient=True,
                refresh_per_second=_REFRESHES_A_SECOND,
                redirect_stdout=False,
                redirect_stderr=False,
            ),
        ):
            yield


def pieces(line: str, width: int) -> Iterator[str]:
    """Yield a line in pieces of at most so many columns, no character of it lost."""
    begin = used = 0
    for at, character in enumerate(line):
        size = cell_len(character)
        if used + size > width:
            yield line[begin:at]
            begin, used = at, 0
        used += size
    yield line[begin:]


@contextlib.contextmanager
def _without_echo() -> Iterator[None]:
    """Keep what is typed meanwhile from being written into the moving lines; a shell would see to it afterwards too."""
    before = _own_terminal()
    if before is None:
        yield
        return
    silent = list(before)
    silent[3] &= ~termios.ECHO
    try:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, silent)
        yield
    finally:
        with contextlib.suppress(termios.error, OSError, ValueError):
            termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


def _own_terminal() -> list[Any] | None:
    """Return the settings of the terminal at stdin; None where there is none, or it serves another job now."""
    try:
        is_ours = os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
        return termios.tcgetattr(sys.stdin) if is_ours else None
    except (termios.error, OSError, ValueError, AttributeError):
        return None


def side_by_side(items: Iterable[Text], *, between: str, width: int) -> Iterator[Text]:
    """Yield the items beside each other, none of them broken, in as few lines as they need."""
    line = Text()
    for item in items:
        if line.plain and line.cell_len + len(between) + item.cell_len > width:
            yield line
            line = Text()
        line = Text.assemble(line, between if line.plain else "", item)
    yield line


def _is_ascii_locale(environment: Mapping[str, str]) -> bool:
    """Say whether the person chose a locale without UTF-8. (Python itself sets LC_CTYPE under LANG=C.)"""
    for name in ("LC_ALL", "LANG", "LC_CTYPE"):
        if environment.get(name):
            return "utf" not in environment[name].lower()
    return False


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else otherwise
