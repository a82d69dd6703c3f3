"""Steps when they are read: what stays without a command is for a person, phases settle, actions get their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from architect.grammars.placeholders import Placeholder
from architect.kernel.ids import ActionId
from architect.runbooks.actions import NO_ID, connection_placeholders, placeholders_in
from architect.runbooks.building import Part, StepDraft
from architect.runbooks.instructions import instruction_in
from architect.runbooks.model import Action, ActionKind, OptionGroup, Phase, Span, Step
from architect.runbooks.options import Entry, group_of, grouped
from architect.runbooks.titles import is_only_causes, is_part_title, lead_phase, phase_of

Uses = dict[ActionId, tuple[Placeholder, ...]]

_KEPT_IN = {
    Phase.DIAGNOSE: {Phase.VERIFY},
    Phase.UNDO: {Phase.MITIGATE},
    Phase.PREVENT: {Phase.MITIGATE, Phase.DIAGNOSE, Phase.ASSESS},
}
"""Phases that steps of a part do not take from their own words, since the part says what it is for."""
_LOOKS = frozenset({Phase.DIAGNOSE, Phase.ASSESS, Phase.VERIFY})


def default_phase(title: str) -> Phase | None:
    """Return the phase that the title of a whole runbook gives to steps which name none, None where it gives none."""
    found = phase_of(title)
    return Phase.MITIGATE if found in {Phase.UNDO, Phase.PREVENT} else found


def _phase_told(title: str, words: str) -> Phase | None:
    """Return the phase of a step by its title, else by what its words tell to do, None where neither names one."""
    if title.endswith("?"):
        return Phase.DIAGNOSE
    told = instruction_in(words) if lead_phase(title) is None else None
    return lead_phase(told) if told else lead_phase(title)


def phase_in_part(part: Part, title: str, words: str) -> Phase | None:
    """Return the phase that a step names, as far as the part around it lets that count."""
    found = Phase.DIAGNOSE if is_only_causes(title) else _phase_told(title, words)
    return part.phase if part.is_stated and found in _KEPT_IN.get(part.phase, ()) else found


def finished(drafts: Iterable[StepDraft], *, title: str) -> tuple[tuple[Step, ...], Uses]:
    """Return the steps that hold something to do, and the placeholders of their actions."""
    kept: list[StepDraft] = []
    for draft in drafts:
        if not draft.entries and draft.prose and not is_only_causes(draft.title):
            draft.entries.append(Entry(action=_prose_of(draft)))
        if draft.entries:
            kept.append(draft)
    _settle_phases(kept, title)
    uses: Uses = {}
    return tuple(_numbered(kept, uses)), uses


def _prose_of(draft: StepDraft) -> Action:
    """Return a step without commands as what a person does."""
    text = "\n".join(leaf.words for leaf in draft.prose)
    span = Span(draft.prose[0].span.start, draft.prose[-1].span.end)
    return Action(id=NO_ID, kind=ActionKind.MANUAL, text=text, span=span, title=draft.title)


def _settle_phases(drafts: list[StepDraft], title: str) -> None:
    """Settle what words leave open: before any change to verify is to diagnose, and to roll back is to mitigate."""
    only_verifies = lead_phase(title) is Phase.VERIFY
    has_changed = False
    for draft in drafts:
        if not draft.is_stated and _only_looks(draft):
            draft.phase = Phase.DIAGNOSE
        is_early = not has_changed and not is_part_title(draft.title)
        if draft.phase is Phase.VERIFY and is_early and not only_verifies:
            draft.phase = Phase.DIAGNOSE
        if draft.phase is Phase.UNDO and is_early:
            draft.phase = Phase.MITIGATE
        has_changed = has_changed or draft.phase in {Phase.MITIGATE, Phase.UNDO}


def _only_looks(draft: StepDraft) -> bool:
    return all(entry.action.title and lead_phase(entry.action.title) in _LOOKS for entry in draft.entries)


def _numbered(drafts: list[StepDraft], uses: Uses) -> Iterator[Step]:
    for number, draft in enumerate(drafts, start=1):
        actions: dict[int, Action] = {}
        for index, entry in enumerate(draft.entries, start=1):
            action_id = ActionId(f"{number}.{index}")
            found = placeholders_in(entry.action) if entry.placeholders is None else entry.placeholders
            uses[action_id] = found
            names = dict.fromkeys(item.name for item in (*connection_placeholders(entry.action), *found))
            expectations = (*entry.action.expectations, *draft.expected.get(index - 1, ()))
            actions[id(entry)] = replace(entry.action, id=action_id, variables=tuple(names), expectations=expectations)
        yield Step(
            number=number,
            title=draft.title,
            phase=draft.phase,
            span=Span(draft.start, max(draft.end, draft.start)),
            items=tuple(_items(number, tuple(draft.entries), actions)),
        )


def _items(number: int, entries: tuple[Entry, ...], actions: dict[int, Action]) -> Iterator[Action | OptionGroup]:
    groups = 0
    for item in grouped(entries):
        if isinstance(item, Entry):
            yield actions[id(item)]
            continue
        groups += 1
        group_id = f"{number}" if groups == 1 else f"{number}{chr(ord('a') + min(groups, 26) - 1)}"
        yield group_of(item, actions, group_id=group_id)
