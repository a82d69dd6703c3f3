"""Conditions on a cache's reply, REDIS actions, and a setting before it is changed."""

from __future__ import annotations

import ipaddress
import shlex
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from architect.kernel.errors import ArchitectError, OutsideError
from architect.runs.connections import redis_address
from architect.runs.events import Outcome
from architect.runs.measuring import cannot_tell, of_reply
from architect.runs.model import Condition, PlannedAction, Truth, UndoPlan
from architect.runs.ports import (
    ActionOutcome,
    ActionRequest,
    Captured,
    ConditionAsker,
    Measurement,
    NativeRunner,
    OutputSink,
    RunContext,
    Stop,
    Stream,
    UndoReader,
)

if TYPE_CHECKING:
    import redis

TIMEOUT_S = 5.0
PASSWORD_VARIABLE = "REDISCLI_AUTH"  # noqa: S105 - the variable's name
_NEVER_ENDING = frozenset(("MONITOR", "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "SYNC", "PSYNC"))


class CacheUnreachableError(OutsideError):
    """A cache does not answer."""

    code = "cache-unreachable"


class RedisConditions(ConditionAsker):
    """Asks REDIS_REPLY conditions."""

    def ask(self, condition: Condition, context: RunContext) -> Measurement:
        """Send the one command and compare its reply; no answer at all is the plain opposite of one."""
        variables = {**context.environment, **context.values}
        try:
            reply = call(condition.connection, variables, condition.subject.split())
        except CacheUnreachableError as error:
            return Measurement(truth=Truth.DOES_NOT, detail=error.message)
        except ArchitectError as error:
            return cannot_tell(error.message)
        return of_reply(condition, _text(reply))


class RedisRunner(NativeRunner):
    """Runs REDIS actions: one command a line, the first error ends it."""

    def start(self, request: ActionRequest, sink: OutputSink, stop: Stop) -> ActionOutcome:
        """Send the commands in order and show each reply."""
        variables = {**request.environment, **request.values}
        for line in request.action.executed.splitlines():
            if not line.strip() or stop.is_set():
                continue
            try:
                words = shlex.split(line)
                reply = call(request.action.connection, variables, words)
            except (ArchitectError, ValueError) as error:
                return ActionOutcome(outcome=Outcome.FAILED, exit_status=1, reason=str(error)[:300])
            sink.write(Stream.STDOUT, ("\n".join(shown(reply)) + "\n").encode("utf-8", "replace"))
        if stop.is_set():
            return ActionOutcome(outcome=Outcome.STOPPED, reason="stopped between two commands")
        return ActionOutcome(outcome=Outcome.SUCCEEDED)


class RedisUndo(UndoReader):
    """Reads a setting before it is changed."""

    def capture(self, action: PlannedAction, undo: UndoPlan, context: RunContext) -> Captured:
        """Return the present value of a setting."""
        name = dict(undo.arguments)["name"]
        reply = call(action.connection, {**context.environment, **context.values}, ["CONFIG", "GET", name])
        found = _pairs(reply)
        if name not in found:
            return Captured(text="", impossible=f"there is no setting {name}")
        command = f"redis-cli CONFIG SET {shlex.quote(name)} {shlex.quote(found[name])}"
        return Captured(text=f"{name} back to {found[name]}", values=((name, found[name]),), commands=(command,))


def identity(text: str | None, variables: Mapping[str, str]) -> str:
    """Return who a cache is: the address behind its name, so that two spellings of one are the same.

    A loopback address is this host's own. Raises CacheUnreachableError for a name that leads nowhere.
    """
    where = redis_address(text, variables)
    try:
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise CacheUnreachableError(f"the cache's name leads nowhere: {error.strerror}") from error
    address = min(str(sockaddr[0]) for *_, sockaddr in found)
    host = f"loopback of {socket.gethostname()}" if ipaddress.ip_address(address).is_loopback else address
    return f"{host}:{where.port}"


def call(text: str | None, variables: Mapping[str, str], words: Sequence[str]) -> object:
    """Send one command and return its reply as it came.

    Raises CacheUnreachableError when nothing answers, OutsideError when the server refuses the command.
    """
    import redis

    if words and words[0].upper() in _NEVER_ENDING:
        raise OutsideError(f"{words[0]} never ends; it runs through redis-cli")
    client = _client(text, variables)
    client.response_callbacks.clear()
    try:
        return client.execute_command(*words)  # type: ignore[no-untyped-call]
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise CacheUnreachableError(f"the cache does not answer: {' '.join(str(error).split())[:200]}") from error
    except redis.RedisError as error:
        raise OutsideError(f"the cache refuses: {' '.join(str(error).split())[:200]}") from error
    finally:
        client.close()


def _client(text: str | None, variables: Mapping[str, str]) -> redis.Redis:
    import redis

    where = redis_address(text, variables)
    return redis.Redis(
        host=where.host,
        port=where.port,
        db=where.database,
        username=where.username,
        password=variables.get(PASSWORD_VARIABLE),
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        decode_responses=False,
    )


def shown(reply: object, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a reply, as redis-cli shows it to people."""
    indent = "   " * depth
    if isinstance(reply, Mapping):
        reply = [part for pair in reply.items() for part in pair]
    if isinstance(reply, list | tuple):
        if not reply:
            yield f"{indent}(empty array)"
        for number, item in enumerate(reply, start=1):
            lines = list(shown(item, depth + 1))
            yield f"{indent}{number}) {lines[0].strip()}"
            yield from lines[1:]
    elif reply is None:
        yield f"{indent}(nil)"
    else:
        yield from (f"{indent}{line}" for line in _text(reply).splitlines() or [""])


def _pairs(reply: object) -> Mapping[str, str]:
    """Return the pairs of a reply: a map of the newer protocol, a flat list of the older one."""
    if isinstance(reply, Mapping):
        return {_text(key): _text(value) for key, value in reply.items()}
    parts = [_text(part) for part in reply] if isinstance(reply, list) else []
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
