"""Workers for the runs of an installation: real stores, real shells, native conditions, one engine a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from architect.access.people import Identity
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
from architect.kernel.ids import RunId
from architect.runs.asking import ConditionsByKind, OutputConditions, OutputProposer, UndoByCapture
from architect.runs.context import Contexts, Surroundings
from architect.runs.model import ConditionKind, Executor, Plan
from architect.runs.native import InProcess
from architect.runs.output import output_text
from architect.runs.ports import ActionRunner, ConditionAsker, Observer, OutputKey
from architect.runs.service import RunService
from architect.runs.worker import Engine, OnEvent, Worker
from architect.storage.stores import Stores
from architect.wiring.installation import Installation, open_installation
from architect.wiring.sites import Site, open_site, require_systems


@dataclass(kw_only=True)
class Workplace:
    """What a terminal needs of runs: the door to them, workers that carry them out, and who sits there."""

    service: RunService
    identity: Identity
    installation: Installation | None = None
    engine: Engine | None = None
    observers: Sequence[Observer] = ()
    _shells: dict[str, ShellRunner] = field(default_factory=dict)

    def worker(self, run: RunId, *, on_event: OnEvent | None = None) -> Worker:
        """Return a worker of this process for a run: at the site of the profile that it was planned for."""
        return Worker(self.engine or self._engine(run), on_event=on_event)

    def _engine(self, run: RunId) -> Engine:
        assert self.installation is not None
        site = open_site(self.installation, self.service.state(run).plan.profile)
        if site.bash not in self._shells:
            self._shells[site.bash] = ShellRunner(bash=site.bash)
        return engine_at(site, shell=self._shells[site.bash], observers=self.observers)

    def close(self) -> None:
        """End the guards of the shells with whatever they still have."""
        for shell in self._shells.values():
            shell.close()


@contextmanager
def open_workplace(state: str | None, *, observers: Sequence[Observer] = ()) -> Iterator[Workplace]:
    """Open an installation and its door to runs."""
    with open_installation(state) as installation:
        place = workplace_of(installation, observers=observers)
        try:
            yield place
        finally:
            place.close()


def workplace_of(
    installation: Installation, *, identity: Identity | None = None, observers: Sequence[Observer] = ()
) -> Workplace:
    """Return the workplace of an installation that is open; whoever asks closes it."""
    return Workplace(
        service=installation.service,
        identity=identity or installation.identity,
        installation=installation,
        observers=observers,
    )


def engine_at(site: Site, *, shell: ShellRunner, observers: Sequence[Observer] = ()) -> Engine:
    """Put an engine together for the runs of one site."""
    installation, stores = site.installation, site.installation.stores
    web = GuardedWebClient(site.profile.hosts)

    def read(key: OutputKey) -> str:
        return output_text(stores.outputs, key)

    return Engine(
        events=stores.events,
        index=stores.index,
        outputs=stores.outputs,
        leases=stores.leases,
        locks=stores.locks,
        clock=stores.clock,
        contexts=_contexts(site),
        runners=_runners(site, shell, web),
        asker=ConditionsByKind(_askers(site, stores, web)),
        undo_reader=UndoByCapture(
            {"kubernetes": KubernetesUndo(), "postgres": PostgresUndo(), "redis": RedisUndo(), "aws": AwsUndo()}
        ),
        proposer=OutputProposer(read),
        survivors=LocalSurvivors(),
        rules=installation.rules,
        require_systems=lambda plan: require_systems(site, plan),
        observers=observers,
    )


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
