"""Documents built by hand, for rooms that read documents without reading Markdown."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from architect.grammars import placeholders
from architect.kernel.ids import ActionId, RunbookId
from architect.runbooks.model import (
    Action,
    ActionKind,
    Bounds,
    Document,
    Expectation,
    ExpectationSource,
    Kind,
    Option,
    OptionGroup,
    Phase,
    Runbook,
    Session,
    Span,
    Step,
    Threshold,
    Variable,
)

NOWHERE = Span(0, 0)


def action(
    number: str,
    text: str,
    *,
    kind: ActionKind = ActionKind.SHELL,
    title: str = "",
    expect: str = "",
    source: ExpectationSource = ExpectationSource.LINE,
    connection: str | None = None,
    session: Session | None = None,
    bounds: Bounds | None = None,
    reference: str | None = None,
) -> Action:
    """Return one action; `number` is its id, `expect` what its author says one should see."""
    found = placeholders_of(text, kind)
    return Action(
        id=ActionId(number),
        kind=kind,
        text=text,
        span=NOWHERE,
        title=title,
        connection=connection,
        session=session,
        variables=tuple(dict.fromkeys(item.name for item in found)),
        expectations=(Expectation(text=expect, source=source, span=NOWHERE),) if expect else (),
        bounds=bounds or Bounds(),
        reference=RunbookId(reference) if reference else None,
    )


def placeholders_of(text: str, kind: ActionKind) -> Sequence[placeholders.Placeholder]:
    """Return the placeholders of an action's text."""
    language = {ActionKind.SQL: placeholders.Language.SQL, ActionKind.PROMQL: placeholders.Language.PROMQL}
    return placeholders.find(text, language.get(kind, placeholders.Language.SHELL))


def group(number: str, *options: Sequence[Action]) -> OptionGroup:
    """Return an option group of which each argument is one option's actions."""
    return OptionGroup(
        id=number,
        options=tuple(
            Option(number=index, title=f"option {index}", actions=tuple(actions))
            for index, actions in enumerate(options, start=1)
        ),
        span=NOWHERE,
    )


def step(number: int, *items: Action | OptionGroup, phase: Phase = Phase.DIAGNOSE) -> Step:
    """Return one step."""
    return Step(number=number, title=f"step {number}", phase=phase, span=NOWHERE, items=items)


def runbook(
    *steps: Step,
    title: str = "Repair the shop",
    symptoms: tuple[str, ...] = (),
    thresholds: tuple[Threshold, ...] = (),
    name: str = "repair-the-shop",
) -> Runbook:
    """Return a runbook with the variables of its actions."""
    found: dict[str, list[placeholders.Placeholder]] = {}
    for each in (action for one in steps for action in one.actions):
        for item in placeholders_of(each.text, each.kind):
            found.setdefault(item.name, []).append(item)
    return Runbook(
        id=RunbookId(name),
        title=title,
        kind=Kind.INCIDENT,
        span=NOWHERE,
        symptoms=symptoms,
        thresholds=thresholds,
        steps=steps,
        variables=tuple(
            Variable(name=name, placeholders=tuple(items), spans=(), default=items[0].default)
            for name, items in found.items()
        ),
    )


def document(*runbooks: Runbook) -> Document:
    """Return a document that holds the runbooks."""
    text = "\n"
    return Document(
        path="shop.md", text=text, sha256=hashlib.sha256(text.encode()).hexdigest(), nodes=(), runbooks=runbooks
    )
