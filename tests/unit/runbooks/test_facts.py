"""Bounds, durations and how soon somebody must respond, as people write them."""

from __future__ import annotations

import pytest

from architect.runbooks.facts import seconds_in
from architect.runbooks.model import Comparison
from builders.documents import document, runbook


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5 minutes", 300),
        ("5min", 300),
        ("15 mins", 900),
        ("1 hour", 3600),
        ("1h", 3600),
        ("2 hrs", 7200),
        ("1h 30m", 5400),
        ("90s", 90),
        ("30 seconds", 30),
        ("half an hour", 1800),
        ("4 business hours", 14400),
        ("1 day", 86400),
        ("soon", None),
        ("", None),
    ],
)
def test_durations(text: str, seconds: int | None) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize(
    ("title", "comparison", "value", "quantile"),
    [
        ("Error rate > 0.5%", Comparison.GREATER, 0.005, None),
        ("Latency (P99 > 250ms)", Comparison.GREATER, 0.25, 0.99),
        ("Disk usage >= 90 %", Comparison.GREATER_EQUAL, 0.9, None),
        ("Free memory < 512MB", Comparison.LESS, 512e6, None),
        ("Queue length above 10000", Comparison.GREATER, 10000, None),
        ("Availability below 99.9%", Comparison.LESS, 0.999, None),
        ("Lag exceeds 2 minutes", Comparison.GREATER, 120, None),
    ],
)
def test_bounds_in_titles(title: str, comparison: Comparison, value: float, quantile: float | None) -> None:
    found = runbook(f"# {title}\n\n1. Look: `uptime`\n2. Repair it\n")
    (bound,) = found.thresholds
    assert (bound.comparison, bound.quantile) == (comparison, quantile)
    assert bound.value == pytest.approx(value)


def test_bounds_in_symptoms_keep_their_subject_and_unit() -> None:
    found = runbook(
        """
        # Build hosts are slow

        **Symptoms**: CPU > 85%, builds fail

        ```bash
        top -b -n1
        ```
        """
    )
    (bound,) = found.thresholds
    assert (bound.subject, bound.unit, bound.value) == ("CPU", "%", 0.85)


@pytest.mark.parametrize(
    "title",
    ["Move 3 hosts to version 2.4", "Hand over 5 shifts", "Down for more than 5 minutes", "More than 3 of them"],
)
def test_numbers_that_compare_nothing_are_no_bounds(title: str) -> None:
    assert runbook(f"# {title}\n\n1. Run `uptime`\n2. Wait\n").thresholds == ()


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("**Response SLA**: 5 minutes", 300),
        ("**SLA**: respond within 1 hour", 3600),
        ("- **Response time:** 30 min", 1800),
        ("Acknowledge within: 10 minutes", 600),
        ('<!-- architect: sla="20m" -->', 1200),
    ],
)
def test_an_sla_is_stated_in_a_label(line: str, seconds: int) -> None:
    found = runbook(f"# Shop down\n\n{line}\n\n## Fix\n\n```bash\nsystemctl restart shop\n```\n")
    assert found.sla is not None
    assert found.sla.seconds == seconds


TABLE = """
| Severity | Meaning | Response time |
|----------|---------|---------------|
| SEV1 | all down | 5 minutes |
| SEV2 | slow | 1 hour |
| SEV3 | cosmetic | |
"""
HTML_TABLE = """
<table>
<tr><th>Severity</th><th>Response</th></tr>
<tr><td>SEV1</td><td>300 seconds</td></tr>
<tr><td>SEV2</td><td>1h</td></tr>
<tr><td>SEV3</td><td></td></tr>
</table>
"""
LIST = """
- **SEV1**: all down. Response: 5 minutes
- **SEV2**: slow. Response: 1 hour
- **SEV3**: cosmetic
"""


@pytest.mark.parametrize("levels", [TABLE, HTML_TABLE, LIST])
def test_an_sla_comes_from_the_severities_of_the_document(levels: str) -> None:
    found = document(
        f"""
# Shop

## Severity levels

{levels}

## SEV1: Shop down

1. Run `systemctl restart shop`
2. Look

## SEV2: Shop slow

1. Run `systemctl reload shop`
2. Look

## SEV3: Wrong colour

1. Run `make colours`
2. Look
"""
    )
    assert [each.sla.seconds if each.sla else None for each in found.runbooks] == [300, 3600, None]


def test_a_runbook_without_a_severity_gets_no_sla_from_the_table() -> None:
    found = document(
        f"# Shop\n\n## Severity levels\n{TABLE}\n## Restart it\n\n1. Run `systemctl restart shop`\n2. Look\n"
    )
    assert found.runbooks[0].sla is None
