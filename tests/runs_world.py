"""A small world for runs: stores in memory, plans in one line, people, and an engine put together from them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from architect.access.people import Identity, Proof
from architect.audit.model import GENESIS, Draft, Event, Fence, Head
from architect.commands.model import CommandEffect, Effect
from architect.integrations.shell.executor import ShellRunner
from architect.integrations.shell.survivors import LocalSurvivors
from architect.kernel.clock import Clock, OffsetClock, SteadyClock
from architect.kernel.errors import ConflictError, OutsideError, SettingsError
from architect.kernel.ids import ActionId, PersonId, RunbookId, RunId, StreamId
from architect.runs.context import Contexts, Surroundings
from architect.runs.events import GateReason, Verdict
from architect.runs.model import (
    Condition,
    ConditionKind,
    DefaultFrom,
    Executor,
    GateKind,
    Limits,
    Plan,
    PlannedAction,
    Truth,
    UndoPlan,
)
from architect.runs.output import output_text
from architect.runs.ports import (
    ActionRunner,
    Captured,
    Measurement,
    OutputChunk,
    OutputKey,
    RunContext,
    RunSummary,
)
from architect.runs.service import RunService, Word
from architect.runs.state import RunState
from architect.runs.voting import VotingRules
from architect.runs.worker import Engine, Worker
from architect.work.leases import Lease, LeaseStore, TargetLock, TargetLocks, is_conflict

DANA = Identity(person=PersonId("dana"), proof=Proof.OS_USER)
ELI = Identity(person=PersonId("eli"), proof=Proof.OS_USER)
GATES = {
    Effect.READ: GateKind.NONE,
    Effect.WRITE: GateKind.CONFIRM,
    Effect.DISRUPTIVE: GateKind.CONFIRM_TARGET,
    Effect.UNKNOWN: GateKind.TWO_PEOPLE,
    Effect.EXPOSES: GateKind.TWO_PEOPLE,
    Effect.DESTRUCTIVE: GateKind.TWO_PEOPLE,
}


class MemoryEvents:
    """Events in memory, with the order and the fence of a real store."""

    def __init__(self, clock: Clock, leases: MemoryLeases) -> None:
        self.streams: dict[StreamId, list[Event]] = {}
        self._clock = clock
        self._leases = leases
        self._lock = threading.RLock()
        self._newest = datetime.min.replace(tzinfo=UTC)
        self.is_gone = False

    def append(
        self, stream: StreamId, drafts: Sequence[Draft], *, expected_seq: int, fence: Fence | None = None
    ) -> Sequence[Event]:
        with self._lock:
            if self.is_gone:
                raise OutsideError("the store cannot be reached")
            events = self.streams.setdefault(stream, [])
            if len(events) != expected_seq:
                raise ConflictError(f"{stream} has moved past {expected_seq}")
            if fence is not None and self._leases.generation(fence.subject) != fence.generation:
                raise ConflictError(f"the lease on {fence.subject} is another's")
            return [self._add(stream, events, draft) for draft in drafts]

    def _add(self, stream: StreamId, events: list[Event], draft: Draft) -> Event:
        self._newest = max(self._newest, self._clock.now())
        prev = events[-1].hash if events else GENESIS
        event = Event(
            stream=stream,
            seq=len(events) + 1,
            at=self._newest,
            actor=draft.actor,
            kind=draft.kind,
            data=draft.data,
            version=1,
            prev=prev,
            hash=hashlib.sha256(f"{prev}{draft}".encode()).hexdigest(),
        )
        events.append(event)
        return event

    def read(self, stream: StreamId, *, after: int = 0) -> Sequence[Event]:
        with self._lock:
            return tuple(self.streams.get(stream, ())[after:])

    def heads(self) -> Sequence[Head]:
        return [Head(stream=name, seq=len(events), hash=events[-1].hash) for name, events in self.streams.items()]

    def all_events(self) -> Iterator[Event]:
        for events in self.streams.values():
            yield from events


class MemoryLeases(LeaseStore):
    """Leases in memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[str, Lease] = {}
        self._generations: dict[str, int] = {}
        self._lock = threading.RLock()

    def generation(self, subject: str) -> int:
        return self._generations.get(subject, 0)

    def acquire(self, subject: str, owner: str, *, ttl_s: float) -> Lease | None:
        with self._lock:
            held = self._leases.get(subject)
            if held is not None and held.owner != owner and held.expires_at > self._clock.now():
                return None
            self._generations[subject] = self.generation(subject) + 1
            lease = Lease(
                subject=subject,
                owner=owner,
                generation=self._generations[subject],
                expires_at=self._clock.now() + timedelta(seconds=ttl_s),
            )
            self._leases[subject] = lease
            return lease

    def renew(self, lease: Lease, *, ttl_s: float) -> Lease | None:
        with self._lock:
            held = self._leases.get(lease.subject)
            if held is None or held.generation != lease.generation:
                return None
            renewed = replace(held, expires_at=self._clock.now() + timedelta(seconds=ttl_s))
            self._leases[lease.subject] = renewed
            return renewed

    def release(self, lease: Lease) -> None:
        with self._lock:
            held = self._leases.get(lease.subject)
            if held is not None and held.generation == lease.generation:
                del self._leases[lease.subject]

    def current(self, subject: str) -> Lease | None:
        return self._leases.get(subject)


