"""The only folder on a run's PATH: links to the programs it may use, and shims for those that need watching."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec

from architect.sandbox.programs import beside_python, redis_cli
from architect.sandbox.world import World

ENTRANCE = "entrance"
"""The folder with the shell that runs an action: plain, or one that enters the walls first."""

ENTERING = ("nsenter", "setpriv")
"""The system's programs that the entrance needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """Names of programs: plain ones, PostgreSQL's own, and those that are refused."""

    tools: tuple[str, ...]
    postgres: tuple[str, ...]
    refused: tuple[str, ...]


def read_toolbox() -> Toolbox:
    """Return the toolbox that comes with the package."""
    text = files("architect.sandbox").joinpath("data", "toolbox.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=Toolbox)


def fill_toolbox(world: World, postgres_programs: Path) -> None:
    """Make the folder with all links and shims, and the entrance."""
    toolbox = read_toolbox()
    world.tools.mkdir(mode=0o755)
    for name in toolbox.tools:
        _link(world.tools / name, shutil.which(name))
    for name in toolbox.postgres:
        _link(world.tools / name, postgres_programs / name)
    for name in toolbox.refused:
        _write(world.tools / name, _shim("refused"))
    _link(world.tools / "bash", shutil.which("bash"))
    _link(world.tools / "aws", beside_python("aws"))
    program = redis_cli()
    if program is not None:
        shim = _shim("redis-cli", PORT=str(world.ports.cache), PROGRAM=str(program))
        for name in ("redis-cli", "valkey-cli"):
            _write(world.tools / name, shim)
    _make_entrance(world)


def entrance(world: World) -> Path:
    """Return the shell that actions are run with."""
    return world.folder / ENTRANCE / "bash"


def _make_entrance(world: World) -> None:
    door = entrance(world)
    door.parent.mkdir(mode=0o755)
    programs = {name.upper(): shutil.which(name) for name in ("bash", *ENTERING)}
    if world.walls.holder is None:
        _link(door, programs["BASH"])
    else:
        _write(door, _shim("bash", HOLDER=str(world.walls.holder), **{k: v for k, v in programs.items() if v}))


def _shim(name: str, **values: str) -> str:
    text = files("architect.sandbox").joinpath("shims", f"{name}.sh").read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", shlex.quote(value))
    return text


def _link(place: Path, program: str | Path | None) -> None:
    if program is not None and Path(program).exists():
        place.symlink_to(program)


def _write(place: Path, text: str) -> None:
    place.write_text(text, encoding="utf-8")
    place.chmod(0o755)
