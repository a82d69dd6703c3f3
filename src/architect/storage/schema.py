"""The tables. Events are the truth; `streams` and `runs` are projections of them that can be made again."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

REVISION = "0001"
"""The newest migration; a test compares it with the migrations' own head."""

metadata = MetaData()
_Number = BigInteger().with_variant(Integer(), "sqlite")

installation = Table(
    "installation",
    metadata,
    Column("store", Text, primary_key=True, comment="UUID of this store, part of every checkpoint"),
    Column("made_at", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("stream", Text, nullable=False),
    Column("seq", _Number, nullable=False),
    Column("at", Text, nullable=False, comment="UTC with microseconds, sorts as text"),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("data", Text, nullable=False, comment="canonical JSON (RFC 8785)"),
    Column("version", Integer, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("stream", "seq", name="events_key"),
    Index("events_at", "at"),
)

streams = Table(
    "streams",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", _Number, nullable=False),
    Column("hash", Text, nullable=False),
    Column("covered", _Number, nullable=False, server_default=text("0"), comment="seq that a checkpoint names"),
    Index("streams_uncovered", "stream", postgresql_where=text("seq > covered"), sqlite_where=text("seq > covered")),
)

leases = Table(
    "leases",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("generation", _Number, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("is_released", Boolean, nullable=False),
)

target_locks = Table(
    "target_locks",
    metadata,
    Column("profile", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("since", Text, nullable=False),
    PrimaryKeyConstraint("profile", "target", "run", name="target_locks_key"),
)

outputs = Table(
    "outputs",
    metadata,
    Column("run", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("stream", Text, nullable=False),
    Column("size", _Number, nullable=False),
    Column("data", LargeBinary, nullable=False, comment="zstd"),
    PrimaryKeyConstraint("run", "action", "attempt", "number", name="outputs_key"),
)

runs = Table(
    "runs",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("line", Text, nullable=True, comment="JSON; null while the number is only reserved"),
    sqlite_autoincrement=True,
)

person_secrets = Table(
    "person_secrets",
    metadata,
    Column("person", Text, primary_key=True),
    Column("verifier", Text, nullable=False, comment="scrypt; the log has its fingerprint"),
)
