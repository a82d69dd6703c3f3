"""Which headings and labels of a document are runbooks, and which only hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from architect.runbooks.labels import labels_of
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Block, BlockKind, NodeKind
from architect.runbooks.wording import is_aside, is_background, is_procedure_title, is_step_title, plain, title_of

PROGRAM_KINDS = frozenset({BlockKind.SHELL, BlockKind.TRANSCRIPT, BlockKind.SQL, BlockKind.PSQL, BlockKind.PROMQL})
_FACT_LABEL = re.compile(
    r"symptoms?|(?:response |resolution |acknowledg\w+ )?sla|response time|time to (?:respond|acknowledge)|severity|priority|alert(?: name)?|"
    r"trigger(?:ed by)?|when to use|impact|likelihood|owner|on-?call|issue|problem|error|use case",
    re.IGNORECASE,
)
_HOW_TO = re.compile(r"how ?to\b|procedure for\b|.*\b(?:procedure|runbook|playbook|sop)\b\s*$", re.IGNORECASE)
_PLURAL = re.compile(r".*\b(?:procedures|runbooks|playbooks|sops|guides|tasks|operations)\b", re.IGNORECASE)
_CAMEL = re.compile(r"`?[A-Z][a-z]+(?:[A-Z][A-Za-z0-9]*)+`?\Z")


@dataclass(slots=True)
class Section:
    """A heading with its own leaves and the sections below it; level 0 is the document."""

    level: int
    title: str
    heading: Leaf | None
    leaves: list[Leaf] = field(default_factory=list)
    children: list[Section] = field(default_factory=list)

    def all_leaves(self) -> Iterator[Leaf]:
        """Yield the leaves of this section and of those below it, headings of the latter too, in order."""
        todo: list[Section] = [self]
        while todo:
            section = todo.pop()
            if section.heading is not None and section is not self:
                yield section.heading
            yield from section.leaves
            todo.extend(reversed(section.children))


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A runbook to be read: its title, where it stands, and its leaves without its own heading."""

    title: str
    heading: Leaf | None
    sections: tuple[str, ...]
    leaves: tuple[Leaf, ...]
    is_label: bool = False


def sections_of(leaves: tuple[Leaf, ...]) -> Section:
    """Return the tree of headings; headings in quotes or list items open no section."""
    root = Section(level=0, title="", heading=None)
    path = [root]
    for leaf in leaves:
        if leaf.kind is NodeKind.HEADING and not leaf.items and not leaf.quote_depth:
            while path[-1].level >= leaf.level:
                path.pop()
            section = Section(level=leaf.level, title=plain(leaf.text), heading=leaf)
            path[-1].children.append(section)
            path.append(section)
        else:
            path[-1].leaves.append(leaf)
    return root


def is_fact_label(title: str) -> bool:
    """Say whether a label states a fact of a runbook (SLA, severity, symptoms) rather than open a part."""
    return bool(_FACT_LABEL.fullmatch(title_of(title)))


