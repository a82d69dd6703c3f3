"""Walks a shell text's tree and judges every command in it; what the walk does not know is unknown.

The grammar is not bash: wherever the two could read a text differently (an unknown node, a gap that is no blank), the
statement counts as not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise

from tree_sitter import Node

from architect.commands.arithmetic import compares_numbers, hides_command, hides_process, names_set
from architect.commands.calls import Certainty, Stdin, StdinKind, Word
from architect.commands.environment import is_sensitive
from architect.commands.expansions import Expander
from architect.commands.invocations import Invocation, judge_words
from architect.commands.model import CommandEffect, Effect, Flag
from architect.commands.nodes import (
    ARITHMETIC,
    LEAVES,
    HereDocument,
    assigned,
    is_same_word,
    literal_output,
    members,
    printing,
    within,
    word_groups,
)
from architect.commands.paths import named_secret
from architect.commands.redirections import RedirectionReader, Redirections
from architect.commands.state import MAX_DEPTH, ShellState
from architect.commands.tables import find
from architect.commands.words import Printed, WordReader, literal
from architect.grammars.shell import ShellTree, children, parse

MAX_NODE_DEPTH = 60

_GAP = re.compile(r"(?:\\\n)*[ \t](?:[ \t]|\\\n)*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
_SHELL_OPERATORS = frozenset(("|", "||", "&", "&&", "<", ">", "<=", ">=", "<<", ">>", "=~", ";"))
_HEADS = frozenset(("list", "pipeline", "negated_command"))
_REDIRECTS = frozenset(("file_redirect", "heredoc_redirect", "herestring_redirect"))


def judge_shell(text: str, state: ShellState) -> list[CommandEffect]:
    """Return every command of `text`, offsets in it; never raises, never empty for text that does something."""
    tree = parse(text)
    if tree.root is None:
        return [_not_understood(text, 0, len(text), "is too large, too deeply nested or too broken to be read")]
    if _CONTROL.search(text.replace("\r\n", "\n")):
        return [_not_understood(text, 0, len(text), "holds control characters"), *_line_by_line(text, state)]
    walk = _Walk(tree, state)
    walk.visit_all(tree.root.named_children)
    if tree.root.has_error:
        walk.found += _line_by_line(text, state)
    return walk.found


def _line_by_line(text: str, state: ShellState) -> list[CommandEffect]:
    """Judge each line by itself, for what is worse than not being understood."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 2 or len(lines) > 500 or state.depth > MAX_DEPTH:
        return []
    found: list[CommandEffect] = []
    at = 0
    for line in lines:
        if line.strip():
            inside = judge_shell(line.rstrip("\n"), state.inner(elsewhere=False))
            found += [
                replace(command, start=command.start + at, end=command.end + at)
                for command in inside
                if command.effect.rank > Effect.UNKNOWN.rank
            ]
        at += len(line)
    return found


def _not_understood(text: str, start: int, end: int, why: str = "cannot be read as shell") -> CommandEffect:
    return CommandEffect(
        text=text[start:end],
        start=start,
        end=end,
        effect=Effect.UNKNOWN,
        reason=f"the text {why}",
        flags=frozenset((Flag.OPAQUE,)),
    )


