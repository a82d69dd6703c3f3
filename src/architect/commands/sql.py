"""What SQL text does: every statement by itself, and psql's backslash commands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from architect.commands.known import WRITES, Known
from architect.commands.model import CommandEffect, Effect, Target
from architect.commands.psql import judge_meta
from architect.commands.sql_statements import SYSTEM, judge_statement
from architect.grammars.sql import MetaCommand, SqlError, SqlStatement, Tree, body_of, kind_of, parse, split

_FOLDER = re.compile(r"'[^']+'|[^\s'\":]+")
_LITERAL = re.compile(r"(?P<name>\w+)\s+'?(?:\d+(?:\.\d+)?|[^\W\d]\w*)'?")


def judge_sql(text: str) -> tuple[CommandEffect, ...]:
    """Judge SQL statements; nothing raises, and text that is no SQL is unknown."""
    return tuple(_Session().judge(text, psql=False))


def judge_psql(text: str) -> tuple[CommandEffect, ...]:
    """Judge what psql reads: SQL with backslash commands and `:variables`."""
    return tuple(_Session().judge(text, psql=True))


class _Session:
    """What earlier statements of one text leave for later ones: prepared statements, cursors, psql's variables."""

    def __init__(self) -> None:
        self._prepared: dict[str, Known] = {}
        self._cursors: set[str] = set()
        self._literals: set[str] = set()
        self._search_path_is_odd = False
        self._folder: str | None = ""
        self._is_alone = False

    def judge(self, text: str, *, psql: bool) -> Iterator[CommandEffect]:
        pieces = split(text, psql=psql)
        self._is_alone = len(pieces) == 1
        for piece in pieces:
            if isinstance(piece, SqlStatement):
                yield from self._statement(piece, psql=psql)
            else:
                yield from self._meta(piece, text)

    def _meta(self, meta: MetaCommand, text: str) -> Iterator[CommandEffect]:
        literal = _LITERAL.fullmatch(meta.arguments) if meta.name == "set" else None
        if literal is not None:
            self._literals.add(literal["name"])
        known = self._placed(judge_meta(meta))
        if meta.name == "cd" and self._is_alone:
            known = Known(Effect.UNKNOWN, "changes the folder into which other texts of the session write")
        if meta.name == "cd":
            self._folder = meta.arguments.strip("'") if _FOLDER.fullmatch(meta.arguments) else None
        yield _command_effect(known, text[meta.start : meta.end], meta.start, None)
        if meta.name == "copy" and known.effect.rank < Effect.UNKNOWN.rank:
            at = meta.end - len(meta.arguments)
            query = _query_of_copy(meta.arguments)
            for statement in split(query):
                if isinstance(statement, SqlStatement):
                    yield from self._statement(statement, psql=True, offset=at + 1)

    def _placed(self, known: Known) -> Known:
        """Return what writing a file comes to after `\\cd`, whose folder files are written into."""
        if not known.writes or self._folder == "":
            return known
        if self._folder is None:
            return Known(Effect.UNKNOWN, "writes a file into a folder that the text does not tell", known.flags)
        return known._replace(writes=f"{self._folder}/{known.writes}")

    def _statement(self, statement: SqlStatement, *, psql: bool, offset: int = 0) -> Iterator[CommandEffect]:
        start = statement.start + offset
        unclear = self._why_unclear(statement, psql=psql)
        try:
            trees = parse(statement.text)
        except SqlError as error:
            known = Known(Effect.UNKNOWN, f"is not SQL that PostgreSQL accepts: {_one_line(str(error))}")
            yield _command_effect(known, statement.text, start, None)
            return
        for tree in trees:
            known, target = self._judge(tree)
            if unclear and known.effect.rank < Effect.UNKNOWN.rank:
                known = Known(Effect.UNKNOWN, unclear, known.flags)
            yield _command_effect(known, statement.text, start, target)

    def _why_unclear(self, statement: SqlStatement, *, psql: bool) -> str:
        if statement.is_interrupted:
            return "a backslash command stands in the middle of the statement"
        raw = [name for name in statement.variables if name not in self._literals] if psql else []
        if raw:
            return f"puts the variable :{raw[0]} into the statement as it is"
        return ""

    def _judge(self, tree: Tree) -> tuple[Known, Target | None]:
        kind, body = kind_of(tree), body_of(tree)
        if kind == "execute_stmt":
            missing = Known(Effect.UNKNOWN, f"executes {body.name}, which this text does not prepare")
            return self._prepared.get(body.name, missing), Target(system=SYSTEM)
        if kind == "fetch_stmt":
            return self._fetch(body.portalname), Target(system=SYSTEM)
        known, target = judge_statement(tree)
        if kind == "prepare_stmt":
            self._prepared[body.name] = known
        elif kind == "declare_cursor_stmt":
            self._cursors.add(body.portalname)
        if self._search_path_is_odd and known.effect is Effect.READ and kind != "variable_set_stmt":
            known = Known(Effect.UNKNOWN, "the search path puts other functions before PostgreSQL's own", known.flags)
        self._note_search_path(kind, body)
        return known, target

    def _fetch(self, cursor: str) -> Known:
        if cursor in self._cursors:
            return Known(Effect.READ, f"reads from the cursor {cursor}")
        return Known(Effect.UNKNOWN, f"reads from the cursor {cursor}, which this text does not declare")

    def _note_search_path(self, kind: str, body: Tree) -> None:
        """Note a search path that names pg_catalog: whatever stands before it wins over PostgreSQL's own functions."""
        if kind == "variable_set_stmt" and body.name == "search_path":
            values = [value.a_const.sval.sval for value in body.args]
            self._search_path_is_odd = "pg_catalog" in values and values[0] != "pg_catalog"


def _query_of_copy(arguments: str) -> str:
    """Return the query between the parentheses that `\\copy (query) to …` begins with."""
    if not arguments.startswith("("):
        return ""
    depth = 0
    for index, character in enumerate(arguments):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return arguments[1:index]
    return arguments[1:]


def _one_line(message: str) -> str:
    return " ".join(message.split())[:120]


def _command_effect(known: Known, text: str, start: int, target: Target | None) -> CommandEffect:
    return CommandEffect(
        text=text,
        start=start,
        end=start + len(text),
        effect=known.effect,
        reason=known.reason,
        tool="psql" if text.startswith("\\") else "",
        system=SYSTEM,
        target=target,
        flags=known.flags,
        language="sql",
        parameters=((WRITES, known.writes),)
        if known.writes
        else ()
        if text.startswith("\\")
        else (("statement", text),),
    )
