"""Tables of groups and verbs."""

from __future__ import annotations

import pytest

from architect.commands.judging import judge
from architect.commands.model import Effect
from architect.commands.tables import GROUP, load

TABLE = load(
    """tool: x
groups: blue green
verbs: {"list, list-*": read, delete: destructive}
commands: {secret: {commands: {show: exposes}}}
""",
    "x.yaml",
)


def test_a_verb_follows_the_table_a_group_or_a_node_with_commands() -> None:
    listing = TABLE.verbs["list"]
    assert TABLE.child(TABLE, "list") is listing
    assert TABLE.child(GROUP, "list") is listing
    assert TABLE.child(TABLE.commands["secret"], "list") is listing


def test_commands_win_over_verbs_and_verbs_over_groups() -> None:
    assert TABLE.child(TABLE.commands["secret"], "show") is TABLE.commands["secret"].commands["show"]
    assert TABLE.child(TABLE, "blue") is GROUP


def test_a_verb_with_a_star_needs_its_dash() -> None:
    assert TABLE.child(GROUP, "list-colours") is TABLE.verbs["list-*"]
    assert TABLE.child(GROUP, "listing") is None


def test_nothing_follows_a_verb() -> None:
    assert TABLE.child(TABLE.verbs["delete"], "list") is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gcloud compute instances list", Effect.READ),
        ("gcloud compute instances frobnicate list", Effect.UNKNOWN),
        ("gcloud compute instances delete list", Effect.DESTRUCTIVE),
        ("gcloud compute --frobnicate list instances delete blue", Effect.UNKNOWN),
        ("gcloud compute $KIND list", Effect.UNKNOWN),
        ("az network nsg rule list --nsg-name blue -g widgets", Effect.READ),
        ("az search service delete -n blue", Effect.DESTRUCTIVE),
        ("az vm delete --ids $(az vm list -o tsv)", Effect.DESTRUCTIVE),
    ],
)
def test_every_word_before_the_verb_must_be_a_known_group(line: str, expected: Effect) -> None:
    assert judge(line).effect is expected
