"""`architect person`: the people who may approve."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from architect.kernel.errors import UsageError

if TYPE_CHECKING:
    from architect.access.people import Person

state_option = click.option(
    "--state", metavar="FOLDER", help="The state folder; default: $ARCHITECT_STATE, else the user's own."
)


@click.group()
def command() -> None:
    """Add, list and remove the people who may approve."""


@command.command(short_help="Register somebody who may approve.")
@click.argument("name")
@click.option("--account", "accounts", multiple=True, metavar="USER", help="An operating-system user that is NAME.")
@click.option("--no-secret", is_flag=True, help="NAME approves from an account of their own only.")
@state_option
@click.pass_context
def add(ctx: click.Context, *, name: str, accounts: Sequence[str], no_secret: bool, state: str | None) -> None:
    """Register NAME, who types a secret of their own now, and again whenever they approve at somebody's terminal.

    Without a terminal the secret is one line of standard input. Only a verifier of it is kept.
    """
    from architect.access.people import person_name
    from architect.access.secrets import verifier
    from architect.wiring.installation import open_installation

    person = person_name(name)
    if no_secret and not accounts:
        raise UsageError("somebody without a secret needs an account", hint="--account USER")
    kept = "" if no_secret else verifier(_secret(person))
    installation = ctx.with_resource(open_installation(state))
    installation.stores.people.add(person, accounts=accounts, verifier=kept, by=installation.identity.actor)
    how = "with a secret" if kept else f"from {', '.join(accounts)}"
    click.echo(f"{person} may approve {how}.")


@command.command(short_help="Take somebody out.")
@click.argument("name")
@state_option
@click.pass_context
def remove(ctx: click.Context, name: str, state: str | None) -> None:
    """Take NAME out: their secret is forgotten, and their votes that still wait are void."""
    from architect.access.people import person_name
    from architect.wiring.installation import open_installation

    installation = ctx.with_resource(open_installation(state))
    installation.stores.people.remove(person_name(name), by=installation.identity.actor)
    click.echo(f"{name} may no longer approve.")


@command.command("list", short_help="Show everybody who is registered.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@state_option
@click.pass_context
def list_people(ctx: click.Context, form: str, state: str | None) -> None:
    """Show everybody who is registered, and whether one person may stand in for two."""
    from architect.wiring.installation import open_installation

    installation = ctx.with_resource(open_installation(state))
    people = installation.stores.people.list()
    if form == "json":
        click.echo(json.dumps({"people": [_row(person) for person in people]}, indent=2))
        return
    for person in people:
        since = f"since {person.added_at:%Y-%m-%d}" if person.is_active else f"removed {person.removed_at:%Y-%m-%d}"
        accounts = f" ({', '.join(person.accounts)})" if person.accounts else ""
        click.echo(f"{person.id}{accounts}  {since}")
    if installation.rules.is_single_person:
        click.echo("One person: the target's name and a reason stand in for a second one.")


def _row(person: Person) -> dict[str, object]:
    return {
        "name": person.id,
        "accounts": list(person.accounts),
        "added_at": person.added_at.isoformat(),
        "added_by": person.added_by,
        "removed_at": person.removed_at.isoformat() if person.removed_at and not person.is_active else None,
    }


def _secret(person: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
    secret: str = click.prompt(f"Secret of {person}", hide_input=True, confirmation_prompt=True, err=True)
    return secret
