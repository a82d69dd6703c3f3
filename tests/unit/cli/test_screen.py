"""Lines that fit a terminal, whole ones in a pipe, and a reader that may go away."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import ConsoleDimensions
from rich.text import Text

from architect.cli.terminal.screen import Outlet, Screen, side_by_side
from architect.cli.terminal.style import clock, count, duration, end_of, outside, size, span, two_sides

WORDS = st.lists(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60), max_size=30).map(
    " ".join
)


class Tty(io.StringIO):
    """A stream at which a person looks."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Gone(Tty):
    """A stream whose reader has gone away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def at_terminal(columns: int, **environment: str) -> tuple[Screen, Tty]:
    """Return a screen of a width, and what is written to it."""
    stream = Tty()
    screen = Screen(stream, environment={"TERM": "dumb", **environment})
    screen.console.size = ConsoleDimensions(columns, 25)
    return screen, stream


@given(body=WORDS, prefix=st.text("ab ", max_size=20), columns=st.integers(40, 120))
def test_no_line_of_a_terminal_is_wider_than_it_and_no_word_is_lost(body: str, prefix: str, columns: int) -> None:
    screen, stream = at_terminal(columns)
    screen.say(body, prefix=prefix)
    lines = stream.getvalue().splitlines()
    assert all(Text(line).cell_len <= columns for line in lines)
    said = "".join("".join(lines).split())
    assert said == "".join((prefix + body).split())


def test_what_does_not_fit_goes_below_its_beginning() -> None:
    screen, stream = at_terminal(40)
    screen.say("words that go on and on until they do not fit", prefix="00:01 > ")
    assert stream.getvalue().splitlines() == [
        "00:01 > words that go on and on until",
        "        they do not fit",
    ]


def test_a_pipe_gets_lines_whole() -> None:
    stream = io.StringIO()
    Screen(stream, environment={}).say("word " * 100, prefix="00:01 ")
    assert stream.getvalue() == "00:01 " + "word " * 100 + "\n"


@given(line=st.text(st.characters(exclude_categories=["C"]), max_size=400), columns=st.integers(40, 100))
def test_a_line_of_somebody_else_keeps_every_character_and_its_gutter(line: str, columns: int) -> None:
    screen, stream = at_terminal(columns)
    screen.say_verbatim(line, prefix=Text("  | "))
    lines = stream.getvalue().split("\n")[:-1]
    assert all(each.startswith("  | ") for each in lines)
    assert all(Text(each).cell_len <= columns for each in lines)
    assert "".join(each[4:] for each in lines) == screen.plain(Text(line)).plain


@pytest.mark.parametrize(
    ("environment", "is_ascii"),
    [
        ({}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C", "LC_ALL": "C.UTF-8"}, False),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, True),
    ],
)
def test_signs_are_plain_where_the_locale_is(environment: dict[str, str], *, is_ascii: bool) -> None:
    screen, stream = at_terminal(80, **environment)
    screen.say("✓ done · 1 → 2 …")
    assert stream.getvalue() == ("+ done - 1 > 2 ~\n" if is_ascii else "✓ done · 1 → 2 …\n")


def test_a_reader_that_went_away_is_told_of_once_and_nothing_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    outlet = Outlet(Gone())
    for _ in range(3):
        assert outlet.write("words") == 5
        outlet.flush()
    assert outlet.is_gone
    assert capsys.readouterr().err == (
        "architect: nobody takes the output any more (Broken pipe); what happens is recorded all the same\n"
    )


def test_a_width_that_is_no_number_is_not_taken() -> None:
    for columns, width in (("72", 72), ("wide", 100), ("0", 100), ("-5", 100)):
        assert Screen(io.StringIO(), environment={"COLUMNS": columns}).width == width


def test_choices_are_never_broken() -> None:
    items = [Text(f"[{letter}] some words") for letter in "abcdefgh"]
    lines = [line.plain for line in side_by_side(items, between="   ", width=50)]
    assert all(len(line) <= 50 for line in lines)
    assert "   ".join(lines) == "   ".join(item.plain for item in items)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (duration(0.0042), "4 ms"),
        (duration(0.25), "0.2 s"),
        (duration(59.9), "59.9 s"),
        (duration(61), "01:01"),
        (clock(3661), "1:01:01"),
        (span(900), "15 min"),
        (span(7200), "2 h"),
        (span(45), "45 s"),
        (size(812), "812 bytes"),
        (size(3100), "3.1 kB"),
        (size(52_000_000), "52 MB"),
        (count(1, "event"), "1 event"),
        (count(1234, "event"), "1,234 events"),
        (end_of("/a/very/long/path.md", 10), "…g/path.md"),
        (outside("two\nlines \x1b[1m\u202e"), "two lines \\x1b[1m\\u202e"),
    ],
)
def test_measures_are_said_as_people_say_them(said: str, expected: str) -> None:
    assert said == expected


@given(left=WORDS, right=st.text("x", max_size=20), width=st.integers(40, 100))
def test_two_sides_fill_a_line_and_no_more(left: str, right: str, width: int) -> None:
    assert two_sides(Text(left), Text(right), width).cell_len == width
