"""Where text claims to know a word, bash reads the same word."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from architect.commands.calls import Certainty
from architect.commands.judging import judge
from architect.commands.nodes import word_groups
from architect.commands.words import Printed, WordReader
from architect.grammars.shell import parse

VALUES = {"V": "v", "W": "two words"}
PIECES = (
    "a", "b c", "\\ ", "\\n", "\\$", '"x"', "'y z'", '"p  $V q"', '"$V"', "$V", "${V}", "$W", "$'t\\x41'", '"\\"\\\\"',
    "\\\\", '""', "''", "=", "-", "--", "/", ".", "{", "}", ",", "{a,b}", '"{c,d}"', "%", "@", "!", "$((1+2))", "é",
    ":", "+", "[x]", "*q", '"*"', "'$V'", '"${V:-d}"', '$"l"', "^", '"\\a"', "\\;", "\\&", "\\'", '\\"',
)  # fmt: skip
WORD = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
NEEDS_BASH = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


def claimed(words: str) -> list[str] | None:
    """Return the words that the reader claims to know of a command's arguments, None where it claims nothing."""
    text = f"printf %s {words}"
    tree = parse(text)
    if tree.root is None or tree.root.has_error or any("joins words" in found.reason for found in judge(text).commands):
        return None
    reader = WordReader(tree, VALUES, lambda node: Printed(Certainty.OPAQUE))
    arguments = tree.root.named_children[0].children_by_field_name("argument")[1:]
    found = [word for group in word_groups(tree, arguments) for word in reader.word(group)]
    if any(word.certainty is not Certainty.LITERAL for word in found):
        return None
    return [word.value or "" for word in found]


def read_by_bash(lines: list[str], folder: Path) -> list[list[str]]:
    """Return what bash makes of each line's words."""
    script = folder / "words.sh"
    assignments = "".join(f"{name}={value!r}\n" for name, value in VALUES.items())
    body = "".join(f"printf '%s\\0' {line} $'\\x1e'\n" for line in lines)
    script.write_text(f"set -f\n{assignments}{body}", encoding="utf-8")
    output = subprocess.run(
        ["bash", "--norc", str(script)], capture_output=True, check=True, cwd=folder
    ).stdout.decode()
    return [part.split("\0")[:-1] for part in output.removesuffix("\x1e\0").split("\x1e\0")]


@NEEDS_BASH
@given(st.lists(WORD, min_size=40, max_size=80))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_claimed_word_is_the_one_that_bash_reads(tmp_path: Path, words: list[str]) -> None:
    known = [(word, claim) for word in words if (claim := claimed(word)) is not None]
    if known:
        assert [claim for _, claim in known] == read_by_bash([word for word, _ in known], tmp_path)
