"""Effects and judgements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Effect(StrEnum):
    """What a command does to its target, lowest first; see docs/guide/effects.md."""

    READ = "read"
    WRITE = "write"
    DISRUPTIVE = "disruptive"
    UNKNOWN = "unknown"
    EXPOSES = "exposes"
    DESTRUCTIVE = "destructive"

    @property
    def rank(self) -> int:
        """The place in the order, 0 for read."""
        return _RANK[self]


_RANK = {effect: rank for rank, effect in enumerate(Effect)}


def highest(effects: Iterable[Effect]) -> Effect:
    """Return the highest effect, read for none."""
    return max(effects, key=lambda effect: effect.rank, default=Effect.READ)


class Flag(StrEnum):
    """What else is known of a command, for bounds, plans and lint."""

    NEVER_ENDS = "never-ends"
    INTERACTIVE = "interactive"
    WAITS = "waits"
    NEEDS_TERMINAL = "needs-terminal"
    LOCAL_HOST = "local-host"
    NETWORK = "network"
    WRITES_FILE = "writes-file"
    READS_SECRET = "reads-secret"  # noqa: S105
    PAGES_PEOPLE = "pages-people"
    REPLICAS = "replicas"
    EXIT_BLIND = "exit-blind"
    EXIT_ONE_IS_NONE = "exit-one-is-none"
    HAS_DRY_RUN = "has-dry-run"
    RESTORES = "restores"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a command acts on: a deployment in a namespace, a table, a bucket, a key pattern.

    Empty strings mean that the text does not say.
    """

    system: str
    kind: str = ""
    name: str = ""
    scope: str = ""

    def __str__(self) -> str:
        """Return `kind/name in scope`, with what is known."""
        what = "/".join(part for part in (self.kind, self.name) if part)
        return f"{what} in {self.scope}" if self.scope and what else what or self.scope


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEffect:
    """One command, statement or query inside an action; offsets lie in the judged text.

    `dry_run` is the command that shows the change without making it, where the tool really has one; `parameters`
    holds what plans need (`replicas`, `url`, `query`, `connection`, `database`), as literal text.
    """

    text: str
    start: int
    end: int
    effect: Effect
    reason: str
    tool: str = ""
    system: str = ""
    target: Target | None = None
    flags: frozenset[Flag] = frozenset()
    language: str = "shell"
    dry_run: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What earlier actions left in the shell and so can change what later commands mean."""

    functions: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    variables: tuple[tuple[str, str | None], ...] = ()
    """Assigned variables: name and literal value, None where text cannot tell."""
    tainted: str = ""
    """Why every later command is unknown (`source x`, `eval`, `PATH=`); empty where nothing forbids trust."""
    scratch_files: frozenset[str] = frozenset()
    """Files that the run's own commands made in its scratch folder."""
    in_scratch: bool = True
    """Whether the working directory is still the run's scratch folder."""
    function_bodies: tuple[tuple[str, str], ...] = ()
    """The definitions of functions whose text is known; without it a call is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The effect of a whole action: the highest of its commands, and all of them."""

    effect: Effect
    reason: str
    commands: tuple[CommandEffect, ...] = ()
    carried: Carried = field(default_factory=Carried)

    @property
    def decisive(self) -> CommandEffect | None:
        """The command with the action's effect: the first with a target, else on another system, else the first."""
        deciding = [command for command in self.commands if command.effect is self.effect]
        return min(deciding, key=_anonymity, default=None)


def _anonymity(command: CommandEffect) -> int:
    if command.target is not None:
        return 0
    return 1 if command.system not in ("", "host") else 2
