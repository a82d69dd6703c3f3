"""Labels: `**Response SLA**: 5 minutes`, a line of bold or a short `Owner: x`, with the value behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from architect.runbooks.markdown import Leaf
from architect.runbooks.model import NodeKind, Segment, Span
from architect.runbooks.wording import plain, without_symbols

_BOLD = re.compile(
    r"[^\w*<\[`]{0,8}(?P<mark>\*\*|__)(?P<title>[^*\n_][^*\n]{0,118}?)(?P=mark)[ \t]*(?P<colon>:|"
    r"[-–—](?=\s))?[ \t]*(?P<value>[^\n]*)"
)
_BAR = re.compile(r"(?<=\s)[|·•](?=\s[^\w*\n]{0,8}\*\*)")
_NEXT = re.compile(r"(?<=\S)[ \t](?=[ \t]*\*\*[^*\n:]{1,40}(?::\*\*|\*\*:)[ \t])")
_PLAIN = re.compile(r"[A-Z][\w-]*(?: [\w-]+){0,2}:")
_BARE = re.compile(r"[ \t]*(?P<title>[A-Z][A-Za-z /-]{1,30}):[ \t]+(?P<value>\S[^\n]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label; `value` is empty where the label opens what follows it."""

    title: str
    value: str
    span: Span
    is_bold: bool
    has_colon: bool = True

    @property
    def value_span(self) -> Span:
        """Where the value stands: at the end of its line."""
        return Span(self.span.end - len(self.value), self.span.end)


@lru_cache(maxsize=1024)
def labels_of(leaf: Leaf) -> tuple[Label, ...]:
    """Return the labels that the lines of a paragraph are; lines that continue a value belong to it."""
    if ":" not in leaf.text and "**" not in leaf.text and "__" not in leaf.text:
        return ()
    return tuple(_labels(leaf))


def _labels(leaf: Leaf) -> Iterator[Label]:
    for segment in _parts(leaf):
        line = leaf.text[segment.at : segment.at + segment.length].rstrip()
        bold = _BOLD.match(line)
        match = bold or _BARE.match(line)
        if match is None:
            continue
        title = match["title"]
        has_colon = bold is None or match["colon"] is not None or title.rstrip().endswith(":")
        if bold and match["value"] and not has_colon:
            continue
        value = match["value"].rstrip("\\ ").strip()
        end = match.start("value") + len(value) if value else len(line)
        yield Label(
            title=without_symbols(plain(title)).rstrip(":").strip(),
            value=value,
            span=Span(segment.document, segment.document + end),
            is_bold=bold is not None,
            has_colon=has_colon,
        )


def _parts(leaf: Leaf) -> Iterator[Segment]:
    """Yield the lines of a leaf; one of several bold labels in a row, `**Severity:** P1 | **SLA:** 5m`, in parts."""
    for segment in leaf.segments:
        line = leaf.text[segment.at : segment.at + segment.length]
        bars = _bars(line) if line.count("**") > 2 else []
        starts = [0, *(bar + 1 for bar in bars)]
        for start, end in zip(starts, [*bars, len(line)], strict=True):
            blanks = len(line[start:end]) - len(line[start:end].lstrip())
            at = start + blanks
            yield Segment(segment.at + at, segment.document + at, end - at)


def _bars(line: str) -> list[int]:
    """Return where a line of several labels is parted: at bars, or before each label that follows one."""
    bars = [match.start() for match in _BAR.finditer(line)]
    first = _BOLD.match(line)
    is_labelled = first is not None and (first["colon"] is not None or first["title"].endswith(":"))
    if bars or not is_labelled:
        return bars
    return [match.start() for match in _NEXT.finditer(line)]


def opening_label(leaf: Leaf) -> Label | None:
    """Return the bold label that is all of a paragraph outside lists and opens what follows it."""
    text = leaf.text
    if ("**" not in text and "__" not in text) or len(leaf.segments) != 1 or not leaf.is_paragraph:
        return None
    labels = labels_of(leaf)
    return labels[0] if len(labels) == 1 and labels[0].is_bold and not labels[0].value else None


def plain_label(leaf: Leaf) -> Label | None:
    """Return the few words before a colon that are all of a paragraph outside lists: `Prerequisites:`."""
    text = leaf.text.strip()
    if not leaf.is_paragraph or leaf.items or len(leaf.segments) != 1 or not _PLAIN.fullmatch(text):
        return None
    return Label(title=text.rstrip(":"), value="", span=leaf.span, is_bold=False)


def is_label_line(leaf: Leaf) -> bool:
    """Say whether a leaf is a paragraph whose first line is a label."""
    return leaf.kind is NodeKind.PARAGRAPH and bool(labels_of(leaf))
