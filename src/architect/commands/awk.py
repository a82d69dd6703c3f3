"""Reads awk programs far enough to tell what they write or run; what it cannot follow is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from architect.commands.known import WRITES
from architect.commands.model import CommandEffect, Effect
from architect.commands.paths import shows_secret
from architect.commands.words import literal

_TOKEN = re.compile(
    r"(?P<blank>(?:[ \t\r]|\\\n)+)|(?P<comment>\#[^\n]*)|(?P<string>\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<name>[A-Za-z_]\w*(?:::\w+)?)"
    r"|(?P<operator>\|\||\|&|&&|>>|>=|<=|==|!=|!~|\+\+|--|\+=|-=|\*=|/=|%=|\^=|\*\*=?|[-+*/%^!<>|?:~$=,;(){}\[\]\n@&])",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?:[^/\\\n\[]|\\.|\[\^?\]?(?:[^\]\\\n]|\\.)*\])*/")
_BEFORE_DIVISION = frozenset(("name", "number", "string", "regex"))
_CLOSERS = frozenset((")", "]", "$", "++", "--"))
_KEYWORDS = frozenset(("print", "printf", "return", "in", "case", "delete", "else", "do"))
_RUNS = frozenset(("system",))
_STREAMS = frozenset(('"/dev/stdout"', '"/dev/stderr"', '"/dev/null"', '"-"'))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


class _NotUnderstoodError(Exception):
    """The program holds a character that begins no token."""


def judge_awk(text: str) -> tuple[CommandEffect, ...]:
    """Judge an awk program; the files it writes are checked by whoever runs it."""
    try:
        tokens = list(_tokens(text))
    except _NotUnderstoodError:
        return (_about(text, Effect.UNKNOWN, "this awk program is not understood"),)
    runs = next((token.text for token in tokens if _is_running(token)), "")
    if runs:
        return (_about(text, Effect.UNKNOWN, f"runs other programs or text ({runs})"),)
    if any(token.kind == "name" and token.text in ("ENVIRON", "PROCINFO", "SYMTAB") for token in tokens):
        return (_about(text, Effect.EXPOSES, "reads the environment, secrets too"),)
    names = [token.text[1:-1] for token in tokens if token.kind == "string"]
    if any(shows_secret(literal(name, 0, 0)) for name in names if "/" in name or name.startswith(".")):
        return (_about(text, Effect.EXPOSES, "names a file that looks like a secret"),)
    if any(name.startswith("/inet") for name in names):
        return (_about(text, Effect.UNKNOWN, "opens a connection"),)
    return _writing(text, tokens)


def _is_running(token: _Token) -> bool:
    if token.kind == "name":
        return token.text in _RUNS
    return token.kind == "operator" and token.text in ("|", "|&", "@")


def _writing(text: str, tokens: list[_Token]) -> tuple[CommandEffect, ...]:
    targets = [target for target in _targets(tokens) if target.text not in _STREAMS]
    if not targets:
        return (_about(text, Effect.READ, "prints what it computes"),)
    if any(target.kind != "string" or "\\" in target.text for target in targets):
        return (_about(text, Effect.UNKNOWN, "writes files that the text does not tell"),)
    names = [target.text[1:-1] for target in targets]
    return tuple(_about(text, Effect.WRITE, f"writes {name}", name) for name in names)


def _targets(tokens: list[_Token]) -> Iterator[_Token]:
    """Yield what `print … > target` writes to: a `>` outside of parentheses, up to the statement's end."""
    is_printing, depth = False, 0
    for index, token in enumerate(tokens):
        if token.kind == "name" and token.text in ("print", "printf"):
            is_printing, depth = True, 0
        elif token.text in ("(", "["):
            depth += 1
        elif token.text in (")", "]"):
            depth -= 1
        elif depth <= 0 and token.text in (";", "\n", "}", "{"):
            is_printing = False
        elif is_printing and depth <= 0 and token.text in (">", ">>"):
            following = tokens[index + 1 : index + 3]
            yield following[0] if _ends_there(following) else _Token("expression", "")


def _ends_there(following: list[_Token]) -> bool:
    return bool(following) and (len(following) < 2 or following[1].text in (";", "\n", "}"))


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    last = _Token("operator", "")
    while at < len(text):
        match = _regex_or_token(text, at, last)
        if match is None:
            raise _NotUnderstoodError
        at = match.end()
        kind = match.lastgroup or "regex"
        if kind in ("blank", "comment"):
            continue
        last = _Token(kind, match.group())
        yield last


def _regex_or_token(text: str, at: int, last: _Token) -> re.Match[str] | None:
    """Match a regular expression where the grammar expects an operand, else a token: `/` means both."""
    if text[at] == "/" and last.text == "getline":
        return None  # a division to one awk, a regular expression to another
    is_operand_before = last.kind in _BEFORE_DIVISION and last.text not in _KEYWORDS
    if text[at] == "/" and not is_operand_before and last.text not in _CLOSERS:
        return _REGEX.match(text, at)
    return _TOKEN.match(text, at)


def _about(text: str, effect: Effect, reason: str, written: str = "") -> CommandEffect:
    return CommandEffect(
        text=text,
        start=0,
        end=len(text),
        effect=effect,
        reason=reason,
        language="awk",
        parameters=((WRITES, written),) if written else (),
    )
