from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runs_world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Everything that a run needs, in memory; real bash."""
    world = World(tmp_path)
    yield world
    world.close()
