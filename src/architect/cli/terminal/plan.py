"""The plan as a person reads it before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.text import Text

from architect.cli.terminal.screen import Screen, side_by_side
from architect.cli.terminal.style import GATE_WORDS, count, effect_text, end_of, outside, span, two_sides
from architect.commands.model import Effect
from architect.kernel.text import visible
from architect.runs.dry_run import DryRunLine, dry_run_of
from architect.runs.model import Binding, Executor, GateKind, Plan, PlannedAction

_INDENT = 21
_LABEL = _INDENT - 2
_MAX_TEXT_LINES = 14
_MAX_LINES = 20
_BY_HAND = (Executor.MANUAL, Executor.MESSAGE)

Detail = tuple[str, str, str]
"""A named text of an action: name, text, style."""


def print_plan(plan: Plan, screen: Screen, *, is_detailed: bool = False) -> None:
    """Print the plan; detailed, with every command and its closest dry run."""
    for line in PlanView(plan, screen).lines(is_detailed=is_detailed):
        line.rstrip()
        screen.console.print(screen.plain(line), soft_wrap=True)


def print_tried(action: str, command: str, said: Sequence[str], screen: Screen) -> None:
    """Print what came of one dry run: the command, how it ended, and what it said."""
    screen.say()
    screen.say(Text(outside(command), style="bold"), prefix=Text(f"{action}  tried as  ", style="bold"))
    for number, line in enumerate(said):
        if number:
            screen.say_verbatim(line, prefix=Text("  │ ", style="dim"))
        else:
            screen.say(outside(line), prefix="      ")


class PlanView:
    """One plan, laid out for one screen."""

    def __init__(self, plan: Plan, screen: Screen) -> None:
        self._plan = plan
        self._screen = screen
        self._width = screen.width
        self._titles = {condition.id: condition.title for condition in plan.conditions}

    def lines(self, *, is_detailed: bool) -> Iterator[Text]:
        """Yield the lines of the plan."""
        plan = self._plan
        yield from self._heading()
        dry = {line.action.id: line for line in dry_run_of(plan)} if is_detailed else {}
        for (number, title), actions in groupby(plan.actions, key=lambda action: (action.step, action.step_title)):
            yield Text("")
            yield from self._wrapped(Text(outside(title), style="bold"), Text(f"{number}  ", style="bold"), "   ")
            option: tuple[str | None, int | None] = (None, None)
            for action in actions:
                if action.group is not None and (action.group, action.option) != option:
                    option = (action.group, action.option)
                    yield from self._option(action)
                yield from self._action(action, dry.get(action.id))
        facts = list(self._facts())
        yield from (Text(""), *facts) if facts else ()
        yield Text("")
        parts = (Text(part, style="bold") for part in summary(plan))
        yield from side_by_side(parts, between=" · ", width=self._width)

    def _heading(self) -> Iterator[Text]:
        plan = self._plan
        urgency = " · ".join(
            part for part in (plan.severity, f"answer within {span(plan.sla_s)}" if plan.sla_s else None) if part
        )
        first, *more = self._wrapped(Text(outside(plan.title), style="bold"), "", "", less=len(urgency) + 2)
        yield two_sides(first, Text(urgency, style="bold"), self._width)
        yield from more
        where = where_of(plan)
        source = end_of(f"{near(plan.document)}#{plan.runbook}", self._width - where.cell_len - 2)
        yield two_sides(Text(outside(source), style="dim"), where, self._width)

    def _option(self, action: PlannedAction) -> Iterator[Text]:
        number = f"   option {action.option}  "
        title = Text(outside(action.option_title or action.title), style="italic")
        yield from self._wrapped(title, Text(number, style="italic"), " " * len(number))

    def _action(self, action: PlannedAction, dry: DryRunLine | None) -> Iterator[Text]:
        asks = "refused" if action.refused else GATE_WORDS[action.gate]
        begin = Text.assemble(f"   {action.id:<5} ", effect_text(action.effect), " ")
        first, *more = self._wrapped(outside(action.title), begin, " " * _INDENT, less=len(asks) + 2 if asks else 0)
        yield two_sides(first, Text(asks, style="bold red" if action.refused else "bold"), self._width)
        yield from more
        for name, text, style in (*self._details(action), *(_dry_details(action, dry) if dry else ())):
            yield from self._paragraph(name, text, style=style)

    def _details(self, action: PlannedAction) -> Iterator[Detail]:
        """Yield what a person must know before saying yes."""
        if action.refused:
            yield "refused", action.refused, "red"
            return
        if action.effect is not Effect.READ and action.executor not in _BY_HAND:
            yield "why", action.reason, ""
            yield "target", "\n".join(action.targets) or "not known: locks the whole profile", ""
            if action.undo is not None:
                yield "way back", f"none: {action.undo.impossible}" if action.undo.impossible else action.undo.text, ""
        if action.checks:
            yield "check", "\n".join(self._titles.get(check, check) for check in action.checks), ""
        for note in action.notes:
            yield "note", note, ""

    def _paragraph(self, name: str, text: str, *, style: str) -> Iterator[Text]:
        """Yield a named text, wrapped below itself; a long one is cut with a word about it."""
        lines = visible(text).rstrip().splitlines() or [""]
        shown = [Text(line.expandtabs(4).rstrip(), style=style) for line in lines[:_MAX_TEXT_LINES]]
        if len(lines) > _MAX_TEXT_LINES:
            shown.append(Text(f"… {count(len(lines) - _MAX_TEXT_LINES, 'more line')}", style="dim"))
        parts = [part for each in shown for part in self._wrapped(each, "", "", less=_INDENT)]
        if len(parts) > _MAX_LINES:
            parts[_MAX_LINES:] = [Text(f"… {count(len(text), 'character')} in all", style="dim")]
        for number, part in enumerate(parts):
            label = f"{'' if number else name:>{_LABEL}}  "
            yield Text.assemble((label, "dim"), part)

    def _wrapped(self, body: Text | str, prefix: Text | str, under: str, *, less: int = 0) -> Iterator[Text]:
        """Yield the lines of a text that leaves `less` columns free."""
        yield from self._screen.wrapped(
            Text.assemble(body), prefix=Text.assemble(prefix), under=Text(under), width=self._width - less
        )

    def _facts(self) -> Iterator[Text]:
        plan = self._plan
        bound = {binding.name for binding in plan.bindings}
        wanted = dict.fromkeys(name for action in plan.actions for name in action.open_variables if name not in bound)
        values = [*map(_binding, plan.bindings), *(f"{name}: asked for when it is needed" for name in wanted)]
        if values:
            yield from self._paragraph("values", "\n".join(values), style="")
        symptoms = [condition.title for condition in plan.conditions if condition.symptom]
        if symptoms:
            yield from self._paragraph("recovered when", "\n".join(map(outside, symptoms)), style="")
            when = "measured before the first change, and after the last one until it holds"
            yield from self._paragraph("", when, style="dim")
        for system, expected in plan.systems:
            yield from self._paragraph("only on", f"{system} {expected}", style="")


def _dry_details(action: PlannedAction, dry: DryRunLine) -> Iterator[Detail]:
    if action.executor not in _BY_HAND:
        yield "text", action.text, "dim"
        if action.executed != action.text:
            yield "runs as", action.executed, "dim"
        for tool in action.tools:
            yield "tool", f"{tool.name} is {tool.path}", "dim"
    if not action.refused:
        yield "dry run", f"{dry.explanation}\n{dry.command}".strip(), ""


def _binding(binding: Binding) -> str:
    if binding.is_secret or binding.reference:
        where = f" (from {binding.reference})" if binding.reference else f" ({binding.origin})"
        return f"{binding.name} is a secret{where}"
    return f"{binding.name} = {outside(binding.value or '')} ({binding.origin})"


def where_of(plan: Plan) -> Text:
    """Return where it would run; that it is for real is the first thing to know."""
    if plan.profile_kind == "sandbox":
        return Text("in the sandbox" if plan.profile == "sandbox" else f"sandbox profile {plan.profile}", style="dim")
    return Text.assemble(("LIVE", "bold red"), (f" · profile {plan.profile}", ""))


def near(document: str) -> str:
    """Return a path as seen from here, where it lies below."""
    path = Path(document)
    here = Path.cwd()
    if path.is_absolute() and path.is_relative_to(here):
        return os.fspath(path.relative_to(here))
    return document


def summary(plan: Plan) -> tuple[str, ...]:
    """Return the plan in a few words: what runs by itself, what asks, what is refused, what a person does."""
    options: dict[str, set[int | None]] = {}
    for action in plan.actions:
        if action.group is not None:
            options.setdefault(action.group, set()).add(action.option)
    certain = [action for action in plan.actions if action.group is None]
    able = [action for action in certain if not action.refused]
    by_hand = [action for action in able if action.executor in _BY_HAND]
    programs = [action for action in able if action.executor not in _BY_HAND]
    reads = sum(action.effect is Effect.READ for action in programs)
    graves = sum(action.gate is GateKind.TWO_PEOPLE for action in programs)
    parts = [
        _part(reads, "read runs by itself", "reads run by themselves"),
        *(f"{len(numbers)} options, of which you choose one" for numbers in options.values()),
        _part(len(programs) - reads - graves, "change asks first", "changes ask first"),
        _part(graves, "needs two people", "need two people"),
        _part(len(by_hand), "step by hand", "steps by hand"),
        _part(len(certain) - len(able), "action refused", "actions refused"),
    ]
    return tuple(part for part in parts if part) or ("nothing to do",)


def _part(number: int, one: str, many: str) -> str:
    return count(number, one, many) if number else ""
