"""PromQL by Prometheus's own grammar; the parser is imported when the first query is met."""

from __future__ import annotations

import re
from typing import Any

from architect.grammars.placeholders import Language, mask

MAX_CHARACTERS = 20_000
MAX_JOINTS = 300
"""Operators and brackets in one query: the parser recurses over them and would end the process on thousands."""

_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|`[^`]*`|#[^\n]*", re.DOTALL)
_JOINT = re.compile(r"[(\[+\-*/%^<>]|==|!=|\b(?:and|or|unless|atan2|offset)\b", re.IGNORECASE)


class PromqlError(ValueError):
    """The text is not PromQL."""


def parse(text: str) -> Any:
    """Return the expression of a query; placeholders count as names, ranges and values.

    Raises PromqlError for text that Prometheus would reject.
    """
    if len(text) > MAX_CHARACTERS:
        raise PromqlError("the query is too long")
    if len(_JOINT.findall(_STRING.sub("", text))) > MAX_JOINTS:
        raise PromqlError("the query is nested too deeply")
    import promql_parser

    try:
        return promql_parser.parse(mask(text, Language.PROMQL))
    except (ValueError, TypeError, RuntimeError) as error:
        raise PromqlError(" ".join(str(error).split())[:200]) from error
