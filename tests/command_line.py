"""The real command line over a state folder of its own and small documents in a git repository."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pseudo_terminal import Terminal

PROGRAM = (sys.executable, "-m", "architect.cli.main")
_PASSED = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that ended: its exit code, and what it printed."""

    code: int
    out: str
    err: str


@dataclass(kw_only=True)
class CommandLine:
    """One user at one machine: a home, a state folder, a repository with documents."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, home: Path) -> CommandLine:
        """Make the folders, and the repository."""
        found = cls(home=home)
        for folder in (found.repository, found.bin, found.world):
            folder.mkdir(parents=True)
        subprocess.run(["git", "init", "--quiet", found.repository], check=True, stdin=subprocess.DEVNULL)
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        found.environment = {
            **passed,
            "PATH": f"{found.bin}:{passed['PATH']}",
            "HOME": str(home),
            "ARCHITECT_STATE": str(found.state),
            "WORLD": str(found.world),
            "COLUMNS": "100",
        }
        return found

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.home / "state"

    @property
    def repository(self) -> Path:
        """The repository of the documents; commands are called here."""
        return self.home / "repository"

    @property
    def bin(self) -> Path:
        """A folder at the beginning of PATH, for stand-ins of tools."""
        return self.home / "bin"

    @property
    def world(self) -> Path:
        """What documents change: `$WORLD` of the caller, written out in the texts."""
        return self.home / "world"

    def document(self, text: str, name: str = "ops.md") -> Path:
        """Write a document; `{world}` in it is the folder that it may change."""
        path = self.repository / name
        path.write_text(text.replace("{world}", str(self.world)), encoding="utf-8")
        return path

    def tool(self, name: str, script: str) -> Path:
        """Put a stand-in of a tool on PATH, as a shell script."""
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script.replace('{world}', str(self.world))}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def call(
        self, *words: str | Path, typed: str = "", environment: Mapping[str, str] | None = None, within_s: float = 90
    ) -> Done:
        """Call `architect` without a terminal and wait for its end."""
        done = subprocess.run(
            [*PROGRAM, *map(str, words)],
            input=typed,
            env={**self.environment, **(environment or {})},
            cwd=self.repository,
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            check=False,
            timeout=within_s,
        )
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    def start(self, *words: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start `architect` without a terminal."""
        return subprocess.Popen(
            [*PROGRAM, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**self.environment, **(environment or {})},
            cwd=self.repository,
            text=True,
        )

    def terminal(
        self,
        *words: str | Path,
        columns: int = 120,
        rows: int = 50,
        environment: Mapping[str, str] | None = None,
    ) -> Terminal:
        """Start `architect` at a terminal."""
        inherited = {name: value for name, value in self.environment.items() if name != "COLUMNS"}
        return Terminal(
            [*PROGRAM, *map(str, words)],
            environment={"TERM": "xterm-256color", **inherited, **(environment or {})},
            directory=self.repository,
            columns=columns,
            rows=rows,
        )

    def events(self, run: str = "RUN-1") -> list[dict[str, Any]]:
        """Return the events of a run, as they are in the record."""
        done = self.call("runs", "show", run, "--format", "jsonl")
        assert done.code == 0, done.err
        return [json.loads(line) for line in done.out.splitlines()]

    def kinds(self, run: str = "RUN-1") -> Sequence[str]:
        """Return the kinds of a run's events."""
        return [event["kind"] for event in self.events(run)]

    def of_kind(self, kind: str, run: str = "RUN-1") -> list[dict[str, Any]]:
        """Return the data of a run's events of one kind."""
        return [event["data"] for event in self.events(run) if event["kind"] == kind]

    def state_of(self, run: str = "RUN-1") -> dict[str, Any]:
        """Return how a run stands."""
        done = self.call("runs", "show", run, "--format", "json")
        assert done.code == 0, done.err
        found: dict[str, Any] = json.loads(done.out)
        return found

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs there are."""
        found: list[dict[str, Any]] = json.loads(self.call("runs", "list", "--format", "json").out)["runs"]
        return found


def is_alive(pid: int) -> bool:
    """Say whether a process still runs (one that nobody has buried yet does not)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"
