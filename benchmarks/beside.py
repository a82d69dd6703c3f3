"""What runs beside: bash, and peers in an environment of their own, built from `peers.txt` where a registry answers."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".cache" / "bench-peers"


def peers() -> Path | None:
    """Return the folder of the peers' programs, installed once; None where they cannot be had."""
    wanted = Path(__file__).with_name("peers.txt").read_text(encoding="utf-8")
    ready = PEERS / "installed.txt"
    if ready.exists() and ready.read_text(encoding="utf-8") == wanted:
        return PEERS / "bin"
    subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
    install = [PEERS / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", Path(__file__).with_name("peers.txt")]
    done = subprocess.run(list(map(str, install)), check=False, capture_output=True)
    if done.returncode:
        print("peers cannot be installed here: they are left out", file=sys.stderr)
        return None
    ready.write_text(wanted, encoding="utf-8")
    return PEERS / "bin"


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def median_of(work: Callable[[], object], *, rounds: int) -> float:
    """Return the median time of some rounds, the first one left out."""
    return statistics.median([seconds_of(work) for _ in range(rounds + 1)][1:])


def bash(text: str) -> None:
    """Run a text in bash."""
    subprocess.run(["bash", "--noprofile", "--norc", "-c", text], check=True, stdin=subprocess.DEVNULL)


def print_table(title: str, rows: Sequence[Sequence[object]], *, target: str) -> None:
    """Print rows under a title, aligned."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]
    print(f"\n{title}   (target: {target})")
    for row in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_json(name: str, results: object) -> None:
    """Print the line that `python -m benchmarks` collects."""
    print("JSON " + json.dumps({"benchmark": name, "results": results}))
