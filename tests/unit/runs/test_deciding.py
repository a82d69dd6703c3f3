"""The state machine, driven by whatever the world and people may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from architect.audit.model import Event
from architect.commands.model import Effect
from architect.kernel.ids import RunId
from architect.runs import deciding
from architect.runs.deciding import decide
from architect.runs.events import (
    Answer,
    ConditionMeasured,
    GateAnswered,
    GateVoided,
    Outcome,
    RunCreated,
    RunEvent,
    StepEnded,
    StepSkipped,
    StepStarted,
    StepUnknown,
    TargetsLocked,
    UndoCaptured,
    draft,
    parse,
    stream_of,
)
from architect.runs.model import Plan, Truth, UndoPlan
from architect.runs.state import RunState, apply, begin, fold, is_change
from runs_world import plan, shell, symptom

T = TypeVar("T")
START = datetime(2026, 1, 1, tzinfo=UTC)


class Story:
    """A run whose world answers as the drawn numbers say."""

    def __init__(self, made: Plan, draw: st.DataObject) -> None:
        self.draw = draw
        self.now = START
        self.events: list[Event] = []
        created = RunCreated(run=RunId("RUN-1"), plan=made, plan_digest="", requested_by="person:dana")
        self.state = begin(self.stored(created))
        self.starts: list[tuple[str, int]] = []

    def stored(self, event: RunEvent) -> Event:
        made = draft(event, "person:dana")
        stored = Event(
            stream=stream_of(RunId("RUN-1")), seq=len(self.events) + 1, at=self.now, actor=made.actor,
            kind=made.kind, data=made.data, version=1, prev="", hash="",
        )  # fmt: skip
        self.events.append(stored)
        return stored

    def happen(self, *events: RunEvent) -> None:
        for event in events:
            self.now += timedelta(milliseconds=1)
            self.state = apply(self.state, self.stored(event))

    def choice(self, *options: T) -> T:
        return self.draw.draw(st.sampled_from(options))

    def step(self) -> bool:
        """Carry one decision out; False when the run is over."""
        decision = decide(self.state, self.now)
        match decision:
            case deciding.Over():
                return False
            case deciding.Wait():
                self.wait(decision)
            case deciding.Ask():
                self.happen(decision.gate)
            case deciding.Void():
                self.happen(GateVoided(gate=decision.gate, reason=decision.reason))
            case deciding.Lock():
                self.happen(TargetsLocked(action=decision.action.id, targets=decision.targets))
            case deciding.Capture():
                self.happen(UndoCaptured(action=decision.action.id, text="back", commands=("true",)))
            case deciding.Measure():
                self.measure(decision)
            case deciding.MarkUnknown():
                self.happen(StepUnknown(action=decision.action.id, attempt=decision.attempt))
            case deciding.Start():
                self.start(decision)
            case deciding.End():
                self.happen(decision.ended)
            case _:
                raise AssertionError(decision)
        return True

    def wait(self, decision: deciding.Wait) -> None:
        if decision.until is None:
            self.answer()
        else:
            self.now = max(self.now, decision.until)

    def measure(self, decision: deciding.Measure) -> None:
        for condition in decision.conditions:
            truth: Truth = self.choice(*Truth)
            self.happen(ConditionMeasured(condition=condition.id, occasion=decision.occasion, truth=truth, detail=""))

    def start(self, decision: deciding.Start) -> None:
        action = decision.action
        self.starts.append((action.id, decision.attempt))
        self.happen(StepStarted(action=action.id, attempt=decision.attempt, effect=action.effect, text="", executed=""))
        if self.choice(True, True, False):
            outcome = self.choice(Outcome.SUCCEEDED, Outcome.FAILED)
            self.happen(StepEnded(action=action.id, attempt=decision.attempt, outcome=outcome, duration_s=0))

    def answer(self) -> None:
        gate = self.state.open_gate
        assert gate is not None, "a run that waits for people has a gate"
        wanted = [answer for answer in gate.opened.answers if answer not in {Answer.UNDO, Answer.ABORT, Answer.REFUSE}]
        answer = self.choice(*wanted)
        answered = GateAnswered(gate=gate.opened.gate, answer=answer, by="person:dana", is_verified=True)
        self.happen(answered)
        if answer is Answer.SKIP and gate.opened.action is not None:
            self.happen(StepSkipped(action=gate.opened.action, reason="not needed"))
        if self.choice(False, False, True):
            self.now += timedelta(hours=1)


EFFECTS = st.sampled_from([Effect.READ, Effect.READ, Effect.WRITE, Effect.DISRUPTIVE])


@settings(max_examples=150, deadline=None)
@given(st.lists(EFFECTS, min_size=1, max_size=4), st.booleans(), st.data())
def test_whatever_happens_no_change_starts_unapproved_or_twice_without_a_persons_word(
    effects: list[Effect], has_symptom: bool, data: st.DataObject
) -> None:
    undo = UndoPlan(capture="x")
    actions = [
        shell(f"1.{number}", "true", effect, undo=undo if effect is not Effect.READ else None, targets=("t",))
        for number, effect in enumerate(effects, start=1)
    ]
    story = Story(plan(*actions, conditions=(symptom(),) if has_symptom else ()), data)
    for _ in range(400):
        before = len(story.events)
        if not story.step():
            break
        if len(story.events) > before and story.events[before].kind == StepStarted.kind:
            check_start(story, before)
    assert len(set(story.starts)) == len(story.starts)
    assert fold(story.events) == story.state


def check_start(story: Story, place: int) -> None:
    """Check what must have come before a start."""
    before = fold(story.events[:place])
    started = parse(story.events[place])
    assert isinstance(started, StepStarted)
    action = before.action(started.action)
    if not is_change(action):
        return
    step = before.step(action.id)
    gates = [gate for gate in before.gates.values() if gate.opened.action == action.id and not gate.voided]
    approved = [gate for gate in gates if gate.closing is not None and gate.closing.answer is Answer.APPROVE]
    assert any(step.ended_at is None or gate.at > step.ended_at for gate in approved)
    assert step.undo is not None
    assert before.locked
    assert_repeat_was_asked(before, action.id, started.attempt)


def assert_repeat_was_asked(before: RunState, action: str, attempt: int) -> None:
    retries = [
        answer
        for gate in before.gates.values()
        for _, answer in gate.answers
        if gate.opened.action == action and answer.answer is Answer.RETRY
    ]
    assert attempt == 1 or len(retries) >= attempt - 1
