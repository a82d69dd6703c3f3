"""The faults there are. Each is carried out by a process of its own, the module `module`, for as long as it lasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from architect.kernel.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that can go wrong. `options` are numbers, with their defaults."""

    name: str
    does: str
    shows: str
    repaired_when: str
    module: str
    options: Mapping[str, float] = field(default_factory=dict)


EXHAUSTED_CONNECTIONS = Fault(
    name="exhausted-connections",
    does="Fills the primary to max_connections with sessions of the service's role that never end by themselves.",
    shows='New clients are refused: "remaining connection slots are reserved"; /health answers 503.',
    repaired_when="A new client of the service's role can connect and /health answers 200.",
    module="architect.sandbox.faults.exhausted_connections",
    options={"idle_s": 0.0, "busy": 2.0},
)

FAULTS = {fault.name: fault for fault in (EXHAUSTED_CONNECTIONS,)}


def find_fault(name: str) -> Fault:
    """Return the fault of this name; raises UsageError with the nearest one."""
    fault = FAULTS.get(name)
    if fault is None:
        near = get_close_matches(name, FAULTS, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(FAULTS)}"
        raise UsageError(f"no fault `{name}`", hint=hint)
    return fault


def read_options(fault: Fault, given: Mapping[str, str]) -> dict[str, float]:
    """Return the options of a fault with their values; raises UsageError for what is unknown or no number."""
    options = dict(fault.options)
    for name, text in given.items():
        if name not in options:
            raise UsageError(f"the fault {fault.name} has no option `{name}`", hint=f"known: {', '.join(options)}")
        try:
            options[name] = float(text)
        except ValueError as error:
            raise UsageError(f"the option {name} of {fault.name} is a number, not {text[:40]!r}") from error
    return options
