"""The plan as a person reads it: what matters first, nothing cut without a word, everything within the columns."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import ConsoleDimensions

from architect.cli.terminal.plan import print_plan, summary
from architect.cli.terminal.screen import Screen
from architect.commands.model import Effect
from architect.runs.model import Binding, Executor, GateKind, Plan, PlannedAction, ToolPath, UndoPlan
from runs_world import plan, shell, symptom


class Tty(io.StringIO):
    """A stream at which a person looks."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def printed(found: Plan, *, columns: int = 80, is_detailed: bool = False) -> str:
    """Return a plan as a terminal of a width shows it."""
    stream = Tty()
    screen = Screen(stream, environment={"TERM": "dumb"})
    screen.console.size = ConsoleDimensions(columns, 25)
    print_plan(found, screen, is_detailed=is_detailed)
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= columns
    return text


def by_hand(name: str, title: str) -> PlannedAction:
    """Return a step that a person does."""
    return replace(shell(name, title, Effect.WRITE), executor=Executor.MANUAL, gate=GateKind.PERSON, title=title)


def test_urgency_and_place_stand_at_the_top() -> None:
    lines = printed(plan(shell("1.1", "true"), sla_s=300)).splitlines()
    assert lines[0] == f"Restart{'P1 · answer within 5 min':>73}"
    assert lines[1] == f"runbook.md#restart{'LIVE · profile local':>62}"


def test_a_sandbox_is_not_called_live() -> None:
    text = printed(plan(shell("1.1", "true"), profile="sandbox", profile_kind="sandbox"))
    assert "in the sandbox" in text
    assert "LIVE" not in text


def test_of_a_long_path_the_end_is_kept() -> None:
    text = printed(plan(shell("1.1", "true"), document="/srv/" + "very-long-folder/" * 10 + "ops.md"))
    assert "ops.md#restart" in text.splitlines()[1]
    assert text.splitlines()[1].startswith("…")


def test_a_change_says_why_what_how_back_and_who_must_agree() -> None:
    action = shell(
        "2.1",
        "kubectl scale",
        Effect.DESTRUCTIVE,
        title="Scale it",
        reason="takes every pod away",
        targets=("kubernetes@uid: deployment/web in shop",),
        undo=UndoPlan(text="the present number of replicas"),
    )
    text = printed(plan(action))
    assert f"   2.1   destructive Scale it{'two people':>51}" in text
    assert "why  takes every pod away" in text
    assert "target  kubernetes@uid: deployment/web in shop" in text
    assert "way back  the present number of replicas" in text


def test_a_change_whose_target_nobody_knows_says_what_it_locks() -> None:
    assert "target  not known: locks the whole profile" in printed(plan(shell("1.1", "x", Effect.UNKNOWN, targets=())))


def test_a_refused_action_says_so_at_the_right_and_why() -> None:
    text = printed(plan(shell("1.1", "x", Effect.WRITE, refused="the sandbox has no kubernetes", title="Look")))
    assert f"   1.1   write       Look{'refused':>55}" in text
    assert "refused  the sandbox has no kubernetes" in text


def test_a_title_that_is_too_long_goes_on_below_itself_whole() -> None:
    title = "Give the application that leaked a pool with a maximum, and a timeout for idle sessions to its role"
    text = printed(plan(by_hand("5.1", title)))
    assert " ".join(text.split()).replace("by hand ", "").count(title) == 1


def test_a_value_is_never_broken_where_it_fits_a_line() -> None:
    url = "postgresql://operator@127.0.0.1:35605/architect-production"
    text = printed(plan(shell("1.1", "true"), bindings=(Binding(name="DATABASE_URL", value=url),)))
    assert url in text


def test_a_secret_is_shown_by_its_place_only() -> None:
    bindings = (
        Binding(name="API_TOKEN", reference="env:TOKEN", is_secret=True),
        Binding(name="CACHE_KEY", value="sesame", is_secret=True, origin="profile test"),
    )
    text = printed(plan(shell("1.1", "true"), bindings=bindings))
    assert "API_TOKEN is a secret (from env:TOKEN)" in text
    assert "CACHE_KEY is a secret (profile test)" in text
    assert "sesame" not in text


def test_what_proves_recovery_is_listed_with_when_it_is_measured() -> None:
    text = printed(plan(shell("1.1", "true"), conditions=(symptom(title="clients can connect > 0"),)))
    assert "recovered when  clients can connect > 0" in text
    assert "measured before the first change, and after the last one" in text


def test_escape_sequences_of_a_document_are_made_visible() -> None:
    action = shell("1.1", "echo \x1b[2J", Effect.WRITE, title="evil \x1b[31m\u202e title")
    text = printed(plan(action, title="\x1b]0;x\x07"), is_detailed=True)
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_dry_run_shows_text_tool_and_what_could_be_tried() -> None:
    action = shell(
        "1.1",
        "kubectl scale x",
        Effect.WRITE,
        tools=(ToolPath(name="kubectl", path="/usr/bin/kubectl"),),
        dry_run="kubectl scale x --dry-run=server",
    )
    text = printed(plan(action), is_detailed=True)
    assert "tool  kubectl is /usr/bin/kubectl" in text
    assert "closest: the tool's own dry run" in text
    assert "kubectl scale x --dry-run=server" in text


def test_a_long_text_is_cut_with_a_word_about_it() -> None:
    text = printed(plan(shell("1.1", "\n".join(f"echo {number}" for number in range(100)))), is_detailed=True)
    assert "… 86 more lines" in text


@pytest.mark.parametrize("columns", [40, 60, 80, 110])
def test_forty_actions_fit_any_terminal(columns: int) -> None:
    actions = [
        shell(f"{step}.1", f"command {step} " * 5, step=step, step_title=f"Step {step}") for step in range(1, 41)
    ]
    text = printed(plan(*actions), columns=columns)
    assert text.count("command 40") >= 1
    assert "40 reads run by themselves" in text


def option(name: str, number: int, effect: Effect) -> PlannedAction:
    """Return an action of an option."""
    return shell(name, f"option {number}", effect, group="2", option=number, option_title=f"Way {number}")


def test_the_summary_counts_what_will_be_asked_and_options_as_one_choice() -> None:
    actions = (
        shell("1.1", "ls"),
        option("2.1", 1, Effect.WRITE),
        option("2.2", 2, Effect.DESTRUCTIVE),
        shell("3.1", "x", Effect.WRITE),
        shell("3.2", "x", Effect.UNKNOWN),
        by_hand("4.1", "Call"),
        shell("4.2", "x", Effect.WRITE, refused="no"),
    )
    assert summary(plan(*actions)) == (
        "1 read runs by itself",
        "2 options, of which you choose one",
        "1 change asks first",
        "1 needs two people",
        "1 step by hand",
        "1 action refused",
    )


def test_a_plan_without_anything_to_do_says_so() -> None:
    assert summary(plan()) == ("nothing to do",)
