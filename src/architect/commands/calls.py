"""A parsed invocation: what tables make of words, and what interpreters (HTTP, AWS, Redis) are given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Certainty(StrEnum):
    """How much text tells of a word."""

    LITERAL = "literal"
    """Known to the last character."""
    PLAIN = "plain"
    """One word of letters, digits and `._:+-`, no leading dash: `$(date +%s)`, `$$`."""
    TOKEN = "token"  # noqa: S105
    """Exactly one word, not an option: a variable that the run checks, a quoted or prefixed substitution."""
    OPAQUE = "opaque"
    """Anything: no word, many words, an option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a command; offsets lie in the judged text.

    `value` is what the tool receives where that is literal, else None; `prefix` is the literal beginning in any case,
    `shape` the whole with `0` for each part that is plain but not known.
    `is_glob` marks an unquoted pattern, whose `value` is the pattern itself. `variables` are the names it expands.
    """

    text: str
    start: int
    end: int
    value: str | None
    certainty: Certainty = Certainty.LITERAL
    prefix: str = ""
    shape: str = ""
    is_quoted: bool = False
    is_glob: bool = False
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One option as it was given; `option` is the canonical spelling of the table (the first long one)."""

    option: str
    value: Word | None = None


class StdinKind(StrEnum):
    """Where standard input comes from."""

    INHERITED = "inherited"
    TEXT = "text"
    FILE = "file"
    PIPE = "pipe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stdin:
    """Standard input of a command; `text` is None where it cannot be told.

    `variables` are those that a here-document or here-string puts in; `names_secret` is the first file that looks like
    a secret among those that the command before the pipe names, and so probably prints.
    """

    kind: StdinKind = StdinKind.INHERITED
    text: str | None = None
    start: int = 0
    variables: tuple[str, ...] = ()
    names_secret: str = ""


INHERITED = Stdin()
"""Standard input that comes from wherever the shell's own does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A command after its options were told from its positionals.

    `words` are all words after the tool's name, for interpreters that know the options better than a table can.
    """

    tool: str
    path: tuple[str, ...] = ()
    options: tuple[Given, ...] = ()
    positionals: tuple[Word, ...] = ()
    words: tuple[Word, ...] = ()
    stdin: Stdin = Stdin()
    text: str = ""
    start: int = 0
    end: int = 0

    def given(self, *names: str) -> tuple[Given, ...]:
        """Return the options given under any of these canonical spellings, in order."""
        return tuple(given for given in self.options if given.option in names)
