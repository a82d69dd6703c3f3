"""The report of a run: what it tells, and that nothing from outside becomes markup in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from architect.audit.canonical import link
from architect.audit.model import GENESIS, Draft, Event, Head
from architect.commands.model import Effect
from architect.kernel.ids import ActionId, RunId
from architect.kernel.text import visible
from architect.runs.events import (
    Answer,
    ClockJumped,
    ConditionMeasured,
    GateAnswered,
    GateOpened,
    GateReason,
    GateVoided,
    Occasion,
    Outcome,
    OutputDigest,
    PageRecorded,
    RunAborted,
    RunCreated,
    RunEnded,
    RunEvent,
    StepEnded,
    StepSkipped,
    StepStarted,
    StepUnknown,
    TargetsBusy,
    UndoCaptured,
    ValueSet,
    Verdict,
    draft,
    stream_of,
)
from architect.runs.model import Binding, GateKind, Truth
from architect.runs.report import HEAD_LINES, OUTPUT_BYTES, TAIL_LINES, report
from runs_world import plan, shell, symptom

RUN = RunId("RUN-1")
NOON = datetime(2026, 1, 2, 23, 59, 58, tzinfo=UTC)
A, B, C, D = (ActionId(name) for name in ("1.1", "1.2", "1.3", "1.4"))
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def story(text: Callable[[str], str]) -> list[Event]:
    """Return the events of a run in which every text from outside is what `text` makes of a plain one."""

    def t(plain: str) -> str:
        return text(plain)

    made = plan(
        replace(shell("1.1", t("look")), title=t("Look at it")),
        replace(shell("1.2", t("drop"), Effect.DESTRUCTIVE, targets=(t("table x"), t("table y"))), title=t("Drop it")),
        replace(shell("1.3", t("leave")), title=t("Leave it")),
        replace(shell("1.4", t("lose")), title=t("Lose it")),
        title=t("API is down"),
        document=t("runbook.md"),
        runbook=t("restart"),
        severity=t("P1"),
        profile=t("local"),
        conditions=(symptom("healthy", title=t("the service answers")),),
        bindings=(
            Binding(name=t("POD"), value=t("api-1"), origin=t("given")),
            Binding(name=t("TOKEN"), reference=f"env:{t('TOKEN')}", origin=t("environment"), is_secret=True),
        ),
        sla_s=900,
    )
    gate = GateOpened(
        gate="G1", gate_kind=GateKind.TWO_PEOPLE, reason=GateReason.EFFECT, question=t("really?"), action=B
    )
    value = GateOpened(gate="G2", gate_kind=GateKind.NONE, reason=GateReason.VALUE, question="?", variable=t("SIZE"))
    output = OutputDigest(
        stored_bytes=10**7, chunks=9, sha256="a" * 64, redactions=2, tail=t("the end"), dropped_bytes=5
    )
    failed = StepEnded(
        action=A,
        attempt=2,
        outcome=Outcome.FAILED,
        duration_s=61.2,
        exit_status=3,
        reason=t("it failed"),
        notes=(t("note"),),
    )
    happened: Sequence[RunEvent] = (
        RunCreated(run=RUN, plan=made, plan_digest="b" * 64, requested_by=f"person:{t('dana')}"),
        ClockJumped(seconds=-3600.0, what=t("the clock was set back")),
        ConditionMeasured(condition="healthy", occasion=Occasion.BEFORE, truth=Truth.DOES_NOT, detail=t("503")),
        StepStarted(action=A, attempt=1, effect="read", text=t("look"), executed=t("look -n")),
        replace(failed, output=output),
        gate,
        GateAnswered(
            gate="G1",
            answer=Answer.APPROVE,
            by=f"person:{t('dana')}",
            is_verified=False,
            is_final=False,
            reason=t("why"),
        ),
        GateAnswered(gate="G1", answer=Answer.APPROVE, by=f"person:{t('eli')}", is_verified=True, break_glass=True),
        PageRecorded(gate="G1", to=(t("ana"),), is_delivered=False, detail=t("nobody answers")),
        value,
        GateVoided(gate="G2", reason=t("it expired")),
        ValueSet(variable=t("SIZE"), by=f"person:{t('dana')}", value=t("7")),
        UndoCaptured(action=B, text=t("put it back"), commands=("x",)),
        TargetsBusy(action=B, targets=(t("table x"),), holders=(t("RUN-7"),)),
        StepStarted(action=B, attempt=1, effect="destructive", text=t("drop"), executed=t("drop")),
        StepEnded(action=B, attempt=1, outcome=Outcome.SUCCEEDED, duration_s=1.0, exit_status=0),
        StepSkipped(action=C, reason=t("not needed"), by="person:dana"),
        StepStarted(action=D, attempt=1, effect="read", text=t("lose"), executed=t("lose")),
        StepUnknown(action=D, attempt=1, found=(t("nothing"),)),
        RunAborted(by=f"person:{t('dana')}", reason=t("enough")),
        RunEnded(verdict=Verdict.ABORTED, exit_code=1, summary=t("given up")),
    )
    drafts = [draft(each, "person:dana") for each in happened]
    return events(*drafts[:-1], Draft(kind=t("of a later version"), actor=t("worker:x"), data={}), drafts[-1])


def events(*drafts: Draft) -> list[Event]:
    head, found = Head(stream=stream_of(RUN), seq=0, hash=GENESIS), []
    for number, each in enumerate(drafts):
        event, _ = link(head, each, at=NOON + timedelta(seconds=number))
        head = Head(stream=event.stream, seq=event.seq, hash=event.hash)
        found.append(event)
    return found


def of(text: Callable[[str], str]) -> str:
    return report(story(text), read_output=lambda _: text("printed"), checkpoint="12:" + "c" * 64)


def shape(markdown: str) -> list[tuple[str, str, str]]:
    """Return what a renderer makes of it, without the text: kinds of tokens, tags and attributes."""
    return [found for token in RENDERER.parse(markdown) for found in shape_of(token)]


def shape_of(token: Token) -> list[tuple[str, str, str]]:
    kind = "text" if token.type in ("text", "text_special") else token.type
    found = [(kind, token.tag, repr(sorted(token.attrs.items())))]
    for child in token.children or ():
        inner = shape_of(child)
        found += inner if inner[0][0] != "text" or found[-1][0] != "text" else []
    return found


def texts(markdown: str) -> str:
    """Return all that a reader reads."""
    found = [child.content for token in RENDERER.parse(markdown) for child in token.children or ()]
    found += [token.content for token in RENDERER.parse(markdown) if token.type == "fence"]
    return "".join(found)


HOSTILE = [
    "`x`",
    "``` \n```",
    "\n```\n# Heading\n```",
    "<script>alert(1)</script>",
    "<img src=x onerror=y>",
    "<!-- gone -->",
    "[click](javascript:alert(1))",
    "![x](http://evil/x.png)",
    "<http://evil>",
    "[x]: http://evil",
    "a | b | c",
    "\\| x \\",
    "**bold** _em_ ~~gone~~",
    "# heading",
    "\n\n# heading\n\n",
    "- item",
    "1. item",
    "10) item",
    "> quote",
    "=====",
    "-----",
    "\n=====\n",
    "***",
    "&lt;b&gt; &#35; &amp;",
    "\x1b[31mred\x1b[0m \x1b]8;;http://evil\x07link\x1b]8;;\x07",
    "\u202eevil\u2066",
    "=cmd()|'/c calc'!A1",
    "+1",
    "@SUM(1)",
    "\t=1",
    "\r\n| x | y |\r\n",
    "\x00\x07\x85\u2028\u2029",
    "$x$ $$y$$",
    "    code",
    "\\",
    "`",
    "``",
    "|",
    "[^1]: note",
    "",
    " ",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_any_field_becomes_no_markup(text: str) -> None:
    plain = of(lambda word: f"{word} ")
    assert shape(of(lambda word: f"{word} {text}")) == shape(plain)
    assert shape(of(lambda word: f"{text} {word}")) == shape(plain)


MARKS = st.text(st.sampled_from("`*_~[]()<>#|!&\\$-+=.:/ \n\r\t\x1b\x00\u202e\u2028ab1\"'{}^@"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(MARKS, MARKS)
@example("", "\\")
@example("`", "`")
def test_no_text_that_holds_a_word_changes_the_shape(before: str, after: str) -> None:
    assert shape(of(lambda word: f"{before}{word}{after}")) == shape(of(lambda word: word))


@pytest.mark.parametrize("text", [each for each in HOSTILE if each.strip()])
def test_hostile_text_can_be_read_as_it_is(text: str) -> None:
    read = "".join(texts(of(lambda word: f"{word}{text}x")).split())
    for word in ("Look at it", "table x", "api-1", "503", "why", "not needed", "it failed", "printed"):
        assert "".join(visible(f"{word}{text}x").split()) in read


def test_no_control_character_and_no_direction_mark_is_left() -> None:
    found = of(lambda word: f"{word}\x1b[31m\x07\x00\u202e\u2066\x9b")
    assert not {character for character in found if ord(character) < 32 and character != "\n"}
    assert not {"\u202e", "\u2066", "\x9b"} & set(found)


def test_addresses_do_not_become_links_where_hosts_make_them() -> None:
    found = of(lambda word: f"{word} http://evil.example/x www.evil.example")
    outside_code = "".join(part for number, part in enumerate(found.split("`")) if number % 2 == 0)
    assert "http://" not in outside_code
    assert "www.evil" not in outside_code


# What it tells


def test_it_tells_the_story_in_order_with_names_and_times() -> None:
    lines = of(lambda word: word).splitlines()
    assert lines[0] == "# API is down: given up"
    assert lines[2] == "Given up."
    table = [line for line in lines if line.startswith(("| 23:59", "| 2026-01-03"))]
    assert table[0] == "| 23:59:58 | dana asked for it |"
    assert "| 2026-01-03 00:00:00 | before the first change, the service answers: **does not hold**, 503 |" in table
    assert "dana approved 1.2 Drop it (**not verified**, reason: why) |" in table[4]
    assert "eli approved 1.2 Drop it (**BREAK-GLASS**) |" in table[5]
    assert table[-1].endswith("| it ended: given up |")


def test_what_nobody_may_overlook_stands_at_the_top() -> None:
    lines = of(lambda word: word).splitlines()
    assert "**BREAK-GLASS: a change was made without a second person.**" in lines[:6]


def test_capital_letters_stay_as_they_are() -> None:
    found = of(lambda word: f"{word} for API in EU" if word == "given up" else word)
    assert "Given up for API in EU." in found


def test_each_action_shows_effect_target_outcome_way_back_and_what_was_executed() -> None:
    found = of(lambda word: word)
    part = found[found.index("## 1.2 Drop it") : found.index("## 1.3")]
    assert "- destructive on `table x`, `table y`\n- succeeded, 1.0 s\n- way back: put it back\n" in part
    part = found[found.index("## 1.1 ") : found.index("## 1.2")]
    assert "- failed, it failed, exit status 3, 1 min 1 s, attempt 2, note" in part
    assert "Executed as:\n\n```\nlook -n\n```" in part
    assert "- left out: not needed" in found


def test_secrets_are_references() -> None:
    assert "| TOKEN | secret, `env:TOKEN` | environment |" in of(lambda word: word)


def test_long_output_shows_its_beginning_and_its_end() -> None:
    output = OutputDigest(stored_bytes=10**8, sha256="a" * 64, tail="…\n" + "\n".join(f"tail {n}" for n in range(200)))
    told = events(
        draft(RunCreated(run=RUN, plan=plan(shell("1.1", "look")), plan_digest="b", requested_by="person:dana"), "x"),
        draft(StepStarted(action=A, attempt=1, effect="read", text="look", executed="look"), "x"),
        draft(StepEnded(action=A, attempt=1, outcome=Outcome.SUCCEEDED, duration_s=1.0, output=output), "x"),
    )
    beginning = "\n".join(f"line {n} {'x' * 500}" for n in range(100))[:OUTPUT_BYTES]
    found = report(told, read_output=lambda _: beginning)
    assert f"line {HEAD_LINES - 1} " in found
    assert f"line {HEAD_LINES} " not in found
    assert "… (207 more characters)" in found
    assert "\n…\ntail 192\n" in found
    assert "\ntail 199\n```" in found
    assert found.count("\ntail ") == TAIL_LINES
    assert "100,000,000 bytes" in found
    assert "all of it: `architect runs output RUN-1 1.1`" in found
    assert len(found) < 20_000


def test_a_run_that_waits_says_what_for() -> None:
    gate = GateOpened(gate="G1", gate_kind=GateKind.CONFIRM, reason=GateReason.EFFECT, question="run 1.1?", action=A)
    created = RunCreated(
        run=RUN, plan=plan(shell("1.1", "x")), plan_digest="b", requested_by="unverified:ana", is_verified=False
    )
    found = report(events(draft(created, "x"), draft(gate, "x")), read_output=lambda _: "")
    assert found.startswith("# Restart: waiting\n\nIt waits at G1: run 1.1?\n")
    assert "| asked for by | ana, **not verified** |" in found
    assert "- not reached" in found


def test_a_checkpoint_is_named_where_it_covers_all_of_it() -> None:
    assert f"`architect audit verify --against 12:{'c' * 64}`" in of(lambda word: word)
    assert "- no checkpoint covers all of it yet" in report(story(lambda word: word), read_output=lambda _: "")
