"""A state folder with a real record, the command line over it, and a hand that edits what is stored."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, cast

import psycopg
from click.testing import CliRunner

from architect.audit.model import Draft, Entry
from architect.cli.main import command, exit_code
from architect.integrations.shell.executor import ShellRunner
from architect.kernel.errors import ArchitectError
from architect.kernel.ids import RunId, StreamId
from architect.runs.model import Executor, PlannedAction
from architect.runs.service import RunService
from architect.runs.voting import VotingRules
from architect.runs.worker import Worker
from architect.storage.stores import Stores, open_stores, store_place
from chaos_worker import engine
from runs_world import DANA, plan

Parameter: TypeAlias = "str | int | bytes | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The result as JSON."""
        return json.loads(self.out)


@dataclass
class Record:
    """One state folder, with its store there or on PostgreSQL."""

    folder: Path
    url: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_new(cls, folder: Path, store_url: str) -> Record:
        """Make an empty one; of SQLite the file lies in the folder whatever the URL says."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(folder, None if store_url.startswith("sqlite") else store_url)

    @property
    def file(self) -> Path:
        """The file of the store."""
        return store_place(self.folder)

    @property
    def copies(self) -> Path:
        """The copies of checkpoints beside the store."""
        return self.folder / "checkpoints.jsonl"

    def open(self) -> Stores:
        """Open the stores, as another process would."""
        return open_stores(self.url or self.file)

    def call(self, *words: str, stdin: str = "", **environment: str) -> Said:
        """Call the command line in this process, in an environment that knows nothing but this folder."""
        given = {"ARCHITECT_STATE": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "none")}
        given |= {"ARCHITECT_DATABASE_URL": self.url or ""} | self.environment | environment
        result = CliRunner(env=given).invoke(command, words, input=stdin)
        if isinstance(result.exception, ArchitectError):
            message = f"architect: {result.exception}\n"
            return Said(code=exit_code(result.exception), out=result.stdout, err=result.stderr + message)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(code=result.exit_code, out=result.stdout, err=result.stderr)

    def process(self, *words: str, through: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start the command line as a process of its own, through a program that calls what follows it."""
        return self._start([*through, sys.executable, "-m", "architect.cli.main", *words])

    def script(self, text: str) -> subprocess.Popen[str]:
        """Start a script that opens this folder."""
        return self._start([sys.executable, "-c", text])

    def _start(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        given = {"ARCHITECT_STATE": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "none")}
        given |= {"ARCHITECT_DATABASE_URL": self.url or ""} | self.environment
        return subprocess.Popen(
            argv,
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call_apart(self, *words: str, through: Sequence[str] = ()) -> Said:
        """Call the command line in a process of its own."""
        process = self.process(*words, through=through)
        out, err = process.communicate(timeout=60)
        return Said(code=process.returncode, out=out, err=err)

    def verify(self, *words: str) -> Said:
        """Call `architect audit verify`."""
        return self.call("audit", "verify", *words)

    def checkpoint(self) -> str:
        """Make a checkpoint and return its short form."""
        said = self.call("audit", "checkpoint")
        assert said.code == 0, said
        return said.out.strip()

    def run(self, *actions: PlannedAction, **more: object) -> RunId:
        """Carry a run out as far as it goes by itself."""
        with self.open() as stores:
            service = RunService(events=stores.events, index=stores.index, clock=stores.clock, rules=VotingRules())
            run = service.create(plan(*actions, **more), DANA)
            advance(stores, run, self.folder / "runs")
            return run

    def add(self, stream: str, *data: Mapping[str, Any]) -> None:
        """Append events that nobody interprets."""
        with self.open() as stores:
            name = StreamId(stream)
            drafts = [Draft(kind="noted", actor="person:dana", data=each) for each in data]
            stores.events.append(name, drafts, expected_seq=len(stores.events.read(name)))

    @contextmanager
    def hand(self) -> Iterator[Hand]:
        """Give somebody's hand on the database, past the program; what it did is there when the block ends."""
        if self.url is None:
            with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
                yield Hand(lambda sql, parameters: connection.execute(sql, parameters).fetchall())
            return
        with psycopg.connect(self.url, autocommit=True) as server:

            def execute(sql: str, parameters: Sequence[Parameter]) -> list[Any]:
                found = server.execute(sql.replace("?", "%s").encode(), parameters)
                return found.fetchall() if found.description else []

            yield Hand(execute)

    def copy_to(self, folder: Path) -> Record:
        """Return a copy of a record in files."""
        assert self.url is None
        shutil.copytree(self.folder, folder)
        return Record(folder, environment=self.environment)


def advance(stores: Stores, run: RunId, folder: Path) -> None:
    """Carry a run on until it waits or ends."""
    made = engine(stores, stores.events, folder=folder, lease_ttl_s=10)
    with closing(cast(ShellRunner, made.runners[Executor.SHELL])):
        Worker(made).advance(run)


class Hand:
    """Edits rows as somebody with access to the database would, knowing how hashes are made."""

    def __init__(self, execute: Any) -> None:
        self._execute = execute

    def sql(self, statement: str, *parameters: Parameter) -> list[Any]:
        """Execute one statement; `?` stands for a parameter on either database."""
        found: list[Any] = self._execute(statement, parameters)
        return found

    def entries(self, stream: str) -> list[Entry]:
        """Return the entries of a stream."""
        names = ", ".join(Entry._fields)
        rows = self.sql(f"SELECT {names} FROM events WHERE stream = ? ORDER BY seq", stream)
        return [Entry(*row) for row in rows]

    def streams(self) -> list[tuple[str, int]]:
        """Return the streams and their lengths."""
        return [(name, seq) for name, seq in self.sql("SELECT stream, seq FROM streams ORDER BY stream")]

    def put(self, *entries: Entry) -> None:
        """Insert entries as they are."""
        for entry in entries:
            names, marks = ", ".join(Entry._fields), ", ".join("?" * len(Entry._fields))
            self.sql(f"INSERT INTO events ({names}) VALUES ({marks})", *entry)

    def replace_stream(self, stream: str, entries: Sequence[Entry]) -> None:
        """Put entries in the place of a whole stream, and let its head say so."""
        self.sql("DELETE FROM events WHERE stream = ?", stream)
        self.put(*entries)
        if entries:
            last = entries[-1]
            self.sql("UPDATE streams SET seq = ?, hash = ? WHERE stream = ?", last.seq, last.hash, stream)
        else:
            self.sql("DELETE FROM streams WHERE stream = ?", stream)
