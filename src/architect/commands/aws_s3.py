"""What the high-level commands of `aws s3` do: their direction decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from architect.commands.calls import Word
from architect.commands.known import Known
from architect.commands.model import Effect, Flag
from architect.commands.paths import is_no_file, plain_path, shows_secret, writing

_SCHEME = "s3://"
_OPEN_ACLS = ("public-read", "public-read-write", "authenticated-read", "aws-exec-read")


class _Place(StrEnum):
    BUCKET = "bucket"
    LOCAL = "local"
    UNTOLD = "untold"


def judge_s3(name: str, paths: Sequence[Word], given: Mapping[str, str | None]) -> Known:
    """Return what `aws s3 NAME PATHS…` does."""
    if "dryrun" in given:
        return Known(Effect.READ, "shows what would be done (--dryrun)")
    match name:
        case "ls":
            return Known(Effect.READ, "lists a bucket")
        case "presign":
            return Known(Effect.EXPOSES, "makes a link that needs no login")
        case "mb":
            return Known(Effect.WRITE, "makes a bucket")
        case "rb":
            return Known(Effect.DESTRUCTIVE, "deletes a bucket")
        case "rm":
            return Known(Effect.DESTRUCTIVE, "deletes objects")
        case "website":
            return Known(Effect.DISRUPTIVE, "changes how a bucket is served")
        case "cp" | "mv" | "sync":
            return _transfer(name, paths, given)
    return Known(Effect.UNKNOWN, f"aws s3 {name} is not known")


def _transfer(name: str, paths: Sequence[Word], given: Mapping[str, str | None]) -> Known:
    if len(paths) != 2:
        return Known(Effect.UNKNOWN, "source and destination cannot be told")
    source, destination = paths
    known = _direction(name, source, destination)
    if given.get("acl", "") in (*_OPEN_ACLS, None) or "grants" in given:
        return Known(Effect.EXPOSES, "opens the objects to others")
    if name == "sync" and "delete" in given:
        return max(known, _deletes(destination), key=lambda candidate: candidate.effect.rank)
    return known


def _direction(name: str, source: Word, destination: Word) -> Known:
    match _place(source), _place(destination):
        case _Place.LOCAL, _Place.BUCKET if shows_secret(source):
            return Known(Effect.EXPOSES, f"uploads {source.text}", frozenset((Flag.READS_SECRET,)))
        case _Place.LOCAL, _Place.BUCKET:
            return Known(Effect.WRITE, "uploads to a bucket")
        case _Place.BUCKET, _Place.LOCAL if name == "mv":
            return Known(Effect.DISRUPTIVE, "takes objects out of a bucket")
        case _Place.BUCKET, _Place.LOCAL:
            return _download(destination)
        case _Place.BUCKET, _Place.BUCKET if name == "mv":
            return Known(Effect.DISRUPTIVE, "moves objects between buckets")
        case _Place.BUCKET, _Place.BUCKET:
            return Known(Effect.WRITE, "copies between buckets")
    return Known(Effect.UNKNOWN, "whether it uploads or downloads cannot be told")


def _download(destination: Word) -> Known:
    if is_no_file(destination):
        return Known(Effect.READ, "downloads to the output")
    folder = _folder(destination)
    if plain_path(folder) is not None or folder.value in ("", "."):
        return Known(Effect.READ, "downloads", frozenset((Flag.WRITES_FILE,)), writes=folder.shape or ".")
    effect, reason = writing(folder, in_scratch=True, made=frozenset(), appends=False)
    return Known(effect, reason, frozenset((Flag.WRITES_FILE,)))


def _folder(word: Word) -> Word:
    """Return the word without the slash that marks a folder."""
    if word.value is None:
        return word
    path = word.value.rstrip("/") if word.value != "/" else "/"
    return Word(text=word.text, start=word.start, end=word.end, value=path, prefix=path, shape=path)


def _deletes(destination: Word) -> Known:
    if _place(destination) is _Place.LOCAL and _download(destination).effect is Effect.READ:
        return Known(Effect.WRITE, "deletes files of the run's own folder")
    return Known(Effect.DESTRUCTIVE, "deletes what the source lacks (--delete)")


def _place(word: Word) -> _Place:
    if word.prefix.startswith(_SCHEME):
        return _Place.BUCKET
    is_told = word.value is not None or not _SCHEME.startswith(word.prefix)
    return _Place.LOCAL if is_told else _Place.UNTOLD
