"""Awk programs: what they write and run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.commands.awk import judge_awk
from architect.commands.model import Effect


@pytest.mark.parametrize(
    "program",
    [
        "",
        "{print $1}",
        "NR > 1 && $3 >= 100 {print $1, $2}",
        "/error/ || /fail/",
        "{ a = b / c / d; print a }",
        '{ print "a > b | c" }',
        'BEGIN { FS = ":" } { n[$1]++ } END { for (k in n) print k, n[k] }',
        "{ print ($1 > 5) }",
        '{ printf("%s\\n", $1) > "/dev/stderr" }',
        "# > comment | here\n{ print }",
        "/a\\/b|c/ { next }",
        "$2 ~ /x[/]y/ { print }",
        "function f(x) { return x * 2 } { print f($1) }",
    ],
)
def test_programs_that_only_print_are_reads(program: str) -> None:
    assert [(found.effect, found.reason) for found in judge_awk(program)] == [(Effect.READ, "prints what it computes")]


@pytest.mark.parametrize(
    "program",
    [
        'BEGIN { system("id") }',
        "BEGIN { system (x) }",
        '{ print | "sort" }',
        '{ "date" | getline now }',
        '{ print |& "cmd" }',
        '@include "lib"',
        "BEGIN { @f() }",
        "{ print > $1 }",
        '{ print > $1 ".txt" }',
        '{ print > "a" b }',
        '{ print "unclosed }',
        "{ print `x` }",
    ],
)
def test_programs_that_run_or_write_what_text_does_not_tell_are_unknown(program: str) -> None:
    assert [found.effect for found in judge_awk(program)] == [Effect.UNKNOWN]


@pytest.mark.parametrize("program", ['{ print > "out" }', '{print $1 >> "out"}', '{ print a / b > "out" }'])
def test_files_that_are_written_are_named(program: str) -> None:
    (found,) = judge_awk(program)
    assert found.effect is Effect.WRITE
    assert ("writes", "out") in found.parameters


@pytest.mark.parametrize(
    "program", ['BEGIN { print ENVIRON["X"] }', 'BEGIN { while ((getline x < "/etc/shadow") > 0) n++ }']
)
def test_secrets_are_exposed(program: str) -> None:
    assert judge_awk(program)[0].effect is Effect.EXPOSES


@given(st.text(max_size=100))
def test_any_text_has_an_effect(program: str) -> None:
    assert judge_awk(program)
