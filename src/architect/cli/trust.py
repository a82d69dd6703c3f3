"""`architect trust`: let a project's settings count, by digest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from architect.kernel.errors import UsageError
from architect.runs.redaction import SecretForms, redact

if TYPE_CHECKING:
    from architect.runs.profiles import Profile
    from architect.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--list", "is_list", is_flag=True, help="Show what is trusted.")
@click.option("--revoke", is_flag=True, help="Stop trusting FILE.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--state", metavar="FOLDER", help="The state folder; default: $ARCHITECT_STATE, else the user's own.")
@click.pass_context
def command(
    ctx: click.Context, *, file: Path | None, is_list: bool, revoke: bool, yes: bool, form: str, state: str | None
) -> None:
    """Trust the settings FILE of a project (default: the nearest `architect.toml`) as it is now.

    One changed byte, and it is untrusted again. What it says is checked before.
    """
    from architect.cli.terminal.style import outside
    from architect.settings import digest_of, parse_settings, read_settings_file
    from architect.wiring.installation import open_installation

    installation = ctx.with_resource(open_installation(state))
    trust, actor = installation.stores.trust, installation.identity.actor
    if is_list:
        _print(form, [{"path": each.path, "sha256": each.sha256, "by": each.by} for each in trust.list()])
        return
    path = _path(file)
    if revoke:
        was_trusted = trust.revoke(str(path), by=actor)
        click.echo(f"{path} is no longer trusted." if was_trusted else f"{path} was not trusted.")
        return
    text = read_settings_file(path)
    settings = parse_settings(text, path)
    click.echo(f"{path} says:", err=True)
    for line in _says(settings):
        click.echo(f"  {outside(line)}", err=True)
    if not yes and not click.confirm("Have you read it, and shall it count?", default=False, err=True):
        ctx.exit(1)
    trusted = trust.trust(str(path), digest_of(text), by=actor)
    click.echo(f"{path} is trusted: SHA-256 {trusted.sha256}")


def _path(file: Path | None) -> Path:
    from architect.settings import FILE_NAME, find_project_file

    if file is not None:
        return (file / FILE_NAME if file.is_dir() else file).resolve()
    found = find_project_file(Path.cwd())
    if found is None:
        raise UsageError(f"there is no {FILE_NAME} here or above", hint="name the file")
    return found


def _says(settings: Settings) -> Iterator[str]:
    """Yield what a file would change, in the order of what deserves a look."""
    for script in settings.scripts:
        yield f"script {script.path} is {script.effect} (SHA-256 {script.sha256[:16]})"
    for name, profile in settings.profiles.items():
        yield f"profile {name} is {profile.kind}"
        for line in _says_of(profile):
            yield f"  {line}"
    if settings.people_count > 1:
        yield f"{settings.people_count} people"
    for place in settings.checkpoint_copies:
        yield f"checkpoints are copied to {place}"


def _says_of(profile: Profile) -> Iterator[str]:
    systems = profile.systems
    if profile.passes:
        yield f"passes {', '.join(profile.passes)}"
    for variable, value in profile.environment.items():
        yield f"{variable} is {redact(str(value), SecretForms(()))}"
    for host, address in profile.hosts.items():
        yield f"host {host} is {address or 'known'}"
    for tool, path in profile.tools.items():
        yield f"{tool} is {path}"
    if profile.repository:
        yield f"reads files of {profile.repository}"
    for what, expected in (("context", systems.context), ("database", systems.database), ("account", systems.account)):
        if expected:
            yield f"expects the {what} {expected}"
    if profile.people:
        yield f"only {', '.join(profile.people)} may approve"


def _print(form: str, rows: list[dict[str, str]]) -> None:
    if form == "json":
        click.echo(json.dumps({"trusted": rows}, indent=2))
        return
    for row in rows:
        click.echo(f"{row['sha256'][:16]}  {row['path']}  by {row['by']}")
    if not rows:
        click.echo("Nothing is trusted.")
