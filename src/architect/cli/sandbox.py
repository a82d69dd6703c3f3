"""`architect sandbox`: bring up the rehearsal world, look at it, put faults in, take it down."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from architect.kernel.errors import UsageError
from architect.sandbox import control
from architect.sandbox.environment import environment
from architect.sandbox.faults.catalog import FAULTS, find_fault, read_options
from architect.sandbox.world import World
from architect.settings import state_folder

FORMATS = click.Choice(["text", "json"])

state_option = click.option(
    "--state", metavar="FOLDER", help="The state folder; default: $ARCHITECT_STATE, else the user's own."
)
format_option = click.option("--format", "form", type=FORMATS, default="text", show_default=True)
set_option = click.option("--set", "options", multiple=True, metavar="NAME=NUMBER", help="An option of the fault.")


@click.group()
def command() -> None:
    """Bring up the rehearsal world, look at it, put faults into it, take it down."""


@command.command(short_help="Start all servers on free loopback ports.")
@click.option("--faults", multiple=True, metavar="NAME", help="Put this fault in once the world is up.")
@state_option
@format_option
def up(faults: Sequence[str], state: str | None, form: str) -> None:
    """Start all servers on free loopback ports; where they run already, say so."""
    for name in faults:
        find_fault(name)
    folder = state_folder(state, os.environ)
    world = control.bring_up(sandbox_place(folder), writable=[folder / "runs"], tell=_tell)
    for name in faults:
        control.put_fault(world, name, {})
    _print(_describe(world), form)


@command.command()
@state_option
@format_option
def status(state: str | None, form: str) -> None:
    """Say what runs where. Exit code 1 when there is no sandbox, or a server of it is down."""
    world = control.find_world(sandbox_place(state_folder(state, os.environ)))
    if world is None:
        _print({"up": False}, form)
        raise SystemExit(1)
    description = _describe(world)
    _print(description, form)
    raise SystemExit(0 if all(server["up"] for server in description["servers"]) else 1)


@command.command(short_help="Put a fault in, or list the faults.")
@click.argument("name", required=False)
@set_option
@click.option("--clear", is_flag=True, help="Take the fault out instead.")
@state_option
def fault(name: str | None, options: Sequence[str], clear: bool, state: str | None) -> None:
    """Put the fault NAME into the world; without a name, list the faults there are."""
    if name is None:
        for known in FAULTS.values():
            click.echo(
                f"{known.name}\n  does     {known.does}\n  shows    {known.shows}\n  repaired {known.repaired_when}"
            )
        return
    world = _need_world(state)
    found = find_fault(name)
    if clear:
        was_in = control.clear_fault(world, name)
        click.echo(f"{name}: taken out" if was_in else f"{name}: was not in the world")
        return
    given = dict(_split(option) for option in options)
    read_options(found, given)
    facts = control.put_fault(world, name, given)
    click.echo(f"{name}: {', '.join(f'{key} {value}' for key, value in facts.items())}")


@command.command()
@state_option
def down(state: str | None) -> None:
    """Stop every server and delete their data."""
    was_up = control.take_down(sandbox_place(state_folder(state, os.environ)))
    click.echo("The sandbox is down." if was_up else "There was no sandbox.")


def sandbox_place(folder: Path) -> Path:
    """Return where the description of a state folder's sandbox lies."""
    return folder / "sandbox"


def _need_world(state: str | None) -> World:
    world = control.find_world(sandbox_place(state_folder(state, os.environ)))
    if world is None:
        raise UsageError("there is no sandbox", hint="architect sandbox up")
    return world


def _split(option: str) -> tuple[str, str]:
    name, separator, value = option.partition("=")
    if not separator:
        raise UsageError(f"--set {option[:40]}: expected NAME=NUMBER")
    return name, value


def _tell(name: str) -> None:
    click.echo(f"  starting {name} …", err=True)


def _describe(world: World) -> dict[str, Any]:
    servers = [
        {"name": state.name, "address": f"127.0.0.1:{state.port}", "up": state.is_up}
        for state in control.server_states(world)
    ]
    return {
        "up": True,
        "started_s": world.started_s,
        "folder": str(world.folder),
        "guard_pid": world.guard.pid,
        "servers": servers,
        "hosts": dict(world.deployment.hosts),
        "walls": {"up": world.walls.holder is not None, "reason": world.walls.reason},
        "environment": environment(world),
    }


def _print(description: Mapping[str, Any], form: str) -> None:
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(description)).decode())
    elif not description["up"]:
        click.echo("There is no sandbox. `architect sandbox up` brings one up.")
    else:
        click.echo("\n".join(_lines(description)))


def _lines(description: Mapping[str, Any]) -> list[str]:
    lines = [f"The sandbox is up (it took {description['started_s']:.1f} s)."]
    for server in description["servers"]:
        word = "up" if server["up"] else click.style("DOWN", fg="red", bold=True)
        lines.append(f"  {server['name']:<8} {server['address']:<16} {word}")
    for name, server in description["hosts"].items():
        lines.append(f"  {name} is the {server}")
    walls = description["walls"]
    second = "a network and a file system of its own" if walls["up"] else f"none ({walls['reason']})"
    lines.append(f"Around a run: an empty environment, its own PATH, a proxy; second wall: {second}.")
    lines.append("Run in it with `architect run FILE#RUNBOOK --profile sandbox`.")
    return lines
