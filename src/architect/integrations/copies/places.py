"""Copies of checkpoints: `file:PATH`, `syslog:`, `s3://BUCKET/PREFIX`."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from architect.audit.checkpoints import CheckpointCopies, parse_line
from architect.kernel.errors import OutsideError, SettingsError

TIMEOUT_S = 30
_LOOK_AGAIN_S = 0.01
SYSLOG_SOCKET = Path("/dev/log")
_SECURITY, _NOTICE = 4, 5
"""Facility and severity of RFC 5424."""


class CopyFailedError(OutsideError):
    """A copy of a checkpoint could not be kept."""

    code = "copy-failed"


class HeldFile:
    """The lines of a file that nobody else reads or writes meanwhile."""

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path

    def lines(self) -> Sequence[str]:
        """Return all whole lines; one that a crash left half-written is none."""
        *whole, _ = self._read().split(b"\n")
        return [line.decode("utf-8", "surrogateescape") for line in whole]

    def append(self, line: str) -> None:
        """Append a line durably, in the place of a half-written one; when it cannot be, the file is as before."""
        self._write_after(self._read().rfind(b"\n") + 1, f"{line}\n")

    def replace(self, lines: Iterable[str]) -> None:
        """Put these lines in the place of all that there are."""
        self._write_after(0, "".join(f"{line}\n" for line in lines))

    def _write_after(self, end: int, text: str) -> None:
        with _telling(self._path):
            os.ftruncate(self._descriptor, end)
            try:
                _write_all(self._descriptor, text.encode())
                os.fsync(self._descriptor)
            except OSError:
                os.ftruncate(self._descriptor, end)
                raise

    def _read(self) -> bytes:
        with _telling(self._path):
            return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)


@dataclass(frozen=True, slots=True)
class FileCopies(CheckpointCopies):
    """Lines of a file, appended durably."""

    path: Path

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    def put(self, line: str) -> None:
        """Append the line, unless it is the last one already."""
        with self.held() as file:
            if [line] != list(file.lines()[-1:]):
                file.append(line)

    @contextlib.contextmanager
    def held(self) -> Iterator[HeldFile]:
        """Give the file for the length of a block. Raises CopyFailedError."""
        with _telling(self.path):
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, self.path)
            yield HeldFile(descriptor, self.path)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _telling(place: Path | str) -> Iterator[None]:
    """Turn failures of the operating system into an error of ours."""
    try:
        yield
    except OSError as error:
        raise CopyFailedError(error.strerror or "it cannot be written", place=str(place)) from error


def _lock(descriptor: int, path: Path) -> None:
    """Wait for the file; give up when another process holds it for too long."""
    deadline = time.monotonic() + TIMEOUT_S
    while not _is_locked(descriptor, path):
        if time.monotonic() > deadline:
            raise CopyFailedError("another process holds it", place=str(path), hint="end it, or let it go on")
        time.sleep(_LOOK_AGAIN_S)


def _is_locked(descriptor: int, path: Path) -> bool:
    with _telling(path), contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@dataclass(frozen=True, slots=True)
class SyslogCopies(CheckpointCopies):
    """The machine's log, from where it may be forwarded."""

    path: Path = SYSLOG_SOCKET

    @property
    def name(self) -> str:
        """How people call it."""
        return "syslog"

    def put(self, line: str) -> None:
        """Hand the line to the log's socket. Where a daemon listens it has taken it; what it does then is its own."""
        message = f"<{_SECURITY * 8 + _NOTICE}>architect[{os.getpid()}]: checkpoint {line}"
        if not self.path.exists():
            raise CopyFailedError(f"nobody keeps a log at {self.path}")
        with _telling(self.path), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.settimeout(TIMEOUT_S)
            log.sendto(message.encode(), str(self.path))


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
        """Put the line under a name that holds number and commitment, so that no other checkpoint overwrites it."""
        tool = shutil.which("aws", path=self.environment.get("PATH", ""))
        if tool is None:
            raise CopyFailedError("aws is not installed here", hint="see `architect doctor`")
        copy = parse_line(line)
        bucket, _, prefix = self.url.removeprefix("s3://").partition("/")
        name = f"{copy.number:012d}-{copy.commitment}.json"
        key = "/".join(part for part in (prefix.strip("/"), copy.store, name) if part)
        with _telling(self.url), tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".json") as body:
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
