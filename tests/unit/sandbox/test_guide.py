"""The guide says what the sandbox does."""

from __future__ import annotations

from pathlib import Path

import pytest

from architect.sandbox.faults.catalog import FAULTS
from architect.sandbox.world import Ports

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "guide" / "sandbox.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FAULTS)
def test_the_guide_describes_every_fault_in_the_catalogs_words(name: str) -> None:
    fault = FAULTS[name]
    assert f"| `{name}` | {fault.does} | {fault.shows} | {fault.repaired_when} |" in GUIDE
    assert all(f"`{option}`" in GUIDE for option in fault.options)


@pytest.mark.parametrize("name", Ports.__dataclass_fields__)
def test_the_guide_names_every_server(name: str) -> None:
    assert f"| `{name}` |" in GUIDE
