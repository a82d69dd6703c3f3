"""Who may approve what: one person, two people, one person alone in an installation of one, break-glass. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from architect.access.people import Identity, Person, Proof, same_human
from architect.kernel.errors import ConflictError, RefusedError
from architect.kernel.ids import PersonId
from architect.runs.events import Answer, GateAnswered
from architect.runs.model import GateKind
from architect.runs.state import GateState, RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One approval as it is given."""

    by: Identity
    reason: str = ""
    typed_target: str = ""
    break_glass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteVerdict:
    """What a vote does: whether the gate is satisfied with it, and how."""

    is_satisfied: bool
    single_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VotingRules:
    """The rules of an installation. `people` is asked each time, so that a removal counts at once."""

    people: Callable[[], Sequence[Person]] = tuple
    is_single_person: bool = False

    def judge(self, state: RunState, gate: GateState, vote: Vote) -> VoteVerdict:
        """Say what the vote does. Raises RefusedError when it may not be given, ConflictError when it was given."""
        people = self.people()
        _require_standing(state, vote.by, people)
        if gate.opened.gate_kind is not GateKind.TWO_PEOPLE:
            return VoteVerdict(is_satisfied=True)
        if vote.break_glass:
            _require_reason(vote, "break-glass")
            return VoteVerdict(is_satisfied=True)
        if self.is_single_person:
            _require_reason(vote, "an approval by a single person")
            _require_target(state, gate, vote)
            return VoteVerdict(is_satisfied=True, single_person=True)
        me = same_human(vote.by, people)
        others = [_person(answer) for at, answer in _approvals(gate) if not _is_void(answer, at, people)]
        if any(voter in me for voter in others):
            raise ConflictError(
                f"{vote.by.person} has approved this already",
                hint="the second approval comes from another person, whatever the account",
            )
        return VoteVerdict(is_satisfied=bool(others))

    def lapse(self, gate: GateState) -> str:
        """Say why the approvals of a gate no longer count as far as their people are concerned; else empty."""
        people = self.people()
        gone = [_person(answer) for at, answer in _approvals(gate) if _is_void(answer, at, people)]
        return f"{gone[0]} was removed after having approved" if gone else ""


def _require_standing(state: RunState, by: Identity, people: Sequence[Person]) -> None:
    allowed_unverified = state.plan.profile_kind == "sandbox"
    if by.proof is Proof.UNVERIFIED and not allowed_unverified:
        raise RefusedError("somebody unverified cannot approve outside a sandbox", hint="leave out --as")
    if _is_removed(by.person, people):
        raise RefusedError(f"{by.person} may no longer approve")
    allowed = state.plan.people
    if allowed and not same_human(by, people).intersection(allowed):
        raise RefusedError(f"{by.person} may not approve in the profile {state.plan.profile}")


def _require_reason(vote: Vote, what: str) -> None:
    if not vote.reason.strip():
        raise RefusedError(f"{what} needs a typed reason")


def target_names(state: RunState, gate: GateState) -> tuple[str, ...]:
    """Return the names of what an action would change, each in full, then without system and identity.

    Where the target is not known, the action's title stands for it, or its step's: what was read at the gate.
    """
    action = state.action(gate.opened.action) if gate.opened.action else None
    if action is None:
        return ()
    if not action.targets:
        return tuple(dict.fromkeys((action.title, action.step_title)))
    return (*action.targets, *(short for target in action.targets if (short := target.partition(": ")[2])))


def _require_target(state: RunState, gate: GateState, vote: Vote) -> None:
    names = target_names(state, gate)
    if vote.typed_target.strip() not in names:
        raise RefusedError(
            f"{vote.typed_target!r} is not the name of the target", hint=f"type exactly: {' or '.join(names)}"
        )


def _approvals(gate: GateState) -> Sequence[tuple[datetime, GateAnswered]]:
    return [(at, answer) for at, answer in gate.answers if answer.answer is Answer.APPROVE]


def _person(answer: GateAnswered) -> PersonId:
    return PersonId(answer.by.partition(":")[2] or answer.by)


def _is_removed(person: PersonId, people: Sequence[Person]) -> bool:
    found = [entry for entry in people if entry.is_known_as(person)]
    return bool(found) and not any(entry.is_active for entry in found)


def _is_void(answer: GateAnswered, at: datetime, people: Sequence[Person]) -> bool:
    """Say whether whoever gave an approval has been removed since, even if they were registered again."""
    found = [entry for entry in people if entry.is_known_as(_person(answer))]
    return bool(found) and not any(entry.counted_at(at) for entry in found)
