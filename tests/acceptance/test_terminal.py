"""`architect` in front of a person: a real pseudo terminal, real keys, real bash."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import kubectl_stand_in as kubectl
from command_line import CommandLine, is_alive
from inside import eventually
from pseudo_terminal import Terminal

TITLE = "# Restart the shop's worker\n\n**Response SLA**: 15 minutes\n\n"
MARK = "## 1. Repair\n\n```bash\n# Mark the worker for restart\ntouch {world}/restart\n```\n"
CHANGE = TITLE + MARK
GRAVE = TITLE + "## 1. Remove\n\n```bash\n# Remove the queue\nrm -f {world}/queue\n```\n"
RULE = "── "


def marked(command_line: CommandLine) -> bool:
    """Say whether the change was made."""
    return (command_line.world / "restart").exists()


def say(terminal: Terminal, *answers: str) -> None:
    """Answer one question after the other, each when it is asked."""
    for answer in answers:
        terminal.question()
        terminal.type(answer)


def test_a_change_is_shown_with_all_that_matters_and_runs_after_a_yes(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    with command_line.terminal("run", kubectl.document(command_line), "--approve", "place") as terminal:
        terminal.expect("2.1  disruptive")
        question = terminal.question()
        for words in (
            "Fewer replicas",
            "kubectl scale deployment web --replicas=1 -n shop",
            "target         kubernetes@uid-of-shop-test: deployment/web in shop",
            "way back       deployment/web --namespace shop back to 3 replicas",
            "checked after  deployment/web is rolled out and has replicas",
            "[y] yes, run it   [n] no, leave it out   [a] abort the run   [q] decide later",
        ):
            assert words in question
        assert kubectl.replicas(command_line) == 3
        terminal.type("y")
        terminal.expect("2.1: approved by")
        terminal.expect("deployment/web is rolled out and has replicas: holds (1 of 1 available")
        say(terminal, "y")
        assert terminal.wait() == 0
    assert kubectl.replicas(command_line) == 1


def test_only_a_yes_is_a_yes(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(CHANGE)) as terminal:
        for answer in ("", "yep", "ja", "run", "yes please", "Y E S", "1"):
            say(terminal, answer)
            terminal.expect("answer with y, n, a or q")
        assert not marked(command_line)
        say(terminal, "YES")
        terminal.expect("approved by")
        say(terminal, "y")
        assert terminal.wait() == 0
    assert marked(command_line)


def test_no_leaves_the_action_out_with_the_reason(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(CHANGE)) as terminal:
        say(terminal, "n", "not tonight")
        terminal.expect("1.1: left out by")
        terminal.expect("not tonight")
        assert terminal.wait() == 0
    assert not marked(command_line)
    assert command_line.of_kind("step.skipped")[0]["reason"] == "refused: not tonight"


@pytest.mark.parametrize("way", ["q", "the end of the input"])
def test_what_is_decided_later_waits(command_line: CommandLine, way: str) -> None:
    with command_line.terminal("run", command_line.document(CHANGE)) as terminal:
        terminal.question()
        if way == "q":
            terminal.type("q")
        else:
            terminal.press("Ctrl-D")
        terminal.expect("waits at G1")
        assert terminal.wait() == 3
    assert not marked(command_line)
    with command_line.terminal("runs", "resume", "RUN-1") as terminal:
        say(terminal, "y", "y")
        assert terminal.wait() == 0
    assert marked(command_line)


def test_aborting_at_a_question_ends_the_run(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(CHANGE)) as terminal:
        say(terminal, "a", "the wrong runbook")
        terminal.expect("aborted: the wrong runbook")
        assert terminal.wait() == 1
    assert not marked(command_line)


def test_ctrl_c_at_a_question_leaves_it_waiting(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(CHANGE)) as terminal:
        terminal.question()
        terminal.press("Ctrl-C")
        terminal.expect("waits at G1")
        terminal.expect("architect runs resume RUN-1")
        assert terminal.wait() == 130
    assert command_line.state_of()["status"] == "waiting"


def test_what_was_typed_before_the_question_is_no_answer(command_line: CommandLine) -> None:
    slow = (
        TITLE
        + "## 1. Look\n\n```bash\nuntil ls {world}/go; do sleep 0.05; done\n```\n\n"
        + MARK.replace("## 1", "## 2")
    )
    with command_line.terminal("run", command_line.document(slow)) as terminal:
        terminal.expect("▸ 1.1")
        assert eventually(lambda: not terminal.echoes())
        terminal.type("y")
        terminal.type("y")
        (command_line.world / "go").touch()
        terminal.expect("[q] decide later")
        assert eventually(terminal.echoes)
        terminal.type("q")
        terminal.expect("waits at G1")
        assert terminal.wait() == 3
    assert not marked(command_line)


def test_two_people_agree_at_one_terminal_the_second_by_a_secret(command_line: CommandLine) -> None:
    (command_line.world / "queue").touch()
    for name in ("ana", "ben"):
        command_line.call("person", "add", name, typed=f"secret of {name}\n")
    with command_line.terminal("run", command_line.document(GRAVE)) as terminal:
        question = terminal.question()
        assert "who            two people: you, and another one" in question
        terminal.type("y")
        terminal.expect("architect runs approve RUN-1 G1")
        say(terminal, "ben")
        terminal.expect("secret of ben: ")
        terminal.type("secret of ana")
        terminal.expect("that is not the secret of anybody of this name")
        assert (command_line.world / "queue").exists()
        say(terminal, "ben")
        terminal.expect("secret of ben: ")
        terminal.type("secret of ben")
        terminal.expect("1.1: approved by ben")
        say(terminal, "y")
        assert terminal.wait() == 0
    assert "secret of ben\n" not in terminal.text.replace("secret of ben: ", "")
    assert not (command_line.world / "queue").exists()
    assert [answer["by"].partition(":")[2] for answer in command_line.of_kind("gate.answered")][1] == "ben"


def test_without_a_second_person_the_first_word_is_kept_and_the_gate_stays_open(command_line: CommandLine) -> None:
    (command_line.world / "queue").touch()
    for name in ("ana", "ben"):
        command_line.call("person", "add", name, typed=f"secret of {name}\n")
    with command_line.terminal("run", command_line.document(GRAVE)) as terminal:
        say(terminal, "y", "")
        assert terminal.wait() == 3
    assert (command_line.world / "queue").exists()
    (vote,) = command_line.of_kind("gate.answered")
    assert not vote["is_final"]
    with command_line.terminal("runs", "resume", "RUN-1") as terminal:
        assert "agreed; another person must agree too" in terminal.question()
        terminal.type("y")
        terminal.expect("you agreed; a second person agrees here")
        say(terminal, "")
        assert terminal.wait() == 3
    assert (command_line.world / "queue").exists()


def test_breaking_the_glass_needs_a_reason_and_stands_out(command_line: CommandLine) -> None:
    for name in ("ana", "ben"):
        command_line.call("person", "add", name, typed=f"secret of {name}\n")
    with command_line.terminal("run", command_line.document(GRAVE)) as terminal:
        say(terminal, "b", "")
        terminal.expect("break-glass needs a typed reason")
        say(terminal, "b", "ben sleeps and the shop is down")
        terminal.expect("BREAK-GLASS, reason: ben sleeps and the shop is down")
        terminal.expect("no way to page anybody is set up here")
        say(terminal, "y")
        assert terminal.wait() == 0
    assert command_line.kinds().count("page.recorded") == 1


def test_a_single_person_types_the_target_and_a_reason(command_line: CommandLine) -> None:
    (command_line.world / "queue").touch()
    with command_line.terminal("run", command_line.document(GRAVE)) as terminal:
        assert "who            you alone: type the target's name, and a reason" in terminal.question()
        terminal.type("y")
        assert "type the name of the target:" in terminal.question()
        (planned,) = command_line.of_kind("run.created")[0]["plan"]["actions"]
        target = planned["targets"][0].partition(": ")[2]
        terminal.type("yes")
        terminal.expect("'yes' is not the name of the target")
        assert (command_line.world / "queue").exists()
        say(terminal, "y")
        terminal.question()
        terminal.type(target)
        say(terminal, "it is full of nonsense")
        terminal.expect("a single person, reason: it is full of nonsense")
        say(terminal, "y")
        assert terminal.wait() == 0
    assert not (command_line.world / "queue").exists()


CHOICE = TITLE + (
    "## 1. Recover\n\n```bash\n# Option 1: mark it\ntouch {world}/restart\n\n"
    "# Option 2: remove it\nrm -f {world}/queue\n```\n"
)


def test_an_option_is_chosen_among_what_each_would_do(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(CHOICE)) as terminal:
        terminal.expect("Recover: which option?")
        question = terminal.question()
        assert re.search(r"1  Mark it\s+write +touch", question)
        assert re.search(r"2  Remove it\s+destructive +rm -f", question)
        terminal.type("3")
        terminal.expect("3 is no option of step 1 (choose one of 1, 2)")
        say(terminal, "two")
        terminal.expect("'two' is no number of an option")
        say(terminal, "1")
        terminal.expect("step 1: option 1, chosen by")
        say(terminal, "y", "y")
        assert terminal.wait() == 0
    assert marked(command_line)


VALUE = TITLE + '## 1. Greet\n\n```bash\n# Say hello\nprintf "%s\\n" "<who>"\n```\n'


def test_a_value_is_asked_for_and_arrives_as_it_was_typed(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(VALUE)) as terminal:
        terminal.expect("Say hello: what is who?")
        terminal.question()
        terminal.type("-n")
        terminal.expect("begins with `-`, which the tool would read as an option")
        terminal.question()
        terminal.type("ana $(touch pwned) 'o' \"b\"")
        assert terminal.wait() == 0
    assert command_line.call("runs", "output", "RUN-1", "1.1").out == "ana $(touch pwned) 'o' \"b\"\n"
    assert list(command_line.home.rglob("pwned")) == []


def test_a_step_can_be_left_out_for_want_of_a_value(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(VALUE)) as terminal:
        terminal.question()
        terminal.type("")
        terminal.expect("[v] give a value after all   [s] skip it   [a] abort the run   [q] decide later")
        say(terminal, "s", "nobody is there")
        terminal.expect("1.1: left out by")
        assert terminal.wait() == 0


def test_a_secret_is_asked_for_by_where_it_is_and_never_shown(command_line: CommandLine) -> None:
    document = command_line.document(TITLE + '## 1. Ask\n\n```bash\n# Show it\nprintf %s "$API_TOKEN"\n```\n')
    environment = {"MINE": "correct-horse-battery"}
    with command_line.terminal("run", document, environment=environment) as terminal:
        terminal.expect("a secret is never typed into a run")
        terminal.question()
        terminal.type("hunter2hunter2")
        terminal.expect("API_TOKEN is a secret")
        terminal.question()
        terminal.type("env:MINE")
        terminal.expect("API_TOKEN is read from env:MINE")
        assert "(a secret, from env:MINE)" in terminal.question()
        terminal.type("y")
        terminal.question()
        terminal.type("Show it")
        say(terminal, "to see")
        terminal.expect("✓")
        say(terminal, "y")
        assert terminal.wait() == 0
    assert "correct-horse" not in terminal.text


def test_a_step_by_hand_says_what_is_to_be_done(command_line: CommandLine) -> None:
    document = command_line.document("# Call\n\n## 1. Call\n\n1. Call the vendor and read them the ticket.\n")
    with command_line.terminal("run", document) as terminal:
        question = terminal.question()
        assert "1.1  by hand" in question
        assert "Call the vendor and read them the ticket." in question
        assert "[d] done   [s] skip it   [a] abort the run   [q] decide later" in question
        terminal.type("s")
        say(terminal, "")
        terminal.expect("skipping needs a reason")
        say(terminal, "d")
        terminal.expect("1.1: done, says")
        terminal.wait()


FAILING = TITLE + "## 1. Repair\n\n```bash\n# It fails at first\ntouch {world}/place/mark\n```\n"


def test_a_failed_change_can_be_run_again_after_it_is_approved_again(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(FAILING)) as terminal:
        say(terminal, "y")
        question = terminal.expect("[r] run it again   [s] skip it   [u] undo what was changed   [a] abort the run")
        assert "failed         exit status 1" in question
        (command_line.world / "place").mkdir()
        say(terminal, "r")
        terminal.expect("1.1: to be run again, says")
        say(terminal, "y")
        terminal.expect("(attempt 2)")
        say(terminal, "y")
        assert terminal.wait() == 0
    assert (command_line.world / "place" / "mark").exists()


def test_a_failed_change_that_cannot_be_undone_says_so_and_is_asked_again(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(FAILING)) as terminal:
        say(terminal, "y", "u")
        terminal.expect("1.1 It fails at first: no way back is known")
        say(terminal, "s", "it does not matter")
        terminal.expect("1.1: left out by")
        say(terminal, "n")
        assert terminal.wait() == 1


def test_a_change_whose_check_fails_can_be_undone_from_its_question(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    document = kubectl.document(command_line)
    text = document.read_text().replace("# Fewer", "# Far fewer").replace("--replicas=1", "--replicas=2")
    document.write_text(text)
    command_line.tool("kubectl", kubectl.SCRIPT.replace("&& echo scaled", "&& echo scaled && exit 9"))
    with command_line.terminal("run", document, "--approve", "place") as terminal:
        say(terminal, "y")
        terminal.expect("failed         exit status 9")
        assert kubectl.replicas(command_line) == 2
        say(terminal, "u")
        terminal.expect("the way back: 1 action")
        assert "kubectl scale deployment/web --namespace shop --replicas=3" in terminal.question()
        command_line.tool("kubectl", kubectl.SCRIPT)
        terminal.type("y")
        terminal.expect("undone: the way back was gone")
        assert terminal.wait() == 0
    assert kubectl.replicas(command_line) == 3


SLOW = TITLE + (
    "## 1. Repair\n\n```bash\n# Wait long\n"
    "{ setsid sleep 300 & echo $! > {world}/child; } && sleep 300 && touch {world}/restart\n```\n"
)


def child_of(command_line: CommandLine) -> int:
    """Wait for the process that detached itself from the slow step, and return it."""
    path = command_line.world / "child"
    assert eventually(lambda: path.exists() and path.read_text().strip() != "", within_s=60)
    return int(path.read_text())


def into_the_slow_step(command_line: CommandLine, terminal: Terminal) -> int:
    """Agree to the slow step; return the process that detached itself from it."""
    say(terminal, "y")
    terminal.expect("▸ 1.1")
    return child_of(command_line)


def test_ctrl_c_in_a_step_ends_it_with_everything_it_started_and_asks_what_now(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(SLOW)) as terminal:
        child = into_the_slow_step(command_line, terminal)
        terminal.press("Ctrl-C")
        terminal.expect("stopped by a person")
        terminal.expect("RUN-1 is interrupted.")
        terminal.expect("[c] carry on   [u] undo what was changed   [a] abort the run   [q] leave it for later")
        assert not is_alive(child)
        say(terminal, "q")
        terminal.expect("architect runs undo RUN-1")
        assert terminal.wait() == 130
    assert not marked(command_line)
    assert "run.interrupted" in command_line.kinds()


def test_an_interrupted_change_is_asked_about_before_it_is_run_again(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(SLOW)) as terminal:
        into_the_slow_step(command_line, terminal)
        terminal.press("Ctrl-C")
        terminal.expect("RUN-1 is interrupted.")
        say(terminal, "c")
        question = terminal.expect("[r] run it again")
        assert "failed         stopped by a person" in question
        say(terminal, "a", "")
        assert terminal.wait() == 1


def test_an_interrupted_run_can_be_given_up_at_once(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(SLOW)) as terminal:
        into_the_slow_step(command_line, terminal)
        terminal.press("Ctrl-C")
        terminal.expect("RUN-1 is interrupted.")
        say(terminal, "a")
        terminal.expect("aborted: interrupted")
        assert terminal.wait() == 1


def test_an_interrupted_change_without_a_way_back_cannot_be_undone_and_waits(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(SLOW)) as terminal:
        into_the_slow_step(command_line, terminal)
        terminal.press("Ctrl-C")
        terminal.expect("RUN-1 is interrupted.")
        say(terminal, "u")
        terminal.expect("1.1 Wait long: no way back is known")
        assert terminal.wait() == 130


def test_a_lost_connection_ends_the_step_and_is_recorded(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(SLOW)) as terminal:
        child = into_the_slow_step(command_line, terminal)
        terminal.hang_up()
        assert eventually(lambda: not is_alive(child))
        assert eventually(lambda: not is_alive(terminal.pid))
    assert command_line.kinds()[-2:] == ["step.ended", "run.interrupted"]
    assert "(SIGHUP)" in command_line.of_kind("run.interrupted")[0]["by"]


def test_ctrl_c_between_two_attempts_starts_no_other_one(command_line: CommandLine) -> None:
    text = TITLE + '## 1. Look\n\n<!-- architect: retry="40 x 30s" -->\n```bash\nls {world}/nothing\n```\n'
    with command_line.terminal("run", command_line.document(text)) as terminal:
        terminal.expect("✗ failed: exit status 2")
        terminal.press("Ctrl-C")
        terminal.expect("RUN-1 is interrupted.")
        say(terminal, "q")
        assert terminal.wait() == 130
    assert command_line.kinds().count("step.started") == 1


def test_a_change_whose_end_nobody_saw_is_asked_about(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(SLOW)) as terminal:
        child = into_the_slow_step(command_line, terminal)
        os.kill(terminal.pid, 9)
        terminal.wait()
    assert eventually(lambda: not is_alive(child))

    def is_free() -> bool:
        return command_line.call("runs", "resume", "RUN-1").code == 4

    assert eventually(is_free, within_s=60)
    with command_line.terminal("runs", "resume", "RUN-1") as terminal:
        question = terminal.expect("[d] done   [r] run it again   [s] skip it")
        assert "Nobody saw how this ended: Wait long. Look at the target, then say." in question
        assert "sleep 300 && touch" in question
        say(terminal, "s", "looked: it is not there")
        terminal.expect("1.1: left out by")
        say(terminal, "n")
        assert terminal.wait() == 1


def test_what_is_asked_again_until_it_holds_is_shown_with_its_bound(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    (command_line.world / "ready").write_text("2")
    document = kubectl.document(command_line, count=4)
    with command_line.terminal("run", document, "--approve", "place", "--approve", "2.1") as terminal:
        terminal.expect("deployment/web is rolled out and has replicas: does not hold (2 of 4 available")
        terminal.expect("asking again until it holds")
        terminal.expect("at most 00:5")
        (command_line.world / "ready").write_text("4")
        terminal.expect("deployment/web is rolled out and has replicas: holds (4 of 4 available")
        say(terminal, "y")
        assert terminal.wait() == 0


def test_the_moving_line_shows_the_time_and_the_sla_and_much_output_its_latest_line(
    command_line: CommandLine,
) -> None:
    text = (
        TITLE
        + "## 1. Look\n\n```bash\n# Count\n"
        + "if seq 1 30; then until ls {world}/go; do sleep 0.1; done 2>/dev/null; fi\n```\n"
    )
    with command_line.terminal("run", command_line.document(text), columns=80) as terminal:
        terminal.expect("│ 14")
        terminal.expect("│ 30")
        terminal.expect("SLA 14:")
        (command_line.world / "go").touch()
        terminal.expect("lines left out …")
        terminal.expect("all of it: architect runs output RUN-1 1.1")
        assert terminal.wait() == 0


def test_a_window_made_narrower_in_the_middle_keeps_its_lines(command_line: CommandLine) -> None:
    words = "words " * 30
    text = TITLE + f"## 1. Look\n\n```bash\nuntil ls {{world}}/go; do sleep 0.05; done 2>/dev/null\necho {words}\n```\n"
    with command_line.terminal("run", command_line.document(text), columns=120) as terminal:
        terminal.expect("▸ 1.1")
        terminal.resize(60, 24)
        (command_line.world / "go").touch()
        terminal.expect("│ words")
        assert terminal.wait() == 0
    after = terminal.text.partition("│ words")[2]
    lines = [line for line in after.splitlines() if line.startswith("  │")]
    assert lines
    assert max(map(len, lines)) <= 60


LONG = "A very long title that goes on and on, because somebody wanted to say everything at once, in one line"


@pytest.mark.parametrize("columns", [80, 100])
def test_no_line_is_wider_than_the_terminal(command_line: CommandLine, columns: int) -> None:
    text = (
        f"# {LONG}\n\n**Severity**: P1\n\n**Response SLA**: 15 minutes\n\n## 1. {LONG}\n\n```bash\n# {LONG}\n"
        f"touch {{world}}/{'deep-' * 30}x\n```\n\n## 2. Look\n\n```bash\n# {LONG}\n"
        f"echo {'wörter ' * 40}; printf 'x%.0s' $(seq 1 500)\n```\n"
    )
    with command_line.terminal("run", command_line.document(text), columns=columns, rows=60) as terminal:
        say(terminal, "y", "y")
        assert terminal.wait() == 0
    frames = re.sub(r"\r[^\n]*", "", terminal.text)
    assert max(map(len, frames.splitlines())) <= columns


@pytest.mark.parametrize(
    ("environment", "escapes", "ascii_only"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"LANG": "C"}, True, True),
        ({"LC_ALL": "C", "TERM": "dumb"}, False, True),
    ],
)
def test_a_terminal_gets_what_it_can_show(
    command_line: CommandLine, environment: dict[str, str], *, escapes: bool, ascii_only: bool
) -> None:
    text = CHANGE.replace("# Mark", "# \N{ESCAPE}[31mMark")
    with command_line.terminal("run", command_line.document(text), environment=environment) as terminal:
        say(terminal, "y", "y")
        assert terminal.wait() == 0
    assert (b"\x1b" in terminal.raw) == escapes
    colours = re.findall(rb"\x1b\[[0-9;]*3[0-7][0-9;]*m", terminal.raw)
    assert bool(colours) == (escapes and "NO_COLOR" not in environment)
    assert b"\x1b[31mMark" not in terminal.raw
    assert terminal.raw.isascii() == ascii_only


def test_output_never_steers_the_terminal(command_line: CommandLine) -> None:
    text = TITLE + "## 1. Look\n\n```bash\nprintf '\\033]0;owned\\007\\033[2J\\rback \\342\\200\\256 end\\n'\n```\n"
    with command_line.terminal("run", command_line.document(text)) as terminal:
        terminal.expect("\\x1b]0;owned\\x07\\x1b[2J\\x0dback \\u202e end")
        assert terminal.wait() == 0
    assert b"\x1b]0;" not in terminal.raw
    with command_line.terminal("runs", "output", "RUN-1", "1.1") as terminal:
        terminal.expect("\\x1b]0;owned\\x07")
        assert terminal.wait() == 0
    assert command_line.call("runs", "output", "RUN-1", "1.1").out.startswith("\x1b]0;owned")


def test_a_run_waits_for_another_one_and_goes_on_when_it_is_over(command_line: CommandLine) -> None:
    failing = command_line.document(FAILING, "failing.md")
    assert command_line.call("run", failing, "--approve", "1.1").code == 3
    with command_line.terminal("run", command_line.document(CHANGE)) as terminal:
        say(terminal, "y")
        terminal.expect("1.1: waits for RUN-1 since")
        terminal.expect("on the whole profile")
        assert not marked(command_line)
        command_line.call("runs", "abort", "RUN-1")
        terminal.expect("▸ 1.1")
        say(terminal, "y")
        assert terminal.wait() == 0
    assert marked(command_line)


def test_ctrl_c_ends_the_wait_for_another_run(command_line: CommandLine) -> None:
    command_line.call("run", command_line.document(FAILING, "failing.md"), "--approve", "1.1")
    with command_line.terminal("run", command_line.document(CHANGE)) as terminal:
        say(terminal, "y")
        terminal.expect("waits for RUN-1 since")
        terminal.press("Ctrl-C")
        terminal.expect("architect runs resume RUN-2")
        assert terminal.wait() == 130
    assert not marked(command_line)


def test_what_somebody_else_answered_meanwhile_counts(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(CHANGE)) as terminal:
        terminal.question()
        assert command_line.call("runs", "approve", "RUN-1", "1.1").code == 0
        terminal.type("n")
        say(terminal, "no")
        terminal.expect("somebody else answered meanwhile")
        terminal.expect("1.1: approved by")
        say(terminal, "y")
        assert terminal.wait() == 0
    assert marked(command_line)


@pytest.mark.parametrize("answer", ["y", "n"])
def test_the_place_is_confirmed_before_anything_runs(command_line: CommandLine, answer: str) -> None:
    kubectl.install(command_line)
    with command_line.terminal("run", kubectl.document(command_line)) as terminal:
        terminal.expect("kubernetes  context shop-test")
        terminal.expect("Is that where it shall run?")
        assert "get deployment web -n shop" not in kubectl.log(command_line)
        terminal.type(answer)
        if answer == "n":
            assert terminal.wait() == 3
        else:
            terminal.expect("2.1  disruptive")
            say(terminal, "q")
            assert terminal.wait() == 3
    assert ("get deployment web -n shop" in kubectl.log(command_line)) == (answer == "y")


def test_ctrl_c_before_a_run_exists_leaves_nothing(command_line: CommandLine) -> None:
    kubectl.install(command_line)
    with command_line.terminal("run", kubectl.document(command_line)) as terminal:
        terminal.expect("Is that where it shall run?")
        terminal.press("Ctrl-C")
        terminal.expect("architect: interrupted; nothing more was started")
        assert terminal.wait() == 130
    assert command_line.runs() == []


def test_lists_fit_and_say_what_waits(command_line: CommandLine) -> None:
    command_line.call("run", command_line.document(CHANGE))
    with command_line.terminal("runs", "list", columns=80) as terminal:
        terminal.expect("RUN-1")
        terminal.expect("waiting")
        terminal.expect("Restart the shop's worker")
        terminal.expect("write: run 1.1 Mark the worker for")
        assert terminal.wait() == 0
    assert max(map(len, terminal.text.splitlines())) <= 80


def test_a_value_as_long_as_a_line_may_be_is_not_cut_silently(command_line: CommandLine) -> None:
    with command_line.terminal("run", command_line.document(VALUE)) as terminal:
        terminal.question()
        terminal.type("x" * 5000)
        terminal.expect("a line at a terminal ends after 4095 bytes; this one was cut")
        terminal.question()
        terminal.type("ana")
        assert terminal.wait() == 0


def test_help_is_told_for_the_state_folder_that_is_used(command_line: CommandLine, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with command_line.terminal("runs", "list", "--state", other) as terminal:
        terminal.expect("No runs yet. `architect run FILE#RUNBOOK` starts one.")
        assert terminal.wait() == 0
    assert (other / "architect.db").exists()
