from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from architect.commands.model import CommandEffect, Effect, Flag
from architect.kernel.errors import ConflictError, OutsideError, RefusedError
from architect.kernel.ids import ActionId, RunId
from architect.runs.deciding import exit_code
from architect.runs.events import GateReason, Occasion, Outcome, StepEnded, StepStarted, Verdict, draft, stream_of
from architect.runs.leasing import LeaseLostError
from architect.runs.model import Binding, Executor, FileDigest, Limits, Truth, UndoPlan
from architect.runs.native import InProcess
from architect.runs.output import output_sha256, read_output
from architect.runs.ports import ActionOutcome, ActionRequest, Captured, OutputKey, OutputSink, Stop, Stream
from architect.runs.service import Word
from architect.runs.state import StepStatus
from architect.runs.worker import Worker
from runs_world import DANA, ELI, World, gate_of, plan, reason_of, shell, symptom, verdict_of

UNDO = UndoPlan(capture="test", text="restore")


def test_reads_run_by_themselves_in_order(world: World) -> None:
    state = world.start(shell("1.1", "x=1; echo one"), shell("1.2", "echo $x"))
    assert verdict_of(state) is Verdict.READ
    assert exit_code(state) == 0
    assert world.output(state, "1.2") == "1\n"


def test_a_failed_read_is_recorded_and_the_run_goes_on(world: World) -> None:
    state = world.start(shell("1.1", "false"), shell("1.2", "echo on"))
    assert verdict_of(state) is Verdict.READ_WITH_FAILURES
    assert state.ended is not None
    assert state.ended.failed_reads == ("1.1",)
    assert world.output(state, "1.2") == "on\n"


def test_the_answer_none_is_no_failure(world: World) -> None:
    command = CommandEffect(
        text="grep x", start=0, end=6, effect=Effect.READ, reason="", flags=frozenset({Flag.EXIT_ONE_IS_NONE})
    )
    state = world.start(shell("1.1", "grep x /dev/null", commands=(command,)))
    assert state.step(ActionId("1.1")).ended_outcome is Outcome.NONE_FOUND
    assert exit_code(state) == 0


def test_a_change_waits_for_approval_and_nothing_of_it_has_run(world: World, tmp_path: Path) -> None:
    state = world.start(shell("1.1", f"touch {tmp_path}/changed", Effect.WRITE))
    assert reason_of(state) is GateReason.EFFECT
    assert exit_code(state) == 3
    assert not (tmp_path / "changed").exists()


def test_an_approved_change_runs_once(world: World, tmp_path: Path) -> None:
    state = world.approve(world.start(shell("1.1", f"echo x >> {tmp_path}/changed", Effect.WRITE)))
    world.advance(state.run)
    assert (tmp_path / "changed").read_text() == "x\n"


def test_a_failed_change_asks_for_retry_skip_undo_or_abort(world: World) -> None:
    state = world.approve(world.start(shell("1.1", "false", Effect.WRITE), shell("1.2", "echo after")))
    assert state.open_gate is not None
    assert state.open_gate.opened.answers == ("retry", "skip", "undo", "abort")
    assert state.step(ActionId("1.2")).status is StepStatus.PENDING


def test_a_retry_asks_for_approval_again(world: World) -> None:
    state = world.approve(world.start(shell("1.1", "false", Effect.WRITE)))
    world.service.retry(state.run, gate_of(state), DANA)
    state = world.advance(state.run)
    assert reason_of(state) is GateReason.EFFECT
    assert state.step(ActionId("1.1")).attempts == 1


def test_a_skip_after_a_failure_lets_the_run_go_on(world: World) -> None:
    state = world.approve(world.start(shell("1.1", "false", Effect.WRITE), shell("1.2", "echo after")))
    world.service.skip(state.run, gate_of(state), DANA, word=Word(reason="known to be broken"))
    state = world.advance(state.run)
    assert world.output(state, "1.2") == "after\n"


def test_a_read_is_repeated_as_often_as_the_author_says(world: World, tmp_path: Path) -> None:
    text = f"echo x >> {tmp_path}/tries; test $(wc -l < {tmp_path}/tries) = 3"
    limits = Limits(timeout_s=10, output_bytes=1000, retry_count=5, retry_delay_s=0.01)
    state = world.start(shell("1.1", text, limits=limits))
    assert state.step(ActionId("1.1")).attempts == 3
    assert exit_code(state) == 0


