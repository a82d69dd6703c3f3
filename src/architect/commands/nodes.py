"""Questions about nodes that run nothing: which names they may assign, what they hold, what they print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tree_sitter import Node

from architect.commands.calls import Certainty
from architect.commands.words import WordReader
from architect.grammars.documents import Document, parse_document
from architect.grammars.shell import ShellTree, children

ARITHMETIC = frozenset(
    (
        "binary_expression",
        "unary_expression",
        "postfix_expression",
        "parenthesized_expression",
        "ternary_expression",
        "subscript",
    )
)
LEAVES = frozenset(
    (
        "word",
        "number",
        "string",
        "raw_string",
        "ansi_c_string",
        "translated_string",
        "simple_expansion",
        "expansion",
        "concatenation",
        "variable_name",
        "extglob_pattern",
        "regex",
        "test_operator",
        "special_variable_name",
    )
)

_DEFAULTED = re.compile(r"\$\{([A-Za-z_]\w*):?=")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DELIMITER = re.compile(r"\\?[\w.!:%+-]+|'[^'\\\n]*'|\"[^\"\\$`\n]*\"")
_EXPANDS = re.compile(r"[$`\\]")
_PASSES_OUTPUT_ON = frozenset(
    ("sudo", "doas", "env", "timeout", "nice", "ionice", "nohup", "time", "stdbuf", "setsid", "command", "builtin")
)
_ASSIGNING_COMMANDS = frozenset(("read", "mapfile", "readarray", "printf", "getopts", "let"))


def members(node: Node) -> list[Node]:
    """Return the members of a list in order; the grammar nests them to the left."""
    found: list[Node] = []
    current: Node | None = node
    while current is not None and current.type == "list":
        parts = list(children(current))
        found.extend(reversed(parts[1:]))
        current = parts[0] if parts else None
    if current is not None:
        found.append(current)
    return found[::-1]


def word_groups(tree: ShellTree, nodes: Sequence[Node]) -> list[list[Node]]:
    """Group nodes that make one word: of `$A/$B.x` the grammar makes two, and drops the second dollar sign."""
    groups: list[list[Node]] = []
    for node in nodes:
        if groups and is_same_word(tree, groups[-1][-1], node):
            groups[-1].append(node)
        else:
            groups.append([node])
    return groups


def is_same_word(tree: ShellTree, left: Node, right: Node) -> bool:
    """Say whether two nodes touch at a dollar sign that belongs to the second one's name."""
    end, start = tree.span(left)[1], tree.span(right)[0]
    are_words = left.type == "concatenation" and right.type in ("word", "concatenation")
    return are_words and end == start and tree.text[end - 1] == "$" and _NAME.match(tree.text, start) is not None


def assigned(tree: ShellTree, node: Node) -> dict[str, Certainty]:
    """Return the names that anything below `node` may assign, without recursion; numbers are plain, the rest opaque."""
    names: dict[str, Certainty] = {}
    todo = [node]
    while todo:
        current = todo.pop()
        for name in _assigned_here(tree, current):
            is_number = current.type == "variable_assignment" and _is_number(current)
            names[name] = (
                Certainty.PLAIN if is_number and names.get(name) in (None, Certainty.PLAIN) else Certainty.OPAQUE
            )
        todo.extend(current.named_children)
    return names


def _assigned_here(tree: ShellTree, node: Node) -> set[str]:
    if node.type == "variable_assignment":
        if node.parent is not None and node.parent.type == "command":
            return set()
        name = node.child_by_field_name("name")
        return set() if name is None else {tree.source(name).partition("[")[0]}
    if node.type in ("for_statement", "declaration_command", "unset_command"):
        return {tree.source(child) for child in node.named_children if child.type == "variable_name"}
    if node.type == "expansion":
        return set(_DEFAULTED.findall(tree.source(node)))
    return _names_read(tree, node) if node.type == "command" else set()


def _is_number(node: Node) -> bool:
    value = node.child_by_field_name("value")
    return value is not None and value.type in ("number", "arithmetic_expansion")


def _names_read(tree: ShellTree, node: Node) -> set[str]:
    name = node.child_by_field_name("name")
    if name is None or tree.source(name) not in _ASSIGNING_COMMANDS:
        return set()
    words = (tree.source(child) for child in node.children_by_field_name("argument"))
    return {word for word in words if _NAME.fullmatch(word)}


