"""Slugs: the anchors that code hosts give to headings."""

from __future__ import annotations

import re

from architect.kernel.ids import RunbookId
from architect.runbooks.wording import plain

_DROPPED = re.compile(r"[^\w\- ]")


def slug_of(title: str) -> str:
    """Return the anchor of a heading: lower case, punctuation dropped, blanks as hyphens."""
    return _DROPPED.sub("", plain(title).lower()).strip().replace(" ", "-") or "runbook"


class Slugs:
    """Gives each title its slug, with `-1`, `-2` for repeats."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}
        self._given: set[str] = set()

    def give(self, title: str) -> RunbookId:
        """Return the slug of `title`, different from every one given before."""
        base = slug_of(title)
        slug = base
        while slug in self._given:
            self._count[base] = self._count.get(base, 0) + 1
            slug = f"{base}-{self._count[base]}"
        self._given.add(slug)
        return RunbookId(slug)
