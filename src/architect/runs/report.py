"""The report of a run: a page of Markdown that one would send to a colleague. Pure.

Whatever came from a document, a system or a person stands in it as text: nothing of it becomes markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from architect.audit.model import Event
from architect.commands.model import Effect
from architect.runs.events import Answer, GateAnswered, GateReason, Occasion, PageRecorded, StepEnded, parse
from architect.runs.model import PlannedAction, Truth
from architect.runs.ports import OutputKey
from architect.runs.state import GateState, RunState, StepState, fold
from architect.runs.values import visible

OUTPUT_LINES = 30
OUTPUT_BYTES = 16_384
"""How much of a step's output a report needs at the most."""

_MAX_LINE = 400
_MAX_WORDS = 600
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!&$])|(?<=\w)(:)(?=//)|(?<=www)(\.)", re.IGNORECASE)
_LIST_MARK = re.compile(r"\A(?=[-+=])|\A\d+(?=[.)])")
_TRUTHS = {Truth.HOLDS: "holds", Truth.DOES_NOT: "does not hold", Truth.CANNOT_TELL: "cannot tell"}
_OCCASIONS = {
    Occasion.BEFORE: "before the first change",
    Occasion.AFTER_CHANGE: "after",
    Occasion.CHECK: "check after",
    Occasion.FINAL: "at the end",
}

ReadOutput = Callable[[OutputKey], str]
"""Returns the beginning of the stored output of an attempt, `OUTPUT_BYTES` of it, as text."""


def report(events: Sequence[Event], *, read_output: ReadOutput, checkpoint: str = "") -> str:
    """Return the report of the run whose whole stream this is. `checkpoint` is the last one of the store."""
    state = fold(events)
    parts = (
        _summary(state),
        _people(state, events),
        _values(state),
        _measurements(state),
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
    urgency = f", {inline(plan.severity)}" if plan.severity else ""
    yield f"| {state.run} | |"
    yield "|---|---|"
    yield f"| runbook | {cell(f'{plan.document}#{plan.runbook}')}{urgency} |"
    yield f"| document | SHA-256 {cell(plan.document_sha256)} |"
    yield f"| profile | {inline(plan.profile)} ({inline(plan.profile_kind)}) |"
    yield f"| began | {_moment(state.created_at)} |"
    yield f"| last event | {_moment(state.last_at)} ({_took((state.last_at - state.created_at).total_seconds())}) |"
    if plan.sla_s:
        yield f"| answer within | {_took(plan.sla_s)} |"
    yield ""


def _verdict(state: RunState) -> str:
    if state.ended is not None:
        return state.ended.verdict.replace("-", " ")
    return "waiting" if state.open_gate is not None else "not finished"


def _people(state: RunState, events: Sequence[Event]) -> Iterator[str]:
    yield "## Who"
    yield ""
    yield f"- Asked for by {inline(state.requested_by)}{'' if state.is_verified else ', **not verified**'}."
    for gate in state.gates.values():
        for at, answer in gate.answers:
            yield f"- {_moment(at)} {_answer(state, gate, answer.answer)} by {inline(answer.by)}{_how(answer)}."
    for event in events:
        page = parse(event)
        if isinstance(page, PageRecorded):
            to = ", ".join(map(inline, page.to)) or "nobody else is registered"
            yield f"- {_moment(event.at)} **Break-glass page** to {to}: {inline(page.detail)}."
    yield ""


def _answer(state: RunState, gate: GateState, answer: Answer) -> str:
    opened = gate.opened
    what = f" {opened.action} {inline(state.action(opened.action).title)}" if opened.action else ""
    if opened.reason is GateReason.CHOICE:
        what = f" an option of step {opened.group}"
    if opened.reason is GateReason.VALUE:
        what = f" the value of {inline(opened.variable or '')}"
    return f"{answer.replace('-', ' ')}{what}"


def _how(answer: GateAnswered) -> str:
    found = [] if answer.is_verified else ["**not verified**"]
    found += ["**single person**"] if answer.single_person else []
    found += ["**BREAK-GLASS**"] if answer.break_glass else []
    found += [f"option {answer.option}"] if answer.option is not None else []
    found += [f"reason: {inline(answer.reason)}"] if answer.reason else []
    return f" ({', '.join(found)})" if found else ""


def _values(state: RunState) -> Iterator[str]:
    rows = [(each.name, each.value, each.reference, each.origin) for each in state.plan.bindings]
    rows += [(name, each.value, each.reference, each.by) for name, each in state.values.items()]
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


def _measurements(state: RunState) -> Iterator[str]:
    """Yield what was measured, each answer once until it changed."""
    if not state.measured:
        return
    titles = {condition.id: condition.title for condition in state.plan.conditions}
    yield "## Checks"
    yield ""
    yield "| when | check | answer | what was seen |"
    yield "|---|---|---|---|"
    before: Mapping[tuple[str, str, str], tuple[Truth, str]] = {}
    for found in state.measured:
        event = found.event
        key, answer = (event.condition, event.occasion, event.action or ""), (event.truth, event.detail)
        if before.get(key) == answer:
            continue
        before = {**before, key: answer}
        when = f"{_moment(found.at)}, {_OCCASIONS[event.occasion]} {event.action or ''}".rstrip()
        title = inline(titles.get(event.condition, event.condition))
        yield f"| {when} | {title} | {_TRUTHS[event.truth]} | {inline(event.detail)} |"
    yield ""


def _told(state: RunState) -> Sequence[PlannedAction]:
    """Return the actions worth telling: of options, the chosen one; the way back too."""
    back = state.actions if state.is_undoing else ()
    return [action for action in (*state.plan.actions, *back) if state.is_chosen(action)]


def _action(state: RunState, action: PlannedAction, read_output: ReadOutput) -> Iterator[str]:
    step = state.step(action.id)
    yield f"## {action.id} {inline(action.title)}"
    yield ""
    yield f"{action.effect}, {_outcome(step)}."
    if action.effect is not Effect.READ and action.targets:
        yield f"On {', '.join(code(target) for target in action.targets)}."
    if step.undo is not None:
        back = f"none: {step.undo.impossible}" if step.undo.impossible else step.undo.text
        yield f"Way back: {inline(back)}."
    yield ""
    if action.text != action.title:
        yield from block(action.text)
    if step.started is not None and step.started.executed != action.text:
        yield "Executed as:"
        yield ""
        yield from block(step.started.executed)
    if step.ended is not None and step.ended.output is not None and step.ended.output.stored_bytes:
        yield from _output(state, step.ended, read_output)


def _outcome(step: StepState) -> str:
    ended = step.ended
    if step.skipped_because:
        return f"left out: {inline(step.skipped_because)}"
    if ended is None:
        return str(step.status)
    facts = [ended.outcome.replace("-", " ")]
    if ended.reason:
        facts.append(inline(ended.reason))
    if ended.exit_status is not None:
        facts.append(f"exit status {ended.exit_status}")
    facts.append(f"{ended.duration_s:.1f} s")
    if ended.attempt > 1:
        facts.append(f"attempt {ended.attempt}")
    return ", ".join((*facts, *map(inline, ended.notes)))


def _output(state: RunState, ended: StepEnded, read_output: ReadOutput) -> Iterator[str]:
    """Yield the first lines of what was printed, and the digest of all of it."""
    output = ended.output
    assert output is not None
    beginning = read_output(OutputKey(run=state.run, action=ended.action, attempt=ended.attempt))
    lines = visible(beginning).splitlines()
    is_cut = len(lines) > OUTPUT_LINES or len(beginning.encode()) < output.stored_bytes
    yield from block("\n".join(_cut(line, _MAX_LINE) for line in lines[:OUTPUT_LINES]))
    facts = [f"{output.stored_bytes:,} bytes"]
    facts += [f"{output.redactions} places redacted"] if output.redactions else []
    facts += [f"{output.dropped_bytes:,} bytes dropped"] if output.dropped_bytes else []
    more = f"; all of it: {code(f'architect runs output {state.run} {ended.action}')}" if is_cut else ""
    yield f"{', '.join(facts)}, SHA-256 {code(output.sha256)}{more}"
    yield ""


def _proof(state: RunState, events: Sequence[Event], checkpoint: str) -> Iterator[str]:
    yield "## Proof"
    yield ""
    yield f"Plan {code(state.plan_digest)}. {len(events)} events, the last one {code(events[-1].hash)}."
    if checkpoint:
        yield f"Checkpoint {code(checkpoint)}; `architect audit verify --against` it proves what was recorded before."
    yield ""


def inline(text: str) -> str:
    """Return text from outside for the middle of a line: one line, no markup, no link that a host makes by itself."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}", _one_line(text))


def sentence(text: str) -> str:
    """Return text from outside for the beginning of a line: no list, no heading underlined."""
    line = _one_line(text)
    shown = inline(line[:1].upper() + line[1:])
    return _LIST_MARK.sub(lambda found: f"{found[0]}\\", shown, count=1)


def code(text: str) -> str:
    """Return text from outside as inline code, behind as many backquotes as it needs."""
    line = _one_line(text) or " "
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def cell(text: str) -> str:
    """Return text from outside as inline code in a table."""
    return code(text).replace("|", "\\|")


def block(text: str) -> Iterator[str]:
    """Yield text from outside as a code block, behind a fence that it cannot close."""
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    yield fence
    yield from visible(text).splitlines()
    yield fence
    yield ""


def _one_line(text: str) -> str:
    return _cut(" ".join(visible(text).split()), _MAX_WORDS)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _took(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
