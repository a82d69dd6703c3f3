"""What a plan adds to a judgement because of where it runs: hosts, targets, live counts, refusals, notes. Pure."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from architect.commands.model import CommandEffect, Effect, Flag
from architect.runs.connections import place_options
from architect.runs.model import Executor, FileDigest, PlannedAction
from architect.runs.profiles import Profile, ProfileKind
from architect.work.leases import EVERYTHING, UNRESOLVED

_URL = re.compile(r"\b(?:https?|wss?|ftp)://[^\s'\"|;<>)]+", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w/.$:@-])(?:\./)?[\w.-]+(?:/[\w.-]+)*(?![\w/])")
_BOUNDED_FORMS = {
    "top": "top -b -n 1",
    "docker stats": "docker stats --no-stream",
    "podman stats": "podman stats --no-stream",
    "crictl stats": "crictl stats",
}
_PLACE_OPTIONS = {
    "kubernetes": frozenset(("--context", "--kubeconfig", "--cluster", "--server", "-s", "--user", "--kube-context")),
    "aws": frozenset(("--profile", "--endpoint-url")),
    "docker": frozenset(("-H", "--host", "-c", "--context")),
    "redis": frozenset(("-h", "-u", "-p", "-s")),
}
_ELSEWHERE = frozenset(("ssh", "scp", "sftp", "rsync", "telnet", "nc", "ftp", "mosh"))
_WEB_SYSTEMS = frozenset(("http", "prometheus", "pager", "slack", ""))
_PASSED_WORDS = frozenset(("host", "", "shell", "file", "local"))


def targets_of(commands: Sequence[CommandEffect], identities: Mapping[str, str]) -> tuple[str, ...]:
    """Return what an action changes, as `system@identity: kind/name in scope`.

    Empty where a change has no target that is known: the run then locks the whole profile. A command that names
    another place than the usual one (`--context`, `-h`, ssh) acts on a system whose identity is not known.
    """
    found: list[str] = []
    for command in commands:
        if command.effect is Effect.READ:
            continue
        system = command.target.system if command.target and command.target.system else command.system
        if not system or command.target is None or not str(command.target):
            return ()
        is_elsewhere = speaks_elsewhere(command, commands)
        identity = UNRESOLVED if is_elsewhere else identities.get(family(system), UNRESOLVED)
        found.append(f"{system}@{identity}: {_object(command)}")
    return tuple(dict.fromkeys(found))


def connection_key(system: str, connection: str) -> str:
    """Return the name under which the identity of a system is kept that is reached by this connection."""
    return f"{system} {connection}"


def _object(command: CommandEffect) -> str:
    """Return what a command changes; of a client that names a database and nothing in it, everything there."""
    target = command.target
    is_whole = target is not None and not target.kind and not target.name
    return EVERYTHING if is_whole and connection_of(command, family(command.system)) else str(target)


def family(system: str) -> str:
    """Return the system of which a service is part: `aws` of `aws-s3`."""
    return system.partition("-")[0]


def connection_of(command: CommandEffect, system: str) -> str | None:
    """Return how a command names its database or cache; None where it leaves that to the environment."""
    given = dict(command.parameters)
    if family(command.system) != system:
        return None
    if system == "postgresql":
        return _database_of(command, given.get("connection", ""))
    if "connection" in given:
        return given["connection"]
    return f"redis-cli -h {given['host']} -p {given.get('port') or 6379}" if "host" in given else None


def _database_of(command: CommandEffect, named: str) -> str | None:
    """Return how a client of PostgreSQL is told where to go: by options, by the database it names, by both."""
    options = place_options(command.text) if command.tool else ""
    if not options or not named:
        return options or named or None
    return options if f" {shlex.quote(named)}" in options else f"{options} {named}"


def connections_of(commands: Sequence[CommandEffect], system: str) -> set[str]:
    """Return the connections to a system that commands name."""
    return {found for command in commands if (found := connection_of(command, system))}


def speaks_elsewhere(command: CommandEffect, commands: Sequence[CommandEffect]) -> bool:
    """Say whether a command of an action speaks to another place than the environment's: by an option, through ssh."""
    return _names_place(command) or any(other.tool in _ELSEWHERE for other in commands)


def option_of(command: CommandEffect, names: Sequence[str]) -> str:
    """Return the first of some options in a command, as it is written with its value; empty where none is there."""
    words = command.text.split()
    for number, word in enumerate(words):
        name, separator, _ = word.partition("=")
        if name in names:
            return word if separator else " ".join(words[number : number + 2])
    return ""


def _names_place(command: CommandEffect) -> bool:
    """Say whether a command names a place of its own, beside what the environment says.

    Of a database that place is asked who it is; of other systems it is not.
    """
    if family(command.system) == "postgresql":
        return False
    if any(name == "host" for name, _ in command.parameters):
        return True
    options = _PLACE_OPTIONS.get(command.system.partition("-")[0], frozenset())
    words = {word.partition("=")[0] for word in command.text.split()}
    return not options.isdisjoint(words)


def files_of(text: str, files: Mapping[str, str]) -> tuple[FileDigest, ...]:
    """Return the files of the repository that a text names, with their digests."""
    found: dict[str, str] = {}
    for match in _PATH.finditer(text):
        path = posixpath.normpath(match[0])
        if not path.startswith("..") and (digest := files.get(path)):
            found[path] = digest
    return tuple(FileDigest(path=path, sha256=digest) for path, digest in found.items())


