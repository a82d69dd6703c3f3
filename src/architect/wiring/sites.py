"""A profile and the world behind it: what tools, files and systems a plan finds there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from architect.commands.judging import judge
from architect.commands.model import Effect, Flag
from architect.integrations.aws import undoing as aws
from architect.integrations.kubernetes import kubectl
from architect.integrations.machine.looking import (
    RepositoryFiles,
    ToolsOnPath,
    declared_effects,
    repository_of,
    run_environment,
)
from architect.integrations.postgres import asking as postgres
from architect.integrations.redis import asking as redis
from architect.integrations.shell.guarding import host_name
from architect.kernel.errors import ArchitectError, OutsideError, RefusedError, UsageError
from architect.runbooks.model import Document, Runbook
from architect.runs.connections import NoValueError, shown
from architect.runs.model import Executor, Plan
from architect.runs.planning import Request, Surroundings, make_plan
from architect.runs.profiles import Profile, ProfileKind
from architect.runs.safeguards import connection_key, connections_of, family, speaks_elsewhere
from architect.runs.state import RunState
from architect.sandbox.control import find_world
from architect.sandbox.environment import PROFILE as SANDBOX
from architect.sandbox.environment import SYSTEMS as SANDBOX_SYSTEMS
from architect.sandbox.environment import profile as sandbox_profile
from architect.wiring.installation import Installation

SANDBOX_FOLDER = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One profile of an installation, with the environment that its runs get."""

    installation: Installation
    profile: Profile
    environment: Mapping[str, str] = field(repr=False)
    secret_names: frozenset[str]

    @property
    def bash(self) -> str:
        """The shell that actions run with; empty for the one on PATH."""
        return self.profile.tools.get("bash", "")

    @property
    def is_sandbox(self) -> bool:
        """Say whether runs reach nothing but the sandbox."""
        return self.profile.kind is ProfileKind.SANDBOX

    def repository(self, document: str) -> Path | None:
        """Return the folder whose files the document's texts may name."""
        return repository_of(Path(document), self.profile)


def find_profile(installation: Installation, name: str) -> Profile:
    """Return a profile of the settings, or the one of the sandbox that is up. Raises SettingsError, UsageError."""
    if name == SANDBOX and name not in installation.settings.profiles:
        world = find_world(installation.folder / SANDBOX_FOLDER)
        if world is None:
            raise UsageError("there is no sandbox", hint="`architect sandbox up` brings one up")
        return sandbox_profile(world)
    return installation.settings.profile(name)


def open_site(installation: Installation, name: str) -> Site:
    """Return the site of a profile. Raises SettingsError where a secret of it cannot be resolved."""
    profile = find_profile(installation, name)
    environment, secret_names = run_environment(profile, installation.environment, installation.secrets)
    return Site(installation=installation, profile=profile, environment=environment, secret_names=secret_names)


def plan_for(site: Site, document: Document, runbook: Runbook, request: Request, *, is_looking: bool = True) -> Plan:
    """Return the plan of a run at this site.

    The systems that the runbook changes are asked who they are, and how many replicas there are, unless `is_looking` is
    off: then targets are named without it, and nothing outside is asked.
    """
    surroundings = _surroundings(site, document, runbook)

    def plan(around: Surroundings) -> Plan:
        return make_plan(document, runbook, profile=site.profile, judge=judge, request=request, surroundings=around)

    first = plan(surroundings)
    if not is_looking:
        return first
    identities = identities_of(site, first)
    replicas = _replicas(site, first)
    if not identities and not replicas:
        return first
    return plan(replace(surroundings, identities=identities, replicas=replicas))


def _surroundings(site: Site, document: Document, runbook: Runbook) -> Surroundings:
    installation = site.installation
    files = RepositoryFiles(site.repository(document.path))
    declared = {script.path: (script.effect, script.sha256) for script in installation.settings.scripts}
    names = [variable.name for variable in runbook.variables]
    return Surroundings(
        tools=ToolsOnPath(site.environment.get("PATH", ""), site.profile.tools),
        files=files,
        declared=declared_effects(declared, files),
        environment={name: installation.environment[name] for name in names if name in installation.environment},
        systems=SANDBOX_SYSTEMS if site.is_sandbox else None,
        own_store=installation.own_store,
    )


def values_of(site: Site, plan: Plan) -> Mapping[str, str]:
    """Return the environment with the plan's values in it, secrets resolved; what cannot be resolved is left out."""
    found = dict(site.environment)
    for binding in plan.bindings:
        if binding.value is not None:
            found[binding.name] = binding.value
        elif binding.reference:
            try:
                found[binding.name] = site.installation.secrets.resolve(binding.reference)
            except ArchitectError:
                continue
    return found


def identities_of(site: Site, plan: Plan) -> Mapping[str, str]:
    """Ask the systems of a plan's changes who they are; what does not answer stays unresolved."""
    found: dict[str, str] = {"host": host_name()}
    variables = values_of(site, plan)

    def ask(name: str, identity: Callable[[], str]) -> None:
        try:
            answer = identity()
        except ArchitectError:
            return
        found.update({name: answer} if answer else {})

    for system in sorted(_systems(plan)):
        ask(system, partial(_identity, system, site, variables))
    for connection in _databases(plan):
        ask(connection_key("postgresql", connection), partial(postgres.identity, connection, variables))
    for connection in _caches(plan):
        ask(connection_key("redis", connection), partial(redis.identity, connection, variables))
    return found


