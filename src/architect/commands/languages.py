"""The other languages a shell text can hold, found by name when they are first met.

A text language is judged by `judge_<name>(text) -> tuple[CommandEffect, ...]` with offsets in that text, an interpreter
by `judge_<name>_call(call) -> tuple[CommandEffect, ...]` with offsets in the text that the call came from. Neither
raises for any input; what they cannot prove is unknown. An empty result says nothing and so counts as unknown.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from architect.commands.calls import Call
from architect.commands.model import CommandEffect, Effect

_LEAVES = frozenset(("", "Q", "q", "quit", "exit", "QUIT"))
"""Inputs that end a session in any language."""

TextJudge: TypeAlias = Callable[[str], tuple[CommandEffect, ...]]
CallJudge: TypeAlias = Callable[[Call], tuple[CommandEffect, ...]]

_TEXT_JUDGES = {
    "sql": ("architect.commands.sql", "judge_sql"),
    "psql": ("architect.commands.sql", "judge_psql"),
    "mysql": ("architect.commands.mysql", "judge_mysql"),
    "promql": ("architect.commands.promql", "judge_promql"),
    "redis": ("architect.commands.redis", "judge_redis"),
    "awk": ("architect.commands.awk", "judge_awk"),
    "sed": ("architect.commands.sed", "judge_sed"),
}
_CALL_JUDGES = {
    "http": ("architect.commands.http", "judge_http_call"),
    "aws": ("architect.commands.aws", "judge_aws_call"),
    "redis": ("architect.commands.redis", "judge_redis_call"),
}


def judge_text(language: str, text: str) -> tuple[CommandEffect, ...]:
    """Judge a text in another language."""
    judge = _text_judge(language)
    found = () if judge is None else judge(text)
    if not found and language == "other" and text.strip() in _LEAVES:
        return (_says_nothing(text),)
    return found or (_not_understood(text, 0, language),)


def judge_call(interpreter: str, call: Call) -> tuple[CommandEffect, ...]:
    """Hand a parsed call to its interpreter."""
    judge = _call_judge(interpreter)
    found = () if judge is None else judge(call)
    return found or (_not_understood(call.text, call.start, interpreter),)


def _says_nothing(text: str) -> CommandEffect:
    return CommandEffect(text=text, start=0, end=len(text), effect=Effect.READ, reason="ends the session")


def _not_understood(text: str, start: int, language: str) -> CommandEffect:
    return CommandEffect(
        text=text,
        start=start,
        end=start + len(text),
        effect=Effect.UNKNOWN,
        reason=f"this {language} is not understood",
        language=language,
    )


@cache
def _text_judge(language: str) -> TextJudge | None:
    place = _TEXT_JUDGES.get(language)
    if place is None:
        return None
    judge: TextJudge | None = _attribute(*place)
    return judge


@cache
def _call_judge(interpreter: str) -> CallJudge | None:
    place = _CALL_JUDGES.get(interpreter)
    if place is None:
        return None
    judge: CallJudge | None = _attribute(*place)
    return judge


def _attribute(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError:
        return None
