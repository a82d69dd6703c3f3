"""SQL as psql and PostgreSQL read it: statements and backslash commands with spans, and syntax trees.

Splitting follows psql's own scanner (quotes, dollar quotes, nested comments, parentheses), so it works on text that
the grammar rejects. The grammar is PostgreSQL 18's; it is imported when the first statement is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from architect.grammars.placeholders import Language, find

Tree: TypeAlias = Any
"""A message of PostgreSQL's parse tree, as protobuf hands it out."""

MAX_CHARACTERS = 1_000_000
MAX_NESTING = 100
MAX_WORDS = 1_500
"""Bounds of one statement, words and operators outside of strings: the grammar recurses over them and would end the
process on tens of thousands."""

_MARK = re.compile(
    r"""(?P<comment>--[^\n]*)
    |(?P<block>/\*)
    |(?P<escaped>\b[eE]'(?:[^'\\]|\\.)*+(?:'|\Z))
    |(?P<string>'[^']*(?:'|\Z))
    |(?P<name>"[^"]*(?:"|\Z))
    |(?P<word>[^\W\d][\w$]*)
    |(?P<dollar>\$(?:[^\W\d]\w*)?\$)
    |(?P<cast>::)
    |(?P<variable>:'\w+'|:"\w+"|:\{\?\w+\}|:[^\W\d]\w*)
    |(?P<open>[(\[]) |(?P<close>[)\]]) |(?P<end>;) |(?P<backslash>\\)""",
    re.VERBOSE | re.DOTALL,
)
_OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?:.]+")
_BLOCK_MARK = re.compile(r"/\*|\*/")
_META_NAME = re.compile(r"\\(\.|;|[!?\w+]+|)")
_META_MARK = re.compile(r"'(?:[^'\\]|\\.)*+'|\"[^\"]*\"|`[^`]*`|\\\\|\\|\n")
_COPIES_FROM_INPUT = re.compile(r"\s*COPY\b[^;]*\bFROM\s+(?:STDIN|PSTDIN)\b", re.IGNORECASE)
_END_OF_DATA = re.compile(r"^\\\.[ \t\r]*$", re.MULTILINE)
_WHOLE_LINE = frozenset(("!", "copy", "h", "help", "ef", "ev", "sf", "sf+", "sv", "sv+"))
SENDING = frozenset(("g", "gx", "gexec", "gset", "gdesc", "watch", "crosstabview", "bind", "bind_named", ";"))
"""Backslash commands that end the statement before them."""

