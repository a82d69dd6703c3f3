"""The other servers of the world: Valkey, the AWS endpoint, the service, the gateway."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from pathlib import Path

from architect.sandbox.processes import ServerUser, start
from architect.sandbox.waiting import is_listening, wait_for
from architect.sandbox.world import LOOPBACK, Ports, SandboxError, World


def start_cache(
    server: Path, *, port: int, folder: Path, user: ServerUser | None, log: Path
) -> subprocess.Popen[bytes]:
    """Start Valkey without persistence."""
    options = ["--bind", LOOPBACK, "--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "no"]
    return start([server, *options, "--latency-tracking", "no"], log=log, user=user)


def start_aws(*, port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start the endpoint for S3, EC2 and WAFv2."""
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
    argv = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
    return start(argv, log=log, environment=environment)


def make_bucket(port: int, name: str) -> None:
    """Make an S3 bucket."""
    status = _request(port, "PUT", f"/{name}")
    if status != http.client.OK:
        raise SandboxError(f"the bucket {name} could not be made: the endpoint answered {status}")


def fill_cache(port: int, count: int) -> None:
    """Put the same keys into every world: a cache in front of the orders, and a few sessions."""
    import redis  # imported here: the command line must start without it

    with redis.Redis(host=LOOPBACK, port=port) as client:
        for number in range(1, count + 1):
            client.set(f"cache:order:{number}", f'{{"id": {number}, "status": "paid"}}', ex=3600)
        for number in range(1, count // 10 + 1):
            client.hset(f"session:{number}", mapping={"customer": number, "theme": "dark"})


def start_service(world: World, *, log: Path) -> subprocess.Popen[bytes]:
    """Start the small service that the world is there for."""
    role = world.deployment.service_role
    environment = {
        **os.environ,
        "DATABASE_URL": world.database_url(role),
        "PGPASSFILE": str(world.passwords(role)),
        "REDIS_URL": f"redis://{LOOPBACK}:{world.ports.cache}/0",
    }
    argv = [sys.executable, "-m", "architect.service", "--host", LOOPBACK, "--port", str(world.ports.service)]
    return start(argv, log=log, environment=environment)


def wait_until_listening(process: subprocess.Popen[bytes], port: int, *, what: str, log: Path) -> None:
    """Return once the server accepts connections."""
    wait_for(lambda: is_listening(port), process, what=what, log=log)


def addresses(ports: Ports) -> dict[str, int]:
    """Return the port of every server by its name."""
    return {name: getattr(ports, name) for name in Ports.__dataclass_fields__}


def _request(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=20)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    finally:
        connection.close()
