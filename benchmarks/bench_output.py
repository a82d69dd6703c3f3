"""How fast 50 MB of one step reach the store, redacted, hashed and compressed, and how much memory it takes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.beside import bash, print_json, print_table, seconds_of

MEGABYTES = 50
LINE = "2026-01-01T00:00:00Z level=info msg=served url=https://api.example.com/items status=200 duration=12ms"
SOURCES = {
    "log lines": f"yes '{LINE}' | head -c {MEGABYTES}000000",
    "base64": f"head -c {MEGABYTES}000000 /dev/urandom | base64 | head -c {MEGABYTES}000000",
    "one line": f"head -c {MEGABYTES}000000 /dev/zero | tr '\\0' x",
}


def measure(text: str) -> dict[str, float]:
    """Return speed and peak memory of one step that writes so much into SQLite, with a known secret to look for."""
    from architect.runs.model import Binding
    from architect.runs.service import RunService
    from architect.runs.voting import VotingRules
    from architect.runs.worker import Worker
    from architect.storage.stores import open_stores
    from chaos_worker import engine
    from runs_world import DANA, plan, shell

    with tempfile.TemporaryDirectory() as name, open_stores(f"sqlite:///{name}/bench.db") as kept:
        service = RunService(events=kept.events, index=kept.index, clock=kept.clock, rules=VotingRules())
        worker = Worker(engine(kept, kept.events, folder=Path(name) / "runs", lease_ttl_s=10))
        binding = Binding(name="PASSWORD", value="correct-horse-battery", is_secret=True)
        run = service.create(plan(shell("1.1", text), bindings=(binding,)), DANA)
        seconds = seconds_of(lambda: worker.advance(run))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"mb_per_s": round(MEGABYTES / seconds, 1), "peak_mb": round(peak_mb)}


def main() -> None:
    """Print the table, then JSON; each source in a process of its own, so that peaks do not mix."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(SOURCES[sys.argv[1]])))
        return
    rows: list[list[object]] = [["", "MB/s", "peak MB", "bash alone, MB/s"]]
    found = {}
    for name, text in SOURCES.items():
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.bench_output", name], capture_output=True, text=True, check=True
        )
        alone = MEGABYTES / seconds_of(lambda text=text: bash(f"{text} > /dev/null"))
        found[name] = {**json.loads(done.stdout), "bash_mb_per_s": round(alone, 1)}
        rows.append([name, found[name]["mb_per_s"], found[name]["peak_mb"], found[name]["bash_mb_per_s"]])
    print_table(f"{MEGABYTES} MB of output of one step", rows, target="50 MB/s into storage, below 150 MB")
    print_json("output", found)


if __name__ == "__main__":
    main()
