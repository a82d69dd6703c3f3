"""Questions to the person at the terminal, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from architect.access.people import Identity, Proof, person_name
from architect.cli.terminal.gate import GateView
from architect.cli.terminal.keyboard import Keyboard
from architect.cli.terminal.screen import Screen, side_by_side
from architect.cli.terminal.story import Clocks
from architect.cli.terminal.style import outside
from architect.kernel.errors import ArchitectError, UsageError
from architect.runs.events import Answer, GateReason
from architect.runs.gates import votes
from architect.runs.model import GateKind
from architect.runs.profiles import SecretReference, is_secret_name, parse_environment_value
from architect.runs.service import Word
from architect.runs.state import GateState, RunState
from architect.runs.voting import target_names
from architect.wiring.workplace import Workplace

MAX_TRIES = 3
_CHOICES: Mapping[Answer, tuple[str, str]] = {
    Answer.APPROVE: ("y", "yes, run it"),
    Answer.REFUSE: ("n", "no, leave it out"),
    Answer.DONE: ("d", "done"),
    Answer.RETRY: ("r", "run it again"),
    Answer.SKIP: ("s", "skip it"),
    Answer.UNDO: ("u", "undo what was changed"),
    Answer.RECOVERED: ("y", "yes, the fault is gone"),
    Answer.NOT_RECOVERED: ("n", "no, it is still there"),
    Answer.ABORT: ("a", "abort the run"),
}
_BREAK_GLASS = ("b", "break the glass: nobody else answers")
_LEAVE = ("q", "decide later")
_WORDS = ("yes", "no", "done", "skip", "undo", "abort", "quit", "again")


class Prompter:
    """Asks the person at a terminal and answers the gate with what they say."""

    def __init__(self, place: Workplace, *, screen: Screen, keyboard: Keyboard, clocks: Clocks) -> None:
        self._service = place.service
        self._identity = place.identity
        self._is_single = place.rules.is_single_person
        self._is_secret_of = place.is_secret_of
        self._screen = screen
        self._keyboard = keyboard
        self._clocks = clocks

    def answer(self, state: RunState) -> bool:
        """Ask at the open gate; False when the person leaves it open. What is refused is said and asked again."""
        gate = state.open_gate
        if gate is None:
            return False
        GateView(state, gate, self._screen, clocks=self._clocks.sla, is_single=self._is_single).show()
        self._keyboard.forget()
        for _ in range(MAX_TRIES):
            try:
                return self._ask(state, gate)
            except EOFError:
                self._screen.say()
                return False
            except ArchitectError as error:
                self._warn(str(error))
            state = self._service.state(state.run)
            if state.open_gate is None or state.open_gate.opened.gate != gate.opened.gate:
                self._warn("somebody else answered meanwhile")
                return True
            gate = state.open_gate
        return False

    def choose(self, question: str, choices: Sequence[tuple[str, str]]) -> str:
        """Let the person choose one of some letters; the end of the input is the last of them."""
        self._screen.say(Text(question, style="bold"))
        self._keyboard.forget()
        try:
            return self._choose(choices)
        except EOFError:
            return choices[-1][0]

    def _ask(self, state: RunState, gate: GateState) -> bool:
        match gate.opened.reason:
            case GateReason.CHOICE:
                return self._ask_choice(state, gate)
            case GateReason.VALUE:
                return self._ask_value(state, gate)
            case _:
                return self._ask_answer(state, gate)

    def _ask_answer(self, state: RunState, gate: GateState) -> bool:
        answers = [answer for answer in gate.opened.answers if not _is_said_by_another(answer, gate.opened.answers)]
        offered = [_CHOICES[answer] for answer in answers]
        if gate.opened.gate_kind is GateKind.TWO_PEOPLE and not self._is_single:
            offered.append(_BREAK_GLASS)
        said = self._choose((*offered, _LEAVE))
        if said == _LEAVE[0]:
            return False
        if said == _BREAK_GLASS[0]:
            word = Word(reason=self._reason("why can nobody else be asked?"), break_glass=True)
            self._service.approve(state.run, gate.opened.gate, self._identity, word=word)
            return True
        answer = next(answer for answer in answers if _CHOICES[answer][0] == said)
        if answer is Answer.APPROVE:
            return self._approve(state, gate)
        self._close(state, gate, answer)
        return True

    def _choose(self, choices: Sequence[tuple[str, str]]) -> str:
        """Return the letter that is typed, by itself or as its word."""
        offered = (Text.assemble((f"[{letter}]", "bold"), f" {words}") for letter, words in choices)
        for line in side_by_side(offered, between="   ", width=self._screen.width - 2):
            self._screen.say(line, prefix="  ")
        letters = [letter for letter, _ in choices]
        while True:
            said = self._keyboard.line("> ").strip().lower()
            if said[:1] in letters and said in (said[:1], *_WORDS):
                return said[:1]
            self._warn(f"answer with {', '.join(letters[:-1])} or {letters[-1]}")

    def _close(self, state: RunState, gate: GateState, answer: Answer) -> None:
        service, run, name = self._service, state.run, gate.opened.gate
        match answer:
            case Answer.REFUSE:
                service.refuse(run, name, self._identity, word=Word(reason=self._reason("why? (may be empty)")))
            case Answer.SKIP:
                service.skip(run, name, self._identity, word=Word(reason=self._reason("why may it be left out?")))
            case Answer.DONE:
                service.done(run, name, self._identity)
            case Answer.RETRY:
                service.retry(run, name, self._identity)
            case Answer.UNDO:
                service.undo(run, self._identity)
            case Answer.ABORT:
                service.abort(run, self._identity, reason=self._reason("why? (may be empty)"))
            case Answer.RECOVERED | Answer.NOT_RECOVERED:
                service.recovered(run, name, actor=self._identity, is_recovered=answer is Answer.RECOVERED)
            case Answer.APPROVE | Answer.CHOOSE | Answer.SET_VALUE:
                raise UsageError(f"{answer} is asked for in another way")

    def _approve(self, state: RunState, gate: GateState) -> bool:
        """Take the approval; for what two people must agree to, of the second one as well, by their own secret."""
        name = gate.opened.gate
        if gate.opened.gate_kind is not GateKind.TWO_PEOPLE:
            self._service.approve(state.run, name, self._identity)
            return True
        if self._is_single:
            wanted = target_names(state, gate)[-1]
            self._say("to agree alone, type the name of the target:")
            self._screen.say_verbatim(outside(wanted), prefix=Text("    "), style="bold")
            target = self._keyboard.line("  target > ").strip()
            if target not in target_names(state, gate):
                raise UsageError(f"{target[:40]!r} is not the name of the target")
            word = Word(reason=self._reason("reason"), typed_target=target)
            self._service.approve(state.run, name, self._identity, word=word)
            return True
        if not any(vote.by == self._identity.actor for vote in votes(gate)):
            state = self._service.approve(state.run, name, self._identity)
        return state.open_gate is None or self._second_person(state, name)

    def _second_person(self, state: RunState, gate: str) -> bool:
        """Let a second person approve here; an empty name leaves the gate to be approved from elsewhere."""
        self._say("you agreed; a second person agrees here with their own secret, or from elsewhere:")
        self._say(f"  architect runs approve {state.run} {gate}")
        for _ in range(MAX_TRIES):
            name = self._keyboard.line("  second person (empty: leave it waiting) > ").strip()
            if not name:
                return False
            person = person_name(name)
            if self._is_secret_of(person, self._keyboard.secret(f"  secret of {person}: ")):
                self._service.approve(state.run, gate, Identity(person=person, proof=Proof.SECRET))
                return True
            self._warn("that is not the secret of anybody of this name")
        return False

    def _ask_choice(self, state: RunState, gate: GateState) -> bool:
        self._say("the number of an option, a to abort the run, q to leave it waiting")
        said = self._keyboard.line("> ").strip().lower()
        if said == _LEAVE[0]:
            return False
        if said == "a":
            self._close(state, gate, Answer.ABORT)
        elif said.isdecimal() and said.isascii():
            self._service.choose(state.run, gate.opened.gate, int(said), actor=self._identity)
        else:
            raise UsageError(f"{said[:20]!r} is no number of an option")
        return True

    def _ask_value(self, state: RunState, gate: GateState) -> bool:
        """Take a value; an empty line takes what is proposed, else asks what is to become of the step."""
        variable, proposal = gate.opened.variable or "", gate.opened.proposal
        if is_secret_name(variable):
            self._say(
                "a secret is never typed into a run: say where it is, env:NAME, file:PATH or keyring:SERVICE/USER"
            )
        hint = f" [{outside(proposal)}]" if proposal else ""
        value = self._keyboard.line(f"  {outside(variable)}{hint} > ") or proposal or ""
        if not value:
            return self._without_value(state, gate)
        is_reference = is_secret_name(variable) and isinstance(parse_environment_value(value), SecretReference)
        self._service.set_value(state.run, gate.opened.gate, value, actor=self._identity, is_reference=is_reference)
        return True

    def _without_value(self, state: RunState, gate: GateState) -> bool:
        said = self._choose((("v", "give a value after all"), _CHOICES[Answer.SKIP], _CHOICES[Answer.ABORT], _LEAVE))
        if said == "v":
            return self._ask_value(state, gate)
        if said == _LEAVE[0]:
            return False
        self._close(state, gate, Answer.SKIP if said == "s" else Answer.ABORT)
        return True

    def _reason(self, question: str) -> str:
        return self._keyboard.line(f"  {question} > ").strip()

    def _say(self, text: str) -> None:
        self._screen.say(text, prefix="  ")

    def _warn(self, text: str) -> None:
        self._screen.say(Text(outside(text), style="red"), prefix="  ")


def _is_said_by_another(answer: Answer, answers: Sequence[Answer]) -> bool:
    """Say whether an answer need not be offered: refusing leaves an action out as skipping does."""
    return answer is Answer.SKIP and Answer.REFUSE in answers
