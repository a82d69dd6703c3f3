"""Where a run would go, in words by which a person recognises it; and what the systems there answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from architect.commands.model import CommandEffect, Flag
from architect.integrations.aws import undoing as aws
from architect.integrations.kubernetes import kubectl
from architect.integrations.postgres import asking as postgres
from architect.integrations.postgres.connecting import address
from architect.integrations.redis import asking as redis
from architect.kernel.errors import ArchitectError
from architect.runs.connections import redis_address
from architect.runs.model import Executor, Plan, PlannedAction
from architect.runs.redaction import SecretForms, redact
from architect.runs.safeguards import connection_of, family, option_of
from architect.wiring.sites import Site, values_of

_LOCAL_FAMILIES = frozenset(("", "host", "shell", "file", "local", "git", "python"))
_WEB_FAMILIES = frozenset(("http", "prometheus", "pager", "slack"))
"""Systems whose addresses stand in the commands themselves, where a host that no profile names is unknown anyway."""
_CONTEXT_OPTIONS = ("--context", "--kube-context", "--kubeconfig", "--cluster", "--server", "-s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One system that a run would touch."""

    system: str
    name: str
    is_reached: bool = True


def places_of(site: Site, plan: Plan) -> tuple[Place, ...]:
    """Return the contexts, databases, accounts, caches and other systems that a plan speaks to.

    None of them is asked, and no password is in what is returned.
    """
    variables = values_of(site, plan)
    found = (place for action in plan.actions for place in _of_action(action, site, variables))
    return tuple(sorted(dict.fromkeys(found), key=lambda place: place.system))


def _of_action(action: PlannedAction, site: Site, variables: Mapping[str, str]) -> Iterator[Place]:
    """Yield the places of one action, each system of it as its command or its connection says."""
    if action.executor in (Executor.SQL, Executor.REDIS):
        system = "postgresql" if action.executor is Executor.SQL else "redis"
        yield _place(system, partial(_by_connection, system, action.connection, variables))
        return
    for command in action.commands:
        system = family(command.system)
        if command.tool and system not in _LOCAL_FAMILIES | _WEB_FAMILIES:
            yield _place(system, partial(_by_command, command, site, variables))


def _place(system: str, name: Callable[[], str]) -> Place:
    """Return a place under the name that `name` finds, without passwords; or with the reason why it finds none."""
    try:
        found = name()
    except ArchitectError as error:
        found = f"not known: {error.message}"
    return Place(system=system, name=redact(found, SecretForms(())))


def _by_command(command: CommandEffect, site: Site, variables: Mapping[str, str]) -> str:
    system = family(command.system)
    match system:
        case "kubernetes":
            named = option_of(command, _CONTEXT_OPTIONS)
            return named or f"context {kubectl.context(site.environment)}"
        case "aws":
            return option_of(command, ("--profile",)) or account_name(site.environment)
        case "postgresql" | "redis":
            return _by_connection(system, connection_of(command, system), variables, is_sandbox=site.is_sandbox)
        case _:
            return _elsewhere(command)


def _by_connection(
    system: str, connection: str | None, variables: Mapping[str, str], *, is_sandbox: bool = True
) -> str:
    if system == "postgresql":
        return address(connection, variables)
    if connection is None and not is_sandbox:
        return "127.0.0.1:6379"
    where = redis_address(connection, variables)
    return f"{where.host}:{where.port}"


def _elsewhere(command: CommandEffect) -> str:
    host = dict(command.parameters).get("host")
    if host:
        return host
    is_remote = Flag.NETWORK in command.flags
    return f"wherever `{command.tool}` is configured to go" if is_remote else "of this machine"


def account_name(environment: Mapping[str, str]) -> str:
    """Return by which credentials AWS is spoken to, and where."""
    who = environment.get("AWS_PROFILE") or environment.get("AWS_ACCESS_KEY_ID") or "the default profile"
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "its default region"
    return f"{who} in {region}"


def reached_from(site: Site) -> Iterator[Place]:
    """Ask the usual systems of a site who they are, and yield what each says, or why it says nothing."""
    environment = site.environment
    asked: tuple[tuple[str, Callable[[], str]], ...] = (
        ("kubernetes", lambda: f"context {kubectl.context(environment)}, cluster {kubectl.identity(environment)}"),
        ("postgresql", lambda: _database(environment)),
        ("redis", lambda: _cache(environment)),
        ("aws", lambda: f"account {aws.account(environment)}, as {account_name(environment)}"),
    )
    for system, name in asked:
        try:
            yield Place(system=system, name=redact(name(), SecretForms(())))
        except ArchitectError as error:
            yield Place(system=system, name=redact(error.message, SecretForms(())), is_reached=False)


def _database(environment: Mapping[str, str]) -> str:
    connection = environment.get("DATABASE_URL")
    return f"{postgres.identity(connection, environment)} at {address(connection, environment)}"


def _cache(environment: Mapping[str, str]) -> str:
    redis.call(None, environment, ["PING"])
    where = redis_address(None, environment)
    return f"answers at {where.host}:{where.port}"
