"""What a shell text has set so far, and so can change what its later commands mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from architect.commands.calls import INHERITED, Certainty, Stdin
from architect.commands.environment import is_sensitive, touches_everything, touching
from architect.commands.model import Carried, Effect

MAX_DEPTH = 12
ASSIGNED_BEFORE = " was set before"

_NUMBER = re.compile(r"[-+]?(?:0[xX][\da-fA-F]+|\d+#\w+|\d*)")


@dataclass(slots=True, kw_only=True)
class ShellState:
    """The state of one walk; changed only by the walk itself."""

    functions: dict[str, str | None] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)
    variables: dict[str, str | Certainty] = field(default_factory=dict)
    tainted: str = ""
    taints: int = 0
    """How often something made later commands doubtful; `tainted` holds the first reason."""
    in_scratch: bool = True
    files: set[str] = field(default_factory=set)
    declared: Mapping[str, Effect] = field(default_factory=dict)
    environment: set[str] = field(default_factory=set)
    called: tuple[str, ...] = ()
    depth: int = 0
    folder: str = ""
    """The working directory where it is no longer the run's folder and text tells it."""
    maps: set[str] = field(default_factory=set)
    """Associative arrays, whose indices are texts."""
    integers: set[str] = field(default_factory=set)
    """Variables with the integer attribute: what is assigned to them is calculated."""
    secret_files: set[str] = field(default_factory=set)
    """Loop variables one of whose values names a file that looks like a secret."""
    stdin: Stdin = INHERITED
    """Standard input of the whole text, which its commands inherit."""

    @classmethod
    def after(cls, carried: Carried, declared: Mapping[str, Effect]) -> ShellState:
        """Return the state in which an action begins."""
        bodies = dict(carried.function_bodies)
        state = cls(
            functions={name: bodies.get(name) for name in carried.functions | bodies.keys()},
            aliases=set(carried.aliases),
            tainted=carried.tainted,
            in_scratch=carried.in_scratch,
            files=set(carried.scratch_files),
            declared=declared,
        )
        for name, value in carried.variables:
            state.assign(name, Certainty.OPAQUE if value is None else value)
        return state

    def carried(self) -> Carried:
        """Return what later actions must know."""
        values = ((name, value) for name, value in self.variables.items())
        return Carried(
            functions=frozenset(self.functions),
            aliases=frozenset(self.aliases),
            variables=tuple((name, value if _is_literal(value) else None) for name, value in values),
            tainted=self.tainted,
            scratch_files=frozenset(self.files),
            in_scratch=self.in_scratch,
            function_bodies=tuple((name, body) for name, body in self.functions.items() if body is not None),
        )

    def inner(self, *, elsewhere: bool) -> ShellState:
        """Return the state of a shell inside this one, which cannot change it."""
        return ShellState(
            functions={} if elsewhere else dict(self.functions),
            variables={} if elsewhere else dict(self.variables),
            tainted=self.tainted,
            in_scratch=self.in_scratch and not elsewhere,
            files=self.files,
            declared={} if elsewhere else self.declared,
            environment=set() if elsewhere else set(self.environment),
            called=self.called,
            depth=self.depth + 1,
            folder="" if elsewhere else self.folder,
            maps=set() if elsewhere else set(self.maps),
            integers=set() if elsewhere else set(self.integers),
            secret_files=set() if elsewhere else set(self.secret_files),
            stdin=self.stdin,
        )

    def absorb(self, scope: ShellState) -> None:
        """Take over what a function or handler that ran in `scope` may have changed in this shell."""
        self.taint(scope.tainted)
        self.aliases |= scope.aliases
        self.environment |= scope.environment
        self.maps |= scope.maps
        self.integers |= scope.integers
        if not scope.in_scratch:
            self.leave(scope.folder)
        for name, value in scope.variables.items():
            if self.variables.get(name) != value:
                self.assign(name, Certainty.OPAQUE)
        for name, body in scope.functions.items():
            if self.functions.get(name, "") != body:
                self.functions[name] = None

    def leave(self, folder: str) -> None:
        """Record that the working directory is no longer the run's folder; `folder` is empty where text cannot tell."""
        self.in_scratch = False
        self.folder = folder

    def assign(self, name: str, value: str | Certainty) -> None:
        """Record an assignment, and what it can touch."""
        self.variables[name] = value
        if touches_everything(name):
            self.taint(name + ASSIGNED_BEFORE)
        elif name[:1].isupper() or is_sensitive(name):
            self.environment.add(name)

    def forget(self, names: Mapping[str, Certainty]) -> None:
        """Record that these variables may have been assigned: a number stays a number, the rest cannot be told."""
        for name, certainty in names.items():
            is_number = certainty is Certainty.PLAIN and self.is_number(name)
            self.assign(name, Certainty.PLAIN if is_number else Certainty.OPAQUE)

    def is_number(self, name: str) -> bool:
        """Say whether a variable holds a number, or a value that the run checks, so that arithmetic may read it."""
        value = self.variables.get(name, Certainty.TOKEN)
        if isinstance(value, Certainty):
            return value is not Certainty.OPAQUE
        return _NUMBER.fullmatch(value) is not None

    def taint(self, reason: str) -> None:
        """Record why no later command can be trusted; the first reason stays."""
        self.tainted = self.tainted or reason
        self.taints += bool(reason)

    def doubt(self, tool: str, system: str) -> str:
        """Return why a command of `tool` may not be what it seems, empty where nothing was set that touches it."""
        if self.tainted:
            return self.tainted
        if tool in self.aliases:
            return f"{tool} was made an alias before"
        name = touching(self.environment, tool, system) if self.environment else None
        return name + ASSIGNED_BEFORE if name else ""


def _is_literal(value: str | Certainty) -> bool:
    return not isinstance(value, Certainty)
