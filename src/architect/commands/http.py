"""What requests of curl, wget and httpie do: method, address, body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from architect.commands.calls import Call, Certainty, StdinKind, Word
from architect.commands.environment import is_secret_name
from architect.commands.http_apis import is_paging, judge_request
from architect.commands.known import Known
from architect.commands.model import CommandEffect, Effect, Flag, Target
from architect.commands.paths import shows_secret

_DATA = (
    "--data",
    "--data-ascii",
    "--data-binary",
    "--data-raw",
    "--data-urlencode",
    "--json",
    "--form",
    "--form-string",
)
_WGET_DATA = ("--post-data", "--post-file", "--body-data", "--body-file")
_FILE_FORMS = ("--form", "--data", "--data-ascii", "--data-binary", "--json")
_SHOWS_HEADERS = ("--verbose", "--trace", "--trace-ascii", "--debug")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://|(?i:(file):)(?=/)")
_LOCAL = re.compile(r"(?:localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0)$")
_READING_QUOTE = re.compile(
    r"[-+*]?\s*(?:NLST|LIST|SIZE|HELP|PASV|EPSV|CWD|PWD|STAT|NOOP|SYST|FEAT|MDTM|TYPE)\b", re.IGNORECASE
)
_OVERRIDES_METHOD = re.compile(r"\s*X-(?:HTTP-)?Method(?:-Override)?\s*:", re.IGNORECASE)
_METHOD_WORD = re.compile(r"[A-Z]+")
_HTTPIE_SENDS = re.compile(r"[^:=@]+(?::=@?|=@?|@)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """One call's requests: the same method and body to every address."""

    method: str | None
    urls: tuple[Word, ...]
    body: tuple[Word, ...] = ()
    files: tuple[Word, ...] = ()
    queries: tuple[Word, ...] = ()
    user: Word | None = None


def judge_http_call(call: Call) -> tuple[CommandEffect, ...]:
    """Judge a call of curl, wget or httpie; nothing raises."""
    match call.tool:
        case "curl":
            request = _curl(call)
        case "wget":
            request = _wget(call)
        case _:
            request = _httpie(call)
    if not request.urls:
        return (_effect(call, Known(Effect.UNKNOWN, "the address is not in the text"), "http", request, None),)
    return tuple(_judge(call, request, url) for url in request.urls)


def _curl(call: Call) -> _Request:
    urls = (*(given.value for given in call.given("--url") if given.value is not None), *call.positionals)
    data = [(given.option, given.value) for given in call.given(*_DATA) if given.value is not None]
    uploads = [given.value for given in call.given("--upload-file") if given.value is not None]
    as_query = bool(call.given("--get"))
    method = "POST" if data and not as_query else "GET"
    if call.given("--head"):
        method = "HEAD"
    if uploads:
        method = "PUT"
    body = tuple(value for _, value in data)
    files = [found for option, value in data if (found := _file_in(option, value)) is not None]
    queries = body if as_query else ()
    added = [given.value for given in call.given("--url-query") if given.value is not None]
    files += [found for value in added if (found := _file_in("--data-urlencode", value)) is not None]
    cookies = [given.value for given in call.given("--cookie") if given.value is not None]
    files += [cookie for cookie in cookies if "=" not in cookie.prefix and cookie.value is not None]
    return _Request(
        method=_chosen_method(call, "--request", method),
        urls=urls,
        body=body,
        files=(*files, *uploads),
        queries=(*queries, *added),
    )


def _wget(call: Call) -> _Request:
    body = tuple(given.value for given in call.given(*_WGET_DATA) if given.value is not None)
    files = tuple(given.value for given in call.given("--post-file", "--body-file") if given.value is not None)
    method = "HEAD" if call.given("--spider") else "POST" if call.given("--post-data", "--post-file") else "GET"
    return _Request(method=_chosen_method(call, "--method", method), urls=call.positionals, body=body, files=files)


