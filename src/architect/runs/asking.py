"""Which adapter asks a condition or reads the state before a change, and what earlier output proposes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from architect.runs.defaults import proposal
from architect.runs.measuring import cannot_tell, of_output
from architect.runs.model import Condition, ConditionKind, DefaultFrom, PlannedAction, UndoPlan
from architect.runs.ports import Captured, ConditionAsker, Measurement, OutputKey, Proposer, RunContext, UndoReader

MAX_OUTPUT_CHARACTERS = 8 << 20

ReadOutput = Callable[[OutputKey], str]
"""Returns the stored output of an attempt as text."""


class ConditionsByKind(ConditionAsker):
    """Hands each condition to the adapter of its kind; a kind without one cannot be told."""

    def __init__(self, askers: Mapping[ConditionKind, ConditionAsker]) -> None:
        self._askers = askers

    def ask(self, condition: Condition, context: RunContext) -> Measurement:
        """Ask once."""
        asker = self._askers.get(condition.kind)
        if asker is None:
            return cannot_tell(f"nothing here can ask a condition of kind {condition.kind}", is_settled=True)
        return asker.ask(condition, context)


class OutputConditions(ConditionAsker):
    """Asks OUTPUT conditions of what an action of the run printed."""

    def __init__(self, read: ReadOutput) -> None:
        self._read = read

    def ask(self, condition: Condition, context: RunContext) -> Measurement:
        """Look into the output of the last attempt."""
        key = context.outputs.get(condition.action) if condition.action is not None else None
        return of_output(condition, None if key is None else self._read(key)[:MAX_OUTPUT_CHARACTERS])


class UndoByCapture(UndoReader):
    """Hands each capture to the adapter whose name begins it (`kubernetes-replicas` → `kubernetes`)."""

    def __init__(self, readers: Mapping[str, UndoReader]) -> None:
        self._readers = readers

    def capture(self, action: PlannedAction, undo: UndoPlan, context: RunContext) -> Captured:
        """Return the way back, or why there is none."""
        reader = self._readers.get(undo.capture.partition("-")[0])
        if reader is None:
            return Captured(text=undo.text, impossible=undo.impossible or "nothing here can read the state before")
        return reader.capture(action, undo, context)


class OutputProposer(Proposer):
    """Proposes values from what earlier actions of the run printed."""

    def __init__(self, read: ReadOutput) -> None:
        self._read = read

    def propose(self, default: DefaultFrom, context: RunContext) -> str | None:
        """Return the one value that the output gives."""
        key = context.outputs.get(default.action)
        return proposal(default, self._read(key)[:MAX_OUTPUT_CHARACTERS]) if key is not None else None
