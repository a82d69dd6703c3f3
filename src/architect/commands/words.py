"""Words of the shell: what text tells of the value each word will have when the command runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from tree_sitter import Node

from architect.commands.calls import Certainty, Word
from architect.grammars.documents import Document
from architect.grammars.shell import ShellTree

MASK = "\ue000"
"""Stands for a character of a placeholder, which was taken out before the grammar saw the text."""

_ORDER = (Certainty.LITERAL, Certainty.PLAIN, Certainty.TOKEN, Certainty.OPAQUE)
_RANK = {certainty: rank for rank, certainty in enumerate(_ORDER)}
_ESCAPED = re.compile(r"\\(\n|.)", re.DOTALL)
_ESCAPED_IN_QUOTES = re.compile(r"\\(\n|[$`\"\\])")
_ESCAPED_IN_DOCUMENT = re.compile(r"\\(\n|[$`\\])")
_GLOB = re.compile(r"(?<!\\)[*?\[]")
_BRACES = re.compile(r"\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")
_ORDINARY = re.compile(r"[\w./:=,@%+-]+")
"""A word without anything that the shell expands, quotes or removes."""
_LEADING_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_MASKED = re.compile(f"{MASK}+")
_ANSI_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_ANSI_NAMED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "e": "\x1b"}
_SPLITS = re.compile(r"[ \t\n*?\[\\]")
_NUMERIC_PARAMETERS = frozenset("?#$!")
_SUBSTITUTIONS = ("command_substitution", "process_substitution")
_SUBSTITUTED = "$("
"""Stands for the name of the variable where a substitution is known to print a text, which is split like one."""
_REQUIRED = re.compile(r":?\?[^$`\\]*")
"""A message for whoever did not set the variable; without it, the shell stops."""
_DEFAULT = re.compile(r":?[-?](.*)", re.DOTALL)
_PLAIN_NAMES = frozenset(("RANDOM", "SECONDS", "EPOCHSECONDS", "UID", "EUID", "BASHPID", "PPID", "LINENO", "HOSTNAME"))

Variables = Mapping[str, str | Certainty]


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of a word: its text where that is known."""

    text: str
    certainty: Certainty = Certainty.LITERAL
    is_quoted: bool = False
    is_glob: bool = False
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """What text tells of the output of a substitution; `text` is a likely one where it cannot be told."""

    certainty: Certainty
    text: str = "0"


