"""A question as it stands on the screen: what would run, on what, how back, what is checked after, who must agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from rich.text import Text

from architect.cli.terminal.palette import EFFECT_STYLES
from architect.cli.terminal.screen import Screen
from architect.cli.terminal.style import count, effect_text, outside
from architect.cli.terminal.words import person
from architect.kernel.text import visible
from architect.runs.events import GateReason
from architect.runs.gates import votes
from architect.runs.model import Executor, GateKind, PlannedAction
from architect.runs.state import GateState, RunState

MAX_TEXT_LINES = 12
_LABELS = ("why", "no way back", "way back", "checked after")
"""The facts of a gate that say what they are, as they stand in the record."""
_LABEL_WIDTH = max(map(len, _LABELS))
_OF_A_PROGRAM = (GateReason.EFFECT, GateReason.FAILED, GateReason.UNKNOWN_OUTCOME)

Fact = tuple[str, str]
"""A label and a text."""


def _bare(text: str) -> str:
    """Return a sentence as it is compared: in one line, without its full stop and the marks of code."""
    return " ".join(text.split()).rstrip(".").replace("`", "")


class GateView:
    """One gate of a run, laid out for one screen."""

    def __init__(self, state: RunState, gate: GateState, screen: Screen, *, clocks: Text, is_single: bool) -> None:
        self._state = state
        self._gate = gate
        self._opened = gate.opened
        self._screen = screen
        self._clocks = clocks
        self._is_single = is_single
        self._action = state.action(gate.opened.action) if gate.opened.action else None

    def show(self) -> None:
        """Print the question with everything that a person must know to answer it."""
        self._screen.say()
        self._headline()
        question = outside(self._question())
        text = self._action.text if self._action is not None else ""
        is_said_twice = _bare(text) == _bare(question)
        is_program = self._opened.reason is not GateReason.MANUAL
        if not is_said_twice:
            self._screen.say(Text(question, style="bold"))
        elif not is_program:
            self._screen.say(Text(outside(text), style="bold"))
        if text and (is_program or not is_said_twice):
            self._text(text)
        for label, text in self._facts():
            self._screen.say(outside(text), prefix=Text(f"  {label:<{_LABEL_WIDTH}}  ", style="dim"))
        if self._opened.reason is GateReason.CHOICE:
            self._options()

    def _headline(self) -> None:
        """Print a rule with what it is about on the left, and the clocks on the right."""
        left = Text.assemble(("── ", "dim"), self._about(), " ")
        right = Text.assemble(" ", self._clocks, (" ──", "dim")) if self._clocks.plain else Text("")
        gap = max(2, self._screen.width - left.cell_len - right.cell_len)
        self._screen.say(Text.assemble(left, ("─" * gap, "dim"), right))

    def _about(self) -> Text:
        action, opened = self._action, self._opened
        if action is None:
            return Text(f"step {opened.group}" if opened.group else "the end", style="bold")
        if opened.reason in _OF_A_PROGRAM:
            return Text.assemble((f"{action.id}  ", "bold"), (action.effect.value, EFFECT_STYLES[action.effect]))
        what = {GateReason.VALUE: "a value", GateReason.MANUAL: "by hand"}.get(opened.reason, "")
        if opened.reason is GateReason.MANUAL and action.executor is Executor.MESSAGE:
            what = "a message"
        return Text(f"{action.id}  {what}", style="bold")

    def _question(self) -> str:
        """Return the question; the record's own, where the headline has not said half of it."""
        action, opened = self._action, self._opened
        if opened.group is not None:
            title = next(each.step_title for each in self._state.actions if each.group == opened.group)
            return f"{title}: which option?"
        if action is None:
            return opened.question
        match opened.reason:
            case GateReason.EFFECT | GateReason.MANUAL | GateReason.FAILED:
                return action.title
            case GateReason.UNKNOWN_OUTCOME:
                return f"Nobody saw how this ended: {action.title}. Look at the target, then say."
            case GateReason.VALUE:
                return f"{action.title}: what is {opened.variable}?"
            case GateReason.CHOICE | GateReason.RECOVERY:
                return opened.question
        assert_never(opened.reason)

    def _text(self, text: str) -> None:
        """Print what would run, as it is written; what is too long can be read in full elsewhere."""
        lines = visible(text).rstrip().splitlines()
        for line in lines[:MAX_TEXT_LINES]:
            self._screen.say_verbatim(line.expandtabs(4).rstrip(), prefix=Text("  │ ", style="dim"), style="bold")
        if len(lines) > MAX_TEXT_LINES:
            more = count(len(lines) - MAX_TEXT_LINES, "more line")
            where = f"architect runs show {self._state.run} {self._opened.action}"
            self._screen.say(Text(f"… {more}; all of it: {where}", style="dim"), prefix="  │ ")

    def _facts(self) -> Iterator[Fact]:
        action, opened = self._action, self._opened
        if action is not None and opened.reason is GateReason.FAILED:
            yield "failed", opened.question.removeprefix(f"{action.id} {action.title} failed: ")
        if action is not None and opened.reason in _OF_A_PROGRAM:
            yield from _named("target", action.targets or ("not known: it locks the whole profile",))
            yield from _named("values", [f"{name} = {value}" for name, value in values_of(self._state, action)])
        if opened.reason is not GateReason.CHOICE and opened.reason is not GateReason.MANUAL:
            yield from _of_record(opened.facts)
        if opened.proposal is not None:
            yield "proposed", f"{opened.proposal} (from earlier output: look at it before you take it)"
        if opened.reason is GateReason.EFFECT and opened.gate_kind is GateKind.TWO_PEOPLE:
            yield "who", self._who()

    def _who(self) -> str:
        agreed = [person(vote.by, is_verified=vote.is_verified) for vote in votes(self._gate)]
        if self._is_single:
            return "you alone: type the target's name, and a reason"
        if agreed:
            return f"{', '.join(agreed)} agreed; another person must agree too"
        return "two people: you, and another one with a login or a secret of their own"

    def _options(self) -> None:
        """Print the options with all that each would do."""
        group = self._opened.group
        actions = [action for action in self._state.actions if action.group == group and action.option is not None]
        shown: set[int | None] = set()
        for action in actions:
            if action.option not in shown:
                shown.add(action.option)
                title = Text(outside(action.option_title or action.title), style="bold")
                self._screen.say(title, prefix=Text(f"  {action.option}  ", style="bold"))
            prefix = Text.assemble("     ", effect_text(action.effect), " ")
            self._screen.say(
                outside(action.title if action.title != action.option_title else action.text), prefix=prefix
            )


def _named(label: str, texts: Sequence[str]) -> Iterator[Fact]:
    """Yield facts of one label, named once."""
    for number, text in enumerate(texts):
        yield ("" if number else label), text


def _of_record(facts: Sequence[str]) -> Iterator[Fact]:
    """Take the facts of the record apart: `way back: none` is a label and a text."""
    before = ""
    for fact in facts:
        label, separator, text = fact.partition(": ")
        if not separator or label not in _LABELS:
            label, text = "", fact
        if label == "no way back":
            label, text = "way back", f"none: {text}" if label not in text else "none is known"
        yield ("" if label == before else label), text
        before = label


def values_of(state: RunState, action: PlannedAction) -> Sequence[tuple[str, str]]:
    """Return what is bound to the action's variables; secrets by their references."""
    bound = {
        binding.name: f"(a secret, from {binding.reference})" if binding.reference else binding.value or ""
        for binding in state.plan.bindings
    }
    bound |= {
        name: f"(a secret, from {event.reference})" if event.reference else event.value or ""
        for name, event in state.values.items()
    }
    return [(name, bound[name]) for name in dict.fromkeys((*action.variables, *action.open_variables)) if name in bound]
