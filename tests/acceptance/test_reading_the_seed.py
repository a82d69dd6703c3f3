"""The user's own document is read as a person reads it: its 17 runbooks, and what stands beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from architect.runbooks.model import Action, ActionKind, Document, Kind, OptionGroup, ProblemCode, Runbook
from architect.runbooks.reading import read
from command_line import CommandLine

DECLARE, PAGE, ASSESS, DIAGNOSE, MITIGATE, VERIFY = ("declare", "page", "assess", "diagnose", "mitigate", "verify")
BY_MACHINE = ("command", "sql", "inline-code")
OPENER = "psql $DATABASE_URL"
"""A row that opens a session: it is the connection of the statements after it, and no action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a person finds in a runbook: its phases, and how many actions each step has."""

    kind: Kind
    phases: Sequence[str]
    actions: Sequence[int]
    severity: str | None = None
    sla_s: int | None = None
    options: Sequence[tuple[str, int]] = ()
    variables: Sequence[str] = ()


EXPECTED = {
    "p1-api-completely-down": Expected(
        kind=Kind.INCIDENT,
        severity="P1",
        sla_s=300,
        phases=(DECLARE, PAGE, DIAGNOSE, MITIGATE, VERIFY),
        actions=(1, 1, 3, 3, 2),
        options=[("4", 3)],
        variables=["YOUR_ROUTING_KEY"],
    ),
    "p2-high-error-rate--01": Expected(
        kind=Kind.INCIDENT,
        severity="P2",
        sla_s=900,
        phases=(ASSESS, DIAGNOSE, DIAGNOSE, MITIGATE),
        actions=(2, 1, 3, 2),
        options=[("4", 2)],
        variables=["DATABASE_URL"],
    ),
    "p3-high-latency-p95--300ms": Expected(
        kind=Kind.INCIDENT,
        severity="P3",
        sla_s=3600,
        phases=(DIAGNOSE, DIAGNOSE, DIAGNOSE, MITIGATE),
        actions=(3, 2, 3, 4),
        variables=["DATABASE_URL"],
    ),
    "manual-scale": Expected(kind=Kind.TASK, phases=[MITIGATE], actions=[3], options=[("1", 2)]),
    "autoscaling": Expected(kind=Kind.TASK, phases=[DIAGNOSE], actions=[2]),
    "backup-database": Expected(kind=Kind.TASK, phases=[MITIGATE], actions=[2], variables=["DATABASE_URL"]),
    "restore-database": Expected(kind=Kind.TASK, phases=[MITIGATE], actions=[4], variables=["DATABASE_URL"]),
    "view-replication-status": Expected(kind=Kind.TASK, phases=[DIAGNOSE], actions=[2], variables=["DATABASE_URL"]),
    "redis-status": Expected(kind=Kind.TASK, phases=[DIAGNOSE], actions=[4]),
    "monitor-cache": Expected(kind=Kind.TASK, phases=[DIAGNOSE], actions=[3]),
    "pods-not-starting": Expected(
        kind=Kind.TROUBLESHOOTING,
        phases=(DIAGNOSE, MITIGATE),
        actions=(3, 3),
        options=[("2", 3)],
        variables=["pod_name", "pod"],
    ),
    "memory-leak": Expected(kind=Kind.TROUBLESHOOTING, phases=(DIAGNOSE, DIAGNOSE), actions=(2, 3)),
    "database-connection-exhaustion": Expected(
        kind=Kind.TROUBLESHOOTING,
        phases=(DIAGNOSE, MITIGATE),
        actions=(2, 2),
        options=[("2", 2)],
        variables=["DATABASE_URL"],
    ),
    "high-cpu-usage": Expected(kind=Kind.TROUBLESHOOTING, phases=(DIAGNOSE, MITIGATE), actions=(3, 4)),
    "complete-service-failure": Expected(kind=Kind.EMERGENCY, phases=(DECLARE, MITIGATE, MITIGATE), actions=(1, 1, 3)),
    "data-loss-scenario": Expected(
        kind=Kind.EMERGENCY,
        phases=(MITIGATE, MITIGATE, MITIGATE, MITIGATE),
        actions=(1, 2, 4, 1),
        variables=["DATABASE_URL", "LATEST_BACKUP"],
    ),
    "ddos-attack": Expected(
        kind=Kind.EMERGENCY,
        phases=(MITIGATE, DIAGNOSE, MITIGATE),
        actions=(2, 2, 1),
        variables=["ALB_ARN", "WAF_ACL_ARN", "SG_ID"],
    ),
}


@pytest.fixture(scope="module")
def seed(shared_folder: Path) -> Document:
    return read((shared_folder / "seed" / "runbooks.md").read_bytes(), "runbooks.md")


@pytest.fixture(scope="module")
def labels(shared_folder: Path) -> list[dict[str, Any]]:
    lines = (shared_folder / "seed" / "commands.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def named(seed: Document, name: str) -> Runbook:
    return next(runbook for runbook in seed.runbooks if runbook.id == name)


def stated(seed: Document, runbook: Runbook, label: str) -> list[str]:
    """Return what a runbook's own text says after a bold label."""
    return re.findall(rf"^\*\*{label}\*\*: (.+)$", runbook.span.of(seed.text), re.MULTILINE)