class Outliner:
    """Walks the sections of a document and yields its procedures."""

    def __init__(self, blocks: dict[int, Block], fallback: str) -> None:
        self._blocks = blocks
        self._fallback = fallback

    def procedures(self, root: Section) -> Iterator[Procedure]:
        """Yield the procedures below `root` in document order."""
        top = root
        if not root.children:
            if self._acts(root):
                yield Procedure(title=self._fallback, heading=None, sections=(), leaves=tuple(root.leaves))
            return
        if len(root.children) > 1 and self._is_procedure(root):
            yield Procedure(title=self._fallback, heading=None, sections=(), leaves=tuple(root.all_leaves()))
            return
        for child in top.children:
            yield from self._below(child, ())

    def _below(self, section: Section, path: tuple[str, ...]) -> Iterator[Procedure]:
        todo = [(section, path)]
        while todo:
            current, above = todo.pop()
            if is_background(current.title) and current.level > 1:
                continue
            if self._is_procedure(current):
                yield self._whole(current, above)
                continue
            yield from self._labelled(current, above)
            todo.extend((child, (*above, current.title)) for child in reversed(current.children))

    def _whole(self, section: Section, path: tuple[str, ...]) -> Procedure:
        return Procedure(
            title=section.title, heading=section.heading, sections=path, leaves=tuple(section.all_leaves())
        )

    def _is_procedure(self, section: Section) -> bool:
        """Decide whether a section is one runbook: it acts itself, states facts of one, or its parts are phases."""
        if not section.children:
            return self._acts(section) and not self._label_titles(section)
        parts = [child for child in section.children if not is_background(child.title)]
        if any(self._is_composite(child) for child in parts):
            return False
        if self._states_facts(section) or any(is_procedure_title(child.title) for child in parts):
            return section.level > 0 or any(is_procedure_title(child.title) for child in parts)
        if any(is_step_title(child.title) for child in parts):
            return True
        if _PLURAL.match(section.title) and section.level < 3:
            return False
        acts = self._acts(section) and not self._label_titles(section)
        return section.level > 0 and (acts or bool(_HOW_TO.match(section.title) or _CAMEL.match(section.title)))

    def _is_composite(self, section: Section) -> bool:
        """Say whether a part is a runbook of its own: it states facts of one, or has phases itself."""
        if is_procedure_title(section.title) and not section.children:
            return False
        if self._states_facts(section) or self._has_phase_labels(section):
            return True
        if any(is_procedure_title(child.title) for child in section.children):
            return True
        return any(self._is_composite(child) for child in section.children)

    def _states_facts(self, section: Section) -> bool:
        labels = [label for leaf in section.leaves if _is_paragraph(leaf) for label in labels_of(leaf) if label.is_bold]
        return any(is_fact_label(label.title) for label in labels)

    def _has_phase_labels(self, section: Section) -> bool:
        titles = [
            label.title for leaf in section.leaves if _is_paragraph(leaf) for label in labels_of(leaf) if label.is_bold
        ]
        return sum(is_procedure_title(title) for title in titles) >= 2

    def _acts(self, section: Section) -> bool:
        """Say whether a section's own leaves hold something to do: a program, a message, a numbered list, labelled steps."""
        if any(self._is_program(leaf) for leaf in section.leaves):
            return True
        numbered = {item.item_id for leaf in section.leaves for item in leaf.items[:1] if item.number is not None}
        has_links_only = all("](#" in leaf.text for leaf in section.leaves if leaf.items)
        if len(numbered) >= 2 and not has_links_only:
            return True
        has_phase = is_procedure_title(section.title) or self._has_phase_labels(section) or self._states_facts(section)
        return has_phase and any(leaf.items and not has_links_only for leaf in section.leaves)

    def _is_program(self, leaf: Leaf) -> bool:
        block = self._blocks.get(leaf.span.start)
        return block is not None and block.kind in PROGRAM_KINDS and bool(block.text.strip())

    def _label_titles(self, section: Section) -> list[int]:
        """Return the indexes of leaves that are labels of runbooks, empty where the section's labels are phases."""
        if self._states_facts(section) or self._has_phase_labels(section):
            return []
        found: list[int] = []
        for index, leaf in enumerate(section.leaves):
            title = opening_label(leaf)
            if title is None or is_aside(title):
                if not found and self._is_program(leaf):
                    return []
                continue
            if is_procedure_title(title) or is_step_title(title) or is_fact_label(title):
                return []
            found.append(index)
        return [index for index in found if self._opens_program(section, index)]

    def _opens_program(self, section: Section, index: int) -> bool:
        for leaf in section.leaves[index + 1 :]:
            if opening_label(leaf) is not None:
                return False
            if self._is_program(leaf) or any(item.number is not None for item in leaf.items):
                return True
        return False

    def _labelled(self, section: Section, path: tuple[str, ...]) -> Iterator[Procedure]:
        indexes = self._label_titles(section)
        for position, index in enumerate(indexes):
            end = indexes[position + 1] if position + 1 < len(indexes) else len(section.leaves)
            yield Procedure(
                title=title_of(opening_label(section.leaves[index]) or ""),
                heading=section.leaves[index],
                sections=(*path, section.title),
                leaves=tuple(section.leaves[index + 1 : end]),
                is_label=True,
            )


def _is_paragraph(leaf: Leaf) -> bool:
    return leaf.kind is NodeKind.PARAGRAPH and not leaf.items


def opening_label(leaf: Leaf) -> str | None:
    """Return the title of a paragraph that is one bold label and nothing else, outside lists."""
    if not _is_paragraph(leaf):
        return None
    labels = labels_of(leaf)
    if len(labels) == 1 and labels[0].is_bold and not labels[0].value and len(leaf.segments) == 1:
        return labels[0].title
    return None
