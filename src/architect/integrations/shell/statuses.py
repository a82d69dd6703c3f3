"""What exit statuses mean. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from architect.commands.model import CommandEffect, Flag
from architect.runs.events import Outcome
from architect.runs.getting import how_to_get

SIGPIPE_STATUS = 141
NOT_FOUND = 127
NOT_EXECUTABLE = 126
KILLED = 128
"""What a shell adds to the number of the signal that ended a command."""
LAST_SIGNAL = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An exit status with the statuses of its last pipeline, understood."""

    outcome: Outcome
    reason: str = ""


def read_statuses(status: int, pipe: Sequence[int], commands: Sequence[CommandEffect]) -> Reading:
    """Say how a shell action ended.

    A stage that got SIGPIPE because its reader ended first did its work. 1 of grep or diff is the answer "none".
    """
    stages = tuple(pipe) if len(pipe) > 1 and status in pipe else (status,)
    wrong = {
        place: code
        for place, code in enumerate(stages)
        if code != 0 and not (code == SIGPIPE_STATUS and place < len(stages) - 1)
    }
    if not wrong:
        return Reading(outcome=Outcome.SUCCEEDED)
    if all(code == 1 and _answers_none(place, stages, commands) for place, code in wrong.items()):
        return Reading(outcome=Outcome.NONE_FOUND, reason="nothing was found")
    return Reading(outcome=Outcome.FAILED, reason=_why(wrong, stages, commands))


def _answers_none(place: int, stages: Sequence[int], commands: Sequence[CommandEffect]) -> bool:
    if len(commands) == len(stages):
        return Flag.EXIT_ONE_IS_NONE in commands[place].flags
    is_last = place == len(stages) - 1
    return is_last and bool(commands) and Flag.EXIT_ONE_IS_NONE in commands[-1].flags


def _why(wrong: dict[int, int], stages: Sequence[int], commands: Sequence[CommandEffect]) -> str:
    parts = []
    for place, code in wrong.items():
        where = f"stage {place + 1} of the pipeline: " if len(stages) > 1 else ""
        tool = commands[place].tool if len(commands) == len(stages) else ""
        parts.append(where + _meaning(code, tool))
    return "; ".join(parts)


def _meaning(code: int, tool: str) -> str:
    if code == NOT_FOUND:
        how = f"; {how_to_get(tool)}" if tool else ""
        name = f"{tool}: " if tool else ""
        return f"{name}command not found (exit status 127{how})"
    if code == NOT_EXECUTABLE:
        return "the command cannot be executed (exit status 126)"
    if KILLED < code <= KILLED + LAST_SIGNAL:
        return f"ended by signal {code - KILLED} (exit status {code})"
    return f"exit status {code}"
