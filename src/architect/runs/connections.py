"""Where a client command points: `psql $DATABASE_URL`, `redis-cli -h cache`, read as words, never executed. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import unquote, urlsplit, urlunsplit

from architect.kernel.errors import RefusedError

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_PROGRAM = re.compile(r"[`;&|<>()\n]|\$\(")
_PASSWORD = re.compile(
    r"(?P<before>://[^:/@\s]*:|\b(?:password|passwd|pwd)\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^@\s'\"]+)", re.IGNORECASE
)
_PSQL_VALUED = {
    "-h": "host", "--host": "host", "-p": "port", "--port": "port",
    "-U": "user", "--username": "user", "-d": "dbname", "--dbname": "dbname",
}  # fmt: skip
_PSQL_OTHER_VALUED = frozenset(
    ("-v", "--set", "--variable", "-P", "--pset", "-F", "-R", "-o", "-L", "-T", "-c", "-f", "--command")
)
_REDIS_VALUED = {"-h": "host", "-p": "port", "-n": "db", "--user": "username", "-u": "url"}
_PG_ENVIRONMENT = {
    "PGHOST": "host", "PGHOSTADDR": "hostaddr", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname",
    "PGPASSFILE": "passfile",
    "PGPASSWORD": "password", "PGSSLMODE": "sslmode", "PGSSLROOTCERT": "sslrootcert", "PGOPTIONS": "options",
    "PGCONNECT_TIMEOUT": "connect_timeout", "PGTARGETSESSIONATTRS": "target_session_attrs",
}  # fmt: skip
_PORTS = 65536


class ConnectionTextError(RefusedError):
    """A connection is written in a way that only a shell understands."""

    code = "connection-text"


def shown(text: str) -> str:
    """Return the beginning of a connection as it may be shown: without a password in it."""
    return _PASSWORD.sub(r"\g<before>…", text)[:80]


class NoValueError(ConnectionTextError):
    """A connection names a variable that has no value yet."""

    code = "connection-value"


def expanded_words(text: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words of a client command with variables put in, each as part of one word.

    Raises ConnectionTextError for whatever else a shell would do, and for variables without a value.
    """
    if _PROGRAM.search(text):
        raise ConnectionTextError(f"the connection `{shown(text)}` needs a shell", hint="name the database plainly")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ConnectionTextError(f"the connection `{shown(text)}` has open quotes") from error
    return tuple(expand(word, variables) for word in words)


def expand(word: str, variables: Mapping[str, str]) -> str:
    """Return one word with its variables put in; raises ConnectionTextError for one without a value."""
    missing = [a or b for a, b in _VARIABLE.findall(word) if (a or b) not in variables]
    if missing:
        raise NoValueError(f"no value for {missing[0]}", hint=f"--set {missing[0]}=… or the profile's environment")
    return _VARIABLE.sub(lambda match: variables[match[1] or match[2]], word)


def postgres_parameters(text: str | None, variables: Mapping[str, str]) -> Mapping[str, str]:
    """Return libpq's parameters for `psql …`, a URL, a conninfo string or nothing, over the PG* variables.

    A whole URL or conninfo string comes as `dbname`, which libpq expands.
    """
    found = {name: variables[key] for key, name in _PG_ENVIRONMENT.items() if variables.get(key)}
    if "passfile" not in found and variables.get("HOME"):
        found["passfile"] = f"{variables['HOME']}/.pgpass"
    words = expanded_words(text, variables) if text else ()
    if words and words[0].rpartition("/")[2] == "psql":
        found |= _psql_options(words[1:])
    elif len(words) == 1:
        found["dbname"] = words[0]
    elif words and all("=" in word for word in words):
        found["dbname"] = expand((text or "").strip(), variables)
    elif words:
        raise ConnectionTextError(
            f"the connection `{shown(text or '')}` is not psql's", hint="run it in your own terminal"
        )
    return found


