"""The steps of a procedure: what its headings, labels, list items and blocks make of one another."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from architect.kernel.ids import ActionId
from architect.runbooks.actions import NO_ID, Draft, drafts_of, variables_in
from architect.runbooks.directives import Directive, directive_of
from architect.runbooks.inline import commands_in
from architect.runbooks.labels import Label, labels_of
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import (
    Action,
    ActionKind,
    Block,
    BlockKind,
    Expectation,
    ExpectationSource,
    NodeKind,
    OptionGroup,
    Phase,
    Span,
    Step,
)
from architect.runbooks.options import Entry, group_of, grouped
from architect.runbooks.outline import is_fact_label, opening_label
from architect.runbooks.sessions import Sessions
from architect.runbooks.wording import (
    is_aside,
    is_background,
    is_option_title,
    is_procedure_title,
    is_step_title,
    opens_alternative,
    option_title,
    phase_of,
    plain,
    title_of,
)

_SYMPTOMS = re.compile(r"symptoms?|signs|what you see|indicators?", re.IGNORECASE)
_EXPECTED = re.compile(
    r"(?:expected(?: (?:output|results?|response))?|you should (?:now )?see|should (?:show|return|print|be)|expect)\b\s*:?\s*(?P<what>.*)",
    re.IGNORECASE | re.DOTALL,
)
_CHOICE = re.compile(
    r"\b(?:one of the following|either of|any of the following|choose (?:one|from|between)|pick one|options?)\b[^.]*:?\s*$",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"(?:todo|tbd|n/?a|none|-+|\.+)?[.:]?", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"(?:save|create|write|put|add|copy|paste|store|edit)\b[^`\n]{0,80}`(?P<name>[\w./~-]+\.\w{1,8})`", re.IGNORECASE
)


@dataclass(slots=True)
class _Draft:
    """A step while its leaves are read."""

    title: str
    phase: Phase
    start: int
    end: int
    entries: list[Entry] = field(default_factory=list)
    prose: list[Leaf] = field(default_factory=list)
    is_explicit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What the leaves of a procedure say: its steps, symptoms, labels with values, directives."""

    steps: tuple[Step, ...]
    symptoms: tuple[tuple[str, Span], ...]
    labels: tuple[Label, ...]
    directives: tuple[Directive, ...]


class _Mode:
    """What the present part is for: steps, symptoms, or what nobody executes."""

    STEPS = "steps"
    SYMPTOMS = "symptoms"
    ASIDE = "aside"


