"""What an action writes, on its way to the store: redacted, counted, compressed, shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import zstandard

from architect.kernel.errors import IntegrityError, OutsideError
from architect.runs.events import OutputDigest
from architect.runs.ports import Observer, OutputChunk, OutputKey, OutputStore, Stream
from architect.runs.redaction import Redactor, SecretForms, redact

CHUNK_BYTES = 1 << 20
"""Redacted output is stored when so much has come together, and at the end."""

MAX_CHUNK_BYTES = 1 << 30
"""No chunk is larger, whatever somebody made of the store."""

TAIL_BYTES = 2000


class OutputRecorder:
    """The sink of one attempt of an action; implements `OutputSink`.

    Output beyond `limit` bytes is counted and dropped, so that the command goes on.
    """

    def __init__(
        self,
        key: OutputKey,
        *,
        store: OutputStore,
        secrets: SecretForms,
        limit: int,
        observers: Iterable[Observer] = (),
    ) -> None:
        self._key = key
        self._store = store
        self._secrets = secrets
        self._limit = limit
        self._observers = tuple(observers)
        self._redactors = {stream: Redactor(secrets) for stream in Stream}
        self._pending: dict[Stream, list[bytes]] = {stream: [] for stream in Stream}
        self._waiting = 0
        self._order: list[Stream] = []
        self._sizes = dict.fromkeys(Stream, 0)
        self._stored = self._dropped = self._number = 0
        self._hash = hashlib.sha256()
        self._tail = b""
        self._compressor = zstandard.ZstdCompressor(level=1)
        self.why_dropped = f"a step may store {limit} bytes"

    def write(self, stream: Stream, data: bytes) -> None:
        """Take a piece of raw output."""
        self._take(stream, self._redactors[stream].feed(data))

    def add_secret(self, value: str) -> None:
        """Redact this value from here on."""
        self._secrets.add(value)

    def finish(self) -> OutputDigest:
        """Store the rest and return the digest of it all."""
        for stream in Stream:
            self._take(stream, self._redactors[stream].flush())
        self._store_pending()
        return self.digest

    def clean(self, text: str) -> str:
        """Return `text` without the secrets known by now."""
        return redact(text, self._secrets)

    @property
    def digest(self) -> OutputDigest:
        """What has been stored so far."""
        return OutputDigest(
            stdout_bytes=self._sizes[Stream.STDOUT],
            stderr_bytes=self._sizes[Stream.STDERR],
            stored_bytes=self._stored,
            dropped_bytes=self._dropped,
            chunks=self._number,
            sha256=self._hash.hexdigest(),
            redactions=sum(redactor.count for redactor in self._redactors.values()),
            tail=self._tail.decode(errors="replace"),
        )

    def _take(self, stream: Stream, data: bytes) -> None:
        if not data:
            return
        self._sizes[stream] += len(data)
        room = max(0, self._limit - self._stored - self._waiting)
        self._dropped += max(0, len(data) - room)
        data = data[:room]
        if not data:
            return
        for observer in self._observers:
            observer.output(self._key, stream, data)
        self._tail = (self._tail + data[-TAIL_BYTES:])[-TAIL_BYTES:]
        self._pending[stream].append(data)
        if stream not in self._order:
            self._order.append(stream)
        self._waiting += len(data)
        if self._waiting >= CHUNK_BYTES:
            self._store_pending()

    def _store_pending(self) -> None:
        chunks, digest = [], self._hash.copy()
        for number, stream in enumerate(self._order, start=self._number):
            data = b"".join(self._pending[stream])
            self._pending[stream].clear()
            digest.update(_hashed(stream, data))
            chunks.append(
                OutputChunk(number=number, stream=stream, size=len(data), data=self._compressor.compress(data))
            )
        self._order.clear()
        self._waiting = 0
        if chunks and self._keep(chunks):
            self._hash = digest
            self._number += len(chunks)
            self._stored += sum(chunk.size for chunk in chunks)

    def _keep(self, chunks: Sequence[OutputChunk]) -> bool:
        """Store the chunks; when there is no room the command goes on, and the record says what is missing."""
        try:
            self._store.append(self._key, chunks)
        except OutsideError as error:
            self._dropped += sum(chunk.size for chunk in chunks)
            self._limit = 0
            self.why_dropped = f"it could not be stored: {error}"
            return False
        return True


def read_output(store: OutputStore, key: OutputKey, *, after: int = -1) -> Iterator[tuple[Stream, bytes]]:
    """Yield the stored output in order. Raises IntegrityError when a chunk is damaged."""
    for chunk in store.read(key, after=after):
        try:
            yield chunk.stream, decompressed(chunk)
        except IntegrityError as error:
            raise IntegrityError(f"the output of {key.run} {key.action}: {error.message}") from error


def decompressed(chunk: OutputChunk) -> bytes:
    """Return what was printed. Raises IntegrityError for a chunk that is not what it says."""
    try:
        if zstandard.frame_content_size(chunk.data) != chunk.size or chunk.size > MAX_CHUNK_BYTES:
            raise IntegrityError(f"chunk {chunk.number} is not of its size")
        return zstandard.ZstdDecompressor().decompress(chunk.data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise IntegrityError(f"chunk {chunk.number} is damaged") from error


def output_text(store: OutputStore, key: OutputKey, *, stream: Stream = Stream.STDOUT) -> str:
    """Return one stream of the stored output as text."""
    data = b"".join(data for found, data in read_output(store, key) if found is stream)
    return data.decode(errors="replace")


def output_beginning(store: OutputStore, key: OutputKey, *, limit: int) -> str:
    """Return the first `limit` bytes of the stored output of both streams, in order of arrival, as text."""
    beginning = b""
    for _, data in read_output(store, key):
        beginning += data[: limit - len(beginning)]
        if len(beginning) >= limit:
            break
    return beginning.decode(errors="replace")


def output_sha256(pieces: Iterable[tuple[Stream, bytes]]) -> str:
    """Return the digest of stored output, as the event of the step's end has it."""
    digest = hashlib.sha256()
    for stream, data in pieces:
        digest.update(_hashed(stream, data))
    return digest.hexdigest()


def _hashed(stream: Stream, data: bytes) -> bytes:
    """Return what the digest of output covers of one chunk."""
    return stream.encode() + len(data).to_bytes(8, "big") + data
