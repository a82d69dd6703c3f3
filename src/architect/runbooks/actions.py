"""From a block to actions: one top-level statement each, with its title and what its comments say."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from architect.grammars import shell, sql
from architect.grammars.placeholders import Language, Placeholder, PlaceholderStyle, find, masked
from architect.kernel.ids import ActionId
from architect.runbooks.blocks import is_sql, psql_opener
from architect.runbooks.instructions import instructs
from architect.runbooks.model import Action, ActionKind, Block, BlockKind, Expectation, ExpectationSource, Span
from architect.runbooks.programs import has_shell_shape, looks_like_command
from architect.runbooks.titles import opens_alternative, option_title

EXECUTABLE = frozenset({BlockKind.SHELL, BlockKind.TRANSCRIPT, BlockKind.SQL, BlockKind.PSQL, BlockKind.PROMQL})
NO_ID = ActionId("")
_HASH = re.compile(r"^[ \t]*#[^\n]*", re.MULTILINE)
_LINE_COMMENT = re.compile(r"^[ \t]*#+[ \t]*(?P<words>[^\n]*?)[ \t]*\r?$", re.MULTILINE)
_SQL_COMMENTS = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/)*+", re.DOTALL)
_ANY_COMMENT = re.compile(r"^[ \t]*(?:--|#)+[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_SEMICOLON = re.compile(r"\s*;")
_PARAGRAPH = re.compile(r"(?:^[^\n]*\S[^\n]*(?:\n|\Z))+", re.MULTILINE)
_URL = re.compile(r"(?:(?:open|browse|visit)\s+)?[a-z][a-z\d+.-]*://\S+\Z")
_EXPECTED = re.compile(
    r"(?:->|→|=>|⇒)?\s*(?:expected(?: (?:output|results?|response|value))?|you should (?:now |then |also )*see|"
    r"you(?: will|'ll) (?:now |then |also )*(?:see|get|receive)|should (?:show|return|print|be|say|output)|expect)\b"
    r"\s*:?\s*"
    r"(?P<what>.*)",
    re.IGNORECASE,
)


_WRITTEN_EXPECTATION = re.compile(
    r"(?:expected(?: (?:output|results?|response|value))?|you should see|output):\s+(?P<what>\S[^\n]*)", re.IGNORECASE
)
"""What stands among commands without a mark of a comment, and is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An action before it is numbered, and the alternative its title opens: None where it opens none.

    `placeholders` are those found while the whole block was read, with offsets in the action's text; None where the
    action's text is yet to be searched.
    """

    action: Action
    option: str | None = None
    is_or: bool = False
    placeholders: tuple[Placeholder, ...] | None = None


@dataclass(slots=True, kw_only=True)
class _Piece:
    """A stretch of a block that is one action, with the comment lines above it and what they say should be seen."""

    kind: ActionKind
    start: int
    end: int
    comments: tuple[str, ...] = ()
    connection: str | None = None
    expected: list[tuple[str, int, int]] = field(default_factory=list)


def drafts_of(block: Block) -> tuple[Draft, ...]:
    """Return the actions of a block, in order; data (config, output, templates, drawings) has none."""
    match block.kind:
        case BlockKind.SHELL | BlockKind.TRANSCRIPT:
            found = find(block.text)
            return tuple(_with_options(_shell_pieces(block, found), block, found))
        case BlockKind.SQL | BlockKind.PSQL:
            return tuple(_with_options(list(_sql_pieces(block)), block))
        case BlockKind.PROMQL:
            return tuple(_with_options(list(_promql_pieces(block)), block))
        case BlockKind.MESSAGE:
            return (Draft(action=_whole(block, ActionKind.MESSAGE)),)
        case BlockKind.FILE:
            return (Draft(action=_whole(block, ActionKind.FILE)),)
        case _:
            return ()


def message_of(block: Block) -> Draft:
    """Return a template that stands in a step as the message that it becomes."""
    return Draft(action=_whole(block, ActionKind.MESSAGE))


def expected_in(words: str) -> str | None:
    """Return what `Expected: x` or `should show x` says one will see, None for other words."""
    match = _EXPECTED.match(words)
    return None if match is None else match["what"].strip() or words


def _whole(block: Block, kind: ActionKind) -> Action:
    text = block.text.strip("\n")
    span = Span(block.locate(0), block.span.end)
    offset = block.text.index(text) if text else 0
    return Action(id=NO_ID, kind=kind, text=text, span=span, block=block, file_name=block.file_name, offset=offset)


def _shell_pieces(block: Block, placeholders: tuple[Placeholder, ...]) -> list[_Piece]:
    found = shell.statements(masked(block.text, placeholders))
    if any(statement.keeps_open for statement in found):
        comments = _comments(found[0].comment)
        return [_Piece(kind=ActionKind.SHELL, start=found[0].start, end=found[-1].end, comments=comments)]
    pieces: list[_Piece] = []
    start: int | None = None
    comments = ()
    for index, statement in enumerate(found):
        start = statement.start if start is None else start
        comments = comments or _comments(statement.comment)
        if statement.sets_state_only and index + 1 < len(found):
            continue
        expected = _WRITTEN_EXPECTATION.match(block.text, start, statement.end)
        if expected is not None and pieces:
            pieces[-1].expected.append((expected["what"], *expected.span("what")))
        else:
            pieces.append(_Piece(kind=ActionKind.SHELL, start=start, end=statement.end, comments=comments))
        start, comments = None, ()
    return _with_lonely_comments(block, pieces) if "#" in block.text else pieces


def _comments(comment: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in comment.splitlines() if line.strip())


def _with_lonely_comments(block: Block, pieces: list[_Piece]) -> list[_Piece]:
    """Give comments that title no statement their meaning: what one should see, or what a person does."""
    found: list[_Piece] = []
    position = 0
    for piece in pieces:
        lines = list(_LINE_COMMENT.finditer(block.text, position, piece.start))
        titles, others = _title_lines(block.text, lines, piece.start)
        for match in others:
            found.extend(_lonely(match, found[-1] if found else piece))
        if titles:
            piece.comments = tuple(match["words"] for match in titles)
        found.append(piece)
        position = piece.end
    for match in _LINE_COMMENT.finditer(block.text, position):
        found.extend(_lonely(match, found[-1] if found else None))
    return found


Lines = list[re.Match[str]]


def _title_lines(text: str, lines: Lines, start: int) -> tuple[Lines, Lines]:
    """Split comment lines into those that title the statement at `start` and the others.

    Titles stand directly above. Of these, what stands before an `Or …` is the alternative that needs no command, and
    what one should see belongs to the statement before, or to this one where it is the first.
    """
    first = len(lines)
    below = text.rfind("\n", 0, start) + 1
    while first and lines[first - 1].end() + 1 >= below:
        first -= 1
        below = lines[first].start()
    alternative = next((index for index in range(first, len(lines)) if opens_alternative(lines[index]["words"])), first)
    above = lines[alternative:]
    titles = [match for match in above if _is_title(match["words"]) and expected_in(match["words"]) is None]
    return titles, lines[:alternative] + [match for match in above if expected_in(match["words"]) is not None]


def _is_title(words: str) -> bool:
    return not words.startswith("!") and any(letter.isalpha() for letter in words)


def _lonely(match: re.Match[str], near: _Piece | None) -> list[_Piece]:
    """Return what a comment tells a person to do; what one should see is noted on the statement near it."""
    words = match["words"]
    expected = expected_in(words)
    if expected is not None:
        if near is not None:
            near.expected.append((expected, *match.span("words")))
        return []
    if not words or not instructs(words) or looks_like_command(words) or has_shell_shape(words):
        return []
    start, end = match.span("words")
    return [_Piece(kind=ActionKind.MANUAL, start=start, end=end, comments=(words,))]


def _sql_pieces(block: Block) -> Iterator[_Piece]:
    """Yield the statements of SQL text whose comments may be `--` or, in a shell fence, `#`."""
    start, connection = _after_opener(block.text)
    body = _HASH.sub(lambda match: "--" + " " * (len(match.group()) - 2) if len(match.group()) > 1 else " ", block.text)
    body = " " * start + body[start:]
    end = start
    for piece in sql.split(body, psql=True):
        begin = _past_comments(body, piece.start)
        comments = tuple(_ANY_COMMENT.findall(block.text[end:begin]))
        yield from _lonely_sql(block, end, comments[:-1])
        end = _with_semicolon(body, piece.end)
        yield _Piece(kind=ActionKind.SQL, start=begin, end=end, comments=comments[-1:], connection=connection)


def _past_comments(text: str, position: int) -> int:
    match = _SQL_COMMENTS.match(text, position)
    return match.end() if match else position


def _lonely_sql(block: Block, start: int, comments: tuple[str, ...]) -> Iterator[_Piece]:
    """Yield the comments above a statement but the last: in a fence of statements each is something a person does."""
    position = start
    for comment in comments:
        at = block.text.find(comment, position)
        position = at + len(comment)
        if instructs(comment):
            yield _Piece(kind=ActionKind.MANUAL, start=at, end=position, comments=(comment,))


def _after_opener(text: str) -> tuple[int, str | None]:
    """Return where the text goes on after a line that opens psql, and the connection that line names."""
    position = 0
    for line in text.splitlines(keepends=True):
        if line.strip() and not line.lstrip().startswith(("#", "--")):
            arguments = psql_opener(line)
            return (position + len(line), arguments) if arguments is not None else (0, None)
        position += len(line)
    return 0, None


def _with_semicolon(text: str, end: int) -> int:
    match = _SEMICOLON.match(text, end)
    return match.end() if match else end


def _promql_pieces(block: Block) -> Iterator[_Piece]:
    """Yield the queries of a block: they are parted by blank lines."""
    for match in _PARAGRAPH.finditer(block.text):
        lines = match.group().splitlines(keepends=True)
        comments = tuple(line.strip("# \n") for line in lines if line.lstrip().startswith("#"))
        skipped = 0
        while lines and lines[0].lstrip().startswith("#"):
            skipped += len(lines.pop(0))
        text = "".join(lines).rstrip()
        if text:
            start = match.start() + skipped
            yield _Piece(kind=ActionKind.PROMQL, start=start, end=start + len(text), comments=comments)


def _with_options(
    pieces: list[_Piece], block: Block, placeholders: tuple[Placeholder, ...] | None = None
) -> Iterator[Draft]:
    for piece in pieces:
        title = next((line for line in piece.comments if option_title(line)), " ".join(piece.comments))
        option = option_title(title) if title else None
        action = _action(block, piece, option or title)
        own = None if placeholders is None or action.kind is not ActionKind.SHELL else _within(placeholders, piece)
        is_or = option is not None and opens_alternative(title)
        yield Draft(action=action, option=option, is_or=is_or, placeholders=own)


def _within(placeholders: tuple[Placeholder, ...], piece: _Piece) -> tuple[Placeholder, ...]:
    """Return the placeholders of a block that lie in one of its pieces, by their places there."""
    first = bisect_left(placeholders, piece.start, key=lambda item: item.start)
    last = bisect_left(placeholders, piece.end, key=lambda item: item.start)
    return tuple(
        replace(item, start=item.start - piece.start, end=item.end - piece.start) for item in placeholders[first:last]
    )


def _action(block: Block, piece: _Piece, title: str) -> Action:
    text = block.text[piece.start : piece.end]
    kind = piece.kind
    if kind is ActionKind.SHELL and _URL.match(text):
        kind = ActionKind.MANUAL
    if kind is ActionKind.SHELL and is_sql(text):
        kind = ActionKind.SQL
    expectations = tuple(
        Expectation(text=words, source=ExpectationSource.COMMENT, span=_place(block, start, end))
        for words, start, end in piece.expected
    )
    return Action(
        id=NO_ID,
        kind=kind,
        text=text,
        span=_place(block, piece.start, piece.end),
        title=title,
        block=block,
        session=block.session,
        connection=piece.connection or None,
        expectations=expectations,
        offset=piece.start,
    )


def _place(block: Block, start: int, end: int) -> Span:
    return Span(block.locate(start), block.locate(max(end - 1, start)) + 1)


_LANGUAGES = {
    ActionKind.SHELL: Language.SHELL,
    ActionKind.SQL: Language.SQL,
    ActionKind.PROMQL: Language.PROMQL,
}


def placeholders_in(action: Action) -> tuple[Placeholder, ...]:
    """Return the placeholders of an action's text, in order."""
    language = _LANGUAGES.get(action.kind, Language.TEXT)
    found = find(action.text, language)
    if language is Language.TEXT:
        return tuple(item for item in found if item.style is not PlaceholderStyle.BRACKET)
    return found


def connection_placeholders(action: Action) -> tuple[Placeholder, ...]:
    """Return the placeholders of the connection an action uses."""
    return find(action.connection) if action.connection else ()
