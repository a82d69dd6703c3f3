"""Runs migrations on the connection that `architect.storage.upgrading` hands over."""

from __future__ import annotations

from alembic import context

from architect.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, render_as_batch=False, transaction_per_migration=False
)
context.run_migrations()
