"""What MySQL statements do, as far as their shape proves it: there is no grammar of MySQL here.

MySQL reads comments (`/*! … */`), quotes and backslashes in another way than PostgreSQL, whose grammar would miss what
they hide. A statement is a read when it begins like one and holds nothing but plain words, strings without backslashes
and a few functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from architect.commands.known import Known
from architect.commands.model import CommandEffect, Effect, Flag, Target

SYSTEM = "mysql"

_PIECE = re.compile(r"'[^'\\]*'|\"[^\"\\]*\"|;|\\[gG]|[^;'\"\\]+|.", re.DOTALL)
_STRING = re.compile(r"'[^'\\]*'|\"[^\"\\]*\"")
_READ = re.compile(
    r"(?:show|describe|desc|select|use|explain\s+(?:format\s*=\s*\w+\s+)?select)\b[\w\s.,*=<>!+%$@()'-]*"
)
_NO_READ = re.compile(
    r"\b(?:into|update|share|lock|analyze|procedure|outfile|dumpfile|handler)\b|--|:=|(?<!@)@(?!@)|show\s+create\s+user|show\s+grants"
)
_FUNCTIONS = frozenset(
    [
        *("abs", "avg", "cast", "char_length", "coalesce", "concat", "count", "database", "date", "date_format"),
        *(
            "date_sub",
            "distinct",
            "floor",
            "group_concat",
            "if",
            "ifnull",
            "in",
            "length",
            "lower",
            "max",
            "min",
            "now",
        ),
        *("nullif", "round", "substring", "sum", "timediff", "timestampdiff", "unix_timestamp", "upper", "user"),
        *(
            "version",
            "and",
            "or",
            "where",
            "values",
            "as",
            "from",
            "select",
            "exists",
            "not",
            "by",
            "on",
            "current_user",
        ),
    ]
)
_CALL = re.compile(r"([\w.$]+)\s*\(")
_SHOWS_SECRET = re.compile(r"\b(?:authentication_string|password|passwd|secret|token|api_key)\b")
_JUDGED = (
    (re.compile(r"\b(?:drop|delete|truncate|purge)\b"), Known(Effect.DESTRUCTIVE, "deletes data")),
    (re.compile(r"\breset\s+(?:master|slave|replica|binary)\b"), Known(Effect.DESTRUCTIVE, "throws logs away")),
    (re.compile(r"\b(?:grant|create\s+user|alter\s+user|set\s+password)\b"), Known(Effect.EXPOSES, "gives access")),
)


def judge_mysql(text: str) -> tuple[CommandEffect, ...]:
    """Judge MySQL statements; nothing raises, and what is not proved is unknown."""
    return tuple(_effect(text, start, end) for start, end in _statements(text))


def _statements(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _PIECE.finditer(text):
        if match.group() == ";" or match.group() in ("\\g", "\\G"):
            if text[start : match.start()].strip():
                yield start, match.start()
            start = match.end()
    if text[start:].strip():
        yield start, len(text)


def _judge(statement: str) -> Known:
    plain = statement.lower()
    for pattern, known in _JUDGED:
        if pattern.search(plain):
            return known
    words = _STRING.sub("''", plain)
    if _SHOWS_SECRET.search(words):
        return Known(Effect.EXPOSES, "shows secrets", frozenset((Flag.READS_SECRET,)))
    is_plain = _READ.fullmatch(words.strip()) is not None and _NO_READ.search(words) is None
    if is_plain and all(match[1] in _FUNCTIONS for match in _CALL.finditer(words)):
        return Known(Effect.READ, "only reads")
    return Known(Effect.UNKNOWN, "is no statement that is proved to be a read")


def _effect(text: str, start: int, end: int) -> CommandEffect:
    statement = text[start:end].strip()
    start += len(text[start:end]) - len(text[start:end].lstrip())
    known = _judge(statement)
    return CommandEffect(
        text=statement,
        start=start,
        end=start + len(statement),
        effect=known.effect,
        reason=known.reason,
        system=SYSTEM,
        target=Target(system=SYSTEM),
        flags=known.flags,
        language="mysql",
        parameters=(("statement", statement),),
    )
