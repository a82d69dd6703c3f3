"""Workers for the runs of an installation: real stores, real shells, native conditions, one engine a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

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
from architect.runs.ports import ActionRunner, ConditionAsker, Observer
from architect.runs.worker import Engine
from architect.storage.stores import Stores
from architect.wiring.installation import Installation
from architect.wiring.sites import Site, open_site, require_systems


class Engines:
    """The engines of an installation, one a run; the shells they share end with `close`."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._shells: dict[str, ShellRunner] = {}

    def engine_for(self, run: RunId, observers: Sequence[Observer]) -> Engine:
        """Return the engine that carries a run out in its profile; what was given up needs no profile any more."""
        state = self._installation.service.state(run)
        if state.aborted is not None:
            return _closing_engine(self._installation)
        site = open_site(self._installation, state.plan.profile)
        if site.bash not in self._shells:
            self._shells[site.bash] = ShellRunner(bash=site.bash)
        return engine_at(site, shell=self._shells[site.bash], observers=observers)

    def close(self) -> None:
        """End the shells."""
        for shell in self._shells.values():
            shell.close()


def _closing_engine(installation: Installation) -> Engine:
    """Return an engine that only ends a run that was given up."""
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
        require_systems=partial(require_systems, site),
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
