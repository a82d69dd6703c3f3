"""The report of a run: a page of Markdown that one would send to a colleague. Pure.

Whatever came from a document, a system or a person stands in it as text: nothing of it becomes markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from architect.audit.model import Event
from architect.commands.model import Effect
from architect.kernel.text import visible
from architect.runs.events import OutputDigest, StepEnded, Verdict
from architect.runs.markdown import block, cell, code, duration, inline, sentence
from architect.runs.model import PlannedAction
from architect.runs.ports import OutputKey
from architect.runs.state import RunState, StepState, fold
from architect.runs.timeline import name_of, result_of, timeline

HEAD_LINES, TAIL_LINES = 20, 8
OUTPUT_BYTES = 16_384
"""How much of a step's output a report needs at the most."""

_MAX_LINE = 300
_VERDICTS = {
    Verdict.READ: "all reads ran",
    Verdict.READ_WITH_FAILURES: "read, and some reads failed",
    Verdict.VERIFIED: "repaired, and proved",
    Verdict.RECOVERED_BY_WORD: "repaired, by a person's word",
    Verdict.NOT_RECOVERED: "not repaired",
    Verdict.UNDONE: "undone",
    Verdict.ABORTED: "given up",
}

ReadOutput = Callable[[OutputKey], str]
"""Returns the beginning of the stored output of an attempt, `OUTPUT_BYTES` of it, as text."""


