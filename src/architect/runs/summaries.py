"""One line of a run, for lists. Pure."""

from __future__ import annotations

from architect.runs.ports import RunSummary
from architect.runs.state import RunState


def summary_of(state: RunState) -> RunSummary:
    """Return the line that a list shows of the run."""
    gate = state.open_gate
    return RunSummary(
        run=state.run,
        runbook=state.plan.runbook,
        title=state.plan.title,
        document=state.plan.document,
        profile=state.plan.profile,
        status=status_of(state),
        waiting_for=gate.opened.question if gate is not None and state.ended is None else "",
        verdict=state.ended.verdict if state.ended else "",
        created_at=state.created_at,
        updated_at=state.last_at,
        requested_by=state.requested_by,
    )


def status_of(state: RunState) -> str:
    """Return `ended`, `interrupted`, `waiting`, `blocked` (by another run) or `running`."""
    if state.ended is not None:
        return "ended"
    if state.is_interrupted:
        return "interrupted"
    if state.busy is not None:
        return "blocked"
    return "waiting" if state.open_gate is not None else "running"
