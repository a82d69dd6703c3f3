"""Sed scripts: what they write and run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.commands.model import Effect
from architect.commands.sed import judge_sed


@pytest.mark.parametrize(
    "script",
    [
        "",
        "p",
        "1,20p",
        "$!d",
        "s/a/b/gI",
        "s|/var|/srv|2p",
        r"s/\/a/x/",
        "s/[/e]/x/",
        "y/abc/xyz/",
        "/start/,/end/{ s/x/y/; p }",
        r"\,/x,d",
        "1i\\\nhello",
        "a hello; w x",
        ":again; s/x//; t again",
        "10q",
        "r notes.txt",
        "w /dev/stdout",
        "1~2d",
        "/x/I,+3d",
        "# only a comment",
        "s/a/b/ ; # and a comment",
    ],
)
def test_scripts_that_only_print_are_reads(script: str) -> None:
    assert [found.effect for found in judge_sed(script)] == [Effect.READ]


@pytest.mark.parametrize("script", ["w out", "s/a/b/w out", "1,5W out", "s/a/b/gw out", "p;w out", "/x/{w out\n}"])
def test_files_that_are_written_are_named(script: str) -> None:
    (found,) = judge_sed(script)
    assert found.effect is Effect.WRITE
    assert ("writes", "out") in found.parameters


@pytest.mark.parametrize("script", ["e", "e id", "1e date", "s/x/id/e", "s/x/id/ge", "s,x,id,pe", "/x/ e"])
def test_scripts_that_run_commands_are_unknown(script: str) -> None:
    assert [found.effect for found in judge_sed(script)] == [Effect.UNKNOWN]


@pytest.mark.parametrize("script", ["s/a/b", "y/a", "k", "s/a/b/Z", "/open", "sab", "s"])
def test_scripts_that_are_not_understood_are_unknown(script: str) -> None:
    assert [found.effect for found in judge_sed(script)] == [Effect.UNKNOWN]


def test_reading_a_secret_exposes_it() -> None:
    assert judge_sed("r .env")[0].effect is Effect.EXPOSES


@given(st.text(max_size=100))
def test_any_text_has_an_effect(script: str) -> None:
    assert judge_sed(script)
