"""How fast a document is read and its commands are judged, how cost grows with size, and what peers take to parse."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.beside import ROOT, peers, print_json, print_table, seconds_of

SHARED = Path(os.environ.get("ARCHITECT_SHARED", ROOT.parent / "shared"))
SIZES = (1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 23)
SMALL, LARGE = 4_000, 32_000
ROUNDS = 3
MISTUNE = "import sys, mistune; mistune.create_markdown(renderer='ast', plugins=['table'])(sys.stdin.read())"
MARKDOWN_IT = (
    "import sys; from markdown_it import MarkdownIt; MarkdownIt('commonmark').enable('table').parse(sys.stdin.read())"
)

SHAPES: dict[str, Callable[[int], str]] = {
    "code spans": lambda n: "# A\n\n- run " + "`ls -l` " * n,
    "sentences": lambda n: "# A\n\n- Aa. " + "Aa. `ls -l` " * n,
    "links to parts": lambda n: "# A\n\n" + "- [a](#a)\n" * n,
    "bold labels": lambda n: "# A\n\n" + "**Fix**: a\n" * n,
    "a long title": lambda n: "# " + "Restart " * n + "\n\n```\nls\n```\n",
    "conditions": lambda n: "# A\n\n## Fix\n\n- " + "if it is full " * n + "\n- run `ls -l`\n",
    "bounds": lambda n: "# A\n\n**Symptoms**: " + "CPU rises above 5 % and " * n + "\n\n```\nls\n```\n",
    "comments": lambda n: "# A\n\n```bash\n" + "# restart it\n" * n + "ls\n```\n",
    "alternatives": lambda n: "# A\n\n```bash\n" + "ls\n# or\n" * n + "ls\n```\n",
    "statements": lambda n: "# A\n\n```sql\n" + "-- a\n\n/* b */ " * n + "SELECT 1;\n```\n",
    "open quotes": lambda n: "# A\n\n```bash\n" + 'A="x ' * n + "\n```\n",
    "here-documents": lambda n: "# A\n\n```bash\n" + "cat <<E\na\nE\n" * n + "```\n",
    "open brackets": lambda n: "# A\n\n```json\n" + '{"a": [' * n + "\n```\n",
    "cells": lambda n: "|" + " Command |" * n + "\n|" + "---|" * n + "\n|" + " `ls -l` |" * n + "\n",
    "open tags": lambda n: "<table>" + "<tr><td>a" * n + "</table>\n",
    "fences in lists": lambda n: "# A\n\n" + "- a\n  ```\n  ls\n  ```\n" * n,
    "nested steps": lambda n: "# A\n\n" + "1. a\n   - b\n     - c `ls -l`\n" * n,
    "levels": lambda n: "# Escalation\n\n" + "- Page the lead after 5 min\n" * n,
    "promises": lambda n: "# A\n\n**SLA**: " + "5 min " * n + "\n\n```\nls\n```\n",
    "template gaps": lambda n: "# Template\n\n```\nName: " + "[aa] " * n + "\n```\n",
}
"""Texts that a pattern with a flaw would take quadratic time for, by how often something is repeated."""


def grown(size: int) -> str:
    """Return a text of about `size` characters: the project's own runbooks again and again, their titles numbered."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "runbooks").glob("*.md")))
    parts: list[str] = []
    while sum(map(len, parts)) < size:
        number = len(parts) + 1
        parts.append(re.sub(r"^(#+ .*)$", lambda match, at=number: f"{match[1]} {at}", text, flags=re.MULTILINE))
    return "".join(parts)[:size]


def corpus() -> list[bytes]:
    """Return the public runbooks; none where the shared folder is not here."""
    folder = SHARED / "corpus" / "files"
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]


def cpu_seconds_of(work: Callable[[], object]) -> float:
    """Return the least processor time of some rounds."""
    return min(_cpu_seconds(work) for _ in range(ROUNDS))


