"""From a block to actions: one top-level statement each, with title, variables and the session it is meant for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from architect.grammars import shell, sql
from architect.grammars.placeholders import Language, PlaceholderStyle, find, mask
from architect.kernel.ids import ActionId
from architect.runbooks.blocks import is_sql, psql_opener
from architect.runbooks.model import Action, ActionKind, Block, BlockKind, Session, SessionKind, Span
from architect.runbooks.wording import opens_alternative, option_title

EXECUTABLE = frozenset({BlockKind.SHELL, BlockKind.TRANSCRIPT, BlockKind.SQL, BlockKind.PSQL, BlockKind.PROMQL})
NO_ID = ActionId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An action before it is numbered, and the alternative its title opens: None where it opens none."""

    action: Action
    option: str | None = None
    is_or: bool = False


def drafts_of(block: Block) -> tuple[Draft, ...]:
    """Return the actions of a block, in order; data (config, output, templates, drawings) has none."""
    match block.kind:
        case BlockKind.SHELL | BlockKind.TRANSCRIPT:
            return tuple(_with_options(_shell_pieces(block), block))
        case BlockKind.SQL | BlockKind.PSQL:
            return tuple(_with_options(_sql_pieces(block), block))
        case BlockKind.PROMQL:
            return tuple(_with_options(_promql_pieces(block), block))
        case BlockKind.MESSAGE:
            return (Draft(action=_whole(block, ActionKind.MESSAGE)),)
        case BlockKind.FILE:
            return (Draft(action=_whole(block, ActionKind.FILE)),)
        case _:
            return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A stretch of a block that is one action, with the comment lines above it."""

    kind: ActionKind
    start: int
    end: int
    comments: tuple[str, ...] = ()
    connection: str | None = None


def _whole(block: Block, kind: ActionKind) -> Action:
    text = block.text.strip("\n")
    span = Span(block.locate(0), block.span.end)
    return Action(id=NO_ID, kind=kind, text=text, span=span, block=block, file_name=block.file_name)


def _shell_pieces(block: Block) -> Iterator[_Piece]:
    found = shell.statements(mask(block.text))
    if any(statement.keeps_open for statement in found):
        yield _Piece(
            kind=ActionKind.SHELL, start=found[0].start, end=found[-1].end, comments=_comments(found[0].comment)
        )
        return
    start: int | None = None
    comments: tuple[str, ...] = ()
    for index, statement in enumerate(found):
        start = statement.start if start is None else start
        comments = comments or _comments(statement.comment)
        if statement.sets_state_only and index + 1 < len(found):
            continue
        yield _Piece(kind=ActionKind.SHELL, start=start, end=statement.end, comments=comments)
        start, comments = None, ()


def _comments(comment: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in comment.splitlines() if line.strip())


_HASH = re.compile(r"^[ \t]*#[^\n]*", re.MULTILINE)


def _sql_pieces(block: Block) -> Iterator[_Piece]:
    """Yield the statements of SQL text whose comments may be `--` or, in a shell fence, `#`."""
    start, connection = _after_opener(block.text)
    body = _HASH.sub(lambda match: "--" + " " * (len(match.group()) - 2) if len(match.group()) > 1 else " ", block.text)
    body = " " * start + body[start:]
    end = start
    for piece in sql.split(body, psql=True):
        begin = _past_comments(body, piece.start)
        comments = _sql_comments(block.text[end:begin])
        yield from _lonely_comments(block, end, comments[:-1])
        end = _with_semicolon(body, piece.end)
        yield _Piece(kind=ActionKind.SQL, start=begin, end=end, comments=comments[-1:], connection=connection)


_SQL_COMMENTS = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/)*", re.DOTALL)


def _past_comments(text: str, position: int) -> int:
    match = _SQL_COMMENTS.match(text, position)
    return match.end() if match else position


def _lonely_comments(block: Block, start: int, comments: tuple[str, ...]) -> Iterator[_Piece]:
    """Yield the comments above a statement but the last: in a fence of statements each is something a person does."""
    position = start
    for comment in comments:
        at = block.text.find(comment, position)
        yield _Piece(kind=ActionKind.MANUAL, start=at, end=at + len(comment), comments=(comment,))
        position = at + len(comment)


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
    match = re.compile(r"\s*;").match(text, end)
    return match.end() if match else end


def _sql_comments(between: str) -> tuple[str, ...]:
    found = re.findall(r"^[ \t]*(?:--|#)+[ \t]*(.+?)[ \t]*$", between, re.MULTILINE)
    return tuple(found)


def _promql_pieces(block: Block) -> Iterator[_Piece]:
    """Yield the queries of a block: they are parted by blank lines."""
    for match in re.finditer(r"(?:^[^\n]*\S[^\n]*(?:\n|\Z))+", block.text, re.MULTILINE):
        lines = match.group().splitlines(keepends=True)
        comments = tuple(line.strip("# \n") for line in lines if line.lstrip().startswith("#"))
        skipped = 0
        while lines and lines[0].lstrip().startswith("#"):
            skipped += len(lines.pop(0))
        text = "".join(lines).rstrip()
        if text:
            start = match.start() + skipped
            yield _Piece(kind=ActionKind.PROMQL, start=start, end=start + len(text), comments=comments)


def _with_options(pieces: Iterator[_Piece], block: Block) -> Iterator[Draft]:
    for piece in pieces:
        title = next((line for line in piece.comments if option_title(line)), " ".join(piece.comments))
        option = option_title(title) if title else None
        action = _action(block, piece, option or title)
        yield Draft(action=action, option=option, is_or=option is not None and opens_alternative(title))


def _action(block: Block, piece: _Piece, title: str) -> Action:
    text = block.text[piece.start : piece.end]
    kind = piece.kind
    if kind is ActionKind.SHELL and is_sql(text):
        kind = ActionKind.SQL
    return Action(
        id=NO_ID,
        kind=kind,
        text=text,
        span=Span(block.locate(piece.start), block.locate(piece.end - 1) + 1),
        title=title,
        block=block,
        session=block.session,
        connection=piece.connection or None,
    )


_LANGUAGES = {
    ActionKind.SHELL: Language.SHELL,
    ActionKind.SQL: Language.SQL,
    ActionKind.PROMQL: Language.PROMQL,
}


def language_of(kind: ActionKind) -> Language:
    """Return the language that placeholders of an action are written in."""
    return _LANGUAGES.get(kind, Language.TEXT)


def variables_in(action: Action) -> tuple[str, ...]:
    """Return the names an action needs from outside, in the order of their first use."""
    if action.kind in {ActionKind.MANUAL, ActionKind.MESSAGE, ActionKind.FILE}:
        found = [item for item in find(action.text, Language.TEXT) if item.style is not PlaceholderStyle.BRACKET]
    else:
        found = list(find(action.text, language_of(action.kind)))
    connection = find(action.connection or "")
    return tuple(dict.fromkeys(item.name for item in (*connection, *found)))


_SSH = re.compile(r"(?:ssh|mosh|gcloud\s+compute\s+ssh|tsh\s+ssh|aws\s+ssm\s+start-session)\b")
_SSH_OPTION_WITH_VALUE = re.compile(r"-[bcDEeFIiJLlmOopQRSWw]$")
_EXEC = re.compile(
    r"(?:kubectl|oc|k|docker|podman|docker-compose|docker compose|nerdctl|crictl)\b[^\n|;&]*?\s(?:exec|rsh|run|debug|attach)\b[^\n|;&]*"
)
_INNER_SHELL = re.compile(r"(?:--\s*|\s)(?:/(?:usr/)?bin/)?(?:ba|z|a|da)?sh\s*(?:-[il]+)?\s*$")
_INTERACTIVE = re.compile(r"\s(?:-[a-z]*[it][a-z]*|--stdin|--tty|--interactive)(?:[\s=]|$)")
_SHELL_OPENER = re.compile(
    r"(?:sudo\s+(?:-i|-s|-u\s+\S+\s+-[is]|su\b[^\n;|&]*)|su\s+-?\s*\w*|chroot\s+\S+|bash|sh)\s*$"
)
_REDIS = re.compile(r"(?:redis-cli|valkey-cli)(?:\s+-(?:h|p|a|n|u)\s+\S+|\s+--(?:tls|askpass))*\s*$")


def opened_session(action: Action) -> Session | None:
    """Return the session that an action opens for what follows, None where it ends by itself."""
    if action.kind is not ActionKind.SHELL or "\n" in action.text.strip().replace("\\\n", " "):
        return None
    line = mask(action.text.replace("\\\n", "  ").strip())
    kind = _session_kind(line)
    return Session(kind=kind, opener=action.text.strip(), span=action.span) if kind else None


def _session_kind(line: str) -> SessionKind | None:
    body = re.sub(r"^sudo\s+(?!-|su\b)", "", line)
    if psql_opener(line) is not None:
        return SessionKind.PSQL
    if _SSH.match(body) and _is_login(body):
        return SessionKind.SSH
    if (
        _EXEC.match(body)
        and (_INNER_SHELL.search(body) or " rsh " in f"{body} ")
        and (_INTERACTIVE.search(body) or " rsh " in body or " debug " in body)
    ):
        return SessionKind.EXEC
    if _EXEC.match(body) and _INTERACTIVE.search(body) and re.search(r"\s(?:--\s+)?psql\b(?!.*\s-c\b)", body):
        return SessionKind.PSQL
    if _SHELL_OPENER.fullmatch(line):
        return SessionKind.SHELL
    return SessionKind.REDIS if _REDIS.fullmatch(body) else None


def _is_login(line: str) -> bool:
    """Say whether an ssh call names a host and no command to run there."""
    if re.search(r"[|;&<>]", line) or re.search(r"\s-[A-Za-z]*N", line):
        return False
    if not re.match(r"(?:ssh|mosh)\b", line):
        return "--command" not in line and " -- " not in line
    words = line.split()[1:]
    positional = 0
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = bool(_SSH_OPTION_WITH_VALUE.search(word)) and len(word) == 2
        else:
            positional += 1
    return positional == 1


def with_session(action: Action, session: Session | None) -> Action:
    """Return the action, meant for inside `session`; a psql session lends its connection to SQL."""
    connection = action.connection
    if session is not None and session.kind is SessionKind.PSQL and connection is None:
        connection = psql_opener(session.opener) or None
    return replace(action, session=session, connection=connection)
