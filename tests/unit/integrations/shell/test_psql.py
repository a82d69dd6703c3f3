from __future__ import annotations

from pathlib import Path

import pytest

from architect.integrations.shell.psql import PsqlRunner, SqlRunners, command_text, needs_psql, statements_text
from architect.integrations.shell.tools import ToolMissingError
from architect.kernel.errors import RefusedError
from architect.kernel.ids import ActionId, RunId
from architect.runs.events import Outcome
from architect.runs.model import Encoding, Executor, Shape, Slot
from architect.runs.native import InProcess, InProcessAction
from architect.runs.ports import ActionOutcome, ActionRequest, OutputKey, OutputSink, Stop
from runs_world import shell
from shell_bench import ShellBench, Sink

FAKE_PSQL = """#!/bin/sh
echo "arguments: $*"
for last; do :; done
while [ $# -gt 0 ]; do [ "$1" = -f ] && cat "$2"; shift; done
"""


@pytest.fixture
def psql(bench: ShellBench, tmp_path: Path) -> Path:
    """A psql that says how it was called and prints its statements."""
    tool = tmp_path / "bin" / "psql"
    tool.parent.mkdir()
    tool.write_text(FAKE_PSQL)
    tool.chmod(0o755)
    bench.environment["PATH"] = f"{tool.parent}:/usr/bin:/bin"
    return tool


def request(
    bench: ShellBench, text: str, *, connection: str | None = None, slots: tuple[Slot, ...] = ()
) -> ActionRequest:
    action = shell("1.1", text, executor=Executor.SQL, connection=connection, slots=slots)
    return ActionRequest(
        key=OutputKey(run=RunId("RUN-1"), action=ActionId("1.1"), attempt=1),
        action=action,
        values={"URL": "postgres://app@db/shop", "NAME": "o'brien"},
        secret_names=frozenset(),
        folder=bench.folder,
        environment=bench.environment,
    )


@pytest.mark.usefixtures("psql")
def test_statements_come_from_a_file_and_the_first_error_ends_them(bench: ShellBench) -> None:
    sink = Sink()
    PsqlRunner(bench.runner).prepare(request(bench, "\\d items\nSELECT 1;", connection="psql $URL -A")).run(sink)
    called, *statements = sink.out.decode().splitlines()
    assert called.startswith("arguments: -X -v ON_ERROR_STOP=1 --no-password -f ")
    assert called.endswith("postgres://app@db/shop -A")
    assert statements == ["\\d items", "SELECT 1;"]


@pytest.mark.usefixtures("psql")
def test_values_are_variables_of_psql_and_no_arguments(bench: ShellBench) -> None:
    slot = Slot(variable="NAME", marker="V_NAME", encoding=Encoding.LITERAL, shape=Shape.ANY, place="line 1")
    sink = Sink()
    PsqlRunner(bench.runner).prepare(request(bench, "SELECT :'V_NAME' \\gx", slots=(slot,))).run(sink)
    assert sink.out.decode().splitlines()[1:] == ["\\getenv V_NAME V_NAME", "SELECT :'V_NAME' \\gx"]
    assert "o'brien" not in sink.out.decode()


def test_a_missing_psql_is_named_with_how_to_get_it(bench: ShellBench, tmp_path: Path) -> None:
    bench.environment["PATH"] = str(tmp_path)
    with pytest.raises(ToolMissingError, match="psql is not installed"):
        PsqlRunner(bench.runner).prepare(request(bench, "\\d"))


def test_a_connection_that_only_a_shell_understands_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="needs a shell"):
        command_text("psql $(cat url)", tmp_path / "x.sql", variables={})


@pytest.mark.parametrize(("text", "expected"), [("\\dt", True), ("SELECT 1 \\gset", True), ("SELECT E'a\\n'", False)])
def test_only_texts_with_commands_of_psql_need_it(text: str, *, expected: bool) -> None:
    assert needs_psql(shell("1.1", text, executor=Executor.SQL)) is expected


def test_plain_statements_run_natively(bench: ShellBench) -> None:
    class Native:
        def start(self, request: ActionRequest, sink: OutputSink, stop: Stop) -> ActionOutcome:
            return ActionOutcome(outcome=Outcome.SUCCEEDED)

    runners = SqlRunners(native=InProcess(Native()), psql=PsqlRunner(bench.runner))
    assert isinstance(runners.prepare(request(bench, "SELECT 1")), InProcessAction)


def test_without_values_the_statements_are_as_written() -> None:
    assert statements_text(shell("1.1", "\\dt\n\n", executor=Executor.SQL)) == "\\dt\n"
