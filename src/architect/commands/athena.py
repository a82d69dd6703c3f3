"""What a query handed to Athena does; its SQL is not PostgreSQL's, so only whole kinds of statements are told apart."""

from __future__ import annotations

import re

from architect.commands.known import Known
from architect.commands.model import Effect

_QUIET = re.compile(r"--[^\n]*|/\*.*?\*/|'[^']*'|\"[^\"]*\"", re.DOTALL)
_FIRST_WORD = re.compile(r"\W*(\w+)")
_READS = frozenset(("select", "with", "show", "describe", "desc", "explain", "values"))
_CHANGES = re.compile(
    r"\b(?:insert|update|delete|merge|create|drop|alter|truncate|unload|call|msck|grant|revoke|execute|prepare|external"
    r"|vacuum|optimize)\b",
    re.IGNORECASE,
)
_DESTROYS = frozenset(("delete", "drop", "truncate"))
_WRITES = frozenset(("insert", "create", "unload", "msck", "alter", "update", "merge", "optimize"))


def judge_athena(query: str | None) -> Known:
    """Return what a query does; one that text cannot tell is unknown."""
    if query is None:
        return Known(Effect.UNKNOWN, "the query is not in the text")
    plain = _QUIET.sub(" ", query)
    match = _FIRST_WORD.match(plain)
    word = match[1].lower() if match else ""
    if word in _READS and not _CHANGES.search(plain):
        return Known(Effect.READ, "queries tables")
    if word in _DESTROYS:
        return Known(Effect.DESTRUCTIVE, f"runs {word.upper()} on tables")
    if word in _WRITES:
        return Known(Effect.WRITE, f"runs {word.upper()} on tables")
    return Known(Effect.UNKNOWN, "is no query that is known to be a read")