@dataclass(frozen=True, slots=True)
class WordReader:
    """Reads the words of one tree; `printed` says what a substitution prints."""

    tree: ShellTree
    variables: Variables
    printed: Callable[[Node], Printed]

    def words(self, node: Node) -> list[Word]:
        """Return the word that `node` makes; several where an unquoted variable is known to hold several."""
        start, end = self.tree.span(node)
        text = self.tree.text[start:end]
        if _ORDINARY.fullmatch(text):
            return [Word(text=text, start=start, end=end, value=text, prefix=text, shape=text)]
        parts = list(self._parts(node))
        if len(parts) == 1 and parts[0].variable and parts[0].certainty is Certainty.LITERAL and not parts[0].is_quoted:
            return [_variable_word(text, start, end, parts[0], value) for value in parts[0].text.split()]
        return [_joined(text, start, end, parts)]

    def word(self, nodes: Sequence[Node]) -> list[Word]:
        """Return the word that nodes make between which the grammar lost a dollar sign."""
        if len(nodes) == 1:
            return self.words(nodes[0])
        parts = list(self._parts(nodes[0]))
        for node in nodes[1:]:
            first, *others = self._parts(node)
            name = _LEADING_NAME.match(first.text)
            if name is None:
                return [opaque("", *self.tree.span(node))]
            parts[-1] = replace(parts[-1], text=parts[-1].text.removesuffix("$"))
            parts += [self._variable(name[0]), replace(first, text=first.text[name.end() :]), *others]
        start, end = self.tree.span(nodes[0])[0], self.tree.span(nodes[-1])[1]
        return [_joined(self.tree.text[start:end], start, end, [part for part in parts if part.text or part.variable])]

    def text(self, node: Node) -> str | None:
        """Return the literal text that `node` makes as a single word, None where it cannot be told."""
        parts = list(self._parts(node))
        if all(part.certainty is Certainty.LITERAL for part in parts):
            return "".join(part.text for part in parts)
        return None

    def certainty(self, node: Node) -> str | Certainty:
        """Return the value that an assignment of `node` gives, or how much text tells of it."""
        parts = list(self._parts(node))
        if all(part.certainty is Certainty.LITERAL for part in parts):
            return "".join(part.text for part in parts)
        word = _joined("", 0, 0, [_Part(part.text, part.certainty, is_quoted=True) for part in parts])
        return word.certainty

    def document(self, document: Document) -> tuple[str | None, tuple[str, ...]]:
        """Return the text of a here-document, None where it cannot be told, and the variables that it puts in."""
        reader = replace(self, tree=document.tree)
        start, end = document.tree.span(document.string)
        parts = list(reader._between(start + 1, end - 1, document.string, _ESCAPED_IN_DOCUMENT))
        names = tuple(part.variable for part in parts if part.variable)
        if all(part.certainty is Certainty.LITERAL for part in parts):
            return "".join(part.text for part in parts), names
        return None, names

    def names(self, node: Node) -> tuple[str, ...]:
        """Return the variables that a word puts in."""
        return tuple(part.variable for part in self._parts(node) if part.variable)

    def _parts(self, node: Node) -> Iterator[_Part]:
        match node.type:
            case (
                "word" | "number" | "extglob_pattern" | "test_operator" | "regex" | "file_descriptor" | "variable_name"
            ):
                yield from _unquoted(self.tree.source(node))
            case "raw_string":
                yield from _masked(self.tree.source(node)[1:-1], is_quoted=True)
            case "string":
                start, end = self.tree.span(node)
                yield from self._between(start + 1, end - 1, node)
            case "ansi_c_string":
                yield from _masked(_ansi(self.tree.source(node)[2:-1]), is_quoted=True)
            case "concatenation" | "command_name":
                yield from self._concatenated(node)
            case "simple_expansion":
                yield self._variable(self.tree.source(node).lstrip()[1:])
            case "expansion":
                yield self._expansion(node)
            case "command_substitution":
                printed = self.printed(node)
                is_known = printed.certainty is Certainty.LITERAL
                yield _Part(printed.text, printed.certainty, variable=_SUBSTITUTED if is_known else "")
            case "process_substitution":
                yield _Part("", Certainty.TOKEN, is_quoted=True)
            case "arithmetic_expansion":
                yield _Part("0", Certainty.OPAQUE if "-" in self.tree.source(node) else Certainty.PLAIN)
            case _:
                yield _Part("", Certainty.OPAQUE)

    def _concatenated(self, node: Node) -> Iterator[_Part]:
        end = node.start_byte
        for child, following in zip_longest(node.children, node.children[1:]):
            if child.start_byte > end:
                yield _Part("", Certainty.OPAQUE)
            end = child.end_byte
            if child.is_named:
                yield from self._parts(child)
            elif child.type == "$" and following is not None and following.type == "string":
                yield from _unquoted(self.tree.source(child)[:-1])  # `$"…"` is a translated text
            else:
                yield from _unquoted(self.tree.source(child))

    def _between(
        self, start: int, end: int, node: Node, escaped: re.Pattern[str] = _ESCAPED_IN_QUOTES
    ) -> Iterator[_Part]:
        """Yield the parts inside double quotes; the literal ones are what lies between the expansions."""
        for child in node.named_children:
            if child.type in ("string_content", "heredoc_content"):
                continue
            child_start, child_end = self.tree.span(child)
            source = self.tree.text[child_start:child_end]
            child_start += len(source) - len(source.lstrip())  # the grammar counts blanks before it to an expansion
            yield from _masked(_unescaped(self.tree.text[start:child_start], escaped), is_quoted=True)
            for part in self._parts(child):
                yield _Part(part.text, part.certainty, is_quoted=True, variable=part.variable)
            start = child_end
        yield from _masked(_unescaped(self.tree.text[start:end], escaped), is_quoted=True)

    def _variable(self, name: str) -> _Part:
        if name in _NUMERIC_PARAMETERS or name in _PLAIN_NAMES:
            return _Part("0", Certainty.PLAIN, variable=name)
        if not name[:1].isalpha() and not name.startswith("_"):
            return _Part("", Certainty.OPAQUE, variable=name)
        value = self.variables.get(name, Certainty.TOKEN)
        if isinstance(value, Certainty):
            return _Part("0", value, variable=name)
        return _Part(value, Certainty.LITERAL, variable=name)

    def _expansion(self, node: Node) -> _Part:
        """Return `${…}`: as the variable where it is plain or has a harmless default, else opaque."""
        source = self.tree.source(node).lstrip()
        names = [child for child in node.named_children if child.type == "variable_name"]
        if not names:
            return _Part("", Certainty.OPAQUE)
        name = self.tree.source(names[0])
        if source == "${" + name + "}":
            return self._variable(name)
        if source == "${#" + name + "}":
            return _Part("0", Certainty.PLAIN)
        if source.startswith(("${" + name + ":+", "${" + name + "+")):
            return _Part("", Certainty.OPAQUE)
        rest = source[2 + len(name) : -1]
        if _REQUIRED.fullmatch(rest):
            return self._variable(name)
        default = _DEFAULT.fullmatch(rest)
        if default is not None:
            return self._with_default(name, default[1])
        return _Part("", Certainty.OPAQUE, variable=name)

    def _with_default(self, name: str, default: str) -> _Part:
        known = self._variable(name)
        is_word = re.fullmatch(r"(?!-)[\w./:@%+=-]*", default.strip("\"'")) is not None
        if known.certainty is Certainty.TOKEN and is_word:
            return known
        return _Part("", Certainty.OPAQUE, variable=name)


