"""Which commands are meant for inside a session that an earlier one opened."""

from __future__ import annotations

import pytest

from architect.runbooks.model import ActionKind, SessionKind
from builders.documents import runbook

Where = list[tuple[str, SessionKind | None]]


def where(*blocks: str, between: str = "\n\n") -> Where:
    """Return the commands of a runbook made of blocks, with the kind of session each is meant for."""
    fences = between.join(f"```\n{block}\n```" for block in blocks)
    actions = runbook(f"# Repair the shop\n\n{fences}\n").actions
    return [(each.text, each.session.kind if each.session else None) for each in actions]


@pytest.mark.parametrize(
    ("opener", "kind"),
    [
        ("ssh web-1", SessionKind.SSH),
        ("ssh -i key.pem -p 2222 ops@web-1", SessionKind.SSH),
        ("gcloud compute ssh web-1 --zone europe-west1-b", SessionKind.SSH),
        ("aws ssm start-session --target i-0abc", SessionKind.SSH),
        ("kubectl exec -it web-0 -- bash", SessionKind.EXEC),
        ("kubectl -n shop exec --stdin --tty web-0 -- /bin/sh", SessionKind.EXEC),
        ("oc rsh web-0", SessionKind.EXEC),
        ("docker exec -it web sh", SessionKind.EXEC),
        ("docker compose exec web bash", None),
        ("sudo -i", SessionKind.SHELL),
        ("sudo su - postgres", SessionKind.SHELL),
        ("mysql -u root shop", SessionKind.SHELL),
    ],
)
def test_what_opens_a_session(opener: str, kind: SessionKind | None) -> None:
    found = where(opener, "uptime")
    assert found[0] == (opener, None)
    assert found[1] == ("uptime", kind)


@pytest.mark.parametrize(
    "text",
    [
        "ssh web-1 uptime",
        "ssh -N -L 5432:db:5432 bastion",
        "kubectl exec web-0 -- df -h",
        "kubectl exec -it web-0 -- df -h",
        "docker run --rm alpine date",
        "psql -c 'SELECT 1'",
        "mysql -e 'SHOW PROCESSLIST'",
        "redis-cli ping",
        "python3 fix.py",
        "sudo systemctl restart nginx",
    ],
)
def test_what_runs_one_command_opens_none(text: str) -> None:
    assert where(text, "uptime")[1] == ("uptime", None)


def test_statements_after_psql_are_for_inside() -> None:
    found = runbook("# Look\n\n```\npsql shop\n```\n\n```sql\nSELECT 1;\n```\n").actions
    assert found[-1].kind is ActionKind.SQL
    assert found[-1].connection == "shop"
    assert found[-1].session is not None
    assert found[-1].session.kind is SessionKind.PSQL


def test_a_shell_command_after_psql_is_outside() -> None:
    found = dict(where("psql shop", "SELECT 1;", "kubectl get pods"))
    assert found["SELECT 1;"] is SessionKind.PSQL
    assert found["kubectl get pods"] is None


def test_commands_of_redis_after_its_client_are_for_inside() -> None:
    found = dict(where("redis-cli -h cache", "INFO memory", "kubectl get pods"))
    assert found["INFO memory"] is SessionKind.REDIS
    assert found["kubectl get pods"] is None


@pytest.mark.parametrize("word", ["exit", "logout"])
def test_leaving_ends_the_innermost_session(word: str) -> None:
    found = where("ssh bastion", "ssh web-1", "uptime", word, "df -h", word, "date")
    kinds = dict(found)
    assert (kinds["uptime"], kinds["df -h"], kinds["date"]) == (SessionKind.SSH, SessionKind.SSH, None)


def test_another_login_from_outside_ends_the_first() -> None:
    found = where("ssh web-1", "uptime", "ssh web-2", "uptime")
    assert found[2] == ("ssh web-2", None)
    assert found[3] == ("uptime", SessionKind.SSH)


def test_a_login_right_after_another_goes_on_from_there() -> None:
    found = where("ssh bastion", "ssh web-1", "uptime")
    assert found == [("ssh bastion", None), ("ssh web-1", SessionKind.SSH), ("uptime", SessionKind.SSH)]


def test_a_tool_of_the_cluster_after_an_exec_is_outside() -> None:
    found = dict(where("kubectl exec -it web-0 -- sh", "df -h", "kubectl get pods"))
    assert (found["df -h"], found["kubectl get pods"]) == (SessionKind.EXEC, None)


def test_what_was_installed_inside_runs_inside() -> None:
    found = dict(where("kubectl exec -it web-0 -- sh", "apt-get install -y rsync", "rsync -a /a/ backup:/b/"))
    assert found["rsync -a /a/ backup:/b/"] is SessionKind.EXEC


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Now exit the pod.", None),
        ("Leave the container and look again:", None),
        ("Back on your laptop:", None),
        ("In another terminal:", None),
        ("Look at the disk:", SessionKind.EXEC),
    ],
)
def test_prose_says_when_a_session_is_left(words: str, kind: SessionKind | None) -> None:
    found = where("kubectl exec -it web-0 -- sh", "uptime", between=f"\n\n{words}\n\n")
    assert found[1] == ("uptime", kind)


def test_a_session_knows_the_command_that_opened_it() -> None:
    found = runbook("# Look\n\n```\nssh web-1\n```\n\n```\nuptime\n```\n").actions
    session = found[1].session
    assert session is not None
    assert session.opener == "ssh web-1"
    assert session.span == found[0].span
