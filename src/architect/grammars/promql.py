"""PromQL by Prometheus's own grammar; the parser is imported when the first query is met."""

from __future__ import annotations

from typing import Any

from architect.grammars.placeholders import Language, mask

MAX_CHARACTERS = 100_000


class PromqlError(ValueError):
    """The text is not PromQL."""


def parse(text: str) -> Any:
    """Return the expression of a query; placeholders count as names, ranges and values.

    Raises PromqlError for text that Prometheus would reject.
    """
    if len(text) > MAX_CHARACTERS:
        raise PromqlError("the query is too long")
    import promql_parser

    try:
        return promql_parser.parse(mask(text, Language.PROMQL))
    except (ValueError, TypeError, RuntimeError) as error:
        raise PromqlError(" ".join(str(error).split())[:200]) from error
