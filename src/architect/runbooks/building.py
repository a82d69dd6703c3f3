"""Steps while a procedure is read: the part they stand in, the one in hand, the alternative that is open in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from architect.runbooks.actions import Draft
from architect.runbooks.directives import Directive
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Action, Expectation, ExpectationSource, Phase, Span
from architect.runbooks.options import Entry
from architect.runbooks.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The part of a procedure that leaves lie in.

    `is_stated` marks a phase that a title names; an `is_explicit` part is one step, whatever lists it holds. `start` is
    where the title stands, until a step begins there.
    """

    title: str
    phase: Phase
    is_stated: bool = True
    is_explicit: bool = False
    start: int | None = None


@dataclass(slots=True, kw_only=True)
class StepDraft:
    """A step while its leaves are read; `expected` holds, by the index of an entry, what the words after it say."""

    title: str
    phase: Phase
    start: int
    end: int
    is_stated: bool = True
    entries: list[Entry] = field(default_factory=list)
    expected: dict[int, list[Expectation]] = field(default_factory=dict)
    prose: list[Leaf] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The alternative that what follows belongs to; `item` is the list item that bounds it, `level` the heading."""

    title: str
    is_or: bool = False
    item: int | None = None
    level: int | None = None


class Builder:
    """Holds the steps made so far, the one in hand, and the alternative that is open in it."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.drafts: list[StepDraft] = []
        self.step: StepDraft | None = None
        self.sessions = Sessions()
        self.alternative: Alternative | None = None
        self.directive: Directive | None = None

    @property
    def has_actions(self) -> bool:
        """Whether the step in hand holds an action."""
        return self.step is not None and bool(self.step.entries)

    def open(self, part: Part) -> None:
        """Go to another part; its step begins with the first thing to do."""
        self.part = part
        self.step = None
        self.alternative = None
        if not part.is_explicit:
            self.sessions.leave_part()

    def begin(self, title: str, leaf: Leaf, phase: Phase, *, is_stated: bool) -> StepDraft:
        """Begin a step."""
        draft = StepDraft(title=title, phase=phase, start=leaf.span.start, end=leaf.span.end, is_stated=is_stated)
        self.drafts.append(draft)
        self.step = draft
        self.alternative = None
        return draft

    def present(self, leaf: Leaf) -> StepDraft:
        """Return the step in hand, begun where there is none, and let it reach to the end of `leaf`."""
        step = self.step
        if step is None:
            kept, part = self.alternative, self.part
            step = self.begin(part.title, leaf, part.phase, is_stated=part.is_stated)
            step.start = step.start if part.start is None else part.start
            self.alternative = kept
        step.end = max(step.end, leaf.span.end)
        return step

    def add(self, leaf: Leaf, drafts: tuple[Draft, ...], *, title: str = "") -> None:
        """Put actions into the step in hand; `title` names the first where it has no name of its own."""
        step = self.present(leaf)
        for index, draft in enumerate(drafts):
            action = self.sessions.place(draft.action)
            if not action.title and title and index == 0:
                action = replace(action, title=title)
            if self.directive is not None:
                expectations = (*self.directive.expectations, *action.expectations)
                action = replace(action, bounds=self.directive.bounds, expectations=expectations)
                self.directive = None
            step.entries.append(self._entry(draft, action, is_first=index == 0))
        if self.alternative is not None and self.alternative.is_or:
            self.alternative = None

    def _entry(self, draft: Draft, action: Action, *, is_first: bool) -> Entry:
        if draft.option is not None:
            return Entry(
                action=action, option=draft.option, is_or=draft.is_or, begins=True, placeholders=draft.placeholders
            )
        alternative = self.alternative
        if alternative is None or (alternative.is_or and not is_first):
            return Entry(action=action, placeholders=draft.placeholders)
        return Entry(action=action, option=alternative.title, is_or=alternative.is_or, placeholders=draft.placeholders)

    def expect(self, text: str, span: Span) -> None:
        """Note what one should see after the last action, if there is one."""
        if self.step is not None and self.step.entries:
            found = self.step.expected.setdefault(len(self.step.entries) - 1, [])
            found.append(Expectation(text=text.strip(), source=ExpectationSource.LINE, span=span))
