"""Parsing PromQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.grammars.promql import PromqlError, parse


@pytest.mark.parametrize(
    "text",
    [
        "up == 0",
        'sum by (job) (rate(widgets_total{status=~"5..", path!="/a(b"}[5m])) / 2',
        "histogram_quantile(0.95, sum(rate(widget_seconds_bucket[<range>])) by (le))",
        "rate(widgets_total[5m:30s] offset 1h)",
    ],
)
def test_queries_parse(text: str) -> None:
    assert parse(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "rate(widgets_total[5m]",
        "SELECT 1",
        "",
        "(" * 5_000 + "1" + ")" * 5_000,
        "1" + " + 1" * 3_000,
        "up" + " or up" * 2_000,
        "x" * 20_001,
    ],
)
def test_what_prometheus_would_reject_or_is_beyond_the_bounds_is_an_error(text: str) -> None:
    with pytest.raises(PromqlError):
        parse(text)


def test_brackets_in_strings_do_not_count_as_nesting() -> None:
    assert parse('up{path="' + "(" * 1_000 + '"}') is not None


@given(st.text(alphabet="up(){}[]=~\"'`+-*/ <>5m\\,\n", max_size=80))
def test_nothing_but_its_own_error_is_raised(text: str) -> None:
    assert _is_query(text) in (True, False)


def _is_query(text: str) -> bool:
    try:
        parse(text)
    except PromqlError:
        return False
    return True
