"""Contacts: who and where, from the parts of a document that name them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from architect.runbooks.labels import labels_of, opening_label
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Contact, NodeKind
from architect.runbooks.sections import Section
from architect.runbooks.tables import rows_of
from architect.runbooks.titles import is_aside, is_part_title
from architect.runbooks.wording import plain, title_of, without_symbols

_PART = re.compile(
    r".*\bcontacts?\b.*|.*\bwho to (?:call|contact|page)\b.*|(?:primary |secondary )?on-?call(?: .*)?|.*\b(?:phone|"
    r"call) ?(?:book|list|tree)\b.*|"
    r"key people|.*\bstakeholders\b.*|(?:support|vendor) (?:channels?|numbers?)|rota|.*\brotations?\b",
    re.IGNORECASE,
)
_LABEL_PART = re.compile(
    r"(?:key |emergency |escalation |vendor |primary |important |main )*contacts?(?: information| list)?", re.IGNORECASE
)
_PAIR = re.compile(r"(?P<role>[^\W\d_][^:\n|]{1,60}?)\s*(?::|\s[-–—](?=\s))\s*(?P<value>\S.*)")
_CHANNEL = re.compile(
    r"(?:phone|mobile|cell|tel|telephone|e-?mail|mail|slack|pagerduty|pager|opsgenie|teams|sms|telegram|whatsapp|"
    r"signal|zoom|call|chat|"
    r"channel|office|hours?|name|backup|secondary|primary)",
    re.IGNORECASE,
)


def names_contacts(title: str) -> bool:
    """Say whether a heading's part lists contacts."""
    return bool(_PART.fullmatch(title_of(title))) and not is_part_title(title)


def contacts_in(section: Section) -> Iterator[Contact]:
    """Yield the contacts that labels, list items and table rows of such a part name, the parts below it too."""
    for each in section.all_sections():
        yield from _of_leaves(each, "" if each is section or names_contacts(each.title) else title_of(each.title))


def contacts_below_labels(section: Section) -> Iterator[Contact]:
    """Yield the contacts that a list below a label such as `**Key contacts**:` names in any other part."""
    is_listing = False
    if not any("ontact" in leaf.text for leaf in section.leaves):
        return
    for leaf in section.leaves:
        opening = opening_label(leaf)
        if opening is not None:
            is_listing = bool(_LABEL_PART.fullmatch(title_of(opening.title)))
        elif is_listing and leaf.items:
            yield from _pair(leaf, "")
        elif leaf.kind is NodeKind.PARAGRAPH:
            is_listing = False


def _of_leaves(section: Section, whose: str) -> Iterator[Contact]:
    for leaf in section.leaves:
        if leaf.items and leaf.kind is NodeKind.PARAGRAPH:
            yield from _pair(leaf, whose)
        elif leaf.kind is NodeKind.PARAGRAPH:
            opening = opening_label(leaf)
            if opening is not None:
                whose = "" if _LABEL_PART.fullmatch(title_of(opening.title)) else opening.title
                continue
            labels = (label for label in labels_of(leaf) if label.value and not is_aside(label.title))
            for label in labels:
                yield Contact(role=label.title, value=plain(label.value), span=label.span)
        else:
            yield from _rows(leaf)


def _pair(leaf: Leaf, whose: str) -> Iterator[Contact]:
    """Yield the contact of a list item; `Phone: …` below the label of a role belongs to that role."""
    words = without_symbols(leaf.words)
    match = _PAIR.match(words)
    if match is None:
        return
    role, value = match["role"].strip(), match["value"].strip()
    if whose and _CHANNEL.fullmatch(role):
        yield Contact(role=whose, value=f"{role}: {value}", span=leaf.span)
    else:
        yield Contact(role=role, value=value, span=leaf.span)


def _rows(leaf: Leaf) -> Iterator[Contact]:
    rows = rows_of(leaf)
    for row in rows[1:]:
        filled = [cell for cell in row.cells if cell]
        if len(filled) >= 2:
            yield Contact(role=filled[0], value=" · ".join(filled[1:]), span=row.span)