class _Walk:
    """One pass over a tree in the order in which the shell would run it."""

    def __init__(self, tree: ShellTree, state: ShellState) -> None:
        self.tree = tree
        self.state = state
        self.found: list[CommandEffect] = []
        self.depth = 0
        self.trailing: list[Node] = []
        self.here = Stdin()
        self.reader = WordReader(tree, state.variables, self._printed)
        self.expander = Expander(tree, state, self._inside, judge_shell, self._doubted)
        self.redirection_reader = RedirectionReader(self.reader, state, self._substitutions, self._document)

    def visit_all(self, nodes: Iterable[Node]) -> None:
        """Visit nodes in order."""
        for node in nodes:
            self.visit(node, Stdin())

    def visit(self, node: Node, stdin: Stdin) -> None:
        """Judge one node; deep nesting and unknown nodes are unknown."""
        if self.depth > MAX_NODE_DEPTH:
            self._doubt(node, "is nested too deeply")
            return
        if (
            node.is_missing
            or node.type == "ERROR"
            or (node.has_error and node.parent is not None and not node.parent.parent)
        ):
            self._doubt(node)
        self.depth += 1
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            handler(self, node, stdin)
        elif node.type in LEAVES:
            self._substitutions(node)
        elif node.type != "ERROR":
            self._doubt(node)
            self.visit_all(children(node))
        else:
            self.visit_all(children(node))
        self.depth -= 1

    def _doubt(self, node: Node, why: str = "cannot be read as shell") -> None:
        start, end = self.tree.span(node)
        self.found.append(_not_understood(self.tree.text, start, end, why))

    # compound statements

    def _sequence(self, node: Node, stdin: Stdin) -> None:
        for child in children(node):
            self.visit(child, stdin)

    def _conditional(self, node: Node, stdin: Stdin) -> None:
        """Visit what may run or not, once or often: its assignments are certain neither inside nor after it."""
        names = assigned(self.tree, node)
        if node.type not in ("if_statement", "case_statement"):
            self.state.forget(names)
        self._sequence(node, stdin)
        self.state.forget(names)

    def _list(self, node: Node, stdin: Stdin) -> None:
        names: dict[str, Certainty] = {}
        for index, member in enumerate(members(node)):
            self.visit(member, stdin)
            if index:
                names |= assigned(self.tree, member)
        self.state.forget(names)

    def _pipeline(self, node: Node, stdin: Stdin) -> None:
        for member in children(node):
            self.visit(member, stdin)
            stdin = self._output(member)
        self.state.forget(assigned(self.tree, node))

    def _output(self, member: Node) -> Stdin:
        """Return what a command hands to the next in a pipe: a text where it is a literal echo or here-document."""
        start, _ = self.tree.span(member)
        text = literal_output(self.reader, member)
        secret = "" if text is not None else named_secret(self.tree.source(member))
        return Stdin(kind=StdinKind.PIPE, text=text, start=start, names_secret=secret)

    def _for(self, node: Node, stdin: Stdin) -> None:
        variable = node.child_by_field_name("variable")
        names = assigned(self.tree, node)
        for value in node.children_by_field_name("value"):
            self._substitutions(value)
        self.state.forget(names)
        if variable is not None:
            name = self.tree.source(variable)
            self.state.assign(name, self._loop_value(node))
            if any(named_secret(self.tree.source(value)) for value in node.children_by_field_name("value")):
                self.state.secret_files.add(name)
        body = node.child_by_field_name("body")
        for child in () if body is None else children(body):
            self.visit(child, stdin)
        self.state.forget(names)

    def _loop_value(self, node: Node) -> Certainty:
        """Return what text tells of a loop variable: harmless where every value is a literal that is no option."""
        for value in node.children_by_field_name("value"):
            for word in self.reader.words(value):
                if word.value is None or word.value.startswith("-") or re.search(r"[\s*?\[{]", word.value):
                    return Certainty.OPAQUE
        return Certainty.TOKEN

    def _c_style_for(self, node: Node, stdin: Stdin) -> None:
        self._arithmetic(node, stdin)
        body = node.child_by_field_name("body")
        if body is not None:
            self._conditional(body, stdin)

    def _case_item(self, node: Node, stdin: Stdin) -> None:
        values = {value.id for value in node.children_by_field_name("value")}
        for child in children(node):
            if child.id in values:
                self._substitutions(child)
            else:
                self.visit(child, stdin)

    def _case(self, node: Node, stdin: Stdin) -> None:
        value = node.child_by_field_name("value")
        if value is not None:
            self._substitutions(value)
        names = assigned(self.tree, node)
        for child in children(node):
            if child.type == "case_item":
                self.visit(child, stdin)
        self.state.forget(names)

    def _compound(self, node: Node, stdin: Stdin) -> None:
        if node.children and node.children[0].type == "((":
            self._arithmetic(node, stdin)
        else:
            self._sequence(node, stdin)

    def _subshell(self, node: Node, stdin: Stdin) -> None:
        self._sequence(node, stdin)
        self.state.forget(assigned(self.tree, node))

    def _function(self, node: Node, stdin: Stdin) -> None:
        """Judge a body where it is defined, too: what is defined can be called from places that text does not show."""
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None or body is None:
            self._doubt(node)
            return
        self._redirections(node, stdin)
        body_start, body_end = self.tree.span(body)
        self.state.functions[self.tree.source(name)] = self.tree.text[body_start:body_end]
        names = assigned(self.tree, body)
        self.state.forget(names)
        inside = _Walk(self.tree, self.state.inner(elsewhere=False))
        inside.depth = self.depth
        inside.state.called = (*self.state.called, self.tree.source(name))
        inside.visit(body, Stdin())
        self.state.forget(names)
        self.found += inside.found

    def _arithmetic(self, node: Node, stdin: Stdin) -> None:
        del stdin
        body = node.child_by_field_name("body")
        end = None if body is None else self.tree.span(body)[0]
        start, node_end = self.tree.span(node)
        source = self.tree.text[start : node_end if end is None else end]
        self.found += self.expander.calculated(node, source)
        self._substitutions(node, stop=body)
        self.state.forget(dict.fromkeys(names_set(source), Certainty.PLAIN))

    def _test(self, node: Node, stdin: Stdin) -> None:
        self.here = stdin
        self._substitutions(node)
        start, end = self.tree.span(node)
        text = self.tree.text[start:end]
        self.found.append(
            CommandEffect(text=text, start=start, end=end, effect=Effect.READ, reason="only tests", tool="test")
        )
        if compares_numbers(text):
            self.found += self.expander.calculated(node, text)
        if hides_process(text) or self._has_operators(node, text):
            self._doubt(node, "tests a text that can hold commands")
        if hides_command(text):
            self._doubt(node, "tests a name that can hold commands")

    def _has_operators(self, node: Node, text: str) -> bool:
        """Say whether `[ … ]` holds what the shell takes for pipes, lists and redirections, unlike in `[[ … ]]`."""
        if text.startswith("[["):
            return False
        operators = (child.type for part in within(node, ("binary_expression",)) for child in part.children)
        return not _SHELL_OPERATORS.isdisjoint(operators)

    def _substitutions(self, node: Node, stop: Node | None = None) -> None:
        """Judge the commands inside words."""
        if node.child_count:
            self.found += self.expander.expanded(node, stop)

    def _document(self, document: HereDocument) -> None:
        """Judge the commands inside a here-document."""
        end = document.start + len(document.body)
        doubtful = _not_understood(self.tree.text, document.start, end, "of a here-document may hold commands")
        self.found += self.expander.document(document, doubtful)

    def _inside(self, tree: ShellTree, nodes: Iterable[Node]) -> list[CommandEffect]:
        """Judge nodes in a shell of their own, as substitutions run."""
        scope = self.state.inner(elsewhere=False)
        if self.here.kind is not StdinKind.INHERITED:
            scope.stdin = self.here
        walk = _Walk(tree, scope)
        walk.depth = self.depth + 1
        walk.visit_all(nodes)
        return walk.found

    def _doubted(self, node: Node, why: str) -> CommandEffect:
        start, end = self.tree.span(node)
        return _not_understood(self.tree.text, start, end, why)

    # assignments

    def _assignment(self, node: Node, stdin: Stdin) -> None:
        del stdin
        self._substitutions(node)
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            self._doubt(node)
            return
        plain, _, index = self.tree.source(name).partition("[")
        if index and plain not in self.state.maps:
            self.found += self.expander.calculated(name, index)
        if value is not None and value.type == "array" and plain not in self.state.maps:
            self.found += self.expander.indices(value)
        if plain in self.state.integers and value is not None:
            self.found += self.expander.calculated(node, self.tree.source(value))
        self._assign(plain, node, value if name.type == "variable_name" else None)

    def _assign(self, name: str, node: Node, value: Node | None) -> None:
        is_plain = value is not None and value.type != "array" and "+=" not in self.tree.source(node)[: len(name) + 2]
        has_value = self.tree.source(node).rstrip().endswith("=")
        known: str | Certainty = "" if has_value else Certainty.OPAQUE
        if is_plain and value is not None:
            known = self.reader.certainty(value)
        if known is Certainty.TOKEN and "[" in self.tree.source(node):
            known = Certainty.OPAQUE  # calculating with it could run what the index holds
        self.state.assign(name, known)
        if is_sensitive(name):
            start, end = self.tree.span(node)
            reason = f"sets {name}, which changes what later commands mean"
            text = self.tree.text[start:end]
            self.found.append(CommandEffect(text=text, start=start, end=end, effect=Effect.READ, reason=reason))

    # simple commands and redirections

    def _redirected(self, node: Node, stdin: Stdin) -> None:
        body = node.child_by_field_name("body")
        while body is not None and body.type in _HEADS:
            body, stdin = self._but_last(body, stdin)
        redirections = self._redirections(node, stdin)
        before = len(self.found)
        self.trailing = redirections.words
        if body is not None:
            self.visit(body, redirections.stdin)
        for word in self.trailing:
            self._doubt(word)
        self.trailing = []
        if len(self.found) == before and (body is None or redirections.consequences):
            start, end = self.tree.span(node)
            text = self.tree.text[start:end]
            self.found.append(
                CommandEffect(text=text, start=start, end=end, effect=Effect.READ, reason="only opens files")
            )
        self._raise(before, redirections)
        self._follow(node, redirections)

    def _but_last(self, node: Node, stdin: Stdin) -> tuple[Node, Stdin]:
        """Visit the members of a list or pipeline but the last, to which alone redirections behind it belong.

        Return that one, and its standard input.
        """
        found = members(node) if node.type == "list" else list(children(node))
        for member in found[:-1]:
            self.visit(member, stdin)
            stdin = self._output(member) if node.type == "pipeline" else stdin
        return found[-1], stdin

    def _redirections(self, node: Node, stdin: Stdin) -> Redirections:
        redirections = self.redirection_reader.read(node, stdin)
        for doubtful in redirections.doubtful:
            self._doubt(doubtful)
        return redirections

    def _follow(self, node: Node, redirections: Redirections) -> None:
        """Visit the pipeline or list that the grammar hangs below a here-document."""
        for follower in redirections.followers:
            if follower.type == "pipeline":
                piped = self._output(node)
                for member in children(follower):
                    self.visit(member, piped)
                    piped = self._output(member)
            else:
                self.visit(follower, Stdin())

    def _raise(self, before: int, redirections: Redirections) -> None:
        """Add what redirections do to the command they stand at."""
        for consequence in redirections.consequences if before < len(self.found) else ():
            self.found[before] = consequence.added_to(self.found[before])

    def _simple(self, node: Node, stdin: Stdin) -> None:
        """Judge a simple command: assignments, name, arguments, redirections."""
        start, end = self.tree.span(node)
        self.here = stdin
        redirections = self._redirections(node, stdin)
        self.trailing = [*redirections.words, *self.trailing]
        words, assignments = self._command_words(node)
        before = len(self.found)
        if self._has_glued_words(node):
            self._doubt(node, "joins words in a way that can be read differently")
        state, names = self._with_assignments(assignments, words)
        if words:
            given = redirections.stdin
            fed = self.state.stdin if given.kind is StdinKind.INHERITED else given
            text = self.tree.text[start:end]
            call = Invocation(words=tuple(words), text=text, start=start, end=end, stdin=fed)
            self.found += judge_words(call, state, judge_shell)
        self._raise(before, redirections)
        if state is not self.state:
            self._take_back(state, names)
        self._follow(node, redirections)

    def _command_words(self, node: Node) -> tuple[list[Word], list[Node]]:
        words: list[Word] = []
        assignments: list[Node] = []
        is_declaration = node.type in ("declaration_command", "unset_command")
        if is_declaration:
            first = node.children[0]
            words.append(literal(self.tree.source(first), *self.tree.span(first)))
        trailing, self.trailing = self.trailing, []
        for group in word_groups(self.tree, [*children(node), *trailing]):
            child = group[0]
            if child.type in _REDIRECTS:
                continue
            if child.type == "variable_assignment" and not is_declaration:
                assignments.append(child)
                continue
            for part in group:
                self._substitutions(part)
            words += self._assignment_words(child) if child.type == "variable_assignment" else self.reader.word(group)
        return words, assignments

    def _assignment_words(self, node: Node) -> list[Word]:
        """Return `name=value` of a declaration as a word."""
        start, end = self.tree.span(node)
        text = self.tree.text[start:end]
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        head = text if value is None else text[: self.tree.span(value)[0] - start]
        if value is not None and value.type == "array" and not self._declares_map(node):
            self.found += self.expander.indices(value)
        known = self.reader.certainty(value) if value is not None and value.type != "array" else Certainty.OPAQUE
        del name
        if value is None:
            return [literal(text, start, end)]
        if isinstance(known, Certainty):
            return [Word(text=text, start=start, end=end, value=None, certainty=known, prefix=head, shape=head)]
        return [literal(head + known, start, end)]

    def _declares_map(self, node: Node) -> bool:
        words = () if node.parent is None else node.parent.named_children
        return any(re.fullmatch(r"-\w*A\w*", self.tree.source(word)) for word in words)

    def _has_glued_words(self, node: Node) -> bool:
        """Say whether what lies between two words is no blank: there the shell joins what the grammar parts."""
        for left, right in pairwise(node.named_children):
            gap = self.tree.text[self.tree.span(left)[1] : self.tree.span(right)[0]]
            if gap != " " and not _GAP.fullmatch(gap) and not is_same_word(self.tree, left, right):
                is_redirect = left.type in _REDIRECTS or right.type in _REDIRECTS or left.type == "file_descriptor"
                if not is_redirect or gap.replace("\\\n", "").strip(" \t"):
                    return True
        return False

    def _with_assignments(self, assignments: list[Node], words: list[Word]) -> tuple[ShellState, frozenset[str]]:
        """Return the state that a command with assignments in front of it sees, and what they assign."""
        names: set[str] = set()
        for node in assignments:
            self._substitutions(node)
            name = node.child_by_field_name("name")
            names.add("" if name is None else self.tree.source(name).partition("[")[0])
        if words and words[0].value == "read":
            names.discard("IFS")  # it tells `read` where to split, and ends with it
        if not names:
            return self.state, frozenset()
        scope = self.state.inner(elsewhere=False)
        scope.aliases, scope.depth = self.state.aliases, self.state.depth
        scope.forget(dict.fromkeys(names, Certainty.OPAQUE))
        scope.taints = 0
        return scope, frozenset(names)

    def _take_back(self, scope: ShellState, names: frozenset[str]) -> None:
        """Keep what a builtin behind assignments may have changed for later; the assignments end with it."""
        if not scope.taints:
            scope.tainted = ""
        scope.environment -= names
        for name in names:
            scope.variables.pop(name, None)
        self.state.absorb(scope)

    def _printed(self, node: Node) -> Printed:
        """Return what text tells of a substitution's output: a literal `echo`, one plain word, or nothing."""
        inside = list(children(node))
        last = printing(inside[0]) if len(inside) == 1 else None
        if last is not None:
            text = self.tree.source(last).strip()
            tool = text.partition(" ")[0]
            is_itself = tool not in self.state.functions and tool not in self.state.aliases
            output = literal_output(self.reader, last) if is_itself and last is inside[0] else None
            if output is not None:
                return Printed(Certainty.LITERAL, output.rstrip("\n"))
            table = find(tool) if is_itself and not self.state.tainted else None
            if table is not None and table.prints_token and re.fullmatch(table.prints_token, text):
                return Printed(Certainty.PLAIN)
        return Printed(Certainty.OPAQUE, named_secret(self.tree.source(node)) or "0")


_Handler = Callable[[_Walk, Node, Stdin], None]
_HANDLERS: dict[str, _Handler] = {
    **dict.fromkeys(("program", "do_group", "negated_command"), _Walk._sequence),
    **dict.fromkeys(("if_statement", "while_statement", "elif_clause", "else_clause"), _Walk._conditional),
    **dict.fromkeys(("command", "declaration_command", "unset_command"), _Walk._simple),
    **dict.fromkeys(ARITHMETIC, _Walk._arithmetic),
    "list": _Walk._list,
    "pipeline": _Walk._pipeline,
    "for_statement": _Walk._for,
    "c_style_for_statement": _Walk._c_style_for,
    "case_statement": _Walk._case,
    "case_item": _Walk._case_item,
    "compound_statement": _Walk._compound,
    "subshell": _Walk._subshell,
    "function_definition": _Walk._function,
    "test_command": _Walk._test,
    "variable_assignment": _Walk._assignment,
    "variable_assignments": _Walk._sequence,
    "redirected_statement": _Walk._redirected,
}
