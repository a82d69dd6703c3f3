"""Run the gateway of one world."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from architect.sandbox.gateway.certificates import issue
from architect.sandbox.gateway.proxy import Proxy, close, relay
from architect.sandbox.gateway.routes import Routes, split_authority
from architect.sandbox.processes import IS_LINUX, launch
from architect.sandbox.toolbox import ENTERING

_LOOPBACK = "127.0.0.1"
_MOST_PORTS = 64


def main() -> None:
    """Build the walls where the kernel offers them, then pass connections on until killed."""
    order = json.loads(sys.argv[1])
    door, holder = _start_holder(order)
    walls, listeners = _receive(door, holder)
    print(json.dumps(walls), flush=True)  # noqa: T201
    asyncio.run(_serve(order, dict(zip(order["inside"], listeners, strict=False))))


def _start_holder(order: Mapping[str, Any]) -> tuple[socket.socket, subprocess.Popen[bytes] | None]:
    ours, theirs = socket.socketpair()
    if not IS_LINUX or not all(shutil.which(program) for program in ENTERING):
        return ours, None
    wish = {
        "ports": [int(port) for port in order["inside"]],
        "writable": order["writable"],
        "visible": order["visible"],
        "hosts": order["hosts_file"],
    }
    argv = [sys.executable, "-m", "architect.sandbox.gateway.walls", str(theirs.fileno()), json.dumps(wish)]
    holder = launch(argv, death=signal.SIGKILL, pass_fds=[theirs.fileno()], stdout=subprocess.DEVNULL)
    theirs.close()
    return ours, holder


def _receive(
    door: socket.socket, holder: subprocess.Popen[bytes] | None
) -> tuple[dict[str, object], list[socket.socket]]:
    """Take what the holder of the namespaces says: its sockets, or why there are none."""
    if holder is None:
        return {"holder": None, "reason": "needs Linux with nsenter and setpriv"}, []
    word, descriptors, _, _ = socket.recv_fds(door, 4096, _MOST_PORTS)
    if word != b"ready":
        reason = word.decode(errors="replace") or "the kernel refused them"
        return {"holder": None, "reason": f"no user and network namespaces here: {reason}"}, []
    return {"holder": holder.pid, "reason": ""}, [socket.socket(fileno=descriptor) for descriptor in descriptors]


async def _serve(order: Mapping[str, Any], listeners: Mapping[str, socket.socket]) -> None:
    routes = Routes(ports=order["ports"], hosts=order["hosts"])
    tls = _speak_for(routes, Path(order["tls"]))
    proxy = Proxy(routes=routes, tls=tls)
    servers = [await asyncio.start_server(proxy.handle, _LOOPBACK, order["ports"]["proxy"])]
    for port, listener in listeners.items():
        listener.setblocking(False)
        target = int(order["inside"][port])
        inside = target == order["ports"]["proxy"]
        handler = proxy.handle if inside else partial(_pass_on, target)
        servers.append(await asyncio.start_server(handler, sock=listener))
    async with asyncio.TaskGroup() as group:
        for server in servers:
            group.create_task(server.serve_forever())


async def _pass_on(target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Join a connection from inside the walls with the server it means."""
    try:
        await relay(target, reader, writer)
    except ConnectionError:
        return
    finally:
        await close(writer)


def _speak_for(routes: Routes, folder: Path) -> ssl.SSLContext:
    names = [split_authority(host, 443)[0] for host in routes.hosts]
    issue(folder, ["localhost", *names])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


if __name__ == "__main__":
    main()
