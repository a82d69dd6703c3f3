"""The steps of a procedure: what its headings, labels, list items and blocks make of one another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import takewhile

from architect.kernel.ids import RunbookId
from architect.runbooks.actions import EXECUTABLE, NO_ID, Draft, drafts_of, expected_in, message_of
from architect.runbooks.building import Alternative, Builder, Part
from architect.runbooks.directives import Directive, directive_of
from architect.runbooks.finishing import Uses, default_phase, finished, phase_in_part
from architect.runbooks.inline import command_line, commands_in
from architect.runbooks.instructions import instruction_in, instructs, is_foreign, is_statement, states
from architect.runbooks.labels import Label, labels_of, opening_label, plain_label
from architect.runbooks.lists import List, cause_of
from architect.runbooks.markdown import Leaf
from architect.runbooks.means import alternatives_by_condition, alternatives_by_means, later_cases
from architect.runbooks.model import Action, ActionKind, Block, BlockKind, NodeKind, Phase, Span, Step
from architect.runbooks.programs import program_of
from architect.runbooks.prose import (
    file_named_in,
    is_bold,
    item_title,
    leads_on,
    leads_to_output,
    names_case,
    offers_choice,
    points_elsewhere,
    says_nothing,
    says_when_it_fires,
)
from architect.runbooks.tables import commands_in_rows
from architect.runbooks.titles import (
    is_aside,
    is_background,
    is_causes_title,
    is_fact,
    is_fact_heading,
    is_only_causes,
    is_option_title,
    is_part_title,
    is_reference,
    is_response_part,
    is_symptoms,
    lead_phase,
    opens_alternative,
    option_title,
    phase_of,
)
from architect.runbooks.wording import headline_of, is_step_title, sentences_of, title_of, without_symbols

_ANCHOR = re.compile(r"\]\(#(?P<slug>[^)\s]+)\)")
_SAYS = frozenset({Phase.COMMUNICATE, Phase.DECLARE, Phase.PAGE, Phase.ESCALATE})
_LABEL_LEVEL = 7
_NEAR = 20
"""How many actions back an example may show again, and how many paragraphs a quoted message may have."""
_LEAD = 120
"""How much of a paragraph can say that it opens an alternative."""


class _Mode(Enum):
    """What the present part is for."""

    STEPS = auto()
    SYMPTOMS = auto()
    ASIDE = auto()
    FACT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What the leaves of a procedure say: its steps, symptoms, labels with values, directives, when its alert fires."""

    steps: tuple[Step, ...]
    uses: Uses
    symptoms: tuple[tuple[str, Span], ...]
    labels: tuple[Label, ...]
    directives: tuple[Directive, ...]
    firing: tuple[tuple[str, Span], ...]


