"""What PromQL text does: a query only reads, whatever it asks."""

from __future__ import annotations

from collections.abc import Iterator

from architect.commands.model import CommandEffect, Effect, Flag, Target
from architect.grammars.promql import PromqlError, parse

SYSTEM = "prometheus"


def judge_promql(text: str) -> tuple[CommandEffect, ...]:
    """Judge one query, or one a paragraph; text that is no query is unknown."""
    return tuple(_effect(text, start, end) for start, end in _queries(text))


def _queries(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the queries: the whole text where that is one, else its paragraphs, else its lines."""
    whole = _stripped(text, 0, len(text))
    if whole[0] == whole[1]:
        return
    for spans in ([whole], list(_parts(text, "\n\n")), list(_parts(text, "\n"))):
        if all(_is_query(text[start:end]) for start, end in spans):
            yield from spans
            return
    yield whole


def _parts(text: str, separator: str) -> Iterator[tuple[int, int]]:
    at = 0
    for part in text.split(separator):
        start, end = _stripped(text, at, at + len(part))
        if start < end and not text[start:end].startswith("#"):
            yield start, end
        at += len(part) + len(separator)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    source = text[start:end]
    start += len(source) - len(source.lstrip())
    return start, start + len(source.strip())


def _is_query(text: str) -> bool:
    try:
        parse(text)
    except PromqlError:
        return False
    return True


def _effect(text: str, start: int, end: int) -> CommandEffect:
    query = text[start:end]
    effect, reason = Effect.READ, "queries metrics"
    try:
        parse(query)
    except PromqlError as error:
        effect, reason = Effect.UNKNOWN, f"is not PromQL that Prometheus accepts: {error}"
    return CommandEffect(
        text=query,
        start=start,
        end=end,
        effect=effect,
        reason=reason,
        system=SYSTEM,
        target=Target(system=SYSTEM),
        flags=frozenset((Flag.NETWORK,)),
        language="promql",
        parameters=(("query", query),),
    )
