"""What people do with runs: create, look, answer gates, interrupt, give up, go back.

Terminals and pages call this; the worker does the rest. Every method that changes a run appends to its stream and
fails with ConflictError when somebody else was faster (the caller looks again), and with RefusedError when a rule
forbids it.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from architect.access.people import Identity, Proof, same_human
from architect.audit.model import Event, EventStore
from architect.kernel.clock import Clock
from architect.kernel.errors import ConflictError, RefusedError, UsageError
from architect.kernel.ids import ActionId, RunId
from architect.runs import gates
from architect.runs.events import (
    Answer,
    GateAnswered,
    PageRecorded,
    RunAborted,
    RunCreated,
    RunEvent,
    RunInterrupted,
    RunResumed,
    StepSkipped,
    ValueSet,
    draft,
    stream_of,
)
from architect.runs.model import GateKind, Plan, PlannedAction
from architect.runs.ports import RunIndex, RunSummary
from architect.runs.profiles import SECRET_HINT, is_surely_secret
from architect.runs.state import GateState, RunState, apply, begin, fold
from architect.runs.summaries import summary_of
from architect.runs.undoing import plan_undo
from architect.runs.values import is_reserved, refusals, require_text
from architect.runs.voting import Vote, VotingRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What somebody says at a gate, beside the answer itself.

    `typed_target` is what single-person mode asks to be typed; `break_glass` says that nobody else answers.
    """

    reason: str = ""
    typed_target: str = ""
    break_glass: bool = False
    via: str = "terminal"


