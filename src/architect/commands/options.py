"""Tells the options of a command from its subcommands and positionals, by the tool's table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from architect.commands.calls import Certainty, Word
from architect.commands.model import Effect
from architect.commands.tables import Inner, Node, Option, Positional, Table, Value
from architect.commands.words import literal

_NUMBER = re.compile(r"-[0-9]+")
_TRUE = ("true", "True", "TRUE", "t", "T", "1")
_FALSE = ("false", "False", "FALSE", "f", "F", "0")
_HELP_EVERYWHERE = ("-h", "-help", "--help")
_PLUS_NUMBER = re.compile(r"\+[0-9]+")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_HELP = frozenset(("--help", "-help"))


@dataclass(frozen=True, slots=True)
class GivenOption:
    """An option as it was met, with its value where it takes one."""

    option: Option
    spelling: str
    value: Word | None = None


@dataclass(frozen=True, slots=True)
class Carries:
    """An inner command or text: how it is to be understood, and its words."""

    inner: Inner
    words: tuple[Word, ...]


@dataclass(slots=True, kw_only=True)
class Parsed:
    """What the table made of the words; `problems` say why the command cannot be read for certain."""

    table: Table
    nodes: list[Node]
    path: list[str] = field(default_factory=list)
    path_end: int = 0
    options: list[GivenOption] = field(default_factory=list)
    positionals: list[tuple[Positional | None, Word]] = field(default_factory=list)
    after_dashes: list[Word] = field(default_factory=list)
    carries: list[Carries] = field(default_factory=list)
    assignments: list[Word] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_help: bool = False
    is_vague: bool = False

    @property
    def node(self) -> Node:
        """The node that the subcommands led to."""
        return self.nodes[-1]

    @property
    def options_anywhere(self) -> bool:
        """Whether options may follow positionals."""
        return next((node.options_anywhere for node in reversed(self.nodes) if node.options_anywhere is not None), True)

    @property
    def all_options(self) -> bool:
        """Whether the table lists every option that exists here."""
        return self.node.all_options or self.table.all_options

    def find(self, spelling: str) -> Option | None:
        """Return the option of this spelling, of the innermost node that knows it.

        Of the options that only print, subcommands inherit `--help` alone: `-h` and `-v` mean other things in many.
        Where options come first, those of the tool itself end with the subcommand, but for `--help`.
        """
        ends = self.table.options_first and len(self.nodes) > 1
        for node in reversed(self.nodes[1:] if ends and spelling not in _HELP else self.nodes):
            option = node.options.get(spelling)
            if option is not None and (node is self.node or not option.help or spelling in _HELP):
                return option
        return None

    def known_options(self) -> Iterator[Option]:
        """Yield every option known here."""
        ends = self.table.options_first and len(self.nodes) > 1
        for node in self.nodes[1:] if ends else self.nodes:
            yield from node.options.values()


def is_sharp(option: Option) -> bool:
    """Say whether an option can raise the effect of its command."""
    raises = option.effect is not None and option.effect is not Effect.READ
    changes = option.makes is not None and option.makes is not Effect.READ
    return bool(raises or changes or option.when or option.inner or option.file in ("write", "append"))


def parse(table: Table, words: Sequence[Word]) -> Parsed:
    """Parse the words after the tool's name."""
    parsed = Parsed(table=table, nodes=[table])
    _Reader(parsed, words).read()
    return parsed


