"""The story of a run as it happens: a line an event, output below its step, a line at the bottom that moves."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from architect.audit.model import Event
from architect.cli.terminal.output import ShownOutput
from architect.cli.terminal.screen import Screen
from architect.cli.terminal.style import (
    TRUTH_SIGNS,
    TRUTH_STYLES,
    TRUTH_WORDS,
    clock,
    duration,
    effect_text,
    outside,
    size,
    two_sides,
)
from architect.cli.terminal.words import Words
from architect.commands.model import Effect
from architect.kernel.ids import ActionId, RunId
from architect.runs.events import (
    ConditionMeasured,
    GateOpened,
    Occasion,
    Outcome,
    RunEnded,
    StepEnded,
    StepStarted,
    TargetsBusy,
    UndoPlanned,
    Verdict,
    parse,
)
from architect.runs.model import Condition, Plan, PlannedAction, Truth
from architect.runs.ports import Stream

GOOD = frozenset((Verdict.READ, Verdict.VERIFIED, Verdict.RECOVERED_BY_WORD, Verdict.UNDONE))
_RESULT = " " * 6
_OUTPUT = Text("  │ ", style="dim")
_TITLE_COLUMN = 26
_MUCH_OUTPUT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What is being done now; `since_s` and `until_s` are on the monotonic clock."""

    text: str
    since_s: float
    until_s: float | None = None
    detail: str = ""


