"""Redirections: where standard input comes from, and what is written where."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from architect.commands.calls import Stdin, StdinKind, Word
from architect.commands.environment import is_secret_name
from architect.commands.model import CommandEffect, Effect, Flag
from architect.commands.nodes import HereDocument, word_groups
from architect.commands.paths import is_no_file, shows_secret
from architect.commands.state import ShellState
from architect.commands.weighing import weigh_redirection
from architect.commands.words import WordReader
from architect.grammars.shell import children

_DESCRIPTOR = re.compile(r"\d+-?|-")
_FOLLOWERS = frozenset(("pipeline", "command", "list", "redirected_statement", "compound_statement", "subshell"))
_HARMLESS = frozenset(("heredoc_start", "heredoc_body", "heredoc_end", "comment", "file_descriptor"))


@dataclass(frozen=True, slots=True)
class Consequence:
    """What one redirection comes to."""

    effect: Effect
    reason: str
    flags: frozenset[Flag]

    def added_to(self, command: CommandEffect) -> CommandEffect:
        """Return `command` with this redirection counted."""
        is_raised = self.effect.rank > command.effect.rank
        return replace(
            command,
            effect=self.effect if is_raised else command.effect,
            reason=self.reason if is_raised else command.reason,
            flags=command.flags | self.flags,
        )


@dataclass(slots=True)
class Redirections:
    """What the redirections at one node come to; `followers` hang in the tree below a here-document."""

    stdin: Stdin
    consequences: list[Consequence] = field(default_factory=list)
    followers: list[Node] = field(default_factory=list)
    doubtful: list[Node] = field(default_factory=list)
    words: list[Node] = field(default_factory=list)
    """Arguments behind the file's name, which the grammar takes for further names."""


@dataclass(frozen=True, slots=True)
class RedirectionReader:
    """Reads the redirections at nodes; the visitors judge what is substituted inside words and here-documents."""

    words: WordReader
    state: ShellState
    visit_words: Callable[[Node], None]
    visit_document: Callable[[HereDocument], None]

    def read(self, node: Node, stdin: Stdin) -> Redirections:
        """Return what the redirections directly below `node` come to."""
        found = Redirections(stdin)
        for child in node.named_children:
            match child.type:
                case "file_redirect":
                    self._file(child, found)
                case "heredoc_redirect":
                    self._document(child, found)
                case "herestring_redirect":
                    self._string(child, found)
        return found

    def _file(self, node: Node, found: Redirections) -> None:
        operator = next((child.type for child in node.children if not child.is_named), "")
        destinations = node.children_by_field_name("destination")
        self.visit_words(node)
        groups = word_groups(self.words.tree, destinations)
        words = self.words.word(groups[0]) if groups else []
        found.words += [node for group in groups[1:] for node in group]
        if len(words) == 1:
            self._to_or_from(operator, words[0], found)
        elif operator not in (">&-", "<&-"):
            found.doubtful.append(node)

    def _to_or_from(self, operator: str, word: Word, found: Redirections) -> None:
        if operator in ("<&", ">&") and _DESCRIPTOR.fullmatch(word.value or ""):
            if operator == "<&" and word.value != "0":
                found.stdin = Stdin(kind=StdinKind.FILE)
            return
        if operator in ("<", "<&"):
            found.stdin = self._read_from(word, found)
            return
        effect, reason, flags = weigh_redirection(word, self.state, appends=operator in (">>", "&>>"))
        if reason:
            found.consequences.append(Consequence(effect, reason, flags))

    def _read_from(self, word: Word, found: Redirections) -> Stdin:
        if word.prefix.startswith("/dev/") and not is_no_file(word):
            flags = frozenset((Flag.NETWORK,))
            found.consequences.append(Consequence(Effect.UNKNOWN, f"reads from {word.text}", flags))
        elif shows_secret(word, self.state.folder):
            flags = frozenset((Flag.READS_SECRET,))
            found.consequences.append(Consequence(Effect.EXPOSES, f"{word.text} looks like a secret", flags))
        if word.value == "/dev/null":
            return Stdin(kind=StdinKind.TEXT, text="")
        return Stdin(kind=StdinKind.INHERITED if is_no_file(word) else StdinKind.FILE)

    def _string(self, node: Node, found: Redirections) -> None:
        self.visit_words(node)
        values = list(children(node))
        if values:
            start, _ = self.words.tree.span(values[-1])
            text, variables = self.words.text(values[-1]), self.words.names(values[-1])
            found.stdin = Stdin(kind=StdinKind.TEXT, text=text, start=start, variables=variables)
            self._note_secrets(variables, found)

    def _document(self, node: Node, found: Redirections) -> None:
        document = HereDocument.of(self.words, node)
        self.visit_document(document)
        found.stdin = Stdin(kind=StdinKind.TEXT, text=document.text, start=document.start, variables=document.variables)
        self._note_secrets(document.variables, found)
        for child in node.named_children:
            if child.type == "file_redirect":
                self._file(child, found)
            elif child.type in _FOLLOWERS:
                found.followers.append(child)
            elif child.type not in _HARMLESS:
                found.doubtful.append(child)

    def _note_secrets(self, variables: tuple[str, ...], found: Redirections) -> None:
        """A text that is handed to a command is printed by most commands that read one."""
        secret = next((name for name in variables if is_secret_name(name)), "")
        if secret:
            reason = f"hands ${secret} on, which by its name is a secret"
            found.consequences.append(Consequence(Effect.EXPOSES, reason, frozenset((Flag.READS_SECRET,))))
