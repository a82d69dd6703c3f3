"""Puts a copy of the store back, with the copies of checkpoints beside it; the record says that it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from architect.audit.checkpoints import line_of, parse_line
from architect.integrations.copies.places import FileCopies
from architect.integrations.machine.who import who_is_here
from architect.kernel.clock import SystemClock
from architect.storage.backup import UPKEEP, put_back, restored
from architect.storage.database import open_database
from architect.storage.stores import open_stores, store_place
from architect.storage.upgrading import upgrade
from architect.wiring.installation import CHECKPOINTS_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Where what was there lies now, and the checkpoints that the copy does not have, in their short form."""

    aside: Path | None
    lost: tuple[str, ...]


def restore(copy: Path, folder: Path, environment: Mapping[str, str]) -> Restored:
    """Put a copy of the store into a state folder, as `put_back` does, and record it as the copy's newest event.

    A copy of an older version is upgraded. The lines of checkpoints that it does not have are kept in a file beside,
    named like the store that was there.
    """
    store = store_place(folder)
    with FileCopies(folder / CHECKPOINTS_FILE).held() as file:
        lines = file.lines()
        aside = put_back(copy, store)
        kept = _record(store, copy, aside, newest=lines[-1] if lines else "", by=who_is_here(environment).actor)
        lost = [line for line in lines if line not in kept]
        if lost:
            beside = folder / f"{CHECKPOINTS_FILE}{aside.suffix if aside else '.0'}"
            with FileCopies(beside).held() as old:
                old.replace(lines)
        file.replace(kept)
    return Restored(aside=aside, lost=tuple(map(_short, lost)))


def _record(store: Path, copy: Path, aside: Path | None, *, newest: str, by: str) -> Sequence[str]:
    """Record in the store that it is a copy; return the lines of its checkpoints."""
    database = open_database(store)
    try:
        upgrade(database, SystemClock())
    finally:
        database.close()
    with open_stores(store) as stores:
        draft = restored(copy, aside=aside, newest=_short(newest), by=by)
        stores.events.append(UPKEEP, [draft], expected_seq=len(stores.events.read(UPKEEP)))
        return [line_of(checkpoint) for checkpoint in stores.checkpoints.after(0)]


def _short(line: str) -> str:
    """Return the short form of a line; empty for one that is none."""
    try:
        copy = parse_line(line)
    except (ValueError, RecursionError):
        return ""
    return f"{copy.number}:{copy.commitment}"