class _Reader:
    """One pass over the words of a command."""

    def __init__(self, parsed: Parsed, words: Sequence[Word]) -> None:
        self.parsed = parsed
        self.words = words
        self.at = 0
        self.options_ended = False
        self.after_unlisted = ""

    def read(self) -> None:
        """Consume every word."""
        self._skip_assignments()
        while self.at < len(self.words):
            word = self.words[self.at]
            self.at += 1
            before, self.after_unlisted = self.after_unlisted, ""
            if before and word.prefix.startswith("-") and self._is_lowering(word):
                self._problem(f"{word.text} can be the value of {before}, which is not known")
            if self.at == 1 and self.parsed.table.first_word_is_options and _is_bundle(word):
                self._short(literal("-" + word.prefix, word.start, word.end))
            elif not self.options_ended and self._is_option(word):
                self._option(word)
            else:
                self._plain(word)
        node = self.parsed.node
        if node.commands and not node.positionals and not self.parsed.path and self.parsed.positionals:
            self.parsed.problems.append("the subcommand cannot be told")

    def _is_lowering(self, word: Word) -> bool:
        """Say whether `word` is an option that can make the command less than its subcommand says."""
        whole = self.parsed.find(word.prefix.partition("=")[0])
        if whole is not None or word.prefix.startswith("--"):
            return whole is not None and whole.lowers
        return any(option is not None and option.lowers for option in map(self.parsed.find, _letters(word.prefix)))

    def _skip_assignments(self) -> None:
        while self.parsed.table.assignments and self.at < len(self.words):
            word = self.words[self.at]
            if _ASSIGNMENT.match(word.prefix):
                self.parsed.assignments.append(word)
            elif not (word.value or "").startswith("-") or word.value == "--":
                return
            elif self._assignment_option(word):
                continue
            else:
                return
            self.at += 1

    def _assignment_option(self, word: Word) -> bool:
        """Read an option that stands among assignments (`env -i A=1 cmd`)."""
        self.at += 1
        self._option(word)
        return not self.options_ended

    def _is_option(self, word: Word) -> bool:
        if word.value == "-":
            return self.parsed.find("-") is not None
        if word.prefix[:1] == "+" and word.value is not None and _PLUS_NUMBER.fullmatch(word.value):
            return self.parsed.find("+#") is not None
        return word.prefix[:1] == "-" and len(word.shape) > 1

    def _option(self, word: Word) -> None:
        alone = self.parsed.find("-") if word.value == "-" else None
        if alone is not None:
            self._give(alone, "-", None)
        elif word.value == "--":
            self._end_options()
        elif word.certainty is Certainty.OPAQUE and "=" not in word.prefix:
            self._problem(f"{word.text} can be any option")
        elif self.parsed.table.one_dash or word.prefix.startswith("--"):
            self._long(word)
        else:
            self._short(word)

    def _end_options(self) -> None:
        self.options_ended = True
        spec = self.parsed.node.after_dashes
        if spec is None:
            return
        rest = tuple(self.words[self.at :])
        self.at = len(self.words)
        self.parsed.after_dashes.extend(rest)
        if spec.inner is not None and rest:
            self.parsed.carries.append(Carries(spec.inner, rest))
        elif rest:
            self.parsed.positionals.extend((spec, word) for word in rest)

    def _long(self, word: Word) -> None:
        spelling, sign, _ = word.prefix.partition("=")
        if word.value is None and not sign:
            self._problem(f"the option {word.text} cannot be told")
            return
        option = self._find_long(spelling)
        if option is None:
            if _NUMBER.fullmatch(spelling) and self.parsed.find("-#") is not None:
                return
            self._unknown(spelling, word)
            return
        self.parsed.is_vague |= word.certainty is Certainty.OPAQUE
        value = _tail(word, len(spelling) + 1) if sign else None
        if value is None and option.takes in ("value", "pair"):
            value = self._next_value()
        if option.takes == "pair":
            self._give(msgspec.structs.replace(option, file="", shows=False, when=()), spelling, value)
            value = self._next_value()
        self._give(option, spelling, value)

    def _find_long(self, spelling: str) -> Option | None:
        found = self.parsed.find(spelling)
        if found is None and self.parsed.table.one_dash and spelling.startswith("--"):
            return self.parsed.find(spelling[1:])
        return found

    def _short(self, word: Word) -> None:
        """Read a cluster of short options; the first that takes a value takes the rest."""
        cluster = word.prefix
        whole, number = self.parsed.find(cluster), self.parsed.find("-#")
        if whole is None and word.value is not None and number is not None and _NUMBER.fullmatch(word.value):
            self._give(number, word.value, literal(word.value[1:], word.start, word.end))
            return
        if len(cluster) > 2 and whole is not None and word.value is not None:
            self._give(whole, cluster, self._next_value() if whole.takes == "value" else None)
            return
        for index in range(1, len(cluster)):
            option = self.parsed.find("-" + cluster[index])
            if option is None:
                self._unknown("-" + cluster[index:], word)
                continue
            if option.takes != "flag":
                self._short_value(option, word, index + 1)
                return
            self._give(option, "-" + cluster[index], None)
        if word.value is None:
            self._problem(f"the options {word.text} cannot be told")

    def _short_value(self, option: Option, word: Word, at: int) -> None:
        spelling = "-" + word.prefix[at - 1]
        if at < len(word.prefix) or word.value is None:
            has_sign = self.parsed.table.short_equals and word.prefix[at : at + 1] == "="
            self._give(option, spelling, _tail(word, at + has_sign))
        elif option.takes == "optional":
            self._give(option, spelling, None)
        else:
            self._give(option, spelling, self._next_value())

    def _next_value(self) -> Word | None:
        """Take the next word as a value; without one the tool only complains."""
        if self.at >= len(self.words):
            return None
        word = self.words[self.at]
        self.at += 1
        if word.certainty is Certainty.OPAQUE and not _is_one_word(word):
            self.parsed.is_vague = True
        return word

    def _give(self, option: Option, spelling: str, value: Word | None) -> None:
        if option.takes == "flag" and value is not None and option.lowers and value.value not in _TRUE:
            if value.value not in _FALSE:
                self._problem(f"the option {spelling} of {self._name()} takes no such value")
            return
        self.parsed.options.append(GivenOption(option, spelling, value))
        self.parsed.is_help |= option.help
        if option.inner is not None:
            self._carry(option.inner, value)

    def _carry(self, inner: Inner, value: Word | None) -> None:
        words = [] if value is None else [value]
        if inner.until:
            while self.at < len(self.words):
                word = self.words[self.at]
                self.at += 1
                if word.value in inner.until and self._ends(word, words, inner):
                    break
                words.append(word)
        self.parsed.carries.append(Carries(inner, tuple(words)))

    def _ends(self, word: Word, words: list[Word], inner: Inner) -> bool:
        """Say whether an ending ends the command: a plus does so behind the mark only (`find -exec ls {} +`)."""
        return word.value != "+" or not inner.marks or (bool(words) and words[-1].value == inner.marks)

    def _unknown(self, spelling: str, word: Word) -> None:
        if "=" not in word.prefix:
            self.after_unlisted = spelling
        if self.parsed.node.other_options != "harmless":
            self._problem(f"the option {spelling} of {self._name()} is not known")
        elif word.certainty is Certainty.OPAQUE:
            self.parsed.is_vague = True

    def _name(self) -> str:
        return " ".join([self.parsed.table.tool, *self.parsed.path])

    def _problem(self, reason: str) -> None:
        self.parsed.problems.append(reason)

    def _plain(self, word: Word) -> None:
        """Read a word that is no option: a subcommand or a positional."""
        node = self.parsed.node
        if word.certainty is Certainty.OPAQUE and not self.options_ended:
            self.parsed.is_vague = True
        has_commands = bool(node.commands) or node.otherwise is not None or self.parsed.table.is_group(node)
        if has_commands and not self.parsed.positionals and self._descend(node, word):
            return
        self._positional(word)

    def _descend(self, node: Node, word: Word) -> bool:
        is_told = word.value is not None and not word.is_glob
        child = self.parsed.table.child(node, word.value or "") if is_told else None
        if word.variables or word.value is None:
            self._problem(f"the subcommand is {word.text}, which the text does not tell")
        elif child is None:
            child = node.otherwise
            if child is None:
                if node.positionals:
                    return False
                self._problem(f"{self._name()} {word.text} is not known")
        if child is None:
            return False
        self.parsed.nodes.append(child)
        self.parsed.path.append(word.value or "")
        self.parsed.path_end = word.end
        return True

    def _is_counted(self, following: list[Positional]) -> bool:
        return self.parsed.node.max_positionals is not None or any(decides(spec) for spec in following)

    def _positional(self, word: Word) -> None:
        spellings = {name for given in self.parsed.options for name in given.option.names}
        specs = [spec for spec in self.parsed.node.positionals if _is_expected(spec, spellings)]
        index = len(self.parsed.positionals)
        spec = specs[index] if index < len(specs) else None
        if spec is None and specs and specs[-1].repeats:
            spec = specs[-1]
        if word.certainty is Certainty.OPAQUE and self._is_counted(specs[index:]):
            self._problem(f"{word.text} can be any number of words, and they decide what happens")
        if not self.parsed.options_anywhere:
            self.options_ended = True
        if spec is not None and spec.inner is not None:
            rest = (word, *self.words[self.at :])
            if spec.inner.language == "command" or spec.inner.joins:
                self.at = len(self.words)
            else:
                rest = (word,)
            self.parsed.carries.append(Carries(spec.inner, rest))
        self.parsed.positionals.append((spec, word))


def _letters(cluster: str) -> Iterator[str]:
    return (f"-{letter}" for letter in cluster[1:])


def decides(value: Value) -> bool:
    """Say whether the word in this place can raise the effect."""
    return bool(value.when or value.effect or value.makes or value.inner or value.file in ("write", "append", "script"))


def _is_expected(spec: Positional, spellings: set[str]) -> bool:
    """Say whether the options before it leave room for this positional."""
    return spellings.isdisjoint(spec.unless) and (not spec.needs or not spellings.isdisjoint(spec.needs))


def _is_bundle(word: Word) -> bool:
    return word.value is not None and word.value[:1] not in ("", "-")


def _is_one_word(word: Word) -> bool:
    return word.is_quoted or word.text.startswith(('"', "'"))


def _tail(word: Word, at: int) -> Word:
    """Return the part of `word` behind an option's spelling, as a value of its own."""
    return Word(
        text=word.text,
        start=word.start,
        end=word.end,
        value=None if word.value is None else word.value[at:],
        certainty=word.certainty,
        prefix=word.prefix[at:],
        shape=word.shape[at:],
        is_quoted=word.is_quoted,
        is_glob=word.is_glob,
        variables=word.variables,
    )
