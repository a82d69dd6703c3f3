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
from architect.integrations.postgres.connecting import address
from architect.integrations.shell.guarding import host_name
from architect.kernel.errors import ArchitectError, RefusedError, UsageError
from architect.runbooks.model import Document, Runbook
from architect.runs.connections import redis_address
from architect.runs.model import Executor, Plan
from architect.runs.planning import Request, Surroundings, make_plan
from architect.runs.profiles import Profile, ProfileKind
from architect.runs.safeguards import connection_key
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
    for system in sorted(_systems(plan)):
        identity = _identity(system, site, variables)
        if identity:
            found[system] = identity
    for connection in _connections(plan):
        identity = _database(connection, variables)
        if identity:
            found[connection_key(connection)] = identity
    return found


def _systems(plan: Plan) -> set[str]:
    changes = [action for action in plan.actions if action.effect is not Effect.READ]
    return {command.system.partition("-")[0] for action in changes for command in action.commands if command.system}


def _connections(plan: Plan) -> tuple[str, ...]:
    """Return the connections that a plan's texts name, in the order of the document."""
    found: dict[str, None] = {}
    for action in plan.actions:
        written = [value for command in action.commands for name, value in command.parameters if name == "connection"]
        found |= dict.fromkeys(each for each in (*written, action.connection) if each)
    return tuple(found)


def _identity(system: str, site: Site, variables: Mapping[str, str]) -> str:
    try:
        match system:
            case "kubernetes":
                return kubectl.identity(site.environment)
            case "aws":
                return aws.account(site.environment)
            case "redis":
                address = redis_address(None, variables)
                return f"{address.host}:{address.port}"
            case "postgresql":
                return postgres.identity(None, variables)
            case _:
                return ""
    except ArchitectError:
        return ""


def _database(connection: str, variables: Mapping[str, str]) -> str:
    try:
        return postgres.identity(connection, variables)
    except ArchitectError:
        return ""


def _replicas(site: Site, plan: Plan) -> Mapping[str, int]:
    """Return the live replica count of everything that the plan scales."""
    found: dict[str, int] = {}
    for action in plan.actions:
        for command in action.commands:
            target = command.target
            if Flag.REPLICAS not in command.flags or target is None:
                continue
            try:
                workload = kubectl.get(target.kind, target.name, target.scope, environment=site.environment)
                found[str(target)] = int(workload["spec"]["replicas"])
            except (ArchitectError, KeyError, TypeError, ValueError):
                continue
    return found


def require_systems(site: Site, plan: Plan) -> None:
    """Make sure that the systems which a plan uses are those that the profile expects. Raises RefusedError otherwise.

    A system that does not answer cannot be harmed by this run now; it is asked again before whatever comes later.
    """
    used = _used(plan)
    for system, expected in plan.systems:
        actual = _actual(system, site, plan) if system in used else ""
        if actual and expected not in (actual, actual.rpartition("/")[2]):
            raise RefusedError(
                f"{system} is {actual}; the profile {plan.profile} expects {expected}", hint="nothing was run"
            )


def _used(plan: Plan) -> set[str]:
    """Return the systems that a plan speaks to."""
    used = {command.system.partition("-")[0] for action in plan.actions for command in action.commands}
    return used | ({"postgresql"} if any(action.executor is Executor.SQL for action in plan.actions) else set())


def _actual(system: str, site: Site, plan: Plan) -> str:
    """Return who a system is, in the words in which profiles expect it; empty where it does not answer."""
    try:
        match system:
            case "kubernetes":
                return kubectl.context(site.environment)
            case "postgresql":
                connections = _connections(plan)
                return postgres.identity(connections[0] if connections else None, values_of(site, plan))
            case "aws":
                return aws.account(site.environment)
            case _:
                return ""
    except ArchitectError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One system that a run would touch, as a person recognises it."""

    system: str
    name: str


def places_of(site: Site, plan: Plan) -> tuple[Place, ...]:
    """Return the context, the databases, the account and the cache that a plan touches; none of them is asked."""
    used = _used(plan)
    variables = values_of(site, plan)
    found: list[Place] = []
    if "kubernetes" in used:
        found.append(Place(system="kubernetes", name=_named(lambda: f"context {kubectl.context(site.environment)}")))
    if "postgresql" in used:
        names = [_named(partial(address, connection, variables)) for connection in _connections(plan) or (None,)]
        found += [Place(system="postgresql", name=name) for name in names]
    if "aws" in used:
        found.append(Place(system="aws", name=_account_name(site.environment)))
    if "redis" in used:
        cache = _named(lambda: "{0.host}:{0.port}".format(redis_address(None, variables)))
        found.append(Place(system="redis", name=cache))
    return tuple(dict.fromkeys(found))


def _named(name: Callable[[], str]) -> str:
    try:
        return name()
    except ArchitectError as error:
        return f"not known: {error.message}"


def _account_name(environment: Mapping[str, str]) -> str:
    who = environment.get("AWS_PROFILE") or environment.get("AWS_ACCESS_KEY_ID") or "the default profile"
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "its default region"
    return f"{who} in {region}"
