"""Environment profiles: where a run happens, and what it may see there.

A profile is a value. Reading it from settings is `architect.settings`; resolving its secrets is an integration.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TypeAlias

from architect.kernel.errors import SettingsError

LOCAL = "local"
"""The profile of a run that names none: this machine, as it is."""

LOCAL_PASSES = ("PATH", "HOME", "LANG", "USER", "KUBECONFIG", "AWS_*", "PG*", "SSH_AUTH_SOCK")
"""What the profile `local` passes on; what the document names comes on top."""

_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|KEY", re.IGNORECASE)
_SURELY_SECRET = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|(?:API|ACCESS|PRIVATE|ROUTING|INTEGRATION|SIGNING|ENCRYPTION|LICENSE)[_-]?KEY(?!_?ID)",
    re.IGNORECASE,
)

SECRET_HINT = "say where it is, as env:NAME, file:PATH or keyring:SERVICE/USER"  # noqa: S105 - a hint, not a secret
"""What is asked for in the place of a secret."""


class ProfileKind(StrEnum):
    """Whether what a run touches is real."""

    LIVE = "live"
    SANDBOX = "sandbox"


class SecretScheme(StrEnum):
    """Where a secret lies."""

    ENVIRONMENT = "env"
    FILE = "file"
    KEYRING = "keyring"
    KUBERNETES = "kubernetes"


_SHAPES = {
    SecretScheme.ENVIRONMENT: (r"[A-Za-z_][A-Za-z0-9_]*", "env:NAME"),
    SecretScheme.FILE: (r"[^\0]+", "file:PATH"),
    SecretScheme.KEYRING: (r"[^/\0]+/[^/\0]+", "keyring:SERVICE/USER"),
    SecretScheme.KUBERNETES: (r"[a-z0-9.-]+/[a-z0-9.-]+/[A-Za-z0-9._-]+", "kubernetes:NAMESPACE/SECRET/KEY"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReference:
    """Where a secret is found when it is needed; never the secret."""

    scheme: SecretScheme
    location: str

    def __str__(self) -> str:
        """Return the spelling of settings, `env:NAME`."""
        return f"{self.scheme}:{self.location}"


EnvironmentValue: TypeAlias = str | SecretReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """What the systems of a profile must turn out to be, asserted before the first action; empty: not asserted."""

    context: str = ""
    database: str = ""
    account: str = ""

    @property
    def expected(self) -> Mapping[str, str]:
        """The assertions by system."""
        pairs = {"kubernetes": self.context, "postgresql": self.database, "aws": self.account}
        return {system: value for system, value in pairs.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One environment. `hosts` maps the names a document uses to `address:port`, empty where the name is enough.

    `tools` maps names to absolute paths; `repository` is the folder whose files a text may name, empty for the
    document's git root; `people` are those who may approve here, empty for everybody the installation knows.
    """

    name: str
    kind: ProfileKind
    environment: Mapping[str, EnvironmentValue]
    passes: tuple[str, ...]
    hosts: Mapping[str, str]
    tools: Mapping[str, str]
    repository: str = ""
    systems: Systems = Systems()
    people: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The SHA-256 of all that the profile says; part of what is approved."""
        facts = [
            [self.name, self.kind, self.repository],
            sorted((name, str(value)) for name, value in self.environment.items()),
            sorted(self.passes),
            sorted(self.hosts.items()),
            sorted(self.tools.items()),
            [self.systems.context, self.systems.database, self.systems.account],
            sorted(self.people),
        ]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=True).encode()).hexdigest()

    def passes_on(self, name: str) -> bool:
        """Say whether a variable of the caller's environment reaches the run."""
        return any(fnmatchcase(name, pattern) for pattern in self.passes)

    def knows_host(self, host: str) -> bool:
        """Say whether the profile names `host`, alone or as a `host:port`."""
        wanted = host.lower().rstrip(".")
        names = (name.lower() for name in self.hosts)
        return any(wanted == name or wanted == name.rpartition(":")[0] for name in names)

    def passing(self, names: Iterable[str]) -> Profile:
        """Return the profile that passes `names` on as well, for what a document itself names."""
        return replace(self, passes=tuple(dict.fromkeys((*self.passes, *names))))


def local_profile() -> Profile:
    """Return the built-in profile: live, this machine."""
    return Profile(name=LOCAL, kind=ProfileKind.LIVE, environment={}, passes=LOCAL_PASSES, hosts={}, tools={})


def is_secret_name(name: str) -> bool:
    """Say whether a variable of this name holds a secret."""
    return _SECRET_NAME.search(name) is not None


def is_surely_secret(name: str) -> bool:
    """Say whether a value of this name may only be given by a reference; a `KEY` alone may also be one of a cache."""
    return _SURELY_SECRET.search(name) is not None


def parse_environment_value(text: str) -> EnvironmentValue:
    """Return the reference that `text` is, else `text` itself.

    Raises SettingsError for a reference that names its scheme and is not well formed.
    """
    head, separator, location = text.partition(":")
    if not separator or head not in tuple(SecretScheme):
        return text
    scheme = SecretScheme(head)
    pattern, spelling = _SHAPES[scheme]
    if scheme is SecretScheme.FILE and location.startswith("//"):
        return text
    if not re.fullmatch(pattern, location):
        raise SettingsError(f"`{head}:` is no reference as it stands; expected {spelling}")
    return SecretReference(scheme=scheme, location=location)
