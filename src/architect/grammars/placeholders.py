"""Placeholders: values the reader must supply, found before any grammar sees the text.

`<pod-name> -n x` is a legal redirection to a shell and `-n NAMESPACE` a legal argument, so every other reader masks
the text first: `mask` keeps all offsets. A name is what was written with `_` for every character that no variable
name may hold; an executor that hands values over by environment adds a prefix of its own, since an author may well
write `<PATH>`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, islice

from architect.grammars.quoting import Region, RegionKind, kind_at, region_at, shell_regions, sql_regions


class PlaceholderStyle(StrEnum):
    """How the author wrote it."""

    ANGLE = "<x>"
    DOLLAR = "$X"
    UPPER = "X"
    YOUR = "YOUR_X"
    BRACKET = "[x]"
    BRACES = "{{x}}"


class Language(StrEnum):
    """What the text around the placeholders is written in."""

    SHELL = "shell"
    SQL = "sql"
    PROMQL = "promql"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One occurrence; `start` and `end` are offsets in the text that was searched, `name` is a legal variable name.

    `default` is what the shell takes where nobody supplies a value, of `${NAME:-5}`.
    """

    name: str
    style: PlaceholderStyle
    written: str
    start: int
    end: int
    default: str | None = None


_ANGLE = re.compile(
    r"(?<![<\\?])(?<!\$\()(?<!\?P)<(?P<inner>[^\W_][^<>\n\"`$;&{}\\]{0,79}?|_[^<>\n\"`$;&{}\\\s]{1,79}?)>(?!>)"
)
_SPACED_ANGLE = re.compile(
    r"(?<![<\\?])<[ \t]+(?P<inner>[^\W\d_][\w -]{0,60}?)[ \t]+>(?=[ \t]*(?:$|[|;)#]))", re.MULTILINE
)
_FILE_WORD = re.compile(r"[\w~-]*[./][\w./-]+\Z")
_AUTOLINK = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S|[^\s@]+@[\w-]+\.[\w.-]+\Z")
_LITERAL_ANGLES = frozenset({"none", "nil", "null", "unknown", "unset", "invalid", "stdin", "br", "p", "none>"})

_ANY = re.compile(r"[<$\[{]|[A-Z]{2}|your[_-]")
"""What every placeholder holds: a bracket, a dollar sign, capitals, or the word for whose value it is."""
_MAYBE = re.compile(r"[$\[{]|(?<![A-Za-z0-9])[A-Z][A-Z0-9]")
"""What a placeholder that only its surroundings tell holds."""

_YOUR = re.compile(
    r"(?<![\w$.{-])(?:YOUR(?:[_-][A-Z0-9]+)+|YOUR(?:/[A-Z0-9]+)+|your(?:[_-][a-z0-9]+)+"
    r"|(?:REPLACE|INSERT|ENTER)[_-][A-Z0-9_-]*[A-Z0-9]|CHANGE_?ME|REPLACE_?ME)(?![\w(=]|-\w)"
)
_MAYBE_YOURS = re.compile(r"YOUR|your|REPLACE|INSERT|ENTER|CHANGE")
_UPPER = re.compile(r"(?<![\w$.{<\[%\\+-])(?P<word>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)(?![\w(=\[{%]|:\.)")
_BRACKET = re.compile(r"(?<![\w$.\])}^\[\\])\[(?P<inner>[A-Za-z][A-Za-z0-9_ -]{1,48}[A-Za-z0-9])\](?![\]\[(*+?{])")
_DOUBLE_BRACES = re.compile(r"(?<!\{)\{\{\s*(?P<inner>[A-Za-z_][\w -]{0,60}?)\s*\}\}(?!\})")
_BRACE = re.compile(r"(?<![\w$\{@}\\])\{(?P<inner>[A-Za-z][A-Za-z0-9]*(?:[_-][A-Za-z0-9]+)*)\}(?!\})")
_DOLLAR = re.compile(r"(?<![\\$])\$(?:\{(?P<braced>[A-Za-z_]\w*)(?P<rest>[^}\n]{0,80})\}|(?P<plain>[A-Za-z_]\w*))")
_LITERAL_DEFAULT = re.compile(r":?-(?P<value>[\w./:@%+,-]+)", re.ASCII)
_TEXT_BRACKET = re.compile(r"(?<!!)\[(?P<inner>[^\[\]\n]{2,120})\](?![(\[:])")
_RANGE = re.compile(r"\w-\w\Z|[ xX]\Z")

