"""Runs of real documents in a sandbox: the real reader, planner, engine, shell and checks; stores in memory.

People are played by `Rehearsal.play`, which answers each gate as the test says and notes which gates there were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from architect.commands.judging import judge
from architect.integrations.http.asking import HttpConditions
from architect.integrations.http.client import GuardedWebClient
from architect.integrations.postgres.asking import PostgresUndo, SqlConditions
from architect.integrations.postgres.running import SqlRunner
from architect.integrations.redis.asking import RedisConditions, RedisRunner
from architect.integrations.shell.executor import ShellRunner
from architect.integrations.shell.psql import PsqlRunner, SqlRunners
from architect.runbooks.reading import read
from architect.runs.asking import ConditionsByKind, OutputConditions, UndoByCapture
from architect.runs.events import GateReason
from architect.runs.gates import votes
from architect.runs.model import ConditionKind, Executor, GateKind, Plan
from architect.runs.native import InProcess
from architect.runs.output import output_text
from architect.runs.planning import Request, Surroundings, make_plan, plan_digest
from architect.runs.ports import OutputKey, Stream
from architect.runs.service import Word
from architect.runs.state import RunState
from architect.sandbox.environment import SYSTEMS
from inside import Inside
from runs_world import DANA, ELI, World, gate_of

PATIENCE_S = 10.0
"""How long a check is asked here at most: a fault that was not repaired is not waited for longer."""

REASON = Word(reason="a rehearsal")


@dataclass(kw_only=True)
class Rehearsal:
    """One engine in front of one sandbox."""

    inside: Inside
    engine: World
    waited: list[tuple[str, GateReason, GateKind]] = field(default_factory=list)

    @classmethod
    @contextmanager
    def of(cls, inside: Inside) -> Iterator[Rehearsal]:
        """Put the engine together as the application does."""
        engine = World(folder=inside.state, environment=inside.environment)
        engine.shell.close()
        engine.shell = ShellRunner(bash=inside.profile.tools["bash"])
        engine.runners |= {
            Executor.SHELL: engine.shell,
            Executor.SQL: SqlRunners(native=InProcess(SqlRunner()), psql=PsqlRunner(engine.shell)),
            Executor.REDIS: InProcess(RedisRunner()),
        }
        http = HttpConditions(GuardedWebClient(inside.profile.hosts))
        engine.asker = ConditionsByKind(  # type: ignore[assignment]  # the test's own is scripted
            {
                ConditionKind.SQL_VALUE: SqlConditions(),
                ConditionKind.REDIS_REPLY: RedisConditions(),
                ConditionKind.HTTP_STATUS: http,
                ConditionKind.HTTP_HEALTH: http,
                ConditionKind.OUTPUT: OutputConditions(lambda key: output_text(engine.outputs, key)),
            }
        )
        engine.undos = UndoByCapture({"postgres": PostgresUndo()})  # type: ignore[assignment]
        try:
            yield cls(inside=inside, engine=engine)
        finally:
            engine.close()

    def plan(self, document: Path, runbook: str, **values: str) -> Plan:
        """Read the document and plan one of its runbooks."""
        found = read(document.read_bytes(), str(document))
        chosen = next(each for each in found.runbooks if each.id == runbook)
        plan = make_plan(
            found,
            chosen,
            profile=self.inside.profile,
            judge=judge,
            request=Request(values=values),
            surroundings=Surroundings(systems=SYSTEMS, tools=self.inside.profile.tools),
        )
        patient = tuple(replace(each, within_s=min(each.within_s, PATIENCE_S)) for each in plan.conditions)
        plan = replace(plan, conditions=patient)
        return replace(plan, digest=plan_digest(plan))

    def start(self, document: Path, runbook: str, **values: str) -> RunState:
        """Plan a runbook and carry its run on until it waits or ends."""
        plan = self.plan(document, runbook, **values)
        return self.engine.advance(self.engine.service.create(plan, DANA))

    def play(
        self,
        state: RunState,
        *,
        choices: Mapping[str, int] | None = None,
        values: Mapping[str, str] | None = None,
        refuse: tuple[str, ...] = (),
        until: str = "",
    ) -> RunState:
        """Answer every gate: two people approve, except for actions whose text holds a word of `refuse`.

        Stops at the gate of the action whose text holds `until`. Where nobody can tell, nobody says that it is well.
        """
        for _ in range(200):
            if state.open_gate is None or (until and until in self._text(state)):
                return state
            state = self.engine.advance(self._answer(state, choices or {}, values or {}, refuse).run)
        raise AssertionError(f"the run never ends: {self.waited[-3:]}")

    @property
    def approvals(self) -> list[GateKind]:
        """The gates before actions, in order."""
        return [kind for _, reason, kind in self.waited if reason is GateReason.EFFECT]

    @staticmethod
    def _text(state: RunState) -> str:
        """Return the text of the action that the run waits for."""
        action = state.open_gate.opened.action if state.open_gate else None
        return state.action(action).text if action else ""

    def _answer(
        self, state: RunState, choices: Mapping[str, int], values: Mapping[str, str], refuse: tuple[str, ...]
    ) -> RunState:
        assert state.open_gate is not None
        service, run, gate, opened = self.engine.service, state.run, gate_of(state), state.open_gate.opened
        text = self._text(state)
        self.waited.append((text, opened.reason, opened.gate_kind))
        match opened.reason:
            case GateReason.CHOICE:
                return service.choose(run, gate, choices[opened.group or ""], actor=DANA)
            case GateReason.VALUE:
                return service.set_value(run, gate, values[opened.variable or ""], actor=DANA)
            case GateReason.MANUAL:
                return service.done(run, gate, DANA)
            case GateReason.FAILED:
                return service.skip(run, gate, DANA, word=REASON)
            case GateReason.RECOVERY:
                return service.recovered(run, gate, actor=DANA, is_recovered=False)
            case GateReason.EFFECT if any(word in text for word in refuse):
                return service.refuse(run, gate, DANA, word=REASON)
            case GateReason.EFFECT:
                have = {vote.by for vote in votes(state.open_gate)}
                wanted = (DANA, ELI) if opened.gate_kind is GateKind.TWO_PEOPLE else (DANA,)
                for person in wanted:
                    if person.actor not in have:
                        state = service.approve(run, gate, person)
                return state
            case _:
                raise AssertionError(f"nobody expected {opened}")

    def output(self, state: RunState, containing: str, *, stream: Stream = Stream.STDOUT) -> str:
        """Return what the actions whose text holds a word have printed."""
        found = [action for action in state.plan.actions if containing in action.text]
        assert found, [action.text for action in state.plan.actions]
        keys = [OutputKey(run=state.run, action=action.id, attempt=state.step(action.id).attempts) for action in found]
        return "".join(output_text(self.engine.outputs, key, stream=stream) for key in keys)
