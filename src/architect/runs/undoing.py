"""The way back of a run: its changes undone in reverse order, each behind its own gate. Pure."""

from __future__ import annotations

from architect.commands.model import Effect
from architect.kernel.ids import ActionId
from architect.runs.events import UndoPlanned
from architect.runs.model import Executor, GateKind, PlannedAction
from architect.runs.state import RunState

UNDO_PREFIX = "undo."


def plan_undo(state: RunState, by: str) -> UndoPlanned:
    """Return the actions of the way back, newest change first, and what has none."""
    actions: list[PlannedAction] = []
    impossible: list[str] = []
    for change in reversed(state.changes_made):
        captured = state.step(change.id).undo
        if captured is None or not captured.commands:
            why = captured.impossible if captured and captured.impossible else "no way back was recorded"
            impossible.append(f"{change.id} {change.title}: {why}")
            continue
        actions += [
            _undo_action(change, command, number, text=captured.text)
            for number, command in enumerate(captured.commands, start=1)
        ]
    return UndoPlanned(by=by, actions=tuple(actions), impossible=tuple(impossible))


def _undo_action(change: PlannedAction, command: str, number: int, *, text: str) -> PlannedAction:
    """Return one action of the way back; it is a change like the one that it undoes, and asks at least as much."""
    effect = max(change.effect, Effect.DISRUPTIVE, key=lambda effect: effect.rank)
    is_grave = effect.rank > Effect.DISRUPTIVE.rank
    return PlannedAction(
        id=ActionId(f"{UNDO_PREFIX}{change.id}" + (f".{number}" if number > 1 else "")),
        step=change.step,
        step_title=f"Undo: {change.step_title}",
        phase="undo",
        title=text or f"undo {change.title}",
        executor=Executor.SHELL,
        text=command,
        executed=command,
        effect=effect,
        reason=f"restores what {change.id} changed",
        gate=GateKind.TWO_PEOPLE if is_grave else GateKind.CONFIRM_TARGET,
        targets=change.targets,
        variables=change.variables,
        connection=change.connection,
        tools=change.tools,
        line=change.line,
    )
