"""The ASGI application: `/health` and a page of orders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import AsyncConnection, Error
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from architect.service.health import ANSWER_WITHIN_S, Dependency, ask_all

_RECENT = "SELECT id, customer_id, total_cents, status FROM orders ORDER BY placed_at DESC, id DESC LIMIT 20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """What the service talks to."""

    pool: AsyncConnectionPool[AsyncConnection]
    cache: Redis

    async def ask_database(self) -> None:
        """Take a connection that works from the pool and use it."""
        async with self.pool.connection(timeout=ANSWER_WITHIN_S * 0.9) as connection:
            await connection.execute("SELECT 1")

    async def ask_cache(self) -> None:
        """Ask the cache for a sign of life."""
        await self.cache.exists("health")

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """What `/health` asks."""
        return (
            Dependency(name="database", ask=self.ask_database, failures=(Error, PoolTimeout)),
            Dependency(name="cache", ask=self.ask_cache, failures=(RedisError, OSError)),
        )


def create_application(*, database_url: str, redis_url: str) -> Starlette:
    """Build the service. Its pool keeps no idle connection for long: who needs one must be able to get one."""

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        pool: AsyncConnectionPool[AsyncConnection] = AsyncConnectionPool(
            database_url,
            min_size=0,
            max_size=4,
            max_idle=1.0,
            open=False,
            check=AsyncConnectionPool.check_connection,
            kwargs={"application_name": "dashboard", "connect_timeout": 2},
            reconnect_timeout=1.0,
        )
        async with pool, Redis.from_url(redis_url, socket_timeout=ANSWER_WITHIN_S) as cache:
            application.state.backends = Backends(pool=pool, cache=cache)
            yield

    return Starlette(routes=[Route("/health", health), Route("/orders", orders)], lifespan=lifespan)


async def health(request: Request) -> JSONResponse:
    """Answer 200 when every dependency works, else 503, and name each."""
    backends: Backends = request.app.state.backends
    found = await ask_all(backends.dependencies)
    status = "ok" if found.is_healthy else "failing"
    body = {"status": status, "dependencies": dict(found.dependencies)}
    return JSONResponse(body, status_code=200 if found.is_healthy else 503)


async def orders(request: Request) -> JSONResponse:
    """Answer with the newest orders; 503 when the database has no connection left."""
    backends: Backends = request.app.state.backends
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S), backends.pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            rows = await (await cursor.execute(_RECENT)).fetchall()
    except (Error, PoolTimeout, TimeoutError) as failure:
        return JSONResponse({"error": type(failure).__name__}, status_code=503)
    return JSONResponse({"orders": rows})