def report(events: Sequence[Event], *, read_output: ReadOutput, checkpoint: str = "") -> str:
    """Return the report of the run whose whole stream this is. `checkpoint` is the first one that covers all of it."""
    state = fold(events)
    parts = (
        _summary(state),
        _what_happened(state, events),
        _values(state),
        *(_action(state, action, read_output) for action in _told(state)),
        _proof(state, events, checkpoint),
    )
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def _summary(state: RunState) -> Iterator[str]:
    plan = state.plan
    yield f"# {inline(plan.title)}: {_verdict(state)}"
    yield ""
    if state.ended is not None:
        yield f"{sentence(state.ended.summary)}."
        yield ""
    elif state.open_gate is not None:
        yield f"It waits at {state.open_gate.opened.gate}: {inline(state.open_gate.opened.question)}"
        yield ""
    yield from _what_stands_out(state)
    severity = f", {inline(plan.severity)}" if plan.severity else ""
    asked = f"{inline(name_of(state.requested_by))}{'' if state.is_verified else ', **not verified**'}"
    rows = [
        ("asked for by", asked),
        ("runbook", f"{cell(f'{plan.document}#{plan.runbook}')}{severity}"),
        ("profile", f"{inline(plan.profile)} ({inline(plan.profile_kind)})"),
        ("began", f"{state.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("took", duration((state.last_at - state.created_at).total_seconds())),
    ]
    rows += [("to be answered within", duration(plan.sla_s))] if plan.sla_s else []
    yield f"| {state.run} | |"
    yield "|---|---|"
    yield from (f"| {name} | {value} |" for name, value in rows)
    yield ""


def _verdict(state: RunState) -> str:
    if state.ended is not None:
        return _VERDICTS[state.ended.verdict]
    return "waiting" if state.open_gate is not None else "not finished"


def _what_stands_out(state: RunState) -> Iterator[str]:
    """Yield what nobody may overlook: changes to which fewer people agreed than the rules ask for."""
    answers = [answer for gate in state.gates.values() for _, answer in gate.answers]
    if any(answer.break_glass for answer in answers):
        yield "**BREAK-GLASS: a change was made without a second person.**"
        yield ""
    if any(answer.single_person for answer in answers):
        yield "**Single person: nobody else agreed to what needs two people.**"
        yield ""


def _what_happened(state: RunState, events: Sequence[Event]) -> Iterator[str]:
    yield "## What happened"
    yield ""
    yield "| time | what |"
    yield "|---|---|"
    for at, what in timeline(state, events):
        yield f"| {_time(at, state.created_at)} | {what} |"
    yield ""


def _values(state: RunState) -> Iterator[str]:
    rows = [(each.name, each.value, each.reference, each.origin) for each in state.plan.bindings]
    rows += [(name, each.value, each.reference, name_of(each.by)) for name, each in state.values.items()]
    if not rows:
        return
    yield "## Values"
    yield ""
    yield "| variable | value | from |"
    yield "|---|---|---|"
    for name, value, reference, origin in rows:
        shown = f"secret, {cell(reference)}" if reference else cell(value or "")
        yield f"| {inline(name)} | {shown} | {inline(origin)} |"
    yield ""


def _told(state: RunState) -> Sequence[PlannedAction]:
    """Return the actions worth telling: of options, the chosen one; the way back too."""
    back = state.actions if state.is_undoing else ()
    return [action for action in (*state.plan.actions, *back) if state.is_chosen(action)]


def _action(state: RunState, action: PlannedAction, read_output: ReadOutput) -> Iterator[str]:
    step = state.step(action.id)
    yield f"## {action.id} {inline(action.title)}"
    yield ""
    yield from _facts(action, step)
    yield ""
    if action.text != action.title:
        yield from block(action.text)
    if step.started is not None and step.started.executed != action.text:
        yield "Executed as:"
        yield ""
        yield from block(step.started.executed)
    if step.ended is not None and step.ended.output is not None and step.ended.output.stored_bytes:
        yield from _output(state, step.ended, step.ended.output, read_output)


def _facts(action: PlannedAction, step: StepState) -> Iterator[str]:
    targets = (
        f" on {', '.join(map(code, action.targets))}" if action.targets and action.effect is not Effect.READ else ""
    )
    yield f"- {action.effect}{targets}"
    yield f"- {_outcome(step)}"
    if step.undo is not None:
        back = f"no way back: {step.undo.impossible}" if step.undo.impossible else f"way back: {step.undo.text}"
        yield f"- {inline(back)}"


def _outcome(step: StepState) -> str:
    if step.skipped_because:
        return f"left out: {inline(step.skipped_because)}"
    if step.ended is None:
        return "not reached" if step.started is None else str(step.status)
    return result_of(step.ended)


def _output(state: RunState, ended: StepEnded, output: OutputDigest, read_output: ReadOutput) -> Iterator[str]:
    """Yield the first lines of what was printed, the last ones, and the digest of all of it."""
    beginning = read_output(OutputKey(run=state.run, action=ended.action, attempt=ended.attempt))
    lines = visible(beginning).splitlines()
    is_whole = len(beginning.encode()) >= output.stored_bytes and len(lines) <= HEAD_LINES + TAIL_LINES
    if not is_whole:
        tail = visible(output.tail).splitlines()[1:][-TAIL_LINES:]
        lines = [*lines[:HEAD_LINES], "…", *tail]
    yield from block("\n".join(map(_cut, lines)))
    facts = [f"{output.stored_bytes:,} bytes"]
    facts += [f"{output.redactions} places redacted"] if output.redactions else []
    facts += [f"{output.dropped_bytes:,} bytes dropped"] if output.dropped_bytes else []
    more = "" if is_whole else f"; all of it: {code(f'architect runs output {state.run} {ended.action}')}"
    yield f"{', '.join(facts)}, SHA-256 {code(output.sha256)}{more}"
    yield ""


def _cut(line: str) -> str:
    return line if len(line) <= _MAX_LINE else f"{line[:_MAX_LINE]}… ({len(line) - _MAX_LINE:,} more characters)"


def _proof(state: RunState, events: Sequence[Event], checkpoint: str) -> Iterator[str]:
    yield "## Proof"
    yield ""
    yield f"- document: SHA-256 {code(state.plan.document_sha256)}"
    yield f"- plan: SHA-256 {code(state.plan_digest)}"
    yield f"- record: {len(events)} events of {code(events[-1].stream)}, the last one {code(events[-1].hash)}"
    if not checkpoint:
        yield "- no checkpoint covers all of it yet"
        return
    verify = f"architect audit verify --against {checkpoint}"
    yield f"- a checkpoint covers all of it; whether that still holds, this says: {code(verify)}"


def _time(at: datetime, began: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.date() == began.date() else f"{at:%Y-%m-%d %H:%M:%S}"
