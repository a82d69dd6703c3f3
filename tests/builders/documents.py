"""Documents out of short texts, and the parts of them that tests look at."""

from __future__ import annotations

import textwrap

from architect.runbooks.model import Action, ActionKind, Document, OptionGroup, Runbook, Step
from architect.runbooks.reading import read


def document(text: str) -> Document:
    """Read a text that stands indented in a test."""
    return read(textwrap.dedent(text).lstrip("\n").encode(), "test.md")


def runbook(text: str) -> Runbook:
    """Return the only runbook of a text."""
    found = document(text).runbooks
    assert len(found) == 1, [each.title for each in found]
    return found[0]


def texts(part: Runbook | Step) -> list[str]:
    """Return the texts of all actions, in order."""
    return [action.text for action in part.actions]


def titles(part: Runbook) -> list[str]:
    """Return the titles of the steps, in order."""
    return [step.title for step in part.steps]


def commands(part: Runbook | Step) -> list[str]:
    """Return the texts that a program runs, in order."""
    by_hand = (ActionKind.MANUAL, ActionKind.MESSAGE)
    return [action.text for action in part.actions if action.kind not in by_hand]


def action(text: str) -> Action:
    """Return the only action of the only runbook of a text."""
    found = runbook(text).actions
    assert len(found) == 1, [each.text for each in found]
    return found[0]


def groups(part: Runbook) -> list[OptionGroup]:
    """Return the option groups of a runbook, in order."""
    return [item for step in part.steps for item in step.items if isinstance(item, OptionGroup)]


def options(group: OptionGroup) -> dict[str, list[str]]:
    """Return the titles of a group's options with the texts of their actions."""
    return {option.title: [action.text for action in option.actions] for option in group.options}
