"""A dry run is the closest thing that a tool offers, named as such; it changes nothing."""

from __future__ import annotations

import pytest

from architect.commands.judging import judge
from architect.runbooks.model import Action, ActionKind
from architect.runs.dry_run import DryRunLine, dry_run_of, explained
from architect.runs.planning import make_plan
from architect.runs.profiles import local_profile
from builders.runbooks import action, document, runbook, step


def line(one: Action) -> DryRunLine:
    book = runbook(step(1, one))
    return next(dry_run_of(make_plan(document(book), book, profile=local_profile(), judge=judge)))


def test_a_tool_with_a_dry_run_is_shown_in_it() -> None:
    found = line(action("1.1", "kubectl scale deployment web --replicas=9 -n shop"))
    assert "--dry-run=server" in found.command
    assert found.explanation == "closest: the tool's own dry run"


def test_a_change_without_one_says_so() -> None:
    found = line(action("1.1", "./repair.sh"))
    assert (found.command, found.explanation) == ("", "no dry run exists")


def test_a_person_is_told_that_a_person_does_it() -> None:
    assert line(action("1.1", "Tell the team", kind=ActionKind.MANUAL)).explanation == "a person does this"


def test_a_refused_action_says_why() -> None:
    assert line(action("1.1", "<tool> get pods")).explanation.startswith("refused: line 1, column 1")


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM orders", "DELETE FROM orders WHERE id IN (1, 2)", "SELECT count(*) FROM orders;"]
)
def test_plain_statements_are_explained_and_never_analysed(statement: str) -> None:
    plan = explained(statement)
    assert plan is not None
    assert plan.startswith("EXPLAIN ")
    assert "ANALYZE" not in plan


@pytest.mark.parametrize(
    "statement",
    [
        "EXPLAIN ANALYZE DELETE FROM orders",
        "SELECT pg_terminate_backend(1)",
        "SELECT shop.erase_all ()",
        "DROP TABLE orders",
        "DELETE FROM orders; DROP TABLE orders",
        "VACUUM orders",
        "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
        "CALL repair()",
    ],
)
def test_what_planning_alone_might_run_is_not_explained(statement: str) -> None:
    assert explained(statement) is None
