"""Looking at the world from outside: what a client of the service would see, whatever a run says."""

from __future__ import annotations

import http.client
from collections.abc import Mapping

from architect.sandbox.world import LOOPBACK, World

_TIMEOUT_S = 10


def look(world: World) -> Mapping[str, bool]:
    """Return what was seen, in words, and whether it is well: a new client of the service's role, and its health."""
    return dict((_client(world), _health(world)))


def _client(world: World) -> tuple[str, bool]:
    import psycopg

    role = world.deployment.service_role
    try:
        with psycopg.connect(
            world.database_url(role), passfile=str(world.passwords(role)), connect_timeout=_TIMEOUT_S
        ) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        refusal = " ".join(str(error).partition("FATAL:")[2].split()) or type(error).__name__
        return f"a new client is refused: {refusal}", False
    return "a new client can connect", True


def _health(world: World) -> tuple[str, bool]:
    connection = http.client.HTTPConnection(LOOPBACK, world.ports.service, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except OSError as error:
        return f"/health does not answer: {error}", False
    finally:
        connection.close()
    return f"/health answers {status}", status == http.client.OK
