"""Alternatives are a choice, never a sequence."""

from __future__ import annotations

import pytest

from builders.documents import groups, options, runbook, texts


def test_numbered_options_in_comments_are_a_choice() -> None:
    found = runbook(
        """
        # Shop down

        1. **Recover**
           ```bash
           # Option 1: Restart it
           systemctl restart shop

           # Option 2: Go back
           shopctl rollback
           shopctl reload
           ```
        """
    )
    (group,) = groups(found)
    assert group.id == "1"
    assert options(group) == {
        "Restart it": ["systemctl restart shop"],
        "Go back": ["shopctl rollback", "shopctl reload"],
    }
    assert [option.number for option in group.options] == [1, 2]


def test_headings_that_are_options_are_a_choice() -> None:
    found = runbook(
        """
        # Shop down

        ## Mitigation

        ### Option A: Restart

        ```bash
        systemctl restart shop
        ```

        ### Option B: Fail over

        ```bash
        shopctl failover
        ```
        """
    )
    (group,) = groups(found)
    assert options(group) == {"Restart": ["systemctl restart shop"], "Fail over": ["shopctl failover"]}


def test_or_between_two_blocks_is_a_choice() -> None:
    found = runbook("# Flush\n\n```bash\nqueuectl flush\n```\n\nOr:\n\n```bash\nqueuectl purge --force\n```\n")
    (group,) = groups(found)
    assert [list(each) for each in options(group).values()] == [["queuectl flush"], ["queuectl purge --force"]]


def test_or_in_front_of_a_comment_is_a_choice_from_there_on() -> None:
    found = runbook("# Scale\n\n```bash\n# Add a worker\nshopctl add\n# Or restart all\nshopctl restart\n```\n")
    (group,) = groups(found)
    assert list(options(group)) == ["Add a worker", "Restart all"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Increase the pool", "Decrease the pool"),
        ("Scale up", "Scale down"),
        ("Enable the cache", "Disable the cache"),
        ("Start the queue", "Stop the queue"),
        ("Attach the disk", "Detach the disk"),
    ],
)
def test_opposites_of_one_thing_are_a_choice(first: str, second: str) -> None:
    found = runbook(f"# Change it\n\n```bash\n# {first}\nshopctl one\n# {second}\nshopctl two\n```\n")
    (group,) = groups(found)
    assert list(options(group)) == [first, second]


def test_opposites_with_something_between_are_a_sequence() -> None:
    found = runbook(
        "# Change it\n\n```bash\n# Stop the queue\nshopctl stop\n# Copy the data\ncp -a /q /r\n"
        "# Start the queue\nshopctl start\n```\n"
    )
    assert groups(found) == []


def test_opposites_of_different_things_are_a_sequence() -> None:
    found = runbook("# Change it\n\n```bash\n# Stop the writer\nshopctl stop\n# Start the reader\nshopctl start\n```\n")
    assert groups(found) == []


def test_a_check_after_the_options_is_for_all_of_them() -> None:
    found = runbook(
        "# Change it\n\n```bash\n# Increase replicas\nshopctl up\n# Decrease replicas\nshopctl down\n"
        "# Verify\nshopctl status\n```\n"
    )
    (group,) = groups(found)
    assert [option.title for option in group.options] == ["Increase replicas", "Decrease replicas"]
    assert texts(found)[-1] == "shopctl status"
    assert "shopctl status" not in [text for each in options(group).values() for text in each]


def test_remedies_by_cause_are_a_choice() -> None:
    found = runbook(
        """
        # Jobs stay in the queue

        ## Fix

        - Disk full: delete old jobs
        - Network lost: restart the switch
        - Wrong key: ask the owner for a new one
        """
    )
    (group,) = groups(found)
    assert [option.title for option in group.options] == ["Disk full", "Network lost", "Wrong key"]


def test_causes_with_solutions_below_headings_are_a_choice() -> None:
    found = runbook(
        """
        # Jobs stay in the queue

        ## Common causes and solutions

        ### The disk is full

        ```bash
        queuectl purge
        ```

        ### The network is lost

        ```bash
        systemctl restart networking
        ```
        """
    )
    (group,) = groups(found)
    assert list(options(group)) == ["The disk is full", "The network is lost"]


def test_ways_through_different_tools_are_a_choice() -> None:
    found = runbook(
        """
        # Restart the shop

        ## Via the console

        1. Click restart

        ## Via the command line

        ```bash
        shopctl restart
        ```
        """
    )
    (group,) = groups(found)
    assert len(group.options) == 2


def test_a_plain_list_of_remedies_is_a_sequence() -> None:
    found = runbook("# Slow\n\n## Fix\n\n- Add a worker\n- Enlarge the cache\n- Restart the shop\n")
    assert groups(found) == []
    assert texts(found) == ["Add a worker", "Enlarge the cache", "Restart the shop"]


def test_a_second_group_of_a_step_has_a_letter() -> None:
    found = runbook(
        """
        # Shop down

        1. Recover
           ```bash
           # Option 1: Restart
           shopctl restart
           # Option 2: Reload
           shopctl reload
           ```
           ```bash
           # Increase workers
           shopctl up
           # Decrease workers
           shopctl down
           ```
        """
    )
    assert [group.id for group in groups(found)] == ["1", "1b"]