_NOUNS = frozenset(
    [
        "ACCOUNT",
        "ADDR",
        "ADDRESS",
        "ALARM",
        "ARN",
        "BACKUP",
        "BRANCH",
        "BUCKET",
        "CERTIFICATE",
        "CLUSTER",
        "COMMIT",
        "CONTAINER",
        "CONTEXT",
        "DATABASE",
        "DATE",
        "DATETIME",
        "DB",
        "DBNAME",
        "DEPLOYMENT",
        "DEVICE",
        "DIGEST",
        "DIR",
        "DIRECTORY",
        "DISK",
        "DOMAIN",
        "EMAIL",
        "ENDPOINT",
        "ENV",
        "ENVIRONMENT",
        "FILE",
        "FILENAME",
        "FOLDER",
        "FQDN",
        "GROUP",
        "HOST",
        "HOSTNAME",
        "ID",
        "IDENTIFIER",
        "IMAGE",
        "INDEX",
        "INSTANCE",
        "IP",
        "JOB",
        "KEY",
        "KEYID",
        "NAME",
        "NAMESPACE",
        "NODE",
        "NODENAME",
        "NS",
        "NUMBER",
        "ORG",
        "ORGANIZATION",
        "PASSWORD",
        "PATH",
        "PID",
        "POD",
        "PODNAME",
        "POOL",
        "PORT",
        "PREFIX",
        "PROJECT",
        "PV",
        "PVC",
        "QUEUE",
        "REGION",
        "RELEASE",
        "REPLICAS",
        "REPO",
        "REPOSITORY",
        "RESOURCE",
        "REVISION",
        "ROLE",
        "SCHEMA",
        "SECRET",
        "SERVER",
        "SERVICE",
        "SHA",
        "SNAPSHOT",
        "STACK",
        "SUBSCRIPTION",
        "TABLE",
        "TAG",
        "TENANT",
        "TIMESTAMP",
        "TOKEN",
        "TOPIC",
        "URI",
        "URL",
        "USER",
        "USERNAME",
        "UUID",
        "VALUE",
        "VAULT",
        "VERSION",
        "VOLUME",
        "ZONE",
    ]
)
_WORDS_ALONE = _NOUNS - {
    "DATE",
    "FILE",
    "GROUP",
    "HOST",
    "INDEX",
    "KEY",
    "NUMBER",
    "ROLE",
    "TABLE",
    "USER",
    "VALUE",
} | {"HOSTNAME"}
_KEEPS_UPPER = frozenset(
    [
        "awk",
        "column",
        "cut",
        "echo",
        "egrep",
        "env",
        "export",
        "fgrep",
        "grep",
        "jq",
        "local",
        "perl",
        "pgrep",
        "printenv",
        "printf",
        "ps",
        "python",
        "python3",
        "read",
        "readonly",
        "redis-cli",
        "rg",
        "sed",
        "set",
        "sort",
        "test",
        "top",
        "tr",
        "unset",
        "valkey-cli",
        "zgrep",
    ]
)
_KEEPS_BRACKETS = frozenset(
    {
        "awk",
        "egrep",
        "fgrep",
        "grep",
        "jq",
        "perl",
        "pgrep",
        "python",
        "python3",
        "rg",
        "ruby",
        "sed",
        "tr",
        "zgrep",
        "[",
        "[[",
    }
)
_NAMES_COLUMNS = re.compile(r"(?:^|\s)(?:-o|-O|-N|--output|--sort|--sort-by|--columns?|--fields?|--format)[ =]*\S*\Z")
_TEMPLATE_WORDS = frozenset(
    {"block", "define", "else", "end", "endif", "endfor", "for", "if", "include", "range", "template", "with"}
)