class Reader:
    """Reads the leaves of one procedure in order and collects its steps."""

    def __init__(self, title: str, blocks: dict[int, Block], *, start: int, is_manual: bool) -> None:
        self._blocks = blocks
        self._title = title
        self._phase = phase_of(title) or Phase.MITIGATE
        self._part = title
        self._part_phase = self._phase
        self._is_explicit = False
        self._is_manual = is_manual
        self._mode = _Mode.STEPS
        self._skip_level = 0
        self._option: str | None = None
        self._is_or = False
        self._list_chooses = False
        self._item: int | None = None
        self._inner_item: int | None = None
        self._caption = ""
        self._step: _Draft | None = None
        self._drafts: list[_Draft] = []
        self._symptoms: list[tuple[str, Span]] = []
        self._labels: list[Label] = []
        self._directives: list[Directive] = []
        self._pending: Directive | None = None
        self._sessions = Sessions()
        self._start = start

    def read(self, leaves: tuple[Leaf, ...]) -> Body:
        """Return what the leaves say."""
        for leaf in leaves:
            self._follow_items(leaf)
            if leaf.kind is NodeKind.HEADING:
                self._heading(leaf)
            elif (block := self._blocks.get(leaf.span.start)) is not None:
                self._block(leaf, block)
            elif leaf.kind is NodeKind.HTML:
                self._directive(leaf)
            elif leaf.kind is NodeKind.PARAGRAPH:
                self._paragraph(leaf)
        steps = tuple(_numbered(self._finished()))
        return Body(
            steps=steps,
            symptoms=tuple(self._symptoms),
            labels=tuple(self._labels),
            directives=tuple(self._directives),
        )

    def _heading(self, leaf: Leaf) -> None:
        title = plain(leaf.text)
        if self._skip_level and leaf.level > self._skip_level:
            return
        self._skip_level = leaf.level if is_background(title) else 0
        if self._skip_level:
            self._open_part(title, leaf, mode=_Mode.ASIDE)
        else:
            self._open_part(title, leaf, mode=_Mode.SYMPTOMS if _SYMPTOMS.fullmatch(title_of(title)) else _Mode.STEPS)

    def _open_part(self, title: str, leaf: Leaf, *, mode: str) -> None:
        """Begin a part under a heading or label; an alternative stays in the step that its first one began."""
        self._mode = mode
        self._item = None
        self._caption = ""
        self._list_chooses = False
        if is_option_title(title) or opens_alternative(title):
            self._option = option_title(title)
            self._is_or = opens_alternative(title) and not is_option_title(title)
            if self._step is None:
                self._begin(self._part, leaf, self._part_phase)
            return
        self._option = None
        self._part = title_of(title)
        self._part_phase = self._phase_of_part(title)
        self._is_explicit = is_step_title(title)
        self._step = None
        if not self._is_explicit:
            self._sessions.leave_part()

    def _phase_of_part(self, title: str) -> Phase:
        return phase_of(title) or self._phase

    def _follow_items(self, leaf: Leaf) -> None:
        inner = leaf.items[-1].item_id if leaf.items else None
        if inner != self._inner_item and leaf.items:
            self._caption = ""
        self._inner_item = inner
        if not leaf.items:
            if leaf.kind is NodeKind.PARAGRAPH:
                self._list_chooses = False
            self._item = None

    def _begin(self, title: str, leaf: Leaf, phase: Phase) -> _Draft:
        draft = _Draft(
            title=title, phase=phase, start=leaf.span.start, end=leaf.span.end, is_explicit=self._is_explicit
        )
        self._drafts.append(draft)
        self._step = draft
        return draft

    def _present(self, leaf: Leaf) -> _Draft:
        draft = self._step or self._begin(self._part, leaf, self._part_phase)
        draft.end = max(draft.end, leaf.span.end)
        return draft

    def _directive(self, leaf: Leaf) -> None:
        found = directive_of(leaf)
        if found is None:
            return
        self._directives.append(found)
        if found.expectations or any(name in found.settings for name in ("retry", "timeout", "output")):
            self._pending = found

    def _paragraph(self, leaf: Leaf) -> None:
        if not leaf.items and not leaf.quote_depth and self._labelled(leaf):
            return
        if self._mode == _Mode.SYMPTOMS:
            self._symptoms.append((leaf.text.rstrip(), leaf.span))
            return
        if self._mode == _Mode.ASIDE or leaf.quote_depth:
            return
        if self._begins_step(leaf):
            self._item = leaf.items[0].item_id
            title = _item_title(leaf.text)
            draft = self._begin(title, leaf, phase_of(title, default=self._part_phase) or self._part_phase)
            draft.prose.append(leaf)
            self._prose(leaf, draft, is_lead=True)
        else:
            self._prose(leaf, None, is_lead=False)

    def _begins_step(self, leaf: Leaf) -> bool:
        """Say whether a paragraph is the first of a numbered item that is a step of its own."""
        if self._is_explicit or self._list_chooses or not leaf.items or leaf.items[0].number is None:
            return False
        if leaf.items[0].item_id == self._item or len(leaf.items) > 1:
            return False
        return option_title(_item_title(leaf.text)) is None or self._step is None

    def _labelled(self, leaf: Leaf) -> bool:
        """Take the labels of a paragraph; say whether it holds nothing else."""
        opening = opening_label(leaf)
        if opening is not None and not is_fact_label(opening):
            if is_aside(opening):
                self._mode = _Mode.ASIDE if _EXPECTED.match(opening) else self._mode
                self._caption = opening
            else:
                self._open_part(opening, leaf, mode=_Mode.STEPS)
            return True
        labels = [label for label in labels_of(leaf) if label.is_bold or is_fact_label(label.title)]
        self._labels.extend(labels)
        if not labels or not any(is_fact_label(label.title) for label in labels):
            return False
        for label in labels:
            if _SYMPTOMS.fullmatch(label.title):
                self._mode = _Mode.SYMPTOMS
                if label.value:
                    self._symptoms.append((label.value, label.value_span))
                    self._mode = _Mode.STEPS
        if opening is not None and self._mode != _Mode.SYMPTOMS:
            self._mode = _Mode.ASIDE
        return True

    def _prose(self, leaf: Leaf, draft: _Draft | None, *, is_lead: bool) -> None:
        words = plain(leaf.text)
        expected = _EXPECTED.match(words)
        if expected and self._step is not None and self._step.entries:
            self._expect(expected["what"] or words, leaf.span, ExpectationSource.LINE)
            return
        if _CHOICE.search(words):
            self._list_chooses = True
        self._caption = words
        self._follow_alternative(leaf, words)
        commands = commands_in(leaf)
        if commands and (leaf.items or not words.endswith(":")):
            for block in commands:
                self._add(leaf, drafts_of(block), title=_caption_of(words))
            return
        if _NOTHING.fullmatch(words):
            return
        if leaf.items and not is_lead and not words.endswith(":"):
            self._manual(leaf, words)
        elif draft is None and (leaf.items or self._is_explicit or self._is_manual_part()):
            self._present(leaf).prose.append(leaf)

    def _is_manual_part(self) -> bool:
        return self._is_manual and is_procedure_title(self._part)

    def _follow_alternative(self, leaf: Leaf, words: str) -> None:
        """Take `Or …` in prose and items of a list of choices as alternatives."""
        if leaf.items and (self._list_chooses or is_option_title(words)):
            self._option = option_title(words) or _item_title(leaf.text)
            self._is_or = False
        elif opens_alternative(words) and self._step is not None and self._step.entries:
            self._option = option_title(_item_title(leaf.text))
            self._is_or = True
        elif leaf.items and self._option is not None and not self._list_chooses:
            self._option = None

    def _manual(self, leaf: Leaf, words: str) -> None:
        action = Action(id=NO_ID, kind=ActionKind.MANUAL, text=words, span=leaf.span, title=_caption_of(words))
        self._add(leaf, (Draft(action=action),), title="")

    def _expect(self, text: str, span: Span, source: ExpectationSource) -> None:
        step = self._step
        if step is None or not step.entries:
            return
        last = step.entries[-1]
        expectation = Expectation(text=text.strip(), source=source, span=span)
        action = replace(last.action, expectations=(*last.action.expectations, expectation))
        step.entries[-1] = replace(last, action=action)

    def _block(self, leaf: Leaf, block: Block) -> None:
        if self._mode == _Mode.ASIDE and _EXPECTED.match(self._caption) and self._step is not None:
            self._expect(block.text, leaf.span, ExpectationSource.LINE)
            self._mode = _Mode.STEPS
            return
        if self._mode != _Mode.STEPS or block.kind is BlockKind.TEXT:
            return
        file_name = _FILE_NAME.search(self._caption) if block.kind in {BlockKind.CONFIG, BlockKind.CODE} else None
        if file_name:
            block = replace(block, kind=BlockKind.FILE, file_name=file_name["name"])
        drafts = drafts_of(block)
        if drafts:
            self._add(leaf, drafts, title=_caption_of(self._caption))
            self._caption = ""
        elif (
            block.kind is BlockKind.OUTPUT
            and self._step is not None
            and re.search("output|see|look", self._caption, re.IGNORECASE)
        ):
            self._expect(block.text, leaf.span, ExpectationSource.LINE)

    def _add(self, leaf: Leaf, drafts: tuple[Draft, ...], *, title: str) -> None:
        step = self._present(leaf)
        for index, draft in enumerate(drafts):
            action = self._sessions.place(draft.action)
            if not action.title and title and (index == 0 or len(drafts) == 1):
                action = replace(action, title=title)
            if self._pending is not None:
                action = replace(action, bounds=self._pending.bounds, expectations=self._pending.expectations)
                self._pending = None
            option, is_or = draft.option, draft.is_or
            if option is None and self._option is not None:
                option, is_or = self._option, self._is_or and index == 0
            begins = draft.option is not None
            if is_or or not self._is_or or index == 0 or draft.option is not None:
                step.entries.append(Entry(action=action, option=option, is_or=is_or, begins=begins))
            else:
                step.entries.append(Entry(action=action))
        self._is_or = False if self._option is None else self._is_or
        if self._is_or:
            self._option, self._is_or = None, False

    def _finished(self) -> list[_Draft]:
        for draft in self._drafts:
            if not draft.entries and draft.prose:
                self._add_prose(draft)
        return [draft for draft in self._drafts if draft.entries]

    @staticmethod
    def _add_prose(draft: _Draft) -> None:
        """Make a step without commands what a person does."""
        text = "\n".join(plain(leaf.text) for leaf in draft.prose)
        span = Span(draft.prose[0].span.start, draft.prose[-1].span.end)
        action = Action(id=NO_ID, kind=ActionKind.MANUAL, text=text, span=span, title=draft.title)
        draft.entries.append(Entry(action=action))


