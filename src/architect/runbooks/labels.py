"""Labels: `**Response SLA**: 5 minutes`, a line of bold or a short `Owner: x`, with the value behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Span
from architect.runbooks.wording import plain

_BOLD = re.compile(
    r"[ \t]*(?:\*\*|__)(?P<title>[^*\n_][^*\n]{0,118}?)(?:\*\*|__)[ \t]*(?P<colon>:|[-–—](?=\s))?[ \t]*(?P<value>[^\n]*)"
)
_BARE = re.compile(r"[ \t]*(?P<title>[A-Z][A-Za-z /-]{1,30}):[ \t]+(?P<value>\S[^\n]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label; `value` is empty where the label opens what follows it."""

    title: str
    value: str
    span: Span
    is_bold: bool

    @property
    def value_span(self) -> Span:
        """Where the value stands: at the end of its line."""
        return Span(self.span.end - len(self.value), self.span.end)


def labels_of(leaf: Leaf) -> tuple[Label, ...]:
    """Return the labels that the lines of a paragraph are; lines that continue a value belong to it."""
    return tuple(_labels(leaf))


def _labels(leaf: Leaf) -> Iterator[Label]:
    for segment in leaf.segments:
        line = leaf.text[segment.at : segment.at + segment.length]
        bold = _BOLD.match(line)
        match = bold or _BARE.match(line)
        if match is None:
            continue
        title = match["title"]
        has_colon = bold is None or match["colon"] is not None or title.rstrip().endswith(":")
        if bold and match["value"] and not has_colon:
            continue
        yield Label(
            title=plain(title).rstrip(":").strip(),
            value=match["value"].strip(),
            span=Span(segment.document, segment.document + len(line.rstrip())),
            is_bold=bold is not None,
        )
