"""How many command lines a second are judged, on one core, and how the cost grows with the length of a text."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from architect.commands.judging import judge
from benchmarks.beside import median_of, print_json, print_table, seconds_of

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


def measure(lines: list[str]) -> dict[str, float]:
    """Judge each line by itself, the first time and again, and texts of 100 and 1,000 lines."""
    first = seconds_of(lambda: [judge(line) for line in lines])
    again = median_of(lambda: [judge(line) for line in lines], rounds=3)
    small = median_of(lambda: judge("\n".join(LINES * 10)), rounds=3)
    large = median_of(lambda: judge("\n".join(LINES * 100)), rounds=3)
    return {
        "first_per_s": round(len(lines) / first),
        "again_per_s": round(len(lines) / again),
        "growth": round(large / small, 1),
    }


def main() -> None:
    """Print the table, then JSON. A file of JSON Lines with `command` stands for the ten lines built in."""
    given = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines() if len(sys.argv) > 1 else []
    lines = [json.loads(line)["command"] for line in given] or list(LINES) * 100
    found = measure(lines)
    rows: list[list[object]] = [["lines", "first time, lines/s", "again, lines/s", "100 to 1,000 lines, times"]]
    rows.append([len(lines), *found.values()])
    print_table("effects, one core", rows, target="5,000 lines a second; 10 times for 10 times the text")
    print_json("effects", found)


if __name__ == "__main__":
    main()
