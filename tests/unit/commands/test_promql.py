"""What PromQL does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from architect.commands.model import Effect
from architect.commands.promql import judge_promql


def test_a_query_is_a_read_and_hands_itself_to_the_plan() -> None:
    (command,) = judge_promql("  sum(rate(widgets_total[5m]))\n")
    assert command.effect is Effect.READ
    assert command.parameters == (("query", "sum(rate(widgets_total[5m]))"),)


def test_several_queries_are_told_apart() -> None:
    text = "up == 0\n\nsum(\n  widgets_total\n)"
    assert [command.text for command in judge_promql(text)] == ["up == 0", "sum(\n  widgets_total\n)"]


def test_what_does_not_parse_is_unknown() -> None:
    (command,) = judge_promql("rate(widgets_total[5m]")
    assert command.effect is Effect.UNKNOWN
    assert "PromQL" in command.reason


@given(st.text(max_size=100))
def test_spans_slice_back(text: str) -> None:
    for command in judge_promql(text):
        assert text[command.start : command.end] == command.text
