"""The first version: events, leases, locks, output, runs, people's secrets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "installation",
        sa.Column("store", sa.Text, primary_key=True, comment="UUID of this store, part of every checkpoint"),
        sa.Column("made_at", sa.Text, nullable=False),
    )
    _make_events()
    _make_leases()
    _make_runs()
    op.create_table(
        "person_secrets",
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("verifier", sa.Text, nullable=False, comment="scrypt; the log has its fingerprint"),
    )


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("at", sa.Text, nullable=False, comment="UTC with microseconds, sorts as text"),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False, comment="canonical JSON (RFC 8785)"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("prev", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq", name="events_key"),
    )
    op.create_index("events_at", "events", ["at"])
    op.create_table(
        "streams",
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column(
            "covered", _NUMBER, nullable=False, server_default=sa.text("0"), comment="seq that a checkpoint names"
        ),
    )
    condition = sa.text("seq > covered")
    op.create_index("streams_uncovered", "streams", ["stream"], postgresql_where=condition, sqlite_where=condition)


def _make_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("generation", _NUMBER, nullable=False),
        sa.Column("expires_at", sa.Text, nullable=False),
        sa.Column("is_released", sa.Boolean, nullable=False),
    )
    op.create_table(
        "target_locks",
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("profile", "target", "run", name="target_locks_key"),
    )


def _make_runs() -> None:
    op.create_table(
        "outputs",
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False, comment="zstd"),
        sa.PrimaryKeyConstraint("run", "action", "attempt", "number", name="outputs_key"),
    )
    op.create_table(
        "runs",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("line", sa.Text, nullable=True, comment="JSON; null while the number is only reserved"),
        sqlite_autoincrement=True,
    )
