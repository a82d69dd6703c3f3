from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from architect.access.trust import TRUST, is_trusted, revoked, trusted_after
from architect.access.trust import given as trust_given
from architect.audit.canonical import link
from architect.audit.model import GENESIS, Draft, Event, Head

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def events(*drafts: Draft) -> Iterator[Event]:
    head = Head(stream=TRUST, seq=0, hash=GENESIS)
    for draft in drafts:
        event, _ = link(head, draft, at=NOON)
        head = Head(stream=TRUST, seq=event.seq, hash=event.hash)
        yield event


PATHS, DIGESTS = st.sampled_from(["/a", "/b"]), st.sampled_from(["1", "2", ""])


@given(st.lists(st.tuples(PATHS, DIGESTS), max_size=12), PATHS, DIGESTS)
def test_exactly_the_last_content_at_exactly_its_path_is_trusted(
    words: list[tuple[str, str]], path: str, digest: str
) -> None:
    drafts = [trust_given(at, what, by="person:d") if what else revoked(at, by="person:d") for at, what in words]
    last = dict(words).get(path, "")
    trusted = list(trusted_after(events(*drafts)).values())
    assert is_trusted(path, digest, trusted) is (bool(digest) and digest == last)