def test_recovery_is_proved_by_a_symptom_that_was_there_before(world: World) -> None:
    world.asker.truths["healthy"] = [Truth.DOES_NOT, Truth.DOES_NOT, Truth.DOES_NOT, Truth.HOLDS]
    state = world.approve(world.start(shell("1.1", "true", Effect.WRITE), conditions=(symptom(),)))
    assert verdict_of(state) is Verdict.VERIFIED
    assert exit_code(state) == 0
    assert [found.event.occasion for found in state.measured] == [
        Occasion.BEFORE,
        Occasion.AFTER_CHANGE,
        Occasion.FINAL,
        Occasion.FINAL,
    ]


def test_the_symptom_is_measured_before_the_first_change_is_even_asked_for(world: World) -> None:
    world.asker.truths["healthy"] = [Truth.DOES_NOT]
    state = world.start(shell("1.1", "true", Effect.WRITE), conditions=(symptom(),))
    kinds = world.kinds(state.run)
    assert kinds.index("condition.measured") < kinds.index("gate.opened")


def test_a_symptom_that_stays_until_the_deadline_is_not_recovered(world: World) -> None:
    world.asker.truths["healthy"] = [Truth.DOES_NOT]
    state = world.approve(world.start(shell("1.1", "true", Effect.WRITE), conditions=(symptom(),)))
    assert verdict_of(state) is Verdict.NOT_RECOVERED
    assert exit_code(state) == 1
    assert len(state.measurements("healthy", Occasion.FINAL)) > 2


def test_a_check_that_held_before_proves_nothing_and_a_person_is_asked(world: World) -> None:
    world.asker.truths["healthy"] = [Truth.HOLDS]
    state = world.approve(world.start(shell("1.1", "true", Effect.WRITE), conditions=(symptom(),)))
    assert reason_of(state) is GateReason.RECOVERY
    assert state.open_gate is not None
    assert "proves nothing" in state.open_gate.opened.question
    world.service.recovered(state.run, gate_of(state), actor=DANA, is_recovered=True)
    assert verdict_of(world.advance(state.run)) is Verdict.RECOVERED_BY_WORD


def test_what_cannot_be_measured_is_asked_once_and_then_a_person(world: World) -> None:
    state = world.approve(world.start(shell("1.1", "true", Effect.WRITE), conditions=(symptom(),)))
    assert reason_of(state) is GateReason.RECOVERY
    assert world.asker.asked.count("healthy") == 3


def test_a_check_of_a_change_that_does_not_hold_stops_the_run(world: World) -> None:
    world.asker.truths["c1"] = [Truth.DOES_NOT]
    check = symptom("c1", symptom=False, title="two rows are there")
    state = world.approve(world.start(shell("1.1", "true", Effect.WRITE, checks=("c1",)), conditions=(check,)))
    assert reason_of(state) is GateReason.FAILED
    assert state.open_gate is not None
    assert "two rows are there does not hold" in state.open_gate.opened.question


def test_the_way_back_is_recorded_before_the_change(world: World) -> None:
    world.undos.found["1.1"] = Captured(text="scale to 3", values=(("replicas", "3"),), commands=("echo 3",))
    state = world.approve(world.start(shell("1.1", "true", Effect.DISRUPTIVE, targets=("api",), undo=UNDO)))
    kinds = world.kinds(state.run)
    assert kinds.index("undo.captured") < kinds.index("step.started")
    assert state.step(ActionId("1.1")).undo is not None


def test_a_state_that_cannot_be_read_is_said_before_the_change(world: World) -> None:
    state = world.start(shell("1.1", "true", Effect.DISRUPTIVE, undo=UNDO))
    assert state.open_gate is not None
    assert any("the target does not answer" in fact for fact in state.open_gate.opened.facts)


