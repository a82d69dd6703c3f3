"""Which headings and labels of a document are runbooks, and which only hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from architect.runbooks.inline import command_line, commands_in
from architect.runbooks.instructions import instructs
from architect.runbooks.labels import Label, labels_of, opening_label
from architect.runbooks.lists import List
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Block, BlockKind, NodeKind, Phase
from architect.runbooks.sections import Section
from architect.runbooks.tables import commands_in_rows
from architect.runbooks.titles import (
    is_aside,
    is_background,
    is_by_means,
    is_causes_title,
    is_collection,
    is_condition,
    is_fact,
    is_fact_heading,
    is_fault,
    is_only_causes,
    is_option_title,
    is_part_title,
    is_symptoms,
    lead_phase,
    organises,
)
from architect.runbooks.wording import is_step_title, title_of

PROGRAM_KINDS = frozenset({BlockKind.SHELL, BlockKind.TRANSCRIPT, BlockKind.SQL, BlockKind.PSQL, BlockKind.PROMQL})
_HOW_TO = re.compile(r"how ?to\b|procedure for\b|.*\b(?:procedure|runbook|playbook|sop)\b\s*$", re.IGNORECASE)
_ALERT = re.compile(r"`?[A-Za-z][a-z0-9]*(?:[A-Z]+[a-z0-9]+){2,}`?\Z|`?[A-Z]{2,}[a-z]+(?:[A-Z]+[a-z0-9]+)+`?\Z")
_HOLDER = re.compile(
    r"troubleshooting|recovery|response|playbook|runbook|process|actions?|incident response|.*\bprocedures|"
    r".*\bprocess",
    re.IGNORECASE,
)
_WEAK_PART = re.compile(
    r"roll ?backs?(?: .*)?|recovery|troubleshooting(?: .*)?|response|prevention|process|back ?out(?: .*)?|"
    r"follow[- ]?ups?|.*\bprocedures?|playbook|runbook|debugging",
    re.IGNORECASE,
)
_OF_A_RESPONSE = frozenset({Phase.DECLARE, Phase.PAGE, Phase.VERIFY, Phase.COMMUNICATE, Phase.ESCALATE})
_GERUND = re.compile(r"[A-Za-z]+ing\b", re.IGNORECASE)
_FIRST_LEAVES = 4
_TEMPLATE_TITLE = re.compile(r"<%.*%>|\{\{.*\}\}|\{%.*%\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A runbook to be read: its title, where it stands, and its leaves without its own heading."""

    title: str
    heading: Leaf | None
    sections: tuple[str, ...]
    leaves: tuple[Leaf, ...]
    is_label: bool = False