def lowered_by_live_count(command: CommandEffect, replicas: Mapping[str, int]) -> CommandEffect:
    """Lower a scaling to a write where the live count proves that it is a raise."""
    if Flag.REPLICAS not in command.flags or command.effect is not Effect.DISRUPTIVE or command.target is None:
        return command
    wanted = dict(command.parameters).get("replicas", "")
    live = replicas.get(str(command.target))
    if live is None or not wanted.isdecimal() or int(wanted) < live or int(wanted) == 0:
        return command
    return replace(command, effect=Effect.WRITE, reason=f"raises the replicas from {live} to {int(wanted)}")


def raised_by_unnamed_host(command: CommandEffect, profile: Profile) -> CommandEffect:
    """Raise a read of a host that the profile does not name to unknown."""
    if command.effect is not Effect.READ:
        return command
    strange = next((host for host in hosts_of(command) if not profile.knows_host(host)), None)
    if strange is None:
        return command
    reason = f"reads from {strange}, a host that the profile {profile.name} does not name"
    return replace(command, effect=Effect.UNKNOWN, reason=reason)


def hosts_of(command: CommandEffect) -> tuple[str, ...]:
    """Return the `host` or `host:port` of every literal URL that a command speaks to."""
    given = [value for name, value in command.parameters if name in ("url", "connection") and "://" in value]
    if not given and command.system in _WEB_SYSTEMS and Flag.NETWORK in command.flags:
        given = _URL.findall(command.text)
    hosts = (_host_of(url) for url in given)
    return tuple(dict.fromkeys(host for host in hosts if host))


def _host_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        return parts.netloc.rpartition("@")[2].lower() if parts.port else (parts.hostname or "")
    except ValueError:
        return "?"


def refusals(
    action: PlannedAction, *, profile: Profile, systems: Collection[str] | None, own_store: Collection[str]
) -> tuple[str, ...]:
    """Say why an action may not run here at all."""
    found = [*_own_store_refusals(action, own_store)]
    if profile.kind is ProfileKind.SANDBOX:
        found += _sandbox_refusals(action, profile, systems or ())
    return tuple(dict.fromkeys(found))


def _own_store_refusals(action: PlannedAction, own_store: Collection[str]) -> list[str]:
    if action.effect is Effect.READ or not own_store:
        return []
    places = [
        *action.targets,
        action.connection or "",
        *(value for each in action.commands for _, value in each.parameters),
    ]
    is_own = any(own and (own in action.text or any(own in place for place in places)) for own in own_store)
    return ["it would change Architect's own store: the installation that operates is never operated"] if is_own else []


def _sandbox_refusals(action: PlannedAction, profile: Profile, systems: Collection[str]) -> list[str]:
    found: list[str] = []
    for command in action.commands:
        if command.tool in _ELSEWHERE:
            found.append(f"the sandbox has no other machine for `{command.tool}`")
        elif Flag.LOCAL_HOST in command.flags:
            found.append(f"the sandbox has no host of its own for `{command.tool or command.text[:40]}`")
        elif not _has_system(command.system, systems):
            found.append(f"the sandbox has no {command.system}")
        found += [f"{host} is not in the sandbox" for host in hosts_of(command) if not profile.knows_host(host)]
    return found


def _has_system(system: str, systems: Collection[str]) -> bool:
    return system in _PASSED_WORDS or system in systems or system.split("-")[0] in systems


def bounded_text(text: str, commands: Sequence[CommandEffect]) -> str:
    """Return the text with the form that a tool has for being looked at once (`top -b -n 1`), where it has one."""
    for command in commands:
        form = _BOUNDED_FORMS.get(" ".join(command.text.split()))
        if form is not None:
            text = re.sub(rf"(?<![\w./-]){re.escape(command.text)}(?![\w./-])", form, text, count=1)
    return text


def needs_terminal(commands: Sequence[CommandEffect]) -> str:
    """Return the first command that only a person at a terminal can use; empty where there is none."""
    wanting = (Flag.INTERACTIVE, Flag.NEEDS_TERMINAL)
    return next(
        (
            command.text
            for command in commands
            if any(flag in command.flags for flag in wanting) and " ".join(command.text.split()) not in _BOUNDED_FORMS
        ),
        "",
    )


def notes(action: PlannedAction) -> tuple[str, ...]:
    """Say what a person should know of an action before it runs."""
    flags = {flag for command in action.commands for flag in command.flags}
    found: list[str] = []
    if action.limits.never_ends:
        found.append(f"never ends by itself: it runs for {action.limits.timeout_s:g} s and then counts as finished")
    if Flag.PAGES_PEOPLE in flags:
        found.append("people are paged")
    if Flag.RESTORES in flags:
        found.append("writes over what is there; a restore into a new database can be checked first")
    if Flag.EXIT_BLIND in flags:
        found.append("its exit code says nothing about success")
    if action.executor is Executor.SHELL and not action.targets and action.effect is not Effect.READ:
        found.append("its target is not known: nothing else may change this profile meanwhile")
    return tuple(found)
