"""A proposal comes from earlier output where the document makes that clear, and is none where it is not one."""

from __future__ import annotations

import pytest

from architect.commands.judging import judge
from architect.kernel.ids import ActionId
from architect.runbooks.model import Action, ActionKind
from architect.runs.defaults import NEWEST_OBJECT, ONLY_COLUMN, ONLY_NAME, proposal
from architect.runs.model import DefaultFrom
from architect.runs.planning import make_plan
from architect.runs.profiles import local_profile
from builders.runbooks import action, document, runbook, step

LISTING = """\
2026-03-01 10:00:00      20481 shop_1.sql.gz
2026-03-03 10:00:00      20490 shop_3.sql.gz
2026-03-02 10:00:00      20485 shop_2.sql.gz
2026-03-04 10:00:00          0 shop_4.sql.gz
                           PRE old/
"""
SESSIONS = """\
 pid  | state | query
------+-------+-------
 {}
(1 row)
"""


def defaults(first: Action, second: Action) -> tuple[DefaultFrom, ...]:
    book = runbook(step(1, first), step(2, second))
    return make_plan(document(book), book, profile=local_profile(), judge=judge).actions[1].defaults


def propose(how: str, output: str) -> str | None:
    return proposal(DefaultFrom(variable="x", action=ActionId("1.1"), how=how), output)


def test_the_newest_object_of_a_listing_is_proposed_for_the_latest_backup() -> None:
    (found,) = defaults(
        action("1.1", "aws s3 ls s3://shop/dumps/"),
        action("2.1", "aws s3 cp s3://shop/dumps/LATEST_BACKUP.sql.gz ."),
    )
    assert (found.variable, found.action) == ("LATEST_BACKUP", "1.1")
    assert proposal(found, LISTING) == "shop_3"


def test_the_pid_of_the_query_before_is_proposed() -> None:
    (found,) = defaults(
        action("1.1", "SELECT pid, state, query FROM pg_stat_activity", kind=ActionKind.SQL),
        action("2.1", "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = <pid>", kind=ActionKind.SQL),
    )
    assert (found.action, found.how) == ("1.1", ONLY_COLUMN)


def test_the_only_pod_of_a_listing_is_proposed() -> None:
    (found,) = defaults(
        action("1.1", "kubectl get pods -n shop"), action("2.1", "kubectl describe pod <pod-name> -n shop")
    )
    assert found.how == ONLY_NAME
    assert proposal(found, "NAME    READY   STATUS\nweb-1   0/1     Pending\n") == "web-1"
    assert proposal(found, "NAME    READY   STATUS\nweb-1   0/1     Pending\nweb-2   1/1     Running\n") is None


def test_nothing_is_proposed_where_nothing_earlier_gives_it() -> None:
    assert defaults(action("1.1", "date"), action("2.1", "kubectl describe pod <pod-name> -n shop")) == ()


@pytest.mark.parametrize(
    ("how", "output"),
    [
        (NEWEST_OBJECT, ""),
        (NEWEST_OBJECT, "An error occurred (NoSuchBucket)"),
        (NEWEST_OBJECT, "2026-03-01 10:00:00 5 a.gz\n2026-03-01 10:00:00 5 b.gz\n"),
        (NEWEST_OBJECT, "2026-03-01 10:00:00 0 a.gz\n"),
        (ONLY_COLUMN, SESSIONS.format("")),
        (ONLY_COLUMN, SESSIONS.format("1 | idle | a\n 2 | idle | b")),
        (ONLY_COLUMN, "ERROR: permission denied"),
        ("some other way", LISTING),
    ],
)
def test_no_answer_or_several_are_no_proposal(how: str, output: str) -> None:
    assert propose(how, output) is None


def test_one_row_is_a_proposal() -> None:
    assert propose(ONLY_COLUMN, SESSIONS.format("4711 | idle | SELECT 1")) == "4711"
