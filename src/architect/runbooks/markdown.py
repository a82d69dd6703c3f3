"""The shape of Markdown: leaves with their list items, found by markdown-it's block rules, and nodes that partition.

Only block rules run: inline rules have quadratic corners and nothing here needs them. Slips that authors make with
fences (never closed, closed at the end of a line, indented too far) are mended in a copy of the lines before parsing;
offsets always lie in the text as it was written.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Literal, cast

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from architect.runbooks.fences import mend
from architect.runbooks.model import Node, NodeKind, Problem, ProblemCode, Segment, Span, locate
from architect.runbooks.stretches import Stretch, stretches
from architect.runbooks.wording import plain

MAX_CHARACTERS = 20_000_000
MAX_NESTING = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A list item that a leaf lies in; `number` is what was written, None in a bullet list."""

    list_id: int
    item_id: int
    number: int | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Leaf:
    """One leaf block: `text` is its content without containers' markers, `segments` say where that lies."""

    kind: NodeKind
    span: Span
    text: str
    segments: tuple[Segment, ...]
    line: int
    level: int = 0
    tag: str = ""
    items: tuple[Item, ...] = ()
    quote_depth: int = 0

    @cached_property
    def words(self) -> str:
        """The text as one line of plain words."""
        return plain(self.text)

    def locate(self, offset: int) -> int:
        """Return the document offset of an offset in `text`."""
        return locate(self.segments, offset, self.span.start)

    @property
    def is_paragraph(self) -> bool:
        """Whether this is a paragraph outside lists and quotes."""
        return self.kind is NodeKind.PARAGRAPH and not self.items and not self.quote_depth


@dataclass(frozen=True, slots=True)
class Shape:
    """What Markdown says about a text."""

    leaves: tuple[Leaf, ...]
    nodes: tuple[Node, ...]
    problems: tuple[Problem, ...]
    line_starts: tuple[int, ...]


@dataclass(slots=True)
class _Containers:
    """The lists, items and quotes that are open at a token."""

    items: list[Item] = field(default_factory=list)
    lists: list[tuple[int, bool]] = field(default_factory=list)
    quotes: int = 0
    made: int = 0

    def follow(self, token: Token) -> None:
        """Open or close what `token` opens or closes."""
        match token.type:
            case "ordered_list_open" | "bullet_list_open":
                self.made += 1
                self.lists.append((self.made, token.type == "ordered_list_open"))
            case "ordered_list_close" | "bullet_list_close":
                self.lists.pop()
            case "list_item_open":
                self.made += 1
                list_id, is_ordered = self.lists[-1]
                number = int(token.info) if is_ordered and token.info.isdigit() else None
                self.items.append(Item(list_id=list_id, item_id=self.made, number=number))
            case "list_item_close":
                self.items.pop()
            case "blockquote_open":
                self.quotes += 1
            case "blockquote_close":
                self.quotes -= 1
            case _:
                pass


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("table")


class _Token:
    """A token without what only renderers need: block rules make many, and most are looked at once."""

    __slots__ = (
        "attrs",
        "block",
        "children",
        "content",
        "hidden",
        "info",
        "level",
        "map",
        "markup",
        "meta",
        "nesting",
        "tag",
        "type",
    )

    def __init__(self, kind: str, tag: str, nesting: int, level: int) -> None:
        self.type = kind
        self.tag = tag
        self.nesting = nesting
        self.level = level
        self.map: list[int] | None = None
        self.content = self.info = ""
        self.hidden = False


class _State(StateBlock):
    """The state of block parsing that makes light tokens."""

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        """Append a token to the stream."""
        if nesting < 0:
            self.level -= 1
        token = cast(Token, _Token(ttype, tag, nesting, self.level))
        if nesting > 0:
            self.level += 1
        self.tokens.append(token)
        return token


def tokens_of(text: str) -> list[Token]:
    """Return the block tokens of `text`, as markdown-it's own rules find them."""
    parser = _parser()
    state = _State(text, parser, {}, [])
    parser.block.tokenize(state, state.line, state.lineMax)
    return state.tokens


_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\r?\n(?:[^\n]*\n){0,200}?\1[ \t]*(?:\r?\n|\Z)")
_MARKERS = re.compile(r"[ \t]*(?:(?:>|[-+*]|\d{1,9}[.)])(?:[ \t]+|(?=\r?\n|\Z)|(?<=>)))+")
_HTML_HEADING = re.compile(
    r"\s*<h(?P<level>[1-6])(?:\s[^>\n]{0,300})?>(?P<title>[^<\n]{1,300})</h(?P=level)>\s*", re.IGNORECASE
)
_CODE = frozenset({NodeKind.FENCE, NodeKind.INDENTED_CODE})
_WITH_INLINE = frozenset({"heading_open", "paragraph_open"})
_CONTAINERS = frozenset(
    f"{name}_{end}" for name in ("ordered_list", "bullet_list", "list_item", "blockquote") for end in ("open", "close")
)
_LEAF_KINDS = {
    "heading_open": NodeKind.HEADING,
    "paragraph_open": NodeKind.PARAGRAPH,
    "fence": NodeKind.FENCE,
    "code_block": NodeKind.INDENTED_CODE,
    "html_block": NodeKind.HTML,
    "table_open": NodeKind.TABLE,
    "hr": NodeKind.RULE,
}


