"""The schema is what all migrations make, and an upgrade that is killed leaves the old or the new, nothing between."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from architect.kernel.clock import SystemClock
from architect.storage.database import open_database
from architect.storage.schema import REVISION, metadata
from architect.storage.stores import open_stores
from architect.storage.upgrading import Standing, standing_of, upgrade

SEED = int(os.environ.get("ARCHITECT_CHAOS_SEED", "7"))
KILLS = 12

DYING_IN_THE_TRANSACTION = """
import os, signal, sys
from architect.kernel.clock import SystemClock
from architect.storage.database import open_database
from architect.storage.upgrading import upgrade

class Dying(SystemClock):
    def now(self):
        os.kill(os.getpid(), signal.SIGKILL)

upgrade(open_database(sys.argv[1]), Dying())
"""


def standing(url: str) -> Standing:
    database = open_database(url)
    try:
        return standing_of(database)
    finally:
        database.close()


def environment() -> Mapping[str, str]:
    return dict(os.environ)


def test_the_schema_is_what_all_migrations_make(store_url: str) -> None:
    with open_stores(store_url) as stores, stores.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_that_the_program_asks_for() -> None:
    folder = Path(str(files("architect.storage").joinpath("migrations")))
    assert ScriptDirectory(str(folder)).get_heads() == [REVISION]


def test_an_upgrade_of_a_store_of_this_version_changes_nothing(store_url: str) -> None:
    database = open_database(store_url)
    first = upgrade(database, SystemClock())
    again = upgrade(database, SystemClock())
    database.close()
    assert (first.before, first.after, again.before, again.after) == (None, REVISION, REVISION, REVISION)


def test_an_upgrade_that_is_killed_before_its_end_leaves_an_empty_database(store_url: str) -> None:
    done = subprocess.run([sys.executable, "-c", DYING_IN_THE_TRANSACTION, store_url], env=environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert standing(store_url) is Standing.EMPTY
    with open_stores(store_url) as stores:
        assert stores.checkpoints.store()


@pytest.mark.parametrize("number", range(KILLS))
def test_an_upgrade_that_is_killed_at_any_moment_leaves_the_old_or_the_new(store_url: str, number: int) -> None:
    script = (
        "import sys; from architect.storage.stores import open_stores; print(1, flush=True); open_stores(sys.argv[1])"
    )
    argv = [sys.executable, "-c", script, store_url]
    process = subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(random.Random(SEED * 1000 + number).uniform(0, 0.25))
    process.kill()
    process.wait()
    process.stdout.close()
    assert standing(store_url) in (Standing.EMPTY, Standing.CURRENT)
    with open_stores(store_url) as stores:
        assert stores.checkpoints.store()
        assert list(stores.events.heads()) == []
