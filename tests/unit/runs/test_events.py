from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from architect.audit.model import Event
from architect.kernel.ids import RunId, StreamId
from architect.runs.events import KINDS, GateReason, Outcome, RunCreated, RunEvent, Verdict, draft, parse
from runs_world import plan, shell

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "events.md"


def stored(event: RunEvent) -> Event:
    made = draft(event, "person:dana")
    return Event(
        stream=StreamId("run:RUN-1"),
        seq=1,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        actor=made.actor,
        kind=made.kind,
        data=made.data,
        version=1,
        prev="",
        hash="",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_and_each_of_its_fields_is_documented(kind: str) -> None:
    line = next(line for line in REFERENCE.read_text().splitlines() if line.startswith(f"| `{kind}` |"))
    for field in dataclasses.fields(KINDS[kind]):
        assert f"`{field.name}`" in line


@pytest.mark.parametrize("word", [*GateReason, *Outcome, *Verdict])
def test_every_word_of_an_event_is_documented(word: str) -> None:
    assert f"`{word}`" in REFERENCE.read_text()


def test_a_plan_survives_the_record_unchanged() -> None:
    created = RunCreated(
        run=RunId("RUN-1"), plan=plan(shell("1.1", "true")), plan_digest="x", requested_by="person:dana"
    )
    assert parse(stored(created)) == created


def test_an_event_of_a_later_version_is_passed_over() -> None:
    unknown = dataclasses.replace(stored(KINDS["run.resumed"](by="x")), kind="run.teleported")  # type: ignore[call-arg]
    assert parse(unknown) is None
