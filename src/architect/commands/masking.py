"""Takes placeholders out of a shell text before the grammar sees it, and puts them back into what is said about it."""

from __future__ import annotations

import re
from dataclasses import replace

from architect.commands.model import CommandEffect, Target
from architect.commands.words import MASK
from architect.grammars.placeholders import PlaceholderStyle, find

_MARKS = re.compile(r"[<\[{]")
_RUN = re.compile(f"{MASK}+")
_LEGAL_WORDS = frozenset((PlaceholderStyle.DOLLAR, PlaceholderStyle.UPPER, PlaceholderStyle.YOUR))


def masked(text: str) -> str:
    """Return `text`, as long as before, with a private character for each of a placeholder's.

    Placeholders that are legal words stay; so do those inside a longer quoted text, which the shell hands on as it is.
    """
    if not _MARKS.search(text):
        return text
    pieces: list[str] = []
    at = 0
    for placeholder in find(text):
        if placeholder.style in _LEGAL_WORDS or _is_in_long_quotes(text, placeholder.start, placeholder.end):
            continue
        pieces += [text[at : placeholder.start], MASK * (placeholder.end - placeholder.start)]
        at = placeholder.end
    return "".join([*pieces, text[at:]])


def unmasked(command: CommandEffect, text: str) -> CommandEffect:
    """Return `command` with the placeholders as their author wrote them."""
    if MASK not in command.text:
        return command
    written = {len(placeholder.written): placeholder.written for placeholder in reversed(find(text))}

    def restored(part: str) -> str:
        return _RUN.sub(lambda run: written.get(len(run[0]), "<…>"), part)

    target = command.target
    if target is not None:
        name, scope = restored(target.name), restored(target.scope)
        target = Target(system=target.system, kind=restored(target.kind), name=name, scope=scope)
    return replace(
        command,
        text=restored(command.text),
        reason=restored(command.reason),
        target=target,
        dry_run=None if command.dry_run is None else restored(command.dry_run),
        parameters=tuple((name, restored(value)) for name, value in command.parameters),
    )


def _is_in_long_quotes(text: str, start: int, end: int) -> bool:
    """Say whether a placeholder stands in quotes together with blanks or braces: in data, not in a word."""
    for quote in "'\"":
        opened = text.count(quote, 0, start) % 2 == 1
        if opened:
            first, last = text.rfind(quote, 0, start), text.find(quote, end)
            around = text[first + 1 : start] + text[end : last if last >= 0 else len(text)]
            return re.search(r"[\s{}=]", around) is not None
    return False
