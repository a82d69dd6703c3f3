"""Fixtures that every kind of test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import CommandLine
from inside import Inside
from store_server import StoreServer

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder with the seed and the corpus; tests that need it skip without it, and fail so in CI."""
    folder = Path(os.environ.get("ARCHITECT_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"ARCHITECT_SHARED names no folder: {folder}")
        pytest.skip("the shared folder is not here")
    return folder


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """One world for all tests that leave it as they found it."""
    with Inside.of_new_world(tmp_path_factory.mktemp("sandbox")) as inside:
        yield inside


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Inside]:
    """A world of the test's own, to break."""
    with Inside.of_new_world(tmp_path / "state") as inside:
        yield inside


@pytest.fixture(scope="session")
def store_server() -> Iterator[StoreServer]:
    """One PostgreSQL for all stores of this test process."""
    with StoreServer.of_new_cluster() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: each test that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/architect.db"
    server: StoreServer = request.getfixturevalue("store_server")
    return server.database()


@pytest.fixture
def command_line(tmp_path: Path) -> CommandLine:
    """A user at a machine, with a state folder and a repository of their own."""
    return CommandLine.at(tmp_path / "home")
