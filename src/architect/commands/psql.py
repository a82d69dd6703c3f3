"""What psql's backslash commands do; the statements between them are SQL."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from architect.commands.calls import Word
from architect.commands.environment import is_secret_name
from architect.commands.known import Known
from architect.commands.model import Effect, Flag
from architect.commands.paths import plain_path, writing
from architect.commands.sql_secrets import SECRET_SETTINGS
from architect.commands.words import literal
from architect.grammars.sql import MetaCommand

_READ = Known(Effect.READ, "")
_SECRET = frozenset((Flag.READS_SECRET,))
_DISPLAYS = """
    ? a bind bind_named C close close_prepared conninfo copyright crosstabview d echo elif else encoding endif
    endpipeline errverbose f flush flushrequest g gdesc getresults gx h H help html if l l+ list list+ lo_list
    p parse pset print q q! qecho quit r reset sendpipeline set sf sf+ startpipeline sv sv+ syncpipeline t T timing
    unset warn x z z+ ;"""
_DISPLAY = frozenset(_DISPLAYS.split())
_DESCRIBES = re.compile(r"d[A-Za-z]*[Sx+]*")
_SHOWS_OPTIONS = re.compile(r"(?:deu|dRs)[Sx]*\+[Sx+]*")
"""Descriptions whose long form prints the passwords of user mappings and subscriptions."""
_FILE = re.compile(r"'(?P<quoted>[^']*)'|(?P<plain>[^\s'\"]+)")
_COPY_PLACE = re.compile(
    r"\b(?P<way>to|from)\s+(?P<place>program\b|stdin\b|stdout\b|pstdin\b|pstdout\b|'[^']*'|\S+)", re.IGNORECASE
)
_KNOWN = {
    "!": Known(Effect.UNKNOWN, "runs a shell command"),
    "gexec": Known(Effect.UNKNOWN, "runs what the query returns as SQL"),
    "i": Known(Effect.UNKNOWN, "runs a file of SQL"),
    "ir": Known(Effect.UNKNOWN, "runs a file of SQL"),
    "include": Known(Effect.UNKNOWN, "runs a file of SQL"),
    "include_relative": Known(Effect.UNKNOWN, "runs a file of SQL"),
    "setenv": Known(Effect.UNKNOWN, "changes psql's environment"),
    "password": Known(Effect.EXPOSES, "changes a role's password", frozenset((Flag.INTERACTIVE,))),
    "prompt": Known(Effect.READ, "asks for a value", frozenset((Flag.INTERACTIVE,))),
    "lo_import": Known(Effect.WRITE, "makes a large object"),
    "lo_unlink": Known(Effect.DESTRUCTIVE, "deletes a large object"),
    "gset": Known(Effect.READ, "keeps the result in variables"),
    "c": Known(Effect.READ, "connects to another database"),
    "connect": Known(Effect.READ, "connects to another database"),
    "e": Known(Effect.UNKNOWN, "opens an editor", frozenset((Flag.NEEDS_TERMINAL,))),
    "edit": Known(Effect.UNKNOWN, "opens an editor", frozenset((Flag.NEEDS_TERMINAL,))),
    "ef": Known(Effect.UNKNOWN, "opens an editor", frozenset((Flag.NEEDS_TERMINAL,))),
    "ev": Known(Effect.UNKNOWN, "opens an editor", frozenset((Flag.NEEDS_TERMINAL,))),
}


def judge_meta(meta: MetaCommand) -> Known:
    """Return what one backslash command does, without the statements that it sends."""
    if "`" in meta.arguments:
        return Known(Effect.UNKNOWN, "runs a shell command between backquotes")
    match meta.name:
        case "watch":
            return _watch(meta.arguments)
        case "copy":
            return _copy(meta.arguments)
        case "g" | "gx" | "o" | "out" | "w" | "write" | "s":
            return _output(meta.arguments)
        case "lo_export":
            return _output(meta.arguments.partition(" ")[2])
        case "cd":
            return Known(Effect.READ, "changes psql's working directory")
        case "getenv":
            return _environment(meta.arguments)
        case "dconfig" | "dconfig+":
            return _settings(meta.arguments)
    known = _KNOWN.get(meta.name)
    if known is not None:
        return known
    if _SHOWS_OPTIONS.fullmatch(meta.name):
        return Known(Effect.EXPOSES, "shows options with their passwords", _SECRET)
    if meta.name in _DISPLAY or _DESCRIBES.fullmatch(meta.name):
        return _READ
    return Known(Effect.UNKNOWN, f"\\{meta.name} is no known command of psql")


def _environment(arguments: str) -> Known:
    name = arguments.split()[-1] if arguments.split() else ""
    if not name or ":" in name or is_secret_name(name):
        return Known(Effect.EXPOSES, "takes a secret from the environment", _SECRET)
    return Known(Effect.READ, "takes a variable from the environment")


def _settings(pattern: str) -> Known:
    """Judge `\\dconfig`: without a pattern it shows what was changed, which passwords of replicas are part of."""
    names = [re.sub(r"[.]?\*", "*", name.lower()) for name in pattern.split()]
    if not names or any(fnmatchcase(secret, name) for secret in SECRET_SETTINGS for name in names) or ":" in pattern:
        return Known(Effect.EXPOSES, "shows settings that hold passwords", _SECRET)
    return Known(Effect.READ, "shows settings")


def _watch(arguments: str) -> Known:
    if re.search(r"\bc(?:ount)?=\d", arguments):
        return _READ
    return Known(Effect.READ, "repeats the statement", frozenset((Flag.NEVER_ENDS,)))


def _copy(arguments: str) -> Known:
    places = list(_COPY_PLACE.finditer(arguments))
    if not places:
        return Known(Effect.UNKNOWN, "copies from or to a place that the text does not tell")
    place = places[-1]
    if any(match["place"].lower() == "program" for match in places):
        return Known(Effect.UNKNOWN, "runs a program")
    if place["way"].lower() == "from":
        return Known(Effect.WRITE, "adds rows to a table")
    if place["place"].lower() in ("stdout", "pstdout"):
        return _READ
    return _output(place["place"])


def _output(arguments: str) -> Known:
    arguments = re.sub(r"^\([^)]*\)\s*", "", arguments)
    if not arguments:
        return _READ
    if arguments.startswith("|"):
        return Known(Effect.UNKNOWN, "hands the result to a shell command")
    match = _FILE.match(arguments)
    if match is None:
        return Known(Effect.UNKNOWN, "writes to a place that the text does not tell")
    name = match["plain"] if match["quoted"] is None else match["quoted"]
    known = None if ":" in name else name
    if known is not None and plain_path(literal(known, 0, 0)) is not None:
        return Known(Effect.READ, "", frozenset((Flag.WRITES_FILE,)), writes=known)
    word = Word(text=match.group(), start=0, end=0, value=known, prefix=name.partition(":")[0], shape=known or "")
    effect, reason = writing(word, in_scratch=True, made=frozenset(), appends=False)
    return Known(effect, reason, frozenset((Flag.WRITES_FILE,)))
