"""`architect run`: from a runbook to a finished, proven, recorded run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from architect.kernel.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from architect.access.people import Identity
    from architect.cli.carrying import Manner
    from architect.runs.model import Plan
    from architect.wiring.installation import Installation
    from architect.wiring.sites import Site

PLACE = "place"
"""What `--approve` calls the confirmation of context, database and account in the profile `local`."""

approve_option = click.option(
    "--approve", "approved", multiple=True, metavar="ACTION", help="Confirm this action; never the second person."
)
form_option = click.option(
    "--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True, help="jsonl: events."
)
state_option = click.option("--state", metavar="FOLDER", help="The state folder; default: the user's own.")


@click.command()
@click.argument("reference", metavar="FILE#RUNBOOK")
@click.option("--profile", default="local", show_default=True, metavar="NAME", help="Where it runs.")
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="The value of a variable.")
@click.option("--choose", "choices", multiple=True, metavar="GROUP=N", help="The option of a group.")
@approve_option
@click.option("--dry-run", is_flag=True, help="Print the plan and what the tools' own dry runs say; change nothing.")
@click.option("--as", "name", metavar="NAME", help="Sandbox only: act as NAME, recorded as unverified.")
@form_option
@state_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    reference: str,
    profile: str,
    values: Sequence[str],
    choices: Sequence[str],
    approved: Sequence[str],
    dry_run: bool,
    name: str | None,
    form: str,
    state: str | None,
) -> None:
    """Run a runbook: reads run by themselves, changes ask first, recovery is proved, all of it is recorded.

    Exit codes: 0 all reads ran, or the change is verified; 1 the answer is no; 2 wrong use; 3 waiting for a person;
    4 the outcome of a change is unknown; 130 interrupted.
    """
    from architect.cli.carrying import Manner
    from architect.cli.documents import find_runbook, load, only_runbook, parse_reference
    from architect.runs.planning import Request
    from architect.wiring.installation import open_installation
    from architect.wiring.sites import open_site, plan_for

    named = parse_reference(reference)
    document = load(named.path)
    runbook = find_runbook(document, named.runbook) if named.runbook else only_runbook(document)
    request = Request(values=dict(_pairs(values)), choices=dict(_numbers(choices)))
    installation = ctx.with_resource(open_installation(state))
    for notice in installation.settings.notices:
        click.echo(f"architect: {notice}", err=True)
    site = open_site(installation, profile)
    manner = Manner(approved=tuple(approved), form=form, is_interactive=sys.stdin.isatty() and sys.stdout.isatty())
    at_first_sight = plan_for(site, document, runbook, request, is_looking=False)
    is_right_place = _is_right_place(site, at_first_sight, manner)
    if dry_run:
        plan = plan_for(site, document, runbook, request) if is_right_place else at_first_sight
        _print_dry_run(site, plan, form, is_trying=is_right_place)
    elif is_right_place:
        ctx.exit(_start(site, plan_for(site, document, runbook, request), name, manner))
    else:
        ctx.exit(3)


def _start(site: Site, plan: Plan, name: str | None, manner: Manner) -> int:
    """Show the plan, create the run and carry it on; return the exit code."""
    from architect.cli.carrying import carry_on
    from architect.cli.terminal.plan import print_plan
    from architect.cli.terminal.style import make_console
    from architect.wiring.engines import workplace_of

    identity = _identity(site.installation, site, name)
    run = site.installation.service.create(plan, identity)
    if manner.form == "text":
        console = make_console()
        print_plan(plan, console)
        console.print(f"\n{run}: everything from here on is recorded\n", style="dim")
    with workplace_of(site.installation, identity=identity) as place:
        return carry_on(place, run, manner=manner)


def _identity(installation: Installation, site: Site, name: str | None) -> Identity:
    """Return who acts: the operating-system user, or in a sandbox whoever is named."""
    from architect.access.people import Identity, Proof, person_name

    if name is None:
        return installation.identity
    if not site.is_sandbox:
        raise RefusedError("--as is for sandboxes only", hint="you act as the user you are logged in as")
    return Identity(person=person_name(name), proof=Proof.UNVERIFIED)


def _is_right_place(site: Site, plan: Plan, manner: Manner) -> bool:
    """Show what the profile `local` would touch, and have it confirmed; other profiles assert it themselves."""
    from architect.runs.profiles import LOCAL
    from architect.wiring.sites import places_of

    if site.profile.name != LOCAL or site.is_sandbox:
        return True
    places = places_of(site, plan)
    if not places:
        return True
    click.echo("The profile `local` is this machine, live. This runbook touches:", err=True)
    for place in places:
        click.echo(f"  {place.system:<12} {place.name}", err=True)
    if PLACE in manner.approved:
        return True
    if manner.is_interactive:
        return click.confirm("Is that where it shall run?", default=False, err=True)
    click.echo(f"Nothing was run: confirm with --approve {PLACE}, or name a profile that asserts them.", err=True)
    return False


def _print_dry_run(site: Site, plan: Plan, form: str, *, is_trying: bool) -> None:
    """Print the plan with what the tools' own dry runs say."""
    from architect.cli.terminal.plan import print_plan
    from architect.cli.terminal.style import make_console, outside
    from architect.wiring.trying import try_dry_runs

    if form == "jsonl":
        import msgspec

        click.echo(msgspec.json.encode(plan).decode())
        return
    console = make_console()
    print_plan(plan, console, is_detailed=True)
    for tried in try_dry_runs(site, plan) if is_trying else ():
        console.print(f"\n{tried.action} tried as: {outside(tried.command)}", style="bold", soft_wrap=True)
        console.print(f"  {tried.outcome}")
        for line in tried.lines:
            console.print(f"    {line}", soft_wrap=True)
    console.print("\nNothing was changed.", style="dim")


def _pairs(values: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in values:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise UsageError(f"--set {text[:40]!r}: expected NAME=VALUE")
        yield name, value


def _numbers(choices: Sequence[str]) -> Iterator[tuple[str, int]]:
    for text in choices:
        group, _, number = text.partition("=")
        if not group or not (number.isascii() and number.isdecimal()):
            raise UsageError(f"--choose {text[:40]!r}: expected GROUP=NUMBER", hint="for example --choose 4=2")
        yield group, int(number)
