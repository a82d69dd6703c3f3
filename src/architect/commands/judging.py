"""The door of the room: what does this text do?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from architect.commands.invocations import top, with_files
from architect.commands.languages import judge_text
from architect.commands.masking import masked, unmasked
from architect.commands.model import Carried, CommandEffect, Effect, Judgement
from architect.commands.shell import judge_shell
from architect.commands.state import ShellState


def judge(
    text: str,
    *,
    language: str = "shell",
    carried: Carried | None = None,
    declared: Mapping[str, Effect] | None = None,
) -> Judgement:
    """Judge `text`; nothing raises, and what is not proved is unknown.

    `language` is `shell`, `sql`, `psql`, `promql` or `redis`. `carried` is what earlier actions of the run left in the
    shell. `declared` maps paths of scripts to the effects that trusted settings declare for them, after their digests
    were compared by whoever calls.
    """
    carried = carried or Carried()
    if language != "shell":
        state = ShellState.after(carried, {})
        return _judgement([with_files(command, state) for command in judge_text(language, text)], carried)
    declared = {path.removeprefix("./"): effect for path, effect in (declared or {}).items()}
    state = ShellState.after(carried, declared)
    commands = [unmasked(command, text) for command in judge_shell(masked(text), state)]
    return _judgement(commands, state.carried())


def _judgement(commands: Sequence[CommandEffect], carried: Carried) -> Judgement:
    decisive = top(commands)
    if decisive is None:
        return Judgement(effect=Effect.READ, reason="runs no command", carried=carried)
    return Judgement(effect=decisive.effect, reason=decisive.reason, commands=tuple(commands), carried=carried)