class MemoryLocks(TargetLocks):
    """Locks of targets in memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._locks: list[TargetLock] = []

    def acquire(self, run: RunId, *, profile: str, targets: Collection[str]) -> Sequence[TargetLock]:
        blocking = [
            held
            for held in self._locks
            if any(is_conflict(held, run, profile=profile, target=target) for target in targets)
        ]
        if not blocking:
            self._locks += [
                TargetLock(profile=profile, target=target, run=run, since=self._clock.now())
                for target in targets
                if not any((held.profile, held.target, held.run) == (profile, target, run) for held in self._locks)
            ]
        return blocking

    def release(self, run: RunId, *, targets: Collection[str] | None = None) -> None:
        self._locks = [
            held for held in self._locks if held.run != run or (targets is not None and held.target not in targets)
        ]

    def list(self) -> Sequence[TargetLock]:
        return tuple(self._locks)


class MemoryOutputs:
    """Output in memory; `room` bytes of it."""

    def __init__(self) -> None:
        self.chunks: dict[OutputKey, list[OutputChunk]] = {}
        self.room = 1 << 40

    def append(self, key: OutputKey, chunks: Sequence[OutputChunk]) -> None:
        self.room -= sum(chunk.size for chunk in chunks)
        if self.room < 0:
            raise OutsideError("no space left on device")
        self.chunks.setdefault(key, []).extend(chunks)

    def read(self, key: OutputKey, *, after: int = -1) -> Sequence[OutputChunk]:
        return [chunk for chunk in self.chunks.get(key, ()) if chunk.number > after]


class MemoryIndex:
    """Lines of runs in memory."""

    def __init__(self) -> None:
        self.lines: dict[RunId, RunSummary] = {}
        self._last = 0

    def reserve(self) -> RunId:
        self._last += 1
        return RunId(f"RUN-{self._last}")

    def put(self, summary: RunSummary) -> None:
        self.lines[summary.run] = summary

    def get(self, run: RunId) -> RunSummary | None:
        return self.lines.get(run)

    def list(self, *, limit: int = 50) -> Sequence[RunSummary]:
        return tuple(reversed(self.lines.values()))[:limit]


@dataclass
class KnownSecrets:
    """Secrets by reference."""

    known: dict[str, str] = field(default_factory=dict)

    def resolve(self, reference: str) -> str:
        try:
            return self.known[reference]
        except KeyError:
            raise SettingsError(f"{reference} does not exist") from None


@dataclass
class ScriptedAsker:
    """Answers conditions from a list of truths each; the last one stays."""

    truths: dict[str, list[Truth]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def ask(self, condition: Condition, context: RunContext) -> Measurement:
        self.asked.append(condition.id)
        truths = self.truths.get(condition.id, [])
        if not truths:
            return Measurement(truth=Truth.CANNOT_TELL, detail="nobody knows", is_settled=True)
        truth = truths.pop(0) if len(truths) > 1 else truths[0]
        return Measurement(truth=truth, detail=f"it is {truth}", value=1.0)


@dataclass
class CapturedUndos:
    """Captures what the test says, by action."""

    found: dict[str, Captured] = field(default_factory=dict)

    def capture(self, action: PlannedAction, undo: UndoPlan, context: RunContext) -> Captured:
        if action.id not in self.found:
            raise OutsideError("the target does not answer")
        return self.found[action.id]


class NoProposals:
    """Proposes nothing."""

    def propose(self, default: DefaultFrom, context: RunContext) -> str | None:
        return None


def shell(name: str, text: str, effect: Effect = Effect.READ, **more: object) -> PlannedAction:
    """Return a shell action; the whole text is one command unless `commands` says otherwise."""
    action = PlannedAction(
        id=ActionId(name),
        step=int(name.partition(".")[0]),
        step_title="Step",
        phase="diagnose",
        title=text[:40],
        executor=Executor.SHELL,
        text=text,
        executed=text,
        effect=effect,
        reason="the test says so",
        gate=GATES[effect],
        commands=(CommandEffect(text=text, start=0, end=len(text), effect=effect, reason="test"),),
        limits=Limits(timeout_s=60.0, output_bytes=1 << 28),
    )
    return replace(action, **more)  # type: ignore[arg-type]


def symptom(name: str = "healthy", **more: object) -> Condition:
    """Return a symptom that is polled quickly."""
    condition = Condition(
        id=name,
        kind=ConditionKind.HTTP_HEALTH,
        subject="http://127.0.0.1/health",
        title="the service answers",
        symptom=True,
        within_s=0.2,
        every_s=0.01,
    )
    return replace(condition, **more)  # type: ignore[arg-type]


def plan(*actions: PlannedAction, **more: object) -> Plan:
    """Return a plan of the actions in a live profile."""
    made = Plan(
        version=1,
        document="runbook.md",
        document_sha256="0" * 64,
        runbook=RunbookId("restart"),
        title="Restart",
        kind="incident",
        severity="P1",
        sla_s=None,
        profile="local",
        profile_kind="live",
        profile_digest="0" * 64,
        actions=actions,
        digest="1" * 64,
    )
    return replace(made, **more)  # type: ignore[arg-type]


@dataclass
class World:
    """Everything that a run needs, in memory; real bash."""

    folder: Path
    clock: OffsetClock = field(default_factory=OffsetClock)
    asker: ScriptedAsker = field(default_factory=ScriptedAsker)
    undos: CapturedUndos = field(default_factory=CapturedUndos)
    secrets: KnownSecrets = field(default_factory=KnownSecrets)
    outputs: MemoryOutputs = field(default_factory=MemoryOutputs)
    index: MemoryIndex = field(default_factory=MemoryIndex)
    rules: VotingRules = field(default_factory=VotingRules)
    environment: Mapping[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/bin:/usr/bin:/bin"})
    secret_names: frozenset[str] = frozenset()
    runners: dict[Executor, ActionRunner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.steady = SteadyClock(self.clock)
        self.leases = MemoryLeases(self.steady)
        self.locks = MemoryLocks(self.steady)
        self.events = MemoryEvents(self.steady, self.leases)
        self.shell = ShellRunner()
        self.runners.setdefault(Executor.SHELL, self.shell)

    @property
    def service(self) -> RunService:
        return RunService(events=self.events, index=self.index, clock=self.steady, rules=self.rules)

    @property
    def contexts(self) -> Contexts:
        def surroundings(plan: Plan) -> Surroundings:
            return Surroundings(environment=self.environment, secret_names=self.secret_names, repository=self.folder)

        return Contexts(root=self.folder / "runs", secrets=self.secrets, surroundings=surroundings)

    @property
    def engine(self) -> Engine:
        return Engine(
            events=self.events,
            index=self.index,
            outputs=self.outputs,
            leases=self.leases,
            locks=self.locks,
            clock=self.steady,
            contexts=self.contexts,
            runners=self.runners,
            asker=self.asker,
            undo_reader=self.undos,
            proposer=NoProposals(),
            survivors=LocalSurvivors(),
            rules=self.rules,
        )

    def close(self) -> None:
        self.shell.close()

    def advance(self, run: RunId) -> RunState:
        """Carry the run on with a worker of its own."""
        return Worker(self.engine).advance(run)

    def start(self, *actions: PlannedAction, **more: object) -> RunState:
        """Create a run of the actions and carry it on until it waits or ends."""
        return self.advance(self.service.create(plan(*actions, **more), DANA))

    def approve(self, state: RunState, *people: Identity, word: Word | None = None) -> RunState:
        """Let people approve what the run waits for, then carry it on."""
        gate = gate_of(state)
        for person in people or (DANA,):
            state = self.service.approve(state.run, gate, person, word=word)
        return self.advance(state.run)

    def output(self, state: RunState, action: str, attempt: int = 1) -> str:
        """Return what an attempt of an action wrote to stdout."""
        return output_text(self.outputs, OutputKey(run=state.run, action=ActionId(action), attempt=attempt))

    def kinds(self, run: RunId) -> list[str]:
        """Return the kinds of the run's events."""
        return [event.kind for event in self.service.events(run)]


def gate_of(state: RunState) -> str:
    """Return the name of the gate at which the run waits."""
    assert state.open_gate is not None, state
    return state.open_gate.opened.gate


def reason_of(state: RunState) -> GateReason:
    """Return why the run waits."""
    assert state.open_gate is not None, state
    return state.open_gate.opened.reason


def verdict_of(state: RunState) -> Verdict:
    """Return what the run came to."""
    assert state.ended is not None, state
    return state.ended.verdict