_ASSIGNMENT = re.compile(
    r"(?:^|[\s;&|(])(?P<name>[A-Za-z_]\w*)(?:\[[^\]\n]*\])?\+?="
    r"|\bfor\s+(?P<loop>[A-Za-z_]\w*)\b"
    r"|\b(?:read|mapfile|readarray|getopts)\s+(?P<read>[^\n;|&<]*)"
    r"|\bprintf\s+-v\s+(?P<printed>[A-Za-z_]\w*)",
    re.MULTILINE,
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_SHELL_OWN = frozenset(
    [
        "BASH",
        "BASHPID",
        "BASH_SOURCE",
        "BASH_VERSION",
        "COLUMNS",
        "EDITOR",
        "EUID",
        "FUNCNAME",
        "GROUPS",
        "HISTFILE",
        "HOME",
        "HOSTNAME",
        "HOSTTYPE",
        "IFS",
        "LANG",
        "LINENO",
        "LINES",
        "LOGNAME",
        "MACHTYPE",
        "MAIL",
        "OLDPWD",
        "OPTARG",
        "OPTIND",
        "OSTYPE",
        "PATH",
        "PIPESTATUS",
        "PPID",
        "PS1",
        "PS2",
        "PWD",
        "RANDOM",
        "REPLY",
        "SECONDS",
        "SHELL",
        "SHLVL",
        "TERM",
        "TMPDIR",
        "TZ",
        "UID",
        "USER",
        "XDG_CONFIG_HOME",
        "XDG_RUNTIME_DIR",
    ]
)
_SEPARATOR = re.compile(r"[|;&(\n`]")
_SIMPLE_WORD = re.compile(r"[^\s|;&(`]+")
_NEAR = 240
_PREFIX_WORDS = frozenset({"sudo", "time", "env", "nohup", "exec", "command", "then", "do", "else", "!"})


def find(text: str, language: Language = Language.SHELL) -> tuple[Placeholder, ...]:
    """Return the placeholders of `text` in order, none overlapping another.

    A `$NAME` counts unless the text assigned it before; callers drop those that earlier text assigned.
    """
    if not _ANY.search(text):
        return ()
    if language is Language.TEXT:
        return _without_overlaps(chain(_angles(text), _yours(text), _double_braces(text), _text_brackets(text)))
    certain = _without_overlaps(chain(_angles(text), _yours(text), _double_braces(text)))
    hidden = masked(text, certain, language)
    if language is Language.SQL or language is Language.PROMQL:
        certain = _outside_comments(certain, sql_regions(hidden)) if certain else ()
        return certain if language is Language.SQL else _without_overlaps(chain(certain, _dollars(hidden, ())))
    if not certain and not _MAYBE.search(hidden):
        return ()
    regions = shell_regions(hidden)
    certain = _outside_comments(certain, regions)
    rest = chain(_uppers(hidden, regions), _brackets(hidden, regions), _braces(hidden, regions))
    return _without_overlaps(chain(certain, rest, _dollars(hidden, regions)))


def _outside_comments(found: tuple[Placeholder, ...], regions: tuple[Region, ...]) -> tuple[Placeholder, ...]:
    return tuple(item for item in found if kind_at(regions, item.start) is not RegionKind.COMMENT)


def mask(text: str, language: Language = Language.SHELL) -> str:
    """Return `text` with every placeholder but `$NAME` replaced by a harmless word of the same length."""
    return masked(text, find(text, language), language)


def assigned_names(text: str) -> frozenset[str]:
    """Return the variables that shell text assigns: `x=`, `for x`, `read x`, `printf -v x`."""
    return frozenset(name for name, _ in _assignments(text))


def variable_name(written: str) -> str:
    """Return a legal variable name for what stands inside a placeholder."""
    name = re.sub(r"\W+", "_", written.strip(), flags=re.ASCII).strip("_") or "value"
    return f"_{name}" if name[0].isdigit() else name


def masked(text: str, placeholders: tuple[Placeholder, ...], language: Language = Language.SHELL) -> str:
    """Return `text` with the `placeholders` that were found in it, but `$NAME`, replaced as `mask` does."""
    parts: list[str] = []
    position = 0
    for item in placeholders:
        if item.style is PlaceholderStyle.DOLLAR:
            continue
        parts.append(text[position : item.start])
        length = item.end - item.start
        is_range = language is Language.PROMQL and text[item.start - 1 : item.start] == "["
        parts.append("1" * (length - 1) + "m" if is_range else "x" * length)
        position = item.end
    parts.append(text[position:])
    return "".join(parts)


def _without_overlaps(found: Iterator[Placeholder]) -> tuple[Placeholder, ...]:
    kept: list[Placeholder] = []
    for item in sorted(found, key=lambda item: (item.start, -item.end)):
        if not kept or item.start >= kept[-1].end:
            kept.append(item)
    return tuple(kept)


def _placeholder(match: re.Match[str], style: PlaceholderStyle, name: str) -> Placeholder:
    return Placeholder(variable_name(name), style, match.group(), match.start(), match.end())


def _angles(text: str) -> Iterator[Placeholder]:
    if "<" not in text:
        return
    closed = frozenset(re.findall(r"</([\w.:-]+)", text))
    for match in _ANGLE.finditer(text):
        inner = match["inner"]
        if not inner[-1].isspace() and not _is_markup(inner, closed) and not _is_redirection(match, inner):
            yield _placeholder(match, PlaceholderStyle.ANGLE, inner)
    for match in _SPACED_ANGLE.finditer(text):
        yield _placeholder(match, PlaceholderStyle.ANGLE, match["inner"])


def _is_markup(inner: str, closed: frozenset[str]) -> bool:
    first = re.split(r"[\s/]", inner, maxsplit=1)[0]
    return first in closed or inner.lower() in _LITERAL_ANGLES or inner.endswith("/") or bool(_AUTOLINK.match(inner))


def _is_redirection(match: re.Match[str], inner: str) -> bool:
    """Tell `<dump.sql>log.txt` from `<dump.sql>`: a file before `>` and a word right after it."""
    after = match.string[match.end() : match.end() + 1]
    return bool(_FILE_WORD.match(inner)) and (after.isalnum() or after in set("/~.&")) if after else False


def _yours(text: str) -> Iterator[Placeholder]:
    if not _MAYBE_YOURS.search(text):
        return
    for match in _YOUR.finditer(text):
        yield _placeholder(match, PlaceholderStyle.YOUR, match.group())


def _double_braces(text: str) -> Iterator[Placeholder]:
    if "{{" not in text:
        return
    for match in _DOUBLE_BRACES.finditer(text):
        if match["inner"].split()[0] not in _TEMPLATE_WORDS:
            yield _placeholder(match, PlaceholderStyle.BRACES, match["inner"])


def _text_brackets(text: str) -> Iterator[Placeholder]:
    if "[" not in text:
        return
    for match in _TEXT_BRACKET.finditer(text):
        if not _RANGE.match(match["inner"]) and any(letter.isalpha() for letter in match["inner"]):
            yield _placeholder(match, PlaceholderStyle.BRACKET, match["inner"])


def _uppers(text: str, regions: tuple[Region, ...]) -> Iterator[Placeholder]:
    found = [match for match in _UPPER.finditer(text) if _is_noun(match["word"])]
    if not found:
        return
    assigned = assigned_names(text)
    tools = _Tools.of(text)
    for match in found:
        word = match["word"]
        if word in assigned or _is_prose(text, regions, match.start()):
            continue
        if "_" not in word and not _stands_alone(match):
            continue
        if tools.before(match.start()) not in _KEEPS_UPPER and not _names_columns(text, match.start()):
            yield _placeholder(match, PlaceholderStyle.UPPER, word)


def _is_noun(word: str) -> bool:
    segments = word.split("_")
    if len(segments) == 1:
        return word in _WORDS_ALONE
    return segments[-1] in _NOUNS or (segments[0] in _NOUNS and segments[-1].isdigit())


def _stands_alone(match: re.Match[str]) -> bool:
    before = match.string[match.start() - 1 : match.start()] or " "
    after = match.string[match.end() : match.end() + 1] or " "
    return before in " \t=/'\"@:" and (after.isspace() or after in "/'\";|&)")


def _names_columns(text: str, position: int) -> bool:
    return bool(_NAMES_COLUMNS.search(text, max(position - _NEAR, 0), position))


def _is_prose(text: str, regions: tuple[Region, ...], position: int) -> bool:
    """Tell whether the position lies in a comment, a here-document or a quoted string of several words."""
    region = region_at(regions, position)
    if region is None:
        return False
    if region.kind not in {RegionKind.SINGLE, RegionKind.DOUBLE} or region.end - region.start > _NEAR:
        return True
    return bool(re.search(r"\s", text[region.start : region.end]))


@dataclass(frozen=True, slots=True)
class _Tools:
    """The command words of a shell text, as far as separators tell, and where each one's simple command begins."""

    starts: tuple[int, ...]
    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> _Tools:
        starts = (0, *(match.end() for match in _SEPARATOR.finditer(text)))
        return cls(starts, tuple(_command_word(text, start) for start in starts))

    def before(self, position: int) -> str:
        """Return the command word of the simple command that `position` lies in."""
        return self.words[bisect_right(self.starts, position) - 1]


def _command_word(text: str, start: int) -> str:
    for match in islice(_SIMPLE_WORD.finditer(text, start, start + _NEAR), 8):
        word = match.group()
        if word not in _PREFIX_WORDS and "=" not in word:
            return word.rsplit("/", 1)[-1]
    return ""


def _brackets(text: str, regions: tuple[Region, ...]) -> Iterator[Placeholder]:
    found = list(_BRACKET.finditer(text)) if "[" in text else []
    tools = _Tools.of(text) if found else None
    for match in found:
        is_name = _is_bracket_name(match["inner"]) and not _is_prose(text, regions, match.start())
        if is_name and tools is not None and tools.before(match.start()) not in _KEEPS_BRACKETS:
            yield _placeholder(match, PlaceholderStyle.BRACKET, match["inner"])


def _is_bracket_name(inner: str) -> bool:
    parts = re.split(r"[ _-]", inner)
    if any(len(part) < 2 for part in parts):
        return False
    return len(parts) > 1 or inner.upper() in _NOUNS


def _braces(text: str, regions: tuple[Region, ...]) -> Iterator[Placeholder]:
    if "{" not in text:
        return
    for match in _BRACE.finditer(text):
        inner = match["inner"]
        known = len(re.split("[_-]", inner)) > 1 or inner.upper() in _NOUNS
        if known and kind_at(regions, match.start()) in {None, RegionKind.DOUBLE}:
            yield _placeholder(match, PlaceholderStyle.BRACES, inner)


def _assignments(text: str) -> Iterator[tuple[str, int]]:
    for match in _ASSIGNMENT.finditer(text):
        if match["read"] is not None:
            words = (word for word in match["read"].split() if not word.startswith("-"))
            yield from ((word, match.start()) for word in words if _WORD.fullmatch(word))
        else:
            yield match["name"] or match["loop"] or match["printed"], match.start()


def _dollars(text: str, regions: tuple[Region, ...]) -> Iterator[Placeholder]:
    if "$" not in text:
        return
    first: dict[str, int] = {}
    for name, position in _assignments(text):
        first.setdefault(name, position)
    silent = {RegionKind.SINGLE, RegionKind.COMMENT, RegionKind.LITERAL_HERE_DOCUMENT}
    for match in _DOLLAR.finditer(text):
        name = match["braced"] or match["plain"]
        rest = match["rest"] or ""
        default = _LITERAL_DEFAULT.fullmatch(rest)
        needs_none = default is None and rest.lstrip(":")[:1] in {"-", "=", "+"}
        is_set = first.get(name, match.start()) < match.start()
        if needs_none or is_set or name in _SHELL_OWN or kind_at(regions, match.start()) in silent:
            continue
        found = _placeholder(match, PlaceholderStyle.DOLLAR, name)
        yield replace(found, default=default["value"]) if default is not None else found
