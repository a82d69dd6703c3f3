"""Option groups: actions of which one is to be chosen."""

from __future__ import annotations

from dataclasses import dataclass

from architect.runbooks.model import Action, Option, OptionGroup, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An action in its step. `option` names the alternative it belongs to; `is_or` makes the one before an alternative.

    `begins` marks the first action of its alternative: later actions of the same block go with it.
    """

    action: Action
    option: str | None = None
    is_or: bool = False
    begins: bool = False


Alternative = tuple[str, list[Entry]]


def grouped(entries: tuple[Entry, ...]) -> list[Entry | list[Alternative]]:
    """Return the entries with those that exclude one another drawn together."""
    items: list[Entry | list[Alternative]] = []
    for entry in entries:
        last = items[-1] if items else None
        if entry.is_or:
            _add_or(items, entry)
        elif entry.option is not None:
            _add_option(items, entry)
        elif isinstance(last, list) and _goes_on(last[-1][1][-1], entry):
            last[-1][1].append(entry)
        else:
            items.append(entry)
    return [_sole(item) for item in items]


def _sole(item: Entry | list[Alternative]) -> Entry | list[Alternative]:
    """Return what is one action and no choice as that action."""
    if isinstance(item, list) and len(item) == 1 and len(item[0][1]) == 1:
        return item[0][1][0]
    return item


def _goes_on(last: Entry, entry: Entry) -> bool:
    return last.action.block is not None and last.action.block is entry.action.block


def _add_option(items: list[Entry | list[Alternative]], entry: Entry) -> None:
    last = items[-1] if items else None
    title = entry.option or ""
    if not isinstance(last, list):
        items.append([(title, [entry])])
    elif last[-1][0] == title and not entry.begins:
        last[-1][1].append(entry)
    else:
        last.append((title, [entry]))


def _add_or(items: list[Entry | list[Alternative]], entry: Entry) -> None:
    alternative = (entry.option or entry.action.title, [entry])
    if not items:
        items.append(entry)
        return
    last = items[-1]
    if isinstance(last, list):
        last.append(alternative)
        return
    before = [last]
    items.pop()
    while items and isinstance(items[-1], Entry) and not before[0].action.title and _goes_on(items[-1], before[0]):
        before.insert(0, items[-1])
        items.pop()
    items.append([(before[0].action.title or title_from(before[0].action), before), alternative])


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
