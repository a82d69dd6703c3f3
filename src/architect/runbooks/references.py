"""References: which procedure of the document an instruction means, by its link, by its name, or in other words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from architect.kernel.ids import RunbookId
from architect.runbooks.instructions import instruction_in
from architect.runbooks.model import Action, ActionKind, Option, OptionGroup, Runbook, Step
from architect.runbooks.sections import Section
from architect.runbooks.slugs import slug_of
from architect.runbooks.wording import title_of

_WORD = re.compile(r"[a-z][a-z0-9]+")
_SUFFIX = re.compile(r"(?:ings?|ed|es|s|e)\Z")
_COMMON_LIST = """
    a an and any as at by do down for from if in into it its manual manually of off on or our out over procedure
    process quick re runbook section service step system that the then this to up use using via with your
"""
_COMMON = frozenset(_COMMON_LIST.split())
_ANY_WORD = re.compile(r"\w+")
_SHORTEST_NAME = 8
_LONGEST_NAME = 12
_MOST_ALIKE = 50
"""Where more procedures than these share a word, it tells none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What a runbook can be meant by: its title and the stems of its title."""

    runbook: Runbook
    title: str
    named: frozenset[str]

    @property
    def id(self) -> RunbookId:
        """The runbook's id."""
        return self.runbook.id

    def knows(self, stems: frozenset[str]) -> bool:
        """Say whether the runbook speaks of one of these in the titles of its actions."""
        return any(stems & _stems(title) for title in (self.title, *(action.title for action in self.runbook.actions)))


def with_references(runbooks: tuple[Runbook, ...], sections: Iterable[Section]) -> tuple[Runbook, ...]:
    """Return the runbooks with the references of what people do resolved to other runbooks of the document."""
    if len(runbooks) < 2:
        return tuple(_without_foreign(runbook) for runbook in runbooks)
    index = _Index.of(runbooks, _anchors(runbooks, sections))
    return tuple(_mapped(runbook, _Resolver(runbook.id, index)) for runbook in runbooks)


def _without_foreign(runbook: Runbook) -> Runbook:
    if not any(action.reference for action in runbook.actions):
        return runbook
    return _mapped(runbook, lambda action: replace(action, reference=None) if action.reference else action)


def _anchors(runbooks: tuple[Runbook, ...], sections: Iterable[Section]) -> dict[str, RunbookId]:
    """Return the runbook that each anchor of a heading lies in."""
    found: dict[str, RunbookId] = {}
    starts = [(runbook.span.start, runbook.span.end, runbook.id) for runbook in runbooks]
    position = 0
    for section in sections:
        if section.heading is None:
            continue
        start = section.heading.span.start
        while position < len(starts) and starts[position][1] <= start:
            position += 1
        if position < len(starts) and starts[position][0] <= start:
            found.setdefault(slug_of(section.title), starts[position][2])
    found.update({runbook.id: runbook.id for runbook in runbooks})
    return found


def _target(runbook: Runbook) -> _Target:
    title = title_of(runbook.title)
    return _Target(runbook=runbook, title=title.lower(), named=_stems(title))


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _COMMON)


def _stem(word: str) -> str:
    return _SUFFIX.sub("", word) if len(word) > 4 else word.removesuffix("s")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """The runbooks of a document by their anchors, by the words of their titles, and by each stem of a title."""

    anchors: Mapping[str, RunbookId]
    titles: Mapping[tuple[str, ...], RunbookId]
    lengths: tuple[int, ...]
    by_stem: Mapping[str, list[_Target]]

    @classmethod
    def of(cls, runbooks: tuple[Runbook, ...], anchors: Mapping[str, RunbookId]) -> _Index:
        titles: dict[tuple[str, ...], RunbookId] = {}
        by_stem: dict[str, list[_Target]] = {}
        for target in map(_target, runbooks):
            words = tuple(_ANY_WORD.findall(target.title))
            if len(words) > 1 and len(target.title) >= _SHORTEST_NAME:
                titles.setdefault(words, target.id)
            for stem in target.named:
                if len(found := by_stem.setdefault(stem, [])) < _MOST_ALIKE:
                    found.append(target)
        lengths = tuple(sorted({len(words) for words in titles if len(words) <= _LONGEST_NAME}, reverse=True))
        return cls(anchors=anchors, titles=titles, lengths=lengths, by_stem=by_stem)


@dataclass(frozen=True, slots=True)
class _Resolver:
    """Finds what an action of one runbook refers to."""

    own: RunbookId
    index: _Index

    def __call__(self, action: Action) -> Action:
        if action.kind is not ActionKind.MANUAL:
            return action
        linked = self.index.anchors.get(action.reference) if action.reference else None
        found = linked or self._named(action.text) or self._meant(action.text)
        reference = found if found != self.own else None
        return action if reference == action.reference else replace(action, reference=reference)

    def _named(self, text: str) -> RunbookId | None:
        """Return the runbook whose whole title stands in the text, the longest of them."""
        words = _ANY_WORD.findall(text.lower())
        for length in self.index.lengths:
            for start in range(len(words) - length + 1):
                found = self.index.titles.get(tuple(words[start : start + length]))
                if found is not None and found != self.own:
                    return found
        return None

    def _meant(self, text: str) -> RunbookId | None:
        """Return the one runbook whose title begins with what the text tells to do, and that fits its object."""
        told = instruction_in(text.splitlines()[0]) if text.strip() else None
        words = _WORD.findall(told.lower()) if told else []
        if not words or len(words) > _LONGEST_NAME:
            return None
        verb = _stem(words[0])
        others = frozenset(_stem(word) for word in words[1:] if word not in _COMMON)
        alike = self.index.by_stem.get(verb, [])
        fitting = [target for target in alike if target.id != self.own and _fits(target, verb, others)]
        return fitting[0].id if len(fitting) == 1 else None


def _fits(target: _Target, verb: str, others: frozenset[str]) -> bool:
    if verb not in target.named or not target.named - {verb} <= others:
        return False
    return not others or target.knows(others)


def _mapped(runbook: Runbook, change: Callable[[Action], Action]) -> Runbook:
    """Return a runbook with each action changed; the same one where nothing changes."""
    steps = tuple(_mapped_step(step, change) for step in runbook.steps)
    if all(new is old for new, old in zip(steps, runbook.steps, strict=True)):
        return runbook
    return replace(runbook, steps=steps)


def _mapped_step(step: Step, change: Callable[[Action], Action]) -> Step:
    items = tuple(_mapped_item(item, change) for item in step.items)
    return step if all(new is old for new, old in zip(items, step.items, strict=True)) else replace(step, items=items)


def _mapped_item(item: Action | OptionGroup, change: Callable[[Action], Action]) -> Action | OptionGroup:
    if isinstance(item, Action):
        return change(item)
    options = tuple(_mapped_option(option, change) for option in item.options)
    is_same = all(new is old for new, old in zip(options, item.options, strict=True))
    return item if is_same else replace(item, options=options)


def _mapped_option(option: Option, change: Callable[[Action], Action]) -> Option:
    actions = tuple(change(action) for action in option.actions)
    is_same = all(new is old for new, old in zip(actions, option.actions, strict=True))
    return option if is_same else replace(option, actions=actions)
