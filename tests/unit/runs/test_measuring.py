"""Nothing that is empty, not a number, unbounded or only a status of zero is taken for healthy."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.runs.measuring import (
    Rollout,
    as_number,
    of_cell,
    of_number,
    of_output,
    of_prometheus,
    of_reply,
    of_rollout,
    of_status,
    of_vector,
)
from architect.runs.model import Condition, ConditionKind, Truth

HOLDS, DOES_NOT, CANNOT_TELL = Truth.HOLDS, Truth.DOES_NOT, Truth.CANNOT_TELL


def condition(
    kind: ConditionKind = ConditionKind.PROMQL,
    *,
    comparison: str | None = "<=",
    value: float | None = 1.0,
    subject: str = "x",
    expected: str | None = None,
) -> Condition:
    return Condition(
        id="C1", kind=kind, subject=subject, title="t", comparison=comparison, value=value, expected=expected
    )


def prometheus(kind: str, result: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def sample(value: str) -> dict[str, Any]:
    return {"metric": {}, "value": [1_700_000_000.0, value]}


@pytest.mark.parametrize(
    ("body", "truth"),
    [
        (prometheus("vector", [sample("0.5")]), HOLDS),
        (prometheus("vector", [sample("0.5"), sample("2")]), DOES_NOT),
        (prometheus("vector", []), CANNOT_TELL),
        (prometheus("vector", [sample("NaN")]), CANNOT_TELL),
        (prometheus("vector", [sample("0.5"), sample("NaN")]), CANNOT_TELL),
        (prometheus("vector", [sample("+Inf")]), DOES_NOT),
        (prometheus("scalar", [1_700_000_000.0, "1"]), HOLDS),
        (prometheus("matrix", []), CANNOT_TELL),
        (prometheus("string", [1_700_000_000.0, "1"]), CANNOT_TELL),
        (prometheus("vector", [{"metric": {}}]), CANNOT_TELL),
        (prometheus("vector", None), CANNOT_TELL),
        ({"status": "error", "errorType": "bad_data", "error": "parse error"}, CANNOT_TELL),
        ({"status": "success", "data": None}, CANNOT_TELL),
        ({}, CANNOT_TELL),
    ],
)
def test_the_answer_of_prometheus(body: dict[str, Any], truth: Truth) -> None:
    assert of_prometheus(condition(), body).truth is truth


def test_without_a_bound_nothing_is_told_and_asking_again_does_not_help() -> None:
    found = of_vector(condition(comparison=None, value=None), [0.0])
    assert (found.truth, found.is_settled) == (CANNOT_TELL, True)


def test_the_worst_sample_is_the_one_reported() -> None:
    assert of_vector(condition(), [0.1, 0.9, 0.5]).value == 0.9
    assert of_vector(condition(comparison=">=", value=0.0), [0.1, 0.9, 0.5]).value == 0.1


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (3, 3.0),
        (Decimal("0.5"), 0.5),
        (timedelta(seconds=90), 90.0),
        (True, 1.0),
        (False, 0.0),
        ("12", 12.0),
        ("two", None),
        (None, None),
    ],
)
def test_a_cell_is_a_number_or_nothing(cell: object, number: float | None) -> None:
    assert as_number(cell) == number


def test_null_cannot_tell() -> None:
    assert of_cell(condition(), None).truth is CANNOT_TELL


@given(value=st.floats(allow_nan=False), bound=st.floats(allow_nan=False, allow_infinity=False))
def test_a_bound_and_its_opposite_never_agree(value: float, bound: float) -> None:
    pairs = (("<=", ">"), ("<", ">="), ("==", "!="))
    for one, other in pairs:
        answers = {of_number(condition(comparison=each, value=bound), value).truth for each in (one, other)}
        assert answers == {HOLDS, DOES_NOT}


@pytest.mark.parametrize(
    ("kind", "expected", "status", "body", "truth"),
    [
        (ConditionKind.HTTP_STATUS, "2xx", 204, "", HOLDS),
        (ConditionKind.HTTP_STATUS, "2xx", 503, "", DOES_NOT),
        (ConditionKind.HTTP_STATUS, "404", 404, "", HOLDS),
        (ConditionKind.HTTP_STATUS, "2xx", 200, '{"status": "down"}', HOLDS),
        (ConditionKind.HTTP_HEALTH, "2xx", 200, '{"status": "ok"}', HOLDS),
        (ConditionKind.HTTP_HEALTH, "2xx", 200, "fine", HOLDS),
        (ConditionKind.HTTP_HEALTH, "2xx", 200, '{"status": "DOWN"}', DOES_NOT),
        (ConditionKind.HTTP_HEALTH, "2xx", 200, '{"status": "draining"}', CANNOT_TELL),
        (ConditionKind.HTTP_HEALTH, "2xx", 500, '{"status": "ok"}', DOES_NOT),
    ],
)
def test_an_http_answer(kind: ConditionKind, expected: str, status: int, body: str, truth: Truth) -> None:
    assert of_status(condition(kind, expected=expected), status, body).truth is truth


@pytest.mark.parametrize(
    ("wanted", "updated", "available", "observed", "truth"),
    [
        (3, 3, 3, 2, HOLDS),
        (3, 3, 2, 2, DOES_NOT),
        (3, 1, 3, 2, DOES_NOT),
        (3, 3, 3, 1, DOES_NOT),
        (0, 0, 0, 2, CANNOT_TELL),
    ],
)
def test_a_rollout_needs_replicas_of_the_newest_version(
    wanted: int, updated: int, available: int, observed: int, truth: Truth
) -> None:
    rollout = Rollout(wanted=wanted, updated=updated, available=available, generation=2, observed_generation=observed)
    assert of_rollout(rollout).truth is truth


def test_a_cache_answers_exactly_what_it_should() -> None:
    assert of_reply(condition(ConditionKind.REDIS_REPLY), "PONG").truth is HOLDS
    assert of_reply(condition(ConditionKind.REDIS_REPLY), "LOADING").truth is DOES_NOT


def test_words_cannot_be_checked_and_literals_can() -> None:
    assert of_output(condition(subject=""), "anything").truth is CANNOT_TELL
    assert of_output(condition(subject="ready"), None).truth is CANNOT_TELL
    assert of_output(condition(subject="ready"), "not yet").truth is DOES_NOT
    assert of_output(condition(subject="ready"), "all ready").truth is HOLDS
