"""The shell's grammar: a syntax tree with code point offsets, and the statements of a block.

Reading is total: any text gives a tree, perhaps with errors. Text that is too large or nested too deeply for the
grammar is not parsed at all and counts as one statement that nobody understood.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

MAX_CHARACTERS = 1_000_000
MAX_NESTING = 400
MAX_BROKEN = 200
MAX_STAGES = 1_000
"""Recovering from one error costs as much as the text, or a pipeline in it, is long: beyond these nothing is parsed."""
_PIECE = 2_000

_ANY_CHARACTER = "\xa7"
"""Stands for every character beyond ASCII, which are all alike to a shell: no letters of names, no blanks.

The grammar's scanner asks the C library about them and reads out of bounds, which can end the process.
"""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_OPENERS = re.compile(r"[(){}\[\]]|\b(?:if|fi|case|esac|do|done)\b")
_CLOSERS = frozenset((")", "}", "]", "fi", "esac", "done"))
_STATE_COMMANDS = frozenset(("cd", "pushd", "popd", "set", "shopt", "alias", "unalias", "umask", "ulimit", "hash"))
_STATE_NODES = frozenset(
    ("variable_assignment", "variable_assignments", "function_definition", "unset_command", "declaration_command")
)
_PRINTS_DECLARATIONS = re.compile(r"\s-[A-Za-z]*[pfF]")
_LIST_NODES = frozenset(("program", "list", "compound_statement"))


@dataclass(frozen=True, slots=True)
class ShellTree:
    """A parsed text. `root` is None where the text is beyond the bounds; use `span` for code point offsets."""

    text: str
    root: Node | None
    _offsets: array[int] | None

    def span(self, node: Node) -> tuple[int, int]:
        """Return the half-open code point offsets of `node`."""
        if self._offsets is None:
            return node.start_byte, node.end_byte
        return self._offsets[node.start_byte], self._offsets[node.end_byte]

    def source(self, node: Node) -> str:
        """Return the text of `node`."""
        start, end = self.span(node)
        return self.text[start:end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One top-level statement of a block, half-open code point offsets.

    `keeps_open` marks what cannot be carried to another shell: traps, background jobs, coprocesses, descriptors.
    `comment` holds the comment lines directly above, without their number signs.
    """

    start: int
    end: int
    sets_state_only: bool = False
    has_error: bool = False
    keeps_open: bool = False
    comment: str = ""


@cache
def _language() -> Language:
    return Language(tree_sitter_bash.language())


def parse(text: str) -> ShellTree:
    """Parse `text`; CRLF line ends count as line ends."""
    return parse_as(text, text.replace("\r\n", " \n"))


def parse_as(text: str, read: str) -> ShellTree:
    """Parse `read`, which is as long as `text`, and return its tree over `text`."""
    if len(text) > MAX_CHARACTERS or _is_nested_too_deeply(read):
        return ShellTree(text, None, None)
    plain = read if read.isascii() else _NOT_ASCII.sub(_ANY_CHARACTER, read)
    if _breaks_too_often(plain):
        return ShellTree(text, None, None)
    return ShellTree(text, _root(plain), None if read.isascii() else _code_point_offsets(read))


def statements(text: str) -> tuple[Statement, ...]:
    """Split `text` into its top-level statements, in order; comments and blank lines lie between them."""
    tree = parse(text)
    if tree.root is None:
        return (Statement(start=0, end=len(text), has_error=True),) if text.strip() else ()
    return _merged(tree, list(_raw_statements(tree, tree.root)))


def children(node: Node) -> Iterator[Node]:
    """Yield the named children of `node` that are no comments."""
    return (child for child in node.named_children if child.type != "comment")


def _is_nested_too_deeply(text: str) -> bool:
    if len(text) < MAX_NESTING:
        return False
    depth = 0
    for match in _OPENERS.finditer(text):
        depth = max(0, depth - 1) if match.group() in _CLOSERS else depth + 1
        if depth > MAX_NESTING:
            return True
    return False


def _root(text: str) -> Node:
    return Parser(_language()).parse(text.encode()).root_node


def _breaks_too_often(text: str) -> bool:
    """Say whether a long text holds more errors than can be recovered from in time linear to its length.

    Its pieces are parsed one by one: within each, recovery is bounded.
    """
    if len(text) <= _PIECE:
        return False
    if text.count("|") > MAX_STAGES and _has_endless_pipeline(text):
        return True
    broken = 0
    for piece in _pieces(text):
        broken += _broken_leaves(_root(piece))
        if broken > MAX_BROKEN:
            return True
    return False


def _has_endless_pipeline(text: str) -> bool:
    stages = 0
    for line in text.splitlines():
        stages += line.count("|")
        if stages > MAX_STAGES:
            return True
        if not line.rstrip().endswith(("|", "\\")):
            stages = 0
    return False


def _pieces(text: str) -> Iterator[str]:
    """Cut a text into pieces of bounded length, at line ends where there are any."""
    start = 0
    while start < len(text):
        end = text.rfind("\n", start, start + _PIECE) + 1 or start + _PIECE
        yield text[start:end]
        start = end


