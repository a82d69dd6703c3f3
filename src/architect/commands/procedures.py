"""What the actions of a runbook do, each given what those before it left behind."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from architect.commands.judging import judge
from architect.commands.model import Carried, CommandEffect, Effect, Judgement
from architect.kernel.ids import ActionId
from architect.runbooks.model import Action, ActionKind, BlockKind, OptionGroup, Runbook, SessionKind

_FOREIGN_SESSIONS = (SessionKind.SSH, SessionKind.EXEC, SessionKind.SHELL)


class Doer(StrEnum):
    """Who or what does an action."""

    PROGRAM = "program"
    FILE = "file"
    MESSAGE = "message"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An action, who does it, and what it does. `commands` are empty where a person does it."""

    action: Action
    doer: Doer
    effect: Effect
    reason: str
    commands: tuple[CommandEffect, ...] = ()

    @property
    def decisive(self) -> CommandEffect | None:
        """The command with the action's effect."""
        return Judgement(effect=self.effect, reason=self.reason, commands=self.commands).decisive


def deeds_of(runbook: Runbook) -> Mapping[ActionId, Deed]:
    """Judge the actions of a runbook in order; the options of a group each as if the others were not there."""
    walk = _Walk()
    for step in runbook.steps:
        for item in step.items:
            if isinstance(item, OptionGroup):
                walk.choose(item)
            else:
                walk.do(item)
    return walk.deeds


@dataclass(slots=True)
class _Walk:
    deeds: dict[ActionId, Deed] = field(default_factory=dict)
    carried: Carried = field(default_factory=Carried)

    def choose(self, group: OptionGroup) -> None:
        before = self.carried
        after: list[Carried] = []
        for option in group.options:
            self.carried = before
            for action in option.actions:
                self.do(action)
            after.append(self.carried)
        self.carried = joined(after)

    def do(self, action: Action) -> None:
        self.deeds[action.id] = self._deed(action)

    def _deed(self, action: Action) -> Deed:
        match action.kind:
            case ActionKind.SHELL | ActionKind.SQL | ActionKind.PROMQL:
                return self._of_text(action)
            case ActionKind.FILE:
                return self._of_file(action)
            case ActionKind.MESSAGE:
                return _by_hand(action, Doer.MESSAGE)
            case ActionKind.MANUAL:
                return _by_hand(action, Doer.PERSON)
            case _:
                assert_never(action.kind)

    def _of_text(self, action: Action) -> Deed:
        if action.session is not None and action.session.kind in _FOREIGN_SESSIONS:
            reason = f"meant for inside `{first_line(action.session.opener)}`, where a person types it"
            return Deed(action=action, doer=Doer.PERSON, effect=Effect.UNKNOWN, reason=reason)
        language = language_of(action)
        judgement = judge(action.text, language=language, carried=self.carried)
        if language == "shell":
            self.carried = judgement.carried
        return Deed(
            action=action,
            doer=Doer.PROGRAM,
            effect=judgement.effect,
            reason=judgement.reason,
            commands=judgement.commands,
        )

    def _of_file(self, action: Action) -> Deed:
        """A file that the document shows whole lands in the run's own folder; others a person writes."""
        name = file_within(action)
        if name is None:
            return _by_hand(action, Doer.PERSON)
        self.carried = replace(self.carried, scratch_files=self.carried.scratch_files | {name})
        reason = f"writes {name} in the run's own folder"
        return Deed(action=action, doer=Doer.FILE, effect=Effect.READ, reason=reason)


def file_within(action: Action) -> str | None:
    """Return where in a run's own folder the file of an action lands; None where it lies elsewhere or has gaps."""
    name = posixpath.normpath(action.file_name or "")
    is_elsewhere = not action.file_name or name == "." or name.startswith(("/", "..", "~"))
    return None if is_elsewhere or action.variables else name


def language_of(action: Action) -> str:
    """Return the language that the text of an action is judged in."""
    if action.session is not None and action.session.kind is SessionKind.REDIS:
        return "redis"
    if action.kind is ActionKind.SQL:
        is_psql = action.block is not None and action.block.kind is BlockKind.PSQL
        return "psql" if is_psql and "\\" in action.text else "sql"
    return "promql" if action.kind is ActionKind.PROMQL else "shell"


def joined(states: Sequence[Carried]) -> Carried:
    """Return what may be carried when any one of several options ran."""
    if len(states) == 1:
        return states[0]
    variables: dict[str, str | None] = {}
    for state in states:
        for name, value in state.variables:
            is_same = all((name, value) in other.variables for other in states)
            variables[name] = value if is_same else None
    return Carried(
        functions=frozenset().union(*(state.functions for state in states)),
        aliases=frozenset().union(*(state.aliases for state in states)),
        variables=tuple(sorted(variables.items())),
        tainted=next((state.tainted for state in states if state.tainted), ""),
        scratch_files=frozenset.intersection(*(state.scratch_files for state in states)) if states else frozenset(),
    )


def first_line(text: str) -> str:
    """Return the first line of a text that says something, with a sign that there is more."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    return lines[0].strip() + (" …" if len(lines) > 1 else "")


def _by_hand(action: Action, doer: Doer) -> Deed:
    return Deed(action=action, doer=doer, effect=Effect.WRITE, reason="a person does this")
