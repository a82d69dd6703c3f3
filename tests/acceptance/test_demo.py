"""The story of `make run`: it ends well only when the world is repaired, and leaves nothing behind."""

from __future__ import annotations

import io
import signal
from pathlib import Path

import psutil

from architect.cli.demo import Plot, play
from architect.cli.terminal.screen import Screen
from architect.sandbox.control import find_world
from architect.sandbox.processes import ProcessId, identify
from architect.wiring.installation import open_installation
from command_line import CommandLine
from inside import eventually


def family(state: Path) -> list[ProcessId]:
    """Return every process of the sandbox of a state folder."""
    world = find_world(state / "sandbox")
    assert world is not None
    guard = psutil.Process(world.guard.pid)
    return [identify(process.pid) for process in (guard, *guard.children(recursive=True))]


def test_without_a_terminal_two_demo_people_repair_the_world_and_the_record_says_who(
    command_line: CommandLine,
) -> None:
    done = command_line.call("demo", within_s=120)
    assert done.code == 0, (done.out, done.err)
    for words in (
        "before  ✓ a new client can connect",
        "now     ✗ a new client is refused",
        "Nobody is here: ana and ben, two demo people, are asked",
        "3.4: approved by demo-ana (not verified)",
        "verified: the symptom was measured before and is gone",
        "now     ✓ /health answers 200",
        "✓ whole: ",
        "The fault is repaired, and the sandbox is gone again.",
    ):
        assert words in done.out, words
    assert "event 22 of run:RUN-1 (gate.answered)" in done.out or "(gate.answered) is not what was written" in done.out
    answers = command_line.of_kind("gate.answered")
    assert {answer["by"] for answer in answers} == {"unverified:demo-ana"}
    assert not any(answer["is_verified"] for answer in answers)
    assert command_line.call("audit", "verify").code == 0
    assert command_line.call("sandbox", "status").code == 1


def test_at_a_terminal_the_newcomer_is_asked_and_every_line_fits(command_line: CommandLine) -> None:
    with command_line.terminal("demo", columns=80) as terminal:
        question = terminal.question(within_s=90)
        assert "You are asked before anything is changed." in question
        assert "3.4  disruptive" in question
        terminal.type("y")
        for _ in range(2):
            assert "by hand" in terminal.question()
            terminal.type("d")
        terminal.expect("The fault is repaired")
        assert terminal.wait() == 0
    frames = [line.rpartition("\r")[2] for line in terminal.text.split("\n")]
    assert max(map(len, frames)) <= 80
    assert {answer["is_verified"] for answer in command_line.of_kind("gate.answered")} == {True}


USELESS = """\
# The shop does not answer

## 1. Repair

```bash
# Write a note instead of repairing anything
psql "$DATABASE_URL" -X -c "UPDATE orders SET status = status WHERE id = 1"
redis-cli FLUSHDB
```

## 2. Verify

<!-- architect: expect="status 2xx" retry="2 x 1s" -->
```bash
curl -fsS --max-time 10 https://api.example.com/health
```
"""


def test_a_fault_that_the_runbook_cannot_repair_does_not_end_well(command_line: CommandLine) -> None:
    told = io.StringIO()
    plot = Plot(runbook=command_line.document(USELESS), values={})
    with open_installation(str(command_line.state)) as installation:
        code = play(installation, plot, Screen(told), is_interactive=False)
    assert code == 1, told.getvalue()
    assert "The fault is still there." in told.getvalue()
    assert "a new client is refused" in told.getvalue().partition("5  The world")[2]
    assert command_line.state_of()["verdict"] == "not-recovered"
    flushed = [answer["by"] for answer in command_line.of_kind("gate.answered") if answer["gate"] == "G2"]
    assert flushed == ["unverified:demo-ana", "unverified:demo-ben"]


def test_a_story_killed_in_the_middle_leaves_nothing_running(command_line: CommandLine) -> None:
    process = command_line.start("demo")
    assert process.stdout is not None
    assert any("▸ 3.1" in line for line in process.stdout)
    everybody = family(command_line.state)
    assert len(everybody) > 20
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert eventually(lambda: not any(found.is_alive() for found in everybody))
    assert command_line.call("audit", "verify").code == 0
