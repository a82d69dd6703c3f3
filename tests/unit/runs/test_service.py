from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from architect.access.people import Identity, Person, Proof
from architect.commands.model import Effect
from architect.kernel.errors import ConflictError, RefusedError, UsageError
from architect.kernel.ids import ActionId, PersonId, RunId
from architect.runs.events import Outcome, ValueSet, draft, stream_of
from architect.runs.gates import Subject
from architect.runs.model import Encoding, Shape, Slot
from architect.runs.service import Word
from architect.runs.state import StepStatus
from architect.runs.voting import VotingRules
from runs_world import DANA, ELI, World, gate_of, plan, shell

THEN = datetime(2026, 1, 1, tzinfo=UTC)
DROP = shell("1.1", "dropdb x", Effect.DESTRUCTIVE, targets=("database x",))
UNVERIFIED = Identity(person=PersonId("ana"), proof=Proof.UNVERIFIED)


def person(name: str, *accounts: str, removed: bool = False) -> Person:
    return Person(
        id=PersonId(name), accounts=accounts, added_at=THEN, added_by="root", removed_at=THEN if removed else None
    )


def test_one_person_never_counts_twice(world: World) -> None:
    state = world.start(DROP)
    world.service.approve(state.run, gate_of(state), DANA)
    with pytest.raises(ConflictError, match="another person"):
        world.service.approve(state.run, gate_of(state), DANA)


def test_a_second_account_of_the_same_human_never_counts(world: World) -> None:
    world.rules = VotingRules(people=lambda: [person("dana", "dana-admin")])
    state = world.start(DROP)
    world.service.approve(state.run, gate_of(state), DANA)
    other = Identity(person=PersonId("dana-admin"), proof=Proof.OS_USER)
    with pytest.raises(ConflictError, match="another person"):
        world.service.approve(state.run, gate_of(state), other)


def test_a_removed_person_cannot_approve(world: World) -> None:
    world.rules = VotingRules(people=lambda: [person("eli", removed=True)])
    state = world.start(DROP)
    with pytest.raises(RefusedError, match="may no longer approve"):
        world.service.approve(state.run, gate_of(state), ELI)


def test_the_vote_of_somebody_who_was_removed_meanwhile_is_void(world: World) -> None:
    people: list[Person] = []
    world.rules = VotingRules(people=lambda: people)
    state = world.start(DROP)
    world.service.approve(state.run, gate_of(state), DANA)
    world.service.approve(state.run, gate_of(state), ELI)
    people.append(person("eli", removed=True))
    state = world.advance(state.run)
    assert state.step(ActionId("1.1")).attempts == 0
    assert "gate.voided" in world.kinds(state.run)


def test_a_single_person_types_the_target_and_a_reason(world: World) -> None:
    world.rules = VotingRules(is_single_person=True)
    state = world.start(DROP)
    with pytest.raises(RefusedError, match="reason"):
        world.service.approve(state.run, gate_of(state), DANA, word=Word(typed_target="database x"))
    with pytest.raises(RefusedError, match="not the name of the target"):
        world.service.approve(state.run, gate_of(state), DANA, word=Word(typed_target="yes", reason="x"))
    word = Word(typed_target="database x", reason="it is empty")
    state = world.service.approve(state.run, gate_of(state), DANA, word=word)
    answered = world.service.events(state.run)[-1].data
    assert answered["single_person"] is True
    assert answered["reason"] == "it is empty"


def test_break_glass_needs_a_reason_and_stands_out(world: World) -> None:
    state = world.start(DROP)
    with pytest.raises(RefusedError, match="break-glass"):
        world.service.approve(state.run, gate_of(state), DANA, word=Word(break_glass=True))
    state = world.service.approve(state.run, gate_of(state), DANA, word=Word(break_glass=True, reason="nobody answers"))
    answered, page = world.service.events(state.run)[-2:]
    assert answered.data["break_glass"] is True
    assert page.kind == "page.recorded"
    assert page.data["is_delivered"] is False
    assert state.open_gate is None


def test_somebody_unverified_cannot_start_or_approve_a_live_run(world: World) -> None:
    with pytest.raises(RefusedError, match="sandbox"):
        world.service.create(plan(DROP), UNVERIFIED)
    state = world.start(DROP)
    with pytest.raises(RefusedError, match="unverified"):
        world.service.approve(state.run, gate_of(state), UNVERIFIED)


def test_somebody_unverified_acts_in_a_sandbox_and_is_recorded_so(world: World) -> None:
    run = world.service.create(plan(DROP, profile_kind="sandbox"), UNVERIFIED)
    assert world.service.events(run)[0].actor == "unverified:ana"
    assert world.service.state(run).is_verified is False


