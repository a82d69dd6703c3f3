"""The claims of docs/effects-figures.md, over commands that other people labelled."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARE = 0.95


def script() -> ModuleType:
    """Return the script that makes the page."""
    name = "effects_figures"
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


FIGURES = script()


@pytest.fixture(scope="module")
def rows(shared_folder: Path) -> list[object]:
    """Every labelled command, judged."""
    found: list[object] = FIGURES.judged(shared_folder / "bench" / "commands.jsonl")
    return found


def test_no_command_that_touches_a_target_system_and_is_labelled_a_change_comes_out_as_a_read(
    rows: list[object],
) -> None:
    changes = [row for row in rows if not row.is_read and row.came_out_read]  # type: ignore[attr-defined]
    assert [row.command for row in changes if not FIGURES.why_no_target(row)] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("family", list(FIGURES.FAMILIES))
def test_nearly_all_labelled_reads_of_a_deep_tool_come_out_as_reads(rows: list[object], family: str) -> None:
    own = [row for row in rows if row.is_read and row.family == family]  # type: ignore[attr-defined]
    reads = [row for row in own if not FIGURES.is_our_side(row)]
    missed = [row.command for row in reads if not row.came_out_read]  # type: ignore[attr-defined]
    assert len(missed) <= max((1 - SHARE) * len(reads), 1), missed


def test_the_page_names_every_deep_tool_with_todays_figures(rows: list[object]) -> None:
    page = (ROOT / "docs" / "effects-figures.md").read_text(encoding="utf-8")
    for name, reads, right, changes, wrong in FIGURES.families(rows):
        share = f"{right / reads:.1%}" if reads else "–"
        assert f"| {name} | {reads} | {right} | {share} | {changes} | {wrong} |" in page
