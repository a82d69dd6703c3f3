"""Values on their way into a text: each arrives there as itself, or not at all.

`quoting` rewrites a text once, without looking at any value; what is left is data, carried by environment variables
and parameters. Here a value is held against the place it goes to, and encoded for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never
from urllib.parse import quote, urlsplit

from architect.kernel.errors import RefusedError, UsageError
from architect.runs.model import Encoding, Shape, Slot

MAX_CHARACTERS = 32_768
"""Longest value: six times as long when escaped, it must still fit one variable of the environment (128 KiB)."""

MARKER_PREFIX = "ARCHITECT_VALUE_"
"""How the names begin under which a rewritten text refers to values."""

_BLANK_OR_GLOB = re.compile(r"[\s*?\[\]\\]")
_INERT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?#@!$&'()+,;=%-]+")
_RESERVED = re.compile(
    r"PATH|IFS|SHELL|SHELLOPTS|BASHOPTS|CDPATH|GLOBIGNORE|PS[0-4]|PROMPT_COMMAND|HOME|TMPDIR|EDITOR|PAGER|VISUAL"
    r"|BASH.*|(?:LD|DYLD|ARCHITECT|CURL)_.*|GIT_(?!(?:SHA|COMMIT|BRANCH|TAG|REF|REPO|URL|HASH|REVISION|ORG|USER)\Z).*"
    r"|PYTHON(?!_VERSION\Z).*|PERL(?:5.*|LIB|IO.*|_.*)|RUBY(?:OPT|LIB|SHELL)|NODE_(?:OPTIONS|PATH|EXTRA_CA_CERTS|REPL.*)"
    r"|_?(?:JAVA|JDK_JAVA)_(?:TOOL_)?(?:OPTIONS|OPTS)|JAVA_HOME|SSH_(?:ASKPASS.*|AUTH_SOCK|SK_.*)"
    r"|(?:.*_)?(?:PROXY|proxy)|PGOPTIONS|PGSERVICE.*|LESS(?:OPEN|CLOSE)|MANPAGER|PSQL_.*|KUBECTL_.*"
)
"""Names of variables that shells and tools read as more than a value; case counts, as it does there."""


class ValueRefusedError(RefusedError):
    """A value may not go where the document puts it."""

    code = "value-refused"


def refusals(slots: Iterable[Slot], values: Mapping[str, str]) -> tuple[str, ...]:
    """Say which of the values at hand may not go where their slots are, each with its place, in order."""
    found = (
        f"{slot.place}: {slot.variable} {reason}"
        for slot in slots
        if slot.variable in values and (reason := _reason(slot, values[slot.variable]))
    )
    return tuple(dict.fromkeys(found))


def require_text(name: str, value: str) -> None:
    """Raise UsageError for a value that is not text: it could neither be shown nor recorded as it is."""
    if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise UsageError(f"the value of {name} is not valid UTF-8", hint="a value is text")


def environment(slots: Sequence[Slot], values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables to which the rewritten text refers.

    Raises ValueRefusedError when a value is missing or may not go where it stands.
    """
    missing = sorted({slot.variable for slot in slots} - set(values))
    if missing:
        raise ValueRefusedError(f"no value for {', '.join(missing)}", hint="give it with --set NAME=VALUE")
    problems = refusals(slots, values)
    if problems:
        raise ValueRefusedError("; ".join(problems))
    return {slot.marker: encoded(values[slot.variable], slot.encoding) for slot in slots}


def encoded(value: str, encoding: Encoding) -> str:
    """Return what the value becomes inside a text of that language, without the quotes around it."""
    match encoding:
        case Encoding.LITERAL:
            return value
        case Encoding.JSON:
            return json.dumps(value, ensure_ascii=True)[1:-1]
        case Encoding.URL:
            return quote(value.encode("utf-8", "surrogateescape"), safe="")
        case Encoding.SQL:
            return value.replace("'", "''")
    assert_never(encoding)


def is_reserved(name: str) -> bool:
    """Say whether a variable of this name steers the shell or a tool, so that no value may be given for it."""
    return _RESERVED.fullmatch(name) is not None


def marker(name: str, encoding: Encoding) -> str:
    """Return the name under which a rewritten text refers to a variable in an encoding."""
    return f"{MARKER_PREFIX}{encoding.upper()}_{name}"


def _reason(slot: Slot, value: str) -> str:
    """Say why `value` may not go into `slot`; empty when it may."""
    return _unfit_anywhere(value) or _unfit_encoding(slot, value) or _unfit_shape(slot, value)


def _unfit_anywhere(value: str) -> str:
    if "\0" in value:
        return "holds a NUL, which no program can be given"
    if len(value) > MAX_CHARACTERS:
        return f"has {len(value):,} characters; at most {MAX_CHARACTERS:,} can be handed over"
    return ""


def _unfit_encoding(slot: Slot, value: str) -> str:
    if slot.encoding is Encoding.SQL and "\\" in value:
        return "holds a backslash, which not every server reads as itself"
    beginning = next((start for start in slot.forbidden if value.startswith(start)), "")
    return f"begins with `{beginning}`, which the tool reads as a file or a command" if beginning else ""


def _unfit_shape(slot: Slot, value: str) -> str:
    match slot.shape:
        case Shape.ANY:
            return ""
        case Shape.LINE:
            return "holds a line break, which would begin another header" if re.search(r"[\r\n]", value) else ""
        case Shape.ARGUMENT:
            return _leading_dash(value)
        case Shape.WORD:
            return _leading_dash(value) or _unfit_word(value)
        case Shape.INERT:
            return "" if _INERT.fullmatch(value) else "may hold only letters, digits and `_.:-` here"
        case Shape.NUMBER:
            return "" if _NUMBER.fullmatch(value) else "must be a number here"
        case Shape.HOST:
            return _unfit_host(value, slot.allowed)
        case Shape.URL:
            return _unfit_url(value, slot.allowed)
    assert_never(slot.shape)


def _leading_dash(value: str) -> str:
    return "begins with `-`, which the tool would read as an option" if value.startswith("-") else ""


def _unfit_word(value: str) -> str:
    if not value:
        return "is empty where the text leaves it unquoted"
    if _BLANK_OR_GLOB.search(value):
        return "holds a blank or a pattern character where the text leaves it unquoted; quote it in the document"
    return ""


def _unfit_host(value: str, allowed: tuple[str, ...]) -> str:
    if value.lower() in allowed:
        return ""
    return "decides the host of a URL and names none of the profile's hosts"


def _unfit_url(value: str, allowed: tuple[str, ...]) -> str:
    if not _URL_CHARACTERS.fullmatch(value):
        return "is no plain URL"
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return "is no plain URL"
    if parts.scheme not in ("http", "https") or parts.username is not None:
        return "must be an http or https URL without a user"
    return _unfit_host(parts.netloc.lower() if parts.netloc.lower() in allowed else host, allowed)
