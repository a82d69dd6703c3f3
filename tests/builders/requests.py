"""Contexts and requests of a run, for adapters that are tried by themselves."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from architect.commands.model import Effect
from architect.kernel.ids import ActionId, RunbookId, RunId
from architect.runs.model import Condition, ConditionKind, Executor, GateKind, Limits, PlannedAction, Slot
from architect.runs.ports import ActionRequest, OutputKey, RunContext, Stop, Stream

RUN = RunId("RUN-1")
RUNBOOK = RunbookId("repair-the-shop")


@dataclass(slots=True)
class Heard:
    """A sink that keeps what it is given."""

    text: str = ""
    secrets: list[str] = field(default_factory=list)

    def write(self, stream: Stream, data: bytes) -> None:
        """Keep a piece of output."""
        self.text += data.decode("utf-8", "surrogateescape")

    def add_secret(self, value: str) -> None:
        """Keep a secret."""
        self.secrets.append(value)


def stopping() -> Stop:
    """Return a stop that nobody has given."""
    return threading.Event()


def context(
    environment: Mapping[str, str], folder: Path = Path("/nonexistent"), *, values: Mapping[str, str] | None = None
) -> RunContext:
    """Return the context of a run in this environment."""
    return RunContext(run=RUN, profile="shop", values=values or {}, environment=environment, folder=folder, outputs={})


def planned(
    executed: str,
    *,
    executor: Executor = Executor.SQL,
    effect: Effect = Effect.READ,
    connection: str | None = None,
    slots: tuple[Slot, ...] = (),
    timeout_s: float = 20.0,
) -> PlannedAction:
    """Return one action of a plan."""
    return PlannedAction(
        id=ActionId("1.1"),
        step=1,
        step_title="",
        phase="diagnose",
        title="",
        executor=executor,
        text=executed,
        executed=executed,
        effect=effect,
        reason="",
        gate=GateKind.NONE,
        connection=connection,
        slots=slots,
        limits=Limits(timeout_s=timeout_s, output_bytes=1 << 20),
    )


def request(
    action: PlannedAction, environment: Mapping[str, str], *, values: Mapping[str, str] | None = None
) -> ActionRequest:
    """Return the request to run an action."""
    return ActionRequest(
        key=OutputKey(run=RUN, action=action.id, attempt=1),
        action=action,
        values=values or {},
        secret_names=frozenset(),
        folder=Path("/nonexistent"),
        environment=environment,
    )


def condition(
    kind: ConditionKind,
    subject: str,
    *,
    comparison: str | None = None,
    value: float | None = None,
    expected: str | None = None,
    connection: str | None = None,
    method: str = "GET",
) -> Condition:
    """Return one condition."""
    return Condition(
        id="C1",
        kind=kind,
        subject=subject,
        title=subject,
        comparison=comparison,
        value=value,
        expected=expected,
        connection=connection,
        method=method,
    )
