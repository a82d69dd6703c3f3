"""Starting the gateway of a world."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from architect.sandbox.processes import start
from architect.sandbox.servers import addresses
from architect.sandbox.waiting import is_listening, wait_for
from architect.sandbox.world import LOOPBACK, SandboxError, Walls, World

POSTGRES_PORT, REDIS_PORT = 5432, 6379
"""Where a run expects these servers if nothing tells it otherwise; inside the walls they are there."""


def start_gateway(world: World, *, writable: Sequence[Path], log: Path) -> tuple[subprocess.Popen[bytes], Walls]:
    """Start the gateway; what lies in `writable`, and HOME of the run, can be written behind the walls."""
    ports = addresses(world.ports)
    inside = {port: port for port in ports.values()}
    inside |= {POSTGRES_PORT: world.ports.primary, REDIS_PORT: world.ports.cache}
    hosts_file = world.folder / "hosts"
    names = sorted({host.partition(":")[0] for host in world.deployment.hosts})
    hosts_file.write_text(f"{LOOPBACK} localhost {' '.join(names)}\n", encoding="utf-8")
    order = {
        "ports": ports,
        "hosts": dict(world.deployment.hosts),
        "inside": inside,
        "writable": [str(path) for path in (world.home, *writable)],
        "visible": [str(world.folder), sys.prefix, sys.base_prefix],
        "hosts_file": str(hosts_file),
        "tls": str(world.folder / "tls"),
    }
    argv = [sys.executable, "-m", "architect.sandbox.gateway", json.dumps(order)]
    process = start(argv, log=log, stdout=subprocess.PIPE)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        raise SandboxError("the gateway ended", hint=f"see {log}")
    wait_for(lambda: is_listening(world.ports.proxy), process, what="the gateway", log=log)
    return process, Walls(**json.loads(line))
