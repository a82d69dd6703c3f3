"""The story of a run as it happens: a line an event, output below its step, a line at the bottom that moves."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import datetime

from rich.console import Console
from rich.status import Status
from rich.text import Text

from architect.audit.model import Event
from architect.cli.terminal.output import ShownOutput
from architect.cli.terminal.style import (
    TRUTH_STYLES,
    clock,
    duration,
    effect_text,
    outside,
    sign,
    two_sides,
    width_of,
)
from architect.kernel.ids import ActionId, RunId
from architect.runs.events import (
    ClockJumped,
    ConditionMeasured,
    GateAnswered,
    GateVoided,
    LeaseTaken,
    Occasion,
    Outcome,
    PageRecorded,
    RunEnded,
    RunEvent,
    RunInterrupted,
    StepEnded,
    StepSkipped,
    StepStarted,
    StepUnknown,
    TargetsBusy,
    UndoCaptured,
    UndoPlanned,
    Verdict,
    parse,
)
from architect.runs.model import Plan, PlannedAction, Truth
from architect.runs.ports import Stream

_GOOD = frozenset((Verdict.READ, Verdict.VERIFIED, Verdict.RECOVERED_BY_WORD, Verdict.UNDONE))
_OUTPUT_INDENT = " " * 8
_LINE_INDENT = " " * 6


class Story:
    """Tells one run on a console; on a terminal with a moving line that shows the time and the SLA."""

    def __init__(self, run: RunId, plan: Plan, *, console: Console, began_at: datetime) -> None:
        self._run = run
        self._plan = plan
        self._console = console
        self._began_at = began_at
        self._actions: dict[ActionId, PlannedAction] = {action.id: action for action in plan.actions}
        self._titles = {condition.id: condition.title for condition in plan.conditions}
        self._said: dict[tuple[str, ActionId | None], Truth] = {}
        self._now = ""
        self._status: Status | None = None
        self._behind_s = (datetime.now(began_at.tzinfo) - began_at).total_seconds()
        self._since_s = time.monotonic()
        self.output = ShownOutput(self._say_output)

    @contextlib.contextmanager
    def moving(self) -> Iterator[None]:
        """Show the moving line while the block works; where nobody looks at a terminal there is none."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(_Moving(self), spinner="dots") as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def moving_text(self) -> Text:
        """Return what the moving line says now."""
        elapsed_s = self._behind_s + time.monotonic() - self._since_s
        size = f" · {self.output.size // 1024} kB" if self.output.size > 100_000 else ""
        left = Text(f"{clock(elapsed_s)} {self._now or 'working'}{size}")
        return two_sides(left, self._sla(elapsed_s), width_of(self._console) - 2)

    def _sla(self, elapsed_s: float) -> Text:
        if not self._plan.sla_s:
            return Text("")
        left_s = self._plan.sla_s - elapsed_s
        if left_s < 0:
            return Text(f"SLA passed {clock(-left_s)} ago", style="red")
        return Text(f"SLA {clock(left_s)} left", style="yellow" if left_s < self._plan.sla_s / 4 else "")

    def tell(self, event: Event) -> None:
        """Tell what happened."""
        typed = parse(event)
        if typed is None:
            return
        at = clock(max(0.0, (event.at - self._began_at).total_seconds()))
        match typed:
            case StepStarted():
                self._started(typed, at)
            case StepEnded():
                self._ended(typed, at)
            case ConditionMeasured():
                self._measured(typed, at)
            case RunEnded():
                self._over(typed, at)
            case _:
                self._other(typed, at)

    def _started(self, event: StepStarted, at: str) -> None:
        action = self._actions.get(event.action)
        title = outside(action.title if action else event.text)
        self._now = f"{event.action} {title}"
        self.output.begin()
        effect = effect_text(action.effect) if action else Text(event.effect)
        again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
        start = sign("go", self._console)
        self._line(Text.assemble((at, "dim"), f" {start} {event.action:<5} ", effect, f" {title}{again}"))

    def _ended(self, event: StepEnded, at: str) -> None:
        left_out = self.output.finish()
        self._now = ""
        ok = event.outcome.is_success
        word = {Outcome.NONE_FOUND: "none found", Outcome.SUCCEEDED: ""}.get(event.outcome, event.outcome.value)
        style = "green" if ok else "red"
        mark = sign("ok" if ok else "bad", self._console)
        if event.outcome is Outcome.NOT_STARTED:
            action = self._actions.get(event.action)
            title = outside(action.title) if action else ""
            text = f" {mark} {event.action:<5} not run     {title}: {outside(event.reason)}"
            self._line(Text.assemble((at, "dim"), (text, style)))
            return
        facts = [part for part in (word, outside(event.reason) if not ok else "", duration(event.duration_s)) if part]
        if left_out:
            facts.append(f"all of it: architect runs output {self._run} {event.action}")
        self._line(Text(f"{_LINE_INDENT}{mark} {', '.join(facts)}", style=style))
        for note in event.notes:
            self._line(Text(f"{_LINE_INDENT}  {outside(note)}", style="dim"))

    def _measured(self, event: ConditionMeasured, at: str) -> None:
        """Tell an answer when it is the first one or another one; a check of a step always once."""
        title = outside(self._titles.get(event.condition, event.condition))
        self._now = f"checking: {title}"
        step = event.action if event.occasion is Occasion.CHECK else None
        is_told = self._said.get((event.condition, step)) is event.truth
        self._said |= {(event.condition, step): event.truth, (event.condition, None): event.truth}
        if is_told:
            return
        mark = sign({Truth.HOLDS: "ok", Truth.DOES_NOT: "bad", Truth.CANNOT_TELL: "unsure"}[event.truth], self._console)
        word = {Truth.HOLDS: "holds", Truth.DOES_NOT: "does not hold", Truth.CANNOT_TELL: "cannot tell"}[event.truth]
        line = Text.assemble((at, "dim"), f" {mark} {title}: ", (word, TRUTH_STYLES[event.truth]))
        self._line(line + Text(f" ({outside(event.detail)})", style="dim"))

    def _over(self, event: RunEnded, at: str) -> None:
        self._now = ""
        is_good = event.verdict in _GOOD
        mark = sign("ok" if is_good else "bad", self._console)
        verdict = event.verdict.replace("-", " ")
        style = "bold green" if is_good else "bold red"
        self._line(Text(""))
        self._line(Text.assemble((at, "dim"), (f" {mark} {verdict}", style), f": {outside(event.summary)}"))

    def _other(self, event: RunEvent, at: str) -> None:
        text = self._words(event)
        if text:
            dot = sign("dot", self._console)
            self._line(Text.assemble((at, "dim"), f" {dot} ", outside(text)))

    def _words(self, event: RunEvent) -> str:
        """Return an event of the smaller kinds in words; empty for what a terminal need not say."""
        match event:
            case LeaseTaken(reason="taken-over"):
                return f"taken over from a worker that is gone, by {event.worker}"
            case GateAnswered():
                return _answered(event)
            case GateVoided():
                return f"asked again: {event.reason}"
            case PageRecorded():
                return f"break-glass: {', '.join(event.to) or 'nobody else is registered'}: {event.detail}"
            case StepSkipped():
                return f"{event.action} left out: {event.reason}"
            case StepUnknown():
                return f"{event.action}: nobody saw how it ended. {' '.join(event.found)}"
            case TargetsBusy():
                return f"waits for {', '.join(event.holders)}"
            case UndoCaptured(impossible=""):
                return f"{event.action} way back kept: {event.text}"
            case UndoPlanned():
                self._actions |= {action.id: action for action in event.actions}
                return f"going back: {len(event.actions)} actions"
            case RunInterrupted():
                return f"interrupted by {event.by}"
            case ClockJumped():
                return f"{event.what} ({duration(abs(event.seconds))})"
            case _:
                return ""

    def _say_output(self, line: str, stream: Stream) -> None:
        style = "dim" if stream is Stream.STDERR else ""
        self._line(Text(f"{_OUTPUT_INDENT}{line}".rstrip(), style=style))

    def _line(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


class _Moving:
    """The moving line, asked anew at every refresh."""

    def __init__(self, story: Story) -> None:
        self._story = story

    def __rich__(self) -> Text:
        return self._story.moving_text()


def _answered(event: GateAnswered) -> str:
    verified = "" if event.is_verified else ", not verified"
    how = [f"{event.answer.replace('-', ' ')} by {event.by}{verified}"]
    how += ["as a single person"] if event.single_person else []
    how += ["BREAK-GLASS"] if event.break_glass else []
    how += [f"reason: {event.reason}"] if event.reason else []
    how += [] if event.is_final else ["a second person is still needed"]
    return ", ".join(how)
