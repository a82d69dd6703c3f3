"""How many command lines a second are judged, on one core, and how the cost grows with the length of a text."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from architect.commands.judging import judge
from benchmarks.beside import ROOT, median_of, print_json, print_table, seconds_of

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


LABELLED = ROOT.parent / "shared" / "bench" / "commands.jsonl"


def measure(lines: list[str]) -> dict[str, float]:
    """Judge each line by itself, in a process that has judged nothing yet where it is the first, and again."""
    first = seconds_of(lambda: [judge(line) for line in lines])
    again = median_of(lambda: [judge(line) for line in lines], rounds=3)
    return {"lines": len(lines), "first_per_s": round(len(lines) / first), "again_per_s": round(len(lines) / again)}


def growth() -> float:
    """Return how many times longer a text of 1,000 lines takes than one of 100."""
    small = median_of(lambda: judge("\n".join(LINES * 10)), rounds=3)
    return round(median_of(lambda: judge("\n".join(LINES * 100)), rounds=3) / small, 1)


def main() -> None:
    """Print the table, then JSON. A file of JSON Lines with `command` stands for the labelled commands."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else LABELLED
    found: dict[str, dict[str, float]] = {}
    if path.exists():
        labelled = [json.loads(line)["command"] for line in path.read_text(encoding="utf-8").splitlines()]
        found["labelled commands"] = measure(labelled)
    found["long pipelines, built in"] = measure(list(LINES) * 100)
    rows: list[list[object]] = [["", "lines", "first time, a second", "again, a second"]]
    rows += [[name, *each.values()] for name, each in found.items()]
    print_table("effects, one core", rows, target="5,000 command lines a second")
    times = growth()
    print(f"  from 100 to 1,000 lines a text takes {times} times as long")
    print_json("effects", {**found, "growth": times})


if __name__ == "__main__":
    main()
