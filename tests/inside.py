"""A sandbox as tests use it: run shell text inside as a run would, and look at the world from outside."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import redis

from architect.runs.profiles import Profile
from architect.sandbox.control import world_for
from architect.sandbox.environment import environment, profile
from architect.sandbox.world import LOOPBACK, World

_FENCE = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOP_TABLES = {"customers": "id", "orders": "id", "order_events": "order_id, kind, at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """One world, and a folder in which its runs may write."""

    world: World
    state: Path
    scratch: Path
    profile: Profile
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def of_new_world(cls, state: Path) -> Iterator[Inside]:
        """Bring a world up for the length of a block."""
        state.mkdir(mode=0o700, exist_ok=True)
        with world_for(state / "sandbox", writable=[state / "runs"]) as world:
            scratch = state / "runs" / "scratch"
            scratch.mkdir()
            yield cls(world=world, state=state, scratch=scratch, profile=profile(world), environment=environment(world))

    def run(self, script: str, **values: str) -> subprocess.CompletedProcess[str]:
        """Run shell text behind the walls, with nothing but the sandbox's environment and `values`."""
        return subprocess.run(
            [self.profile.tools["bash"], "--noprofile", "--norc", "-c", script],
            env={**self.environment, **values},
            cwd=self.scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def run_without_walls(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run shell text where the kernel offers no namespaces."""
        return subprocess.run(
            [self.world.tools / "bash", "--noprofile", "--norc", "-c", script],
            env=dict(self.environment),
            cwd=self.scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def connect(self, *, role: str = "", port: int = 0, database: str = "") -> psycopg.Connection:
        """Connect from outside; as the service where no role is named."""
        name = role or self.world.deployment.service_role
        url = self.world.database_url(name, port=port or None, database=database or None)
        return psycopg.connect(url, passfile=str(self.world.passwords(name)), connect_timeout=5, autocommit=True)

    def digest(self, *, database: str = "") -> dict[str, tuple[int, str]]:
        """Return count and checksum of every table of the service's data."""
        with self.connect(role="postgres", database=database) as connection:
            found = {}
            for table, order in SHOP_TABLES.items():
                query = f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY {order})) FROM {table} t"
                row = connection.execute(query).fetchone()
                assert row is not None
                found[table] = (row[0], row[1])
            return found

    def cache(self) -> redis.Redis:
        """Return a client of the cache."""
        return redis.Redis(host=LOOPBACK, port=self.world.ports.cache)


def eventually(condition: Callable[[], bool], *, within_s: float = 15.0) -> bool:
    """Say whether a condition comes to hold."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def fences(document: Path) -> list[str]:
    """Return the text of the bash fences of a document, as a reader would copy it."""
    return _FENCE.findall(document.read_text(encoding="utf-8"))
