"""Settings: `architect.toml` of a project (once trusted) and of the user, checked strictly; and where state lies.

docs/reference/settings.md names every setting; a test compares it with the structures below.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import platformdirs

from architect.commands.model import Effect
from architect.kernel.errors import SettingsError
from architect.runs.profiles import (
    LOCAL,
    EnvironmentValue,
    Profile,
    ProfileKind,
    Systems,
    local_profile,
    parse_environment_value,
)

FILE_NAME = "architect.toml"
MAX_BYTES = 1_000_000
STATE_VARIABLE = "ARCHITECT_STATE"
STORE_VARIABLE = "ARCHITECT_DATABASE_URL"

_LIVE_PASSES = ("PATH", "HOME", "LANG", "USER")
_HEADER = re.compile(r"^\s*\[{1,2}\s*(?P<path>[^\]#]+?)\s*\]{1,2}")
_ASSIGNMENT = re.compile(r"^\s*(?P<path>(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_.-]|\s*\.\s*)+?)\s*=")
_KEY_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")

IsTrusted = Callable[[Path, str], bool]
"""Says whether the settings file at a path with this SHA-256 is trusted."""

Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
AbsolutePath = Annotated[str, msgspec.Meta(pattern=r"\A/[^\0]*\Z")]
Address = Annotated[str, msgspec.Meta(pattern=r"\A([^\s/@]+:[0-9]{1,5})?\Z")]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of all tables: unknown keys are errors."""


class SystemsTable(_Table, frozen=True, kw_only=True):
    """`[profiles.NAME.systems]`: what is asserted before the first action."""

    context: str = ""
    database: str = ""
    account: str = ""


class ProfileTable(_Table, frozen=True, kw_only=True):
    """`[profiles.NAME]`: one environment."""

    kind: Literal["live", "sandbox"]
    environment: dict[str, str] = {}
    passes: list[str] | None = msgspec.field(name="pass", default=None)
    hosts: dict[str, Address] = {}
    tools: dict[str, AbsolutePath] = {}
    repository: str = ""
    systems: SystemsTable = SystemsTable()
    people: list[str] = []


class PeopleTable(_Table, frozen=True, kw_only=True):
    """`[people]`: how many people this installation has."""

    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1


class AuditTable(_Table, frozen=True, kw_only=True):
    """`[audit]`: where copies of checkpoints go, beside the state folder."""

    copies: list[Annotated[str, msgspec.Meta(pattern=r"\A(file:/[^\0]+|syslog:|s3://[^\0]+)\Z")]] = []


class ScriptTable(_Table, frozen=True, kw_only=True):
    """`[scripts."PATH"]`: the effect a team declares for one version of its own script."""

    effect: Effect
    sha256: Sha256


TABLES: Mapping[str, type[_Table]] = {
    "people": PeopleTable,
    "profiles": ProfileTable,
    "scripts": ScriptTable,
    "audit": AuditTable,
}
"""The sections of a settings file; in `profiles` and `scripts` every key holds one such table."""

NAMED_TABLES = frozenset(("profiles", "scripts"))
"""Sections in which every key holds a table of the section's kind."""