class RunService:
    """The door to runs, for people."""

    def __init__(
        self,
        *,
        events: EventStore,
        index: RunIndex,
        clock: Clock,
        rules: VotingRules,
    ) -> None:
        self._events = events
        self._index = index
        self._clock = clock
        self._rules = rules

    def create(self, plan: Plan, actor: Identity, *, via: str = "terminal") -> RunId:
        """Create a run of the plan and return its name; nothing of it has run yet."""
        if actor.proof is Proof.UNVERIFIED and plan.profile_kind != "sandbox":
            raise RefusedError("only a sandbox run may be started by somebody unverified", hint="leave out --as")
        run = self._index.reserve()
        created = RunCreated(
            run=run,
            plan=plan,
            plan_digest=plan.digest,
            requested_by=actor.actor,
            is_verified=actor.proof is not Proof.UNVERIFIED,
            via=via,
            host=socket.gethostname(),
        )
        stored = self._events.append(stream_of(run), [draft(created, actor.actor)], expected_seq=0)
        self._index.put(summary_of(begin(stored[0])))
        return run

    def state(self, run: RunId) -> RunState:
        """Return the run as it stands. Raises UsageError when there is none of this name."""
        events = self._events.read(stream_of(run))
        if not events:
            raise UsageError(f"there is no run {run}", hint="`architect runs list` shows them")
        return fold(events)

    def events(self, run: RunId, *, after: int = 0) -> Sequence[Event]:
        """Return the run's events with `seq > after`."""
        return self._events.read(stream_of(run), after=after)

    def list(self, *, limit: int = 50) -> Sequence[RunSummary]:
        """Return the newest runs first."""
        return self._index.list(limit=limit)

    def approve(self, run: RunId, gate: str, actor: Identity, *, word: Word | None = None) -> RunState:
        """Approve what the gate names. A second person may still be needed: look at `open_gate` afterwards.

        Raises RefusedError when this person may not approve, ConflictError when the gate is closed, void or expired.
        """
        state, found = self._open(run, gate, Answer.APPROVE)
        word = word or Word()
        self._require_current(state, found)
        vote = Vote(
            by=actor,
            reason=word.reason,
            typed_target=word.typed_target,
            break_glass=word.break_glass,
        )
        verdict = self._rules.judge(state, found, vote)
        answered = GateAnswered(
            gate=found.opened.gate,
            answer=Answer.APPROVE,
            by=actor.actor,
            is_verified=actor.proof is not Proof.UNVERIFIED,
            is_final=verdict.is_satisfied,
            via=word.via,
            reason=word.reason,
            digest=found.opened.digest,
            single_person=verdict.single_person,
            break_glass=word.break_glass,
        )
        page = [self._page(found, actor)] if word.break_glass else []
        return self._append(state, [answered, *page], actor)

    def _page(self, gate: GateState, actor: Identity) -> PageRecorded:
        """Return the page that break-glass owes the others."""
        people = self._rules.people()
        me = same_human(actor, people)
        others = tuple(person.id for person in people if person.is_active and person.id not in me)
        return PageRecorded(
            gate=gate.opened.gate, to=others, is_delivered=False, detail="no way to page anybody is set up here"
        )

    def refuse(self, run: RunId, gate: str, actor: Identity, *, word: Word | None = None) -> RunState:
        """Refuse what the gate names: the action is left out."""
        return self._close(run, gate, actor, answer=Answer.REFUSE, word=word)

    def choose(self, run: RunId, gate: str, option: int, *, actor: Identity, word: Word | None = None) -> RunState:
        """Choose an option of a group. Raises UsageError when there is no such option."""
        state, found = self._open(run, gate, Answer.CHOOSE)
        options = {action.option for action in state.actions if action.group == found.opened.group}
        if option not in options:
            known = ", ".join(str(number) for number in sorted(filter(None, options)))
            raise UsageError(f"{option} is no option of step {found.opened.group}", hint=f"choose one of {known}")
        answered = self._answer(found, Answer.CHOOSE, actor, word=word, option=option)
        return self._append(state, [answered], actor)

    def set_value(
        self,
        run: RunId,
        gate: str,
        value: str,
        *,
        actor: Identity,
        is_reference: bool = False,
        word: Word | None = None,
    ) -> RunState:
        """Give the value that the gate asks for: literal text, or the reference of a secret."""
        state, found = self._open(run, gate, Answer.SET_VALUE)
        variable = found.opened.variable or ""
        require_text(variable, value)
        action = state.action(found.opened.action) if found.opened.action else None
        if not is_reference and is_surely_secret(variable):
            raise UsageError(f"{variable} is a secret; {SECRET_HINT}", hint="its value itself would be in the record")
        if action is not None and not is_reference:
            _require_fit(action, variable, value)
        given = ValueSet(
            variable=variable,
            by=actor.actor,
            value=None if is_reference else value,
            reference=value if is_reference else None,
            is_secret=is_reference,
        )
        return self._append(state, [given, self._answer(found, Answer.SET_VALUE, actor, word=word)], actor)

    def done(self, run: RunId, gate: str, actor: Identity, *, word: Word | None = None) -> RunState:
        """Say that a manual action was done, or that a step with an unknown outcome took effect."""
        return self._close(run, gate, actor, answer=Answer.DONE, word=word)

    def recovered(
        self, run: RunId, gate: str, *, actor: Identity, is_recovered: bool, word: Word | None = None
    ) -> RunState:
        """Say whether the fault is gone, where the checks cannot tell."""
        answer = Answer.RECOVERED if is_recovered else Answer.NOT_RECOVERED
        return self._close(run, gate, actor, answer=answer, word=word)

    def retry(self, run: RunId, gate: str, actor: Identity, *, word: Word | None = None) -> RunState:
        """Let a failed or unknown step run again; its approval is asked for again."""
        return self._close(run, gate, actor, answer=Answer.RETRY, word=word)

    def skip(self, run: RunId, gate: str, actor: Identity, *, word: Word) -> RunState:
        """Leave the action out. Raises UsageError without a reason."""
        if not word.reason.strip():
            raise UsageError("skipping needs a reason", hint="say why the action may be left out")
        return self._close(run, gate, actor, answer=Answer.SKIP, word=word)

    def interrupt(self, run: RunId, actor: Identity) -> RunState:
        """Keep the run from starting anything more until it is resumed."""
        state = self.state(run)
        if state.ended is not None or state.is_interrupted:
            return state
        running = state.running.action if state.running else None
        return self._append(state, [RunInterrupted(by=actor.actor, action=running)], actor)

    def resume(self, run: RunId, actor: Identity) -> RunState:
        """Let an interrupted run go on."""
        state = self._live(run)
        return self._append(state, [RunResumed(by=actor.actor)], actor) if state.is_interrupted else state

    def abort(self, run: RunId, actor: Identity, *, reason: str = "") -> RunState:
        """Give the run up; nothing more is started, and open approvals are void."""
        state = self._live(run)
        return self._append(state, [RunAborted(by=actor.actor, reason=reason)], actor)

    def undo(self, run: RunId, actor: Identity) -> RunState:
        """Go the way back from here: each undo is an action behind its own gate, newest change first.

        Raises RefusedError when the run has changed nothing, or nothing that can be undone.
        """
        state = self.state(run)
        planned = plan_undo(state, actor.actor)
        if state.is_undoing:
            raise RefusedError(f"{run} is already on its way back")
        if not planned.actions:
            raise RefusedError("; ".join(planned.impossible) or f"{run} has changed nothing")
        return self._append(state, [planned], actor)

    def _close(self, run: RunId, gate: str, actor: Identity, *, answer: Answer, word: Word | None) -> RunState:
        state, found = self._open(run, gate, answer)
        drafts: list[RunEvent] = [self._answer(found, answer, actor, word=word)]
        action = found.opened.action
        if action is not None and answer in {Answer.SKIP, Answer.REFUSE}:
            drafts.append(_skipped(action, answer, actor, word=word))
        return self._append(state, drafts, actor)

    @staticmethod
    def _answer(
        gate: GateState, answer: Answer, actor: Identity, *, word: Word | None, option: int | None = None
    ) -> GateAnswered:
        return GateAnswered(
            gate=gate.opened.gate,
            answer=answer,
            by=actor.actor,
            is_verified=actor.proof is not Proof.UNVERIFIED,
            via=word.via if word else "terminal",
            reason=word.reason if word else "",
            digest=gate.opened.digest,
            option=option,
        )

    def _live(self, run: RunId) -> RunState:
        state = self.state(run)
        if state.ended is not None or state.aborted is not None:
            raise ConflictError(f"{run} is over", hint="start a new run")
        return state

    def _open(self, run: RunId, gate: str, answer: Answer) -> tuple[RunState, GateState]:
        state = self._live(run)
        try:
            found = gates.gate_for(state, gate)
        except KeyError:
            raise UsageError(f"{run} has no gate {gate}") from None
        if not found.is_open:
            raise ConflictError(f"gate {gate} of {run} is closed", hint="look at the run again")
        if answer not in found.opened.answers:
            possible = ", ".join(found.opened.answers)
            raise UsageError(f"gate {gate} cannot be answered with {answer}", hint=f"possible: {possible}")
        return state, found

    def _require_current(self, state: RunState, gate: GateState) -> None:
        if gate.opened.action is None or gate.opened.gate_kind is GateKind.NONE:
            return
        why = gates.lapse(state, state.action(gate.opened.action), gate, now=self._clock.now())
        if why:
            raise ConflictError(f"gate {gate.opened.gate} no longer counts: {why}", hint="look at the run again")

    def _append(self, state: RunState, happened: Sequence[RunEvent], actor: Identity) -> RunState:
        drafts = [draft(event, actor.actor) for event in happened]
        for event in self._events.append(stream_of(state.run), drafts, expected_seq=state.seq):
            state = apply(state, event)
        self._index.put(summary_of(state))
        return state


def _require_fit(action: PlannedAction, variable: str, value: str) -> None:
    problems = refusals(action.slots, {variable: value})
    is_shell_variable = any(slot.marker == variable for slot in action.slots if slot.variable == variable)
    if problems or (is_shell_variable and is_reserved(variable)):
        raise RefusedError(
            "; ".join(problems) or f"{variable} steers the shell or a tool; no value may be given for it"
        )


def _skipped(action: ActionId, answer: Answer, actor: Identity, *, word: Word | None) -> StepSkipped:
    reason = word.reason if word and word.reason else "no reason given"
    prefix = "refused: " if answer is Answer.REFUSE else ""
    return StepSkipped(action=action, reason=prefix + reason, by=actor.actor)