_SENTENCE = re.compile(r"(?P<first>.{8,}?[.:;])(?:\s|$)")
_BOLD_LEAD = re.compile(r"\s*(?:\*\*|__)(?P<lead>[^*_]+)(?:\*\*|__)")


def _item_title(text: str) -> str:
    """Return the title of a list item: its bold lead, else its first sentence."""
    lead = _BOLD_LEAD.match(text)
    words = title_of(lead["lead"]) if lead else _caption_of(plain(text))
    return words.rstrip(":.").strip()


def _caption_of(words: str) -> str:
    sentence = _SENTENCE.match(words)
    first = (sentence["first"] if sentence else words).rstrip(":;").strip()
    return first if len(first) <= 100 else first[:97].rstrip() + "…"


def _numbered(drafts: list[_Draft]) -> list[Step]:
    steps: list[Step] = []
    for number, draft in enumerate(drafts, start=1):
        entries = tuple(
            replace(entry, action=replace(entry.action, id=ActionId(f"{number}.{index}")))
            for index, entry in enumerate(draft.entries, start=1)
        )
        actions = {id(entry): replace(entry.action, variables=variables_in(entry.action)) for entry in entries}
        items: list[Action | OptionGroup] = []
        groups = 0
        for item in grouped(entries):
            if isinstance(item, Entry):
                items.append(actions[id(item)])
                continue
            groups += 1
            group_id = f"{number}" if groups == 1 else f"{number}{chr(ord('a') + min(groups, 26) - 1)}"
            items.append(group_of(item, actions, group_id=group_id))
        steps.append(
            Step(
                number=number,
                title=draft.title,
                phase=draft.phase,
                span=Span(draft.start, max(draft.end, draft.start)),
                items=tuple(items),
            )
        )
    return steps
