from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from architect.integrations.shell.carried import ShellState, declarations, dump_commands, read_report


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


def state_of(dump: str, **given: str) -> ShellState:
    """Return the state that a dump holds."""
    report = read_report(dump, given=given)
    assert report is not None
    assert report.state is not None
    return report.state


def carry(first: str, second: str, folder: Path) -> str:
    """Run `first`, carry what it leaves, run `second` on it and return the output of `second`."""
    dump = folder / "dump"
    bash(f"exec 242>{dump}; {first}\n__architect_status=0; {dump_commands(242)}", folder)
    state = state_of(dump.read_text(errors="surrogateescape"))
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
    dump = '0\0\0declare -x PASSWORD="hunter22"\ndeclare -x OTHER="new"\n' + "\0" * 6 + "/tmp\0"
    state = state_of(dump, PASSWORD="hunter22", OTHER="old")
    assert "hunter22" not in state.restore
    assert 'OTHER="new"' in state.restore


def test_a_report_that_was_cut_has_statuses_and_no_state() -> None:
    report = read_report('3\x001 3\0declare -- x="1"\n\0\0', given={})
    assert report is not None
    assert (report.status, report.pipe, report.state) == (3, (1, 3), None)


def test_an_empty_report_is_none() -> None:
    assert read_report("", given={}) is None


def test_captured_variables_named_like_secrets_are_secrets() -> None:
    dump = '0\0\0declare -- API_TOKEN="a\\"b\\$c-long"\ndeclare -- plain="x"\n' + "\0" * 6 + "/tmp\0"
    state = state_of(dump)
    assert state.secrets == ('a"b$c-long',)


def test_values_with_control_characters_are_read_back() -> None:
    (found,) = declarations("declare -- KEY=$'a\\nb\\033\\'c'\n")
    assert found.value == "a\nb\x1b'c"


def test_what_each_shell_has_of_its_own_is_left_out() -> None:
    assert list(declarations('declare -r BASHOPTS="x"\ndeclare -ir PPID="1"\ndeclare -- _="y"\n')) == []
