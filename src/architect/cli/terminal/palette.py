"""The colours of effects, the same wherever one is shown. Whatever a colour says, the effect's name says too."""

from __future__ import annotations

from architect.commands.model import Effect

EFFECT_STYLES = {
    Effect.READ: "green",
    Effect.WRITE: "cyan",
    Effect.DISRUPTIVE: "yellow",
    Effect.UNKNOWN: "magenta",
    Effect.EXPOSES: "red",
    Effect.DESTRUCTIVE: "bold red",
}
EFFECT_WIDTH = max(len(effect) for effect in Effect)
