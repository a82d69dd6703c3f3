"""Rewriting a text so that values reach it as data: shell, SQL and PromQL.

The rewriting never sees a value. Each placeholder becomes a reference (an expanded variable inside the quotes that its
place needs, or a parameter), and a `Slot` says what a value must look like there. What cannot be bound is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tree_sitter import Node

from architect.grammars import shell
from architect.grammars.placeholders import Placeholder, PlaceholderStyle
from architect.runs.model import Encoding, Shape, Slot
from architect.runs.positions import Position, Role, position
from architect.runs.values import is_reserved, marker

_BARE_VALUE = re.compile(r"(?<=[:,\[])(\s*)(?:X+|\$\w+|\$\{\w+\})(?=\s*[,}\]])")
_JSON_START = re.compile(r'\s*(?:\{\s*["}]|\[\s*["{\[\]])')
_HOST_SCHEMES = re.compile(
    r"(?:https?|wss?|ftp|postgres(?:ql)?|rediss?|mysql|mongodb(?:\+srv)?|amqps?)://([^/?#]*)", re.IGNORECASE
)
_OUTPUT_TEMPLATES = ("{", "jsonpath", "go-template", "custom-columns", "--output=jsonpath", "-o=jsonpath", "-ojsonpath")
_ARITHMETIC = frozenset(("arithmetic_expansion", "subscript", "c_style_for_statement", "binary_expression"))
_WORDS = frozenset(("word", "concatenation", "string", "raw_string", "ansi_c_string", "simple_expansion", "expansion"))


class Quotes(StrEnum):
    """In which quotes of the shell a place lies."""

    NONE = "none"
    SINGLE = "single"
    DOUBLE = "double"
    ANSI = "ansi"
    HERE_DOCUMENT = "here-document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A rewritten text, where its values go, and why it cannot be bound (with the place), if so."""

    text: str
    slots: tuple[Slot, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """How a place takes a value."""

    encoding: Encoding = Encoding.LITERAL
    shape: Shape = Shape.ANY
    forbidden: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One placeholder in its surroundings. `content` is the word without its outer quotes, `offset` lies in it."""

    placeholder: Placeholder
    quotes: Quotes
    content: str
    offset: int
    position: Position
    fit: _Fit = field(default_factory=_Fit)


def bind_shell(
    text: str, placeholders: Sequence[Placeholder], *, hosts: Sequence[str] = (), first_line: int = 1
) -> Bound:
    """Rewrite a shell text; `hosts` are the names that a host or URL may have, `first_line` is for places."""
    masked = _masked(text, placeholders)
    tree = shell.parse(masked)
    edits: list[tuple[Placeholder, str]] = []
    slots: list[Slot] = []
    refused: list[str] = []
    for placeholder in placeholders:
        where = place_of(text, placeholder.start, first_line)
        if _is_silent(tree, placeholder):
            continue
        fit, quotes = _fit(tree, placeholder)
        if fit.refused:
            refused.append(f"{where}: {placeholder.written} {fit.refused}")
            continue
        slot = _slot(placeholder, fit, where, hosts)
        slots.append(slot)
        edits.append((placeholder, _reference(placeholder, slot, quotes)))
    return Bound(text=_edited(text, edits), slots=tuple(slots), refused=tuple(refused))


def bind_sql(text: str, placeholders: Sequence[Placeholder], *, first_line: int = 1) -> Bound:
    """Rewrite SQL: a value between quotes becomes a parameter `:'NAME'`, a bare one must be a number."""
    return _bind(text, placeholders, first_line, _sql_edit)


def bind_promql(text: str, placeholders: Sequence[Placeholder], *, first_line: int = 1) -> Bound:
    """Rewrite PromQL: a value inside a string is escaped for it, elsewhere it must be a number or a duration."""
    return _bind(text, placeholders, first_line, _promql_edit)


def place_of(text: str, offset: int, first_line: int) -> str:
    """Return `line 3, column 5` of an offset; lines count from `first_line`."""
    line = text.count("\n", 0, offset)
    return f"line {first_line + line}, column {offset - text.rfind(chr(10), 0, offset)}"


def _masked(text: str, placeholders: Sequence[Placeholder]) -> str:
    """Put a harmless word of the same length where a placeholder is no shell syntax of its own."""
    parts: list[str] = []
    at = 0
    for placeholder in placeholders:
        if placeholder.style is not PlaceholderStyle.DOLLAR:
            parts += [text[at : placeholder.start], "X" * (placeholder.end - placeholder.start)]
            at = placeholder.end
    return "".join([*parts, text[at:]])


def _edited(text: str, edits: Sequence[tuple[Placeholder, str]]) -> str:
    parts: list[str] = []
    at = 0
    for placeholder, replacement in edits:
        parts += [text[at : placeholder.start], replacement]
        at = placeholder.end
    return "".join([*parts, text[at:]])


def _slot(placeholder: Placeholder, fit: _Fit, where: str, hosts: Sequence[str]) -> Slot:
    is_own = placeholder.style is PlaceholderStyle.DOLLAR and fit.encoding is Encoding.LITERAL
    return Slot(
        variable=placeholder.name,
        marker=placeholder.name if is_own else marker(placeholder.name, fit.encoding),
        encoding=fit.encoding,
        shape=fit.shape,
        place=where,
        allowed=tuple(host.lower() for host in hosts) if fit.shape in (Shape.HOST, Shape.URL) else (),
        forbidden=fit.forbidden,
    )


def _reference(placeholder: Placeholder, slot: Slot, quotes: Quotes) -> str:
    if slot.marker == placeholder.name and placeholder.style is PlaceholderStyle.DOLLAR:
        return placeholder.written
    expansion = f"${{{slot.marker}}}"
    match quotes:
        case Quotes.NONE:
            return f'"{expansion}"'
        case Quotes.SINGLE:
            return f"'\"{expansion}\"'"
        case Quotes.ANSI:
            return f"'\"{expansion}\"$'"
        case Quotes.DOUBLE | Quotes.HERE_DOCUMENT:
            return expansion


def _ancestors(tree: shell.ShellTree, placeholder: Placeholder) -> list[Node]:
    """Return the nodes around a placeholder, innermost first."""
    found: list[Node] = []
    node = tree.root
    while node is not None:
        found.append(node)
        node = next((child for child in node.children if _covers(tree, child, placeholder)), None)
    return found[::-1]


def _covers(tree: shell.ShellTree, node: Node, placeholder: Placeholder) -> bool:
    start, end = tree.span(node)
    return start <= placeholder.start and placeholder.end <= end and end > start


def _is_silent(tree: shell.ShellTree, placeholder: Placeholder) -> bool:
    """Say whether the shell takes the placeholder for something else: a comment, or a `$` that it does not expand."""
    nodes = _ancestors(tree, placeholder)
    if any(node.type == "comment" for node in nodes):
        return True
    if placeholder.style is not PlaceholderStyle.DOLLAR:
        return False
    quotes = _quotes(tree, nodes)
    return quotes is None or quotes in (Quotes.SINGLE, Quotes.ANSI)


def _fit(tree: shell.ShellTree, placeholder: Placeholder) -> tuple[_Fit, Quotes]:
    """Say how the place of a placeholder takes a value, and in which quotes it lies."""
    nodes = _ancestors(tree, placeholder)
    if not nodes or any(node.is_error for node in nodes):
        return _Fit(refused="stands in a text that the shell's grammar does not understand"), Quotes.NONE
    if placeholder.style is PlaceholderStyle.DOLLAR and is_reserved(placeholder.name):
        return _Fit(refused="steers the shell or a tool and takes no value"), Quotes.NONE
    quotes = _quotes(tree, nodes)
    if quotes is None:
        return _Fit(refused="stands in a here-document whose text is not expanded"), Quotes.NONE
    return _fit_nodes(tree, nodes, placeholder, quotes), quotes


def _quotes(tree: shell.ShellTree, nodes: Sequence[Node]) -> Quotes | None:
    kinds = {
        "raw_string": Quotes.SINGLE,
        "string": Quotes.DOUBLE,
        "ansi_c_string": Quotes.ANSI,
        "command_substitution": Quotes.NONE,
        "process_substitution": Quotes.NONE,
    }
    for node in nodes:
        if node.type in kinds:
            return kinds[node.type]
        if node.type == "heredoc_body":
            start = next(
                (child for child in (node.parent.children if node.parent else ()) if child.type == "heredoc_start"),
                None,
            )
            is_literal = start is None or re.search(r"['\"\\]", tree.source(start))
            return None if is_literal else Quotes.HERE_DOCUMENT
    return Quotes.NONE


def _fit_nodes(tree: shell.ShellTree, nodes: Sequence[Node], placeholder: Placeholder, quotes: Quotes) -> _Fit:
    kinds = [node.type for node in nodes]
    if "heredoc_start" in kinds or "function_definition" in kinds[:3]:
        return _Fit(refused="decides what the shell's own grammar means here")
    if _ARITHMETIC.intersection(kinds[: _index(kinds, "command")]):
        return _Fit(shape=Shape.NUMBER)
    if "regex" in kinds or "test_operator" in kinds:
        return _Fit(refused="is part of a pattern")
    if quotes is Quotes.HERE_DOCUMENT:
        return _here_document_fit(tree, nodes, placeholder)
    word = _word(nodes)
    if word is None:
        return _Fit(refused="stands where the shell expects syntax")
    content, offset = _content(tree, word, placeholder)
    if word.parent is not None and word.parent.type == "command":
        words, index = _command_words(tree, word.parent, word)
        where = position(words, index)
    elif word.parent is not None and word.parent.type == "command_name":
        where = Position(role=Role.TOOL)
    else:
        where = Position(role=Role.OPTION_VALUE)
    place = _Place(placeholder=placeholder, quotes=quotes, content=content, offset=offset, position=where)
    return _fit_place(place)


def _index(kinds: Sequence[str], kind: str) -> int:
    return kinds.index(kind) if kind in kinds else len(kinds)


def _word(nodes: Sequence[Node]) -> Node | None:
    """Return the whole word around the placeholder: the outermost word node within the same command."""
    found: Node | None = None
    for node in nodes:
        if node.type in _WORDS:
            found = node
        elif found is not None:
            break
    return found


def _command_words(tree: shell.ShellTree, command: Node, word: Node) -> tuple[list[str], int]:
    words: list[str] = []
    index = 0
    for child in shell.children(command):
        if child.type in ("variable_assignment", "file_redirect", "heredoc_redirect", "herestring_redirect"):
            continue
        if child.start_byte == word.start_byte:
            index = len(words)
        words.append(unquoted(tree.source(child)))
    return words, index


def unquoted(word: str) -> str:
    """Return a word without its quotes; what the shell would expand stays as written."""
    return re.sub(r"\$?'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)", _unquote_part, word, flags=re.DOTALL)


def _unquote_part(match: re.Match[str]) -> str:
    if match[2] is not None:
        return re.sub(r"\\([\"\\$`])", r"\1", match[2])
    return match[1] if match[1] is not None else match[3]


def _content(tree: shell.ShellTree, word: Node, placeholder: Placeholder) -> tuple[str, int]:
    """Return the word without quotes and the placeholder's offset in it."""
    start, _ = tree.span(word)
    source = tree.source(word)
    at = placeholder.start - start
    return unquoted(source), len(unquoted(_closed(source[:at])))


def _closed(prefix: str) -> str:
    """Close the quotes that a prefix of a word leaves open."""
    for closing in ("", "'", '"'):
        if not re.sub(r"\$?'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.|[^'\"\\]", "", prefix + closing, flags=re.DOTALL):
            return prefix + closing
    return prefix


def _fit_place(place: _Place) -> _Fit:
    role = place.position.role
    match role:
        case Role.TOOL:
            return _Fit(refused="decides which tool runs")
        case Role.SUBCOMMAND:
            return _Fit(refused=f"decides what {place.position.tool} does")
        case Role.PROGRAM:
            language = place.position.language
            return _Fit(refused=f"would become part of a text that {language} parses")
        case Role.SQL:
            return _sql_fit(place.content, place.offset)
        case Role.HEADER:
            return _Fit(shape=Shape.LINE, forbidden=place.position.forbidden)
        case Role.ENCODED_FORM:
            return _encoded_form_fit(place)
        case Role.FORM:
            return _form_fit(place)
        case Role.ADDRESS | Role.ARGUMENT | Role.OPTION_VALUE:
            return _argument_fit(place)


def _argument_fit(place: _Place) -> _Fit:
    if address := _HOST_SCHEMES.match(place.content):
        return _address_fit(place, address)
    if place.position.role is Role.ADDRESS:
        return _Fit(shape=Shape.URL if place.offset == 0 else Shape.INERT)
    if _JSON_START.match(place.content):
        return _json_fit(place.content, place.offset)
    if place.content.startswith(_OUTPUT_TEMPLATES):
        return _Fit(shape=Shape.INERT)
    shape = Shape.ANY
    if place.quotes is Quotes.NONE:
        shape = Shape.WORD
    elif place.offset == 0 and place.position.role is Role.ARGUMENT:
        shape = Shape.ARGUMENT
    return _Fit(shape=shape, forbidden=place.position.forbidden)


def _address_fit(place: _Place, address: re.Match[str]) -> _Fit:
    start, end = address.span(1)
    if place.offset >= end:
        return _Fit(encoding=Encoding.URL)
    if "@" in address[1] and place.offset < start + address[1].rindex("@"):
        return _Fit(encoding=Encoding.URL)
    host = address[1].rpartition("@")[2]
    is_whole = len(host.rpartition(":")[0] or host) == len(place.placeholder.written)
    if not is_whole:
        return _Fit(refused="decides part of the host of a URL")
    return _Fit(shape=Shape.HOST)


def _form_fit(place: _Place) -> _Fit:
    if _JSON_START.match(place.content):
        return _json_fit(place.content, place.offset)
    if "=" in place.content[: place.offset]:
        return _Fit(encoding=Encoding.URL)
    return _Fit(shape=Shape.ARGUMENT, forbidden=place.position.forbidden)


def _encoded_form_fit(place: _Place) -> _Fit:
    name, separator, _ = place.content.partition("=")
    if not separator or place.offset <= len(name):
        return _Fit(refused="would decide what curl encodes")
    if name in ("query", "match[]"):
        return _promql_fit(place.content[len(name) + 1 :], place.offset - len(name) - 1)
    return _Fit()


def _here_document_fit(tree: shell.ShellTree, nodes: Sequence[Node], placeholder: Placeholder) -> _Fit:
    body = next(node for node in nodes if node.type == "heredoc_body")
    statement = next((node for node in nodes if node.type == "redirected_statement"), None)
    command = statement.child_by_field_name("body") if statement is not None else None
    words = _command_words(tree, command, command)[0] if command is not None and command.type == "command" else []
    start, _ = tree.span(body)
    content, offset = tree.source(body), placeholder.start - start
    reader = position([*words, "X"], len(words)) if words else Position(role=Role.TOOL)
    tool = words[0].rpartition("/")[2] if words else ""
    if tool == "psql":
        return _sql_fit(content, offset)
    if tool in ("cat", "tee"):
        is_json = _JSON_START.match(content) is not None
        return _json_fit(content, offset) if is_json else _Fit()
    if reader.role in (Role.PROGRAM, Role.TOOL, Role.SUBCOMMAND) or tool not in ("mail", "wall", "logger"):
        return _Fit(refused=f"would become part of a text that {tool or 'a command'} parses")
    return _Fit()


def _json_fit(content: str, offset: int) -> _Fit:
    """Say how a place inside JSON takes a value: as part of a string, or as a number."""
    try:
        json.loads(_BARE_VALUE.sub(r"\g<1>0", content))
    except ValueError:
        return _Fit(refused="stands in something like JSON that does not parse")
    return _Fit(encoding=Encoding.JSON) if _is_inside_string(content[:offset]) else _Fit(shape=Shape.NUMBER)


def _is_inside_string(before: str) -> bool:
    """Say whether the end of a beginning of JSON lies inside a string."""
    return len(re.findall('"', re.sub(r"\\.", "", before, flags=re.DOTALL))) % 2 == 1


def _sql_fit(content: str, offset: int) -> _Fit:
    where = _sql_context(content[:offset])
    if where == "string":
        return _Fit(encoding=Encoding.SQL)
    if where == "bare":
        return _Fit(shape=Shape.NUMBER)
    return _Fit(refused=f"stands in {where} of SQL, where no value can be bound")


_SQL_PARTS = re.compile(
    r"(?P<escape>\b[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z))|(?P<string>'(?:[^']|'')*(?:'|\Z))"
    r"|(?P<identifier>\"[^\"]*(?:\"|\Z))|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<dollar>\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z))",
    re.DOTALL,
)
_SQL_NAMES = {
    "escape": "an E'' string",
    "string": "string",
    "identifier": "a quoted name",
    "comment": "a comment",
    "dollar": "a dollar-quoted string",
}


def _sql_context(before: str) -> str:
    """Say what the end of a prefix of SQL lies in: `string`, `bare`, or what nothing can be bound in."""
    for match in _SQL_PARTS.finditer(before + "\0"):
        if match.end() == len(before) + 1:
            return next(name for kind, name in _SQL_NAMES.items() if match[kind] is not None)
    return "bare"


_PROMQL_PARTS = re.compile(r"\"(?:[^\"\\]|\\.)*(?:\"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z)|`[^`]*(?:`|\Z)|#[^\n]*", re.DOTALL)


def _promql_fit(content: str, offset: int) -> _Fit:
    before = content[:offset]
    for match in _PROMQL_PARTS.finditer(before + "\0"):
        if match.end() == offset + 1:
            is_pattern = re.search(r"[=!]~\s*\Z", before[: match.start()])
            is_plain = match[0].startswith('"') and not is_pattern
            return _Fit(encoding=Encoding.JSON) if is_plain else _Fit(shape=Shape.INERT)
    return _Fit(shape=Shape.INERT)


@dataclass(frozen=True, slots=True)
class _NativeEdit:
    """A replacement in a text that runs natively: the new text and the stretch it replaces."""

    text: str
    start: int
    end: int


def _bind(
    text: str,
    placeholders: Sequence[Placeholder],
    first_line: int,
    edit: Callable[[str, Placeholder], tuple[_Fit, _NativeEdit]],
) -> Bound:
    parts: list[str] = []
    slots: list[Slot] = []
    refused: list[str] = []
    at = 0
    for placeholder in placeholders:
        where = place_of(text, placeholder.start, first_line)
        fit, change = edit(text, placeholder)
        if fit.refused:
            refused.append(f"{where}: {placeholder.written} {fit.refused}")
            continue
        slots.append(
            Slot(
                variable=placeholder.name,
                marker=marker(placeholder.name, fit.encoding),
                encoding=fit.encoding,
                shape=fit.shape,
                place=where,
            )
        )
        parts += [text[at : change.start], change.text]
        at = change.end
    return Bound(text="".join([*parts, text[at:]]), slots=tuple(slots), refused=tuple(refused))


def _sql_edit(text: str, placeholder: Placeholder) -> tuple[_Fit, _NativeEdit]:
    fit = _sql_fit(text, placeholder.start)
    start, end = placeholder.start, placeholder.end
    name = marker(placeholder.name, Encoding.LITERAL)
    if fit.encoding is not Encoding.SQL:
        return fit, _NativeEdit(f":{name}", start, end)
    if text[start - 1 : start] == "'" and text[end : end + 1] == "'" and _sql_context(text[: start - 1]) == "bare":
        return _Fit(), _NativeEdit(f":'{name}'", start - 1, end + 1)
    return _Fit(refused="is only part of a string; let it be the whole string"), _NativeEdit("", start, end)


def _promql_edit(text: str, placeholder: Placeholder) -> tuple[_Fit, _NativeEdit]:
    fit = _promql_fit(text, placeholder.start)
    return fit, _NativeEdit(f"${{{marker(placeholder.name, fit.encoding)}}}", placeholder.start, placeholder.end)


def substituted(text: str, slots: Sequence[Slot], variables: Mapping[str, str]) -> str:
    """Put encoded values into a rewritten PromQL text, where each reference stands."""
    names = {slot.marker for slot in slots}
    pattern = re.compile(r"\$\{(" + "|".join(map(re.escape, sorted(names))) + r")\}")
    return pattern.sub(lambda match: variables[match[1]], text) if names else text
