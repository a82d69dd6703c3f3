"""Orders to a world that is up, over a socket in its folder: one JSON object a line, one answer each."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any, Protocol

from architect.kernel.errors import ArchitectError
from architect.sandbox.world import SandboxError, World

_ANSWER_WITHIN_S = 120.0


class Bench(Protocol):
    """Puts faults into the world and takes them out."""

    def put_in(self, name: str, options: Mapping[str, str]) -> Mapping[str, Any]:
        """Put the fault in and return what it did."""
        ...

    def take_out(self, name: str) -> Mapping[str, Any]:
        """Take the fault out as far as that is possible."""
        ...


def open_door(world: World) -> socket.socket:
    """Return the socket on which orders arrive; from here on they wait for an answer."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(world.control))
    listener.listen()
    return listener


def serve_orders(listener: socket.socket, bench: Bench) -> None:
    """Answer orders, one after the other, until a signal ends the process."""
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw", encoding="utf-8") as stream:
            connection.settimeout(_ANSWER_WITHIN_S)
            line = stream.readline()
            if line:
                stream.write(json.dumps(_answer(line, bench)) + "\n")


def give_order(world: World, order: Mapping[str, Any]) -> Mapping[str, Any]:
    """Send an order and return the answer. Raises SandboxError when the world refuses it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_WITHIN_S)
        connection.connect(str(world.control))
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps(order) + "\n")
            stream.flush()
            answer: dict[str, Any] = json.loads(stream.readline() or '{"error": "no answer"}')
    if "error" in answer:
        raise SandboxError(answer["error"])
    return answer


def _answer(line: str, bench: Bench) -> Mapping[str, Any]:
    try:
        match json.loads(line):
            case {"order": "fault", "name": str(name), "options": dict(options)}:
                return bench.put_in(name, options)
            case {"order": "clear", "name": str(name)}:
                return bench.take_out(name)
    except ArchitectError as error:
        return {"error": str(error)}
    except json.JSONDecodeError as error:
        return {"error": f"not JSON: {error}"}
    return {"error": "not an order"}
