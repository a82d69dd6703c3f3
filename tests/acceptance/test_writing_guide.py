"""The guide for authors shows what Architect really reads out of its examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from architect.runbooks.directives import KNOWN
from command_line import CommandLine

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "writing-runbooks.md"
_EXAMPLE = re.compile(r"^````markdown\n(?P<text>.*?)^````\n\n```text\n(?P<shown>.*?)^```\n", re.MULTILINE | re.DOTALL)
EXAMPLES = [(match["text"], match["shown"]) for match in _EXAMPLE.finditer(GUIDE.read_text(encoding="utf-8"))]
COLUMNS = "96"
"""How wide the outlines of the guide are."""


def test_every_example_is_followed_by_its_outline() -> None:
    assert EXAMPLES
    assert len(EXAMPLES) == GUIDE.read_text(encoding="utf-8").count("\n````markdown\n")


NAMES = [re.search(r"^# (.+)$", text, re.MULTILINE) for text, _ in EXAMPLES]


@pytest.mark.parametrize(("text", "shown"), EXAMPLES, ids=[name[1] if name else None for name in NAMES])
def test_the_outline_below_an_example_is_what_show_prints(command_line: CommandLine, text: str, shown: str) -> None:
    (command_line.repository / "example.md").write_text(text, encoding="utf-8")
    done = command_line.call("show", "example.md", environment={"COLUMNS": COLUMNS})
    assert (done.code, done.err) == (0, "")
    assert done.out == shown


def test_every_setting_of_a_directive_is_in_the_guide() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("\n## Directives\n")[2].partition("\n## ")[0]
    named = {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    assert named == KNOWN
