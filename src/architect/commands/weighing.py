"""Weighs a parsed command: what its table says of the words that are there, highest first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from architect.commands.calls import Stdin, StdinKind, Word
from architect.commands.environment import is_secret_name
from architect.commands.model import Effect, Flag, Target, highest
from architect.commands.options import GivenOption, Parsed, is_sharp
from architect.commands.paths import plain_path, shows_secret, writing
from architect.commands.state import ShellState
from architect.commands.tables import Consequence, Node, Rule, Value, When
from architect.commands.targets import shown, target_of

_DRY_RUN_SILENCES = frozenset((Effect.WRITE, Effect.DISRUPTIVE, Effect.DESTRUCTIVE))
_DEFAULT_REASONS = {
    Effect.READ: "only reads",
    Effect.WRITE: "changes something",
    Effect.DISRUPTIVE: "users may notice",
    Effect.UNKNOWN: "is not known to be harmless",
    Effect.EXPOSES: "opens access or shows secrets",
    Effect.DESTRUCTIVE: "data is gone afterwards",
}


_ALTERNATIVE = re.compile(r"(?:[^|()]|\((?:[^()]|\([^()]*\))*\))+")
_HEAD = re.compile(r"\^([\w/=,:-]*)(?![?*{])")
_LOOKS_AROUND = re.compile(r"\(\?[=!<]|\\[bBZ]")


@dataclass(frozen=True, slots=True)
class _Raise:
    """One reason for an effect; `yields` says that a dry run makes it go away."""

    effect: Effect
    reason: str
    yields: bool = False


@dataclass(slots=True, kw_only=True)
class Weight:
    """The tally of one command."""

    name: str
    base: Effect
    reason: str
    replaced: list[tuple[Effect, str]] = field(default_factory=list)
    lowered: list[_Raise] = field(default_factory=list)
    raised: list[_Raise] = field(default_factory=list)
    flags: set[Flag] = field(default_factory=set)
    cleared: set[Flag] = field(default_factory=set)
    writes: bool = False
    is_dry_run: bool = False

    def add(self, effect: Effect, reason: str) -> None:
        """Add an effect that nothing lowers."""
        self.raised.append(_Raise(effect, reason))

    def apply(self, consequence: Consequence, *, is_positional: bool) -> None:
        """Add what a table says of a word, an option or a rule."""
        self.flags.update(consequence.flags)
        self.cleared.update(consequence.clears)
        self.is_dry_run |= consequence.dry_run
        if consequence.makes is not None:
            self.replaced.append((consequence.makes, consequence.reason))
        if consequence.effect is not None:
            found = _Raise(consequence.effect, consequence.reason, yields=consequence.effect in _DRY_RUN_SILENCES)
            (self.lowered if is_positional and found.yields else self.raised).append(found)

    def verdict(self) -> tuple[Effect, str]:
        """Return the effect and the reason that counts."""
        candidates = list(self._base_candidates())
        candidates += [(entry.effect, entry.reason) for entry in self.raised if not (self.is_dry_run and entry.yields)]
        effect = highest(effect for effect, _ in candidates)
        reason = next((reason for found, reason in candidates if found is effect and reason), "")
        return effect, reason or f"{self.name} {_DEFAULT_REASONS[effect]}"

    def _base_candidates(self) -> Iterable[tuple[Effect, str]]:
        if self.is_dry_run:
            yield Effect.READ, "a dry run, which this subcommand honours"
        elif self.replaced:
            yield from self.replaced
        else:
            yield self.base, self.reason
            yield from ((entry.effect, entry.reason) for entry in self.lowered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a table says of a command, its inner commands not counted."""

    effect: Effect
    reason: str
    system: str
    target: Target | None
    flags: frozenset[Flag]
    parameters: tuple[tuple[str, str], ...]


def runs_stdin(parsed: Parsed, stdin: Stdin) -> bool:
    """Say whether the tool reads its program from this standard input."""
    spec = parsed.node.stdin
    if spec is None or stdin.kind is StdinKind.INHERITED:
        return False
    spellings = {name for given in parsed.options for name in given.option.names}
    if not spellings.isdisjoint(spec.unless):
        return False
    return spec.unless_positionals is None or len(parsed.positionals) < spec.unless_positionals


