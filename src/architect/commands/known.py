"""What is known of one statement, request or call, before it gets its place in the text."""

from __future__ import annotations

from typing import NamedTuple

from architect.commands.model import Effect, Flag

WRITES = "writes"
"""The parameter of a command that names a file it writes; whoever knows the working directory weighs it."""


class Known(NamedTuple):
    """An effect, in words for the person who decides, and what else follows.

    `writes` is a plain file name that is written, which `effect` does not count.
    """

    effect: Effect
    reason: str
    flags: frozenset[Flag] = frozenset()
    writes: str = ""