def shape(text: str) -> Shape:
    """Return the leaves, nodes and problems of `text`; any text has a shape, in time linear to its length."""
    lines = _LINE.findall(text)
    starts = _line_starts(lines)
    if len(text) > MAX_CHARACTERS:
        return _too_large(text, starts)
    front = _front_matter(text)
    first = bisect_right(starts, front) - 1 if front else 0
    first = len(lines) if front == len(text) and front else first
    mended = mend(lines, first)
    plain_lines = [_plain(line) for line in mended.lines] if "\0" in text or "\r" in text else mended.lines
    finder = _Finder(text, lines, starts, mended.glued)
    leaves = tuple(finder.leaves(plain_lines, first))
    nodes = tuple(_nodes(text, front, leaves))
    problems = tuple(
        Problem(
            code=slip.code,
            message=slip.message,
            span=Span(starts[slip.line], starts[slip.line] + len(lines[slip.line])),
        )
        for slip in mended.slips
    )
    return Shape(leaves, nodes, (*problems, *finder.problems), starts)


def _plain(line: str) -> str:
    """Return a line as the parser wants it: no NUL, one kind of line end."""
    return line.replace("\0", " ").replace("\r\n", "\n")


def _line_starts(lines: list[str]) -> tuple[int, ...]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    if not lines or not lines[-1].endswith("\n"):
        starts.pop()
    return tuple(starts) or (0,)


def _too_large(text: str, starts: tuple[int, ...]) -> Shape:
    span = Span(0, len(text))
    problem = Problem(
        code=ProblemCode.TOO_LARGE,
        message=f"the text has {len(text):,} characters, more than {MAX_CHARACTERS:,}: it is kept as prose",
        span=span,
    )
    leaf = Leaf(kind=NodeKind.PARAGRAPH, span=span, text="", segments=(), line=1)
    return Shape((leaf,), (Node(NodeKind.PARAGRAPH, span),), (problem,), starts)


def _front_matter(text: str) -> int:
    match = _FRONT_MATTER.match(text)
    return match.end() if match else 0