TableT = TypeVar("TableT", bound=_Table)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptEffect:
    """The declared effect of a script: it holds for this digest only."""

    path: str
    effect: Effect
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What all trusted files say together. `notices` are for the person: what was ignored, and why."""

    people_count: int = 1
    profiles: Mapping[str, Profile] = field(default_factory=lambda: {LOCAL: local_profile()})
    scripts: tuple[ScriptEffect, ...] = ()
    checkpoint_copies: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    notices: tuple[str, ...] = ()

    def profile(self, name: str = LOCAL) -> Profile:
        """Return the profile of this name; raises SettingsError with the nearest names."""
        found = self.profiles.get(name)
        if found is None:
            near = get_close_matches(name, self.profiles, n=1)
            advice = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(self.profiles))}"
            raise SettingsError(f"no profile `{name}`", hint="; ".join((advice, *self.notices)))
        return found


def load_settings(directory: Path, *, is_trusted: IsTrusted, user_folder: Path | None = None) -> Settings:
    """Read the project's file, found upwards from `directory`, and the user's own; the project's profiles win.

    A project file that is not trusted is named in `notices` and changes nothing. Raises SettingsError with file, line
    and what was expected.
    """
    user_file = (user_folder or platformdirs.user_config_path("architect")) / FILE_NAME
    parts = [_read_user_file(user_file)] if user_file.is_file() else []
    notices: tuple[str, ...] = ()
    project_file = find_project_file(directory)
    if project_file is not None and project_file != user_file:
        text = read_settings_file(project_file)
        if is_trusted(project_file, digest_of(text)):
            parts.append(parse_settings(text, project_file))
        else:
            notices = (f"{project_file} is not trusted and was ignored; read it, then run `architect trust`.",)
    return _merged(parts, notices)


def find_project_file(directory: Path) -> Path | None:
    """Return the nearest `architect.toml` in `directory` or above it; where it is a link, the file that it names."""
    start = directory.resolve()
    found = next((path for folder in (start, *start.parents) if (path := folder / FILE_NAME).is_file()), None)
    return found.resolve() if found is not None else None


def digest_of(text: str) -> str:
    """Return the SHA-256 under which a settings file is trusted."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def parse_settings(text: str, path: Path) -> Settings:
    """Check the text of one settings file; `path` is for messages and for relative repositories."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"not TOML: {error}", place=_toml_place(path, str(error))) from error
    source = _Source(path=path, text=text)
    source.check_keys(raw, (), tuple(TABLES))
    people = source.table(raw.get("people", {}), ("people",), PeopleTable)
    audit = source.table(raw.get("audit", {}), ("audit",), AuditTable)
    profiles = source.named(raw, "profiles", ProfileTable)
    scripts = source.named(raw, "scripts", ScriptTable)
    return Settings(
        people_count=people.count,
        profiles={name: _profile(name, table, source) for name, table in profiles.items()},
        scripts=tuple(
            ScriptEffect(path=name, effect=table.effect, sha256=table.sha256) for name, table in scripts.items()
        ),
        checkpoint_copies=tuple(audit.copies),
        files=(path,),
    )


def state_path(option: str | None, environment: Mapping[str, str]) -> Path:
    """Return where the state folder is, or would be."""
    named = option or environment.get(STATE_VARIABLE)
    return Path(named).expanduser().absolute() if named else platformdirs.user_state_path("architect")


def state_folder(option: str | None, environment: Mapping[str, str]) -> Path:
    """Return the state folder, made with mode 0700 where it is missing.

    The option wins over `ARCHITECT_STATE`, that over the user's state folder.
    """
    folder = state_path(option, environment)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        hint = f"name another with --state or {STATE_VARIABLE}"
        raise SettingsError(
            f"the state folder cannot be used: {error.strerror}", place=str(folder), hint=hint
        ) from error
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        raise SettingsError(
            f"the state folder is open to others (mode {mode:04o})", place=str(folder), hint="chmod 700 it"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(
            "the state folder is read-only", place=str(folder), hint=f"see --state and {STATE_VARIABLE}"
        )
    return folder


def store_url(environment: Mapping[str, str]) -> str | None:
    """Return the address of the own store on PostgreSQL, None for the file in the state folder.

    `DATABASE_URL` is the operated service's and is never looked at.
    """
    return environment.get(STORE_VARIABLE) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One settings file, for checking its tables with the place of what is wrong."""

    path: Path
    text: str

    def named(self, raw: Mapping[str, Any], section: str, kind: type[TableT]) -> dict[str, TableT]:
        entries = raw.get(section, {})
        if not isinstance(entries, dict):
            raise self.error(f"expected a table of tables `[{section}.NAME]`", (section,))
        return {name: self.table(entry, (section, name), kind) for name, entry in entries.items()}

    def table(self, raw: Any, path: tuple[str, ...], kind: type[TableT]) -> TableT:
        if not isinstance(raw, dict):
            raise self.error(f"expected a table `[{'.'.join(path)}]`", path)
        names = {entry.encode_name: entry.type for entry in msgspec.structs.fields(kind)}
        self.check_keys(raw, path, tuple(names))
        for key, value in raw.items():
            self._check_value(value, (*path, key), names[key])
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            raise self.error(_plain(error), path) from error

    def check_keys(self, raw: Mapping[str, Any], path: tuple[str, ...], known: tuple[str, ...]) -> None:
        for key in raw:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"expected one of {', '.join(known)}"
                raise self.error(f"unknown setting `{'.'.join((*path, key))}`", (*path, key), hint=hint)

    def error(self, message: str, path: tuple[str, ...], *, hint: str = "") -> SettingsError:
        return SettingsError(message, place=f"{self.path}:{line_of(self.text, path)}", hint=hint)

    def _check_value(self, value: Any, path: tuple[str, ...], kind: Any) -> None:
        if isinstance(kind, type) and issubclass(kind, _Table):
            self.table(value, path, kind)
            return
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self.error(f"`{'.'.join(path)}`: {_plain(error)}", path) from error


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line, from 1, on which the setting `path` of a TOML text stands, or the nearest table around it."""
    best_line, best_depth = 1, 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            here = table = _key_parts(header["path"])
        elif assignment := _ASSIGNMENT.match(line):
            here = (*table, *_key_parts(assignment["path"]))
        else:
            continue
        depth = len(here)
        if here == path[:depth] and depth > best_depth:
            best_line, best_depth = number, depth
    return best_line


def _key_parts(text: str) -> tuple[str, ...]:
    return tuple(a or b or c for a, b, c in _KEY_PART.findall(text))


def _plain(error: msgspec.ValidationError) -> str:
    message = str(error).split(" - at ")[0]
    return message[:1].lower() + message[1:]


def _toml_place(path: Path, message: str) -> str:
    line = re.search(r"at line (\d+)", message)
    return f"{path}:{line[1]}" if line else str(path)


def _profile(name: str, table: ProfileTable, source: _Source) -> Profile:
    kind = ProfileKind(table.kind)
    passes = table.passes
    if passes is None:
        passes = list(_LIVE_PASSES) if kind is ProfileKind.LIVE else []
    if kind is ProfileKind.SANDBOX and passes:
        message = f"`profiles.{name}.pass`: the environment of a sandbox starts empty"
        raise source.error(message, ("profiles", name, "pass"), hint="put what it needs under `environment`")
    repository = str((source.path.parent / table.repository).resolve()) if table.repository else ""
    return Profile(
        name=name,
        kind=kind,
        environment={key: _environment_value(key, name, table, source) for key in table.environment},
        passes=tuple(passes),
        hosts=table.hosts,
        tools=table.tools,
        repository=repository,
        systems=Systems(context=table.systems.context, database=table.systems.database, account=table.systems.account),
        people=tuple(table.people),
    )


def _environment_value(key: str, name: str, table: ProfileTable, source: _Source) -> EnvironmentValue:
    try:
        return parse_environment_value(table.environment[key])
    except SettingsError as error:
        path = ("profiles", name, "environment", key)
        raise source.error(f"`{'.'.join(path)}`: {error.message}", path) from error


def _read_user_file(path: Path) -> Settings:
    information = path.stat()
    if information.st_uid not in (os.geteuid(), 0) or information.st_mode & 0o022:
        raise SettingsError(
            "others may write this settings file", place=str(path), hint="chown it to yourself, chmod 600"
        )
    return parse_settings(read_settings_file(path), path)


def read_settings_file(path: Path) -> str:
    """Return the text of a settings file. Raises SettingsError where it cannot be one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", place=str(path)) from error
    if len(data) > MAX_BYTES:
        raise SettingsError(f"larger than {MAX_BYTES} bytes", place=str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError("not UTF-8", place=str(path)) from error


def _merged(parts: list[Settings], notices: tuple[str, ...]) -> Settings:
    """Join files, the later over the earlier; the number of people is the highest that any of them states."""
    profiles: dict[str, Profile] = {LOCAL: local_profile()}
    scripts: dict[str, ScriptEffect] = {}
    for part in parts:
        profiles |= part.profiles
        scripts |= {script.path: script for script in part.scripts}
    return Settings(
        people_count=max((part.people_count for part in parts), default=1),
        profiles=profiles,
        scripts=tuple(scripts.values()),
        checkpoint_copies=tuple(dict.fromkeys(place for part in parts for place in part.checkpoint_copies)),
        files=tuple(path for part in parts for path in part.files),
        notices=notices,
    )
