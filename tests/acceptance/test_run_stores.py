"""What becomes of a run when the place where it is recorded fails."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from architect.kernel.clock import Clock, OffsetClock
from architect.runs.profiles import local_profile
from architect.runs.service import RunService
from architect.runs.voting import VotingRules
from architect.storage.stores import FILE_NAME, open_stores, store_place
from command_line import PROGRAM, CommandLine
from inside import Inside, eventually
from runs_world import DANA, plan, shell
from store_server import StoreServer

LOOK = "# Look\n\n## 1. Look\n\n```bash\n# Look around\necho seen\n```\n"
TWO_STEPS = """\
# Two steps

## 1. First

<!-- architect: retry="40 x 1s" -->
```bash
# Until it is allowed
cat {world}/allowed
```

```bash
# Afterwards
echo afterwards
```
"""


def in_namespace(command_line: CommandLine, before: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Call `architect` with mounts of its own, made by a shell text before."""
    program = shlex.join([*PROGRAM, *map(str, words)])
    argv = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c", f"{before}\nexec {program}"]
    return subprocess.run(
        argv,
        env=command_line.environment,
        cwd=command_line.repository,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def mounts() -> None:
    """Skip where the kernel lets nobody mount in a namespace."""
    probe = ["unshare", "--user", "--map-root-user", "--mount", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces here")


@pytest.mark.usefixtures("mounts")
def test_a_state_folder_on_a_read_only_disk_stops_before_anything_runs(command_line: CommandLine) -> None:
    command_line.state.mkdir(mode=0o700)
    state = shlex.quote(str(command_line.state))
    before = f"mount -t tmpfs -o ro,mode=700 tmpfs {state}"
    done = in_namespace(command_line, before, "run", command_line.document(LOOK))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{command_line.state}: the state folder is read-only" in done.stderr
    assert "ARCHITECT_STATE" in done.stderr


@pytest.mark.usefixtures("mounts")
def test_a_disk_that_fills_up_with_output_is_told_and_the_end_is_not_claimed(command_line: CommandLine) -> None:
    command_line.state.mkdir(mode=0o700)
    document = command_line.document("# Print\n\n## 1. Print\n\n```bash\nhead -c 20000000 /dev/urandom\n```\n")
    before = f"mount -t tmpfs -o size=5m,mode=700 tmpfs {shlex.quote(str(command_line.state))}"
    done = in_namespace(command_line, before, "run", document)
    assert done.returncode == 4, done.stderr
    assert "the log cannot be written: the disk is full" in done.stderr
    assert "how the present step ended is not recorded" in done.stderr
    assert "architect runs resume RUN-1" in done.stderr


def test_a_state_folder_open_to_others_is_refused(command_line: CommandLine) -> None:
    command_line.state.mkdir(mode=0o755)
    done = command_line.call("run", command_line.document(LOOK))
    assert (done.code, "open to others (mode 0755) (chmod 700 it)" in done.err) == (2, True)


def test_a_state_folder_that_is_a_file_is_named(command_line: CommandLine) -> None:
    command_line.state.write_text("")
    done = command_line.call("run", command_line.document(LOOK))
    assert (done.code, f"{command_line.state}: the state folder cannot be used" in done.err) == (2, True)


def test_a_clock_that_was_set_back_is_told_and_time_goes_on(command_line: CommandLine) -> None:
    command_line.state.mkdir(mode=0o700)

    def ahead(base: Clock) -> Clock:
        clock = OffsetClock(base)
        clock.move(timedelta(hours=2))
        return clock

    with open_stores(store_place(command_line.state), adjust=ahead) as stores:
        service = RunService(events=stores.events, index=stores.index, clock=stores.clock, rules=VotingRules())
        service.create(plan(shell("1.1", "echo seen"), profile_digest=local_profile().digest), DANA)
    done = command_line.call("runs", "resume", "RUN-1")
    assert done.code == 0, done.err
    assert "the clock was set back (1:59:" in done.out or "the clock was set back (2:00:00)" in done.out
    moments = [event["at"] for event in command_line.events()]
    assert moments == sorted(moments)


@pytest.fixture
def own_server() -> Iterator[StoreServer]:
    """A PostgreSQL for the store, to be stopped and started."""
    with StoreServer.of_new_cluster() as server:
        yield server


def start(command_line: CommandLine, server: StoreServer, text: str) -> subprocess.Popen[str]:
    """Start a run on a store of PostgreSQL."""
    command_line.environment["ARCHITECT_DATABASE_URL"] = server.database()
    return command_line.start("run", command_line.document(text))


def test_a_store_that_is_away_for_a_moment_costs_nothing(command_line: CommandLine, own_server: StoreServer) -> None:
    pipe = command_line.world / "allowed"
    os.mkfifo(pipe)
    process = start(command_line, own_server, TWO_STEPS)
    opened: list[int] = []

    def is_read() -> bool:
        with suppress(OSError):
            opened.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(opened)

    assert eventually(is_read, within_s=60), process.communicate()
    own_server.stop()
    os.close(opened[0])
    own_server.start()
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert "afterwards" in out
    assert command_line.kinds().count("step.ended") == 2


def test_a_store_that_is_gone_stops_the_run_where_it_is_and_it_can_be_resumed(
    command_line: CommandLine, own_server: StoreServer
) -> None:
    process = start(command_line, own_server, TWO_STEPS)
    assert process.stdout is not None
    assert any("attempt 2" in line for line in process.stdout)
    own_server.stop()
    out, err = process.communicate(timeout=90)
    assert process.returncode in (3, 4), (out, err)
    assert "the store cannot be reached" in err
    assert "architect runs resume RUN-1" in err
    assert "Traceback" not in err
    assert own_server.password not in err + out
    own_server.start()
    (command_line.world / "allowed").write_text("go\n")

    def is_through() -> bool:
        return command_line.call("runs", "resume", "RUN-1").code == 0

    assert eventually(is_through, within_s=60)
    assert not (command_line.state / FILE_NAME).exists()


def test_a_store_that_cannot_be_reached_from_the_start_is_wrong_use(
    command_line: CommandLine, own_server: StoreServer
) -> None:
    url = own_server.database()
    own_server.stop()
    done = command_line.call("run", command_line.document(LOOK), environment={"ARCHITECT_DATABASE_URL": url})
    assert (done.code, done.out) == (2, "")
    assert "the store cannot be reached" in done.err
    assert own_server.password not in done.err
    own_server.start()


ASKING = """\
# The shop is slow

## 1. Look

```bash
# Wait for the answer
psql "$DATABASE_URL" -X -c "SELECT pg_sleep(600)"
```

```bash
# Ask again
psql "$DATABASE_URL" -X -c "SELECT count(*) FROM orders"
```
"""


def test_a_database_that_goes_away_in_the_middle_fails_the_reads_and_is_told(
    command_line: CommandLine, own_sandbox: Inside
) -> None:
    command_line.environment["ARCHITECT_STATE"] = str(own_sandbox.state)
    process = command_line.start("run", command_line.document(ASKING), "--profile", "sandbox")

    def is_asked() -> bool:
        with own_sandbox.connect(role="postgres") as connection:
            return bool(connection.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'").fetchone())

    assert eventually(is_asked, within_s=60)
    servers = psutil.Process(own_sandbox.world.guard.pid).children(recursive=True)
    primary = next(each for each in servers if "postgres" in each.name() and "primary" in " ".join(each.cmdline()))
    primary.kill()
    out, err = process.communicate(timeout=90)
    assert process.returncode == 1, err
    assert "server closed the connection unexpectedly" in out
    assert out.count("connection to server") >= 1
    assert "failed reads: 1.1, 1.2" in out
    assert command_line.call("audit", "verify").code == 0
