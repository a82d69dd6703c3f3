"""Whatever bash runs of a text, however broken, the judgement of that text saw, or called the text unknown.

Random texts run in a bash whose PATH holds one program, a fake of a destructive tool that says that it ran.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from architect.commands.judging import judge
from architect.commands.model import Effect

PIECES = (
    "rm x", "rm x", "rm", "echo", "echo a", " ", " ", ";", "; ", "|", "&&", "||", "\n", "\n", '"', "'", "$(", ")",
    "`", "<<E\n", "\nE\n", "<<'E'\n", "\\", "\\\n", "{ ", "; }", "(", "if true; then ", "; fi", "# ", "case x in x) ",
    ";; esac", "$'", "${A:-", "}", "A=1 ", "A=", "$A", "for i in 1; do ", "; done", "f() ", "f", "! ", "((", "))",
    "[[ ", " ]]", "<(", ">f", "2>&1", "<<<", "&", "time ", "eval ", "command ", '"$(', ")", "x=(", "$((", "\t", "{a,",
    "*", "=", "-", "é", "trap '", "' EXIT", "exec ", "function g ", "<<-E\n", '$"', '\\"', "\\'", "else ", "&>f",
    "|&", "%#}", "##", "/", "+=", "true", "false", "<<E\n ", "<<-E\n\t", "\n ", '"${A:-', "'}\"", "'$(", "`echo \\`",
    "\\``", "a[", "]", "$[", "${!A}", "${A[", "]}", "${A:", "[[ -v ", "jobs -x ", "mapfile -C '", "' -c 1 L <<< x",
    "declare -i n=", "let ", "read A <<< 'a[$(rm x)]'; ", "A='a[$(rm x)]'; ", "alias echo=rm; ",
    "shopt -s expand_aliases\n", "exec <<< 'rm x'; ", "bash", "sh -c ", "env ", "xargs ", "exec 3<<< 'rm x'; ", "<&3",
    "rm() ", "{ rm x; }", "${A@P}", "A='$(rm x)'; ", "unset -f rm; ", "printf -v ", "wait; ", "coproc ",
    "select i in a; do ", "until ", "while ", "do ", "[ -v ", " ]",
)  # fmt: skip
PROGRAM = st.lists(st.sampled_from(PIECES), min_size=2, max_size=9).map("".join)
DRIVER = """
FUNCNEST=50
n=0
while IFS= read -r -d '' text <&8; do
  n=$((n + 1))
  exec 9>"$1/log.$n"
  ( PATH=$1/bin; cd "$1/work"; eval "$text" ) </dev/null >/dev/null 2>&1 8<&-
  exec 9>&-
done 8<"$1/texts"
"""
"""Each text has a log of its own: what it left running in the background may write late."""
NEEDS_BASH = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


def ran(texts: list[str], folder: Path) -> list[bool]:
    """Return for each text whether bash ran the fake tool."""
    for name in ("bin", "work"):
        (folder / name).mkdir(exist_ok=True)
    tool = folder / "bin" / "rm"
    tool.write_text("#!/bin/sh\necho ran >&9\n", encoding="utf-8")
    tool.chmod(0o755)
    for name in ("bash", "sh", "env", "xargs"):
        found = shutil.which(name)
        if found is not None and not (folder / "bin" / name).exists():
            (folder / "bin" / name).symlink_to(found)
    (folder / "texts").write_bytes(b"".join(text.encode() + b"\0" for text in texts))
    command = ["bash", "--norc", "-c", DRIVER, "driver", str(folder)]
    subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=120, check=False)
    logs = [folder / f"log.{number}" for number in range(1, len(texts) + 1)]
    return [log.exists() and log.stat().st_size > 0 for log in logs]


def unseen(texts: list[str], folder: Path) -> list[str]:
    """Return the texts of which bash ran more than the judgement admits."""
    outcomes = zip(texts, ran(texts, folder), strict=True)
    return [text for text, is_run in outcomes if is_run and judge(text).effect.rank < Effect.UNKNOWN.rank]


@NEEDS_BASH
@given(texts=st.lists(PROGRAM, min_size=100, max_size=150))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_bash_runs_of_a_random_text_was_seen(tmp_path: Path, texts: list[str]) -> None:
    assert unseen(texts, tmp_path) == []


@NEEDS_BASH
@pytest.mark.soak
@given(texts=st.lists(PROGRAM, min_size=400, max_size=500))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_bash_runs_of_many_random_texts_was_seen(tmp_path: Path, texts: list[str]) -> None:
    assert unseen(texts, tmp_path) == []


@NEEDS_BASH
def test_the_fake_tool_says_that_it_ran(tmp_path: Path) -> None:
    assert ran(["rm x", "echo rm", "(rm x)", "'rm x'"], tmp_path) == [True, False, True, False]