def test_the_way_back_is_gone_in_reverse_order_behind_gates(world: World, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in ("1.1", "1.2"):
        world.undos.found[name] = Captured(text=f"undo {name}", commands=(f"echo undo {name} >> {log}",))
    changes = [shell(name, f"echo do {name} >> {log}", Effect.DISRUPTIVE, undo=UNDO) for name in ("1.1", "1.2")]
    state = world.approve(world.approve(world.start(*changes)))
    world.service.undo(state.run, DANA)
    state = world.advance(state.run)
    assert state.open_gate is not None
    assert state.open_gate.opened.action == "undo.1.2"
    state = world.approve(world.approve(state))
    assert log.read_text().splitlines() == ["do 1.1", "do 1.2", "undo 1.2", "undo 1.1"]
    assert verdict_of(state) is Verdict.UNDONE


def test_one_option_of_a_group_runs_and_the_others_do_not(world: World) -> None:
    options = [shell(f"2.{n}", f"echo {n}", group="2", option=n, option_title=f"Option {n}") for n in (1, 2)]
    state = world.start(*options)
    assert reason_of(state) is GateReason.CHOICE
    world.service.choose(state.run, gate_of(state), 2, actor=DANA)
    state = world.advance(state.run)
    assert state.step(ActionId("2.1")).status is StepStatus.PENDING
    assert world.output(state, "2.2") == "2\n"


def test_a_value_is_asked_for_and_arrives(world: World) -> None:
    action = shell("1.1", 'printf %s "$POD"', variables=("POD",), open_variables=("POD",))
    state = world.start(action)
    assert reason_of(state) is GateReason.VALUE
    world.service.set_value(state.run, gate_of(state), "web-1", actor=DANA)
    assert world.output(world.advance(state.run), "1.1") == "web-1"


def test_a_manual_action_waits_for_a_persons_word(world: World) -> None:
    state = world.start(shell("1.1", "call the provider", executor=Executor.MANUAL))
    assert reason_of(state) is GateReason.MANUAL
    world.service.done(state.run, gate_of(state), DANA)
    assert verdict_of(world.advance(state.run)) is Verdict.READ


def test_an_action_that_the_plan_refuses_is_not_run(world: World, tmp_path: Path) -> None:
    state = world.start(shell("1.1", f"touch {tmp_path}/ran", refused="the sandbox has no docker"))
    assert state.step(ActionId("1.1")).ended_outcome is Outcome.NOT_STARTED
    assert not (tmp_path / "ran").exists()


def test_a_run_whose_target_another_run_is_changing_says_who_and_goes_on_later(world: World) -> None:
    first = world.start(shell("1.1", "true", Effect.WRITE, targets=("db",)), shell("1.2", "true", Effect.WRITE))
    first = world.approve(first)
    second = world.approve(world.start(shell("1.1", "echo mine", Effect.WRITE, targets=("db",))))
    assert second.busy is not None
    assert second.busy.holders[0].startswith(f"{first.run} since")
    assert world.index.lines[second.run].status == "blocked"
    world.service.abort(first.run, DANA)
    world.advance(first.run)
    assert world.output(world.advance(second.run), "1.1") == "mine\n"


def test_a_change_with_an_unknown_target_locks_the_whole_profile(world: World) -> None:
    world.approve(world.start(shell("1.1", "true", Effect.WRITE)))
    second = world.approve(world.start(shell("1.1", "true", Effect.WRITE, targets=("db",))))
    assert second.busy is not None


def test_two_people_must_agree_to_what_is_destructive(world: World, tmp_path: Path) -> None:
    state = world.start(shell("1.1", f"touch {tmp_path}/gone", Effect.DESTRUCTIVE))
    state = world.approve(state, DANA)
    assert not (tmp_path / "gone").exists()
    assert exit_code(state) == 3
    world.approve(state, ELI)
    assert (tmp_path / "gone").exists()


def test_an_approval_that_expired_is_asked_again(world: World, tmp_path: Path) -> None:
    state = world.start(shell("1.1", f"touch {tmp_path}/changed", Effect.WRITE))
    world.service.approve(state.run, gate_of(state), DANA)
    world.clock.move(timedelta(hours=1))
    state = world.advance(state.run)
    assert reason_of(state) is GateReason.EFFECT
    assert not (tmp_path / "changed").exists()


def test_a_clock_set_back_moves_no_event_and_no_expiry(world: World) -> None:
    state = world.start(shell("1.1", "true", Effect.WRITE))
    world.service.approve(state.run, gate_of(state), DANA)
    world.clock.move(timedelta(hours=-2))
    state = world.advance(state.run)
    times = [event.at for event in world.service.events(state.run)]
    assert times == sorted(times)
    assert state.step(ActionId("1.1")).status is StepStatus.SUCCEEDED


def test_secrets_of_references_reach_the_action_and_not_the_record(world: World) -> None:
    world.secrets.known["env:DB_PASSWORD"] = "correct-horse"
    binding = Binding(name="PASSWORD", reference="env:DB_PASSWORD", is_secret=True)
    state = world.start(
        shell("1.1", "echo $PASSWORD | wc -c; echo $PASSWORD", variables=("PASSWORD",)), bindings=(binding,)
    )
    assert world.output(state, "1.1").split() == ["14", "[redacted]"]
    assert "correct-horse" not in repr(list(world.events.all_events()))


def test_a_secret_in_an_error_is_redacted(world: World) -> None:
    world.environment = {**world.environment, "TOKEN": "abcdefgh"}
    world.secret_names = frozenset({"TOKEN"})
    state = world.start(shell("1.1", "abcdefgh-tool"))
    assert "abcdefgh" not in repr([event.data for event in world.events.all_events() if event.kind != "run.created"])
    assert exit_code(state) == 1


def test_output_that_cannot_be_stored_does_not_stop_the_command(world: World) -> None:
    world.outputs.room = 10
    state = world.start(shell("1.1", "seq 1 100000; touch finished; echo end"))
    ended = state.step(ActionId("1.1")).ended
    assert ended is not None
    assert ended.outcome is Outcome.SUCCEEDED
    assert "no space left" in ended.notes[0]


def test_output_beyond_its_limit_is_dropped_and_counted(world: World) -> None:
    limits = Limits(timeout_s=30, output_bytes=1000)
    state = world.start(shell("1.1", "head -c 5000 /dev/zero | tr '\\0' x; echo end >&2", limits=limits))
    ended = state.step(ActionId("1.1")).ended
    assert ended is not None
    assert ended.output is not None
    assert ended.output.stored_bytes == 1000
    assert ended.output.dropped_bytes == 4004


def test_a_file_that_changed_since_the_plan_is_refused(world: World) -> None:
    (world.folder / "fix.sh").write_text("echo changed")
    state = world.start(shell("1.1", "sh fix.sh", files=(FileDigest(path="fix.sh", sha256="0" * 64),)))
    ended = state.step(ActionId("1.1")).ended
    assert ended is not None
    assert "fix.sh has changed since the plan was made" in ended.reason


class Blocking:
    """A native action that tells when it has begun and ends when it is stopped."""

    def __init__(self) -> None:
        self.begun = threading.Event()

    def start(self, request: ActionRequest, sink: OutputSink, stop: Stop) -> ActionOutcome:
        sink.write(Stream.STDOUT, b"asked\n")
        self.begun.set()
        stop.wait()
        return ActionOutcome(outcome=Outcome.STOPPED, reason="stopped")


def test_an_interrupted_run_records_the_end_of_its_step_and_waits(world: World) -> None:
    native = Blocking()
    world.runners[Executor.SQL] = InProcess(native)
    run = world.service.create(plan(shell("1.1", "select", executor=Executor.SQL), shell("1.2", "echo later")), DANA)
    worker = Worker(world.engine)
    thread = threading.Thread(target=worker.advance, args=(run,))
    thread.start()
    assert native.begun.wait(10)
    worker.interrupt("person:dana")
    thread.join(10)
    state = world.service.state(run)
    assert state.is_interrupted
    assert state.step(ActionId("1.1")).ended_outcome is Outcome.STOPPED
    assert exit_code(state) == 130
    world.service.resume(run, DANA)
    assert world.output(world.advance(run), "1.2") == "later\n"


def test_a_worker_that_lost_its_lease_records_nothing_more(world: World) -> None:
    native = Blocking()
    world.runners[Executor.SQL] = InProcess(native)
    run = world.service.create(plan(shell("1.1", "select", executor=Executor.SQL)), DANA)
    worker = Worker(world.engine, name="worker:a")
    lost: list[BaseException] = []

    def carry_on() -> None:
        try:
            worker.advance(run)
        except LeaseLostError as error:
            lost.append(error)

    thread = threading.Thread(target=carry_on)
    thread.start()
    assert native.begun.wait(10)
    world.clock.move(timedelta(minutes=5))
    del world.runners[Executor.SQL]
    other = Worker(world.engine, name="worker:b").advance(run)
    worker.interrupt("person:dana")
    thread.join(10)
    assert lost
    assert other.step(ActionId("1.1")).attempts == 2
    assert world.kinds(run).count("step.unknown") == 1


def test_two_workers_never_hold_one_run(world: World) -> None:
    run = world.service.create(plan(shell("1.1", "true")), DANA)
    world.leases.acquire(f"run:{run}", "worker:other", ttl_s=60)
    with pytest.raises(ConflictError, match="worker:other"):
        world.advance(run)


def started_and_lost(world: World, effect: Effect) -> RunId:
    """Leave a run behind as a worker that was killed in the middle of a step does."""
    state = world.start(shell("1.1", "echo x", effect))
    if effect is not Effect.READ:
        world.service.approve(state.run, gate_of(state), DANA)
    events = world.events.streams[stream_of(state.run)]
    if effect is Effect.READ:
        del events[2:]
    started = StepStarted(action=ActionId("1.1"), attempt=1, effect=effect, text="echo x", executed="echo x")
    world.events.append(events[0].stream, [draft(started, "worker:gone")], expected_seq=len(events))
    return state.run


def test_a_change_whose_end_nobody_saw_is_asked_and_never_repeated(world: World) -> None:
    state = world.advance(started_and_lost(world, Effect.WRITE))
    assert reason_of(state) is GateReason.UNKNOWN_OUTCOME
    assert exit_code(state) == 4
    assert state.step(ActionId("1.1")).attempts == 1


def test_a_read_whose_end_nobody_saw_is_repeated(world: World) -> None:
    state = world.advance(started_and_lost(world, Effect.READ))
    assert state.step(ActionId("1.1")).attempts == 2
    assert verdict_of(state) is Verdict.READ


def test_a_person_may_say_that_an_unknown_step_took_effect(world: World) -> None:
    state = world.advance(started_and_lost(world, Effect.WRITE))
    world.service.done(state.run, gate_of(state), DANA)
    assert reason_of(world.advance(state.run)) is GateReason.RECOVERY


def test_a_store_that_is_gone_for_a_moment_does_not_make_an_end_unknown(world: World) -> None:
    class Vanishing:
        def start(self, request: ActionRequest, sink: OutputSink, stop: Stop) -> ActionOutcome:
            world.events.is_gone = True
            threading.Timer(0.2, lambda: setattr(world.events, "is_gone", False)).start()
            return ActionOutcome(outcome=Outcome.SUCCEEDED)

    world.runners[Executor.SQL] = InProcess(Vanishing())
    state = world.start(shell("1.1", "select", executor=Executor.SQL))
    assert state.step(ActionId("1.1")).status is StepStatus.SUCCEEDED


def test_nothing_starts_when_the_record_cannot_be_written(world: World, tmp_path: Path) -> None:
    run = world.service.create(plan(shell("1.1", f"touch {tmp_path}/ran")), DANA)
    world.events.is_gone = True
    with pytest.raises(OutsideError):
        world.advance(run)
    assert not (tmp_path / "ran").exists()


def test_an_abort_between_decision_and_start_wins(world: World, tmp_path: Path) -> None:
    run = world.service.create(plan(shell("1.1", f"touch {tmp_path}/ran")), DANA)
    world.service.abort(run, DANA, reason="wrong runbook")
    state = world.advance(run)
    assert verdict_of(state) is Verdict.ABORTED
    assert not (tmp_path / "ran").exists()


def test_output_is_found_by_the_digest_in_the_event(world: World) -> None:
    state = world.start(shell("1.1", "seq 1 1000; echo err >&2"))
    ended = state.step(ActionId("1.1")).ended
    assert isinstance(ended, StepEnded)
    assert ended.output is not None
    key = OutputKey(run=state.run, action=ActionId("1.1"), attempt=1)
    assert output_sha256(read_output(world.outputs, key)) == ended.output.sha256


def test_the_password_of_a_url_goes_by_a_file_and_never_by_the_environment_or_the_arguments(world: World) -> None:
    world.environment = {**world.environment, "DATABASE_URL": "postgres://app:pa55w0rd@db/x"}
    state = world.start(
        shell("1.1", "env | grep -c pa55; echo $DATABASE_URL; grep -c pa55 $PGPASSFILE; stat -c %a $PGPASSFILE")
    )
    assert world.output(state, "1.1").split() == ["0", "postgres://app@db/x", "1", "600"]


def test_no_file_with_passwords_outlives_the_run(world: World) -> None:
    world.environment = {**world.environment, "DATABASE_URL": "postgres://app:pa55w0rd@db/x"}
    state = world.start(shell("1.1", "ls $PGPASSFILE; echo $PGPASSFILE"))
    assert state.ended is not None
    place = world.output(state, "1.1").split()[-1]
    assert world.output(state, "1.1").split() == [place, place]
    assert not Path(place).exists()


def test_an_action_that_a_rule_refuses_at_the_last_moment_did_not_start(world: World) -> None:
    class Refusing:
        def start(self, request: ActionRequest, sink: OutputSink, stop: Stop) -> ActionOutcome:
            raise RefusedError("the host is not the profile's")

    world.runners[Executor.REDIS] = InProcess(Refusing())
    state = world.start(shell("1.1", "GET", executor=Executor.REDIS))
    assert state.step(ActionId("1.1")).ended_outcome is Outcome.NOT_STARTED