class Reader:
    """Reads the leaves of one procedure in order and collects its steps."""

    def __init__(self, title: str, blocks: Mapping[int, Block], lists: Mapping[int, List]) -> None:
        self._title = title
        self._blocks = blocks
        self._lists = lists
        phase = default_phase(title)
        self._default = phase or Phase.MITIGATE
        self._builder = Builder(Part(title=title, phase=self._default, is_stated=phase is not None))
        self._phases: list[tuple[int, Phase]] = []
        self._mode = _Mode.STEPS
        self._fact = ""
        self._skip_level = 0
        self._causes_level = 0
        self._is_remark = self._is_example = self._is_fenced_off = self._shows_next = False
        self._chooses_next_list = False
        self._choice_lists: set[int] = set()
        self._untouched: tuple[Leaf, int] | None = None
        self._causes_item: int | None = None
        self._enumerates = False
        self._item: int | None = None
        self._inner_item: int | None = None
        self._is_lead = self._item_ended = False
        self._caption = self._caption_text = ""
        self._symptoms: list[tuple[str, Span]] = []
        self._labels: list[Label] = []
        self._firing: list[tuple[str, Span]] = []
        self._directives: list[Directive] = []
        self._leaves: tuple[Leaf, ...] = ()
        self._by_means: frozenset[int] = frozenset()
        self._by_condition: frozenset[int] = frozenset()
        self._later_cases: frozenset[int] = frozenset()
        self._is_introduced = False

    def read(self, leaves: tuple[Leaf, ...]) -> Body:
        """Return what the leaves say."""
        self._leaves = leaves
        self._by_means = alternatives_by_means(leaves)
        self._by_condition = alternatives_by_condition(leaves)
        self._later_cases = later_cases(leaves)
        self._is_introduced = any(leaf.kind is NodeKind.HEADING and not leaf.items for leaf in leaves)
        for index, leaf in enumerate(leaves):
            self._follow_items(leaf)
            if leaf.kind is NodeKind.HEADING:
                self._heading(leaf)
            elif (block := self._blocks.get(leaf.span.start)) is not None:
                self._block(leaf, block)
            elif leaf.kind is NodeKind.HTML:
                self._directive(leaf)
            elif leaf.kind is NodeKind.PARAGRAPH:
                self._paragraph(leaf, index)
            elif leaf.kind is NodeKind.TABLE and self._mode is _Mode.STEPS and not leaf.quote_depth:
                for row in commands_in_rows(leaf):
                    self._builder.add(leaf, drafts_of(row.block), title=row.title)
                    if row.expected:
                        self._builder.expect(row.expected, row.block.span)
        self._settle_heading(0)
        steps, uses = finished(self._builder.drafts, title=self._title)
        return Body(
            steps=steps,
            uses=uses,
            symptoms=tuple(self._symptoms),
            labels=tuple(self._labels),
            directives=tuple(self._directives),
            firing=tuple(self._firing),
        )

    # Headings and labels

    def _heading(self, leaf: Leaf) -> None:
        title = leaf.words
        if self._skip_level and leaf.level > self._skip_level:
            return
        self._skip_level = 0
        self._settle_heading(leaf.level)
        if self._causes_level and leaf.level <= self._causes_level:
            self._causes_level = 0
        if is_fact_heading(title):
            self._open_part(title, leaf, leaf.level, mode=_Mode.FACT)
            self._fact = title_of(title)
        elif (is_background(title) and not is_response_part(title)) or is_reference(title):
            self._skip_level = leaf.level
            self._open_part(title, leaf, leaf.level, mode=_Mode.ASIDE)
        else:
            self._open_part(title, leaf, leaf.level, mode=_Mode.SYMPTOMS if is_symptoms(title) else _Mode.STEPS)
            if self._builder.part.is_explicit and self._mode is _Mode.STEPS and instructs(title_of(title)):
                self._untouched = (leaf, len(self._builder.drafts))

    def _settle_heading(self, level: int) -> None:
        """Take a numbered heading that nothing stands below, `## 3. Drain the queue`, as what a person does."""
        if self._untouched is None or level > self._untouched[0].level:
            return
        leaf, count = self._untouched
        self._untouched = None
        if len(self._builder.drafts) == count:
            self._manual(leaf, title_of(leaf.words), None)

    def _open_part(self, title: str, leaf: Leaf, level: int, *, mode: _Mode) -> None:
        """Begin a part under a heading or label; an alternative stays in the step that its first one began."""
        if self._mode is not _Mode.STEPS and self._builder.step is None:
            self._builder.open(Part(title=self._title, phase=self._default, is_stated=False))
        self._mode = mode
        self._is_introduced = False
        self._item = None
        self._item_ended = False
        self._caption = self._caption_text = ""
        self._chooses_next_list = self._is_remark = self._is_example = self._shows_next = False
        if self._opens_alternative(title, leaf, level):
            return
        while self._phases and self._phases[-1][0] >= level:
            self._phases.pop()
        phase, is_stated = self._phase_of_part(title)
        self._phases.append((level, phase))
        if is_causes_title(title):
            self._causes_level = level
        is_explicit = is_step_title(title) and not re.match(r"phase|stage", without_symbols(title), re.IGNORECASE)
        self._builder.open(
            Part(
                title=title_of(title),
                phase=phase,
                is_stated=is_stated,
                is_explicit=is_explicit,
                start=leaf.span.start,
            )
        )

    def _opens_alternative(self, title: str, leaf: Leaf, level: int) -> bool:
        """Say whether a heading or label opens an alternative of the present step, and open it."""
        alternative = self._builder.alternative
        if alternative is not None and (alternative.level is None or level <= alternative.level):
            self._builder.alternative = alternative = None
        name, is_or = option_title(title), opens_alternative(title) and not is_option_title(title)
        if name is None and self._is_alternative_to_neighbours(leaf):
            name = title_of(title)
        if name is None and self._causes_level and self._mode is _Mode.STEPS:
            if alternative is not None and is_part_title(title):
                return True
            name = title_of(title)
        if name is None or self._mode is not _Mode.STEPS:
            return self._causes_level > 0 and alternative is not None
        self._builder.present(leaf)
        self._builder.alternative = Alternative(title=name, is_or=is_or, level=level)
        return True

    def _is_alternative_to_neighbours(self, leaf: Leaf) -> bool:
        """Say whether a heading or label is one of several ways, or one of several cases in a part that mends."""
        is_case = leaf.span.start in self._by_condition and self._mends()
        return is_case or leaf.span.start in self._by_means

    def _mends(self) -> bool:
        """Say whether the present step, or the part without one, says that it mends."""
        around = self._builder.step or self._builder.part
        return around.phase is Phase.MITIGATE and around.is_stated

    def _phase_of_part(self, title: str) -> tuple[Phase, bool]:
        inherited = self._phases[-1][1] if self._phases else None
        found = lead_phase(title) or inherited or phase_of(title)
        return (found, True) if found is not None else (self._default, self._builder.part.is_stated)

    def _labelled(self, leaf: Leaf) -> bool:
        """Take the labels of a paragraph; say whether it holds nothing else."""
        opening = opening_label(leaf) or self._plain_opening(leaf)
        if opening is not None and not is_fact(opening.title):
            self._opening(opening, leaf)
            return True
        labels = [label for label in labels_of(leaf) if label.is_bold or is_fact(label.title)]
        self._labels.extend(labels)
        for label in labels:
            if label.value and (what := expected_in(f"{label.title}: {label.value}")) is not None:
                self._builder.expect(what, label.value_span)
                return True
        if labels and labels[0].value and is_aside(labels[0].title):
            self._note(leaf, None)
            return True
        if not any(is_fact(label.title) for label in labels):
            return False
        self._facts_of(labels)
        if opening is not None and self._mode is not _Mode.SYMPTOMS:
            self._mode = _Mode.ASIDE
        return True

    def _plain_opening(self, leaf: Leaf) -> Label | None:
        """Return the label that a plain `Prerequisites:` or `Steps:` is, None for what only leads to the next block."""
        label = plain_label(leaf)
        opens = label is not None and (is_background(label.title) or is_part_title(label.title))
        return label if opens and not is_option_title(leaf.words) else None

    def _opening(self, label: Label, leaf: Leaf) -> None:
        """Follow a label that stands alone: it opens a part, names what stands below it in a step, or is a remark."""
        title = label.title
        if self._is_name_in_step(title, leaf):
            self._caption = self._caption_text = title
            self._is_remark = self._is_example = self._shows_next = False
        elif not is_aside(title):
            self._open_part(title, leaf, _LABEL_LEVEL, mode=self._mode_of_label(title))
            return
        self._caption = title
        self._is_remark = True
        self._shows_next = expected_in(title) is not None
        self._is_example = title.lower().startswith(("example", "for example"))

    def _is_name_in_step(self, title: str, leaf: Leaf) -> bool:
        """Say whether a label in a numbered step is neither a part nor an alternative: `**On the node:**`."""
        builder = self._builder
        return (
            builder.part.is_explicit
            and builder.alternative is None
            and not self._causes_level
            and not self._is_alternative_to_neighbours(leaf)
            and option_title(title) is None
            and not is_part_title(title)
            and not is_step_title(title)
            and not is_aside(title)
            and not is_background(title)
        )

    def _mode_of_label(self, title: str) -> _Mode:
        if is_symptoms(title):
            return _Mode.SYMPTOMS
        is_aside_part = is_background(title) and not is_option_title(title) and not is_response_part(title)
        return _Mode.ASIDE if is_aside_part else _Mode.STEPS

    def _facts_of(self, labels: list[Label]) -> None:
        for label in labels:
            if not is_symptoms(label.title):
                continue
            if self._causes_level:
                self._mode = _Mode.STEPS if label.value else _Mode.ASIDE
            elif label.value:
                self._symptoms.append((label.value, label.value_span))
                self._mode = _Mode.STEPS
            else:
                self._mode = _Mode.SYMPTOMS

    # Lists and paragraphs

    def _follow_items(self, leaf: Leaf) -> None:
        inner = leaf.items[-1].item_id if leaf.items else None
        self._is_lead = inner is not None and inner != self._inner_item
        if self._is_lead:
            self._caption = self._caption_text = ""
        self._inner_item = inner
        is_block = leaf.span.start in self._blocks
        if not leaf.items:
            self._enumerates = False
            if leaf.kind is NodeKind.PARAGRAPH:
                self._chooses_next_list = False
                self._enumerates = is_statement(leaf.words)
                self._item_ended = self._item_ended or self._item is not None
            self._item = None
        alternative = self._builder.alternative
        if alternative is not None and alternative.item is not None:
            is_inside = any(item.item_id == alternative.item for item in leaf.items)
            if not is_inside and (leaf.items or not is_block):
                self._builder.alternative = None

    def _paragraph(self, leaf: Leaf, index: int) -> None:
        if self._is_set_apart(leaf):
            return
        if leaf.is_paragraph and self._labelled(leaf):
            return
        if self._mode is _Mode.FACT:
            self._labels.append(Label(title=self._fact, value=leaf.text.strip(), span=leaf.span, is_bold=True))
            self._mode = _Mode.ASIDE
            return
        if (self._mode is _Mode.ASIDE or not self._builder.drafts) and says_when_it_fires(leaf.words):
            self._firing.append((leaf.text, leaf.span))
        if self._mode is _Mode.SYMPTOMS:
            self._symptoms.append((leaf.text.rstrip(), leaf.span))
        elif self._mode is _Mode.STEPS:
            self._tell(leaf, index)

    def _is_set_apart(self, leaf: Leaf) -> bool:
        """Say whether a paragraph is quoted, navigates, or lies between the colons of an admonition."""
        text = leaf.text.strip()
        was_fenced_off = self._is_fenced_off
        if text.startswith(":::"):
            self._is_fenced_off = not was_fenced_off or text.strip(":").strip() != ""
        if self._is_fenced_off and text.endswith(":::") and text != ":::" and text.count(":::") > 1:
            self._is_fenced_off = False
            return True
        if was_fenced_off and text.endswith(":::"):
            self._is_fenced_off = False
        if was_fenced_off or self._is_fenced_off or leaf.quote_depth:
            return True
        return any(self._lists[item.list_id].is_navigation for item in leaf.items if item.list_id in self._lists)

    def _tell(self, leaf: Leaf, index: int) -> None:
        """Take a paragraph of the steps: a step, an alternative, a command, something a person does, or a remark."""
        words = without_symbols(leaf.words)
        self._builder.sessions.hear(words)
        expected = expected_in(words)
        if expected is not None and self._builder.has_actions:
            if not (expected.endswith(":") and self._is_shown(index + 1)):
                self._builder.expect(expected, leaf.span)
            self._caption, self._caption_text = sentences_of(words)[-1], leaf.text
            return
        if self._begins_step(leaf):
            self._item = leaf.items[0].item_id
            self._item_ended = False
            title = item_title(leaf)
            phase = phase_in_part(self._builder.part, title, words)
            draft = self._builder.begin(
                title,
                leaf,
                phase or self._builder.part.phase,
                is_stated=phase is not None or self._builder.part.is_stated,
            )
            draft.prose.append(leaf)
            self._prose(leaf, index, words, is_lead=True)
            return
        self._follow_alternative(leaf, words)
        self._prose(leaf, index, words, is_lead=False)

    def _begins_step(self, leaf: Leaf) -> bool:
        """Say whether a paragraph is the first of a numbered item that is a step of its own."""
        if self._builder.part.is_explicit or self._causes_level or len(leaf.items) != 1 or leaf.items[0].number is None:
            return False
        if self._is_enumerated(leaf):
            return False
        if self._builder.alternative is not None and self._builder.alternative.level is not None:
            return False
        if (
            leaf.items[0].item_id == self._item
            or leaf.items[0].list_id in self._choice_lists
            or self._chooses_next_list
        ):
            return False
        if not instructs(leaf.words) and (
            is_only_causes(self._builder.part.title) or self._builder.part.phase in _SAYS
        ):
            return False
        return option_title(item_title(leaf)) is None or self._builder.step is None

    def _follow_alternative(self, leaf: Leaf, words: str) -> None:
        """Take `Or …` in prose, options and causes among list items, and items of a list of choices as alternatives."""
        item = leaf.items[-1] if leaf.items else None
        if item is not None and self._is_lead:
            if self._chooses_next_list:
                self._choice_lists.add(item.list_id)
                self._chooses_next_list = False
            name = self._alternative_of(leaf, words)
            if name is not None:
                self._builder.present(leaf)
                self._builder.alternative = Alternative(title=name, item=item.item_id)
                return
            if is_only_causes(words):
                self._causes_item = item.item_id
        alternative = self._builder.alternative
        is_in_label = item is None and alternative is not None and alternative.level == _LABEL_LEVEL
        if is_in_label and (names_case(leaf) or is_option_title(words[:_LEAD])):
            title = option_title(words[:_LEAD].rstrip(".:")) or item_title(leaf)
            self._builder.alternative = Alternative(title=title, level=_LABEL_LEVEL)
            return
        opens = opens_alternative(words[:_LEAD]) or (leaf.span.start in self._later_cases and self._mends())
        if opens and self._builder.has_actions and (item is None or self._is_lead):
            self._builder.alternative = Alternative(
                title=option_title(headline_of(words)) or words.rstrip(":"), is_or=True
            )

    def _alternative_of(self, leaf: Leaf, words: str) -> str | None:
        item = leaf.items[-1]
        one = self._lists.get(item.list_id)
        if is_option_title(words[:_LEAD]):
            return option_title(item_title(leaf))
        if item.list_id in self._choice_lists or (self._causes_level and len(leaf.items) == 1):
            return option_title(item_title(leaf)) or item_title(leaf)
        if one is not None and one.is_by_cause and self._mends():
            found = cause_of(words)
            return found[0] if found else None
        return None

    def _prose(self, leaf: Leaf, index: int, words: str, *, is_lead: bool) -> None:
        if offers_choice(words) and not is_option_title(words[:_LEAD]):
            self._chooses_next_list = True
        self._caption, self._caption_text = words, leaf.text
        following = self._following(index)
        leads = words.endswith(":") and following is not None
        if commands := () if leads and self._is_program(following) else commands_in(leaf):
            title = self._headline(words)
            for block in commands:
                self._builder.add(leaf, drafts_of(block), title=title)
            return
        written = None if says_nothing(words) else self._written_command(leaf, index)
        if written is not None:
            self._builder.add(leaf, drafts_of(written), title=self._title_above(leaf, index))
            return
        if not is_lead:
            self._person(leaf, words, index)

    def _written_command(self, leaf: Leaf, index: int) -> Block | None:
        """Return a command that a paragraph is without any marks: an item by itself, or below words that lead to it."""
        before = self._leaves[index - 1] if index else None
        is_led = self._is_lead or (before is not None and before.text.rstrip().endswith(":")) or bool(leaf.items)
        return command_line(leaf) if is_led else None

    def _title_above(self, leaf: Leaf, index: int) -> str:
        before = self._leaves[index - 1] if index else None
        is_above = before is not None and before.kind is NodeKind.PARAGRAPH and before.items == leaf.items
        return headline_of(before.words) if is_above and before is not None else ""

    def _person(self, leaf: Leaf, words: str, index: int) -> None:
        """Take words without a command: something a person does, what leads to the next block, or a remark."""
        following = self._following(index)
        if says_nothing(words) or offers_choice(words) or self._leads_to_program(words, following):
            return
        told = instruction_in(words)
        if self._leads_to_list(leaf, words, told, following):
            if self._builder.step is not None:
                self._builder.step.prose.append(leaf)
            return
        if not leaf.items and self._is_introduced and not self._builder.drafts:
            return
        if self._is_remark or not self._is_told(leaf, words, told):
            self._note(leaf, told)
            return
        if self._begins_after_items(leaf):
            phase = phase_in_part(self._builder.part, headline_of(words), words) or self._builder.part.phase
            self._builder.begin(headline_of(words), leaf, phase, is_stated=True)
        if quoted := self._quoted_message(words, index):
            self._message(leaf, words, quoted)
            return
        data = self._blocks.get(following.span.start) if following is not None else None
        attached = data if data is not None and data.kind not in EXECUTABLE and words.endswith(":") else None
        self._manual(leaf, words, attached)

    def _leads_to_program(self, words: str, following: Leaf | None) -> bool:
        """Say whether words stand above a program as its title, and are no alternative of their own."""
        alternative = self._builder.alternative
        is_alternative = alternative is not None and alternative.is_or and not words.endswith(":")
        return self._is_program(following) and not is_alternative

    def _leads_to_list(self, leaf: Leaf, words: str, told: str | None, following: Leaf | None) -> bool:
        """Say whether words only name the list below them."""
        is_above_list = following is not None and len(following.items) > len(leaf.items)
        is_name = bool(leaf.items) and (told is None or is_bold(leaf))
        return is_above_list and (is_name or leads_on(words))

    def _is_told(self, leaf: Leaf, words: str, told: str | None) -> bool:
        """Say whether words tell to do something here."""
        if leaf.items and (self._is_lead or told is not None):
            return self._is_task(leaf, words, told)
        return told is not None and not points_elsewhere(told)

    def _begins_after_items(self, leaf: Leaf) -> bool:
        """Say whether a paragraph behind a list that was a step is a step of its own."""
        is_free = not self._builder.part.is_explicit and self._builder.alternative is None
        return self._item_ended and not leaf.items and is_free

    def _is_task(self, leaf: Leaf, words: str, told: str | None) -> bool:
        """Say whether an item is something to do: it instructs, or stands in a part that mends and states nothing."""
        if told is None and (self._is_cause(leaf) or self._is_enumerated(leaf)):
            return False
        if (
            told is not None
            or words.endswith("?")
            or leaf.items[-1].number is not None
            or is_foreign(words)
            or _ANCHOR.search(leaf.text)
        ):
            return True
        around = self._builder.step or self._builder.part
        if around.phase is Phase.VERIFY and around.is_stated and not words.endswith(":"):
            return True
        return self._builder.part.phase is Phase.MITIGATE and self._builder.part.is_stated and not states(words)

    def _is_enumerated(self, leaf: Leaf) -> bool:
        """Say whether an item lies in a list that names things: a statement leads to it, and no item instructs."""
        one = self._lists.get(leaf.items[0].list_id)
        names_things = one is not None and not one.instructions and not one.holds_code
        return self._enumerates and names_things and not commands_in(leaf)

    def _is_cause(self, leaf: Leaf) -> bool:
        """Say whether an item lies in a list of causes, which are nothing to do."""
        is_below = any(item.item_id == self._causes_item for item in leaf.items[:-1])
        return is_below or is_only_causes((self._builder.step or self._builder.part).title)

    def _note(self, leaf: Leaf, told: str | None) -> None:
        """Keep words for a step that turns out to have nothing else."""
        part = self._builder.part
        if self._is_remark and told is None:
            return
        if self._builder.step is not None or part.is_explicit or is_part_title(part.title):
            self._builder.present(leaf).prose.append(leaf)

    def _manual(self, leaf: Leaf, words: str, block: Block | None) -> None:
        anchor = _ANCHOR.search(leaf.text)
        action = Action(
            id=NO_ID,
            kind=ActionKind.MANUAL,
            text=words,
            span=leaf.span,
            title=self._headline(words),
            block=block,
            reference=RunbookId(anchor["slug"]) if anchor else None,
        )
        self._builder.add(leaf, (Draft(action=action),))

    def _quoted_message(self, words: str, index: int) -> list[Leaf]:
        """Return the quoted paragraphs below words that tell to say them."""
        step = self._builder.step or self._builder.part
        is_said = step.phase in _SAYS or phase_in_part(self._builder.part, headline_of(words), words) in _SAYS
        below = self._leaves[index + 1 : index + 1 + _NEAR] if is_said and words.endswith(":") else []
        return list(takewhile(lambda leaf: leaf.quote_depth > 0 and leaf.kind is NodeKind.PARAGRAPH, below))

    def _message(self, leaf: Leaf, words: str, quoted: list[Leaf]) -> None:
        text = "\n\n".join(each.text.strip() for each in quoted)
        span = Span(quoted[0].span.start, quoted[-1].span.end)
        action = Action(id=NO_ID, kind=ActionKind.MESSAGE, text=text, span=span, title=self._headline(words))
        self._builder.add(leaf, (Draft(action=action),))

    def _headline(self, words: str) -> str:
        """Return the title of what words tell to do; where its cause names the alternative, that of the remedy."""
        alternative = self._builder.alternative
        found = cause_of(words) if alternative is not None else None
        return headline_of(found[1] if found and alternative and alternative.title == found[0] else words)

    def _following(self, index: int) -> Leaf | None:
        """Return the leaf after `index` that is no directive."""
        for leaf in self._leaves[index + 1 : index + 3]:
            if leaf.kind is not NodeKind.HTML:
                return leaf
        return None

    def _is_program(self, leaf: Leaf | None) -> bool:
        block = self._blocks.get(leaf.span.start) if leaf is not None else None
        if block is None or not block.text.strip():
            return False
        says = block.kind is BlockKind.TEMPLATE and (self._builder.step or self._builder.part).phase in _SAYS
        return says or block.kind in EXECUTABLE | {BlockKind.MESSAGE}

    def _is_shown(self, index: int) -> bool:
        """Say whether the leaf at an index is a block that shows what is printed."""
        leaf = self._leaves[index] if index < len(self._leaves) else None
        block = self._blocks.get(leaf.span.start) if leaf is not None else None
        return block is not None and block.kind is BlockKind.OUTPUT

    # Blocks and directives

    def _block(self, leaf: Leaf, block: Block) -> None:
        if leaf.quote_depth or self._is_fenced_off or self._mode in {_Mode.ASIDE, _Mode.FACT}:
            return
        if self._shows_next:
            self._shows_next = self._is_remark = False
            self._builder.expect(block.text, leaf.span)
            return
        if self._is_example and self._repeats(block):
            return
        drafts = self._drafts_of(block)
        if drafts and self._mode is _Mode.SYMPTOMS:
            self._builder.open(replace(self._builder.part, phase=Phase.ASSESS, is_stated=True))
            self._mode = _Mode.STEPS
        if drafts:
            self._builder.add(leaf, drafts, title=headline_of(title_of(self._caption)) if self._caption else "")
            self._caption = self._caption_text = ""
        elif block.kind is BlockKind.OUTPUT and leads_to_output(self._caption):
            self._builder.expect(block.text, leaf.span)
        if not drafts and self._builder.step is not None:
            self._builder.present(leaf)

    def _drafts_of(self, block: Block) -> tuple[Draft, ...]:
        file_name = file_named_in(self._caption_text) if block.kind in {BlockKind.CONFIG, BlockKind.CODE} else None
        if file_name:
            return drafts_of(replace(block, kind=BlockKind.FILE, file_name=file_name))
        if block.kind is BlockKind.TEMPLATE and (self._builder.step or self._builder.part).phase in _SAYS:
            return (message_of(block),)
        if block.kind in {BlockKind.TEXT, BlockKind.OUTPUT, BlockKind.CODE} and self._builder.sessions.takes(
            block.text
        ):
            return drafts_of(replace(block, kind=BlockKind.SHELL))
        return drafts_of(block)

    def _repeats(self, block: Block) -> bool:
        """Say whether an example only shows again, with values, what the step has run already."""
        step = self._builder.step
        if step is None or block.kind not in EXECUTABLE:
            return False
        return program_of(block.text) in {program_of(entry.action.text) for entry in step.entries[-_NEAR:]}

    def _directive(self, leaf: Leaf) -> None:
        found = directive_of(leaf)
        if found is None:
            return
        self._directives.append(found)
        if found.expectations or any(name in found.settings for name in ("retry", "timeout", "output")):
            self._builder.directive = found
