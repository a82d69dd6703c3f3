"""Workers for the runs of an installation: real stores, real shells, native conditions, one engine a profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from architect.access.people import Identity
from architect.access.secrets import matches
from architect.integrations.aws.undoing import AwsUndo
from architect.integrations.http.asking import HttpConditions
from architect.integrations.http.client import GuardedWebClient
from architect.integrations.kubernetes.asking import RolloutConditions
from architect.integrations.kubernetes.undoing import KubernetesUndo
from architect.integrations.machine.files import FileRunner
from architect.integrations.postgres.asking import PostgresUndo, SqlConditions
from architect.integrations.postgres.running import SqlRunner
from architect.integrations.prometheus.asking import PrometheusConditions, PromqlRunner
from architect.integrations.redis.asking import RedisConditions, RedisRunner, RedisUndo
from architect.integrations.shell.executor import ShellRunner
from architect.integrations.shell.psql import PsqlRunner, SqlRunners
from architect.integrations.shell.survivors import LocalSurvivors
from architect.kernel.errors import RefusedError
from architect.kernel.ids import PersonId, RunId
from architect.runs.asking import ConditionsByKind, OutputConditions, OutputProposer, UndoByCapture
from architect.runs.context import Contexts, Surroundings
from architect.runs.model import ConditionKind, Executor, Plan
from architect.runs.native import InProcess
from architect.runs.output import output_text
from architect.runs.ports import ActionRunner, ConditionAsker, Observer, OutputStore
from architect.runs.service import RunService
from architect.runs.state import RunState
from architect.runs.voting import VotingRules
from architect.runs.worker import Engine, OnEvent, Worker
from architect.storage.stores import Stores
from architect.wiring.installation import Installation, Kept, make_checkpoint, open_installation
from architect.wiring.sites import Site, open_site, require_systems
from architect.work.leases import TargetLocks, is_conflict

EngineFor = Callable[[RunId, Sequence[Observer]], Engine]
"""Returns the engine that carries a run out, with those who look at its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What a terminal needs of runs: the door to them, who sits there, and engines that carry them out."""

    service: RunService
    identity: Identity
    rules: VotingRules
    outputs: OutputStore
    engine_for: EngineFor
    is_blocked: Callable[[RunState], bool] = lambda _: False
    """Says whether another run still holds what a run waits for."""
    is_secret_of: Callable[[PersonId, str], bool] = lambda *_: False
    """Says whether a registered person's own secret is the one given."""
    keep: Callable[[], Kept | None] = lambda: None
    """Makes a checkpoint and copies it outside the store."""

    def worker(self, run: RunId, *, on_event: OnEvent | None = None, observers: Sequence[Observer] = ()) -> Worker:
        """Return a worker of this process for a run."""
        return Worker(self.engine_for(run, observers), on_event=on_event)


@contextmanager
def open_workplace(state: str | None) -> Iterator[Workplace]:
    """Open an installation and its door to runs."""
    with open_installation(state) as installation, workplace_of(installation) as place:
        yield place


@contextmanager
def workplace_of(installation: Installation, *, identity: Identity | None = None) -> Iterator[Workplace]:
    """Give the workplace of an installation for the length of a block; the shells end with it."""
    shells: dict[str, ShellRunner] = {}
    service, people = installation.service, installation.stores.people

    def engine_for(run: RunId, observers: Sequence[Observer]) -> Engine:
        state = service.state(run)
        if state.aborted is not None:
            return _closing_engine(installation)
        site = open_site(installation, state.plan.profile)
        if site.bash not in shells:
            shells[site.bash] = ShellRunner(bash=site.bash)
        return engine_at(site, shell=shells[site.bash], observers=observers)

    try:
        yield Workplace(
            service=service,
            identity=identity or installation.identity,
            rules=installation.rules,
            outputs=installation.stores.outputs,
            engine_for=engine_for,
            is_blocked=partial(_is_blocked, installation.stores.locks),
            is_secret_of=lambda person, secret: matches(secret, people.verifier(person)),
            keep=lambda: make_checkpoint(installation),
        )
    finally:
        for shell in shells.values():
            shell.close()