_OPEN_VALUE = re.compile(r"<[^\W\d][\w .-]*>|\$\{[^\W\d]\w*\}|\$[^\W\d]\w*(?![\w$])|\{\{[^{}\n]*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlStatement:
    """One statement without its semicolon; half-open offsets.

    `variables` are the psql variables put in raw (`:name`); `is_interrupted` says that a backslash command stands in
    its middle, so that its text is not what the server gets.
    """

    text: str
    start: int
    end: int
    variables: tuple[str, ...] = ()
    is_interrupted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaCommand:
    """One backslash command of psql with the rest of its arguments as written; half-open offsets."""

    name: str
    arguments: str
    start: int
    end: int


Piece: TypeAlias = SqlStatement | MetaCommand


class SqlError(ValueError):
    """The text is not SQL that PostgreSQL's grammar accepts within the bounds."""


def split(text: str, *, psql: bool = False) -> tuple[Piece, ...]:
    """Split `text` into statements and, with `psql`, backslash commands, in order; nothing raises."""
    return tuple(_Splitter(text, psql).pieces())


def parse(text: str) -> tuple[Tree, ...]:
    """Return the trees of the statements in `text`; open values (`<pid>`, `$PID`, `:pid`) count as names.

    Raises SqlError for text that is no SQL, too large, or nested too deeply.
    """
    if len(text) > MAX_CHARACTERS or "\0" in text:
        raise SqlError("the text is too large or holds a NUL")
    if _is_nested_too_deeply(text):
        raise SqlError("nested too deeply")
    try:
        return _parsed(text)
    except SqlError:
        masked = mask(text)
        if masked == text:
            raise
        return _parsed(masked)


def mask(text: str) -> str:
    """Return `text` with every open value replaced by a name or string of the same length."""
    parts: list[str] = []
    position = 0
    for start, end in _open_values(text):
        if start < position:
            continue
        parts += (text[position:start], _stand_in(text[start:end]))
        position = end
    return "".join((*parts, text[position:]))


def kind_of(tree: Tree) -> str:
    """Return the kind of a statement's tree, such as `select_stmt`."""
    return str(tree.WhichOneof("node") or "")


def body_of(tree: Tree) -> Tree:
    """Return what a `Node` wraps."""
    return getattr(tree, kind_of(tree))


def walk(tree: Tree) -> Iterator[Tree]:
    """Yield `tree` and every message below it, wrappers too, without recursion."""
    todo = [tree]
    while todo:
        message = todo.pop()
        yield message
        for descriptor, value in message.ListFields():
            if descriptor.message_type is None:
                continue
            if hasattr(value, "ListFields"):
                todo.append(value)
            else:
                todo.extend(value)


def type_of(tree: Tree) -> str:
    """Return the name of a message's type, such as `FuncCall`."""
    return str(tree.DESCRIPTOR.name)


def _parsed(text: str) -> tuple[Tree, ...]:
    import postgast
    from google.protobuf.message import DecodeError

    try:
        return tuple(raw.stmt for raw in postgast.parse(text).stmts)
    except postgast.PgQueryError as error:
        raise SqlError(error.message) from error
    except DecodeError as error:
        raise SqlError("nested too deeply") from error
    except UnicodeError as error:
        raise SqlError("not text") from error


def _is_nested_too_deeply(text: str) -> bool:
    """Count brackets, words and operators outside of strings, as far as they can nest."""
    depth = words = position = 0
    for match in _marks(text):
        words += len(_OPERATOR.findall(text, position, match.start()))
        position = match.end()
        if match["open"]:
            depth += 1
        elif match["close"]:
            depth -= 1
        elif match["end"]:
            words = 0
        else:
            words += bool(match["word"] or match["cast"])
        if depth > MAX_NESTING or words > MAX_WORDS:
            return True
    return words + len(_OPERATOR.findall(text, position)) > MAX_WORDS


def _open_values(text: str) -> list[tuple[int, int]]:
    found = [match.span() for match in _OPEN_VALUE.finditer(text)]
    found += [(item.start, item.end) for item in find(text, Language.SQL) if "(" not in item.written]
    found += [match.span() for match in _marks(text) if match["variable"]]
    return sorted(found)


def _stand_in(written: str) -> str:
    if written[:2] in (":'", ':"'):
        return f"{written[1]}{'x' * (len(written) - 2)}{written[1]}"
    return "x" * len(written)


def _marks(text: str) -> Iterator[re.Match[str]]:
    """Yield what lies outside of strings and comments, in order."""
    position = 0
    while match := _MARK.search(text, position):
        position = _end_of_mark(text, match)
        yield match


def _end_of_mark(text: str, match: re.Match[str]) -> int:
    if match["dollar"]:
        end = text.find(match["dollar"], match.end())
        return len(text) if end < 0 else end + len(match["dollar"])
    if match["block"]:
        return _end_of_block(text, match.end())
    return match.end()


def _end_of_block(text: str, position: int) -> int:
    depth = 1
    for match in _BLOCK_MARK.finditer(text, position):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


class _Splitter:
    """One pass over a text; `_start` is where the statement being read begins."""

    def __init__(self, text: str, psql: bool) -> None:
        self._text = text
        self._psql = psql
        self._start = 0
        self._depth = 0
        self._has_words = False
        self._interrupted = False
        self._variables: list[str] = []

    def pieces(self) -> Iterator[Piece]:
        position = 0
        while match := _MARK.search(self._text, position):
            position = _end_of_mark(self._text, match)
            if match["end"] and self._depth == 0:
                is_copy = self._psql and _COPIES_FROM_INPUT.match(self._text, self._start) is not None
                yield from self._statement(match.start(), position)
                position = self._skip_data(position) if is_copy else position
            elif match["backslash"] and self._psql:
                metas, position = self._meta_commands(match.start())
                yield from metas
            else:
                self._note(match)
        yield from self._statement(len(self._text), len(self._text))

    def _note(self, match: re.Match[str]) -> None:
        if match["comment"] or match["block"]:
            return
        self._has_words = True
        if match["open"]:
            self._depth += 1
        elif match["close"]:
            self._depth = max(0, self._depth - 1)
        elif match["variable"] and match["variable"][1] not in "'\"{":
            self._variables.append(match["variable"][1:])

    def _statement(self, end: int, following: int) -> Iterator[SqlStatement]:
        source = self._text[self._start : end]
        if self._has_words or (source.strip() and not _is_blank(source)):
            start = self._start + len(source) - len(source.lstrip())
            yield SqlStatement(
                text=source.strip(),
                start=start,
                end=start + len(source.strip()),
                variables=tuple(self._variables),
                is_interrupted=self._interrupted,
            )
        self._start, self._depth, self._has_words, self._interrupted = following, 0, False, False
        self._variables = []

    def _skip_data(self, position: int) -> int:
        match = _END_OF_DATA.search(self._text, position)
        if match is None:
            return position
        self._start = match.end()
        return match.end()

    def _meta_commands(self, position: int) -> tuple[list[Piece], int]:
        """Return the backslash commands from `position` to the end of the line, or to where SQL goes on."""
        pieces: list[Piece] = []
        while position < len(self._text) and self._text[position] == "\\":
            name = _META_NAME.match(self._text, position)
            assert name is not None
            end = self._end_of_arguments(name)
            if name[1] in SENDING:
                pieces += self._statement(position, end)
            self._interrupted = self._has_words
            arguments = self._text[name.end() : end].strip()
            pieces.append(MetaCommand(name=name[1], arguments=arguments, start=position, end=end))
            position = end
            if self._text.startswith("\\\\", position):
                position += 2
                break
        if not self._has_words:
            self._start = position
        return pieces, max(position, 1)

    def _end_of_arguments(self, name: re.Match[str]) -> int:
        if name[1] == ";":
            return name.end()
        if name[1] in _WHOLE_LINE:
            end = self._text.find("\n", name.end())
            return len(self._text) if end < 0 else end
        for match in _META_MARK.finditer(self._text, name.end()):
            if match.group()[0] in "\\\n":
                return match.start()
        return len(self._text)


def _is_blank(source: str) -> bool:
    """Say whether `source` holds comments only."""
    position = 0
    for match in _marks(source):
        if not (match["comment"] or match["block"]) or source[position : match.start()].strip():
            return False
        position = _end_of_mark(source, match)
    return not source[position:].strip()