def _systems(plan: Plan) -> set[str]:
    changes = [action for action in plan.actions if action.effect is not Effect.READ]
    return {family(command.system) for action in changes for command in action.commands if command.system}


def _databases(plan: Plan) -> tuple[str, ...]:
    """Return the connections to databases that a plan's texts name, in the order of the document."""
    found: dict[str, None] = {}
    for action in plan.actions:
        written = sorted(connections_of(action.commands, "postgresql"))
        own = action.connection if action.executor is not Executor.REDIS else None
        found |= dict.fromkeys(each for each in (*written, own) if each)
    return tuple(found)


def _caches(plan: Plan) -> tuple[str, ...]:
    """Return the sessions with caches that a plan's texts open."""
    found = (action.connection for action in plan.actions if action.executor is Executor.REDIS)
    return tuple(dict.fromkeys(each for each in found if each))


def _identity(system: str, site: Site, variables: Mapping[str, str]) -> str:
    """Return who a system is where a command leaves its place to the environment. Raises ArchitectError."""
    match system:
        case "kubernetes":
            return kubectl.identity(site.environment)
        case "aws":
            return aws.account(site.environment)
        case "redis":
            return redis.identity(None, variables if site.is_sandbox else {})
        case "postgresql":
            return postgres.identity(None, variables)
        case _:
            return ""


def _replicas(site: Site, plan: Plan) -> Mapping[str, int]:
    """Return the live replica count of everything that the plan scales where the environment leads.

    What a command scales elsewhere (`--context`, through ssh) is not looked at: another cluster's count proves nothing.
    """
    found: dict[str, int] = {}
    elsewhere: set[str] = set()
    for action in plan.actions:
        for command in action.commands:
            target = command.target
            if Flag.REPLICAS not in command.flags or target is None:
                continue
            if speaks_elsewhere(command, action.commands):
                elsewhere.add(str(target))
                continue
            try:
                workload = kubectl.get(target.kind, target.name, target.scope, environment=site.environment)
                found[str(target)] = int(workload["spec"]["replicas"])
            except (ArchitectError, KeyError, TypeError, ValueError):
                continue
    return {name: count for name, count in found.items() if name not in elsewhere}


def require_systems(site: Site, state: RunState) -> None:
    """Make sure that the systems which a run uses are those that its profile expects. Raises RefusedError otherwise.

    A system that does not answer cannot be harmed by this run now; it is asked again before whatever comes later.
    """
    plan = state.plan
    expected = dict(plan.systems)
    if not expected:
        return
    used = _used(plan)
    if (wanted := expected.get("kubernetes")) and "kubernetes" in used:
        _require("kubernetes", _answer(lambda: kubectl.context(site.environment)), wanted, plan.profile)
    if (wanted := expected.get("aws")) and "aws" in used:
        _require("aws", _answer(lambda: aws.account(site.environment)), wanted, plan.profile)
    if (wanted := expected.get("postgresql")) and "postgresql" in used:
        _require_databases(site, state, wanted)


def _require(system: str, actual: str, expected: str, profile: str) -> None:
    """Raise RefusedError where a system answers and is another one; the last part of its name is enough."""
    if actual and expected not in (actual, actual.rpartition("/")[2]):
        raise RefusedError(f"{system} is {actual}; the profile {profile} expects {expected}", hint="nothing was run")


def _require_databases(site: Site, state: RunState, expected: str) -> None:
    """Make sure of every database that the run names: the first is the one expected, all are of the same server."""
    plan = state.plan
    variables = {**values_of(site, plan), **_answered(site, state)}
    answers = [
        (connection, _answer(partial(postgres.identity, connection, variables)))
        for connection in _databases(plan) or (None,)
    ]
    first = next((answer for _, answer in answers if answer), "")
    _require("postgresql", first, expected, plan.profile)
    server = expected.rpartition("/")[0] or first.rpartition("/")[0]
    for connection, answer in answers:
        if answer and answer.rpartition("/")[0] != server:
            where = shown(connection or "psql")
            raise RefusedError(
                f"`{where}` leads to {answer}; the profile {plan.profile} expects the server {server}",
                hint="nothing was run",
            )


def _answered(site: Site, state: RunState) -> Mapping[str, str]:
    """Return the values that people gave during the run, secrets resolved."""
    found: dict[str, str] = {}
    for name, event in state.values.items():
        found[name] = site.installation.secrets.resolve(event.reference) if event.reference else event.value or ""
    return found


def _answer(ask: Callable[[], str]) -> str:
    """Return who a system is; empty where it does not answer, or its connection has no value yet.

    Raises RefusedError for a connection that nobody can follow: what it leads to cannot be told from what is expected.
    """
    try:
        return ask()
    except (OutsideError, NoValueError):
        return ""


def _used(plan: Plan) -> set[str]:
    """Return the systems that a plan speaks to."""
    used = {family(command.system) for action in plan.actions for command in action.commands}
    return used | ({"postgresql"} if any(action.executor is Executor.SQL for action in plan.actions) else set())
