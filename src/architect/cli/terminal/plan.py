"""The plan as a person reads it before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import Console
from rich.text import Text

from architect.cli.terminal.style import GATE_WORDS, effect_text, outside, span, two_sides, width_of
from architect.commands.model import Effect
from architect.runs.dry_run import DryRunLine, dry_run_of
from architect.runs.model import Executor, Plan, PlannedAction
from architect.runs.values import visible

_INDENT = " " * 20
_MAX_TEXT_LINES = 14


def print_plan(plan: Plan, console: Console, *, is_detailed: bool = False) -> None:
    """Print the plan; detailed, with every command and its closest dry run."""
    for line in plan_lines(plan, width_of(console), is_detailed=is_detailed):
        line.rstrip()
        console.print(line, soft_wrap=True)


def plan_lines(plan: Plan, width: int, *, is_detailed: bool = False) -> Iterator[Text]:
    """Yield the lines of a plan."""
    yield from _heading(plan, width)
    dry = {line.action.id: line for line in dry_run_of(plan)}
    for (number, title), actions in groupby(plan.actions, key=lambda action: (action.step, action.step_title)):
        yield Text("")
        yield Text(f"{number}  {outside(title)}", style="bold")
        option: tuple[str | None, int | None] = (None, None)
        for action in actions:
            if action.group is not None and (action.group, action.option) != option:
                option = (action.group, action.option)
                yield Text(f"   option {action.option}: {outside(action.option_title or action.title)}", style="italic")
            yield from _action(plan, action, width, dry=dry[action.id] if is_detailed else None)
    yield Text("")
    yield from _facts(plan, width)


def _heading(plan: Plan, width: int) -> Iterator[Text]:
    urgency = [part for part in (plan.severity, f"answer within {span(plan.sla_s)}" if plan.sla_s else None) if part]
    yield two_sides(Text(outside(plan.title), style="bold"), Text(" · ".join(urgency)), width)
    where = f"profile {plan.profile} ({plan.profile_kind})"
    yield two_sides(Text(outside(f"{plan.document}#{plan.runbook}"), style="dim"), Text(where, style="dim"), width)


def _action(plan: Plan, action: PlannedAction, width: int, *, dry: DryRunLine | None) -> Iterator[Text]:
    asks = "" if action.refused else GATE_WORDS[action.gate]
    left = Text.assemble(f"   {action.id:<5} ", effect_text(action.effect), f" {outside(action.title)}")
    yield two_sides(left, Text(asks, style="bold" if asks else ""), width)
    for name, text, style in (*_details(plan, action), *(_dry_details(action, dry) if dry else ())):
        yield from _paragraph(name, text, width, style=style)


def _details(plan: Plan, action: PlannedAction) -> Iterator[tuple[str, str, str]]:
    """Yield what a person must know before saying yes: name, text, style."""
    if action.refused:
        yield "refused", action.refused, "red"
        return
    is_by_hand = action.executor in (Executor.MANUAL, Executor.MESSAGE)
    if action.effect is not Effect.READ and not is_by_hand:
        yield "why", action.reason, ""
        yield "target", ", ".join(action.targets) or "not known: locks the whole profile", ""
        if action.undo is not None:
            yield "way back", f"none: {action.undo.impossible}" if action.undo.impossible else action.undo.text, ""
    titles = {condition.id: condition.title for condition in plan.conditions}
    if action.checks:
        yield "check", "; ".join(titles.get(check, check) for check in action.checks), ""
    for note in action.notes:
        yield "note", note, "dim"


def _dry_details(action: PlannedAction, dry: DryRunLine) -> Iterator[tuple[str, str, str]]:
    if action.executor not in (Executor.MANUAL, Executor.MESSAGE):
        yield "text", action.text, "dim"
        if action.executed != action.text:
            yield "runs as", action.executed, "dim"
        for tool in action.tools:
            yield "tool", f"{tool.name} is {tool.path}", "dim"
    if not action.refused:
        yield "dry run", f"{dry.explanation}\n{dry.command}".strip(), ""


def _paragraph(name: str, text: str, width: int, *, style: str) -> Iterator[Text]:
    """Yield a named text, wrapped and indented; long ones are cut with a word about it."""
    lines = visible(text).rstrip().splitlines() or [""]
    room = max(30, width - len(_INDENT))
    wrapped = [part for line in lines[:_MAX_TEXT_LINES] for part in _wrapped(line, room)]
    if len(lines) > _MAX_TEXT_LINES:
        wrapped.append(f"… {len(lines) - _MAX_TEXT_LINES} more lines")
    for number, line in enumerate(wrapped):
        label = f"{name:>{len(_INDENT) - 2}}  " if number == 0 else _INDENT
        yield Text.assemble((label, "dim"), (line, style))


def _wrapped(line: str, room: int) -> Iterable[str]:
    """Break at blanks, keep the indentation of code, cut words that are too long."""
    rest = line.expandtabs(4).rstrip()
    while len(rest) > room:
        at = rest.rfind(" ", room // 2, room + 1)
        at = room if at < 0 else at
        yield rest[:at]
        rest = rest[at:].strip()
    yield rest


def _facts(plan: Plan, width: int) -> Iterator[Text]:
    values = [
        f"{binding.name} {'is a secret' if binding.is_secret or binding.reference else '= ' + (binding.value or '')}"
        f" ({binding.origin})"
        for binding in plan.bindings
    ]
    bound = {binding.name for binding in plan.bindings}
    wanted = dict.fromkeys(name for action in plan.actions for name in action.open_variables if name not in bound)
    values += [f"{name}: asked when it is needed" for name in wanted]
    if values:
        yield from _paragraph("values", "\n".join(values), width, style="")
    symptoms = [condition.title for condition in plan.conditions if condition.symptom]
    if symptoms:
        text = "\n".join(symptoms) + "\n(measured before the first change, and after the last until it holds)"
        yield from _paragraph("recovered when", text, width, style="")
    for system, expected in plan.systems:
        yield from _paragraph("must be", f"{system} {expected}", width, style="")
    yield Text("")
    yield Text(summary(plan), style="bold")


def summary(plan: Plan) -> str:
    """Return the plan in one line: what runs by itself, what asks, what is refused, what a person does."""
    refused = [action for action in plan.actions if action.refused]
    able = [action for action in plan.actions if not action.refused]
    by_hand = [action for action in able if action.executor in (Executor.MANUAL, Executor.MESSAGE)]
    programs = [action for action in able if action not in by_hand]
    reads = sum(action.effect is Effect.READ for action in programs)
    changes = len(programs) - reads
    parts = [
        _count(reads, "read runs by itself", "reads run by themselves"),
        _count(changes, "change asks first", "changes ask first"),
        _count(len(by_hand), "step by hand", "steps by hand"),
        _count(len(refused), "action refused", "actions refused"),
    ]
    return " · ".join(part for part in parts if part) or "nothing to do"


def _count(number: int, one: str, many: str) -> str:
    return "" if number == 0 else f"{number} {one if number == 1 else many}"
