"""`architect demo`: the story of a PostgreSQL without connections, in a sandbox, from the fault to the proof."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from architect.kernel.errors import OutsideError

if TYPE_CHECKING:
    from architect.access.people import Identity
    from architect.cli.terminal.conversation import Answerer
    from architect.cli.terminal.screen import Screen
    from architect.runs.state import RunState
    from architect.sandbox.world import World
    from architect.wiring.installation import Installation
    from architect.wiring.workplace import Workplace

RUNBOOK = "connection-exhaustion.md"
PEOPLE = ("ana", "ben")
"""The two people of the story where nobody sits at a terminal; the record calls them not verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What the story is about: a fault, the runbook against it (the project's own), and its values."""

    runbook: Path | None = None
    fault: str = "exhausted-connections"
    options: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=lambda: {"MIN_IDLE_MINUTES": "0"})


@click.command(short_help="Play the story of exhausted connections in a sandbox.")
@click.option("--state", metavar="FOLDER", help="The state folder; default: $ARCHITECT_STATE, else the user's own.")
@click.pass_context
def command(ctx: click.Context, state: str | None) -> None:
    """Play the story of exhausted connections in a sandbox: break it, run the runbook, prove the repair.

    At a terminal you answer the questions; without one two demo people do, and the record says so. Exits 0 only when
    the world is repaired and the record is whole.
    """
    from architect.cli.carrying import is_somebody_here
    from architect.cli.terminal.screen import Screen
    from architect.wiring.installation import open_installation

    installation = ctx.with_resource(open_installation(state))
    ctx.exit(play(installation, Plot(), Screen(), is_interactive=is_somebody_here()))


def play(installation: Installation, plot: Plot, screen: Screen, *, is_interactive: bool) -> int:
    """Play the story from the beginning to the end; return 0 only for a repaired world and a whole record."""
    from architect.sandbox.control import world_for
    from architect.wiring.sites import SANDBOX_FOLDER

    _chapter(
        screen, "1  A production in miniature", "PostgreSQL with a replica, a cache, S3, a service; all of it here."
    )
    folder = installation.folder / SANDBOX_FOLDER
    with world_for(
        folder, writable=[installation.runs_folder], tell=lambda name: screen.say(f"  starting {name} …")
    ) as world:
        _break(screen, world, plot)
        exit_code = _repair(screen, installation, plot, is_interactive=is_interactive)
        is_repaired = _look(screen, world)
    is_whole = _prove(screen, installation)
    _farewell(screen, installation, is_repaired=is_repaired)
    return 0 if exit_code == 0 and is_repaired and is_whole else exit_code or 1


def _break(screen: Screen, world: World, plot: Plot) -> None:
    from architect.cli.terminal.style import outside
    from architect.sandbox.control import put_fault

    _chapter(screen, "2  It breaks", "An application leaks connections until the server has none left.")
    _say_world(screen, world, when="before")
    facts = put_fault(world, plot.fault, plot.options)
    words = ", ".join(f"{name} {value}" for name, value in facts.items() if name != "refusal")
    screen.say(f"put in: {plot.fault} ({outside(words)})", prefix="  ")
    _say_world(screen, world, when="now")


def _repair(screen: Screen, installation: Installation, plot: Plot, *, is_interactive: bool) -> int:
    """Run our own runbook; return its exit code."""
    from architect.cli.carrying import Manner, carry_on
    from architect.cli.documents import load, only_runbook
    from architect.cli.terminal.plan import print_plan
    from architect.runs.planning import Request
    from architect.sandbox.environment import PROFILE
    from architect.wiring.sites import open_site, plan_for
    from architect.wiring.workplace import workplace_of

    _chapter(screen, "3  The runbook", "Plain Markdown. What every command would do is known before anything runs.")
    document = load(plot.runbook or own_runbooks() / RUNBOOK)
    site = open_site(installation, PROFILE)
    plan = plan_for(site, document, only_runbook(document), Request(values=plot.values))
    print_plan(plan, screen)
    who = "You are asked" if is_interactive else f"Nobody is here: {' and '.join(PEOPLE)}, two demo people, are asked"
    _chapter(screen, "4  The run", f"Reads run by themselves. {who} before anything is changed.")
    identity = installation.identity if is_interactive else demo_person(PEOPLE[0])
    if not is_interactive:
        settings = replace(installation.settings, people_count=len(PEOPLE))
        installation = replace(installation, settings=settings)
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


def _look(screen: Screen, world: World) -> bool:
    """Look at the world from outside, whatever the run said; say whether it is repaired."""
    _chapter(screen, "5  The world", "Not what the run says: a new client of the service's own role, and its health.")
    return _say_world(screen, world, when="now")


def _say_world(screen: Screen, world: World, *, when: str) -> bool:
    from rich.text import Text

    from architect.cli.terminal.style import outside
    from architect.sandbox.looking import look

    seen = look(world)
    for what, is_well in seen.items():
        sign, style = ("✓", "green") if is_well else ("✗", "red")
        screen.say(Text(outside(what), style=style), prefix=f"  {when:<6}  {sign} ")
    return all(seen.values())


def _prove(screen: Screen, installation: Installation) -> bool:
    """Verify the record; then change one word in a copy of it, and let that show."""
    from rich.text import Text

    from architect.cli.terminal.style import count, outside
    from architect.wiring.proving import prove

    _chapter(screen, "6  The record", "Every event carries the hash of the one before; checkpoints are signed.")
    proof = prove(installation)
    whole = f"whole: {count(proof.events, 'event')}, {count(proof.checkpoints, 'checkpoint')}"
    text = Text(proof.first.message if proof.first else whole, style="red" if proof.first else "green")
    screen.say(text, prefix=f"  {'✗' if proof.first else '✓'} ")
    tampered = _tampered(installation)
    if tampered:
        screen.say(
            "Now somebody changes one word in a copy of it by hand. `architect audit verify` says:", prefix="  · "
        )
        screen.say(Text(outside(tampered), style="red"), prefix="    ")
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


def _farewell(screen: Screen, installation: Installation, *, is_repaired: bool) -> None:
    from rich.text import Text

    screen.say()
    words = "The fault is repaired, and the sandbox is gone again." if is_repaired else "The fault is still there."
    screen.say(Text(words, style="bold green" if is_repaired else "bold red"))
    screen.say()
    screen.say("Look further:", prefix="")
    program = shutil.which("architect") or "architect"
    screen.say(f"export ARCHITECT_STATE={installation.folder}", prefix="  ")
    for words in ("runs list", "audit verify", f"show {own_runbooks() / RUNBOOK}", "--help"):
        screen.say(f"{program} {words}", prefix="  ")


def own_runbooks() -> Path:
    """Return the folder of the project's own runbooks: in the package where it is installed, else in the checkout."""
    import architect

    package = Path(architect.__file__).parent
    for folder in (package / "own_runbooks", package.parents[1] / "runbooks"):
        if (folder / RUNBOOK).is_file():
            return folder
    raise OutsideError("the project's own runbooks are not here", hint="install the package again")


def _chapter(screen: Screen, title: str, words: str) -> None:
    from rich.text import Text

    screen.say()
    screen.say(Text(f" {title} ", style="bold reverse"))
    screen.say(Text(words, style="dim"))
    screen.say()
