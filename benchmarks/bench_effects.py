"""How many command lines a second are judged, on one core, and how the cost grows with the length of a text."""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

from architect.commands.judging import judge

LINES = (
    "kubectl get pods -n web --sort-by=.metadata.name | tail -20",
    "psql $DATABASE_URL -c 'SELECT count(*) FROM orders;'",
    "df -h /var | awk 'NR>1 {print $5}' | sort -rn | head -3",
    "aws s3 ls s3://backups/nightly/",
    "curl -fsS https://api.example.org/health",
    "for h in a b c; do ssh $h uptime; done",
    "sudo systemctl restart nginx && systemctl status nginx",
    "find /var/log -name '*.gz' -mtime +30 -exec rm {} \\;",
    "pg_dump $DATABASE_URL | gzip > backup_$(date +%s).sql.gz",
    "docker ps --filter status=exited -q | xargs docker rm",
)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the best time of `rounds` runs."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def measure(lines: list[str], rounds: int) -> dict[str, object]:
    """Judge each line by itself, and texts of 100 and 1,000 lines."""
    for line in lines:
        judge(line)
    each = seconds(lambda: [judge(line) for line in lines], rounds)
    small = seconds(lambda: judge("\n".join(LINES * 10)), rounds)
    large = seconds(lambda: judge("\n".join(LINES * 100)), rounds)
    return {
        "lines": len(lines),
        "lines_per_second": round(len(lines) / each),
        "growth_from_100_to_1000_lines": round(large / small, 2),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=Path, help="JSON Lines with `command`, instead of the ten built in")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    lines = list(LINES) * 100
    if arguments.commands:
        lines = [json.loads(line)["command"] for line in arguments.commands.read_text(encoding="utf-8").splitlines()]
    figures = measure(lines, arguments.rounds)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:32} {value}")


if __name__ == "__main__":
    main()