def substitutions(node: Node) -> list[Node]:
    """Return the outermost command and process substitutions inside `node`, in order, without recursion."""
    found: list[Node] = []
    todo = [node]
    while todo:
        current = todo.pop()
        if current.type in _SUBSTITUTIONS:
            found.append(current)
        elif current.child_count:
            todo.extend(reversed(current.named_children))
    return found


def opaque(text: str, start: int, end: int, *, is_path: bool = False) -> Word:
    """Return a word that comes from outside of the text: a line that xargs read, a path that find found."""
    certainty = Certainty.TOKEN if is_path else Certainty.OPAQUE
    return Word(text=text, start=start, end=end, value=None, certainty=certainty)


def literal(value: str, start: int, end: int) -> Word:
    """Return a word known to be `value`."""
    return Word(text=value, start=start, end=end, value=value, prefix=value, shape=value, is_quoted=True)


def _unquoted(source: str) -> Iterator[_Part]:
    is_glob = _GLOB.search(source) is not None
    text = _ESCAPED.sub(lambda match: "" if match[1] == "\n" else match[1], source) if "\\" in source else source
    yield from _masked(text, is_glob=is_glob)


def _masked(text: str, *, is_quoted: bool = False, is_glob: bool = False) -> Iterator[_Part]:
    if MASK not in text:
        yield _Part(text, Certainty.LITERAL, is_quoted, is_glob)
        return
    at = 0
    for match in _MASKED.finditer(text):
        if match.start() > at:
            yield _Part(text[at : match.start()], Certainty.LITERAL, is_quoted, is_glob)
        yield _Part("", Certainty.TOKEN, is_quoted)
        at = match.end()
    if at < len(text):
        yield _Part(text[at:], Certainty.LITERAL, is_quoted, is_glob)


def _unescaped(text: str, escaped: re.Pattern[str]) -> str:
    if "\\" not in text:
        return text
    return escaped.sub(lambda match: "" if match[1] == "\n" else match[1], text)


def _ansi(source: str) -> str:
    def character(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        if match[2]:
            return chr(int(match[2], 8) & 0xFF)
        return _ANSI_NAMED.get(match[3], MASK)

    return _ANSI_ESCAPE.sub(character, source)


def _variable_word(text: str, start: int, end: int, part: _Part, value: str) -> Word:
    is_glob = _GLOB.search(value) is not None
    return Word(
        text=text,
        start=start,
        end=end,
        value=value,
        prefix=value,
        shape=value,
        is_glob=is_glob,
        variables=(part.variable,),
    )


def _joined(text: str, start: int, end: int, parts: list[_Part]) -> Word:
    prefix, shape = _prefix(parts), "".join(part.text for part in parts)
    certainty = _certainty(parts, prefix)
    if any(not part.is_quoted for part in parts) and _has_braces(parts):
        certainty = Certainty.TOKEN if prefix[:1] not in ("", "-", "{") else Certainty.OPAQUE
    return Word(
        text=text,
        start=start,
        end=end,
        value=shape if certainty is Certainty.LITERAL else None,
        certainty=certainty,
        prefix=prefix,
        shape=shape,
        is_quoted=all(part.is_quoted for part in parts),
        is_glob=any(part.is_glob for part in parts),
        variables=tuple(part.variable for part in parts if part.variable),
    )


def _prefix(parts: list[_Part]) -> str:
    prefix = ""
    for part in parts:
        if part.certainty is not Certainty.LITERAL:
            break
        prefix += part.text
    return prefix


def _certainty(parts: list[_Part], prefix: str) -> Certainty:
    worst = Certainty.LITERAL
    for part in parts:
        certainty = part.certainty
        if part.variable and certainty is Certainty.LITERAL and not part.is_quoted and _SPLITS.search(part.text):
            return Certainty.OPAQUE
        if certainty is Certainty.OPAQUE and part.is_quoted and prefix:
            certainty = Certainty.TOKEN
        if _RANK[certainty] > _RANK[worst]:
            worst = certainty
    return worst


def _has_braces(parts: list[_Part]) -> bool:
    unquoted = "".join("q" * len(part.text) if part.is_quoted or part.variable else part.text for part in parts)
    return "{" in unquoted and _BRACES.search(unquoted) is not None