def _broken_leaves(root: Node) -> int:
    """Count the tokens that the grammar found no place for."""
    if not root.has_error:
        return 0
    count = 0
    todo = [(root, False)]
    while todo:
        node, is_broken = todo.pop()
        is_broken = is_broken or node.is_error
        count += is_broken and not node.child_count
        todo.extend((child, is_broken) for child in node.children if is_broken or child.has_error)
    return count


def _code_point_offsets(text: str) -> array[int]:
    """Map the bytes that were parsed to code points: one for ASCII, two for the others."""
    offsets = array("I")
    for index, character in enumerate(text):
        offsets.append(index)
        if character > "\x7f":
            offsets.append(index)
    offsets.append(len(text))
    return offsets


def _raw_statements(tree: ShellTree, root: Node) -> Iterator[Statement]:
    comments: list[tuple[int, str]] = []
    pending: Statement | None = None
    for node in root.children:
        start, end = tree.span(node)
        if node.type == "comment":
            comments.append((start, tree.text[start:end].lstrip("#").strip()))
        elif node.is_named:
            if pending is not None:
                yield pending
            pending = _statement(tree, node, _comment_above(tree.text, comments, start))
            comments = []
        elif pending is not None:
            is_background = node.type == "&"
            yield _extended(pending, end if is_background else pending.end, keeps_open=is_background)
            pending = None
    if pending is not None:
        yield pending


def _statement(tree: ShellTree, node: Node, comment: str) -> Statement:
    start, end = tree.span(node)
    return Statement(
        start=start,
        end=end,
        sets_state_only=_sets_state_only(tree, node),
        has_error=node.has_error,
        keeps_open=_keeps_open(tree, node),
        comment=comment,
    )


def _extended(statement: Statement, end: int, *, keeps_open: bool) -> Statement:
    return Statement(
        start=statement.start,
        end=end,
        sets_state_only=statement.sets_state_only,
        has_error=statement.has_error,
        keeps_open=statement.keeps_open or keeps_open,
        comment=statement.comment,
    )


def _comment_above(text: str, comments: list[tuple[int, str]], start: int) -> str:
    """Return the run of whole-line comments that ends on the line above `start`."""
    lines: list[str] = []
    below = text.rfind("\n", 0, start) + 1
    if text[below:start].strip():
        return ""
    for at, comment in reversed(comments):
        line_start = text.rfind("\n", 0, at) + 1
        line_end = text.find("\n", at) + 1
        if line_end != below or text[line_start:at].strip():
            break
        lines.append(comment)
        below = line_start
    return "\n".join(reversed(lines)).strip()


def _merged(tree: ShellTree, found: list[Statement]) -> tuple[Statement, ...]:
    """Join statements that share a line with a here-document or an error: their borders cannot be trusted."""
    joined: list[Statement] = []
    for statement in found:
        if joined and (statement.start < joined[-1].end or _border_is_doubtful(tree.text, joined[-1], statement)):
            joined[-1] = _union(joined[-1], statement)
        else:
            joined.append(statement)
    return tuple(joined)


def _border_is_doubtful(text: str, first: Statement, second: Statement) -> bool:
    if not (first.has_error or second.has_error):
        return False
    return "\n" not in text[first.end : second.start]


def _union(first: Statement, second: Statement) -> Statement:
    return Statement(
        start=first.start,
        end=max(first.end, second.end),
        sets_state_only=first.sets_state_only and second.sets_state_only,
        has_error=first.has_error or second.has_error,
        keeps_open=first.keeps_open or second.keeps_open,
        comment=first.comment,
    )


def _command_name(tree: ShellTree, node: Node) -> str:
    name = node.child_by_field_name("name")
    return tree.source(name) if name is not None else ""


def _sets_state_only(tree: ShellTree, node: Node) -> bool:
    if node.type == "list":
        return all(_sets_state_only(tree, child) for child in _flattened(node))
    if node.type == "declaration_command":
        return not _PRINTS_DECLARATIONS.search(tree.source(node)) and node.named_child_count > 0
    if node.type in _STATE_NODES:
        return True
    return node.type == "command" and _command_name(tree, node) in _STATE_COMMANDS


def _flattened(node: Node) -> list[Node]:
    """Return the members of a list, which the grammar nests to the left, without recursion."""
    members: list[Node] = []
    todo = [node]
    while todo:
        current = todo.pop()
        if current.type == "list":
            todo.extend(children(current))
        else:
            members.append(current)
    return members


def _keeps_open(tree: ShellTree, node: Node) -> bool:
    """Say whether what `node` leaves behind lives only in this shell process."""
    todo = [node]
    while todo:
        current = todo.pop()
        if current.type in _LIST_NODES:
            todo.extend(children(current))
            if any(child.type == "&" for child in current.children):
                return True
        elif current.type == "redirected_statement":
            body = current.child_by_field_name("body")
            if body is not None and _command_name(tree, body) == "exec":
                return True
            todo.extend(() if body is None else (body,))
        elif current.type == "command" and _command_name(tree, current) in ("trap", "coproc"):
            return True
    return False