def _httpie(call: Call) -> _Request:
    words = list(call.positionals)
    method: str | None = None
    if len(words) > 1 and words[0].value is not None and _METHOD_WORD.fullmatch(words[0].value):
        method = words.pop(0).value
    if not words:
        return _Request(method=method, urls=())
    items = [word for word in words[1:] if _HTTPIE_SENDS.match(word.prefix) and "==" not in word.prefix]
    files = [_part(word, word.prefix.index("@") + 1) for word in items if "@" in word.prefix]
    is_fed = call.stdin.kind is not StdinKind.INHERITED and not call.given("--ignore-stdin")
    sends = bool(items) or bool(call.given("--raw")) or (is_fed and call.stdin.text != "")
    url = words[0]
    if url.prefix.startswith(":"):
        url = replace(url, value=_local_url(url.value), prefix=_local_url(url.prefix) or "")
    return _Request(
        method=method or ("POST" if sends else "GET"), urls=(url,), body=tuple(words[1:]), files=tuple(files)
    )


def _local_url(address: str | None) -> str | None:
    """Spell out httpie's short form of addresses on this machine."""
    if address is None:
        return None
    return "http://localhost" + (address if re.match(r":\d", address) else address[1:])


def _chosen_method(call: Call, option: str, default: str) -> str | None:
    """Return the method that an option names, None where text cannot tell."""
    given = call.given(option)
    if not given:
        return default
    word = given[-1].value
    return word.value.upper() if word is not None and word.value is not None else None


def _file_in(option: str, value: Word) -> Word | None:
    """Return the file that a piece of the body is read from."""
    if option in _FILE_FORMS[1:] and value.prefix.startswith("@"):
        return _part(value, 1)
    match = re.match(r"[^=]*=[@<]", value.prefix) if option == "--form" else re.match(r"[^=@]*@", value.prefix)
    if match is None or option not in ("--form", "--data-urlencode"):
        return None
    return _part(value, match.end())


def _part(word: Word, at: int) -> Word:
    known = None if word.value is None else word.value[at:].partition(";")[0]
    return replace(
        word, value=known, prefix=word.prefix[at:].partition(";")[0], shape=word.shape[at:].partition(";")[0]
    )


def _judge(call: Call, request: _Request, url: Word) -> CommandEffect:
    scheme, host, path, query = _address(url)
    known, system = _judged_address(request, url, (scheme, host, path, query))
    for candidate in (*_sent_secrets(call, request, url, host), *_hidden_words(call)):
        if candidate.effect.rank > known.effect.rank:
            known = candidate
    return _effect(call, known, system, request, url)


def _judged_address(request: _Request, url: Word, address: tuple[str, str, str, str]) -> tuple[Known, str]:
    scheme, host, path, query = address
    if not _is_host_known(url, host):
        return Known(Effect.UNKNOWN, "the host is a value that the text does not tell"), "http"
    if scheme == "file":
        return _local_file(path, url), "host"
    if scheme in ("ftp", "ftps", "sftp") and request.method == "GET":
        return Known(Effect.READ, "fetches or lists files"), scheme
    if scheme not in ("http", "https"):
        return Known(Effect.UNKNOWN, f"what is sent over {scheme} is not known"), scheme
    if request.method is None:
        return Known(Effect.UNKNOWN, "the method is a value that the text does not tell"), "http"
    if url.value is None and _hides_path(url, path):
        return Known(Effect.UNKNOWN, "the path is a value that the text does not tell"), "http"
    return judge_request(request.method, host, path, query)


def _address(url: Word) -> tuple[str, str, str, str]:
    """Return scheme, host (lower case, without port and user), path and query of an address, as far as it is known."""
    text = url.value if url.value is not None else url.prefix
    match = _SCHEME.match(text)
    scheme = (match[1] or match[2]).lower() if match else _guessed_scheme(text)
    try:
        parts = urlsplit(text if match else f"{scheme}://{text}")
        host = (parts.hostname or "").lower()
    except ValueError:
        return scheme, "", "", ""
    return scheme, host, unquote(parts.path), unquote(parts.query)


def _guessed_scheme(text: str) -> str:
    name = text.partition(".")[0].lower()
    return name if name in ("ftp", "dict", "ldap", "imap", "smtp", "pop3") else "http"


def _is_host_known(url: Word, host: str) -> bool:
    if url.value is not None:
        return bool(host) or url.value.startswith("file:")
    behind = _SCHEME.sub("", url.prefix, count=1)
    return "/" in behind or "?" in behind


