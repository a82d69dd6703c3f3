from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from architect.integrations.shell.carried import declarations, dump_commands, read_state


def bash(text: str, folder: Path) -> str:
    """Run text in a bash of its own and return its output."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", text],
        cwd=folder,
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    return done.stdout.decode(errors="surrogateescape")


def carry(first: str, second: str, folder: Path) -> str:
    """Run `first`, carry what it leaves, run `second` on it and return the output of `second`."""
    dump = folder / "dump"
    bash(f"{first}\n{dump_commands(str(dump))}", folder)
    state = read_state(dump.read_text(errors="surrogateescape"), given={})
    assert state is not None
    (folder / "state").write_text(state.restore, errors="surrogateescape")
    return bash(f". ./state 2>/dev/null\n{second}", folder)


def test_variables_functions_options_and_directory_are_carried(tmp_path: Path) -> None:
    left = "x='a  b'; y=(1 'two words'); declare -A m=([k]=v); f() { echo \"f $x\"; }; shopt -s nullglob; mkdir d; cd d"
    asked = 'f; echo "${y[1]} ${m[k]} ${PWD##*/}"; shopt -q nullglob && echo nullglob'
    assert carry(left, asked, tmp_path) == "f a  b\ntwo words v d\nnullglob\n"


def test_set_options_are_carried(tmp_path: Path) -> None:
    assert carry("set -f", "echo *", tmp_path) == "*\n"


def test_an_alias_is_carried_with_the_option_that_expands_it(tmp_path: Path) -> None:
    assert carry("shopt -s expand_aliases; alias greet='echo hello'", "greet world", tmp_path) == "hello world\n"


def test_an_exported_function_stays_exported(tmp_path: Path) -> None:
    assert carry("f() { echo inside; }; export -f f", "bash -c f", tmp_path) == "inside\n"


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=40))
def test_any_value_is_carried_as_itself_and_never_evaluated(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    folder = tmp_path_factory.mktemp("carried")
    (folder / "value").write_text(value, newline="")
    output = carry('IFS= read -r -d "" x <value', 'printf %s "$x"', folder)
    assert output == value


def test_what_was_given_and_not_changed_is_not_kept(tmp_path: Path) -> None:
    dump = 'declare -x PASSWORD="hunter22"\ndeclare -x OTHER="new"\n' + "\0" * 6 + "/tmp\0"
    state = read_state(dump, given={"PASSWORD": "hunter22", "OTHER": "old"})
    assert state is not None
    assert "hunter22" not in state.restore
    assert 'OTHER="new"' in state.restore


def test_a_dump_that_was_cut_is_no_state() -> None:
    assert read_state('declare -- x="1"\n\0\0', given={}) is None


def test_captured_variables_named_like_secrets_are_secrets() -> None:
    dump = 'declare -- API_TOKEN="a\\"b\\$c-long"\ndeclare -- plain="x"\n' + "\0" * 6 + "/tmp\0"
    state = read_state(dump, given={})
    assert state is not None
    assert state.secrets == ('a"b$c-long',)


def test_values_with_control_characters_are_read_back() -> None:
    (found,) = declarations("declare -- KEY=$'a\\nb\\033\\'c'\n")
    assert found.value == "a\nb\x1b'c"


def test_what_each_shell_has_of_its_own_is_left_out() -> None:
    assert list(declarations('declare -r BASHOPTS="x"\ndeclare -ir PPID="1"\ndeclare -- _="y"\n')) == []
