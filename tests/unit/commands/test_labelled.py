"""Commands that people labelled: dangerous ones, reads, and the effects and targets of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from architect.commands.judging import judge
from architect.commands.model import Effect

DATA = Path(__file__).resolve().parents[2] / "data" / "commands"


def rows(name: str) -> list[str]:
    """Return the rows of a file; a row's line ends are written as ⏎."""
    lines = (DATA / name).read_text(encoding="utf-8").split("\n")
    return [line.replace("⏎", "\n") for line in lines if line and not line.startswith("# ")]


def columns(name: str) -> list[tuple[str, ...]]:
    """Return the rows of a file of columns."""
    return [tuple(row.split("\t")) for row in rows(name)]


def test_no_dangerous_command_comes_out_as_read() -> None:
    dangerous = rows("dangerous.txt")
    assert len(dangerous) > 2500
    assert [text for text in dangerous if judge(text).effect is Effect.READ] == []


def test_a_read_comes_out_as_read() -> None:
    wrong = {text: judge(text).reason for text in rows("reads.txt") if judge(text).effect is not Effect.READ}
    assert wrong == {}


@pytest.mark.parametrize(("effect", "command", "why"), columns("effects.tsv"))
def test_a_command_has_the_effect_that_a_person_gave_it(effect: str, command: str, why: str) -> None:
    judgement = judge(command)
    assert (judgement.effect.value, why) == (effect, why), judgement.reason


@pytest.mark.parametrize(("system", "target", "command"), columns("targets.tsv"))
def test_a_target_has_one_name_whatever_its_spelling(system: str, target: str, command: str) -> None:
    decisive = judge(command).decisive
    assert decisive is not None
    assert (decisive.target and decisive.target.system, str(decisive.target)) == (system, target)
