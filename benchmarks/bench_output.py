"""How fast 50 MB of one step reach the store, redacted, hashed and compressed, and how much memory it takes."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from architect.runs.model import Binding
from runs_world import DANA, World, plan, shell

MEGABYTES = 50
LINE = "2026-01-01T00:00:00Z level=info msg=served url=https://api.example.com/items status=200 duration=12ms"
SOURCES = {
    "log lines": f"yes '{LINE}' | head -c {MEGABYTES}000000",
    "base64": f"head -c {MEGABYTES}000000 /dev/urandom | base64 | head -c {MEGABYTES}000000",
    "one line": f"head -c {MEGABYTES}000000 /dev/zero | tr '\\0' x",
}


def measure(text: str) -> dict[str, float]:
    """Return speed and peak memory of one step that writes so much, with one known secret to look for."""
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name))
        world.secrets.known["env:PASSWORD"] = "correct-horse-battery"
        binding = Binding(name="PASSWORD", reference="env:PASSWORD", is_secret=True)
        run = world.service.create(plan(shell("1.1", text), bindings=(binding,)), DANA)
        begun = time.perf_counter()
        world.advance(run)
        seconds = time.perf_counter() - begun
        world.close()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"mb_per_s": round(MEGABYTES / seconds), "peak_mb": round(peak_mb)}


def main() -> None:
    """Print the table, then JSON."""
    found = {name: measure(text) for name, text in SOURCES.items()}
    print(f"{'output':<12}{'MB/s':>8}{'peak MB':>10}   target: 50 MB/s, below 150 MB")
    for name, figures in found.items():
        print(f"{name:<12}{figures['mb_per_s']:>8}{figures['peak_mb']:>10}")
    print(json.dumps({"benchmark": "output", "megabytes": MEGABYTES, "results": found}))


if __name__ == "__main__":
    main()
