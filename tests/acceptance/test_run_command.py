"""`architect run` and `architect runs` where nobody sits at a terminal: real bash, real state, real exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from command_line import PROGRAM, CommandLine, is_alive
from inside import eventually

EVENTS = json.loads(files("architect.cli").joinpath("schemas", "events.json").read_text(encoding="utf-8"))
SHELL_PROGRAM = " ".join(PROGRAM)
LOOK = """\
# Look at the shop

**Response SLA**: 15 minutes

## 1. Look

```bash
# What is there
echo "three orders"
```

```bash
# Is anything waiting
cat {world}/queue
```
"""
REPAIR = """\
# Restart the shop's worker

**Symptoms**: orders wait.

## 1. Look

```bash
# What is there
echo "three orders"
```

## 2. Repair

```bash
# Mark the worker for restart
touch {world}/restart
```

## 3. Verify

```bash
# The mark is there
ls {world}
```
"""


def test_reads_run_by_themselves_and_exit_with_zero(command_line: CommandLine) -> None:
    (command_line.world / "queue").write_text("empty\n")
    done = command_line.call("run", command_line.document(LOOK))
    assert (done.code, done.err) == (0, "")
    assert "three orders" in done.out
    assert "read: all reads ran; nothing was changed" in done.out
    assert "architect runs show RUN-1" in done.out


def test_a_failed_read_is_told_the_run_goes_on_and_the_answer_is_no(command_line: CommandLine) -> None:
    document = command_line.document(LOOK + "\n```bash\n# The rest\necho the rest\n```\n")
    done = command_line.call("run", document)
    assert done.code == 1
    assert "failed: exit status 1" in done.out
    assert "the rest" in done.out
    assert "failed reads: 1.2" in done.out


def test_a_change_waits_where_nobody_is_there_to_ask(command_line: CommandLine) -> None:
    done = command_line.call("run", command_line.document(REPAIR))
    assert done.code == 3
    assert not (command_line.world / "restart").exists()
    assert "RUN-1     waits at G1: write: run 2.1 Mark the worker for restart?" in done.out
    assert "architect runs resume RUN-1" in done.out


def test_a_change_confirmed_beforehand_runs_and_recovery_by_word_ends_the_run(command_line: CommandLine) -> None:
    done = command_line.call("run", command_line.document(REPAIR), "--approve", "2.1")
    assert done.code == 3, done.out
    assert (command_line.world / "restart").exists()
    assert "the runbook names no symptom that can be measured" in done.out
    (approval,) = command_line.of_kind("gate.answered")
    assert (approval["answer"], approval["via"]) == ("approve", "terminal")
    assert command_line.call("runs", "answer", "RUN-1", "G2", "recovered").code == 0
    done = command_line.call("runs", "resume", "RUN-1")
    assert done.code == 0
    assert "recovered by word" in done.out


def test_a_fault_that_is_still_there_by_word_exits_with_one(command_line: CommandLine) -> None:
    command_line.call("run", command_line.document(REPAIR), "--approve", "2.1")
    command_line.call("runs", "answer", "RUN-1", "G2", "not-recovered")
    done = command_line.call("runs", "resume", "RUN-1")
    assert done.code == 1
    assert "not recovered" in done.out


def test_a_refused_change_is_left_out_and_the_rest_runs(command_line: CommandLine) -> None:
    command_line.call("run", command_line.document(REPAIR))
    refused = command_line.call("runs", "answer", "RUN-1", "2.1", "refuse", "--reason", "not tonight")
    assert refused.out == "Answered. `architect runs resume RUN-1` goes on.\n"
    done = command_line.call("runs", "resume", "RUN-1")
    assert "2.1: left out by" in done.out
    assert "not tonight" in done.out
    assert not (command_line.world / "restart").exists()
    assert command_line.state_of()["steps"][2]["status"] == "succeeded"


GRAVE = "# Remove the queue\n\n## 1. Remove\n\n```bash\n# Remove it\nrm -f {world}/queue\n```\n"


def test_what_was_approved_beforehand_is_never_the_second_person(command_line: CommandLine) -> None:
    (command_line.world / "queue").write_text("orders")
    for name in ("ana", "ben"):
        command_line.call("person", "add", name, typed=f"secret of {name}\n")
    done = command_line.call("run", command_line.document(GRAVE), "--approve", "1.1")
    assert done.code == 3
    assert "a second person is still needed" in done.out
    again = command_line.call("runs", "resume", "RUN-1", "--approve", "1.1")
    assert again.code == 3
    assert (command_line.world / "queue").exists()
    assert len(command_line.of_kind("gate.answered")) == 1


def test_the_first_of_two_people_cannot_be_the_second_one(command_line: CommandLine) -> None:
    for name in ("ana", "ben"):
        command_line.call("person", "add", name, typed=f"secret of {name}\n")
    command_line.call("run", command_line.document(GRAVE))
    first = command_line.call("runs", "approve", "RUN-1", "1.1")
    assert first.code == 0
    assert "1.1 Remove it" in first.out
    assert "a second person is still needed" in first.out
    again = command_line.call("runs", "approve", "RUN-1", "1.1")
    assert again.code == 2
    assert "has approved this already" in again.err


def test_a_single_person_types_target_and_reason_instead_of_a_second_one(command_line: CommandLine) -> None:
    (command_line.world / "queue").write_text("orders")
    command_line.call("run", command_line.document(GRAVE), "--approve", "1.1")
    assert command_line.of_kind("gate.answered") == []
    without = command_line.call("runs", "approve", "RUN-1", "1.1", "--reason", "because")
    assert (without.code, "is not the name of the target" in without.err) == (1, True)
    target = command_line.state_of()["gate"]["action"]
    (action,) = [each for each in command_line.of_kind("run.created")[0]["plan"]["actions"] if each["id"] == target]
    words = ("runs", "approve", "RUN-1", "1.1", "--target", action["targets"][0].partition(": ")[2])
    assert command_line.call(*words).code == 1
    assert command_line.call(*words, "--reason", "it is full of nonsense").code == 0
    command_line.call("runs", "resume", "RUN-1")
    assert not (command_line.world / "queue").exists()
    (approval,) = command_line.of_kind("gate.answered")
    assert approval["single_person"]


CHOICE = """\
# The worker hangs

