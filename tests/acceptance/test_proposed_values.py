"""Values that earlier output gives: shown to a person, taken by a person, never by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from command_line import CommandLine
from inside import Inside, eventually

END = """\
# End the session that blocks

## 1. Look

```bash
# Who has been in a transaction for long
psql "$DATABASE_URL" -X -c "SELECT pid, application_name FROM pg_stat_activity WHERE application_name = 'blocker'"
```

## 2. End

```bash
# End it
psql "$DATABASE_URL" -X -c "SELECT pg_terminate_backend(<pid>)"
```
"""
FETCH = """\
# Look into the newest backup

## 1. List

```bash
# What there is
aws s3 ls s3://backups/shop/
```

## 2. Fetch

```bash
# Fetch it
aws s3 cp "s3://backups/shop/<backup-file>" backup.sql
cat backup.sql
```
"""


@pytest.fixture
def inside_command(command_line: CommandLine, sandbox: Inside) -> CommandLine:
    """A user whose state folder has a sandbox."""
    command_line.environment["ARCHITECT_STATE"] = str(sandbox.state)
    return command_line


@pytest.fixture
def blocker(sandbox: Inside) -> Iterator[psycopg.Connection]:
    """A session that a runbook is to end."""
    role = sandbox.world.deployment.service_role
    connection = psycopg.connect(
        sandbox.world.database_url(role), passfile=str(sandbox.world.passwords(role)), application_name="blocker"
    )
    connection.execute("SELECT 1")
    yield connection
    connection.close()


def newest(command_line: CommandLine) -> str:
    """Return the name of the newest run."""
    return str(command_line.runs()[0]["run"])


def is_ended(sandbox: Inside, pid: int) -> bool:
    """Say whether a session is gone."""
    with sandbox.connect(role="postgres") as connection:
        return connection.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone() is None


def test_the_pid_of_the_query_before_is_proposed_and_taken_by_a_person(
    inside_command: CommandLine, sandbox: Inside, blocker: psycopg.Connection
) -> None:
    pid = blocker.info.backend_pid
    document = inside_command.document(END)
    with inside_command.terminal("run", document, "--profile", "sandbox") as terminal:
        question = terminal.question(within_s=60)
        assert "what is pid?" in question
        assert f"proposed       {pid} (from earlier output: look at it before you take it)" in question
        assert f"pid [{pid}] > " in question
        assert not is_ended(sandbox, pid)
        terminal.type("")
        question = terminal.question()
        assert f"values         pid = {pid}" in question or f"pid = {pid}" in question
        assert not is_ended(sandbox, pid)
        terminal.type("y")
        terminal.expect("✓")
        assert eventually(lambda: is_ended(sandbox, pid))
        terminal.question()
        terminal.type("y")
        assert terminal.wait() == 0


def test_a_proposed_value_is_not_taken_where_nobody_is_there(
    inside_command: CommandLine, sandbox: Inside, blocker: psycopg.Connection
) -> None:
    pid = blocker.info.backend_pid
    done = inside_command.call("run", inside_command.document(END), "--profile", "sandbox", "--approve", "2.1")
    assert done.code == 3
    assert "what is pid?" in done.out
    run = newest(inside_command)
    assert inside_command.of_kind("gate.opened", run)[-1]["proposal"] == str(pid)
    assert inside_command.of_kind("value.set", run) == []
    assert not is_ended(sandbox, pid)


def test_another_value_than_the_proposed_one_is_the_one_that_counts(
    inside_command: CommandLine, blocker: psycopg.Connection
) -> None:
    document = inside_command.document(END)
    with inside_command.terminal("run", document, "--profile", "sandbox") as terminal:
        assert f"[{blocker.info.backend_pid}] > " in terminal.question(within_s=60)
        terminal.type("999999999")
        assert "pid = 999999999" in terminal.question()
        terminal.type("n")
        terminal.question()
        terminal.type("it is another one")
        terminal.wait()


def test_several_candidates_are_no_proposal(inside_command: CommandLine, sandbox: Inside) -> None:
    role = sandbox.world.deployment.service_role
    sessions = [
        psycopg.connect(
            sandbox.world.database_url(role), passfile=str(sandbox.world.passwords(role)), application_name="blocker"
        )
        for _ in range(2)
    ]
    done = inside_command.call("run", inside_command.document(END), "--profile", "sandbox")
    for session in sessions:
        session.close()
    assert done.code == 3
    assert inside_command.of_kind("gate.opened", newest(inside_command))[-1]["proposal"] is None


def test_the_newest_backup_of_the_listing_is_proposed(inside_command: CommandLine, sandbox: Inside) -> None:
    put = "printf '%s' {text} > b && aws s3 cp b s3://backups/shop/{name} && rm b"
    for name, text in (("monday.sql", "old"), ("empty.sql", "''")):
        done = sandbox.run(put.format(name=name, text=text))
        assert done.returncode == 0, done.stderr
    assert eventually(lambda: sandbox.run("sleep 1; aws s3 ls s3://backups/shop/").returncode == 0)
    assert sandbox.run(put.format(name="tuesday.sql", text="new")).returncode == 0
    document = inside_command.document(FETCH)
    with inside_command.terminal("run", document, "--profile", "sandbox") as terminal:
        question = terminal.question(within_s=60)
        assert "[tuesday.sql] > " in question
        terminal.type("")
        assert terminal.wait() == 0
    assert inside_command.call("runs", "output", newest(inside_command), "2.2").out == "new"
    sandbox.run("aws s3 rm --recursive s3://backups/shop/")
