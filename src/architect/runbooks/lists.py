"""What lists are for: to be done, to choose from, to be gone to. Seen over all their items at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from architect.runbooks.instructions import instructs, is_foreign
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import NodeKind
from architect.runbooks.wording import is_step_title, without_symbols

_CODE = frozenset({NodeKind.FENCE, NodeKind.INDENTED_CODE})
_ANCHOR = re.compile(r"\s*\[[^\]\n]*\]\(#[^)\n]*\)\s*\Z")
_CAUSE = re.compile(r"(?P<cause>[^:]{2,70}?)\s*(?::|→|->|=>|⇒)\s+(?P<remedy>\S.*)", re.IGNORECASE | re.DOTALL)
_CONDITION = re.compile(r"(?P<cause>(?:if|when)\s+[^,:]{2,90}),\s+(?P<remedy>\S.*)", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class List:
    """One list: the first paragraph of every item, as plain words and as written."""

    is_numbered: bool
    leads: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    is_navigation: bool = False
    is_by_cause: bool = False
    holds_code: bool = False

    @property
    def instructions(self) -> int:
        """How many of its items tell the reader to do something."""
        return sum(instructs(lead) or lead.endswith("?") or is_foreign(lead) for lead in self.leads)


def lists_of(leaves: Iterable[Leaf], headings: Collection[str]) -> Mapping[int, List]:
    """Return the lists of a document by their ids; `headings` are its titles in lower case."""
    found: dict[int, List] = {}
    seen: set[int] = set()
    for leaf in leaves:
        if leaf.kind in _CODE:
            for item in leaf.items:
                found.setdefault(item.list_id, List(is_numbered=item.number is not None)).holds_code = True
        if not leaf.items or leaf.kind is not NodeKind.PARAGRAPH or leaf.items[-1].item_id in seen:
            continue
        item = leaf.items[-1]
        seen.add(item.item_id)
        one = found.setdefault(item.list_id, List(is_numbered=item.number is not None))
        one.leads.append(without_symbols(leaf.words))
        one.texts.append(leaf.text)
    for one in found.values():
        one.is_navigation = _is_navigation(one, headings)
        one.is_by_cause = not one.is_numbered and len(one.leads) > 1 and all(cause_of(lead) for lead in one.leads)
    return found


def cause_of(words: str) -> tuple[str, str] | None:
    """Return the cause and the remedy of `Cause: remedy` or `If cause, remedy`, None for other words."""
    match = _CONDITION.match(words) or _CAUSE.match(words)
    if match is None:
        return None
    cause, remedy = match["cause"].strip(), match["remedy"].strip()
    if instructs(cause) or is_step_title(cause) or not instructs(remedy):
        return None
    return cause, remedy


def _is_navigation(one: List, headings: Collection[str]) -> bool:
    """Say whether a list leads to parts of the document: links to anchors, or the titles of its headings."""
    if len(one.texts) > 1 and all(_ANCHOR.match(text) for text in one.texts):
        return True
    titled = sum(lead.rstrip(":").lower() in headings for lead in one.leads)
    return titled >= 2 and titled * 2 >= len(one.texts)
