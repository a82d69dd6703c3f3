"""`architect demo`: the story of a PostgreSQL without connections, in a sandbox, from the fault to the proof."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from architect.kernel.errors import OutsideError

if TYPE_CHECKING:
    from rich.console import Console

    from architect.access.people import Identity
    from architect.cli.terminal.conversation import Answerer
    from architect.runs.state import RunState
    from architect.sandbox.world import World
    from architect.wiring.engines import Workplace
    from architect.wiring.installation import Installation

RUNBOOK = "connection-exhaustion.md"
FAULT = "exhausted-connections"
VALUES = {"MIN_IDLE_MINUTES": "0"}
PEOPLE = ("ana", "ben")
"""The two people of the story where nobody sits at a terminal; the record calls them unverified."""


@click.command()
@click.option("--state", metavar="FOLDER", help="The state folder; default: the user's own.")
@click.pass_context
def command(ctx: click.Context, state: str | None) -> None:
    """Play the story of exhausted connections in a sandbox: break it, run the runbook, prove the repair.

    At a terminal you answer the questions; without one two named people do, and the record says so. Exits 0 only when
    the world is repaired and the record is whole.
    """
    from architect.cli.terminal.style import make_console
    from architect.sandbox.control import world_for
    from architect.wiring.installation import open_installation
    from architect.wiring.sites import SANDBOX_FOLDER

    console = make_console()
    installation = ctx.with_resource(open_installation(state))
    _chapter(
        console, "1. A production in miniature", "PostgreSQL with a replica, a cache, S3, a service; on this machine."
    )
    with world_for(installation.folder / SANDBOX_FOLDER, writable=[installation.runs_folder], tell=_tell) as world:
        _break(console, world)
        exit_code = _repair(console, installation)
        is_repaired = _look(console, world)
    is_whole = _prove(console, installation)
    _farewell(console, installation)
    ctx.exit(0 if exit_code == 0 and is_repaired and is_whole else exit_code or 1)


def _break(console: Console, world: World) -> None:
    from architect.sandbox.control import put_fault

    _chapter(console, "2. It breaks", "An application leaks connections until the server has none left.")
    _say_world(console, world, when="before")
    facts = put_fault(world, FAULT, {})
    console.print(f"  {facts['held']} sessions are held and {facts['busy']} go on working. A new client is told:")
    console.print(
        f"  {str(facts['refusal']).partition('FATAL:')[2].strip() or facts['refusal']}", style="red", soft_wrap=True
    )
    _say_world(console, world, when="now")


def _repair(console: Console, installation: Installation) -> int:
    """Run our own runbook; return its exit code."""
    from architect.cli.carrying import Manner, carry_on
    from architect.cli.documents import load, only_runbook
    from architect.cli.terminal.plan import print_plan
    from architect.runs.planning import Request
    from architect.sandbox.environment import PROFILE
    from architect.wiring.engines import workplace_of
    from architect.wiring.sites import open_site, plan_for

    _chapter(console, "3. The runbook", "Plain Markdown. What every command would do is known before anything runs.")
    document = load(own_runbooks() / RUNBOOK)
    site = open_site(installation, PROFILE)
    plan = plan_for(site, document, only_runbook(document), Request(values=VALUES))
    print_plan(plan, console)
    is_interactive = sys.stdin.isatty() and sys.stdout.isatty()
    who = "You are asked" if is_interactive else f"{' and '.join(PEOPLE)} are asked"
    _chapter(console, "4. The run", f"Reads run by themselves. {who} before anything is changed.")
    identity = installation.identity if is_interactive else demo_person(PEOPLE[0])
    with workplace_of(installation, identity=identity) as place:
        run = place.service.create(plan, identity, via="demo")
        others: Sequence[Answerer] = () if is_interactive else (DemoPeople(place),)
        return carry_on(place, run, manner=Manner(is_interactive=is_interactive), others=others)


class DemoPeople:
    """Answers the gates of the story as two people would who trust what they see."""

    def __init__(self, place: Workplace) -> None:
        self._service = place.service

    def answer(self, state: RunState) -> bool:
        """Approve changes, by as many people as they need; say that manual steps are done. Nothing else is answered."""
        from architect.runs.events import GateReason
        from architect.runs.model import GateKind

        gate = state.open_gate
        if gate is None:
            return False
        name = gate.opened.gate
        if gate.opened.reason is GateReason.MANUAL:
            self._service.done(state.run, name, demo_person(PEOPLE[0]))
            return True
        if gate.opened.reason is not GateReason.EFFECT:
            return False
        needed = PEOPLE if gate.opened.gate_kind is GateKind.TWO_PEOPLE else PEOPLE[:1]
        for person in needed:
            self._service.approve(state.run, name, demo_person(person))
        return True


def demo_person(name: str) -> Identity:
    """Return one of the people of the story; nothing was verified, and the record says so."""
    from architect.access.people import Identity, Proof
    from architect.kernel.ids import PersonId

    return Identity(person=PersonId(f"demo-{name}"), proof=Proof.UNVERIFIED)


def _look(console: Console, world: World) -> bool:
    """Look at the world from outside, whatever the run said; say whether it is repaired."""
    _chapter(console, "5. The world", "Not what the run says: a new client of the service's own role, and its health.")
    return _say_world(console, world, when="now")


def _say_world(console: Console, world: World, *, when: str) -> bool:
    from architect.sandbox.looking import look

    seen = look(world)
    for what, is_well in seen.items():
        console.print(f"  {when}: {what}", style="green" if is_well else "red", soft_wrap=True)
    return all(seen.values())


def _prove(console: Console, installation: Installation) -> bool:
    """Verify the record; then change one word in a copy of it, and let that show."""
    from architect.wiring.proving import prove

    _chapter(console, "6. The record", "Every event carries the hash of the one before; checkpoints are signed.")
    proof = prove(installation)
    words = proof.first.message if proof.first else f"whole: {proof.events} events, {proof.checkpoints} checkpoints"
    console.print(f"  {words}", style="red" if proof.first else "green", soft_wrap=True)
    tampered = _tampered(installation)
    if tampered:
        console.print(f"  In a copy one word was changed by hand. verify says: {tampered}", soft_wrap=True)
    return proof.first is None


def _tampered(installation: Installation) -> str:
    """Change one word in a copy of the store, and return what verification says; empty where there is no file."""
    from dataclasses import replace

    from architect.storage.backup import back_up
    from architect.storage.stores import FILE_NAME, open_stores, store_place
    from architect.wiring.proving import prove

    if not installation.stores.database.is_sqlite:
        return ""
    with tempfile.TemporaryDirectory(prefix="architect-demo-") as name:
        folder = Path(name)
        back_up(installation.folder / FILE_NAME, folder / FILE_NAME)
        shutil.copytree(installation.keys_folder, folder / installation.keys_folder.name)
        shutil.copy(installation.own_copies.path, folder)
        with sqlite3.connect(folder / FILE_NAME) as store:
            store.execute("UPDATE events SET data = replace(data, 'approve', 'refused') WHERE kind = 'gate.answered'")
        store.close()
        with open_stores(store_place(folder)) as stores:
            found = prove(replace(installation, folder=folder, stores=stores)).first
    return found.message if found else "nothing (that must not be)"


def _farewell(console: Console, installation: Installation) -> None:
    console.print("\nLook further:", style="bold")
    program = shutil.which("architect") or "architect"
    console.print(f"  export ARCHITECT_STATE={installation.folder}", soft_wrap=True)
    for words in ("runs list", "audit verify", f"show {own_runbooks() / RUNBOOK}", "--help"):
        console.print(f"  {program} {words}", soft_wrap=True)


def own_runbooks() -> Path:
    """Return the folder of the project's own runbooks: in the package where it is installed, else in the checkout."""
    import architect

    package = Path(architect.__file__).parent
    for folder in (package / "own_runbooks", package.parents[1] / "runbooks"):
        if (folder / RUNBOOK).is_file():
            return folder
    raise OutsideError("the project's own runbooks are not here", hint="install the package again")


def _chapter(console: Console, title: str, words: str) -> None:
    console.print()
    console.print(title, style="bold reverse")
    console.print(f"{words}\n", style="dim", soft_wrap=True)


def _tell(name: str) -> None:
    click.echo(f"  starting {name} …")
