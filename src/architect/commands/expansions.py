"""What the shell runs and calculates while it expands words, before the command itself begins.

The grammar shows most of it; what it does not show (backquotes in backquotes, quotes that mean nothing inside
`"${…}"`, indices and offsets, which are calculated) is looked for here and counts as not understood, or worse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tree_sitter import Node

from architect.commands.arithmetic import can_run_commands, hides_process
from architect.commands.model import CommandEffect, Effect
from architect.commands.nodes import HereDocument, assigned, within
from architect.commands.state import ShellState
from architect.commands.words import substitutions
from architect.grammars.shell import ShellTree, children

_BACKQUOTED = re.compile(r"`([^`]*)`")
_ESCAPED = re.compile(r"\\([\\`$])")
_INDEX = re.compile(r"\$\{[!#]?(?P<name>[A-Za-z_]\w*)\[(?P<index>.*?)\](?=[^\]]*\}$)", re.DOTALL)
_OFFSET = re.compile(r"\$\{[!#]?\w+(?:\[[^\]]*\])?:(?![-=?+])(?P<offset>.*)\}", re.DOTALL)
_INDIRECT = re.compile(r"\$\{!\w+(?![\w@*]*[@*]\}|\[[@*]\])")
_BRACE = re.compile(r"(?<!\$)\{")
_ELEMENT = re.compile(r"[(\s]\[(.*?)\]\+?=", re.DOTALL)
_WHOLE = frozenset(("@", "*"))
_RAW = ("raw_string", "ansi_c_string")
_LIVE = re.compile(r"[$`}]")

Visit = Callable[[ShellTree, Iterable[Node]], list[CommandEffect]]
Judge = Callable[[str, ShellState], list[CommandEffect]]


@dataclass(frozen=True, slots=True)
class Expander:
    """Judges the expansions in one tree.

    `visit` judges nodes in a shell of their own, `judge` a text; `doubt` says that a node is not understood, and why.
    """

    tree: ShellTree
    state: ShellState
    visit: Visit
    judge: Judge
    doubt: Callable[[Node, str], CommandEffect]

    def expanded(self, node: Node, stop: Node | None = None) -> list[CommandEffect]:
        """Return what runs while the words below `node` are expanded, but for those at and below `stop`."""
        if not node.child_count:
            return []
        found: list[CommandEffect] = []
        for inner in substitutions(node):
            if stop is None or not stop.start_byte <= inner.start_byte < stop.end_byte:
                found += self._substituted(inner)
        return found + self._hidden(node)

    def document(self, document: HereDocument, doubtful: CommandEffect) -> list[CommandEffect]:
        """Return what runs while a here-document is expanded; `doubtful` stands for one that is not understood."""
        if document.is_doubtful:
            return [doubtful, *_worse(self.judge(document.body, self.state.inner(elsewhere=False)))]
        if document.document is None:
            return []
        tree = document.document.tree
        inside = replace(self, tree=tree).expanded(document.document.string)
        return [_moved(command, document.start - 1) for command in inside]

    def calculated(self, node: Node, source: str) -> list[CommandEffect]:
        """Doubt arithmetic that reads a text from outside: a text such as `a[$(cmd)]` runs there."""
        if can_run_commands(source, self.state):
            why = "calculates with text that is only known when it runs, which can run commands"
            return [self.doubt(node, why)]
        return []

    def indices(self, node: Node) -> list[CommandEffect]:
        """Doubt the indices of an array's elements (`A=([i]=x)`), which are calculated."""
        found: list[CommandEffect] = []
        for index in _ELEMENT.findall(self.tree.source(node)):
            found += self.calculated(node, index)
        return found

    def _substituted(self, node: Node) -> list[CommandEffect]:
        source = self.tree.source(node).strip()
        if source.startswith("`") and "\\" in source:
            return self._backquoted(node, source)
        found = self.visit(self.tree, children(node))
        if source.startswith("`") and "`" in source[1:-1]:  # the grammar takes two of them for one
            found += self._worse_in(_BACKQUOTED.findall(source))
        return found

    def _backquoted(self, node: Node, source: str) -> list[CommandEffect]:
        """Judge what stands between backquotes with backslashes, of which the shell takes one level away first."""
        start, end = self.tree.span(node)
        inside = self.judge(_ESCAPED.sub(r"\1", source[1:-1]), self.state.inner(elsewhere=False))
        found = [replace(command, start=start, end=end) for command in inside]
        return [*found, self.doubt(node, "quotes inside of backquotes")] if '\\"' in source else found

    def _hidden(self, node: Node) -> list[CommandEffect]:
        """Return what the grammar does not see inside words: backquotes in expansions, prompts, arithmetic."""
        source = self.tree.source(node)
        found: list[CommandEffect] = []
        if "`" in source or "$((" in source or "${" in source or "$[" in source:
            for inner in within(node, ("expansion", "arithmetic_expansion")):
                found += self._hidden_in(inner)
        return found

    def _hidden_in(self, node: Node) -> list[CommandEffect]:
        source = self.tree.source(node).strip()
        if node.type == "arithmetic_expansion":
            return self.calculated(node, source)
        self.state.forget(assigned(self.tree, node))
        found = [*self._indices(node, source), *self._quotes(node)]
        if hides_process(source) or _BRACE.search(source, 2):
            found.append(self.doubt(node, "can end or mean something else than it seems to"))
            found += self._worse_in([source[2:-1], *_BACKQUOTED.findall(source)])
        if "`" in source.replace("\\`", "") and not substitutions(node):
            found.append(self.doubt(node, "holds commands in backquotes"))
            found += self._worse_in(_BACKQUOTED.findall(source))
        if "@P}" in source:
            found.append(self.doubt(node, "expands text as a prompt, which can run commands"))
        return found

    def _indices(self, node: Node, source: str) -> list[CommandEffect]:
        """Judge the index of an array, an offset, and a name that is taken from a variable."""
        if _INDIRECT.match(source):
            return [self.doubt(node, "takes the name of a variable from a text, which can run commands")]
        index, offset = _INDEX.match(source), _OFFSET.fullmatch(source)
        found: list[CommandEffect] = []
        if index is not None and index["index"] not in _WHOLE and index["name"] not in self.state.maps:
            found += self.calculated(node, index["index"])
        if offset is not None:
            found += self.calculated(node, offset["offset"])
        return found

    def _quotes(self, node: Node) -> list[CommandEffect]:
        """Doubt quotes inside `${…}`: between double quotes they quote nothing, and what is in them is expanded."""
        quoted = [self.tree.source(inner) for inner in within(node, _RAW)]
        live = [source.lstrip("$")[1:-1] for source in quoted if _is_live(source)]
        if not live:
            return []
        found = [self.doubt(node, "holds quotes that quote nothing between double quotes")]
        return found + self._worse_in([f': "{text}"' for text in live])

    def _worse_in(self, texts: Iterable[str]) -> list[CommandEffect]:
        found: list[CommandEffect] = []
        for text in texts:
            found += _worse(self.judge(text, self.state.inner(elsewhere=False)))
        return found


def _is_live(quoted: str) -> bool:
    """Say whether quotes hold what the shell would expand, or what would end the expansion that they are in."""
    return "\\" in quoted if quoted.startswith("$") else _LIVE.search(quoted) is not None


def _worse(commands: Iterable[CommandEffect]) -> list[CommandEffect]:
    return [command for command in commands if command.effect.rank > Effect.UNKNOWN.rank]


def _moved(command: CommandEffect, by: int) -> CommandEffect:
    return replace(command, start=command.start + by, end=command.end + by)
