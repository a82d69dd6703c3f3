"""Which typed checks a runbook asks for: by thresholds, expectations, directives, and what its commands do. Pure.

A condition HOLDS when the system is healthy, so a threshold that names the fault (`> 300 ms`) is turned round.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from architect.commands.model import CommandEffect, Effect
from architect.kernel.ids import ActionId
from architect.runbooks.model import (
    Action,
    Comparison,
    Document,
    Expectation,
    ExpectationSource,
    Phase,
    Runbook,
    Threshold,
)
from architect.runs.model import Condition, ConditionKind, Executor, PlannedAction
from architect.runs.profiles import Profile

CHECK_WITHIN_S = 60.0
"""How long a verification is repeated until it holds, where the document says nothing."""

FREE_CONNECTIONS = """\
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
     - coalesce(current_setting('reserved_connections', true), '0')::int - count(*)
FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"""
"""How many ordinary clients could still connect."""

_HEALTHY = {
    Comparison.GREATER: "<=",
    Comparison.GREATER_EQUAL: "<",
    Comparison.LESS: ">=",
    Comparison.LESS_EQUAL: ">",
    Comparison.EQUAL: "!=",
}
_HEALTH_PATH = re.compile(r"/(?:\w*health\w*|ready\w*|livez|ping|up|status)/?(?:[?#]|\Z)", re.IGNORECASE)
_QUANTILE = re.compile(r"histogram_quantile\(\s*(0?\.\d+)|\bquantile=\"(0?\.\d+)\"")
_CONNECTIONS = re.compile(r"\b(?:connections?|clients|slots|pool)\b", re.IGNORECASE)
_EXHAUSTED = re.compile(r"exhaust|exceed|too many|limit|refus|satur|no more|full\b|max", re.IGNORECASE)
_QUOTED = re.compile(r"`([^`\n]+)`|\"([^\"\n]+)\"")
_STATUS = re.compile(
    r"\b(?:status|http|code)\D{0,10}([1-5](?:xx|\d\d))\b|^\s*([1-5](?:xx|\d\d))\b(?:\s+OK)?", re.IGNORECASE
)
_VALUE = re.compile(r"\bvalue\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,}")
_SUBJECTS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset(("error", "errors", "failure", "failures", "failing")), r"error|fail|5\.\.|5xx|\b5\d\d\b"),
    (frozenset(("latency", "slow", "response", "duration")), r"duration|latency|_seconds|_ms\b"),
    (frozenset(("cpu", "processor")), r"cpu"),
    (frozenset(("memory", "ram", "heap")), r"memory|_mem|heap"),
    (frozenset(("disk", "storage", "space", "volume")), r"disk|filesystem|volume|storage"),
    (frozenset(("lag", "replication", "replica")), r"lag|replay|replication"),
    (frozenset(("queue", "backlog", "depth")), r"queue|backlog|depth|pending"),
    (frozenset(("connections", "connection")), r"connection|pg_stat_activity|numbackends"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measurable:
    """One thing an action reads that a condition can ask natively."""

    action: PlannedAction
    command: CommandEffect
    parameters: Mapping[str, str]


def conditions_of(
    document: Document, runbook: Runbook, actions: Sequence[PlannedAction], *, profile: Profile
) -> tuple[tuple[Condition, ...], Mapping[ActionId, tuple[str, ...]]]:
    """Return the conditions of a plan, and which of them belong to which action."""
    del document
    own = {action.id: action for action in runbook.actions}
    found: list[Condition] = []
    for planned in actions:
        if planned.refused:
            continue
        source = own.get(planned.id)
        stated = list(_stated(planned, source.expectations if source else (), profile))
        found += stated or _implied(runbook, planned, profile)
    found += _known_symptoms(runbook, actions)
    conditions = tuple(
        replace(_timed(condition, own, actions), id=f"C{number}")
        for number, condition in enumerate(_distinct(found), start=1)
    )
    checks: dict[ActionId, tuple[str, ...]] = {}
    for condition in conditions:
        if condition.action is not None:
            checks[condition.action] = (*checks.get(condition.action, ()), condition.id)
    return conditions, checks


def _distinct(conditions: Iterable[Condition]) -> Iterator[Condition]:
    seen: set[tuple[object, ...]] = set()
    for condition in conditions:
        key = (condition.kind, condition.subject, condition.connection, condition.action)
        if key not in seen:
            seen.add(key)
            yield condition


def _timed(condition: Condition, own: Mapping[ActionId, Action], actions: Sequence[PlannedAction]) -> Condition:
    """Say how long to ask: as the directive says; a verification a while; a diagnosis once."""
    if condition.action is None:
        return replace(condition, within_s=CHECK_WITHIN_S)
    source = own.get(condition.action)
    planned = next(action for action in actions if action.id == condition.action)
    bounds = source.bounds if source else None
    if bounds is not None and bounds.retry_count:
        delay = bounds.retry_delay_s or condition.every_s
        return replace(condition, within_s=bounds.retry_count * delay, every_s=delay)
    is_answer_to_change = planned.phase == Phase.VERIFY or planned.effect is not Effect.READ
    return replace(condition, within_s=CHECK_WITHIN_S if is_answer_to_change else 0.0)


def _implied(runbook: Runbook, planned: PlannedAction, profile: Profile) -> list[Condition]:
    """Return what the kind of an action says by itself."""
    found: list[Condition] = []
    for command in planned.commands:
        thing = _Measurable(action=planned, command=command, parameters=dict(command.parameters))
        condition = _of_command(runbook, thing, profile)
        if condition is not None:
            found.append(condition)
    return found


def _of_command(runbook: Runbook, thing: _Measurable, profile: Profile) -> Condition | None:
    command = thing.command
    query = thing.parameters.get("query") if command.language in ("promql", "shell") else None
    if command.language == "promql" or (query and command.system == "prometheus"):
        return _promql(runbook, thing, query or command.text, profile)
    if command.effect is Effect.READ and thing.parameters.get("url") and command.tool in ("curl", "wget"):
        return _http(runbook, thing, thing.parameters["url"])
    if command.effect is Effect.READ and command.language == "sql":
        return _sql(runbook, thing)
    if command.system == "redis" and re.search(r"\bping\b", command.text, re.IGNORECASE):
        return _base(
            thing, ConditionKind.REDIS_REPLY, "PING", title="the cache answers PONG", connection=_connection(thing)
        )
    if command.system == "kubernetes":
        return _rollout(thing)
    return None


def _base(
    thing: _Measurable, kind: ConditionKind, subject: str, *, title: str, connection: str | None = None
) -> Condition:
    expected = "PONG" if kind is ConditionKind.REDIS_REPLY else None
    return Condition(
        id="", kind=kind, subject=subject, title=title, action=thing.action.id, connection=connection, expected=expected
    )


def _connection(thing: _Measurable) -> str | None:
    return thing.parameters.get("connection") or thing.action.connection


def _http(runbook: Runbook, thing: _Measurable, url: str) -> Condition | None:
    is_health = _HEALTH_PATH.search(url) is not None
    is_verification = thing.action.phase == Phase.VERIFY
    if not is_health and not is_verification:
        return None
    kind = ConditionKind.HTTP_HEALTH if is_health else ConditionKind.HTTP_STATUS
    is_head = re.search(r"\s(?:-I|--head)\b", thing.command.text) is not None
    return replace(
        _base(thing, kind, url, title=f"{url} answers 2xx"),
        expected="2xx",
        method="HEAD" if is_head and not is_health else "GET",
        symptom=is_verification or (is_health and _changes_something(runbook)),
    )


def _changes_something(runbook: Runbook) -> bool:
    return any(step.phase in (Phase.MITIGATE, Phase.UNDO) for step in runbook.steps)


def _promql(runbook: Runbook, thing: _Measurable, query: str, profile: Profile) -> Condition:
    threshold = next((each for each in runbook.thresholds if _measures(each, query)), None)
    base = _base(
        thing,
        ConditionKind.PROMQL,
        query,
        title=f"the query has a value within the runbook's bound: {query}",
        connection=thing.parameters.get("url") or profile.hosts.get("prometheus") or None,
    )
    if threshold is None or (threshold.unit == "%" and not _is_share(query)):
        return replace(base, title=f"{query} (no bound that its value can be held against)")
    return _bounded(base, threshold, title=query)


def _bounded(base: Condition, threshold: Threshold, *, title: str) -> Condition:
    comparison = _HEALTHY[threshold.comparison]
    unit = {"%": "", "ms": "s"}.get(threshold.unit, threshold.unit)
    return replace(
        base,
        title=f"{title} {comparison} {threshold.value:g}{unit}",
        comparison=comparison,
        value=threshold.value,
        unit=unit,
        symptom=True,
    )


def _measures(threshold: Threshold, text: str) -> bool:
    """Say whether a query measures what a threshold is about."""
    quantile = _QUANTILE.search(text)
    if threshold.quantile is not None:
        return quantile is not None and abs(float(quantile[1] or quantile[2]) - threshold.quantile) < 1e-9
    words = frozenset(_WORD.findall(threshold.subject.lower()))
    return any(words & names and re.search(pattern, text, re.IGNORECASE) for names, pattern in _SUBJECTS)


def _is_share(query: str) -> bool:
    """Say whether a query divides, so that its value can be held against a percentage."""
    outside = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", "", query)
    return "/" in outside or re.search(r"\b(?:ratio|percent|share)", query, re.IGNORECASE) is not None


def _sql(runbook: Runbook, thing: _Measurable) -> Condition | None:
    statement = thing.command.text.strip().rstrip(";")
    connection = _connection(thing)
    if re.fullmatch(r"select\s+1", statement, re.IGNORECASE):
        base = _base(thing, ConditionKind.SQL_VALUE, statement, title="the database answers", connection=connection)
        return replace(base, comparison="==", value=1.0)
    text = f"{thing.action.title} {statement}"
    threshold = next((each for each in runbook.thresholds if each.unit != "%" and _measures(each, text)), None)
    if threshold is None or not _gives_one_number(statement):
        return None
    base = _base(thing, ConditionKind.SQL_VALUE, statement, title=statement, connection=connection)
    return _bounded(base, threshold, title=thing.action.title or "the value")


def _gives_one_number(statement: str) -> bool:
    """Say whether a statement plainly gives one row: an aggregate or an expression, no grouping."""
    text = statement.lower()
    is_aggregate = re.match(r"select\s+(?:count|max|min|sum|avg|coalesce|extract)\s*\(", text) is not None
    return (is_aggregate or " from " not in text) and " group by " not in f" {text} "


def _rollout(thing: _Measurable) -> Condition | None:
    target = thing.command.target
    if target is None or not target.name or target.kind.lower() not in ("deployment", "statefulset", "daemonset"):
        return None
    words = frozenset(thing.command.text.split())
    is_status = {"rollout", "status"} <= words
    is_change = thing.command.effect in (Effect.WRITE, Effect.DISRUPTIVE) and not {"--replicas=0"} & words
    if not is_status and not is_change:
        return None
    label = f"{target.kind}/{target.name}"
    base = _base(thing, ConditionKind.ROLLOUT, label, title=f"{label} is rolled out and has replicas")
    return replace(base, expected=target.scope or None, symptom=is_status and thing.action.phase == Phase.VERIFY)


def _stated(planned: PlannedAction, expectations: Sequence[Expectation], profile: Profile) -> Iterator[Condition]:
    """Yield what the author wrote down."""
    for expectation in expectations:
        yield _of_expectation(planned, expectation, profile)


def _of_expectation(planned: PlannedAction, expectation: Expectation, profile: Profile) -> Condition:
    text = expectation.text.strip()
    symptom = expectation.source is ExpectationSource.DIRECTIVE and planned.phase == Phase.VERIFY
    reads = _reads(planned)
    if value := _VALUE.search(text):
        base = _value_condition(planned, reads, profile)
        title = f"{base.title} {value[1]} {value[2]}"
        return replace(base, title=title, comparison=value[1], value=float(value[2]), symptom=True)
    status = _STATUS.search(text)
    if status and (url := reads.get("url")):
        wanted = (status[1] or status[2]).lower()
        return Condition(
            id="",
            kind=ConditionKind.HTTP_STATUS,
            subject=url,
            title=f"{url} answers {wanted}",
            expected=wanted,
            symptom=symptom or planned.phase == Phase.VERIFY,
            action=planned.id,
        )
    return Condition(
        id="",
        kind=ConditionKind.OUTPUT,
        subject=_fragment(text),
        title=f"expected: {text}",
        expected=text,
        action=planned.id,
    )


def _reads(planned: PlannedAction) -> Mapping[str, str]:
    return {name: value for command in planned.commands for name, value in command.parameters}


def _value_condition(planned: PlannedAction, reads: Mapping[str, str], profile: Profile) -> Condition:
    """Return the condition whose value an author bounds: a query of Prometheus, else a statement."""
    if planned.executor is Executor.PROMQL or "query" in reads:
        kind, subject = ConditionKind.PROMQL, reads.get("query") or planned.executed
        connection = reads.get("url") or profile.hosts.get("prometheus") or None
    else:
        sql = next((command.text for command in planned.commands if command.language == "sql"), "")
        if not sql:
            return Condition(id="", kind=ConditionKind.OUTPUT, subject="", title=planned.title, action=planned.id)
        kind, subject, connection = ConditionKind.SQL_VALUE, sql, reads.get("connection") or planned.connection
    return Condition(id="", kind=kind, subject=subject, title=planned.title, action=planned.id, connection=connection)


def _fragment(text: str) -> str:
    """Return the literal part of an expectation: what it quotes, or the whole of one word; else empty."""
    quoted = _QUOTED.search(text)
    if quoted:
        return (quoted[1] or quoted[2]).strip()
    return text if re.fullmatch(r"[\w./:=%+-]{2,60}", text) else ""


def _known_symptoms(runbook: Runbook, actions: Sequence[PlannedAction]) -> Iterator[Condition]:
    """Yield conditions that measure a fault which the runbook names in words only."""
    words = " ".join((runbook.title, runbook.trigger or "", *runbook.symptoms))
    if not (_CONNECTIONS.search(words) and _EXHAUSTED.search(words)):
        return
    sql = next((action for action in actions if _is_postgres(action)), None)
    if sql is not None:
        yield Condition(
            id="",
            kind=ConditionKind.SQL_VALUE,
            subject=FREE_CONNECTIONS,
            title="ordinary clients can connect (free connections)",
            comparison=">=",
            value=1.0,
            symptom=True,
            connection=sql.connection or _reads(sql).get("connection"),
        )


def _is_postgres(action: PlannedAction) -> bool:
    return action.executor is Executor.SQL or any(command.system == "postgresql" for command in action.commands)
