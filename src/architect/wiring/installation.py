"""An installation: a state folder, its store, its settings, and who sits in front of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from architect.access.people import Identity
from architect.access.trust import is_trusted
from architect.audit.checkpoints import Checkpoint, CheckpointCopies, Signer, line_of, parse_line
from architect.audit.keys import signing_key
from architect.integrations.copies.places import CopyFailedError, FileCopies, HeldFile, copies_of
from architect.integrations.machine.who import who_is_here
from architect.integrations.secrets.sources import Secrets
from architect.kernel.errors import ArchitectError, SettingsError
from architect.runs.service import RunService
from architect.runs.voting import VotingRules
from architect.settings import STORE_VARIABLE, IsTrusted, Settings, load_settings, state_folder, store_url
from architect.storage.checkpoints import SqlCheckpoints
from architect.storage.stores import FILE_NAME, Stores, open_stores, store_place

KEYS_FOLDER = "keys"
RUNS_FOLDER = "runs"
CHECKPOINTS_FILE = "checkpoints.jsonl"
_POSTGRESQL_PORT = 5432


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Everything that commands need of an installation; `environment` is the caller's."""

    folder: Path
    stores: Stores
    settings: Settings
    identity: Identity
    environment: Mapping[str, str]

    @property
    def rules(self) -> VotingRules:
        """Who may approve what. A second registered person ends the mode of a single one."""
        active = sum(person.is_active for person in self.stores.people.list())
        is_single = max(active, self.settings.people_count) <= 1
        return VotingRules(people=self.stores.people.list, is_single_person=is_single)

    @property
    def service(self) -> RunService:
        """The door to runs."""
        stores = self.stores
        return RunService(events=stores.events, index=stores.index, clock=stores.clock, rules=self.rules)

    @property
    def secrets(self) -> Secrets:
        """Where references to secrets are resolved."""
        return Secrets(self.environment)

    @property
    def runs_folder(self) -> Path:
        """Where runs have their folders."""
        return self.folder / RUNS_FOLDER

    @property
    def keys_folder(self) -> Path:
        """Where the signing key and the public keys lie."""
        return self.folder / KEYS_FOLDER

    @property
    def own_copies(self) -> FileCopies:
        """The copies of checkpoints beside the store."""
        return FileCopies(self.folder / CHECKPOINTS_FILE)

    @property
    def outside_copies(self) -> Sequence[CheckpointCopies]:
        """The other places that get copies of checkpoints."""
        return copies_of(self.settings.checkpoint_copies, self.environment)

    @property
    def own_store(self) -> frozenset[str]:
        """How the own store is spelled, so that no run changes it."""
        return frozenset({str(self.folder / FILE_NAME), FILE_NAME, *spellings(store_url(self.environment))})


@contextmanager
def open_installation(state: str | None, *, directory: Path | None = None) -> Iterator[Installation]:
    """Open the state folder and its store, read the settings, and find out who is here.

    Raises SettingsError, IntegrityError or StoreError, each with what to do.
    """
    environment = dict(os.environ)
    folder = state_folder(state, environment)
    with open_stores(store_address(folder, environment)) as stores:
        settings = load_settings(directory or Path.cwd(), is_trusted=_is_trusted(stores))
        yield Installation(
            folder=folder,
            stores=stores,
            settings=settings,
            identity=who_is_here(environment),
            environment=environment,
        )


def store_address(folder: Path, environment: Mapping[str, str]) -> str | Path:
    """Return where the own store is: the PostgreSQL that the environment names, else a file in the state folder."""
    url = store_url(environment)
    if url is None:
        return store_place(folder)
    if not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            f"{STORE_VARIABLE} names no PostgreSQL", hint="expected postgresql://USER@HOST/DATABASE; --state for files"
        )
    return url


def spellings(url: str | None) -> Iterator[str]:
    """Yield how a text may name the PostgreSQL of the own store: whole, by its variable, by host and database."""
    if url is None:
        return
    yield from (url, STORE_VARIABLE)
    parts = urlsplit(url)
    if len(parts.path) > 1:
        yield f"{parts.hostname or ''}:{parts.port or _POSTGRESQL_PORT}{parts.path}"
        yield f"{parts.hostname or ''}{parts.path}"


def _is_trusted(stores: Stores) -> IsTrusted:
    def check(path: Path, digest: str) -> bool:
        return is_trusted(str(path), digest, stores.trust.list())

    return check


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A checkpoint that was made, and the places that could not take a copy, with the reasons."""

    checkpoint: Checkpoint
    failures: tuple[str, ...]


def make_checkpoint(installation: Installation) -> Kept | None:
    """Sign everything recorded by now and copy the line outside the store; None when nothing is new.

    The checkpoint and its line beside the store are made under one lock, so that whoever proves the record there sees
    both or neither.
    """
    signer, own = signing_key(installation.keys_folder), installation.own_copies
    checkpoint, failures = None, []
    try:
        with own.held() as file:
            _catch_up(file, installation.stores.checkpoints, signer.key)
            checkpoint = _make(installation, signer)
            if checkpoint is not None:
                file.append(line_of(checkpoint))
    except CopyFailedError as error:
        failures.append(f"{own.name}: {error.message}")
        checkpoint = checkpoint or _make(installation, signer)
    if checkpoint is None:
        return None
    failures += _failures(installation.outside_copies, checkpoint)
    return Kept(checkpoint=checkpoint, failures=tuple(failures))


def copy_again(installation: Installation) -> Kept | None:
    """Copy the newest checkpoint to every place again; None where there is none yet."""
    signer, own = signing_key(installation.keys_folder), installation.own_copies
    checkpoint, failures = installation.stores.checkpoints.last(), []
    if checkpoint is None:
        return None
    try:
        with own.held() as file:
            _catch_up(file, installation.stores.checkpoints, signer.key)
    except CopyFailedError as error:
        failures.append(f"{own.name}: {error.message}")
    failures += _failures(installation.outside_copies, checkpoint)
    return Kept(checkpoint=checkpoint, failures=tuple(failures))


def _make(installation: Installation, signer: Signer) -> Checkpoint | None:
    return installation.stores.checkpoints.make(signer, actor=installation.identity.actor)


def _catch_up(file: HeldFile, checkpoints: SqlCheckpoints, key: str) -> None:
    """Write the lines that a crash or a full disk kept from the end of the file."""
    lines = file.lines()
    try:
        last = parse_line(lines[-1]).number if lines else 0
    except (ValueError, RecursionError):
        return
    for checkpoint in checkpoints.after(last):
        if checkpoint.key == key:
            file.append(line_of(checkpoint))


def _failures(places: Sequence[CheckpointCopies], checkpoint: Checkpoint) -> list[str]:
    """Copy a checkpoint to every place; return which could not take it, and why."""
    failures = []
    for place in places:
        try:
            place.put(line_of(checkpoint))
        except ArchitectError as error:
            failures.append(f"{place.name}: {error.message}")
    return failures
