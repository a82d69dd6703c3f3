"""Option groups: actions of which one is to be chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from architect.grammars.placeholders import Placeholder
from architect.runbooks.model import Action, ActionKind, Option, OptionGroup, Phase, Span
from architect.runbooks.programs import program_of
from architect.runbooks.titles import lead_phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An action in its step. `option` names the alternative it belongs to; `is_or` makes the one before an alternative.

    `begins` marks the first action of its alternative: later actions of the same block go with it.
    """

    action: Action
    option: str | None = None
    is_or: bool = False
    begins: bool = False
    placeholders: tuple[Placeholder, ...] | None = None


Alternative = tuple[str, list[Entry]]
Item = Entry | list[Alternative]

_OPPOSITES = (
    ("increase", "decrease", True),
    ("raise", "lower", True),
    ("grow", "shrink", True),
    ("expand", "shrink", True),
    ("upgrade", "downgrade", True),
    ("promote", "demote", True),
    ("scale up", "scale down", False),
    ("scale out", "scale in", False),
    ("turn on", "turn off", False),
    ("enable", "disable", False),
    ("activate", "deactivate", False),
    ("start", "stop", False),
    ("add", "remove", False),
    ("attach", "detach", False),
    ("grant", "revoke", False),
    ("register", "deregister", False),
    ("mount", "unmount", False),
    ("lock", "unlock", True),
    ("block", "unblock", True),
    ("mute", "unmute", True),
    ("silence", "unsilence", True),
    ("pause", "resume", True),
    ("suspend", "resume", True),
    ("cordon", "uncordon", True),
)
"""Titles that undo one another, and whether that holds in either order: `stop` then `start` is a restart."""


def grouped(entries: tuple[Entry, ...]) -> list[Item]:
    """Return the entries with those that exclude one another drawn together."""
    items: list[Item] = []
    for entry in entries:
        last = items[-1] if items else None
        if entry.is_or:
            _add_or(items, entry)
        elif entry.option is not None:
            _add_option(items, entry)
        elif isinstance(last, list) and _goes_on(last[-1][1][-1], entry) and not _checks(entry):
            last[-1][1].append(entry)
        elif isinstance(last, Entry) and _are_opposite(last, entry):
            items[-1] = [(last.action.title, [last]), (entry.action.title, [entry])]
        else:
            items.append(entry)
    return list(_choices(items))


def _choices(items: list[Item]) -> Iterator[Item]:
    """Yield the items; what has no second alternative is no choice."""
    for item in items:
        if isinstance(item, list) and len(item) == 1:
            yield from item[0][1]
        else:
            yield item


def _goes_on(last: Entry, entry: Entry) -> bool:
    return last.action.block is not None and last.action.block is entry.action.block


def _checks(entry: Entry) -> bool:
    """Say whether an action verifies whatever was chosen before it."""
    return lead_phase(entry.action.title) is Phase.VERIFY


def _add_option(items: list[Item], entry: Entry) -> None:
    last = items[-1] if items else None
    title = entry.option or ""
    if not isinstance(last, list):
        items.append([(title, [entry])])
    elif last[-1][0] == title and not entry.begins:
        last[-1][1].append(entry)
    else:
        last.append((title, [entry]))


def _add_or(items: list[Item], entry: Entry) -> None:
    alternative = (entry.option or entry.action.title, [entry])
    if not items:
        items.append(entry)
        return
    last = items[-1]
    if isinstance(last, list):
        last.append(alternative)
        return
    items.pop()
    first = last
    before = [last]
    is_apart = not _goes_on(last, entry)
    while items and isinstance(items[-1], Entry) and _goes_on(items[-1], first):
        if first.action.title and not is_apart:
            break
        first = items[-1]
        before.append(first)
        items.pop()
    items.append([(first.action.title or title_from(first.action), before[::-1]), alternative])


def _are_opposite(first: Entry, second: Entry) -> bool:
    """Say whether two neighbours in one block undo one another: to run both is to run neither."""
    if not _goes_on(first, second) or first.action.kind is not ActionKind.SHELL:
        return False
    if not (first.action.title and second.action.title and _is_like(first.action.text, second.action.text)):
        return False
    one, other = first.action.title.lower(), second.action.title.lower()
    return any(
        (_begins(one, this) and _begins(other, that)) or (is_either and _begins(one, that) and _begins(other, this))
        for this, that, is_either in _OPPOSITES
    )


def _begins(title: str, words: str) -> bool:
    return re.match(rf"{words}(?:s|ing)?\b", title) is not None


def _is_like(one: str, other: str) -> bool:
    """Say whether two commands are the same but for a value or a verb."""
    first, second = one.split(), other.split()
    same = sum(left == right for left, right in zip(first, second, strict=False))
    return program_of(one) == program_of(other) and len(first) == len(second) and same * 2 >= len(first)


def title_from(action: Action) -> str:
    """Return a title for an action that has none: its first line."""
    first = action.text.strip().splitlines()[0] if action.text.strip() else ""
    return first if len(first) <= 60 else first[:57] + "…"


def group_of(alternatives: list[Alternative], actions: dict[int, Action], *, group_id: str) -> OptionGroup:
    """Return the group with numbered actions in the places of the entries' own."""
    options = tuple(
        Option(number=number, title=title, actions=tuple(actions[id(entry)] for entry in entries))
        for number, (title, entries) in enumerate(alternatives, start=1)
    )
    spans = [action.span for option in options for action in option.actions]
    return OptionGroup(id=group_id, options=options, span=Span(spans[0].start, max(span.end for span in spans)))
