"""Contacts: who and where, from the parts of a document that name them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from architect.runbooks.labels import labels_of
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Contact, NodeKind, Span
from architect.runbooks.tables import rows_of
from architect.runbooks.wording import plain

_PART = re.compile(
    r".*\bcontacts?\b|.*\bwho to call\b|on-?call(?: .*)?|.*\bphone ?(?:book|list)\b|key people|.*\bstakeholders\b",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"(?:\*\*)?(?P<role>[A-Za-z][^:*\n|]{1,60}?)(?:\*\*)?\s*(?::|[-–—](?=\s))(?:\*\*)?\s*(?P<value>\S[^\n]*)"
)


def names_contacts(title: str) -> bool:
    """Say whether a heading's part lists contacts."""
    return bool(_PART.fullmatch(title))


def contacts_in(leaves: tuple[Leaf, ...]) -> Iterator[Contact]:
    """Yield the contacts that labels, list items and table rows of such a part name."""
    for leaf in leaves:
        if leaf.items and leaf.kind is NodeKind.PARAGRAPH:
            yield from _pair(leaf)
        elif leaf.kind is NodeKind.PARAGRAPH:
            labels = (label for label in labels_of(leaf) if label.value)
            yield from (Contact(role=label.title, value=plain(label.value), span=label.span) for label in labels)
        else:
            yield from _rows(leaf)


def _pair(leaf: Leaf) -> Iterator[Contact]:
    match = _PAIR.match(leaf.text)
    if match:
        yield Contact(role=plain(match["role"]), value=plain(match["value"]), span=leaf.span)


def _rows(leaf: Leaf) -> Iterator[Contact]:
    for row in rows_of(leaf)[1:]:
        filled = [cell for cell in row.cells if cell]
        if len(filled) >= 2:
            yield Contact(role=filled[0], value=" · ".join(filled[1:]), span=Span(row.span.start, row.span.end))
