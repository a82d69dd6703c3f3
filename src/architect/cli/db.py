"""`architect db`: upkeep of the store."""

from __future__ import annotations

import os
from pathlib import Path

import click

from architect.kernel.errors import UsageError

state_option = click.option(
    "--state", metavar="FOLDER", help="The state folder; default: $ARCHITECT_STATE, else the user's own."
)


@click.group()
def command() -> None:
    """Upgrade the store, back it up, restore it, make its lists again."""


@command.command()
@state_option
def upgrade(state: str | None) -> None:
    """Bring the store to this version. Killed in the middle, it is as it was before."""
    from architect.kernel.clock import SystemClock
    from architect.settings import state_folder
    from architect.storage.database import open_database
    from architect.storage.upgrading import upgrade as upgrade_store
    from architect.wiring.installation import store_address

    database = open_database(store_address(state_folder(state, os.environ), os.environ))
    try:
        done = upgrade_store(database, SystemClock())
    finally:
        database.close()
    if done.before == done.after:
        click.echo(f"The store is of this version already ({done.after}).")
    else:
        click.echo(f"The store is of version {done.after} now; it was {done.before or 'empty'}.")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@state_option
def backup(file: Path, state: str | None) -> None:
    """Copy the store to FILE while it is in use. PostgreSQL has pg_dump for that."""
    from architect.storage.backup import back_up
    from architect.storage.stores import store_place

    back_up(store_place(_folder(state)), file)
    click.echo(f"{file}: {file.stat().st_size} bytes, mode 0600. The keys are not in it.")


@command.command(short_help="Put a copy in the place of the store.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@state_option
def restore(file: Path, state: str | None) -> None:
    """Put FILE in the place of what the store holds, which is kept beside it. The record says that it was done."""
    from architect.wiring.restoring import restore as restore_store

    done = restore_store(file, _folder(state), os.environ)
    click.echo(f"Restored.{f' What was there is {done.aside} now.' if done.aside else ''}")
    if done.lost:
        click.echo(f"{len(done.lost)} checkpoints are newer than the copy, up to {done.lost[-1]}")


@command.command()
@state_option
@click.pass_context
def rebuild(ctx: click.Context, state: str | None) -> None:
    """Make the list of runs again from their events."""
    from architect.wiring.installation import open_installation

    installation = ctx.with_resource(open_installation(state))
    click.echo(f"{installation.stores.rebuild()} runs.")


def _folder(state: str | None) -> Path:
    """Return the state folder of a store that is a file."""
    from architect.settings import STORE_VARIABLE, state_folder, store_url

    if store_url(os.environ):
        raise UsageError(f"the store is the PostgreSQL that {STORE_VARIABLE} names", hint="use pg_dump and pg_restore")
    return state_folder(state, os.environ)