def place_options(text: str) -> str:
    """Return the options of a PostgreSQL client that say where it connects, as `psql …`; empty where it has none."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return ""
    found: list[str] = []
    for number, word in enumerate(words):
        if word in _PSQL_VALUED and number + 1 < len(words):
            found += [word, words[number + 1]]
        elif word.partition("=")[0] in _PSQL_VALUED and word.startswith("--"):
            found.append(word)
    return f"psql {shlex.join(found)}" if found else ""


def _psql_options(words: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    positionals: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        name, separator, value = word.partition("=")
        if word in _PSQL_VALUED and at + 1 < len(words):
            at += 1
            found[_PSQL_VALUED[word]] = words[at]
        elif separator and name in _PSQL_VALUED:
            found[_PSQL_VALUED[name]] = value
        elif word[:2] in _PSQL_VALUED and len(word) > 2 and not word.startswith("--"):
            found[_PSQL_VALUED[word[:2]]] = word[2:]
        elif word in _PSQL_OTHER_VALUED:
            at += 1
        elif not word.startswith("-"):
            positionals.append(word)
        at += 1
    return found | dict(zip(("dbname", "user"), positionals, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheAddress:
    """Where a Redis-compatible server is."""

    host: str
    port: int
    database: int = 0
    username: str | None = None


def redis_address(text: str | None, variables: Mapping[str, str]) -> CacheAddress:
    """Return the address that `redis-cli …`, a URL or `REDIS_URL`, `REDIS_HOST`, `REDIS_PORT` names.

    Raises ConnectionTextError where the address is none.
    """
    words = expanded_words(text, variables) if text else ()
    given = {_REDIS_VALUED[option]: value for option, value in pairwise(words) if option in _REDIS_VALUED}
    url = given.get("url") or next((word for word in words if "://" in word), "")
    if not url and "host" not in given:
        url = variables.get("REDIS_URL", "")
    settings = {"host": variables.get("REDIS_HOST", ""), "port": variables.get("REDIS_PORT", "")}
    found = {"host": "127.0.0.1", "port": "6379", "db": "0"}
    for source in (settings, given, _redis_url_parts(url), {"db": given.get("db", "")}):
        found |= {name: value for name, value in source.items() if value}
    if not found["port"].isdecimal() or not 0 < int(found["port"]) < _PORTS:
        raise ConnectionTextError(f"{found['port'][:40]!r} is no port of a cache", hint="give a number up to 65535")
    database = int(found["db"]) if found["db"].isdecimal() else 0
    return CacheAddress(host=found["host"], port=int(found["port"]), database=database, username=found.get("username"))


def _redis_url_parts(url: str) -> dict[str, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConnectionTextError("the address of the cache is no URL", hint="expected redis://HOST:PORT/0") from error
    named = {
        "host": parts.hostname,
        "port": port and str(port),
        "db": parts.path.strip("/"),
        "username": parts.username,
    }
    return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """Values without passwords, and the passwords by the ways on which tools take them."""

    values: Mapping[str, str]
    pgpass: tuple[str, ...] = ()
    redis_password: str | None = None
    secrets: frozenset[str] = field(default_factory=frozenset)


def without_passwords(values: Mapping[str, str]) -> HandedOut:
    """Take the passwords out of all database and cache URLs: lines for PGPASSFILE, one word for REDISCLI_AUTH."""
    found: dict[str, str] = {}
    lines: list[str] = []
    secrets: set[str] = set()
    redis_password: str | None = None
    for name, value in values.items():
        scheme = value.partition("://")[0].lower()
        is_postgres, is_redis = scheme in ("postgres", "postgresql"), scheme in ("redis", "rediss")
        password = _password(value) if is_postgres or is_redis else None
        if password is None:
            found[name] = value
            continue
        secrets.add(password)
        found[name] = _stripped(value)
        if is_postgres:
            lines.append(_pgpass_line(value, password))
        else:
            redis_password = password
    return HandedOut(
        values=found, pgpass=tuple(dict.fromkeys(lines)), redis_password=redis_password, secrets=frozenset(secrets)
    )


def _password(url: str) -> str | None:
    try:
        password = urlsplit(url).password
    except ValueError:
        return None
    return unquote(password) if password else None


def _stripped(url: str) -> str:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{name}@{host}" if name else host))


def _pgpass_line(url: str, password: str) -> str:
    parts = urlsplit(url)
    fields = (
        parts.hostname or "*",
        str(parts.port or 5432),
        unquote(parts.path.lstrip("/")) or "*",
        unquote(parts.username or "") or "*",
        password,
    )
    return ":".join(re.sub(r"([:\\])", r"\\\1", part) for part in fields)
