from __future__ import annotations

import pytest

from architect.commands.model import CommandEffect, Effect, Flag
from architect.integrations.shell.statuses import read_statuses
from architect.runs.events import Outcome


def command(text: str, *flags: Flag) -> CommandEffect:
    return CommandEffect(text=text, start=0, end=len(text), effect=Effect.READ, reason="", flags=frozenset(flags))


GREP = command("grep x", Flag.EXIT_ONE_IS_NONE)
CAT = command("cat f")


def test_zero_is_success() -> None:
    assert read_statuses(0, (0,), [CAT]).outcome is Outcome.SUCCEEDED


def test_a_stage_whose_reader_ended_first_did_its_work() -> None:
    assert read_statuses(141, (141, 0), [CAT, CAT]).outcome is Outcome.SUCCEEDED


def test_a_last_stage_that_was_cut_off_failed() -> None:
    assert read_statuses(141, (0, 141), [CAT, CAT]).outcome is Outcome.FAILED


def test_one_of_grep_is_the_answer_none() -> None:
    assert read_statuses(1, (0, 1), [CAT, GREP]).outcome is Outcome.NONE_FOUND


def test_two_of_grep_is_a_failure() -> None:
    assert read_statuses(2, (0, 2), [CAT, GREP]).outcome is Outcome.FAILED


def test_one_of_another_stage_is_a_failure_also_beside_grep() -> None:
    assert read_statuses(1, (1, 1), [CAT, GREP]).outcome is Outcome.FAILED


@pytest.mark.parametrize(("status", "word"), [(127, "not found"), (126, "cannot be executed"), (137, "signal 9")])
def test_the_reason_says_what_a_status_means(status: int, word: str) -> None:
    assert word in read_statuses(status, (status,), [CAT]).reason


def test_a_status_above_all_signals_is_the_command_s_own() -> None:
    assert read_statuses(255, (255,), ()).reason == "exit status 255"


def test_the_reason_names_the_stage_of_a_command_that_was_not_found() -> None:
    assert read_statuses(127, (0, 127, 0), []).reason.startswith("stage 2 of the pipeline: command not found")


def test_statuses_of_an_earlier_pipeline_do_not_excuse_the_end() -> None:
    assert read_statuses(3, (141, 0), [CAT, CAT]).outcome is Outcome.FAILED
