from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shell_bench import ShellBench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[ShellBench]:
    """A shell runner with a run's folder."""
    with ShellBench(tmp_path) as bench:
        yield bench