class Clocks:
    """How long a run has been going, and what is left of its SLA."""

    def __init__(self, began_at: datetime, *, sla_s: float | None, now: Callable[[], datetime]) -> None:
        self._sla_s = sla_s
        self._behind_s = max(0.0, (now() - began_at).total_seconds())
        self._since_s = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run was created."""
        return self._behind_s + time.monotonic() - self._since_s

    @property
    def sla(self) -> Text:
        """What is left of the SLA; empty where the runbook has none."""
        if not self._sla_s:
            return Text("")
        left_s = self._sla_s - self.elapsed_s
        if left_s < 0:
            return Text(f"SLA passed {clock(-left_s)} ago", style="bold red")
        return Text(f"SLA {clock(left_s)} left", style="yellow" if left_s < self._sla_s / 4 else "")


class Story:
    """Tells one run on a screen; on a terminal with a moving line that shows the time and the SLA."""

    def __init__(self, run: RunId, plan: Plan, *, screen: Screen, began_at: datetime) -> None:
        self._run = run
        self._screen = screen
        self._began_at = began_at
        self.clocks = Clocks(began_at, sla_s=plan.sla_s, now=lambda: datetime.now(began_at.tzinfo))
        self._actions: dict[ActionId, PlannedAction] = {action.id: action for action in plan.actions}
        self._conditions: dict[str, Condition] = {condition.id: condition for condition in plan.conditions}
        self._words = Words()
        self._step: tuple[int, str] | None = None
        self._said: dict[tuple[str, ActionId | None], Truth] = {}
        self._asked_since: dict[tuple[str, Occasion, ActionId | None], datetime] = {}
        self._has_measured_before = False
        self._lines: list[tuple[str, Stream]] = []
        self._held_at = ""
        self._last: tuple[object, ...] = ()
        self._doing: Doing | None = None
        self._spinner = Spinner("line" if screen.is_ascii else "dots")
        self.output = ShownOutput(self._take_output)

    def moving(self) -> AbstractContextManager[None]:
        """Show the moving line while the block works; where nobody looks at a terminal there is none."""
        return self._screen.moving(self.moving_lines)

    def moving_lines(self) -> RenderableType:
        """Return what moves now: what is being done, for how long, the SLA, and the latest line of much output."""
        doing, now_s = self._doing, time.monotonic()
        facts = ""
        if doing is not None and now_s - doing.since_s >= 1:
            facts += f", {clock(now_s - doing.since_s)}"
        if doing is not None and doing.until_s is not None:
            facts += f", at most {clock(max(0.0, doing.until_s - now_s))} more"
        if self.output.size > _MUCH_OUTPUT:
            facts += f", {size(self.output.size)}"
        room = self._screen.width - 4
        text = Text(f"{clock(self.clocks.elapsed_s)}  {doing.text if doing else 'working'}")
        text.truncate(max(12, room - len(facts) - self.clocks.sla.cell_len - 2), overflow="ellipsis")
        line = Table.grid(padding=(0, 1))
        line.add_row(self._spinner, self._screen.plain(two_sides(text + Text(facts), self.clocks.sla, room)))
        above = self.output.latest or (doing.detail if doing else "")
        if not above:
            return line
        latest = Text.assemble(_OUTPUT, (above, "dim"))
        latest.truncate(self._screen.width - 1, overflow="ellipsis")
        return Group(self._screen.plain(latest), line)

    def tell(self, event: Event) -> None:
        """Tell what happened."""
        typed = parse(event)
        if typed is None:
            return
        at = clock(max(0.0, (event.at - self._began_at).total_seconds()))
        match typed:
            case StepStarted():
                self._start(typed, at)
            case StepEnded():
                self._ended(typed, at)
            case ConditionMeasured():
                self._measured(typed, event.at, at)
            case RunEnded():
                self._over(typed, at)
            case UndoPlanned():
                self._actions |= {action.id: action for action in typed.actions}
                self._plain(self._words.of(typed), at)
            case GateOpened():
                self._words.of(typed)
                self._doing = None
            case TargetsBusy():
                self._plain(self._words.of(typed), at)
                self._do(f"waits for {', '.join(map(outside, typed.holders))}")
            case _:
                self._plain(self._words.of(typed), at)

    def _do(self, text: str, *, until_s: float | None = None, detail: str = "") -> None:
        since_s = self._doing.since_s if self._doing and self._doing.text == text else time.monotonic()
        self._doing = Doing(text=text, since_s=since_s, until_s=until_s, detail=detail)

    def _title(self, action: ActionId) -> str:
        found = self._actions.get(action)
        return outside(found.title) if found else ""

    def _start(self, event: StepStarted, at: str) -> None:
        """Tell that an action begins; of a read that is tried again only what is new, once it is known."""
        action = self._actions.get(event.action)
        is_read_again = event.attempt > 1 and action is not None and action.effect is Effect.READ
        self.output.begin()
        self._lines = []
        self._held_at = at if is_read_again else ""
        if not is_read_again:
            self._begin(event.action, at, "▸", attempt=event.attempt)
        self._do(f"{event.action} {self._title(event.action)}{_again(event.attempt)}")

    def _begin(self, name: ActionId, at: str, mark: str, *, attempt: int = 1, style: str = "") -> None:
        """Tell that an action begins, below the heading of its step."""
        action = self._actions.get(name)
        if action is not None and (action.step, action.step_title) != self._step:
            self._step = (action.step, action.step_title)
            self._screen.say()
            self._screen.say(Text(f"{action.step}  {outside(action.step_title)}", style="bold"), hang=3)
        effect = effect_text(action.effect) if action else Text("")
        prefix = Text.assemble((at, "dim"), (f" {mark} {name:<5} ", style), effect, " ")
        self._screen.say(f"{self._title(name)}{_again(attempt)}", prefix=prefix, hang=_TITLE_COLUMN)

    def _ended(self, event: StepEnded, at: str) -> None:
        if event.outcome is Outcome.NOT_STARTED:
            self._begin(event.action, at, "✗", style="red")
        is_shortened = self.output.finish()
        self.output.begin()
        self._doing = None
        is_well = event.outcome.is_success
        style = "green" if is_well else "red"
        if self._is_the_same(event):
            mark = Text.assemble((self._held_at, "dim"), (f" {'✓' if is_well else '✗'} {event.action:<5} ", style))
            self._screen.say(f"attempt {event.attempt}: the same, {duration(event.duration_s)}", prefix=mark)
            self._held_at = ""
            return
        self._let_go(event)
        text = Text(result_of(event), style=style)
        if is_shortened:
            text.append(f" · all of it: architect runs output {self._run} {event.action}", style="dim")
        self._screen.say(text, prefix=Text(f"{_RESULT}{'✓' if is_well else '✗'} ", style=style))
        for note in event.notes:
            self._screen.say(Text(outside(note), style="dim"), prefix=f"{_RESULT}  ")

    def _is_the_same(self, event: StepEnded) -> bool:
        """Say whether a read that was tried again ended as it did before, with the same words."""
        before, self._last = self._last, (event.action, event.outcome, event.reason, *self._lines)
        return bool(self._held_at) and before == self._last

    def _let_go(self, event: StepEnded) -> None:
        """Print what was held back."""
        if self._held_at:
            self._begin(event.action, self._held_at, "▸", attempt=event.attempt)
            self._held_at = ""
            for line, stream in self._lines:
                self._say_output(line, stream)

    def _measured(self, event: ConditionMeasured, moment: datetime, at: str) -> None:
        """Tell an answer when it is the first one or another one; a check of a step always once."""
        condition = self._conditions.get(event.condition)
        title = outside(condition.title if condition else event.condition)
        self._wait_for(event, condition, moment, title)
        step = event.action if event.occasion is Occasion.CHECK else None
        is_before = event.occasion is Occasion.BEFORE
        is_told = self._said.get((event.condition, step)) is event.truth and not is_before
        if is_before and not self._has_measured_before:
            self._has_measured_before = True
            self._plain("measured before the first change:", at)
        self._said |= {(event.condition, step): event.truth, (event.condition, None): event.truth}
        if is_told:
            return
        style = TRUTH_STYLES[event.truth]
        prefix = Text.assemble((at, "dim"), (f" {TRUTH_SIGNS[event.truth]} ", style))
        answer = Text.assemble(f"{title}: ", (TRUTH_WORDS[event.truth], style), (f" ({outside(event.detail)})", "dim"))
        self._screen.say(answer, prefix=prefix)

    def _wait_for(self, event: ConditionMeasured, condition: Condition | None, moment: datetime, title: str) -> None:
        """Say in the moving line what is waited for, what it answered last, and for how long at most."""
        key = (event.condition, event.occasion, event.action)
        first = self._asked_since.setdefault(key, moment)
        is_polled = event.occasion in (Occasion.CHECK, Occasion.FINAL) and event.truth is not Truth.HOLDS
        if condition is None or not is_polled or event.is_settled or not condition.within_s:
            self._doing = None
            return
        left = first + timedelta(seconds=condition.within_s) - moment
        until_s = time.monotonic() + left.total_seconds()
        self._do("asking again until it holds", until_s=until_s, detail=f"{title}: {outside(event.detail)}")

    def _over(self, event: RunEnded, at: str) -> None:
        self._doing = None
        is_good = event.verdict in GOOD
        style = "bold green" if is_good else "bold red"
        verdict = Text(event.verdict.replace("-", " "), style=style)
        failed = f"; failed reads: {', '.join(event.failed_reads)}" if event.failed_reads else ""
        prefix = Text.assemble((at, "dim"), (f" {'✓' if is_good else '✗'} ", style))
        self._screen.say()
        self._screen.say(verdict + Text(f": {outside(event.summary)}{failed}"), prefix=prefix)

    def _plain(self, text: str, at: str) -> None:
        if text:
            self._screen.say(text, prefix=Text.assemble((at, "dim"), " · "))

    def _take_output(self, line: str, stream: Stream) -> None:
        self._lines.append((line, stream))
        if not self._held_at:
            self._say_output(line, stream)

    def _say_output(self, line: str, stream: Stream) -> None:
        style = "dim" if stream is Stream.STDERR else ""
        self._screen.say_verbatim(line.expandtabs(8), prefix=_OUTPUT, style=style)


def _again(attempt: int) -> str:
    return f" (attempt {attempt})" if attempt > 1 else ""


def result_of(event: StepEnded) -> str:
    """Return how a step ended, in words."""
    took = duration(event.duration_s)
    match event.outcome:
        case Outcome.SUCCEEDED:
            return took
        case Outcome.NONE_FOUND:
            return f"none found, {took}"
        case Outcome.BOUNDED:
            return f"{outside(event.reason) or 'stopped at its bound'}, as it never ends by itself"
        case Outcome.NOT_STARTED:
            return f"not run: {outside(event.reason)}"
        case _:
            word, reason = event.outcome.value.replace("-", " "), outside(event.reason)
            if not reason or reason.startswith(word):
                return f"{reason or word}, {took}"
            return f"{word}: {reason}, {took}"
