"""The closest thing to a rehearsal that a tool itself offers; it changes nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from architect.commands.model import CommandEffect, Effect
from architect.runs.model import Executor, Plan, PlannedAction

NONE_EXISTS = "no dry run exists"

_PLAIN_STATEMENT = re.compile(r"\s*(?:select|insert|update|delete|merge|values)\b", re.IGNORECASE)
_CALLS = re.compile(
    r"\b(?!(?:count|max|min|sum|avg|now|coalesce|lower|upper|length|round|date_trunc|extract"
    r"|values|in|and|or|exists|not|any|all|some|over|filter|as|into|on|using|where|select|from|by)\b)\w+\s*\(",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunLine:
    """What a dry run says of one action. `command` is what would be tried in its place; empty: none exists."""

    action: PlannedAction
    command: str
    explanation: str


def closest_dry_run(commands: Sequence[CommandEffect], text: str, *, executor: Executor) -> str | None:
    """Return the command that shows an action's change without making it; None where the tool has none.

    An action of several changes has one only if each has.
    """
    changes = [command for command in commands if command.effect is not Effect.READ]
    if executor is Executor.SQL:
        return explained(text)
    if not changes or any(command.dry_run is None for command in changes):
        return None
    return "\n".join(command.dry_run for command in changes if command.dry_run)


def explained(statement: str) -> str | None:
    """Return the EXPLAIN of one plain read or DML, never ANALYZE; None for anything else.

    EXPLAIN plans, and planning may run functions that claim to be immutable: a statement that calls any but the
    plainest functions is left alone.
    """
    body = statement.strip().rstrip(";").strip()
    if ";" in body or not _PLAIN_STATEMENT.match(body) or _CALLS.search(body):
        return None
    return f"EXPLAIN {body}"


def dry_run_of(plan: Plan) -> Iterator[DryRunLine]:
    """Say for every action what its dry run is, in order; nothing is run."""
    for action in plan.actions:
        yield DryRunLine(action=action, command=action.dry_run or "", explanation=_explanation(action))


def _explanation(action: PlannedAction) -> str:
    if action.refused:
        return f"refused: {action.refused}"
    if action.executor in (Executor.MANUAL, Executor.MESSAGE):
        return "a person does this"
    if action.effect is Effect.READ and action.executor is not Executor.SQL:
        return "reads only"
    if action.dry_run is None:
        return NONE_EXISTS
    tool = "EXPLAIN (the plan only)" if action.dry_run.startswith("EXPLAIN") else "the tool's own dry run"
    return f"closest: {tool}"
