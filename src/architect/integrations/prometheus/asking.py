"""Conditions on the value of a query, and PromQL actions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from architect.kernel.errors import ArchitectError, OutsideError, RefusedError
from architect.runs.connections import expand
from architect.runs.events import Outcome
from architect.runs.measuring import cannot_tell, of_prometheus
from architect.runs.model import Condition
from architect.runs.ports import (
    ActionOutcome,
    ActionRequest,
    ConditionAsker,
    Measurement,
    NativeRunner,
    OutputSink,
    RunContext,
    Stop,
    Stream,
    WebClient,
)
from architect.runs.quoting import substituted
from architect.runs.values import environment as slot_environment

QUERY_PATH = "/api/v1/query"
HOST_NAME = "prometheus"
ADDRESS_VARIABLE = "PROMETHEUS_URL"


class NoPrometheusError(RefusedError):
    """The profile names no Prometheus."""

    code = "no-prometheus"


class PrometheusConditions(ConditionAsker):
    """Asks PROMQL conditions. Without a Prometheus in the profile nothing can be told."""

    def __init__(self, web: WebClient, hosts: Mapping[str, str]) -> None:
        self._web = web
        self._hosts = hosts

    def ask(self, condition: Condition, context: RunContext) -> Measurement:
        """Ask the instant query once."""
        variables = {**context.environment, **context.values}
        try:
            base = address(condition.connection, self._hosts, variables)
            body = instant_query(self._web, base, condition.subject, variables)
        except OutsideError as error:
            return cannot_tell(error.message)
        except ArchitectError as error:
            return cannot_tell(error.message, is_settled=True)
        return of_prometheus(condition, body)


class PromqlRunner(NativeRunner):
    """Runs PROMQL actions: one instant query, its samples a line each."""

    def __init__(self, web: WebClient, hosts: Mapping[str, str]) -> None:
        self._web = web
        self._hosts = hosts

    def start(self, request: ActionRequest, sink: OutputSink, stop: Stop) -> ActionOutcome:
        """Ask the query and show what it gives."""
        del stop
        action = request.action
        variables = {**request.environment, **request.values}
        try:
            query = substituted(action.executed, action.slots, slot_environment(action.slots, request.values))
            base = address(action.connection, self._hosts, variables)
            body = instant_query(self._web, base, query, variables)
        except ArchitectError as error:
            return ActionOutcome(outcome=Outcome.FAILED, reason=error.message)
        if body.get("status") != "success":
            return ActionOutcome(outcome=Outcome.FAILED, reason=str(body.get("error", "the query failed"))[:300])
        sink.write(Stream.STDOUT, shown(body).encode())
        return ActionOutcome(outcome=Outcome.SUCCEEDED)


def address(text: str | None, hosts: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """Return the base URL of Prometheus: as the document writes it, else the profile's own.

    Raises NoPrometheusError where the profile names none.
    """
    if text and "://" in text:
        parts = urlsplit(expand(text, variables))
        path = parts.path.removesuffix("/").removesuffix(QUERY_PATH).removesuffix("/api/v1/query_range")
        return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    if variables.get(ADDRESS_VARIABLE):
        return variables[ADDRESS_VARIABLE].rstrip("/")
    name = next((name for name in hosts if name.partition(":")[0].lower() == HOST_NAME), None)
    if name is None:
        raise NoPrometheusError("the profile names no Prometheus")
    return f"http://{name if ':' in name else name + ':9090'}"


def instant_query(web: WebClient, base: str, query: str, environment: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the body of the answer to an instant query; it is a read though it is sent as a form."""
    answer = web.send("POST", f"{base}{QUERY_PATH}", environment=environment, body=urlencode({"query": query}).encode())
    try:
        body = json.loads(answer.body)
    except ValueError as error:
        raise OutsideError(f"{base} answered {answer.status}, and not as Prometheus does") from error
    if not isinstance(body, dict):
        raise OutsideError(f"{base} answered {answer.status}, and not as Prometheus does")
    return body


def shown(body: Mapping[str, Any]) -> str:
    """Return the samples of an answer, one a line: labels and value."""
    data = body.get("data", {})
    result = data.get("result", [])
    if data.get("resultType") in ("scalar", "string"):
        return f"{result[1]}\n"
    lines = [f"{_labels(series.get('metric', {}))} {_value(series)}" for series in result]
    return "\n".join(lines) + "\n" if lines else "no samples\n"


def _labels(metric: Mapping[str, str]) -> str:
    name = metric.get("__name__", "")
    labels = ", ".join(f"{key}={json.dumps(value)}" for key, value in sorted(metric.items()) if key != "__name__")
    return f"{name}{{{labels}}}"


def _value(series: Mapping[str, Any]) -> str:
    if "value" in series:
        return str(series["value"][1])
    return " ".join(str(value) for _, value in series.get("values", [])[-10:])