def groups(runbook: Runbook) -> list[tuple[str, int]]:
    items = [item for step in runbook.steps for item in step.items]
    return [(item.id, len(item.options)) for item in items if isinstance(item, OptionGroup)]


def actions_on(seed: Document, lines: Sequence[int]) -> list[tuple[Runbook, Action]]:
    first, last = lines
    return [
        (runbook, action)
        for runbook in seed.runbooks
        for action in runbook.actions
        if first <= seed.place(action.span.start).line <= last
    ]


def test_it_holds_exactly_its_runbooks_in_order(seed: Document) -> None:
    assert [runbook.id for runbook in seed.runbooks] == list(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_runbook_has_its_kind_urgency_steps_choices_and_variables(seed: Document, name: str) -> None:
    runbook, expected = named(seed, name), EXPECTED[name]
    assert (runbook.kind, runbook.severity) == (expected.kind, expected.severity)
    assert (runbook.sla.seconds if runbook.sla else None) == expected.sla_s
    assert [step.number for step in runbook.steps] == list(range(1, len(expected.phases) + 1))
    assert [step.phase.value for step in runbook.steps] == list(expected.phases)
    assert [len(step.actions) for step in runbook.steps] == list(expected.actions)
    assert groups(runbook) == list(expected.options)
    assert [variable.name for variable in runbook.variables] == list(expected.variables)


def test_numbered_steps_bear_the_titles_that_the_text_gives_them(seed: Document) -> None:
    for runbook in seed.runbooks:
        written = re.findall(r"^\d+\. \*\*(.+)\*\*$", runbook.span.of(seed.text), re.MULTILINE)
        assert not written or [step.title for step in runbook.steps] == written


def test_a_trigger_is_the_title_or_the_symptoms_whichever_says_a_bound(seed: Document) -> None:
    for runbook in seed.runbooks:
        symptoms = stated(seed, runbook, "Symptoms")
        assert list(runbook.symptoms) == symptoms
        if "(" in runbook.title and symptoms:
            assert runbook.trigger == runbook.title.partition(": ")[2]
        else:
            assert runbook.trigger == (symptoms[0] if symptoms else None)


def test_bounds_are_in_base_units(seed: Document) -> None:
    found = {runbook.id: runbook.thresholds for runbook in seed.runbooks if runbook.thresholds}
    assert {
        name: [(bound.comparison.value, bound.value, bound.quantile) for bound in bounds]
        for name, bounds in found.items()
    } == {
        "p2-high-error-rate--01": [(">", pytest.approx(0.001), None)],
        "p3-high-latency-p95--300ms": [(">", pytest.approx(0.3), pytest.approx(0.95))],
        "high-cpu-usage": [(">", pytest.approx(0.8), None)],
    }


def test_secrets_and_two_spellings_of_one_value_are_known(seed: Document) -> None:
    variables = {variable.name: variable for runbook in seed.runbooks for variable in runbook.variables}
    assert [name for name, variable in variables.items() if variable.is_secret] == ["YOUR_ROUTING_KEY"]
    assert [(name, each.same_as) for name, each in variables.items() if each.same_as] == [("pod", "pod_name")]


def test_what_is_told_in_words_elsewhere_points_there(seed: Document) -> None:
    found = {
        (runbook.id, action.id, action.reference)
        for runbook in seed.runbooks
        for action in runbook.actions
        if action.reference
    }
    assert found == {
        ("p3-high-latency-p95--300ms", "4.1", "manual-scale"),
        ("high-cpu-usage", "2.1", "manual-scale"),
    }


def test_alternatives_are_chosen_and_their_verification_stands_behind_the_choice(seed: Document) -> None:
    scaling = named(seed, "manual-scale").steps[0].items
    assert [isinstance(item, OptionGroup) for item in scaling] == [True, False]
    causes = named(seed, "pods-not-starting").steps[1].items[0]
    assert isinstance(causes, OptionGroup)
    assert [option.actions[0].kind for option in causes.options] == [
        ActionKind.MANUAL,
        ActionKind.MANUAL,
        ActionKind.SHELL,
    ]
    pool = named(seed, "database-connection-exhaustion").steps[1].items[0]
    assert isinstance(pool, OptionGroup)
    assert [option.actions[0].kind for option in pool.options] == [ActionKind.MANUAL, ActionKind.SQL]


def test_statements_after_a_login_use_its_connection_whatever_the_fence_says(seed: Document) -> None:
    found = {
        (runbook.id, action.id): action.connection
        for runbook in seed.runbooks
        for action in runbook.actions
        if action.kind is ActionKind.SQL
    }
    assert list(found) == [
        *(("p3-high-latency-p95--300ms", f"1.{number}") for number in (1, 2, 3)),
        *(("database-connection-exhaustion", number) for number in ("1.1", "1.2", "2.2")),
    ]
    assert {connection for place, connection in found.items() if place[1] != "2.2"} == {OPENER.split()[1]}


def test_every_labelled_command_is_exactly_one_action_with_its_text(
    seed: Document, labels: list[dict[str, Any]]
) -> None:
    rows = [row for row in labels if row["kind"] in ("command", "sql")]
    found = {row["id"]: [action.text.strip() for _, action in actions_on(seed, row["lines"])] for row in rows}
    assert len(rows) == 78
    for row in rows:
        assert found[row["id"]] == ([] if row["text"] == OPENER else [row["text"].strip()]), row["id"]


def test_labelled_rows_that_no_program_does_are_shown_as_done_by_a_person_or_as_data(
    labels: list[dict[str, Any]], shared_folder: Path, command_line: CommandLine
) -> None:
    done = command_line.call("show", "--format", "json", shared_folder / "seed" / "runbooks.md")
    shown = json.loads(done.out)
    actions = [
        (action["span"]["line"], action["doer"])
        for runbook in shown["runbooks"]
        for step in runbook["steps"]
        for item in step["items"]
        for each in item.get("options", [{"actions": [item]}])
        for action in each["actions"]
    ]
    data = [(block["span"]["line"] + 1, block["kind"]) for block in shown["blocks"]]
    rows = [row for row in labels if row["kind"] not in BY_MACHINE]
    expected = {"manual": "message", "prose-action": "person", "template": "template", "diagram": "diagram"}
    assert len(rows) == 14
    for row in rows:
        first, last = row["lines"]
        doers = [doer for line, doer in actions if first <= line <= last]
        is_data = row["kind"] in ("template", "diagram")
        assert (doers or [kind for line, kind in data if line == first]) == [expected[row["kind"]]], row["id"]
        assert is_data != bool(doers), row["id"]


def test_the_message_template_has_its_fields_and_is_no_action(seed: Document) -> None:
    template = next(iter(seed.templates))
    assert len(seed.templates) == 1
    assert [field.name for field in template.fields] == [
        "Severity",
        "Status",
        "Affected",
        "Customers",
        "Started",
        "ETA Resolution",
        "Latest Update",
    ]
    assert all(field.hint and field.hint in template.text for field in template.fields)


def test_the_escalation_matrix_has_its_levels_delays_and_conditions(seed: Document) -> None:
    assert [
        (
            level.number,
            level.delay_s,
            level.on_unacknowledged,
            level.on_unresolved,
            level.severities,
            len(level.targets),
        )
        for level in seed.escalation
    ] == [
        (1, 0, False, False, (), 1),
        (2, 300, True, False, ("P1", "P2"), 2),
        (3, 900, False, True, (), 2),
        (4, 1800, False, True, ("P1",), 1),
    ]


def test_contacts_are_places_and_people(seed: Document) -> None:
    values = [contact.value for contact in seed.contacts]
    assert [value.partition("/")[0].rstrip(":") for value in values[:4] if "://" in value] == ["https"] * 3
    assert values[1].startswith("#")
    assert len(values[4:]) == 4
    assert all(value.startswith("@") for value in values[4:])
    assert all(contact.role in contact.span.of(seed.text) for contact in seed.contacts)


def test_version_and_date_are_known(seed: Document) -> None:
    assert (seed.version, seed.updated) == tuple(
        re.findall(r"^\*\*(?:Version|Last Updated)\*\*: (.+)$", seed.text, re.MULTILINE)
    )[::-1]


def test_only_its_damaged_characters_are_noticed(seed: Document) -> None:
    assert [problem.code for problem in seed.problems] == [ProblemCode.MOJIBAKE] * 8