## 1. Recover

```bash
# Option 1: mark it
touch {world}/one

# Option 2: mark it twice
touch {world}/two
```
"""


def test_a_chosen_option_is_the_only_one_that_can_run(command_line: CommandLine) -> None:
    done = command_line.call("run", command_line.document(CHOICE), "--choose", "1=2", "--approve", "1.2")
    assert done.code == 3
    assert [path.name for path in command_line.world.iterdir()] == ["two"]
    assert "option" not in done.out.partition("RUN-1")[0]


def test_options_are_asked_for_where_none_was_chosen(command_line: CommandLine) -> None:
    done = command_line.call("run", command_line.document(CHOICE))
    assert done.code == 3
    assert "2 options, of which you choose one" in done.out
    assert command_line.call("runs", "answer", "RUN-1", "G1", "choose").code == 2
    wrong = command_line.call("runs", "answer", "RUN-1", "G1", "choose", "--option", "7")
    assert (wrong.code, "7 is no option of step 1 (choose one of 1, 2)" in wrong.err) == (2, True)
    assert command_line.call("runs", "answer", "RUN-1", "G1", "choose", "--option", "1").code == 0
    command_line.call("runs", "resume", "RUN-1", "--approve", "1.1")
    assert [path.name for path in command_line.world.iterdir()] == ["one"]


MANUAL = "# Call them\n\n## 1. Call\n\n1. Call the vendor and read them the ticket.\n"


def test_a_step_by_hand_waits_until_somebody_says_that_it_is_done(command_line: CommandLine) -> None:
    document = command_line.document(MANUAL + "\n## 2. Tell\n\n```bash\necho later\n```\n")
    done = command_line.call("run", document)
    assert done.code == 3
    assert "Call the vendor" in done.out
    assert command_line.call("runs", "answer", "RUN-1", "G1", "done").code == 0
    assert command_line.call("runs", "resume", "RUN-1").code == 0


def test_the_record_as_json_lines_is_all_that_stdout_gets(command_line: CommandLine) -> None:
    done = command_line.call("run", command_line.document(REPAIR), "--approve", "2.1", "--format", "jsonl")
    assert done.code == 3
    told = [json.loads(line) for line in done.out.splitlines()]
    assert told == command_line.events()
    for event in told:
        jsonschema.validate(event, EVENTS)
    assert "checkpoint 1:" in done.err


def test_a_script_that_changed_between_plan_and_run_is_not_run(command_line: CommandLine) -> None:
    script = command_line.repository / "fix.sh"
    script.write_text("touch {world}/fixed\n".replace("{world}", str(command_line.world)))
    command_line.call("run", command_line.document("# Fix\n\n## 1. Fix\n\n```bash\nbash fix.sh\n```\n"))
    script.write_text("touch {world}/other\n".replace("{world}", str(command_line.world)))
    command_line.call("runs", "approve", "RUN-1", "1.1", "--target", "bash fix.sh", "--reason", "known")
    done = command_line.call("runs", "resume", "RUN-1")
    assert "fix.sh has changed since the plan was made (start a new run)" in done.out
    assert list(command_line.world.iterdir()) == []


def test_a_document_that_changed_meanwhile_changes_nothing_but_is_told(command_line: CommandLine) -> None:
    document = command_line.document(REPAIR)
    command_line.call("run", document)
    document.write_text(document.read_text().replace("touch", "rm -rf"))
    done = command_line.call("runs", "resume", "RUN-1", "--approve", "2.1")
    assert "ops.md has changed since; RUN-1 goes on as it was planned" in done.err
    assert (command_line.world / "restart").exists()
    document.unlink()
    assert "ops.md is gone; RUN-1 goes on as it was planned" in command_line.call("runs", "resume", "RUN-1").err


SLOW = """\
# Wait

## 1. Repair

