"""What a durable step costs over bash: 100 trivial steps against `bash -c true` a hundred times, in the same minute."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine

from architect.runs.service import RunService
from architect.runs.voting import VotingRules
from architect.runs.worker import Worker
from architect.storage.stores import open_stores
from benchmarks.beside import bash, peers, print_json, print_table, seconds_of
from chaos_worker import engine
from runs_world import DANA, plan, shell
from store_server import StoreServer

STEPS = 100
ROUNDS = 7
BASH = f"for i in $(seq {STEPS}); do bash --noprofile --norc -c true; done"

DBOS = """
import subprocess, sys, time
from dbos import DBOS, DBOSConfig
DBOS(config={"name": "bench", "system_database_url": sys.argv[1]})
@DBOS.step()
def step():
    subprocess.run(["bash", "--noprofile", "--norc", "-c", "true"], check=True)
@DBOS.workflow()
def flow():
    for _ in range(%d):
        step()
DBOS.launch()
flow()
begun = time.perf_counter()
flow()
print(time.perf_counter() - begun)
DBOS.destroy()
"""


@contextmanager
def stores() -> Iterator[dict[str, str]]:
    """Give an empty store of each kind; both flush to the disk before they answer."""
    with tempfile.TemporaryDirectory() as name, StoreServer.of_new_cluster(is_durable=True) as server:
        yield {"SQLite": f"sqlite:///{name}/bench.db", "PostgreSQL": server.database()}


def measure(url: str) -> tuple[list[float], list[float]]:
    """Return milliseconds a step, ours and bash's, round by round, taken by turns."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name, open_stores(url) as kept:
        service = RunService(events=kept.events, index=kept.index, clock=kept.clock, rules=VotingRules())
        worker = Worker(engine(kept, kept.events, folder=Path(name) / "runs", lease_ttl_s=10))
        for _ in range(ROUNDS + 1):
            run = service.create(plan(*[shell(f"1.{number}", "true") for number in range(1, STEPS + 1)]), DANA)
            ours.append(seconds_of(lambda run=run: worker.advance(run)) * 1000 / STEPS)
            theirs.append(seconds_of(lambda: bash(BASH)) * 1000 / STEPS)
    return ours[1:], theirs[1:]


def commits_ms(url: str) -> float:
    """Return milliseconds for what every durable step needs at least: two rows, each committed by itself."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA synchronous=FULL")
        connection.exec_driver_sql("CREATE TABLE floor (at INTEGER)")
        connection.commit()

        def commit(at: int) -> None:
            connection.exec_driver_sql(f"INSERT INTO floor VALUES ({at})")
            connection.commit()

        taken = seconds_of(lambda: [commit(at) for at in range(2 * STEPS)])
    engine.dispose()
    return taken * 1000 / STEPS


def dbos_ms(programs: Path) -> float | None:
    """Return milliseconds a step of DBOS on SQLite; None where it does not run."""
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/dbos.db"
        done = subprocess.run(
            [programs / "python", "-c", DBOS % STEPS, url], capture_output=True, text=True, check=False, timeout=120
        )
    return float(done.stdout.split()[-1]) * 1000 / STEPS if done.returncode == 0 and done.stdout else None


def ansible_ms(programs: Path) -> float | None:
    """Return milliseconds a task of Ansible's raw module on this machine; None where it does not run."""
    tasks = [{"raw": "true"} for _ in range(STEPS)]
    playbook = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(playbook, file)
        file.flush()
        words = [str(programs / "ansible-playbook"), "-i", "localhost,", file.name]
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": tempfile.gettempdir(), "LC_ALL": "C.UTF-8"}
        run = subprocess.run(words, env=environment, capture_output=True, check=False, timeout=300)
        if run.returncode:
            return None
        return (
            seconds_of(lambda: subprocess.run(words, env=environment, capture_output=True, check=True)) * 1000 / STEPS
        )


def main() -> None:
    """Print the table, then JSON."""
    found: dict[str, dict[str, float]] = {}
    bash_ms = 0.0
    with stores() as urls:
        for name, url in urls.items():
            ours, theirs = measure(url)
            bash_ms = statistics.median(theirs)
            found[f"Architect, {name}"] = {
                "ms": statistics.median(ours),
                "over_bash": statistics.median(ours) - bash_ms,
                "commits": commits_ms(url),
            }
    programs = peers()
    for name, measured in (("DBOS, SQLite", dbos_ms), ("Ansible raw", ansible_ms)):
        if programs is not None and (each := measured(programs)) is not None:
            found[name] = {"ms": each, "over_bash": each - bash_ms}
    rows: list[list[object]] = [
        ["", "ms a step", "over bash", "times bash", "two commits alone, ms"],
        ["bash -c true", f"{bash_ms:.2f}", "", "1.0", ""],
    ]
    for name, each in found.items():
        commits = f"{each['commits']:.2f}" if "commits" in each else ""
        rows.append([name, f"{each['ms']:.2f}", f"{each['over_bash']:.2f}", f"{each['ms'] / bash_ms:.1f}", commits])
    print_table(f"{STEPS} durable steps", rows, target="at most 2 ms over bash on both stores")
    print_json("steps", {"bash_ms": bash_ms, **found})


if __name__ == "__main__":
    main()