def weigh(parsed: Parsed, state: ShellState, stdin: Stdin) -> Weighed:
    """Return what the command does by itself; records the files it makes in `state`."""
    node = parsed.node
    weight = Weight(name=" ".join([parsed.table.tool, *parsed.path]), base=node.effect, reason=node.reason)
    weight.flags.update(flag for level in parsed.nodes for flag in level.flags)
    state = works_in(parsed, state)
    if parsed.is_help and not parsed.is_vague and not parsed.problems:
        return _weighed(parsed, weight, Effect.READ, f"{weight.name} only prints its help")
    for problem in parsed.problems:
        weight.add(Effect.UNKNOWN, problem)
    for given in parsed.options:
        if given.option.asks_dry_run:
            weight.is_dry_run = False  # of `--dry-run=client --dry-run=none` the last one counts
        _weigh_value(weight, given.option, given.value, state, is_positional=False)
    for spec, word in parsed.positionals:
        if spec is not None:
            _weigh_value(weight, spec, word, state, is_positional=True)
    for level in parsed.nodes:
        for rule in level.rules:
            _weigh_rule(weight, rule, parsed)
    _weigh_counts(weight, node, parsed)
    if Flag.WRITES_FILE in weight.flags - weight.cleared and not state.in_scratch:
        weight.add(Effect.WRITE, "writes files into a folder that is not the run's own")
    if node.stdin is not None and node.stdin.makes is not None and stdin.text is not None and runs_stdin(parsed, stdin):
        weight.replaced.append((node.stdin.makes, "runs the text it is fed"))
    effect, reason = weight.verdict()
    return _weighed(parsed, weight, effect, reason)


def _weighed(parsed: Parsed, weight: Weight, effect: Effect, reason: str) -> Weighed:
    system = next((node.system for node in reversed(parsed.nodes) if node.system), "host")
    return Weighed(
        effect=effect,
        reason=reason,
        system=system,
        target=target_of(parsed, system),
        flags=frozenset() if parsed.is_help else _flags(weight),
        parameters=tuple(_parameters(parsed)),
    )


def _flags(weight: Weight) -> frozenset[Flag]:
    kept = weight.flags - weight.cleared
    return frozenset(kept | {Flag.WRITES_FILE} if weight.writes else kept)


def works_in(parsed: Parsed, state: ShellState) -> ShellState:
    """Return the state as the command sees it: elsewhere where an option names the folder to work in."""
    folders = [given.value for given in parsed.options if given.option.directory]
    folders += [word for spec, word in parsed.positionals if spec is not None and spec.directory]
    if not folders or all(word is not None and plain_path(word) is not None for word in folders):
        return state
    scope = state.inner(elsewhere=False)
    last = folders[-1]
    scope.leave("" if last is None else last.value or "")
    return scope


def _weigh_counts(weight: Weight, node: Node, parsed: Parsed) -> None:
    if node.max_positionals is not None and len(parsed.positionals) > node.max_positionals:
        weight.add(Effect.UNKNOWN, f"{parsed.positionals[node.max_positionals][1].text} is not expected here")
    if not parsed.is_vague:
        return
    if not parsed.all_options or any(is_sharp(option) for option in parsed.known_options()):
        weight.add(Effect.UNKNOWN, "a word that the text does not tell can be an option")


def _weigh_value(weight: Weight, spec: Value, word: Word | None, state: ShellState, *, is_positional: bool) -> None:
    weight.apply(spec, is_positional=is_positional)
    for when in spec.when:
        _weigh_when(weight, when, word, is_positional=is_positional)
    if word is None:
        return
    if spec.file:
        _weigh_file(weight, spec, word, state)
    if spec.shows and any(is_secret_name(name) for name in word.variables):
        weight.add(Effect.EXPOSES, f"prints {word.text}, which by its name is a secret")


def _weigh_when(weight: Weight, when: When, word: Word | None, *, is_positional: bool) -> None:
    if word is not None and (word.value is None or word.is_glob):
        if _is_settled(when, word):
            return
        if when.told and when.matches and _compiled(when.matches).search(word.shape):
            weight.apply(when, is_positional=is_positional)
        if not when.told and not _is_lowering(when):
            weight.add(Effect.UNKNOWN, f"it depends on {word.text}, which the text does not tell")
        return
    value = "" if word is None else word.value or ""
    if when.matches and not _compiled(when.matches).search(value):
        return
    if when.misses and _compiled(when.misses).search(value):
        return
    weight.apply(when, is_positional=is_positional)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a table's pattern once: there are more of them than the library keeps."""
    return re.compile(pattern)


def _is_settled(when: When, word: Word) -> bool:
    """Say whether the literal beginning of `word` shows already that a condition does not hold."""
    if when.matches and cannot_match(when.matches, word.prefix):
        return True
    return bool(when.misses) and must_match(when.misses, word.prefix)


def _is_lowering(consequence: Consequence) -> bool:
    return consequence.effect in (None, Effect.READ) and consequence.makes in (None, Effect.READ)


