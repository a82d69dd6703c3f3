"""What an invocation acts on, one name for one thing however it is spelled, because locks compare names."""

from __future__ import annotations

import posixpath
import re

from architect.commands.calls import Certainty, Word
from architect.commands.model import Target
from architect.commands.options import Parsed
from architect.commands.tables import Table

_PLURALS = ((re.compile(r"ies$"), "y"), (re.compile(r"(?<=ss)es$|(?<=x)es$"), ""), (re.compile(r"(?<![su])s$"), ""))


_PATHS = frozenset(("file", "mount", "device"))


def target_of(parsed: Parsed, system: str) -> Target | None:
    """Return what the options and positionals that the table marks say, None where they say nothing."""
    aim = _Aim(parsed)
    for parent, node, name in zip(parsed.nodes, parsed.nodes[1:], parsed.path, strict=False):
        if node is parent.otherwise and parent.positionals and parent.positionals[0].target:
            aim.take(parent.positionals[0].target, name)
    for given in parsed.options:
        if given.option.target and given.value is not None:
            aim.take(given.option.target, _text(given.value))
    for spec, word in parsed.positionals:
        if spec is not None and spec.target:
            aim.take(spec.target, _text(word))
    return aim.target(system)


def singular(kind: str) -> str:
    """Return the singular of a kind, the same for its plural and itself."""
    for plural, ending in _PLURALS:
        found = plural.sub(ending, kind)
        if found != kind:
            return found
    return kind


def shown(word: Word) -> str:
    """Return a word that text cannot tell as its author wrote it, without the option it was attached to."""
    if word.certainty is Certainty.LITERAL or not word.text.startswith("-"):
        return word.text.strip("\"'")
    return word.text.partition("=")[2].strip("\"'") or word.text


def _text(word: Word) -> str:
    return word.value if word.value is not None else shown(word)


class _Aim:
    """Collects what the words of one invocation say of its target."""

    def __init__(self, parsed: Parsed) -> None:
        self._table = parsed.table
        self._kind = next((node.kind for node in reversed(parsed.nodes) if node.kind), "") or _group(parsed)
        self._names: list[str] = []
        self._scope = ""

    def take(self, role: str, text: str) -> None:
        """Take what a word says in its role."""
        match role:
            case "kind/name" | "[kind/]name" | "name" if self._table.kinds:
                self._take_object(role, text)
            case "name":
                self._name(text)
            case "place":
                place, colon, _ = text.partition(":")
                if colon and place and "/" not in place:
                    self._names = []  # of several places the last one is where things go
                    self._name(place)
            case "kind":
                self._kind = text
            case _:
                self._scope = text

    def target(self, system: str) -> Target | None:
        """Return the target, None where nothing was said."""
        if not (self._kind or self._names or self._scope):
            return None
        name = " ".join(dict.fromkeys(self._names))
        return Target(system=system, kind=_kind(self._table, self._kind), name=name, scope=self._scope)

    def _take_object(self, role: str, text: str) -> None:
        """Take a kind, a name, or both; `label=value` and `label-` behind them name no object."""
        if "=" in text or text.endswith("-"):
            return
        kind, slash, name = text.partition("/")
        if not slash and role == "kind/name":
            self._kind = text
        elif not slash:
            self._name(text)
        elif not self._names or _kind(self._table, kind) == _kind(self._table, self._kind):
            self._kind = kind
            self._name(name)
        else:
            self._name(f"{_kind(self._table, kind)}/{name}")

    def _name(self, text: str) -> None:
        name = re.sub(self._table.names_without, "", text) if self._table.names_without else text
        is_path = self._kind in _PATHS and "/" in name and "://" not in name
        self._names.append(posixpath.normpath(name) if is_path else name)


def _group(parsed: Parsed) -> str:
    """Return the group of subcommands before a verb of the table: its objects are what the verb acts on."""
    if not parsed.table.groups or len(parsed.path) < 2:
        return ""
    return singular(parsed.path[-2])


def _kind(table: Table, kind: str) -> str:
    if not table.kinds:
        return kind
    plain = re.sub(table.kinds_without, "", kind.lower()) if table.kinds_without else kind.lower()
    head, dot, group = plain.partition(".")
    return singular(head) + dot + group if dot else table.kinds.get(head, singular(head))
