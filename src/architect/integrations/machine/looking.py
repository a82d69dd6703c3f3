"""Looking things up when a plan asks for them, and not before."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from architect.commands.model import Effect
from architect.runs.ports import SecretSource
from architect.runs.profiles import Profile, SecretReference, is_secret_name

MAX_FILE_BYTES = 64 << 20


class ToolsOnPath(Mapping[str, str]):
    """Tools by name, as the run's PATH and the profile give them; looked up one by one."""

    def __init__(self, path: str, named: Mapping[str, str]) -> None:
        self._path = path
        self._named = named

    def __getitem__(self, name: str) -> str:
        """Return the absolute path of a tool; raises KeyError for one that is not here."""
        found = self._named.get(name) or shutil.which(name, path=self._path)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Iterate over what the profile names; PATH is never listed."""
        return iter(self._named)

    def __len__(self) -> int:
        """Return how many tools the profile names."""
        return len(self._named)


class RepositoryFiles(Mapping[str, str]):
    """Digests of a repository's files by relative path; nothing outside it, through no link, is ever read."""

    def __init__(self, root: Path | None) -> None:
        self._root = root.resolve() if root is not None else None

    def __getitem__(self, path: str) -> str:
        """Return the SHA-256 of a file; raises KeyError for anything that is no plain file inside."""
        if self._root is None:
            raise KeyError(path)
        file = (self._root / path).resolve()
        if not file.is_relative_to(self._root) or not file.is_file() or file.stat().st_size > MAX_FILE_BYTES:
            raise KeyError(path)
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    def __iter__(self) -> Iterator[str]:
        """Iterate over nothing: a repository is asked, never listed."""
        return iter(())

    def __len__(self) -> int:
        """Return 0: a repository is asked, never listed."""
        return 0


def repository_of(document: Path, profile: Profile) -> Path | None:
    """Return the folder whose files a text may name: the profile's, else the document's git root."""
    if profile.repository:
        return Path(profile.repository)
    start = document.resolve().parent
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), None)


def declared_effects(declared: Mapping[str, tuple[Effect, str]], files: Mapping[str, str]) -> Mapping[str, Effect]:
    """Return the effects that settings declare for scripts whose present digest is the declared one."""
    found: dict[str, Effect] = {}
    for path, (effect, digest) in declared.items():
        plain = path.removeprefix("./")
        if files.get(plain) == digest:
            found[plain] = effect
    return found


def run_environment(
    profile: Profile, caller: Mapping[str, str], secrets: SecretSource
) -> tuple[Mapping[str, str], frozenset[str]]:
    """Return the allow-listed environment of a run, and which of its names hold secrets.

    Raises SettingsError for a reference of the profile that leads nowhere.
    """
    passed = {name: value for name, value in caller.items() if profile.passes_on(name)}
    given: dict[str, str] = {}
    secret = {name for name in passed if is_secret_name(name)}
    for name, value in profile.environment.items():
        if isinstance(value, SecretReference):
            given[name] = secrets.resolve(str(value))
            secret.add(name)
        else:
            given[name] = value
            secret |= {name} if is_secret_name(name) else set()
    return {**passed, **given}, frozenset(secret)
