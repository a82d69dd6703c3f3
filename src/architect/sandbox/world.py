"""The world as a value: what runs where, written down once it is up, so that any later command finds it."""

from __future__ import annotations

import shutil
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from architect.kernel.errors import OutsideError, UsageError
from architect.sandbox.deployment import Deployment
from architect.sandbox.processes import ProcessId

FORMAT = 1
DESCRIPTION = "sandbox.json"
LOOPBACK = "127.0.0.1"


class SandboxError(OutsideError):
    """The sandbox could not come up, or a fault could not be put in."""

    code = "sandbox"
    retryable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The loopback ports of one world."""

    primary: int
    replica: int
    cache: int
    aws: int
    service: int
    proxy: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Walls:
    """The second wall: a process that holds the namespaces which a run enters. `reason` says why there is none."""

    holder: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A world that is up. Passwords lie in files below `folder`, never here."""

    format: int
    folder: Path
    guard: ProcessId
    ports: Ports
    deployment: Deployment
    walls: Walls
    database_identity: str
    """The primary's system identifier and the database's name, as `identifier/name`."""
    started_s: float
    """How long it took to come up."""

    @property
    def tools(self) -> Path:
        """The only folder on a run's PATH."""
        return self.folder / "bin"

    @property
    def home(self) -> Path:
        """HOME of a run."""
        return self.folder / "home"

    @property
    def authority(self) -> Path:
        """The certificate that vouches for the names that the proxy answers to."""
        return self.folder / "tls" / "authority.pem"

    @property
    def control(self) -> Path:
        """The socket on which the supervisor takes orders."""
        return self.folder / "control" / "socket"

    def passwords(self, role: str) -> Path:
        """Return the password file of a database role."""
        return self.folder / "passwords" / f"{role}.pgpass"

    def database_url(self, role: str, *, port: int | None = None, database: str | None = None) -> str:
        """Return a connection string without a password."""
        return f"postgresql://{role}@{LOOPBACK}:{port or self.ports.primary}/{database or self.deployment.database}"


def free_ports() -> Ports:
    """Return ports that were free a moment ago, all different."""
    with ExitStack() as stack:
        found: list[int] = []
        for _ in Ports.__dataclass_fields__:
            listener = stack.enter_context(socket.socket())
            listener.bind((LOOPBACK, 0))
            found.append(listener.getsockname()[1])
        return Ports(**dict(zip(Ports.__dataclass_fields__, found, strict=True)))


def write_world(world: World, place: Path) -> None:
    """Write the description, all or nothing."""
    draft = place.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(world, enc_hook=str)))
    draft.rename(place)


def read_world(place: Path) -> World | None:
    """Read the description; None where there is none. Raises UsageError for one that is not ours."""
    try:
        data = place.read_bytes()
    except FileNotFoundError:
        return None
    try:
        world = msgspec.json.decode(data, type=World, dec_hook=lambda kind, value: kind(value))
    except msgspec.DecodeError as error:
        raise UsageError(f"not the description of a sandbox: {error}", place=str(place)) from error
    if world.format != FORMAT:
        raise UsageError(f"a sandbox of format {world.format}, expected {FORMAT}", place=str(place))
    return world


def remove_traces(folder: Path, place: Path) -> None:
    """Delete a world's description and folder. Guard and supervisor both do, whichever of them is left."""
    place.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
