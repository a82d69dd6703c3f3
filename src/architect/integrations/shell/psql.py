"""SQL actions through psql, where the text holds psql's own commands (`\\d`, `\\copy`, `\\gset`)."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from architect.integrations.shell.executor import ShellAction, ShellRunner, write_private
from architect.integrations.shell.tools import ToolMissingError
from architect.runs.connections import expanded_words
from architect.runs.getting import how_to_get
from architect.runs.model import Executor, PlannedAction, ToolPath
from architect.runs.ports import ActionRequest, ActionRunner, PreparedAction

_OWN_COMMAND = re.compile(r"^\s*\\[a-zA-Z!?]|\\(?:g|gx|gset|gexec|watch|crosstabview)\b", re.MULTILINE)


def needs_psql(action: PlannedAction) -> bool:
    """Say whether only psql understands the action's text."""
    return action.executor is Executor.SQL and _OWN_COMMAND.search(action.executed) is not None


class PsqlRunner(ActionRunner):
    """Carries SQL actions out through psql, under the guard of a ShellRunner.

    The statements lie in a file, the first error ends them, the user's own start file is left alone, and values are
    psql variables, taken from the environment and never from the arguments.
    """

    def __init__(self, shell: ShellRunner) -> None:
        self._shell = shell

    def prepare(self, request: ActionRequest) -> ShellAction:
        """Make the action ready. Raises ToolMissingError without psql, RefusedError for an unreadable connection."""
        psql = _psql(request)
        key = request.key
        statements = request.folder / "steps" / f"{key.action}-{key.attempt}.sql"
        statements.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(statements, statements_text(request.action))
        variables = {**request.environment, **request.values}
        action = replace(
            request.action,
            executed=command_text(request.action.connection, statements, variables=variables),
            tools=(ToolPath(name="psql", path=psql),),
        )
        return self._shell.prepare(replace(request, action=action))


class SqlRunners(ActionRunner):
    """Chooses the way of each SQL action: natively, or through psql where only psql understands it."""

    def __init__(self, *, native: ActionRunner, psql: ActionRunner) -> None:
        self._native = native
        self._psql = psql

    def prepare(self, request: ActionRequest) -> PreparedAction:
        """Make the action ready."""
        return (self._psql if needs_psql(request.action) else self._native).prepare(request)


def statements_text(action: PlannedAction) -> str:
    """Return what psql reads: its variables from the environment, then the statements."""
    markers = dict.fromkeys(slot.marker for slot in action.slots)
    return "".join(f"\\getenv {marker} {marker}\n" for marker in markers) + action.executed.rstrip() + "\n"


def command_text(connection: str | None, statements: Path, *, variables: Mapping[str, str]) -> str:
    """Return the call of psql for the action's connection."""
    words = list(expanded_words(connection, variables)) if connection else ["psql"]
    if words[0].rpartition("/")[2] != "psql":
        words = ["psql", *words]
    options = ["-X", "-v", "ON_ERROR_STOP=1", "--no-password", "-f", str(statements)]
    return shlex.join([words[0], *options, *words[1:]])


def _psql(request: ActionRequest) -> str:
    planned = next((tool.path for tool in request.action.tools if tool.name == "psql"), None)
    found = planned or shutil.which("psql", path=request.environment.get("PATH"))
    if found is None:
        raise ToolMissingError("psql is not installed, and the text holds commands of its own", hint=how_to_get("psql"))
    return found