class Outliner:
    """Walks the sections of a document and yields its procedures."""

    def __init__(self, blocks: Mapping[int, Block], lists: Mapping[int, List], fallback: str) -> None:
        self._blocks = blocks
        self._lists = lists
        self._fallback = fallback
        self._acting: dict[int, bool] = {}
        self._alone: dict[int, bool] = {}
        self._composite: dict[int, bool] = {}
        self._labels: dict[int, list[Label]] = {}

    def procedures(self, root: Section) -> Iterator[Procedure]:
        """Yield the procedures below `root` in document order."""
        if not root.children:
            if self._acts(root):
                yield Procedure(title=self._fallback, heading=None, sections=(), leaves=tuple(root.leaves))
            return
        if len(root.children) > 1 and self._is_procedure(root):
            yield Procedure(title=self._fallback, heading=None, sections=(), leaves=tuple(root.all_leaves()))
            return
        for child in root.children:
            yield from self._below(child, ())

    def _below(self, section: Section, path: tuple[str, ...]) -> Iterator[Procedure]:
        todo = [(section, path)]
        while todo:
            current, above = todo.pop()
            is_passed_over = is_background(current.title) and current.level > 1
            if is_passed_over and not (organises(current.title) and current.children):
                continue
            if not is_passed_over and self._is_procedure(current):
                yield self._whole(current, above)
                continue
            if not is_passed_over:
                yield from self._labelled(current, above)
            title = self._title(current)
            todo.extend((child, (*above, title)) for child in reversed(current.children))

    def _whole(self, section: Section, path: tuple[str, ...]) -> Procedure:
        leaves = tuple(section.all_leaves())
        return Procedure(title=self._title(section), heading=section.heading, sections=path, leaves=leaves)

    def _title(self, section: Section) -> str:
        """Return a section's title; one that a site generator fills in is the document's."""
        is_empty = not section.title or bool(_TEMPLATE_TITLE.fullmatch(section.title))
        return self._fallback if is_empty or (section.level == 1 and is_background(section.title)) else section.title

    def _is_procedure(self, section: Section) -> bool:
        """Decide whether a section is one runbook: it acts itself, states facts of one, or its parts are phases."""
        if not section.children:
            acts = self._acts(section) or (section.level > 1 and _tells(section))
            return acts and not is_symptoms(section.title) and not self._label_titles(section)
        parts = [child for child in section.children if not is_background(child.title)]
        if any(self._is_composite(child) for child in parts) or sum(map(_states_plain_facts, parts)) > 1:
            return False
        named = [child for child in parts if is_part_title(child.title)]
        others = [child for child in parts if not is_part_title(child.title) and self._stands_alone(child)]
        if any(is_step_title(child.title) for child in parts) or _are_means(parts) or _responds(section, others):
            return True
        if len(others) > max(1, len(named)) and all(_WEAK_PART.fullmatch(title_of(child.title)) for child in named):
            return False
        if named:
            return True
        return section.level > 0 and (self._states_facts(section) or self._is_one(section, others))

    def _is_one(self, section: Section, parts: list[Section]) -> bool:
        """Say whether a section without parts of the usual names is one procedure: by what it does, or by its title."""
        if is_collection(section.title) and section.level < 3:
            return False
        acts = self._acts(section) and not self._label_titles(section)
        if acts and sum(lead_phase(part.title) is None for part in parts) > 1:
            return False
        return acts or bool(_HOW_TO.match(section.title)) or is_alert_name(section.title)

    def _stands_alone(self, section: Section) -> bool:
        """Say whether a part holds something to do."""
        found = self._alone.get(id(section))
        if found is None:
            found = self._acts(section) or any(self._stands_alone(child) for child in section.children)
            self._alone[id(section)] = found
        return found

    def _is_composite(self, section: Section) -> bool:
        """Say whether a part is a runbook of its own or holds some: it states facts of one, or has phases itself."""
        found = self._composite.get(id(section))
        if found is None:
            found = self._composite[id(section)] = self._finds_composite(section)
        return found

    def _finds_composite(self, section: Section) -> bool:
        if is_causes_title(section.title) or is_condition(section.title):
            return False
        if is_part_title(section.title) and not section.children:
            return False
        if self._states_facts(section) or self._has_phase_labels(section):
            return True
        is_part = is_part_title(section.title)
        if any(
            is_part_title(each.title) and not (is_part and is_option_title(each.title)) for each in section.children
        ):
            return True
        if self._holds(section):
            return True
        return any(self._is_composite(child) for child in section.children)

    def _holds(self, section: Section) -> bool:
        """Say whether a part such as Troubleshooting is a collection: several of its sections act by themselves."""
        if not _HOLDER.fullmatch(title_of(section.title)):
            return False
        others = [
            child for child in section.children if not is_background(child.title) and not is_step_title(child.title)
        ]
        return sum(self._acts(child) for child in others) > 1

    def _bold_labels(self, section: Section) -> list[Label]:
        found = self._labels.get(id(section))
        if found is None:
            paragraphs = (leaf for leaf in section.leaves if leaf.is_paragraph)
            found = [label for leaf in paragraphs for label in labels_of(leaf) if label.is_bold]
            self._labels[id(section)] = found
        return found

    def _states_facts(self, section: Section) -> bool:
        return any(is_fact(label.title) for label in self._bold_labels(section))

    def _has_phase_labels(self, section: Section) -> bool:
        titles = (label.title for label in self._bold_labels(section))
        return sum(is_part_title(title) and not is_option_title(title) for title in titles) >= 2

    def _acts(self, section: Section) -> bool:
        """Say whether a section's own leaves hold something to do: a program, instructions, labelled steps."""
        found = self._acting.get(id(section))
        if found is None:
            found = self._acting[id(section)] = self._finds_action(section)
        return found

    def _finds_action(self, section: Section) -> bool:
        if any(self._is_program(leaf) for leaf in section.leaves):
            return True
        lists = self._lists_in(section)
        if any(one.is_numbered and len(one.leads) > 1 and one.instructions for one in lists):
            return True
        if any(
            commands_in(leaf) or command_line(leaf) for leaf in section.leaves if leaf.items and not leaf.quote_depth
        ):
            return True
        is_phased = is_part_title(section.title) or self._has_phase_labels(section) or self._states_facts(section)
        if is_phased and any(one.leads for one in lists):
            return True
        return self._is_checklist(section, lists)

    def _lists_in(self, section: Section) -> list[List]:
        """Return the lists that are neither navigation nor mere causes."""
        ids = dict.fromkeys(
            item.list_id
            for leaf in section.leaves
            if leaf.kind is NodeKind.PARAGRAPH and not leaf.quote_depth
            for item in leaf.items[:1]
        )
        found = [self._lists[list_id] for list_id in ids if list_id in self._lists]
        return [
            one
            for one in found
            if not one.is_navigation and not (is_only_causes(section.title) and not one.instructions)
        ]

    def _is_checklist(self, section: Section, lists: list[List]) -> bool:
        """Say whether a section that is named for doing something is a list of instructions."""
        is_doing = (
            bool(_GERUND.match(section.title))
            or instructs(title_of(section.title))
            or "checklist" in section.title.lower()
        )
        return is_doing and any(one.instructions > 1 and one.instructions * 2 > len(one.leads) for one in lists)

    def _is_program(self, leaf: Leaf) -> bool:
        block = self._blocks.get(leaf.span.start)
        if block is not None:
            return block.kind in PROGRAM_KINDS and bool(block.text.strip()) and not leaf.quote_depth
        return leaf.kind is NodeKind.TABLE and next(commands_in_rows(leaf), None) is not None

    def _label_titles(self, section: Section) -> list[int]:
        """Return the indexes of leaves that are labels of runbooks; none where the section's labels are its parts."""
        if self._states_facts(section) or self._has_phase_labels(section):
            return []
        found: list[tuple[int, Label]] = []
        for index, leaf in enumerate(section.leaves):
            label = opening_label(leaf)
            if label is None or is_aside(label.title):
                if not found and self._is_program(leaf):
                    return []
                continue
            if is_part_title(label.title) or is_step_title(label.title) or is_fact(label.title):
                return []
            found.append((index, label))
        if any(label.has_colon for _, label in found) and not is_collection(section.title):
            return []
        opening = frozenset(self._opening_programs(section))
        return [index for index, _ in found if index in opening]

    def _opening_programs(self, section: Section) -> Iterator[int]:
        """Yield the indexes of labels that a program or a numbered list stands below, before the next label."""
        last: int | None = None
        for index, leaf in enumerate(section.leaves):
            if opening_label(leaf) is not None:
                last = index
            elif last is not None and (self._is_program(leaf) or any(item.number is not None for item in leaf.items)):
                yield last
                last = None

    def _labelled(self, section: Section, path: tuple[str, ...]) -> Iterator[Procedure]:
        indexes = self._label_titles(section)
        for position, index in enumerate(indexes):
            end = indexes[position + 1] if position + 1 < len(indexes) else len(section.leaves)
            label = opening_label(section.leaves[index])
            yield Procedure(
                title=title_of(label.title) if label is not None else "",
                heading=section.leaves[index],
                sections=(*path, section.title),
                leaves=tuple(section.leaves[index + 1 : end]),
                is_label=True,
            )


