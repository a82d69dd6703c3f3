"""What an action writes, on its way to the store: redacted, counted, compressed, shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import zstandard

from architect.kernel.errors import OutsideError
from architect.runs.events import OutputDigest
from architect.runs.ports import Observer, OutputChunk, OutputKey, OutputStore, Stream
from architect.runs.redaction import Redactor, SecretForms, redact

CHUNK_BYTES = 1 << 20
"""Redacted output is stored when so much has come together, and at the end."""

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
        chunks = []
        for stream in self._order:
            data = b"".join(self._pending[stream])
            self._pending[stream].clear()
            self._hash.update(stream.encode() + len(data).to_bytes(8, "big") + data)
            chunks.append(
                OutputChunk(number=self._number, stream=stream, size=len(data), data=self._compressor.compress(data))
            )
            self._number += 1
            self._stored += len(data)
        self._order.clear()
        self._waiting = 0
        if chunks:
            self._keep(chunks)

    def _keep(self, chunks: Sequence[OutputChunk]) -> None:
        """Store the chunks; when there is no room the command goes on, and the record says what is missing."""
        try:
            self._store.append(self._key, chunks)
        except OutsideError as error:
            self._dropped += sum(chunk.size for chunk in chunks)
            self._limit = 0
            self.why_dropped = f"it could not be stored: {error}"


def read_output(store: OutputStore, key: OutputKey, *, after: int = -1) -> Iterator[tuple[Stream, bytes]]:
    """Yield the stored output in order. Raises OutsideError when a chunk is damaged."""
    decompressor = zstandard.ZstdDecompressor()
    for chunk in store.read(key, after=after):
        try:
            yield chunk.stream, decompressor.decompress(chunk.data)
        except zstandard.ZstdError as error:
            raise OutsideError(f"chunk {chunk.number} of the output of {key.run} {key.action} is damaged") from error


def output_text(store: OutputStore, key: OutputKey, *, stream: Stream = Stream.STDOUT) -> str:
    """Return one stream of the stored output as text."""
    data = b"".join(data for found, data in read_output(store, key) if found is stream)
    return data.decode(errors="replace")


def output_sha256(pieces: Iterable[tuple[Stream, bytes]]) -> str:
    """Return the digest of stored output, as the event of the step's end has it."""
    digest = hashlib.sha256()
    for stream, data in pieces:
        digest.update(stream.encode() + len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
