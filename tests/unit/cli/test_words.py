"""Events in the words of people: who did what, and who was not verified."""

from __future__ import annotations

import pytest

from architect.cli.terminal.words import Words, person
from architect.kernel.ids import ActionId
from architect.runs.events import (
    Answer,
    ClockJumped,
    GateAnswered,
    GateOpened,
    GateReason,
    GateVoided,
    LeaseTaken,
    PageRecorded,
    RunAborted,
    RunEvent,
    RunInterrupted,
    RunResumed,
    StepSkipped,
    StepUnknown,
    TargetsBusy,
    UndoCaptured,
    UndoPlanned,
    ValueSet,
)
from architect.runs.model import GateKind

ONE = ActionId("1.1")
OPENED = GateOpened(gate="G1", gate_kind=GateKind.CONFIRM, reason=GateReason.EFFECT, question="run it?", action=ONE)


def answered(answer: Answer, **more: object) -> GateAnswered:
    """Return an answer at the gate of the first action."""
    given = {"gate": "G1", "answer": answer, "by": "person:ana", "is_verified": True, **more}
    return GateAnswered(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (answered(Answer.APPROVE), "1.1: approved by ana"),
        (
            answered(Answer.APPROVE, by="unverified:ana", is_verified=False, is_final=False),
            "1.1: approved by ana (not verified), a second person is still needed",
        ),
        (
            answered(Answer.APPROVE, single_person=True, reason="it\nis 3 a.m."),
            "1.1: approved by ana, a single person, reason: it is 3 a.m.",
        ),
        (answered(Answer.APPROVE, break_glass=True), "1.1: approved by ana, BREAK-GLASS"),
        (answered(Answer.DONE), "1.1: done, says ana"),
        (answered(Answer.RETRY), "1.1: to be run again, says ana"),
        (answered(Answer.CHOOSE, option=2), "1.1: option 2, chosen by ana"),
        (answered(Answer.SKIP), ""),
        (GateVoided(gate="G1", reason="it expired after 900 s"), "1.1: asked again: it expired after 900 s"),
        (StepSkipped(action=ONE, reason="refused: no", by="person:ana"), "1.1: left out by ana: no"),
        (StepUnknown(action=ONE, attempt=1, found=("2 were ended",)), "1.1: nobody saw how it ended. 2 were ended"),
        (UndoCaptured(action=ONE, text="3 replicas", commands=("x",)), "1.1: way back kept: 3 replicas"),
        (UndoCaptured(action=ONE, text="", impossible="no"), ""),
        (ValueSet(variable="pid", by="person:ana", value="7\x1b"), "pid = 7\\x1b, given by ana"),
        (ValueSet(variable="T", by="person:ana", reference="env:T"), "T is read from env:T, given by ana"),
        (UndoPlanned(by="person:ana", actions=()), "the way back: 0 actions, asked for by ana"),
        (RunInterrupted(by="person:ana (SIGTERM)"), "interrupted by ana (SIGTERM)"),
        (RunResumed(by="person:ana"), "resumed by ana"),
        (RunAborted(by="person:ana"), "given up by ana"),
        (ClockJumped(seconds=-3600, what="the clock was set back"), "the clock was set back (1:00:00)"),
        (LeaseTaken(generation=1, worker="w", host="h", reason="resumed"), ""),
        (
            LeaseTaken(generation=2, worker="worker:h/2", host="h", reason="taken-over"),
            "taken over from a worker that is gone, by worker:h/2",
        ),
        (TargetsBusy(action=ONE, targets=("t",), holders=("RUN-1 since 10:00",)), "1.1: waits for RUN-1 since 10:00"),
        (
            PageRecorded(gate="G1", to=(), is_delivered=False, detail="no way to page"),
            "break-glass: nobody else is registered: no way to page",
        ),
    ],
)
def test_an_event_in_words(event: RunEvent, words: str) -> None:
    found = Words()
    assert found.of(OPENED) == ""
    assert found.of(event) == words


def test_a_person_is_called_by_name_and_a_worker_is_none() -> None:
    assert person("person:ana") == "ana"
    assert person("unverified:ana") == "ana (not verified)"
    assert person("ana") == "ana"