def _cpu_seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _read_and_judge(data: bytes) -> tuple[float, float]:
    """Return the time to read a document, and that to judge what its runbooks do."""
    from architect.commands.procedures import deeds_of
    from architect.runbooks.reading import read

    document = read(data, "bench.md")
    reading = cpu_seconds_of(lambda: read(data, "bench.md"))
    judging = _cpu_seconds(lambda: [deeds_of(runbook) for runbook in document.runbooks])
    return reading, judging


def measure(what: str) -> dict[str, float]:
    """Measure one thing in this process: the corpus, a size in bytes, or a shape."""
    from architect.cli.main import collect_seldom

    collect_seldom()
    if what in SHAPES:
        from architect.runbooks.reading import read

        small, large = (SHAPES[what](count).encode() for count in (SMALL, LARGE))
        read(small, "warm.md")
        times = [cpu_seconds_of(lambda data=data: read(data, "bench.md")) for data in (small, large)]
        return {"s_per_mb": round(times[1] / len(large) * 1e6, 2), "growth": round(times[1] / times[0], 1)}
    texts = corpus() if what == "corpus" else [grown(int(what)).encode()]
    _read_and_judge(grown(SIZES[0]).encode())
    found = [_read_and_judge(text) for text in texts]
    megabytes = sum(map(len, texts)) / 1e6
    return {
        "mb": round(megabytes, 2),
        "read_s_per_mb": round(sum(reading for reading, _ in found) / megabytes, 2),
        "judge_s_per_mb": round(sum(judging for _, judging in found) / megabytes, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def apart(what: str) -> dict[str, float]:
    """Measure in a process of its own, so that peaks do not mix."""
    words = [sys.executable, "-m", "benchmarks.bench_read", what]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def beside(text: str) -> Iterator[tuple[str, float]]:
    """Yield what parsing alone takes per MB, start included: markdown-it-py, which we use, and mistune."""
    programs = [("markdown-it-py alone", sys.executable, MARKDOWN_IT)]
    if (found := peers()) is not None:
        programs.append(("mistune alone", str(found / "python"), MISTUNE))
    for name, python, program in programs:
        words = [python, "-c", program]
        took = min(
            seconds_of(lambda words=words: subprocess.run(words, input=text, text=True, check=True)) for _ in range(2)
        )
        yield name, round(took / len(text) * 1e6, 2)


def main() -> None:
    """Print the tables, then JSON."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1])))
        return
    sizes = {str(size): apart(str(size)) for size in SIZES}
    found: dict[str, object] = {"sizes": sizes}
    rows: list[list[object]] = [["", "MB", "read, s per MB", "judge, s per MB", "peak MB"]]
    if corpus():
        found["corpus"] = public = apart("corpus")
        rows.append(["public runbooks, one by one", *public.values()])
    rows += [[f"one file of {int(size) >> 10} KB", *each.values()] for size, each in sizes.items()]
    alone = dict(beside(grown(1 << 20)))
    found["peers_s_per_mb"] = alone
    rows += [[f"{name}, one file of 1024 KB", "", took, "", ""] for name, took in alone.items()]
    slope = sizes[str(SIZES[-1])]["read_s_per_mb"] / sizes[str(SIZES[0])]["read_s_per_mb"]
    found["slope"] = round(slope, 2)
    print_table("read", rows, target="read and judge below 1 s per MB, the same at every size")
    print(f"  from {SIZES[0] >> 10} KB to {SIZES[-1] >> 10} KB a MB costs {slope:.2f} times as much")
    found["shapes"] = shapes = {name: apart(name) for name in SHAPES}
    times = LARGE // SMALL
    shown: list[list[object]] = [["", "s per MB", f"time for {times} times as much"]]
    shown += [[name, each["s_per_mb"], each["growth"]] for name, each in shapes.items()]
    print_table("read: shapes that are hard on a reader", shown, target=f"time grows about {times} times")
    print_json("read", found)


if __name__ == "__main__":
    main()
