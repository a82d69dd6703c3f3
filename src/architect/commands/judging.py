"""The door of the room: what does this text do?"""

from __future__ import annotations

from collections.abc import Mapping

from architect.commands.languages import judge_text
from architect.commands.model import Carried, Effect, Judgement


def judge(
    text: str,
    *,
    language: str = "shell",
    carried: Carried | None = None,
    declared: Mapping[str, Effect] | None = None,
) -> Judgement:
    """Judge `text`; nothing raises, and what is not proved is unknown.

    `carried` is what earlier actions of the run left in the shell. `declared` maps paths of scripts to the effects that
    trusted settings declare for them, after their digests were compared.
    """
    carried = carried or Carried()
    if language != "shell":
        commands = judge_text(language, text)
        top = max(commands, key=lambda command: command.effect.rank)
        return Judgement(effect=top.effect, reason=top.reason, commands=commands, carried=carried)
    del declared
    return Judgement(effect=Effect.UNKNOWN, reason="the shell is not understood yet", carried=carried)