def _weigh_file(weight: Weight, spec: Value, word: Word, state: ShellState) -> None:
    if spec.file == "script":
        declared = state.declared.get(_script(word))
        effect = Effect.UNKNOWN if declared is None else declared
        why = "runs a script whose text is not judged" if declared is None else "declared in trusted settings"
        weight.add(effect, why)
    elif shows_secret(word, state.folder) or not state.secret_files.isdisjoint(word.variables):
        weight.flags.add(Flag.READS_SECRET)
        weight.add(Effect.EXPOSES, f"{word.text} looks like a secret")
    if spec.file in ("write", "append"):
        effect, why, flags = weigh_redirection(word, state, appends=spec.file == "append")
        weight.writes |= bool(flags)
        weight.add(effect, why if effect is not Effect.READ else "")


def _script(word: Word) -> str:
    return (word.value or "").removeprefix("./")


def weigh_redirection(word: Word, state: ShellState, *, appends: bool) -> tuple[Effect, str, frozenset[Flag]]:
    """Return what writing the file `word` comes to, and remember the file; no reason where nothing is written."""
    effect, reason = writing(word, in_scratch=state.in_scratch, made=state.files, appends=appends)
    path = plain_path(word)
    if path is not None and state.in_scratch:
        state.files.add(path)
    return effect, reason, frozenset((Flag.WRITES_FILE,)) if reason else frozenset()


def _weigh_rule(weight: Weight, rule: Rule, parsed: Parsed) -> None:
    holds = _holds(rule, parsed)
    if holds:
        weight.apply(rule, is_positional=False)
    elif holds is None and not rule.told and not _is_lowering(rule):
        weight.add(Effect.UNKNOWN, "it depends on words that the text does not tell")


def _holds(rule: Rule, parsed: Parsed) -> bool | None:
    """Say whether all conditions hold; None where text cannot tell."""
    answers = list(_answers(rule, parsed))
    if False in answers:
        return False
    return None if None in answers else True


def _answers(rule: Rule, parsed: Parsed) -> Iterable[bool | None]:
    spellings = {name for given in parsed.options for name in given.option.names}
    words = [word for _, word in parsed.positionals]
    if rule.given:
        yield any(name in spellings for name in rule.given)
    if rule.absent:
        yield not any(name in spellings for name in rule.absent)
    if rule.path:
        yield _compiled(rule.path).search(" ".join(parsed.path)) is not None
    for name, pattern in rule.values.items():
        yield _any_matches(pattern, _values_of(name, parsed.options))
    if rule.first:
        yield _any_matches(rule.first, words[:1])
    if rule.positional:
        chosen = words if rule.positional_at is None else words[rule.positional_at : rule.positional_at + 1]
        yield _any_matches(rule.positional, chosen)
    if rule.at_least is not None:
        yield True if len(words) >= rule.at_least else (None if parsed.is_vague else False)
    if rule.at_most is not None:
        yield len(words) <= rule.at_most


def _values_of(name: str, options: list[GivenOption]) -> list[Word]:
    return [given.value for given in options if name in given.option.names and given.value is not None]


def _any_matches(pattern: str, words: list[Word]) -> bool | None:
    if any(word.value is not None and _compiled(pattern).search(word.value) for word in words):
        return True
    untold = any(word.value is None and not cannot_match(pattern, word.prefix) for word in words)
    return None if untold else False


def cannot_match(pattern: str, prefix: str) -> bool:
    """Say whether no text that begins with `prefix` matches a pattern whose alternatives are all anchored."""
    heads = _anchored_heads(pattern)
    return bool(prefix and heads) and not any(head.startswith(prefix) or prefix.startswith(head) for head in heads)


def must_match(pattern: str, prefix: str) -> bool:
    """Say whether every text that begins with `prefix` matches a pattern without lookarounds."""
    if _LOOKS_AROUND.search(pattern):
        return False
    match = _compiled(pattern).search(prefix + "\ue000")
    return match is not None and match.end() <= len(prefix)


@cache
def _anchored_heads(pattern: str) -> tuple[str, ...]:
    """Return the literal beginnings of a pattern's alternatives; none where one of them is not told."""
    if any(special in pattern for special in ("(?i", "\\|", "[|")):
        return ()
    alternatives = _ALTERNATIVE.findall(pattern)
    heads = [match[1] for alternative in alternatives if (match := _HEAD.match(alternative))]
    return tuple(heads) if len(heads) == len(alternatives) and all(heads) else ()


def _parameters(parsed: Parsed) -> Iterable[tuple[str, str]]:
    pairs: list[tuple[Value | None, Word | None]] = [(given.option, given.value) for given in parsed.options]
    pairs += parsed.positionals
    for spec, word in pairs:
        if spec is not None and spec.parameter and word is not None:
            yield spec.parameter, word.value if word.value is not None else shown(word)
