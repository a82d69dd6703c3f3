"""`architect run`: from a runbook to a finished, proven, recorded run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from architect.kernel.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from architect.access.people import Identity
    from architect.cli.carrying import Manner
    from architect.runs.model import Plan
    from architect.wiring.sites import Site
    from architect.wiring.trying import Tried

PLACE = "place"
"""What `--approve` calls the confirmation of context, database and account in the profile `local`."""
WAITING = 3

approve_option = click.option(
    "--approve",
    "approved",
    multiple=True,
    metavar="ACTION",
    help="Confirm this action beforehand, as `2.1`; never the second person's word. Can be given several times.",
)
form_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    show_default=True,
    help="jsonl: each event as it is recorded, one JSON object a line.",
)
state_option = click.option(
    "--state",
    metavar="FOLDER",
    help="The state folder; default: $ARCHITECT_STATE, else the user's own.",
)


@click.command(short_help="Run a runbook, asking before every change.")
@click.argument("reference", metavar="FILE[#RUNBOOK]")
@click.option(
    "--profile",
    default="local",
    show_default=True,
    metavar="NAME",
    help="Where it runs: `sandbox`, or a profile of architect.toml. `local` is this machine, for real.",
)
@click.option(
    "--set",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="The value of a variable; of a secret where it is: TOKEN=env:MY_TOKEN.",
)
@click.option(
    "--choose", "choices", multiple=True, metavar="GROUP=N", help="Take option N where a step offers several, as `4=2`."
)
@approve_option
@click.option("--dry-run", is_flag=True, help="Print the plan and try the tools' own dry runs; change nothing.")
@click.option("--as", "name", metavar="NAME", help="In a sandbox only: act as NAME, recorded as not verified.")
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
    """Run a runbook of a Markdown file.

    Reads run by themselves. Every change asks first, and says what it would do, to what, how it is undone and what is
    checked afterwards. Recovery is measured, and all of it is recorded.

    \b
    Exit codes:
      0    all reads ran, or the change is verified
      1    the answer is no: not recovered, aborted, refused
      2    wrong use, or something that cannot be read
      3    it waits for a person (go on with `architect runs resume`)
      4    how a change ended is not known
      130  interrupted
    """
    from architect.cli.carrying import Manner, is_somebody_here, require_known
    from architect.cli.documents import find_runbook, load, only_runbook, parse_reference, require_utf8
    from architect.runs.planning import Request
    from architect.wiring.installation import open_installation
    from architect.wiring.sites import open_site, plan_for

    named = parse_reference(reference)
    document = load(named.path)
    runbook = find_runbook(document, named.runbook) if named.runbook else only_runbook(document)
    require_utf8(document, runbook)
    request = Request(values=dict(_pairs(values)), choices=dict(_numbers(choices)))
    installation = ctx.with_resource(open_installation(state))
    for notice in installation.settings.notices:
        click.echo(f"architect: {notice}", err=True)
    site = open_site(installation, profile)
    identity = _identity(site, name)
    at_first_sight = plan_for(site, document, runbook, request, is_looking=False)
    _require_fit(at_first_sight, request.values)
    for binding in at_first_sight.bindings:
        if binding.reference:
            installation.secrets.resolve(binding.reference)
    require_known([each for each in approved if each != PLACE], at_first_sight.actions)
    manner = Manner(approved=tuple(approved), form=form, is_interactive=is_somebody_here())
    is_right_place = _is_right_place(site, at_first_sight, manner)
    if dry_run:
        plan = plan_for(site, document, runbook, request) if is_right_place else at_first_sight
        _print_dry_run(site, plan, form, is_trying=is_right_place)
    elif is_right_place:
        ctx.exit(_start(site, plan_for(site, document, runbook, request), identity, manner))
    else:
        ctx.exit(WAITING)


def _start(site: Site, plan: Plan, identity: Identity, manner: Manner) -> int:
    """Show the plan, create the run and carry it on; return the exit code."""
    from architect.cli.carrying import carry_on
    from architect.cli.terminal.plan import print_plan
    from architect.cli.terminal.screen import Screen
    from architect.wiring.workplace import workplace_of

    run = site.installation.service.create(plan, identity)
    if manner.form == "text":
        screen = Screen()
        print_plan(plan, screen)
        screen.say()
        screen.say(f"{run}: from here on everything is recorded")
    with workplace_of(site.installation, identity=identity) as place:
        return carry_on(place, run, manner=manner)


def _require_fit(plan: Plan, values: Mapping[str, str]) -> None:
    """Refuse what was given on the command line and may not go where the document puts it, before anything else."""
    from architect.runs.values import refusals

    literal = {binding.name for binding in plan.bindings if binding.reference is None}
    given = {name: value for name, value in values.items() if name in literal}
    problems = dict.fromkeys(problem for action in plan.actions for problem in refusals(action.slots, given))
    if problems:
        raise UsageError(f"{plan.document}: {'; '.join(problems)}", hint="nothing was run")


def _identity(site: Site, name: str | None) -> Identity:
    """Return who acts: the operating-system user, or in a sandbox whoever is named."""
    from architect.access.people import Identity, Proof, person_name

    if name is None:
        return site.installation.identity
    if not site.is_sandbox:
        raise RefusedError("--as is for sandboxes only", hint="you act as the user you are logged in as")
    return Identity(person=person_name(name), proof=Proof.UNVERIFIED)


def _is_right_place(site: Site, plan: Plan, manner: Manner) -> bool:
    """Show what the profile `local` would touch, and have it confirmed; other profiles assert it themselves."""
    from architect.cli.terminal.style import outside
    from architect.runs.profiles import LOCAL
    from architect.wiring.places import places_of

    if site.profile.name != LOCAL or site.is_sandbox:
        return True
    places = places_of(site, plan)
    if not places:
        return True
    click.echo("The profile `local` is this machine, for real. This runbook would speak to:", err=True)
    width = max(len(place.system) for place in places)
    for place in places:
        click.echo(f"  {place.system:<{width}}  {outside(place.name)}", err=True)
    if PLACE in manner.approved:
        return True
    if manner.is_interactive:
        return click.confirm("Is that where it shall run?", default=False, err=True)
    click.echo(
        f"Nothing was run, not even a read. If that is the right place: --approve {PLACE}. Better: a profile in"
        " architect.toml that says what they must be.",
        err=True,
    )
    return False


def _print_dry_run(site: Site, plan: Plan, form: str, *, is_trying: bool) -> None:
    """Print the plan with what the tools' own dry runs say."""
    from architect.cli.terminal.screen import Screen
    from architect.wiring.trying import try_dry_runs

    tried = try_dry_runs(site, plan) if is_trying else iter(())
    if form == "jsonl":
        _print_lines(plan, tried)
        return
    from architect.cli.terminal.plan import print_plan, print_tried

    screen = Screen()
    print_plan(plan, screen, is_detailed=True)
    for each in tried:
        print_tried(each.action, each.command, (each.outcome, *each.lines), screen)
    screen.say()
    screen.say("Nothing was changed." if is_trying else "Nothing was asked, tried or changed.")


def _print_lines(plan: Plan, tried: Iterator[Tried]) -> None:
    """Print the plan and each trial as one line of JSON."""
    import msgspec

    click.echo(msgspec.json.encode({"kind": "plan", "plan": plan}).decode())
    for each in tried:
        click.echo(msgspec.json.encode({"kind": "tried", **msgspec.to_builtins(each)}).decode())


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