```bash
# Tell that it began, then wait
echo begun > {world}/begun; setsid sleep 300 & echo $! > {world}/child; sleep 300
```
"""


def begun(command_line: CommandLine, process: subprocess.Popen[str]) -> int:
    """Wait until the slow change has begun; return the process that detached itself from it."""
    child = command_line.world / "child"
    assert eventually(lambda: child.exists() and child.read_text().strip() != "", within_s=60), process.poll()
    return int(child.read_text())


def actions_of(document: Path, command_line: CommandLine) -> list[str]:
    """Return the actions of a document that ask first."""
    plan = json.loads(command_line.call("run", document, "--dry-run", "--format", "jsonl").out.splitlines()[0])["plan"]
    return [action["id"] for action in plan["actions"] if action["gate"] != "none"]


def start_slow(command_line: CommandLine) -> tuple[subprocess.Popen[str], int]:
    """Start a change that lasts, confirmed beforehand."""
    document = command_line.document(SLOW)
    approved = [word for action in actions_of(document, command_line) for word in ("--approve", action)]
    process = command_line.start("run", document, *approved)
    return process, begun(command_line, process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_the_step_with_everything_it_started_and_is_recorded(
    command_line: CommandLine, number: signal.Signals
) -> None:
    process, child = start_slow(command_line)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert not is_alive(child)
    assert command_line.kinds()[-2:] == ["step.ended", "run.interrupted"]
    assert command_line.of_kind("step.ended")[-1]["outcome"] == "stopped"
    assert "architect runs resume RUN-1" in out
    assert "architect runs undo RUN-1" in out


def test_a_killed_program_leaves_nothing_behind_and_the_outcome_is_asked(command_line: CommandLine) -> None:
    process, child = start_slow(command_line)
    process.kill()
    process.communicate()
    assert eventually(lambda: not is_alive(child))
    assert eventually(lambda: command_line.call("runs", "resume", "RUN-1").code == 4, within_s=60)
    done = command_line.call("runs", "resume", "RUN-1")
    assert done.code == 4
    assert "its end is not known" in done.out
    assert command_line.call("runs", "answer", "RUN-1", "G2", "skip").code == 2
    assert command_line.call("runs", "answer", "RUN-1", "G2", "done").code == 0


def test_a_run_that_was_given_up_starts_nothing_more_and_frees_its_target(command_line: CommandLine) -> None:
    document = command_line.document(REPAIR)
    command_line.call("run", document)
    done = command_line.call("runs", "abort", "RUN-1", "--reason", "the wrong runbook")
    assert (done.code, done.out) == (0, "RUN-1 aborted: the wrong runbook\n")
    over = command_line.call("runs", "resume", "RUN-1", "--approve", "2.1")
    assert (over.code, "RUN-1 is over (start a new run)" in over.err) == (2, True)
    assert command_line.call("run", document, "--approve", "2.1").code == 3
    assert (command_line.world / "restart").exists()


def test_two_runs_do_not_change_one_target_at_once(command_line: CommandLine) -> None:
    failing = "# Fail\n\n## 1. Fail\n\n```bash\n# It fails\ntouch {world}/no/such/folder\n```\n"
    document = command_line.document(failing, "fail.md")
    assert command_line.call("run", document, "--approve", "1.1").code == 3
    second = command_line.call("run", command_line.document(REPAIR), "--approve", "2.1")
    assert second.code == 3
    assert "RUN-2     waits for RUN-1 since" in second.out
    assert not (command_line.world / "restart").exists()
    command_line.call("runs", "abort", "RUN-1")
    command_line.call("runs", "resume", "RUN-2")
    assert (command_line.world / "restart").exists()


def test_a_reader_that_ends_early_stops_nothing(command_line: CommandLine) -> None:
    document = command_line.document(REPAIR)
    process = command_line.start("run", document, "--approve", "2.1")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 3
    assert told.count("nobody takes the output any more (Broken pipe)") == 1
    assert (command_line.world / "restart").exists()
    assert command_line.kinds().count("step.ended") == 3


def test_a_list_whose_reader_ends_early_is_no_error(command_line: CommandLine) -> None:
    for _ in range(2):
        command_line.call("run", command_line.document(REPAIR))
    script = f'{SHELL_PROGRAM} runs show RUN-1 --format jsonl | head -c 10; echo " => ${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env=command_line.environment,
        cwd=command_line.repository,
        check=True,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.endswith((" => 0\n", " => 141\n"))


def in_bash(command_line: CommandLine, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the shell where the command line would run."""
    return subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env=command_line.environment,
        cwd=command_line.repository,
        check=False,
    )


def test_a_closed_standard_input_is_nobody(command_line: CommandLine) -> None:
    document = command_line.document(REPAIR)
    script = f"{SHELL_PROGRAM} run {document} <&-"
    done = in_bash(command_line, script)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr


def test_standard_output_that_is_closed_stops_nothing(command_line: CommandLine) -> None:
    document = command_line.document(REPAIR)
    script = f"{SHELL_PROGRAM} run {document} --approve 2.1 >&-"
    done = in_bash(command_line, script)
    assert done.returncode == 3, done.stderr
    assert (command_line.world / "restart").exists()
