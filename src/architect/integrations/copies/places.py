"""Copies of checkpoints: `file:PATH`, `syslog:`, `s3://BUCKET/PREFIX`."""

from __future__ import annotations

import os
import shutil
import subprocess
import syslog
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from architect.audit.checkpoints import CheckpointCopies, Copy
from architect.kernel.errors import OutsideError, SettingsError

TIMEOUT_S = 30


class CopyFailedError(OutsideError):
    """A copy of a checkpoint could not be kept."""

    code = "copy-failed"


@dataclass(frozen=True, slots=True)
class FileCopies(CheckpointCopies):
    """Lines of a file, appended durably."""

    path: Path

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    def put(self, line: str) -> None:
        """Append the line."""
        try:
            with open(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "a") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CopyFailedError(error.strerror or "it cannot be written") from error

    def text(self) -> str:
        """Return all lines; nothing where there is no file."""
        return self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""


@dataclass(frozen=True, slots=True)
class SyslogCopies(CheckpointCopies):
    """The machine's log, from where it may be forwarded."""

    @property
    def name(self) -> str:
        """How people call it."""
        return "syslog"

    def put(self, line: str) -> None:
        """Log the line; the system's log takes it or loses it without a word."""
        syslog.openlog("architect", syslog.LOG_PID, syslog.LOG_AUTH)
        syslog.syslog(syslog.LOG_NOTICE, f"checkpoint {line}")


@dataclass(frozen=True, slots=True)
class BucketCopies(CheckpointCopies):
    """One object a checkpoint, put by the AWS command line with the caller's credentials."""

    url: str
    environment: Mapping[str, str]

    @property
    def name(self) -> str:
        """The bucket's URL."""
        return self.url

    def put(self, line: str) -> None:
        """Put the line under a name that no other checkpoint has."""
        tool = shutil.which("aws", path=self.environment.get("PATH", ""))
        if tool is None:
            raise CopyFailedError("aws is not installed here", hint="see `architect doctor`")
        copy = msgspec.json.decode(line, type=Copy)
        bucket, _, prefix = self.url.removeprefix("s3://").partition("/")
        key = "/".join(part for part in (prefix.strip("/"), copy.store, f"{copy.number:012d}.json") if part)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as body:
            body.write(line + "\n")
            body.flush()
            self._call([tool, "s3api", "put-object", "--bucket", bucket, "--key", key, "--body", body.name])

    def _call(self, argv: list[str]) -> None:
        try:
            done = subprocess.run(
                argv,
                env={**self.environment, "AWS_PAGER": ""},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CopyFailedError(f"aws gave no answer within {TIMEOUT_S} s") from error
        if done.returncode != 0:
            raise CopyFailedError(" ".join(done.stderr.decode("utf-8", "replace").split())[:300])


def copies_of(places: Iterable[str], environment: Mapping[str, str]) -> tuple[CheckpointCopies, ...]:
    """Return the places that settings name. Raises SettingsError for a spelling that is none."""
    return tuple(_place(text, environment) for text in places)


def _place(text: str, environment: Mapping[str, str]) -> CheckpointCopies:
    if text == "syslog:":
        return SyslogCopies()
    if text.startswith("file:/"):
        return FileCopies(Path(text.removeprefix("file:")))
    if text.startswith("s3://") and len(text) > len("s3://"):
        return BucketCopies(text, environment)
    raise SettingsError(
        f"`audit.copies`: {text!r} is no place for copies", hint="expected file:/PATH, syslog: or s3://BUCKET/PREFIX"
    )
