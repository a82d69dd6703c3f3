"""Nothing that is added to a command line makes it look more harmless than before."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from architect.commands.judging import judge
from architect.commands.model import Carried
from architect.commands.tables import all_tables
from mutations import lowered

TOOLS = (
    "df",
    "cat",
    "grep",
    "sort",
    "find",
    "rm",
    "kill",
    "tar",
    "gzip",
    "env",
    "sed",
    "awk",
    "date",
    "dd",
    "frobnicate",
)
WORDS = (
    "-h",
    "-n",
    "-c",
    "-o",
    "-x",
    "-rf",
    "--version",
    "--output=x",
    ".",
    "notes.txt",
    "/etc/hosts",
    ".env",
    "$X",
    '"$X"',
    "'a b'",
    "$(uptime)",
    "`date`",
    "*.log",
    "{a,b}",
    "+%s",
    "'{print $1}'",
    "-delete",
    "--",
    "-exec",
    "rm",
    "{}",
    "\\;",
)
EXAMPLES = [line for table in all_tables() for line in table.examples]
PLAIN = [line for line in EXAMPLES if not re.search(r"['\"#\n;|&<>]|^(?:go env|unzip|bash|env|\w+=)", line)]
JOINTS = (" | ", "; ", " && ", " || ", "\n")

built = st.builds(
    lambda tool, words: " ".join([tool, *words]), st.sampled_from(TOOLS), st.lists(st.sampled_from(WORDS), max_size=4)
)
simple = built | st.sampled_from(PLAIN)
line = st.builds(
    lambda first, rest: first + "".join(joint + command for joint, command in rest),
    simple,
    st.lists(st.tuples(st.sampled_from(JOINTS), simple), max_size=2),
)
name = st.from_regex(r"zz[a-z]{3,6}", fullmatch=True)
wrapper = st.sampled_from(
    ("sudo", "sudo -u app", "nice", "nice -n 5", "timeout 9", "nohup", "time", "stdbuf -oL", "setsid", "env LC_ALL=C")
)


def rank(text: str, carried: Carried | None = None) -> int:
    """Return the place of a text's effect in the order."""
    return judge(text, carried=carried).effect.rank


@given(
    line,
    st.sampled_from((">", ">>", "2>", "&>")),
    st.sampled_from(("out.txt", "/tmp/out", "/etc/out", "$OUT", "/dev/null")),
)
def test_a_redirection_never_lowers(text: str, operator: str, file: str) -> None:
    assert rank(f"{text} {operator} {file}") >= rank(text)


@given(line, line)
def test_a_further_command_never_lowers(text: str, other: str) -> None:
    assert rank(f"{text}; {other}") >= max(rank(text), rank(other))
    assert rank(f"{text}; rm -rf x") >= rank("rm -rf x")


@given(simple, line)
def test_a_substitution_never_lowers(text: str, other: str) -> None:
    assert rank(f'{text} "$({other})"') >= rank(other)
    assert rank(f"{text} $({other})") >= max(rank(text), rank(other)) or "--version" in text


@given(wrapper, simple)
def test_a_wrapper_never_lowers(wrap: str, text: str) -> None:
    assert rank(f"{wrap} {text}") >= rank(text)


@given(line)
def test_a_shell_inside_never_lowers(text: str) -> None:
    quoted = shlex.quote(text)
    assert rank(f"bash -c {quoted}") >= rank(text)
    assert rank(f"bash <<'END'\n{text}\nEND") >= rank(text)
    assert rank(f"eval {quoted}") >= rank(text)


@given(line, st.sampled_from(TOOLS))
def test_what_was_carried_never_lowers(text: str, tool: str) -> None:
    assert rank(text, Carried(functions=frozenset({tool}))) >= rank(text)
    assert rank(text, Carried(functions=frozenset({tool}), function_bodies=((tool, "{ :; }"),))) >= rank(text) or (
        "frobnicate" in text
    )
    assert rank(text, Carried(aliases=frozenset({tool}))) >= rank(text)
    assert rank(text, Carried(variables=(("PATH", "/tmp"),))) >= rank(text)
    assert rank(text, Carried(tainted="a file was sourced")) >= rank(text)


@given(line, st.sampled_from(("PATH", "IFS", "BASH_ENV", "LD_PRELOAD", "HOME", "ENV")))
def test_a_dangerous_variable_never_lowers(text: str, variable: str) -> None:
    assert rank(f"{variable}=/tmp; {text}") >= rank(text)
    assert rank(f"export {variable}=/tmp\n{text}") >= rank(text)


@given(simple, name)
def test_an_unknown_word_never_lowers(text: str, word: str) -> None:
    assert rank(f"{text} {word}") >= rank(text)
    assert rank(f"{word}; {text}") >= max(rank(text), rank(word))
    assert rank(f"{text} | {word}") >= max(rank(text), rank(word))


@given(line, st.sampled_from(("'", '"', "$(", "((", "<<END", "{", "if")))
def test_broken_text_never_lowers(text: str, broken: str) -> None:
    assert rank(f"{text}\n{broken}") >= rank(text)


def test_nothing_added_to_an_example_of_a_table_lowers_it() -> None:
    found = [wrong for at, line in enumerate(EXAMPLES) for wrong in lowered(line, every=10, first=at)]
    assert found == []


@pytest.mark.soak
def test_nothing_at_all_added_to_an_example_of_a_table_lowers_it() -> None:
    assert [wrong for line in EXAMPLES for wrong in lowered(line)] == []
