"""`architect doctor` on machines that lack this and that: honest, and with the way to get it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from architect.cli.doctor import (
    SANDBOX_MODULES,
    Finding,
    State,
    check_bash,
    check_namespaces,
    check_platform,
    check_sandbox,
    check_state,
    check_store,
    check_tools,
    command,
    examine,
)
from architect.storage.stores import open_stores, store_place


def nothing(_: str) -> None:
    """Find no program."""


def script(folder: Path, name: str, text: str) -> Callable[[str], str]:
    """Return a finder of one program, which is a script."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return lambda _: str(path)


def test_a_bare_machine_gets_a_way_for_everything_that_is_missing(tmp_path: Path) -> None:
    found = [check_bash(nothing), check_namespaces(nothing), check_sandbox(nothing), *check_tools(nothing)]
    assert all(finding.state is not State.OK for finding in found)
    assert all(finding.get for finding in found)
    assert {finding.state for finding in check_tools(nothing)} == {State.OPTIONAL}
    assert check_state(tmp_path / "not" / "yet").found.endswith("(made when it is needed)")
    assert not (tmp_path / "not").exists()


@pytest.mark.parametrize(
    ("version", "state"), [("4.3", State.MISSING), ("4.4", State.OK), ("5.2", State.OK), ("x", State.MISSING)]
)
def test_a_bash_is_judged_by_what_it_says_of_itself(tmp_path: Path, version: str, state: State) -> None:
    found = check_bash(script(tmp_path, "bash", f"echo {version}"))
    assert (found.state, version in found.found) == (state, True)


def test_a_bash_that_does_not_answer_is_missing(tmp_path: Path) -> None:
    assert check_bash(script(tmp_path, "bash", "exit 1")).found.startswith("no answer at ")


def test_other_systems_than_linux_are_told_what_works_there() -> None:
    found = check_platform("Darwin")
    assert (found.state, found.found) == (State.MISSING, "Darwin")
    assert "show, effects and audit work here" in found.get


def test_the_modules_of_the_sandbox_that_are_missing_are_named() -> None:
    found = check_sandbox(lambda name: None if name == SANDBOX_MODULES[1] else object())
    assert found.found == f"without {SANDBOX_MODULES[1]}"
    assert found.get == "pip install 'architect-runbooks[sandbox]'"


def test_a_state_folder_that_is_no_folder_or_open_to_others_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert check_state(file).found == f"{file} is not a folder"
    assert check_state(file / "below").found == f"{file} is not a folder"
    tmp_path.chmod(0o755)
    assert check_state(tmp_path).get == f"chmod 700 {tmp_path}"


def test_a_read_only_state_folder_is_missing(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    assert check_state(tmp_path / "state").found == f"{tmp_path} is read-only"


def test_a_store_is_looked_at_where_there_is_one_and_never_made(tmp_path: Path) -> None:
    assert check_store(tmp_path, {}) is None
    assert list(tmp_path.iterdir()) == []
    open_stores(store_place(tmp_path)).close()
    found = check_store(tmp_path, {})
    assert found is not None
    assert found.state is State.OK
    (tmp_path / "architect.db").write_bytes(b"not a database " * 100)
    broken = check_store(tmp_path, {})
    assert broken is not None
    assert broken.state is State.MISSING


def test_a_store_on_postgresql_that_does_not_answer_is_missing_and_its_password_is_not_shown(tmp_path: Path) -> None:
    url = "postgresql://ops:hunter2hunter2@127.0.0.1:1/architect"
    found = check_store(tmp_path, {"ARCHITECT_DATABASE_URL": url})
    assert found is not None
    assert found.state is State.MISSING
    assert "hunter2" not in repr(found)


def test_this_machine_is_told_as_text_and_as_json(tmp_path: Path) -> None:
    state = tmp_path / "state"
    told = CliRunner().invoke(command, ["--state", str(state), "--format", "json"])
    schema = json.loads((files("architect.cli") / "schemas" / "doctor.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(told.stdout))
    findings = json.loads(told.stdout)["findings"]
    assert {"name", "need", "state", "found", "purpose", "get"} == set(findings[0])
    text = CliRunner().invoke(command, ["--state", str(state)])
    assert "Needed always" in text.stdout
    assert text.exit_code == told.exit_code == 0
    assert text.stdout.endswith("Everything that Architect needs is here.\n")
    assert not state.exists()


def test_something_needed_that_is_missing_is_the_answer_no(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    told = CliRunner().invoke(command, ["--state", str(file)])
    assert told.exit_code == 1
    assert told.stdout.endswith("1 thing that Architect needs is missing.\n")


def test_what_is_needed_always_comes_first(tmp_path: Path) -> None:
    needs = [finding.need for finding in examine(tmp_path, {})]
    assert needs == sorted(needs, key=list(type(needs[0])).index)
    assert isinstance(examine(tmp_path, {})[0], Finding)
