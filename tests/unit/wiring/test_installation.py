from __future__ import annotations

import pytest

from architect.wiring.installation import spellings


@pytest.mark.parametrize(
    "text",
    [
        "psql postgresql://u:p@db.internal/own -c 'DROP TABLE events'",
        "psql $ARCHITECT_DATABASE_URL -c 'DROP TABLE events'",
        "psql postgresql://other@db.internal/own",
        "psql postgresql://other@db.internal:5432/own?sslmode=require",
    ],
)
def test_the_own_store_is_recognised_however_it_is_spelled(text: str) -> None:
    assert any(name in text for name in spellings("postgresql://u:p@db.internal/own"))


@pytest.mark.parametrize(
    "text", ["psql postgresql://u:p@db.internal/other", "psql $DATABASE_URL", "psql -h db.internal"]
)
def test_another_database_of_the_same_server_is_another(text: str) -> None:
    assert not any(name in text for name in spellings("postgresql://u:p@db.internal/own"))


def test_a_store_in_a_file_has_no_url() -> None:
    assert list(spellings(None)) == []
    assert list(spellings("postgresql://db.internal")) == ["postgresql://db.internal", "ARCHITECT_DATABASE_URL"]