def _hides_path(url: Word, path: str) -> bool:
    """Say whether the unknown part could be the whole path of the address, or which action it names."""
    return url.certainty is Certainty.OPAQUE or ("?" not in url.prefix and len(path.strip("/")) == 0)


def _local_file(path: str, url: Word) -> Known:
    if url.value is None or shows_secret(Word(text=path, start=0, end=0, value=path, prefix=path, shape=path)):
        return Known(Effect.EXPOSES, f"shows the file {path}", frozenset((Flag.READS_SECRET,)))
    return Known(Effect.READ, f"reads the file {path}", frozenset((Flag.LOCAL_HOST,)))


def _sent_secrets(call: Call, request: _Request, url: Word, host: str) -> Iterator[Known]:
    """Yield what secrets leave this machine in the address or the body; a header to a named host is normal use."""
    if re.match(r"(?:\w+://)?[^/@:]*:[^/@]+@", url.prefix):
        yield Known(Effect.EXPOSES, "carries a password in the URL", frozenset((Flag.READS_SECRET,)))
    if any(is_secret_name(name) for name in url.variables) and not is_paging(host):
        yield Known(Effect.EXPOSES, "carries a secret in the URL", frozenset((Flag.READS_SECRET,)))
    if any(is_secret_name(name) for word in request.body for name in word.variables) and not is_paging(host):
        yield Known(Effect.EXPOSES, "sends a secret in the body", frozenset((Flag.READS_SECRET,)))
    if call.given(*_SHOWS_HEADERS):
        sent = (given.value for given in call.given("--header", "--user", "--oauth2-bearer", "--auth", "--cookie"))
        if any(is_secret_name(name) for word in sent if word is not None for name in word.variables):
            yield Known(
                Effect.EXPOSES, "prints the headers that it sends, with a secret", frozenset((Flag.READS_SECRET,))
            )
    for file in request.files:
        if shows_secret(file):
            yield Known(Effect.EXPOSES, f"sends the file {file.prefix}", frozenset((Flag.READS_SECRET,)))


def _hidden_words(call: Call) -> Iterator[Known]:
    """Yield what FTP commands (`--quote`) and headers can hide."""
    headers = [given.value for given in call.given("--header") if given.value is not None]
    for header in (*headers, *(call.positionals if call.tool == "http" else ())):
        if header.prefix.startswith("@") or (header.value is None and ":" not in header.prefix and header in headers):
            yield Known(Effect.UNKNOWN, "sends headers that the text does not tell")
        elif _OVERRIDES_METHOD.match(header.prefix):
            yield Known(Effect.UNKNOWN, "has a header that stands for another method")
    for given in call.given("--quote"):
        if given.value is None or given.value.value is None or not _READING_QUOTE.match(given.value.value):
            yield Known(Effect.UNKNOWN, "sends a command to the FTP server")


def _effect(call: Call, known: Known, system: str, request: _Request, url: Word | None) -> CommandEffect:
    flags = set(known.flags) | {Flag.NETWORK}
    target = None
    parameters: list[tuple[str, str]] = []
    if url is not None:
        _, host, path, query = _address(url)
        flags |= {Flag.LOCAL_HOST} if _LOCAL.match(host) else set()
        target = Target(system=system, kind="", name=path or "/", scope=host)
        parameters = _parameters(request, url, query)
    return CommandEffect(
        text=call.text,
        start=call.start,
        end=call.end,
        effect=known.effect,
        reason=known.reason,
        tool=call.tool,
        system=system,
        target=target,
        flags=frozenset(flags),
        parameters=tuple(parameters),
    )


def _parameters(request: _Request, url: Word, query: str) -> list[tuple[str, str]]:
    """Return method, address and query for a check that asks the same natively; literal text only."""
    found = [("method", request.method or "")]
    if url.value is not None:
        found.append(("url", url.value))
    pieces = [word.value for word in (*request.body, *request.queries) if word.value is not None]
    for piece in (*pieces, *query.split("&")):
        key, sign, value = piece.partition("=")
        if sign and key == "query":
            found.append(("query", value))
            break
    return found
