"""Runs looked at from a distance: the list, one run as it stands, one action of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from rich.text import Text

from architect.cli.terminal.gate import values_of
from architect.cli.terminal.plan import near, where_of
from architect.cli.terminal.screen import Screen
from architect.cli.terminal.story import GOOD, result_of
from architect.cli.terminal.style import (
    TRUTH_SIGNS,
    TRUTH_STYLES,
    TRUTH_WORDS,
    clock,
    count,
    effect_text,
    end_of,
    outside,
    size,
    two_sides,
)
from architect.cli.terminal.words import person
from architect.kernel.text import visible
from architect.runs.events import Answer, Occasion, Verdict
from architect.runs.model import PlannedAction
from architect.runs.ports import RunSummary
from architect.runs.state import GateState, Measured, RunState, StepState, StepStatus

_STANDS_WIDTH = 13
_INDENT = 21
_LABEL = _INDENT - 2
_SIGNS = {
    StepStatus.SUCCEEDED: ("✓", "green"),
    StepStatus.FAILED: ("✗", "red"),
    StepStatus.UNKNOWN: ("?", "bold red"),
    StepStatus.RUNNING: ("▸", "yellow"),
    StepStatus.SKIPPED: ("–", "dim"),
    StepStatus.PENDING: (" ", "dim"),
}


def print_list(lines: Sequence[RunSummary], screen: Screen) -> None:
    """Print runs, one below the other: name, when, how it stands, what it is, and what it waits for."""
    width = max(len(line.run) for line in lines)
    for line in lines:
        word, style = _stands(line)
        prefix = Text.assemble(
            (f"{line.run:<{width}}", "bold"),
            (f"  {line.created_at:%Y-%m-%d %H:%M}  ", "dim"),
            (f"{word:<{_STANDS_WIDTH}} ", style),
        )
        title, question = outside(line.title), outside(line.waiting_for)
        if not question:
            screen.say(title, prefix=prefix)
        elif screen.is_terminal:
            screen.say(title, prefix=prefix)
            screen.say(Text(question, style="yellow"), prefix=" " * prefix.cell_len)
        else:
            screen.say(f"{title}: {question}", prefix=prefix)


def _stands(line: RunSummary) -> tuple[str, str]:
    if line.verdict:
        is_good = Verdict(line.verdict) in GOOD
        return _VERDICT_WORDS.get(line.verdict, line.verdict).replace("-", " "), "green" if is_good else "red"
    return line.status, "yellow"


_VERDICT_WORDS = {
    "recovered-by-word": "recovered",
    "read-with-failures": "read, failures",
    "not-recovered": "not recovered",
}


class Overview:
    """One run as it stands, laid out for one screen."""

    def __init__(self, state: RunState, screen: Screen) -> None:
        self._state = state
        self._screen = screen
        self._titles = {condition.id: outside(condition.title) for condition in state.plan.conditions}

    def show(self) -> None:
        """Print the run: how it stands first, then its steps with who agreed to what, then its symptoms."""
        self._heading()
        actions = (*self._state.plan.actions, *(self._state.actions if self._state.is_undoing else ()))
        for (number, title), group in groupby(actions, key=lambda action: (action.step, action.step_title)):
            self._screen.say()
            self._screen.say(Text(f"{number}  {outside(title)}", style="bold"), hang=3)
            for action in group:
                self._action(action)
        self._symptoms()

    def _heading(self) -> None:
        state, plan, width = self._state, self._state.plan, self._screen.width
        self._screen.say(Text(outside(plan.title), style="bold"), prefix=Text(f"{state.run}  ", style="bold"))
        where = where_of(plan)
        source = end_of(f"{near(plan.document)}#{plan.runbook}", width - where.cell_len - 2)
        self._screen.say(two_sides(Text(outside(source), style="dim"), where, width))
        took = clock((state.last_at - state.created_at).total_seconds())
        by = person(state.requested_by, is_verified=state.is_verified)
        began = f"{state.created_at:%Y-%m-%d %H:%M:%S} UTC"
        self._screen.say(Text(f"asked for by {by} on {began}; its last event came after {took}", style="dim"))
        self._screen.say(ending(state))

    def _action(self, action: PlannedAction) -> None:
        step = self._state.step(action.id)
        sign, style = _SIGNS[step.status]
        result = Text(f"{sign} {_result(step)}".rstrip(), style=style)
        begin = Text.assemble(f"   {action.id:<5} ", effect_text(action.effect), " ")
        first, *more = self._screen.wrapped(
            Text(outside(action.title)),
            prefix=begin,
            under=Text(" " * _INDENT),
            width=self._screen.width - min(result.cell_len, 14) - 2,
        )
        if result.cell_len <= 14:
            self._screen.say(two_sides(first, result, self._screen.width))
        else:
            self._screen.say(first)
        for line in more:
            self._screen.say(line)
        if result.cell_len > 14:
            self._screen.say(result, prefix=" " * _INDENT)
        for text in (*self._decisions(action), *self._checks(action)):
            self._screen.say(text, prefix=" " * _INDENT)

    def _decisions(self, action: PlannedAction) -> Iterator[Text]:
        for gate in self._state.gates.values():
            if gate.opened.action == action.id:
                yield from _answers(gate)

    def _checks(self, action: PlannedAction) -> Iterator[Text]:
        for check in action.checks:
            found = self._state.measurements(check, Occasion.CHECK)
            if found:
                yield _measurement(self._titles.get(check, check), found[-1])

    def _symptoms(self) -> None:
        state = self._state
        if not state.symptoms:
            return
        self._screen.say()
        self._screen.say(Text("Recovered when", style="bold"))
        for symptom in state.symptoms:
            before = state.measurements(symptom.id, Occasion.BEFORE)
            after = [
                *state.measurements(symptom.id, Occasion.AFTER_CHANGE),
                *state.measurements(symptom.id, Occasion.FINAL),
            ]
            self._screen.say(self._titles[symptom.id], prefix="   ")
            for word, found in (("before the first change", before), ("last", after)):
                text = _measurement("", found[-1]) if found else Text("not measured", style="dim")
                self._screen.say(text, prefix=Text(f"      {word}: ", style="dim"))

    def show_action(self, action: PlannedAction) -> None:
        """Print one action in full: what was written, what runs, on what, who agreed, and how each attempt ended."""
        step = self._state.step(action.id)
        prefix = Text.assemble((f"{action.id}  ", "bold"), effect_text(action.effect), " ")
        self._screen.say(Text(outside(action.title), style="bold"), prefix=prefix)
        self._named("text", action.text)
        if action.executed != action.text:
            self._named("runs as", action.executed)
        self._named("why", action.reason)
        self._named("target", "\n".join(action.targets) or "not known")
        self._named("values", "\n".join(f"{name} = {value}" for name, value in values_of(self._state, action)))
        self._named("tools", "\n".join(f"{tool.name} is {tool.path}" for tool in action.tools))
        self._named("files", "\n".join(f"{file.path}, SHA-256 {file.sha256}" for file in action.files))
        if step.undo is not None:
            self._named("way back", f"none: {step.undo.impossible}" if step.undo.impossible else step.undo.text)
        self._named("refused", action.refused)
        for text in (*self._decisions(action), *self._checks(action)):
            self._named("", text.plain)
        self._named(
            "stands", f"{step.status}, {count(step.attempts, 'attempt')}" if step.attempts else str(step.status)
        )
        if step.ended is not None:
            self._named("ended", _result(step))
            self._named("notes", "\n".join(step.ended.notes))
        if step.ended is not None and step.ended.output is not None and step.ended.output.stored_bytes:
            stored = size(step.ended.output.stored_bytes)
            self._named("output", f"{stored}: architect runs output {self._state.run} {action.id}")

    def _named(self, label: str, text: str) -> None:
        for number, line in enumerate(visible(text).rstrip().splitlines()):
            self._screen.say(line.expandtabs(4), prefix=Text(f"{'' if number else label:>10}  ", style="dim"))


def ending(run: RunState) -> Text:
    """Return how a run stands, in a line."""
    if run.ended is not None:
        style = "bold green" if run.ended.verdict in GOOD else "bold red"
        return Text.assemble((run.ended.verdict.replace("-", " "), style), f": {outside(run.ended.summary)}")
    if run.is_interrupted:
        return Text(f"interrupted; architect runs resume {run.run} carries it on", style="bold yellow")
    if run.aborted is not None:
        return Text(f"given up; architect runs abort {run.run} ends it", style="bold yellow")
    if run.busy is not None:
        return Text(f"waits for {', '.join(run.busy.holders)}", style="bold yellow")
    gate = run.open_gate
    if gate is not None:
        return Text(f"waits at {gate.opened.gate}: {outside(gate.opened.question)}", style="bold yellow")
    return Text(f"not finished; architect runs resume {run.run} carries it on", style="bold yellow")


def _result(step: StepState) -> str:
    if step.status is StepStatus.SKIPPED:
        first = f"{result_of(step.ended)}; " if step.ended is not None else ""
        return f"{first}left out: {outside(step.skipped_because.removeprefix('refused: '))}"
    if step.status is StepStatus.UNKNOWN:
        return "nobody saw how it ended"
    if step.ended is not None:
        return result_of(step.ended)
    return {StepStatus.SUCCEEDED: "done", StepStatus.RUNNING: "started, no end known"}.get(step.status, "")


def _answers(gate: GateState) -> Iterator[Text]:
    """Yield who said what at a gate, where it is worth a line."""
    words = {Answer.APPROVE: "approved", Answer.DONE: "done, says", Answer.RETRY: "to be run again, says"}
    for at, answer in gate.answers:
        if answer.answer in words:
            by = person(answer.by, is_verified=answer.is_verified)
            how = "approved by" if answer.answer is Answer.APPROVE else words[answer.answer]
            marks = [f"at {_time(at)} UTC"]
            marks += ["a single person"] if answer.single_person else []
            marks += ["BREAK-GLASS"] if answer.break_glass else []
            marks += [f"reason: {answer.reason}"] if answer.reason else []
            yield Text(outside(f"{how} {by}, {', '.join(marks)}"), style="dim")
    if gate.voided:
        yield Text(outside(f"asked again: {gate.voided}"), style="dim")


def _measurement(title: str, found: Measured) -> Text:
    truth = found.event.truth
    style = TRUTH_STYLES[truth]
    return Text.assemble(
        (f"{TRUTH_SIGNS[truth]} ", style),
        f"{title}: " if title else "",
        (TRUTH_WORDS[truth], style),
        (f" ({outside(found.event.detail)})", "dim"),
    )


def _time(at: datetime) -> str:
    return f"{at:%H:%M:%S}"
