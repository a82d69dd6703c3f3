"""A real PostgreSQL for stores: one server a test process, one empty database a test."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from architect.sandbox.processes import known_server_user, run_as, start
from architect.sandbox.programs import postgres_programs
from architect.sandbox.waiting import wait_for
from architect.sandbox.world import LOOPBACK, free_ports

_NUMBERS = itertools.count(1)


@dataclass
class StoreServer:
    """A server that may be stopped and started again; its data need not survive the machine."""

    programs: Path
    folder: Path
    port: int
    password: str
    is_durable: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    @contextmanager
    def of_new_cluster(cls, *, is_durable: bool = False) -> Iterator[StoreServer]:
        """Make a cluster and keep its server up for the length of a block; durable ones flush to the disk."""
        folder = Path(tempfile.mkdtemp(prefix="architect-store-"))
        folder.chmod(0o711)
        programs = postgres_programs(known_server_user(), folder)
        server = cls(programs, folder, free_ports().primary, secrets.token_urlsafe(12), is_durable=is_durable)
        try:
            server.initialise()
            server.start()
            yield server
        finally:
            server.stop()
            shutil.rmtree(folder)

    def initialise(self) -> None:
        """Make the cluster, as a user whom initdb accepts."""
        user = known_server_user()
        data, password = self.folder / "data", self.folder / "password"
        data.mkdir(mode=0o700)
        password.write_text(self.password, encoding="utf-8")
        if user is not None:
            for path in (data, password):
                shutil.chown(path, user.uid, user.gid)
        options = ["-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N", f"--pwfile={password}"]
        argv = [str(self.programs / "initdb"), "-D", str(data), *options]
        subprocess.run(argv, check=True, capture_output=True, cwd="/", **run_as(user))

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "fsync": "on" if self.is_durable else "off",
            "max_connections": "80",
        }
        settings |= {"unix_socket_directories": str(self.folder / "data"), "dynamic_shared_memory_type": "mmap"}
        argv: list[str | Path] = [self.programs / "postgres", "-D", self.folder / "data"]
        argv += [f"--{key}={value}" for key, value in settings.items()]
        log = self.folder / "log"
        self.process = start(argv, log=log, user=known_server_user(), death=signal.SIGQUIT)
        ready: list[str | Path] = [self.programs / "pg_isready", "-q", "-h", LOOPBACK, "-p", str(self.port)]
        wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, self.process, what="the store", log=log)

    def stop(self) -> None:
        """Stop the server at once."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)

    def database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"store_{os.getpid()}_{next(_NUMBERS)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)

    def url(self, database: str) -> str:
        """Return the URL of a database of this server."""
        return f"postgresql://postgres:{self.password}@{LOOPBACK}:{self.port}/{database}"
