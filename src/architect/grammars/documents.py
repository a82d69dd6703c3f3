"""The bodies of here-documents, in which the shell expands as between double quotes.

The shell's grammar overlooks expansions in them (behind leading blanks, for one), so a body is read as the string that
it is like: its own double quotes, which mean nothing there, are taken out before the grammar sees the text.
"""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from architect.grammars.shell import ShellTree, parse_as

_STAND_IN = "="
"""Stands for a double quote outside of expansions: no shell gives it a meaning in a string."""
_OPENERS = ("$(", "${", "$[", "`")
_CLOSER = {"$(": ")", "${": "}", "$[": "]", "`": "`", "(": ")", '"': '"', "'": "'"}
_SUBSTITUTED = frozenset(("command_substitution", "expansion", "arithmetic_expansion"))


@dataclass(frozen=True, slots=True)
class Document:
    """A body as a string between double quotes; `text` of the tree is one character longer in front."""

    tree: ShellTree
    string: Node


def parse_document(body: str) -> Document | None:
    """Return the body as the grammar reads it, None where the grammar may overlook what the shell would run."""
    scan = _Scan(body)
    if not scan.is_closed:
        return None
    quiet = list(body)
    for at in scan.quotes:
        quiet[at] = _STAND_IN
    tree = parse_as(f'"{body}"', f'"{"".join(quiet)}"')
    string = None if tree.root is None or tree.root.has_error else _only_string(tree.root)
    if string is None:
        return None
    seen = {_start(tree, node) - 1 for node in string.named_children if node.type in _SUBSTITUTED}
    return Document(tree, string) if seen >= set(scan.openers) else None


def _only_string(root: Node) -> Node | None:
    node = root
    while node.named_child_count == 1 and node.type != "string":
        node = node.named_children[0]
    return node if node.type == "string" and node.end_byte == root.end_byte else None


def _start(tree: ShellTree, node: Node) -> int:
    """Return where an expansion starts: the grammar counts the blanks before some to them."""
    start, end = tree.span(node)
    source = tree.text[start:end]
    return start + len(source) - len(source.lstrip())


class _Scan:
    """One pass over a body: where expansions open and where double quotes stand outside of them."""

    def __init__(self, body: str) -> None:
        self.openers: list[int] = []
        self.quotes: list[int] = []
        self._open: list[str] = []
        at = 0
        while at < len(body):
            at = self._step(body, at)
        self.is_closed = not self._open

    def _step(self, body: str, at: int) -> int:
        inside = self._open[-1] if self._open else ""
        character = body[at]
        if inside == "'":
            if character == "'":
                self._open.pop()
            return at + 1
        if character == "\\":
            return at + 2
        if inside and character == inside:
            self._open.pop()
            return at + 1
        return self._opens(body, at, inside)

    def _opens(self, body: str, at: int, inside: str) -> int:
        for opener in _OPENERS:
            if body.startswith(opener, at):
                if not inside:
                    self.openers.append(at)
                self._open.append(_CLOSER[opener])
                return at + len(opener)
        character = body[at]
        if character == '"' and not inside:
            self.quotes.append(at)
        elif character == '"' or (inside == ")" and character in "('"):
            self._open.append(_CLOSER[character])
        return at + 1
