"""What a person sees of a step's output: the beginning as it comes, the end at the end, nothing that harms."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from architect.cli.terminal.output import HEAD_LINES, MAX_LINE, TAIL_LINES, ShownOutput, is_readable
from architect.kernel.ids import ActionId, RunId
from architect.runs.ports import OutputKey, Stream

KEY = OutputKey(run=RunId("RUN-1"), action=ActionId("1.1"), attempt=1)


class Shown:
    """Output with the lines that it showed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.output = ShownOutput(lambda line, _: self.lines.append(line))

    def write(self, *pieces: bytes, stream: Stream = Stream.STDOUT) -> None:
        for piece in pieces:
            self.output.output(KEY, stream, piece)


def test_lines_are_shown_whole_however_they_arrive() -> None:
    shown = Shown()
    shown.write(b"fi", b"rst\nsec", b"ond\n", b"third")
    assert shown.lines == ["first", "second"]
    assert not shown.output.finish()
    assert shown.lines == ["first", "second", "third"]


def test_the_middle_of_long_output_is_left_out_and_counted() -> None:
    shown = Shown()
    shown.write(b"".join(b"%d\n" % number for number in range(10_000)))
    assert len(shown.lines) == HEAD_LINES
    assert shown.output.latest == "9999"
    assert shown.output.finish()
    assert shown.lines[HEAD_LINES] == f"… {10_000 - HEAD_LINES - TAIL_LINES:,} lines left out …"
    assert shown.lines[-TAIL_LINES:] == [str(number) for number in range(10_000 - TAIL_LINES, 10_000)]


def test_output_that_just_fits_is_not_shortened() -> None:
    shown = Shown()
    shown.write(b"".join(b"%d\n" % number for number in range(HEAD_LINES + TAIL_LINES)))
    assert not shown.output.finish()
    assert shown.lines == [str(number) for number in range(HEAD_LINES + TAIL_LINES)]


def test_blank_lines_at_the_end_are_not_shown_and_those_between_are() -> None:
    shown = Shown()
    shown.write(b"one\n\n\ntwo\n\n\n")
    shown.output.finish()
    assert shown.lines == ["one", "", "", "two"]


def test_a_long_line_is_cut_with_a_word_about_it() -> None:
    shown = Shown()
    shown.write(b"x" * 1_000_000 + b"\n")
    assert shown.output.finish()
    (line,) = shown.lines
    assert len(line) < MAX_LINE + 40
    assert line.endswith(" … and 999 kB more")


def test_bytes_that_are_no_text_are_named_once() -> None:
    shown = Shown()
    shown.write(b"header\n", bytes(range(128, 256)) * 20 + b"\n", b"\0\1\2\3" * 20 + b"\n", b"footer\n")
    assert shown.output.finish()
    assert shown.lines == ["header", "… bytes that are no text are not shown …", "footer"]


def test_the_two_streams_keep_their_lines_apart() -> None:
    shown = Shown()
    shown.write(b"out ")
    shown.write(b"err\n", stream=Stream.STDERR)
    shown.write(b"put\n")
    assert shown.lines == ["err", "out put"]


def test_each_step_begins_anew() -> None:
    shown = Shown()
    shown.write(b"one\n" * 50)
    shown.output.finish()
    shown.output.begin()
    assert (shown.output.size, shown.output.latest) == (0, "")
    shown.write(b"two\n")
    assert shown.lines[-1] == "two"


@given(st.lists(st.binary(max_size=300), max_size=40))
def test_nothing_that_is_printed_steers_a_terminal(pieces: list[bytes]) -> None:
    shown = Shown()
    shown.write(*pieces)
    shown.output.finish()
    assert len(shown.lines) <= HEAD_LINES + TAIL_LINES + 4
    for line in shown.lines:
        assert not any(ord(character) < 0x20 and character != "\t" for character in line)
        assert not any(0x7F <= ord(character) < 0xA0 for character in line)
        assert len(line) <= MAX_LINE * 6 + 40


@given(st.text())
def test_every_text_without_control_characters_is_readable(text: str) -> None:
    plain = "".join(character for character in text if character.isprintable())
    assert is_readable(plain.replace("\N{REPLACEMENT CHARACTER}", ""))