def _are_means(parts: Sequence[Section]) -> bool:
    """Say whether parts are ways to do one thing, each with its own means."""
    return len(parts) > 1 and all(is_by_means(part.title) for part in parts)


def _responds(section: Section, parts: Sequence[Section]) -> bool:
    """Say whether the parts of a fault are its steps: most name a phase, one of them such as no procedure has alone."""
    phases = [phase for part in parts if (phase := lead_phase(part.title)) is not None]
    names_one_fault = is_fault(section.title) and not is_collection(section.title)
    return names_one_fault and len(phases) * 2 >= len(parts) > 1 and not _OF_A_RESPONSE.isdisjoint(phases)


def _states_plain_facts(section: Section) -> bool:
    """Say whether the first lines of a section state a fact of a runbook without any marks: `Severity: P1`."""
    first = (leaf for leaf in section.leaves[:_FIRST_LEAVES] if leaf.is_paragraph)
    return any(label.value and is_fact_heading(label.title) for leaf in first for label in labels_of(leaf))


def _tells(section: Section) -> bool:
    """Say whether the sentences of a section tell to run commands."""
    return any(commands_in(leaf) for leaf in section.leaves if leaf.is_paragraph and not leaf.quote_depth)


def is_alert_name(title: str) -> bool:
    """Say whether a title is the name of an alert: one word of several, such as `KubePodCrashLooping`."""
    return bool(_ALERT.match(title))
