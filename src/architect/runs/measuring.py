"""What an answer from outside says about a condition: holds, does not, cannot tell. Pure.

What is empty, not a number, unbounded or only an exit code is never taken for healthy.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from architect.runs.model import Condition, ConditionKind, Truth
from architect.runs.ports import Measurement

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_ILL = frozenset(("unhealthy", "down", "fail", "failed", "failing", "error", "critical", "degraded", "not ok"))
_WELL = frozenset(("ok", "up", "healthy", "pass", "passing", "ready", "alive", "live", "green", "success"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What Kubernetes says of a workload."""

    wanted: int
    updated: int
    available: int
    generation: int
    observed_generation: int


def cannot_tell(detail: str, *, is_settled: bool = False) -> Measurement:
    """Return the answer that proves nothing."""
    return Measurement(truth=Truth.CANNOT_TELL, detail=detail, is_settled=is_settled)


def of_status(condition: Condition, status: int, body: str) -> Measurement:
    """Judge an HTTP answer by its status, and a health endpoint by what it says too."""
    expected = condition.expected or "2xx"
    matches = str(status) == expected or (expected.endswith("xx") and str(status)[0] == expected[0])
    if not matches:
        return Measurement(truth=Truth.DOES_NOT, detail=f"answered {status}, not {expected}", value=float(status))
    word = _health_word(body) if condition.kind is ConditionKind.HTTP_HEALTH else ""
    if word in _ILL:
        return Measurement(truth=Truth.DOES_NOT, detail=f"answered {status} and says `{word}`", value=float(status))
    if word and word not in _WELL:
        return cannot_tell(f"answered {status} and says `{word[:40]}`")
    return Measurement(truth=Truth.HOLDS, detail=f"answered {status}", value=float(status))


def _health_word(body: str) -> str:
    """Return what a health body says in one word; empty where it says nothing that we know how to read."""
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(content, dict):
        return ""
    for name in ("status", "state", "health"):
        if isinstance(content.get(name), str):
            return str(content[name]).strip().lower()
    return ""


def of_number(condition: Condition, value: float | None) -> Measurement:
    """Judge one number against the condition's bound."""
    if condition.comparison is None or condition.value is None:
        shown = "nothing" if value is None else f"{value:g}"
        return cannot_tell(f"gives {shown}, and there is no bound to hold it against", is_settled=True)
    if value is None:
        return cannot_tell("gives NULL or no row")
    if math.isnan(value):
        return cannot_tell("gives NaN")
    holds = _COMPARISONS[condition.comparison](value, condition.value)
    relation = f"{value:g}{condition.unit}, wanted {condition.comparison} {condition.value:g}{condition.unit}"
    return Measurement(truth=Truth.HOLDS if holds else Truth.DOES_NOT, detail=relation, value=value)


def of_vector(condition: Condition, values: Sequence[float]) -> Measurement:
    """Judge all samples of an instant query: it holds when each one does; the worst is reported."""
    if not values:
        return cannot_tell("the query gives no samples")
    answers = [of_number(condition, value) for value in values]
    for truth in (Truth.DOES_NOT, Truth.CANNOT_TELL):
        found = next((answer for answer in answers if answer.truth is truth), None)
        if found is not None:
            return found
    return answers[0] if len(answers) == 1 else _worst(condition, answers)


def _worst(condition: Condition, answers: Sequence[Measurement]) -> Measurement:
    ordered = sorted(answers, key=lambda answer: answer.value or 0.0)
    return ordered[-1] if (condition.comparison or "").startswith("<") else ordered[0]


def of_cell(condition: Condition, cell: object) -> Measurement:
    """Judge the first column of the first row of a statement's answer."""
    return of_number(condition, as_number(cell))


def as_number(cell: object) -> float | None:
    """Return what a database's value is as a number: seconds of an interval, 1 and 0 of a boolean."""
    if isinstance(cell, bool):
        return float(cell)
    total_seconds = getattr(cell, "total_seconds", None)
    if callable(total_seconds):
        return float(str(total_seconds()))
    if cell is None:
        return None
    try:
        return float(str(cell))
    except ValueError:
        return None


def of_reply(condition: Condition, reply: str) -> Measurement:
    """Judge the reply of a cache."""
    expected = condition.expected or "PONG"
    holds = reply.strip() == expected
    return Measurement(truth=Truth.HOLDS if holds else Truth.DOES_NOT, detail=f"replied {reply.strip()[:80]!r}")


def of_rollout(rollout: Rollout) -> Measurement:
    """Judge a rollout: all replicas are of the newest version and available, and there are some."""
    if rollout.wanted == 0:
        return cannot_tell("zero replicas are wanted", is_settled=True)
    detail = f"{rollout.available} of {rollout.wanted} available, {rollout.updated} of the newest version"
    is_seen = rollout.observed_generation >= rollout.generation
    holds = is_seen and rollout.updated >= rollout.wanted and rollout.available >= rollout.wanted
    return Measurement(truth=Truth.HOLDS if holds else Truth.DOES_NOT, detail=detail, value=float(rollout.available))


def of_output(condition: Condition, text: str | None) -> Measurement:
    """Judge what an action printed by the literal part of what the author expects."""
    if not condition.subject:
        return cannot_tell("what is expected is written in words only", is_settled=True)
    if text is None:
        return cannot_tell("there is no output to look at", is_settled=True)
    holds = condition.subject in text
    detail = f"the output {'holds' if holds else 'does not hold'} `{condition.subject}`"
    return Measurement(truth=Truth.HOLDS if holds else Truth.DOES_NOT, detail=detail, is_settled=True)


def of_prometheus(condition: Condition, body: Mapping[str, Any]) -> Measurement:
    """Judge the body of Prometheus' answer to an instant query."""
    if body.get("status") != "success":
        return cannot_tell(
            f"Prometheus says {str(body.get('errorType') or 'error')[:60]}: {str(body.get('error'))[:200]}"
        )
    data = body.get("data")
    if not isinstance(data, Mapping):
        return cannot_tell("Prometheus' answer is not understood")
    result = data.get("result")
    try:
        match data.get("resultType"):
            case "vector" if isinstance(result, list):
                return of_vector(condition, [float(sample["value"][1]) for sample in result])
            case "scalar" if isinstance(result, list):
                return of_number(condition, float(result[1]))
    except (KeyError, IndexError, TypeError, ValueError):
        return cannot_tell("Prometheus' answer is not understood")
    return cannot_tell("the query gives neither a vector nor a scalar", is_settled=True)
