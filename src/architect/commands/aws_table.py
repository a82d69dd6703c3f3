"""The generated table of AWS operations: options, and what AWS itself says of their access."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

_ARCHIVE = "aws.zip"
_EVERYWHERE = ("cli-input-json", "cli-input-yaml", "generate-cli-skeleton", "starting-token", "page-size", "max-items")

_ADDED_LATER = {("s3", "sync"): ("delete", "exact-timestamps", "size-only")}
"""Options that the command line adds only when the operation is run."""


class Access(StrEnum):
    """The access level of AWS's service authorization reference; where it has none, how the call is made."""

    READ = "R"
    WRITE = "W"
    TAGGING = "T"
    PERMISSIONS = "P"
    GETS = "g"
    POSTS = "p"
    CUSTOM = "-"


class Takes(StrEnum):
    """What follows an option."""

    NOTHING = "!"
    VALUE = ""
    VALUES = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation: `options` by name without dashes, `positionals` by name, both of the operation alone."""

    service: str
    name: str
    access: Access
    options: dict[str, Takes]
    positionals: tuple[str, ...] = ()


def is_service(service: str) -> bool:
    """Say whether the command line knows `service`."""
    return service in _lines_of_services() or service in _archive().NameToInfo


@cache
def operation(service: str, name: str) -> Operation | None:
    """Return an operation of a service, None where there is none."""
    line = _lines(service).get(name)
    if line is None:
        return None
    access, *words = line
    options = {word.rstrip("!*"): Takes(word[len(word.rstrip("!*")) :]) for word in words if not word.startswith(">")}
    options |= {f"no-{option}": takes for option, takes in options.items() if takes is Takes.NOTHING}
    options |= dict.fromkeys(_EVERYWHERE, Takes.VALUE)
    options |= dict.fromkeys(_ADDED_LATER.get((service, name), ()), Takes.NOTHING)
    positionals = tuple(word[1:] for word in words if word.startswith(">"))
    return Operation(service=service, name=name, access=Access(access), options=options, positionals=positionals)


def is_waiter(service: str, name: str) -> bool:
    """Say whether `aws SERVICE wait NAME` exists."""
    return name in _lines(service).get("wait", ())


@cache
def _archive() -> zipfile.ZipFile:
    return zipfile.ZipFile((files("architect.commands.generated") / _ARCHIVE).open("rb"))


@cache
def _lines(service: str) -> dict[str, tuple[str, ...]]:
    """Map a service's operations to the rest of their lines; a service's text is unpacked when it is first met."""
    found = dict(_lines_of_services().get(service, {}))
    if service in _archive().NameToInfo and service.islower():
        text = _archive().read(service).decode("utf-8")
        found |= {words[0]: tuple(words[1:]) for words in map(str.split, text.splitlines())}
    return found


@cache
def _lines_of_services() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the operations of the second version of the command line that the first, from which we generate, lacks."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for line in _SECOND_VERSION.split("\n"):
        words = line.split()
        if words:
            found.setdefault(words[0], {})[words[1]] = tuple(words[2:])
    return found


_SECOND_VERSION = """
logs tail - >group since follow! format filter-pattern log-stream-names* log-stream-name-prefix log-group-name
logs start-live-tail - log-group-identifiers* log-stream-names* log-stream-name-prefixes* log-event-filter-pattern mode
configure list-profiles -
configure export-credentials - format
configure import - csv skip-invalid! profile-prefix
configure sso - use-device-code! no-browser!
configure sso-session -
sso login - no-browser! sso-session use-device-code!
sso logout -
ddb select - >table index-name projection filter key-condition attributes max-items no-return-consumed-capacity!
ddb put - >table >items condition
"""
