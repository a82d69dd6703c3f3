"""Runs every benchmark in a process of its own, prints the tables, and writes one JSON file."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent


def machine() -> dict[str, str]:
    """Say what was measured on."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
        model = f"{model} x {sum(line.startswith('processor') for line in lines)}"
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": model or platform.machine(),
    }


def main() -> int:
    """Run the benchmarks named on the command line, or all."""
    wanted = sys.argv[1:] or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    collected: dict[str, object] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    print(" · ".join(machine().values()))
    failed = []
    for name in wanted:
        words = [sys.executable, "-m", f"benchmarks.bench_{name}"]
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "tests")}
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=HERE.parent, env=environment) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("JSON "):
                    found = json.loads(line.removeprefix("JSON "))
                    collected[found["benchmark"]] = found["results"]
                else:
                    print(line, end="", flush=True)
        failed += [name] if process.returncode else []
    target = HERE / "results" / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(collected, indent=2) + "\n", encoding="utf-8")
    print(f"\n{target}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
