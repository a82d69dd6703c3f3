"""How long the command line takes to answer, and how much memory, against a Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.beside import ROOT, median_of, print_json, print_table

ROUNDS = 9
PROGRAM = Path(sys.executable).with_name("architect")
DOCUMENT = ROOT / "runbooks" / "connection-exhaustion.md"


def call(words: list[str]) -> None:
    """Call a program and throw away what it says."""
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def peak_mb(words: list[str]) -> float:
    """Return the most memory that a call had, in MB."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_maxrss / 1024


def main() -> None:
    """Print the table, then JSON."""
    with tempfile.TemporaryDirectory() as state:
        os.environ["ARCHITECT_STATE"] = state
        calls = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "architect --help": [str(PROGRAM), "--help"],
            "architect --version": [str(PROGRAM), "--version"],
            "architect show FILE": [str(PROGRAM), "show", str(DOCUMENT)],
            "architect runs list": [str(PROGRAM), "runs", "list"],
        }
        call(calls["architect runs list"])
        found = {
            name: {
                "ms": round(median_of(lambda words=words: call(words), rounds=ROUNDS) * 1000),
                "mb": round(peak_mb(words)),
            }
            for name, words in calls.items()
        }
    rows: list[list[object]] = [["", "ms", "MB"], *([name, each["ms"], each["mb"]] for name, each in found.items())]
    print_table("start", rows, target="--help below 150 ms, show below 400 ms and 120 MB")
    print_json("start", found)


if __name__ == "__main__":
    main()
