"""The entry point: finds a command's module when it is named, so that start-up pays for nothing else."""

from __future__ import annotations

import importlib
import sys

import click

from architect import __version__
from architect.kernel.errors import ArchitectError, IntegrityError, RefusedError

COMMANDS = {
    "show": "Print a document: runbooks, steps, actions, effects, variables.",
    "effects": "Say what commands do to their targets.",
    "run": "Run a runbook: reads by themselves, changes behind gates, recovery proved.",
    "runs": "List, show, resume, abort and undo runs; approve, answer and look into them.",
    "audit": "Verify and export the record.",
    "sandbox": "Bring up the rehearsal world, look at it, take it down.",
    "trust": "Trust the settings file of a project, by digest.",
    "person": "Add and list the people who may approve.",
    "db": "Upgrade, back up and restore the store.",
    "doctor": "Say what is missing on this machine and how to get it.",
    "demo": "Play the story of exhausted connections in a sandbox.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a working day."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of `cmd_name` and return its command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"architect.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="architect")
def command() -> None:
    """Operational runbooks that run: checked, rehearsed, executed with guard rails and proof."""


def exit_code(error: ArchitectError) -> int:
    """Return the exit code of an error that nobody handled: 1 where the answer is no, else 2."""
    return 1 if isinstance(error, RefusedError | IntegrityError) else 2


def main() -> None:
    """Run the command line; errors become one line on stderr and an exit code."""
    try:
        command(prog_name="architect")
    except ArchitectError as error:
        click.echo(f"architect: {error}", err=True)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main()
