"""What a durable step costs over bash: 100 trivial steps against `bash -c true` a hundred times, in the same minute."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from architect.runs.service import RunService
from architect.runs.voting import VotingRules
from architect.runs.worker import Worker
from architect.storage.stores import open_stores
from chaos_worker import engine
from runs_world import DANA, plan, shell

STEPS = 100
ROUNDS = 5


def measure(url: str, folder: Path) -> dict[str, float]:
    """Return medians in milliseconds a step: ours, bash, and the difference."""
    stores = open_stores(url)
    service = RunService(events=stores.events, index=stores.index, clock=stores.clock, rules=VotingRules())
    worker = Worker(engine(stores, stores.events, folder=folder / "runs", lease_ttl_s=10))
    ours, bash = [], []
    for _ in range(ROUNDS + 1):
        run = service.create(plan(*[shell(f"1.{number}", "true") for number in range(1, STEPS + 1)]), DANA)
        begun = time.perf_counter()
        worker.advance(run)
        ours.append((time.perf_counter() - begun) * 1000 / STEPS)
        begun = time.perf_counter()
        subprocess.run(["bash", "-c", f"for i in $(seq {STEPS}); do bash -c true; done"], check=True)
        bash.append((time.perf_counter() - begun) * 1000 / STEPS)
    stores.close()
    ours_ms, bash_ms = statistics.median(ours[1:]), statistics.median(bash[1:])
    return {"step_ms": round(ours_ms, 2), "bash_ms": round(bash_ms, 2), "over_bash_ms": round(ours_ms - bash_ms, 2)}


def main() -> None:
    """Print the table, then JSON."""
    with tempfile.TemporaryDirectory() as name:
        found = {"sqlite": measure(f"sqlite:///{name}/bench.db", Path(name))}
    print(f"{'store':<12}{'step ms':>10}{'bash ms':>10}{'over':>8}   target: 2 ms over bash")
    for store, figures in found.items():
        print(f"{store:<12}{figures['step_ms']:>10}{figures['bash_ms']:>10}{figures['over_bash_ms']:>8}")
    print(json.dumps({"benchmark": "steps", "steps": STEPS, "rounds": ROUNDS, "results": found}))


if __name__ == "__main__":
    main()
