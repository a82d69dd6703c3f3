"""Every command, statement and piece of inline code of the seed has the effect that its label says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from architect.commands.judging import judge

JUDGED = ("command", "sql", "inline-code")


def labelled(shared_folder: Path) -> list[dict[str, Any]]:
    """Return the labelled rows that a machine can judge."""
    lines = (shared_folder / "seed" / "commands.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] in JUDGED]


def test_all_labelled_commands_of_the_seed_are_judged_right(shared_folder: Path) -> None:
    rows = labelled(shared_folder)
    asked = "\n".join(
        json.dumps({"id": row["id"], "text": row["text"], "language": "sql" if row["kind"] == "sql" else "shell"})
        for row in rows
    )
    run = subprocess.run(
        [sys.executable, "-m", "architect.cli.main", "effects", "--format", "jsonl"],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = {answer["id"]: answer for answer in map(json.loads, run.stdout.splitlines())}
    wrong = {
        row["id"]: (row["text"], answers[row["id"]]["effect"], answers[row["id"]]["reason"])
        for row in rows
        if answers[row["id"]]["effect"] not in (row.get("accept") or [row["effect"]])
    }
    assert rows
    assert wrong == {}


def test_targets_of_the_seed_are_told(shared_folder: Path) -> None:
    wrong = {}
    for row in labelled(shared_folder):
        expected = str(row.get("target") or "")
        if "/" in expected and not expected.startswith("pods "):
            decisive = judge(str(row["text"])).decisive
            target = decisive.target if decisive else None
            if target is None or f"{target.kind}/{target.name}" != expected:
                wrong[row["id"]] = (expected, target)
    assert wrong == {}
