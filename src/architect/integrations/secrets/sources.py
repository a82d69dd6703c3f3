"""Resolving references to secrets, each when an action needs it."""

from __future__ import annotations

import base64
import binascii
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from architect.kernel.errors import SettingsError
from architect.runs.ports import SecretSource
from architect.runs.profiles import SecretReference, SecretScheme, parse_environment_value

MAX_BYTES = 65_536
TIMEOUT_S = 10


class SecretUnavailableError(SettingsError):
    """A reference leads to no secret."""

    code = "secret-unavailable"


class Secrets(SecretSource):
    """Resolves `env:`, `file:`, `keyring:` and `kubernetes:` references; no message ever holds a value."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def resolve(self, reference: str) -> str:
        """Return the secret. Raises SecretUnavailableError, which names the reference."""
        parsed = parse_environment_value(reference)
        if not isinstance(parsed, SecretReference):
            raise SecretUnavailableError(
                "not a reference to a secret", hint="expected env:, file:, keyring: or kubernetes:"
            )
        match parsed.scheme:
            case SecretScheme.ENVIRONMENT:
                return self._of_environment(parsed)
            case SecretScheme.FILE:
                return _of_file(parsed)
            case SecretScheme.KEYRING:
                return _of_keyring(parsed)
            case SecretScheme.KUBERNETES:
                return self._of_kubernetes(parsed)

    def _of_environment(self, reference: SecretReference) -> str:
        value = self._environment.get(reference.location)
        if value is None:
            raise _unavailable(reference, "the variable is not set")
        return value

    def _of_kubernetes(self, reference: SecretReference) -> str:
        namespace, name, key = reference.location.split("/")
        tool = shutil.which("kubectl", path=self._environment.get("PATH", ""))
        if tool is None:
            raise _unavailable(reference, "kubectl is not installed here")
        path = "{.data." + key.replace(".", "\\.") + "}"
        try:
            done = subprocess.run(
                [
                    tool,
                    "--request-timeout=5s",
                    "get",
                    "secret",
                    name,
                    "--namespace",
                    namespace,
                    f"--output=jsonpath={path}",
                ],
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
            value = base64.b64decode(done.stdout, validate=True).decode()
        except (subprocess.TimeoutExpired, binascii.Error, UnicodeDecodeError) as error:
            raise _unavailable(reference, "the cluster gives no such secret") from error
        if done.returncode != 0 or not value:
            raise _unavailable(reference, "the cluster gives no such secret")
        return value


def _unavailable(reference: SecretReference, reason: str) -> SecretUnavailableError:
    return SecretUnavailableError(f"the secret {reference}: {reason}")


def _of_file(reference: SecretReference) -> str:
    """Return the first line of a file that nobody else may read."""
    path = Path(reference.location).expanduser()
    try:
        mode = path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise _unavailable(reference, f"others may read the file (mode {stat.S_IMODE(mode):04o}); chmod 600 it")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES).decode("utf-8")
    except OSError as error:
        raise _unavailable(reference, error.strerror or "the file cannot be read") from error
    except UnicodeDecodeError as error:
        raise _unavailable(reference, "the file is not UTF-8") from error
    line = content.split("\n", 1)[0].removesuffix("\r")
    if not line:
        raise _unavailable(reference, "the file's first line is empty")
    return line


def _of_keyring(reference: SecretReference) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise _unavailable(reference, "the extra `keyring` is not installed") from error
    service, _, user = reference.location.partition("/")
    try:
        value = keyring.get_password(service, user)
    except KeyringError as error:
        raise _unavailable(reference, "the keyring cannot be opened") from error
    if value is None:
        raise _unavailable(reference, "the keyring holds no such entry")
    return value
