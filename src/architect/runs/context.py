"""What a run may see while it is carried out: its folder, its values, its secrets. Nothing of it is stored."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from architect.kernel.errors import RefusedError
from architect.kernel.ids import RunId
from architect.runs.connections import without_passwords
from architect.runs.model import Plan, PlannedAction
from architect.runs.ports import ActionRequest, OutputKey, RunContext, SecretSource
from architect.runs.redaction import SecretForms, redact
from architect.runs.state import RunState


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a profile gives to a run: allow-listed environment (secrets among it named), and where files come from."""

    environment: Mapping[str, str]
    secret_names: frozenset[str] = frozenset()
    repository: Path | None = None


_Given: TypeAlias = tuple[Mapping[str, str], Mapping[str, str]]


@dataclass(slots=True)
class _Known:
    """What has been resolved for one run, in memory only."""

    surroundings: Surroundings
    forms: SecretForms
    resolved: dict[str, str] = field(default_factory=dict)
    handed_out: tuple[_Given, _Given] | None = None


class Contexts:
    """Resolves what actions need; the same worker resolves each secret once a run."""

    def __init__(self, *, root: Path, secrets: SecretSource, surroundings: Callable[[Plan], Surroundings]) -> None:
        self._root = root
        self._secrets = secrets
        self._surroundings = surroundings
        self._known: dict[RunId, _Known] = {}

    def folder(self, run: RunId) -> Path:
        """Return the run's own folder, which only this user can enter."""
        folder = self._root / run
        if not folder.is_dir():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def context(self, state: RunState) -> RunContext:
        """Return what conditions, undo readers and proposals may know."""
        environment, values = self._handed_out(state)
        return RunContext(
            run=state.run,
            profile=state.plan.profile,
            values=values,
            environment=environment,
            folder=self.folder(state.run),
            outputs={
                action: OutputKey(run=state.run, action=action, attempt=step.attempts)
                for action, step in state.steps.items()
                if step.ended is not None
            },
        )

    def request(self, state: RunState, action: PlannedAction, attempt: int) -> ActionRequest:
        """Return everything a runner needs. Raises RefusedError when a file is not the one that was planned."""
        known = self._of(state)
        environment, values = self._handed_out(state)
        self._copy_files(state, action)
        secret = {name for name, event in state.values.items() if event.is_secret}
        secret |= {binding.name for binding in state.plan.bindings if binding.is_secret or binding.reference}
        return ActionRequest(
            key=OutputKey(run=state.run, action=action.id, attempt=attempt),
            action=action,
            values=values,
            secret_names=known.surroundings.secret_names | secret,
            folder=self.folder(state.run),
            environment=environment,
        )

    def _handed_out(self, state: RunState) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return environment and values without the passwords of URLs, which go by a file and a variable."""
        known = self._of(state)
        given = (known.surroundings.environment, self.values(state))
        if known.handed_out is None or known.handed_out[0] != given:
            known.handed_out = (given, self._without_passwords(state, given[0], given[1]))
        return known.handed_out[1]

    def _without_passwords(
        self, state: RunState, environment: Mapping[str, str], values: Mapping[str, str]
    ) -> tuple[Mapping[str, str], Mapping[str, str]]:
        outer, inner = without_passwords(environment), without_passwords(values)
        for secret in outer.secrets | inner.secrets:
            self._of(state).forms.add(secret)
        handed = dict(outer.values)
        if lines := (*inner.pgpass, *outer.pgpass):
            handed["PGPASSFILE"] = str(self._write_passwords(state, lines, handed.get("PGPASSFILE")))
        if (password := inner.redis_password or outer.redis_password) is not None:
            handed["REDISCLI_AUTH"] = password
        return handed, inner.values

    def _write_passwords(self, state: RunState, lines: tuple[str, ...], before: str | None) -> Path:
        """Write the run's own password file, the caller's lines after ours."""
        path = self.folder(state.run) / PASSWORDS_FILE
        own = Path(before).read_text() if before and Path(before).is_file() else ""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w") as file:
            file.write("\n".join((*lines, own)))
        return path

    def values(self, state: RunState) -> Mapping[str, str]:
        """Return the values of the run's variables, secrets resolved from their references."""
        found = {
            binding.name: self._resolve(state, binding.reference) if binding.reference else binding.value or ""
            for binding in state.plan.bindings
            if binding.reference or binding.value is not None
        }
        for name, event in state.values.items():
            found[name] = self._resolve(state, event.reference) if event.reference else event.value or ""
        return found

    def forms(self, state: RunState) -> SecretForms:
        """Return the secrets to be redacted from all that the run says."""
        self.values(state)
        return self._of(state).forms

    def redact(self, state: RunState, text: str) -> str:
        """Return `text` without the run's secrets."""
        return redact(text, self.forms(state))

    def forget(self, state: RunState) -> None:
        """Drop what was resolved, and the file with passwords."""
        self._known.pop(state.run, None)
        (self.folder(state.run) / PASSWORDS_FILE).unlink(missing_ok=True)

    def _of(self, state: RunState) -> _Known:
        if state.run not in self._known:
            surroundings = self._surroundings(state.plan)
            secrets = [surroundings.environment[name] for name in surroundings.secret_names]
            secrets += [
                binding.value for binding in state.plan.bindings if binding.is_secret and binding.value is not None
            ]
            known = _Known(surroundings=surroundings, forms=SecretForms(secrets))
            self._known[state.run] = known
            for secret in carried_secrets(self.folder(state.run)):
                known.forms.add(secret)
        return self._known[state.run]

    def _resolve(self, state: RunState, reference: str) -> str:
        known = self._of(state)
        if reference not in known.resolved:
            secret = self._secrets.resolve(reference)
            known.resolved[reference] = secret
            known.forms.add(secret)
        return known.resolved[reference]

    def _copy_files(self, state: RunState, action: PlannedAction) -> None:
        if not action.files:
            return
        repository = self._of(state).surroundings.repository
        if repository is None:
            raise RefusedError(f"{action.files[0].path} is not there: the profile has no repository")
        scratch = self.folder(state.run) / "scratch"
        for file in action.files:
            content = _planned_content(repository, file.path, file.sha256)
            target = scratch / file.path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(0o700)


SECRETS_FILE = "secrets"
"""Values of captured variables named like secrets, NUL-separated, in the run's folder (0600)."""

PASSWORDS_FILE = "pgpass"
"""The passwords of database URLs, as libpq reads them, in the run's folder (0600); gone when the run ends."""


def carried_secrets(folder: Path) -> tuple[str, ...]:
    """Return the secrets that earlier actions of the run left in its folder."""
    path = folder / SECRETS_FILE
    if not path.exists():
        return ()
    return tuple(filter(None, path.read_text(errors="surrogateescape").split("\0")))


def _planned_content(repository: Path, name: str, sha256: str) -> bytes:
    path = (repository / name).resolve()
    if not path.is_relative_to(repository.resolve()):
        raise RefusedError(f"{name} lies outside the document's repository")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError(f"{name} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RefusedError(f"{name} has changed since the plan was made", hint="start a new run")
    return content
