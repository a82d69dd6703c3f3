"""The operated service: an ASGI application over a PostgreSQL pool and a Redis client, and its health.

Today it is what the sandbox operates; limits, metrics, profiles and the pages mount into it later. Knows nothing of
runs or runbooks.
"""
