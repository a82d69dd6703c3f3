"""Checks come from what the document says and what its commands are plainly for; a fault's bound is turned round."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from architect.commands.judging import judge
from architect.runbooks.model import (
    Action,
    ActionKind,
    Bounds,
    Comparison,
    ExpectationSource,
    Phase,
    Runbook,
    Threshold,
)
from architect.runs.conditions import FREE_CONNECTIONS
from architect.runs.model import Condition, ConditionKind
from architect.runs.planning import make_plan
from architect.runs.profiles import Profile, ProfileKind
from builders.runbooks import NOWHERE, action, document, runbook, step

HOSTS: Mapping[str, str] = {"shop.example": "", "metrics:9090": "10.0.0.9:9090"}
QUERY = "curl http://metrics:9090/api/v1/query --data-urlencode 'query={}'"


def threshold(
    subject: str, comparison: Comparison, value: float, *, unit: str = "", quantile: float | None = None
) -> Threshold:
    return Threshold(subject=subject, comparison=comparison, value=value, unit=unit, quantile=quantile, span=NOWHERE)


def conditions(book: Runbook) -> tuple[Condition, ...]:
    where = Profile(name="shop", kind=ProfileKind.LIVE, environment={}, passes=(), hosts=HOSTS, tools={})
    return make_plan(document(book), book, profile=where, judge=judge).conditions


def of(*actions: Action, phase: Phase = Phase.VERIFY, thresholds: tuple[Threshold, ...] = ()) -> tuple[Condition, ...]:
    return conditions(runbook(step(1, *actions, phase=phase), thresholds=thresholds))


def test_a_health_endpoint_of_the_verification_measures_the_fault() -> None:
    (found,) = of(action("1.1", "curl -k https://shop.example/health"))
    assert (found.kind, found.subject, found.expected) == (
        ConditionKind.HTTP_HEALTH,
        "https://shop.example/health",
        "2xx",
    )
    assert found.symptom


def test_an_ordinary_page_is_a_check_only_where_recovery_is_verified() -> None:
    page = action("1.1", "curl https://shop.example/orders")
    assert [each.kind for each in of(page)] == [ConditionKind.HTTP_STATUS]
    assert of(page, phase=Phase.DIAGNOSE) == ()


def test_a_query_is_held_against_the_bound_of_its_own_quantile() -> None:
    p95 = threshold("latency", Comparison.GREATER, 0.3, unit="ms", quantile=0.95)
    text = "histogram_quantile({}, rate(shop_request_duration_seconds_bucket[5m]))"
    (same,) = of(action("1.1", QUERY.format(text.format("0.95"))), thresholds=(p95,))
    (other,) = of(action("1.1", QUERY.format(text.format("0.99"))), thresholds=(p95,))
    assert (same.comparison, same.value, same.unit, same.symptom) == ("<=", 0.3, "s", True)
    assert (other.comparison, other.symptom) == (None, False)


def test_a_rate_per_second_is_not_held_against_a_percentage() -> None:
    share = threshold("error rate", Comparison.GREATER, 0.001, unit="%")
    errors, total = 'sum(rate(http_errors_total{code="5xx"}[5m]))', "sum(rate(http_requests_total[5m]))"
    (rate,) = of(action("1.1", QUERY.format(errors)), thresholds=(share,))
    (divided,) = of(action("1.1", QUERY.format(f"{errors} / {total}")), thresholds=(share,))
    assert rate.value is None
    assert (divided.comparison, divided.value) == ("<=", 0.001)


def test_a_slash_inside_a_label_is_no_division() -> None:
    share = threshold("errors", Comparison.GREATER, 0.001, unit="%")
    (found,) = of(action("1.1", QUERY.format('rate(errors_total{path="/a/b"}[5m])')), thresholds=(share,))
    assert found.value is None


def test_a_query_without_any_bound_is_asked_and_never_a_symptom() -> None:
    (found,) = of(action("1.1", QUERY.format("up")))
    assert (found.kind, found.comparison, found.symptom) == (ConditionKind.PROMQL, None, False)
    assert found.connection == "http://metrics:9090/api/v1/query"


@pytest.mark.parametrize(
    ("comparison", "healthy"),
    [
        (Comparison.GREATER, "<="),
        (Comparison.GREATER_EQUAL, "<"),
        (Comparison.LESS, ">="),
        (Comparison.LESS_EQUAL, ">"),
        (Comparison.EQUAL, "!="),
    ],
)
def test_the_bound_of_a_fault_is_turned_round(comparison: Comparison, healthy: str) -> None:
    cpu = threshold("CPU", comparison, 0.8)
    (found,) = of(action("1.1", QUERY.format("avg(cpu_usage)")), thresholds=(cpu,))
    assert found.comparison == healthy


def test_a_count_of_rows_is_held_against_a_bound_of_the_same_thing() -> None:
    lag = threshold("replication lag", Comparison.GREATER, 30.0, unit="s")
    text = "SELECT extract(epoch FROM now() - pg_last_xact_replay_timestamp())"
    (found,) = of(action("1.1", text, kind=ActionKind.SQL, connection="psql $SHOP_URL"), thresholds=(lag,))
    assert (found.kind, found.comparison, found.value) == (ConditionKind.SQL_VALUE, "<=", 30.0)
    assert found.connection == "psql $SHOP_URL"


def test_many_rows_are_no_value() -> None:
    lag = threshold("connections", Comparison.GREATER, 90.0)
    text = "SELECT datname, count(*) FROM pg_stat_activity GROUP BY datname"
    assert of(action("1.1", text, kind=ActionKind.SQL), thresholds=(lag,)) == ()


def test_exhausted_connections_are_measured_by_free_ones() -> None:
    book = runbook(
        step(1, action("1.1", "SELECT 2", kind=ActionKind.SQL, connection="psql $SHOP_URL")),
        title="No more connections",
        symptoms=("FATAL: sorry, too many clients already",),
    )
    (found,) = conditions(book)
    assert (found.subject, found.comparison, found.value) == (FREE_CONNECTIONS, ">=", 1.0)
    assert found.symptom
    assert found.connection == "psql $SHOP_URL"
    assert found.action is None


def test_a_rollout_is_looked_at_natively() -> None:
    (found,) = of(action("1.1", "kubectl rollout status deployment/web -n shop"))
    assert (found.kind, found.subject, found.expected) == (ConditionKind.ROLLOUT, "deployment/web", "shop")


def test_a_restart_is_followed_by_its_rollout() -> None:
    book = runbook(step(1, action("1.1", "kubectl rollout restart deployment/web -n shop"), phase=Phase.MITIGATE))
    where = Profile(name="shop", kind=ProfileKind.LIVE, environment={}, passes=(), hosts=HOSTS, tools={})
    plan = make_plan(document(book), book, profile=where, judge=judge)
    assert plan.actions[0].checks == ("C1",)
    assert plan.conditions[0].within_s == 60.0


def test_a_diagnosis_is_asked_once_and_a_verification_a_while() -> None:
    (early,) = of(action("1.1", "curl https://shop.example/health"), phase=Phase.DIAGNOSE)
    (late,) = of(action("1.1", "curl https://shop.example/health"), phase=Phase.VERIFY)
    assert (early.within_s, late.within_s) == (0.0, 60.0)


def test_the_authors_retries_are_kept() -> None:
    bounds = Bounds(retry_count=10, retry_delay_s=5.0)
    (found,) = of(action("1.1", "curl https://shop.example/health", bounds=bounds))
    assert (found.within_s, found.every_s) == (50.0, 5.0)


@pytest.mark.parametrize(
    ("expect", "kind", "subject", "expected"),
    [
        ("status 204", ConditionKind.HTTP_STATUS, "https://shop.example/ready", "204"),
        ("status 2xx", ConditionKind.HTTP_STATUS, "https://shop.example/ready", "2xx"),
        ("`all good`", ConditionKind.OUTPUT, "all good", "`all good`"),
        ("PONG", ConditionKind.OUTPUT, "PONG", "PONG"),
        ("everything looks fine to you", ConditionKind.OUTPUT, "", "everything looks fine to you"),
    ],
)
def test_what_the_author_expects_is_what_is_checked(
    expect: str, kind: ConditionKind, subject: str, expected: str
) -> None:
    (found,) = of(action("1.1", "curl https://shop.example/ready", expect=expect))
    assert (found.kind, found.subject, found.expected) == (kind, subject, expected)


def test_a_value_in_a_directive_bounds_the_query() -> None:
    (found,) = of(action("1.1", QUERY.format("shop_backlog"), expect="value < 100", source=ExpectationSource.DIRECTIVE))
    assert (found.kind, found.subject, found.comparison, found.value) == (
        ConditionKind.PROMQL,
        "shop_backlog",
        "<",
        100.0,
    )


def test_a_value_in_a_directive_bounds_a_statement() -> None:
    text = "SELECT count(*) FROM jobs WHERE failed"
    (found,) = of(action("1.1", text, kind=ActionKind.SQL, expect="value == 0", source=ExpectationSource.DIRECTIVE))
    assert (found.kind, found.comparison, found.value) == (ConditionKind.SQL_VALUE, "==", 0.0)


def test_a_refused_action_has_no_check() -> None:
    assert of(action("1.1", "curl https://elsewhere.example/health")) == ()
