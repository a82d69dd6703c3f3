"""The entry point: finds a command's module when it is named, so that start-up pays for nothing else."""

from __future__ import annotations

import contextlib
import difflib
import errno
import gc
import importlib
import os
import re
import sys
from collections.abc import Sequence

import click

from architect import __version__
from architect.kernel.errors import ArchitectError, IntegrityError, RefusedError, UsageError

COMMANDS = {
    "show": "Print a document: runbooks, steps, actions, effects.",
    "effects": "Say what commands do to their targets.",
    "run": "Run a runbook, asking before every change.",
    "runs": "Look into runs; resume, approve, undo, abort them.",
    "audit": "Verify and export the record.",
    "sandbox": "A world to rehearse in: up, status, fault, down.",
    "trust": "Trust the settings file of a project, by digest.",
    "person": "Add, list and remove the people who may approve.",
    "db": "Upgrade, back up and restore the store.",
    "doctor": "Say what is missing on this machine.",
    "demo": "Play the story of exhausted connections in a sandbox.",
}
NAME = "architect"
COMPLETION = "_ARCHITECT_COMPLETE"
"""Set where a shell asks for completions."""
INTERRUPTED = 130
_NO_SUCH_COMMAND = re.compile(r"No such command '([^']*)'\Z")
"""What click says of a command that a lazy group has not; of others it knows what is like it."""
NEW_OBJECTS = 100_000
"""How many objects may be made before those that only hold each other are looked for."""
NO_READER = 141
"""What a program exits with whose reader ended first."""


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
    collect_seldom()
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # always a TextIOWrapper here
    sys.exit(_exit_code_of_command())


def collect_seldom() -> None:
    """Look for cycles among objects less often: documents are many small objects that have none."""
    gc.set_threshold(NEW_OBJECTS, 20, 20)


def _open_what_is_closed() -> None:
    """Put nothing where a standard stream was closed: else the next file that is opened would take its place."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - as long as we live


def _exit_code_of_command() -> int:
    try:
        _require_text(sys.argv[1:])
        if COMPLETION in os.environ:
            command(prog_name=NAME)
        with command.make_context(NAME, sys.argv[1:]) as context:
            command.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    except ArchitectError as error:
        _say(f"architect: {error}")
        return exit_code(error)
    except click.ClickException as error:
        _say(_in_one_line(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("architect: interrupted; nothing more was started")
        return INTERRUPTED
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        _let_go_of_stdout()
        return NO_READER
    return 0


def _in_one_line(error: click.ClickException) -> str:
    """Return what is wrong with the use of a command, and where its help is; the help itself where that was asked."""
    words = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    if words.startswith("Usage:"):
        return words
    if context is None:
        return f"architect: {words}"
    hint = f"{context.command_path} --help"
    if isinstance(context.command, click.Group) and (asked := _NO_SUCH_COMMAND.search(words)):
        close = difflib.get_close_matches(asked[1], context.command.list_commands(context), n=1)
        hint = f"did you mean `{context.command_path} {close[0]}`?" if close else hint
    return f"architect: {words[:1].lower()}{words[1:]} ({hint})"


def _require_text(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text: what is said on the command line goes into the record as it is."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"the argument {argument[:80]!r} is not valid UTF-8") from error


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


def _let_go_of_stdout() -> None:
    """Keep the end of the process from stumbling over a reader that is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nowhere, sys.stdout.fileno())


if __name__ == "__main__":
    main()
