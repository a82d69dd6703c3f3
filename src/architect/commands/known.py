"""What is known of one statement, request or call, before it gets its place in the text."""

from __future__ import annotations

from typing import NamedTuple

from architect.commands.model import Effect, Flag


class Known(NamedTuple):
    """An effect, in words for the person who decides, and what else follows."""

    effect: Effect
    reason: str
    flags: frozenset[Flag] = frozenset()
