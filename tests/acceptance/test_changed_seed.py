"""The user's document with other names, numbers, ports and order gives other plans, and no other difference."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from architect.commands.judging import judge
from architect.runbooks.model import Document, Runbook
from architect.runbooks.reading import read
from architect.runs.planning import Surroundings, make_plan
from architect.runs.profiles import Profile, ProfileKind
from data.change_seed import changed_text, expected, reordered

POSITIONS = ("digest", "document_sha256", "profile_digest", "line", "place", "runbook", "start", "end")
"""What says where a thing stands, or covers everything: it changes with any edit."""


def document(text: str) -> Document:
    return read(text.encode("utf-8", "surrogateescape"), "runbooks.md")


def profile(hosts: Mapping[str, str]) -> Profile:
    return Profile(name="local", kind=ProfileKind.LIVE, environment={}, passes=(), hosts=hosts, tools={})


def facts(found: Document, runbook: Runbook, *, hosts: Mapping[str, str]) -> object:
    """Return all that a plan says, without places and digests."""
    around = Surroundings(
        environment={each.name: "service=shop" for each in runbook.variables if each.name.endswith("_URL")}
    )
    plan = make_plan(found, runbook, profile=profile(hosts), judge=judge, surroundings=around)
    return without_positions(msgspec.to_builtins(plan, order="sorted"))


def without_positions(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_positions(each) for key, each in value.items() if key not in POSITIONS}
    if isinstance(value, list | tuple):
        return [without_positions(each) for each in value]
    return value


@pytest.fixture(scope="module")
def seed(shared_folder: Path) -> str:
    return (shared_folder / "seed" / "runbooks.md").read_bytes().decode("utf-8", "surrogateescape")


OLD_HOSTS = {"prometheus:9090": "", "api.example.com": "", "external-api.example.com": "", "localhost:6060": ""}
NEW_HOSTS = {"metrics:9191": "", "ledger.example.org": "", "external-ledger.example.org": "", "localhost:6161": ""}


def test_other_names_and_numbers_give_plans_that_differ_in_them_only(seed: str) -> None:
    before, after = document(seed), document(changed_text(seed))
    assert len(before.runbooks) == len(after.runbooks) == 17
    for old, new in zip(before.runbooks, after.runbooks, strict=True):
        assert facts(after, new, hosts=NEW_HOSTS) == expected(facts(before, old, hosts=OLD_HOSTS)), old.title


def test_another_order_gives_the_same_plans_in_that_order(seed: str) -> None:
    before, after = document(seed), document(reordered(seed))
    assert [each.title for each in before.runbooks] != [each.title for each in after.runbooks]
    turned = {each.title: each for each in after.runbooks}
    assert set(turned) == {each.title for each in before.runbooks}
    for old in before.runbooks:
        assert facts(after, turned[old.title], hosts=OLD_HOSTS) == facts(before, old, hosts=OLD_HOSTS), old.title