def _is_blocked(locks: TargetLocks, state: RunState) -> bool:
    """Say whether another run holds a target that this one waits for."""
    wanted = state.busy.targets if state.busy is not None else ()
    profile = state.plan.profile
    return any(
        is_conflict(held, state.run, profile=profile, target=target) for held in locks.list() for target in wanted
    )


def _closing_engine(installation: Installation) -> Engine:
    """Return an engine that only ends what was given up: it needs no profile, whatever became of the one there was."""
    stores = installation.stores
    return Engine(
        events=stores.events,
        index=stores.index,
        outputs=stores.outputs,
        leases=stores.leases,
        locks=stores.locks,
        clock=stores.clock,
        contexts=Contexts(
            root=installation.runs_folder,
            secrets=installation.secrets,
            surroundings=lambda _: Surroundings(environment={}),
        ),
        runners={},
        asker=ConditionsByKind({}),
        undo_reader=UndoByCapture({}),
        proposer=OutputProposer(lambda key: output_text(stores.outputs, key)),
        survivors=LocalSurvivors(),
        rules=installation.rules,
    )


def engine_at(site: Site, *, shell: ShellRunner, observers: Sequence[Observer] = ()) -> Engine:
    """Put an engine together for the runs of one site."""
    web = GuardedWebClient(site.profile.hosts)
    return replace(
        _closing_engine(site.installation),
        contexts=_contexts(site),
        runners=_runners(site, shell, web),
        asker=ConditionsByKind(_askers(site, site.installation.stores, web)),
        undo_reader=UndoByCapture(
            {"kubernetes": KubernetesUndo(), "postgres": PostgresUndo(), "redis": RedisUndo(), "aws": AwsUndo()}
        ),
        require_systems=lambda plan: require_systems(site, plan),
        observers=observers,
    )


@contextmanager
def runners_at(site: Site) -> Iterator[Mapping[Executor, ActionRunner]]:
    """Give the runners of a site for the length of a block, outside any run."""
    shell = ShellRunner(bash=site.bash)
    try:
        yield _runners(site, shell, GuardedWebClient(site.profile.hosts))
    finally:
        shell.close()


def _contexts(site: Site) -> Contexts:
    def surroundings(plan: Plan) -> Surroundings:
        if plan.profile_digest != site.profile.digest:
            raise RefusedError(
                f"the profile {plan.profile} has changed since the plan was made", hint="abort the run, start a new one"
            )
        return Surroundings(
            environment=site.environment, secret_names=site.secret_names, repository=site.repository(plan.document)
        )

    installation = site.installation
    return Contexts(root=installation.runs_folder, secrets=installation.secrets, surroundings=surroundings)


def _runners(site: Site, shell: ShellRunner, web: GuardedWebClient) -> Mapping[Executor, ActionRunner]:
    return {
        Executor.SHELL: shell,
        Executor.SQL: SqlRunners(native=InProcess(SqlRunner()), psql=PsqlRunner(shell)),
        Executor.REDIS: InProcess(RedisRunner()),
        Executor.PROMQL: InProcess(PromqlRunner(web, site.profile.hosts)),
        Executor.FILE: InProcess(FileRunner()),
    }


def _askers(site: Site, stores: Stores, web: GuardedWebClient) -> Mapping[ConditionKind, ConditionAsker]:
    http = HttpConditions(web)
    return {
        ConditionKind.HTTP_STATUS: http,
        ConditionKind.HTTP_HEALTH: http,
        ConditionKind.PROMQL: PrometheusConditions(web, site.profile.hosts),
        ConditionKind.SQL_VALUE: SqlConditions(),
        ConditionKind.REDIS_REPLY: RedisConditions(),
        ConditionKind.ROLLOUT: RolloutConditions(),
        ConditionKind.OUTPUT: OutputConditions(lambda key: output_text(stores.outputs, key)),
    }
