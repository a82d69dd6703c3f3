"""Stored output and its digest agree, also where it could not all be stored; damage is said, never read."""

from __future__ import annotations

from dataclasses import replace

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from architect.kernel.errors import IntegrityError
from architect.kernel.ids import ActionId, RunId
from architect.runs.events import OutputDigest
from architect.runs.output import (
    CHUNK_BYTES,
    OutputRecorder,
    decompressed,
    output_beginning,
    output_sha256,
    output_text,
    read_output,
)
from architect.runs.ports import OutputChunk, OutputKey, Stream
from architect.runs.redaction import SecretForms
from runs_world import MemoryOutputs

KEY = OutputKey(run=RunId("RUN-1"), action=ActionId("1.1"), attempt=1)


def recorded(outputs: MemoryOutputs, *pieces: tuple[Stream, bytes], limit: int = 1 << 30) -> OutputDigest:
    recorder = OutputRecorder(KEY, store=outputs, secrets=SecretForms(), limit=limit)
    for stream, data in pieces:
        recorder.write(stream, data)
    return recorder.finish()


@given(st.lists(st.tuples(st.sampled_from(list(Stream)), st.binary(max_size=50)), max_size=10), st.integers(0, 300))
def test_the_digest_covers_what_is_stored(pieces: list[tuple[Stream, bytes]], limit: int) -> None:
    outputs = MemoryOutputs()
    digest = recorded(outputs, *pieces, limit=limit)
    stored = list(read_output(outputs, KEY))
    assert output_sha256(stored) == digest.sha256
    assert (len(stored), sum(len(data) for _, data in stored)) == (digest.chunks, digest.stored_bytes)
    assert digest.stored_bytes + digest.dropped_bytes == sum(len(data) for _, data in pieces)


def test_the_digest_covers_what_was_stored_before_there_was_no_room() -> None:
    outputs = MemoryOutputs()
    outputs.room = CHUNK_BYTES * 2 + CHUNK_BYTES // 2
    digest = recorded(outputs, *[(Stream.STDOUT, b"x" * CHUNK_BYTES)] * 4)
    assert output_sha256(read_output(outputs, KEY)) == digest.sha256
    assert digest.stored_bytes + digest.dropped_bytes == CHUNK_BYTES * 4
    assert digest.dropped_bytes > 0 < digest.chunks


def test_the_beginning_is_of_both_streams_in_order_of_arrival_and_no_more_than_asked_for() -> None:
    outputs = MemoryOutputs()
    recorded(outputs, (Stream.STDOUT, b"one\n"), (Stream.STDERR, b"two\n"))
    assert output_beginning(outputs, KEY, limit=100) == "one\ntwo\n"
    assert output_beginning(outputs, KEY, limit=5) == "one\nt"
    assert output_text(outputs, KEY, stream=Stream.STDERR) == "two\n"


GOOD = zstandard.ZstdCompressor().compress(b"good")
CHUNK = OutputChunk(number=3, stream=Stream.STDOUT, size=4, data=GOOD)


def test_a_good_chunk_is_read() -> None:
    assert decompressed(CHUNK) == b"good"


@pytest.mark.parametrize(
    "chunk",
    [
        replace(CHUNK, data=b""),
        replace(CHUNK, data=b"\x00" * 30),
        replace(CHUNK, data=GOOD[:-1]),
        replace(CHUNK, data=GOOD + b"x"),
        replace(CHUNK, data=GOOD + GOOD),
        replace(CHUNK, size=5),
        replace(CHUNK, size=-1),
        replace(CHUNK, size=1 << 40, data=GOOD[:4] + b"\xe0" + (1 << 40).to_bytes(8, "little") + GOOD[6:]),
    ],
)
def test_a_chunk_that_is_not_what_it_says_is_no_output(chunk: OutputChunk) -> None:
    with pytest.raises(IntegrityError, match="chunk 3 is"):
        decompressed(chunk)