class _Finder:
    """Turns stretches of lines, and tokens, which know lines only, into leaves with offsets."""

    def __init__(self, text: str, lines: list[str], starts: tuple[int, ...], glued: frozenset[int]) -> None:
        self._text = text
        self._lines = lines
        self._starts = starts
        self._glued = glued
        self._containers = _Containers()
        self.problems: list[Problem] = []

    def leaves(self, lines: list[str], first: int) -> Iterator[Leaf]:
        """Yield the leaves of `lines` from line `first` on, in order."""
        for stretch in stretches(lines, first):
            if stretch.kind is None:
                text = "".join(lines[stretch.first : stretch.last])
                yield from self._parsed(tokens_of(text), stretch.first)
            else:
                yield self._simple(stretch)

    def _simple(self, stretch: Stretch) -> Leaf:
        kind = stretch.kind or NodeKind.PARAGRAPH
        last = stretch.last
        while last > stretch.first + 1 and not self._lines[last - 1].strip():
            last -= 1
        start = self._starts[stretch.first]
        end = self._starts[last - 1] + len(self._lines[last - 1])
        text, segments = self._content(kind, stretch.content, stretch.first, last)
        return Leaf(
            kind=kind,
            span=Span(start, end),
            text=text,
            segments=segments,
            line=stretch.first + 1,
            level=stretch.level,
            tag=stretch.info,
        )

    def _parsed(self, tokens: list[Token], offset: int) -> Iterator[Leaf]:
        """Yield the leaves of tokens whose lines count from `offset`; rows of a table belong to its leaf."""
        containers = self._containers
        is_in_table = False
        for index, token in enumerate(tokens):
            name = token.type
            kind = _LEAF_KINDS.get(name)
            if kind is None:
                if name in _CONTAINERS:
                    containers.follow(token)
                    self._note_depth(token, offset)
                elif name == "table_close":
                    is_in_table = False
                continue
            if is_in_table or token.map is None:
                continue
            is_in_table = kind is NodeKind.TABLE
            content = tokens[index + 1].content if name in _WITH_INLINE else token.content
            yield self._leaf(kind, token, content, offset)

    def _leaf(self, kind: NodeKind, token: Token, content: str, offset: int) -> Leaf:
        containers = self._containers
        first, last = token.map or (0, 0)
        first, last = first + offset, min(last + offset, len(self._lines))
        while last > first + 1 and not self._lines[last - 1].strip():
            last -= 1
        is_inside = bool(containers.items or containers.quotes)
        start = self._starts[first] + (self._marker_length(first) if is_inside and kind is not NodeKind.RULE else 0)
        end = self._starts[last - 1] + len(self._lines[last - 1])
        text, segments = self._content(kind, content, first, last)
        level = int(token.tag[1:]) if kind is NodeKind.HEADING else 0
        if kind is NodeKind.HTML and (heading := _HTML_HEADING.fullmatch(text)):
            kind, level, text = NodeKind.HEADING, int(heading["level"]), heading["title"].strip()
        return Leaf(
            kind=kind,
            span=Span(min(start, end), end),
            text=text,
            segments=segments,
            line=first + 1,
            level=level,
            tag=token.info.strip(),
            items=tuple(containers.items) if containers.items else (),
            quote_depth=containers.quotes,
        )

    def _note_depth(self, token: Token, offset: int) -> None:
        """Note the first container that is too deep: what stands in it, or deeper, is no leaf."""
        depth = self._containers.quotes + len(self._containers.items)
        if depth >= MAX_NESTING // 2 - 1 and not self.problems and token.map is not None:
            line = token.map[0] + offset
            start = self._starts[line]
            message = "lists or quotes are nested too deeply here: what lies deeper is kept as prose"
            span = Span(start, start + len(self._lines[line]))
            self.problems.append(Problem(code=ProblemCode.TOO_DEEP, message=message, span=span))

    def _marker_length(self, line: int) -> int:
        match = _MARKERS.match(self._lines[line])
        return match.end() if match else 0

    def _content(self, kind: NodeKind, content: str, first: int, last: int) -> tuple[str, tuple[Segment, ...]]:
        at_line = first + 1 if kind is NodeKind.FENCE else first
        if kind is NodeKind.TABLE:
            content = "".join(self._lines[first:last])
        elif kind in _CODE and content and self._text.startswith(content, self._start_of(at_line)) and not self._glued:
            return content, (Segment(0, self._start_of(at_line), len(content)),)
        parts: list[str] = []
        segments: list[Segment] = []
        at = 0
        for offset, inner in enumerate(_LINE.findall(content) if "\n" in content else (content,)):
            number = at_line + offset
            if number >= len(self._lines):
                break
            piece = self._piece(inner, number) if self._glued else inner
            segments.append(self._segment(piece, number, at))
            parts.append(piece)
            at += len(piece)
        return "".join(parts), tuple(segments)

    def _start_of(self, line: int) -> int:
        return self._starts[line] if line < len(self._starts) else len(self._text)

    def _piece(self, inner: str, number: int) -> str:
        if number in self._glued:
            return inner.rstrip().rstrip("`~") + "\n"
        return inner

    def _segment(self, piece: str, number: int, at: int) -> Segment:
        """Return where a line of content lies; where tabs were expanded, the place of what follows them."""
        line = self._lines[number]
        content = piece.rstrip("\r\n")
        if line.startswith(content):
            return Segment(at, self._starts[number], len(content))
        line = line.rstrip("\r\n")
        found = line.rfind(content)
        lead = 0
        if found < 0:
            body = content.strip()
            lead = len(content) - len(content.lstrip())
            found = max(line.rfind(body), 0)
            content = body
        return Segment(at + lead, self._starts[number] + found, len(content))


def _nodes(text: str, front: int, leaves: tuple[Leaf, ...]) -> list[Node]:
    """Return nodes that partition `text`: the leaves, and what lies between them."""
    nodes = [Node(NodeKind.FRONT_MATTER, Span(0, front))] if front else []
    position = front
    for leaf in leaves:
        span = leaf.span
        if span.start < position or span.start == span.end:
            continue
        if position < span.start:
            nodes.extend(_between(text, position, span.start))
        nodes.append(Node(_node_kind(leaf), span))
        position = span.end
    nodes.extend(_between(text, position, len(text)))
    return nodes


def _node_kind(leaf: Leaf) -> NodeKind:
    if leaf.kind is NodeKind.HTML and leaf.text.lstrip().startswith("<!-- architect:"):
        return NodeKind.DIRECTIVE
    return leaf.kind


_LINK_DEFINITION = re.compile(r"[ ]{0,3}\[[^\]\n]{1,999}\]:")


def _between(text: str, start: int, end: int) -> list[Node]:
    """Return nodes for what no leaf covers: blank lines, link definitions, markers of lists and quotes."""
    piece = text[start:end]
    if not piece or piece.isspace():
        return [Node(NodeKind.BLANK, Span(start, end))] if piece else []
    nodes: list[Node] = []
    position = start
    for match in _LINE.finditer(text, start, end):
        kind = _between_kind(match.group())
        if kind is NodeKind.BLANK:
            continue
        if match.start() > position:
            nodes.append(Node(NodeKind.BLANK, Span(position, match.start())))
        nodes.append(Node(kind, Span(*match.span())))
        position = match.end()
    if position < end:
        nodes.append(Node(_between_kind(text[position:end]), Span(position, end)))
    return nodes


def _between_kind(piece: str) -> NodeKind:
    stripped = piece.strip()
    if not stripped:
        return NodeKind.BLANK
    if _LINK_DEFINITION.match(piece):
        return NodeKind.LINK_DEFINITION
    return NodeKind.QUOTE_MARKER if stripped.startswith(">") else NodeKind.LIST_MARKER