@pytest.mark.parametrize("closing", ["abort", "skip", "refuse"])
def test_a_closed_gate_cannot_be_approved_any_more(world: World, closing: str) -> None:
    state = world.start(shell("1.1", "true", Effect.WRITE))
    gate = gate_of(state)
    if closing == "abort":
        world.service.abort(state.run, DANA)
    elif closing == "skip":
        world.service.skip(state.run, gate, DANA, word=Word(reason="not needed"))
    else:
        world.service.refuse(state.run, gate, DANA)
    with pytest.raises(ConflictError):
        world.service.approve(state.run, gate, DANA)
    assert world.advance(state.run).step(ActionId("1.1")).attempts == 0


def test_a_refused_change_is_left_out_with_its_reason(world: World) -> None:
    state = world.start(shell("1.1", "true", Effect.WRITE))
    state = world.service.refuse(state.run, gate_of(state), DANA, word=Word(reason="wrong cluster"))
    step = state.step(ActionId("1.1"))
    assert step.status is StepStatus.SKIPPED
    assert step.skipped_because == "refused: wrong cluster"


def test_skipping_needs_a_reason(world: World) -> None:
    state = world.start(shell("1.1", "true", Effect.WRITE))
    with pytest.raises(UsageError, match="reason"):
        world.service.skip(state.run, gate_of(state), DANA, word=Word())


def test_the_first_of_two_votes_expires(world: World) -> None:
    state = world.start(DROP)
    world.service.approve(state.run, gate_of(state), DANA)
    world.clock.move(timedelta(hours=1))
    with pytest.raises(ConflictError, match="expired"):
        world.service.approve(state.run, gate_of(state), ELI)


def test_a_value_given_after_the_approval_voids_it(world: World) -> None:
    action = shell("1.1", "true $X", Effect.WRITE, variables=("X",))
    state = world.start(action)
    state = world.service.approve(state.run, gate_of(state), DANA)
    changed = draft(ValueSet(variable="X", by="person:mallory", value="other"), "person:mallory")
    world.events.append(stream_of(state.run), [changed], expected_seq=state.seq)
    state = world.advance(state.run)
    assert state.step(ActionId("1.1")).attempts == 0
    assert world.kinds(state.run)[-2:] == ["gate.voided", "gate.opened"]


@pytest.mark.parametrize("change", ["text", "executed", "targets", "gate", "connection"])
def test_the_digest_of_an_approval_covers_everything_that_runs(change: str) -> None:
    subject = Subject(
        text="a", executed="a", effect="write", gate="confirm", profile="local", profile_digest="0", connection=None,
        targets=(), tools=(), files=(), values=(),
    )  # fmt: skip
    other = replace(subject, **{change: ("x",) if change == "targets" else "x"})  # type: ignore[arg-type]
    assert subject.digest != other.digest


def test_a_value_that_may_not_go_where_it_stands_is_refused(world: World) -> None:
    slot = Slot(variable="POD", marker="P", encoding=Encoding.LITERAL, shape=Shape.WORD, place="line 3, column 5")
    state = world.start(shell("1.1", "true", variables=("POD",), open_variables=("POD",), slots=(slot,)))
    with pytest.raises(RefusedError, match="line 3, column 5"):
        world.service.set_value(state.run, gate_of(state), "-o x", actor=DANA)


def test_an_option_that_does_not_exist_is_named_with_those_that_do(world: World) -> None:
    state = world.start(*[shell(f"2.{n}", "true", group="2", option=n) for n in (1, 2)])
    with pytest.raises(UsageError, match="choose one of 1, 2"):
        world.service.choose(state.run, gate_of(state), 3, actor=DANA)


def test_an_unknown_run_is_said_so(world: World) -> None:
    with pytest.raises(UsageError, match="there is no run RUN-9"):
        world.service.state(RunId("RUN-9"))


def test_undo_of_a_run_that_changed_nothing_is_refused(world: World) -> None:
    state = world.start(shell("1.1", "true"))
    with pytest.raises(RefusedError, match="changed nothing"):
        world.service.undo(state.run, DANA)


def test_undo_says_what_has_no_way_back(world: World) -> None:
    state = world.approve(world.start(shell("1.1", "true", Effect.WRITE)))
    with pytest.raises(RefusedError, match=r"1.1 true: no way back was recorded"):
        world.service.undo(state.run, DANA)


def test_a_gate_is_found_by_the_name_of_its_action(world: World) -> None:
    state = world.start(shell("1.1", "true", Effect.WRITE))
    world.service.approve(state.run, "1.1", DANA)
    assert world.advance(state.run).step(ActionId("1.1")).ended_outcome is Outcome.SUCCEEDED


def test_the_list_shows_what_each_run_waits_for(world: World) -> None:
    world.start(shell("1.1", "true", Effect.WRITE))
    world.start(shell("1.1", "true"))
    assert [(line.run, line.status, bool(line.waiting_for)) for line in world.service.list()] == [
        ("RUN-2", "ended", False),
        ("RUN-1", "waiting", True),
    ]
