"""Questions to the person at the terminal: what exactly would run, on what, how back, what is checked after."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from architect.access.people import Identity, Proof, person_name
from architect.cli.terminal.style import effect_text, outside, sign, width_of
from architect.kernel.errors import ArchitectError, UsageError
from architect.runs.events import Answer, GateReason
from architect.runs.gates import votes
from architect.runs.model import GateKind, PlannedAction
from architect.runs.profiles import SecretReference, is_secret_name, parse_environment_value
from architect.runs.service import Word
from architect.runs.state import GateState, RunState
from architect.runs.values import visible
from architect.wiring.engines import Workplace

MAX_TRIES = 3
_TEXT_LINES = 12
_CHOICES: Mapping[Answer, tuple[str, str]] = {
    Answer.APPROVE: ("y", "yes, run it"),
    Answer.REFUSE: ("n", "no, leave it out"),
    Answer.DONE: ("d", "done"),
    Answer.RETRY: ("r", "run it again"),
    Answer.SKIP: ("s", "skip it, with a reason"),
    Answer.UNDO: ("u", "undo what was changed"),
    Answer.RECOVERED: ("y", "yes, the fault is gone"),
    Answer.NOT_RECOVERED: ("n", "no, it is still there"),
    Answer.ABORT: ("a", "abort the run"),
}
_LEAVE = ("q", "leave it waiting")
_WORDS = ("yes", "no", "done", "skip", "undo", "abort", "quit", "retry")


class Prompter:
    """Asks the person at a terminal and answers the gate with what they say."""

    def __init__(
        self,
        place: Workplace,
        *,
        console: Console,
        read: Callable[[str], str] = input,
        read_secret: Callable[[str], str] = getpass.getpass,
    ) -> None:
        self._service = place.service
        self._identity = place.identity
        self._is_single = place.rules.is_single_person
        self._is_secret_of = place.is_secret_of
        self._console = console
        self._read = read
        self._read_secret = read_secret

    def answer(self, state: RunState) -> bool:
        """Ask at the open gate; False when the person leaves it open. What is refused is said and asked again."""
        gate = state.open_gate
        if gate is None:
            return False
        self._show(state, gate)
        for _ in range(MAX_TRIES):
            try:
                return self._ask(state, gate)
            except EOFError:
                self._console.print()
                return False
            except ArchitectError as error:
                self._say(outside(str(error)), style="red")
        return False

    def confirm(self, question: str) -> bool:
        """Ask a plain question; only `y` or `yes` is yes."""
        try:
            return self._read(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            self._console.print()
            return False

    def choose(self, question: str, choices: Mapping[str, str]) -> str:
        """Let the person choose one of some letters; the end of the input is the last of them."""
        words = "  ".join(f"[{letter}] {text}" for letter, text in choices.items())
        self._say(f"{question}  {words}")
        while True:
            try:
                said = self._read("  > ").strip().lower()[:1]
            except EOFError:
                return list(choices)[-1]
            if said in choices:
                return said

    def _show(self, state: RunState, gate: GateState) -> None:
        console, opened = self._console, gate.opened
        console.print(Text(sign("rule", console) * width_of(console), style="dim"))
        if opened.action is not None and opened.reason in (GateReason.EFFECT, GateReason.FAILED):
            self._show_action(state, state.action(opened.action))
        console.print(Text(outside(opened.question), style="bold"), soft_wrap=True)
        for fact in opened.facts:
            console.print(Text(f"  {outside(fact)}"), soft_wrap=True)
        if opened.proposal is not None:
            console.print(Text(f"  earlier output gives: {outside(opened.proposal)}"), soft_wrap=True)

    def _show_action(self, state: RunState, action: PlannedAction) -> None:
        console = self._console
        console.print(Text.assemble(f"{action.id} ", effect_text(action.effect), f" {outside(action.title)}"))
        lines = visible(action.text).splitlines()
        for line in lines[:_TEXT_LINES]:
            console.print(Text(f"    {line}", style="bold"), soft_wrap=True)
        if len(lines) > _TEXT_LINES:
            console.print(Text(f"    … {len(lines) - _TEXT_LINES} more lines", style="dim"))
        console.print(
            Text(f"  on: {', '.join(map(outside, action.targets)) or 'a target that is not known'}"), soft_wrap=True
        )
        for name, value in _values(state, action):
            console.print(Text(f"  {name} = {outside(value)}"), soft_wrap=True)

    def _ask(self, state: RunState, gate: GateState) -> bool:
        match gate.opened.reason:
            case GateReason.CHOICE:
                return self._ask_choice(state, gate)
            case GateReason.VALUE:
                return self._ask_value(state, gate)
            case _:
                return self._ask_answer(state, gate)

    def _ask_answer(self, state: RunState, gate: GateState) -> bool:
        choices = {letter: answer for answer in gate.opened.answers for letter, _ in (_CHOICES[answer],)}
        if gate.opened.gate_kind is GateKind.TWO_PEOPLE and not self._is_single:
            choices["b"] = Answer.APPROVE
        said = self._choose(gate.opened.answers, has_break_glass="b" in choices)
        if said == _LEAVE[0]:
            return False
        answer = choices[said]
        if answer is Answer.APPROVE:
            return self._approve(state, gate, is_break_glass=said == "b")
        self._close(state, gate, answer)
        return True

    def _choose(self, answers: Sequence[Answer], *, has_break_glass: bool) -> str:
        offered = [_CHOICES[answer] for answer in answers]
        offered += [("b", "break-glass: nobody else answers")] if has_break_glass else []
        offered.append(_LEAVE)
        words = "  ".join(f"[{letter}] {text}" for letter, text in offered)
        self._say(words, style="dim")
        letters = {letter for letter, _ in offered}
        while True:
            said = self._read("  > ").strip().lower()
            if said[:1] in letters and said in (said[:1], *_WORDS):
                return said[:1]

    def _close(self, state: RunState, gate: GateState, answer: Answer) -> None:
        service, run, name = self._service, state.run, gate.opened.gate
        match answer:
            case Answer.REFUSE:
                service.refuse(run, name, self._identity, word=Word(reason=self._reason("why (may be empty)")))
            case Answer.SKIP:
                service.skip(run, name, self._identity, word=Word(reason=self._reason("why may it be left out")))
            case Answer.DONE:
                service.done(run, name, self._identity)
            case Answer.RETRY:
                service.retry(run, name, self._identity)
            case Answer.UNDO:
                service.undo(run, self._identity)
            case Answer.ABORT:
                service.abort(run, self._identity, reason=self._reason("why (may be empty)"))
            case Answer.RECOVERED | Answer.NOT_RECOVERED:
                service.recovered(run, name, actor=self._identity, is_recovered=answer is Answer.RECOVERED)
            case Answer.APPROVE | Answer.CHOOSE | Answer.SET_VALUE:
                raise UsageError(f"{answer} is asked for in another way")

    def _approve(self, state: RunState, gate: GateState, *, is_break_glass: bool) -> bool:
        """Take the approval; for what two people must agree to, of the second one as well, by their own secret."""
        name = gate.opened.gate
        if gate.opened.gate_kind is not GateKind.TWO_PEOPLE:
            self._service.approve(state.run, name, self._identity)
            return True
        if is_break_glass:
            word = Word(reason=self._reason("why can nobody else be asked"), break_glass=True)
            self._service.approve(state.run, name, self._identity, word=word)
            return True
        if self._is_single:
            target = self._read("  type the name of the target: ").strip()
            word = Word(reason=self._reason("reason"), typed_target=target)
            self._service.approve(state.run, name, self._identity, word=word)
            return True
        if not any(vote.by == self._identity.actor for vote in votes(gate)):
            state = self._service.approve(state.run, name, self._identity)
        return state.open_gate is None or self._second_person(state, name)

    def _second_person(self, state: RunState, gate: str) -> bool:
        """Let a second person approve here; an empty name leaves the gate to be approved from elsewhere."""
        elsewhere = f"architect runs approve {state.run} {gate}"
        self._say(f"a second person agrees here with their own secret, or elsewhere: {elsewhere}")
        for _ in range(MAX_TRIES):
            name = self._read("  second person (empty: leave it waiting): ").strip()
            if not name:
                return False
            person = person_name(name)
            if self._is_secret_of(person, self._read_secret(f"  secret of {person}: ")):
                self._service.approve(state.run, gate, Identity(person=person, proof=Proof.SECRET))
                return True
            self._say("that is not the secret of anybody of this name", style="red")
        return False

    def _ask_choice(self, state: RunState, gate: GateState) -> bool:
        said = self._read("  which one (number, a to abort, q to leave): ").strip().lower()
        if said in ("q", ""):
            return False
        if said == "a":
            self._close(state, gate, Answer.ABORT)
        elif said.isdecimal():
            self._service.choose(state.run, gate.opened.gate, int(said), actor=self._identity)
        else:
            raise UsageError(f"{said[:20]!r} is no number")
        return True

    def _ask_value(self, state: RunState, gate: GateState) -> bool:
        variable, proposal = gate.opened.variable or "", gate.opened.proposal
        if is_secret_name(variable):
            return self._ask_reference(state, gate)
        hint = "Enter takes what earlier output gives" if proposal else "empty: leave it waiting"
        value = self._read(f"  {outside(variable)} ({hint}): ") or proposal
        if not value:
            return False
        self._service.set_value(state.run, gate.opened.gate, value, actor=self._identity)
        return True

    def _ask_reference(self, state: RunState, gate: GateState) -> bool:
        """Ask where a secret is; the secret itself is never typed into a run."""
        text = self._read(
            "  where is the secret (env:NAME, file:PATH, keyring:SERVICE/USER; empty: leave it): "
        ).strip()
        if not text:
            return False
        reference = parse_environment_value(text)
        if not isinstance(reference, SecretReference):
            raise UsageError("that is no reference to a secret", hint="for example env:API_TOKEN")
        self._service.set_value(state.run, gate.opened.gate, str(reference), actor=self._identity, is_reference=True)
        return True

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(f"  {text}", style=style), soft_wrap=True)

    def _reason(self, question: str) -> str:
        return self._read(f"  {question}: ").strip()


def _values(state: RunState, action: PlannedAction) -> Sequence[tuple[str, str]]:
    """Return what is bound to the action's variables; secrets by their references."""
    bound = {binding.name: binding.value or binding.reference or "" for binding in state.plan.bindings}
    bound |= {name: event.value or event.reference or "" for name, event in state.values.items()}
    return [(name, bound[name]) for name in dict.fromkeys((*action.variables, *action.open_variables)) if name in bound]
