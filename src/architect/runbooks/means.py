"""Alternatives side by side, as headings or labels: by their means (`Via the CLI`), by their case (`If it is full`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from architect.runbooks.labels import opening_label
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import NodeKind
from architect.runbooks.titles import is_condition, means_title

_LABEL_LEVEL = 7
_CASE = re.compile(r"(?:if|when|in case)\b", re.IGNORECASE)


def alternatives_by_means(leaves: Iterable[Leaf]) -> frozenset[int]:
    """Return where the headings and labels begin that name means, each with a neighbour of its rank that does too."""
    return _neighbours(leaves, lambda title: means_title(title) is not None)


def alternatives_by_condition(leaves: Iterable[Leaf]) -> frozenset[int]:
    """Return where the headings and labels begin that name a condition, each with such a neighbour of its rank."""
    return _neighbours(leaves, is_condition)


def later_cases(leaves: Iterable[Leaf]) -> frozenset[int]:
    """Return where paragraphs begin that name a case and lead to a block, each right behind another case's blocks."""
    found: set[int] = set()
    is_in_case = has_block = False
    for leaf in leaves:
        if leaf.kind in (NodeKind.FENCE, NodeKind.INDENTED_CODE):
            has_block = is_in_case
            continue
        is_in_case = leaf.is_paragraph and leaf.words.endswith(":") and _CASE.match(leaf.words) is not None
        if is_in_case and has_block:
            found.add(leaf.span.start)
        has_block = False
    return frozenset(found)


def _neighbours(leaves: Iterable[Leaf], is_one: Callable[[str], bool]) -> frozenset[int]:
    found: set[int] = set()
    open_runs: dict[int, list[int]] = {}
    for leaf in leaves:
        level, title = _rank(leaf)
        if not level:
            continue
        for deeper in [each for each in open_runs if each > level]:
            _close(open_runs.pop(deeper), found)
        if is_one(title):
            open_runs.setdefault(level, []).append(leaf.span.start)
        else:
            _close(open_runs.pop(level, []), found)
    for run in open_runs.values():
        _close(run, found)
    return frozenset(found)


def _rank(leaf: Leaf) -> tuple[int, str]:
    if leaf.kind is NodeKind.HEADING:
        return leaf.level, leaf.words
    label = opening_label(leaf)
    return (_LABEL_LEVEL, label.title) if label is not None else (0, "")


def _close(run: list[int], found: set[int]) -> None:
    if len(run) > 1:
        found.update(run)