def within(node: Node, kinds: tuple[str, ...]) -> list[Node]:
    """Return the nodes of these kinds at or below `node` that lie in no inner command, without recursion."""
    found: list[Node] = []
    todo = [node]
    while todo:
        current = todo.pop()
        if current.type in kinds:
            found.append(current)
        if current.type not in ("command_substitution", "process_substitution"):
            todo.extend(current.named_children)
    return found


def printing(node: Node) -> Node | None:
    """Return the simple command whose output a pipeline or a command with an input file prints."""
    if node.type == "pipeline":
        return printing(node.named_children[-1])
    if node.type == "redirected_statement":
        body, redirects = node.child_by_field_name("body"), node.children_by_field_name("redirect")
        is_input = all(redirect.child_count and redirect.children[0].type == "<" for redirect in redirects)
        return body if body is not None and body.type == "command" and is_input else None
    return node if node.type == "command" else None


def literal_output(reader: WordReader, node: Node) -> str | None:
    """Return what a literal `echo`, `printf` or `cat` of a here-document prints, None where text cannot tell."""
    if node.type == "negated_command" and node.named_child_count == 1:
        node = node.named_children[0]
    if node.type == "redirected_statement":
        return _document_printed(reader, node)
    return _echoed(reader, node) if node.type == "command" else None


def _document_printed(reader: WordReader, node: Node) -> str | None:
    body = node.child_by_field_name("body")
    documents = [child for child in node.named_children if child.type == "heredoc_redirect"]
    is_cat = body is not None and reader.tree.source(body).strip() == "cat"
    if not is_cat or len(documents) != 1 or node.named_child_count != 2:
        return None
    if any(child.type == "file_redirect" for child in documents[0].named_children):
        return None
    return HereDocument.of(reader, documents[0]).text


@dataclass(frozen=True, slots=True)
class HereDocument:
    """What is known of a here-document: its text where that can be told, and the variables that it puts in.

    `document` is the body in which the shell expands, None where nothing is expanded; `is_doubtful` says that it may
    expand something else than the grammar sees.
    """

    start: int
    body: str
    text: str | None
    variables: tuple[str, ...] = ()
    document: Document | None = None
    is_doubtful: bool = False

    @classmethod
    def of(cls, reader: WordReader, node: Node) -> HereDocument:
        """Read the here-document at `node`."""
        tree = reader.tree
        start, end = _body(tree, node)
        body = tree.text[start:end]
        delimiter = next((tree.source(child) for child in node.named_children if child.type == "heredoc_start"), "")
        if _DELIMITER.fullmatch(delimiter) is None:
            return cls(start, body, None, is_doubtful=True)
        if _is_quoted(delimiter) or not _EXPANDS.search(body):
            return cls(start, body, body)
        document = parse_document(body)
        if document is None:
            return cls(start, body, None, is_doubtful=True)
        text, variables = reader.document(document)
        return cls(start, body, text, variables, document)


def _body(tree: ShellTree, node: Node) -> tuple[int, int]:
    """Return the span of a body with the blanks in front of it, which the grammar leaves out."""
    body = next((child for child in node.named_children if child.type == "heredoc_body"), None)
    if body is None:
        end = tree.span(node)[1]
        return end, end
    start, end = tree.span(body)
    while start > 0 and tree.text[start - 1] in " \t":
        start -= 1
    return start, end


def _is_quoted(delimiter: str) -> bool:
    return any(quote in delimiter for quote in "'\"\\")


def _echoed(reader: WordReader, node: Node) -> str | None:
    """Return what `echo` or `printf` prints, also behind wrappers that hand its output on."""
    if any(child.type.endswith("_redirect") for child in node.named_children):
        return None
    name = node.child_by_field_name("name")
    words = [] if name is None else [name, *node.children_by_field_name("argument")]
    texts = [reader.text(word) for word in words]
    if texts and texts[0] in _PASSES_OUTPUT_ON:
        texts = texts[next((at for at, text in enumerate(texts) if text in ("echo", "printf")), len(texts)) :]
    if not texts or texts[0] not in ("echo", "printf"):
        return None
    if texts == ["echo"]:
        return "\n"
    known = [text for text in texts[1:] if text is not None]
    if len(known) != len(texts) - 1 or not known or _is_option_of(texts[0], known[0]):
        return None
    if any("\\" in text or "%" in text for text in known):
        return None
    return " ".join(known) + "\n"


def _is_option_of(tool: str, word: str) -> bool:
    """Say whether `echo` or `printf` takes its first word for an option."""
    return re.fullmatch(r"-[neE]+", word) is not None if tool == "echo" else word.startswith("-")
