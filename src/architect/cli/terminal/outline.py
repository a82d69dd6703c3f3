"""A document as a person reads it: runbooks, steps, actions with their effects, and what else there is to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from architect.cli.terminal.lines import Line, Piece, cells, cut, line, wrapped
from architect.cli.terminal.palette import EFFECT_STYLES, EFFECT_WIDTH
from architect.commands.model import Effect, Flag
from architect.commands.procedures import Deed, Doer
from architect.kernel.ids import ActionId
from architect.kernel.text import visible
from architect.runbooks.model import (
    Action,
    ActionKind,
    Block,
    Document,
    NodeKind,
    OptionGroup,
    Problem,
    Runbook,
    Span,
    Step,
    Variable,
)
from architect.runbooks.wording import plain

Judged = Callable[[Runbook], Mapping[ActionId, Deed]]
"""Says what the actions of a runbook do."""

_DOERS = {Doer.PERSON: "by hand", Doer.MESSAGE: "message", Doer.FILE: "file"}
_WORD_WIDTH = EFFECT_WIDTH + 1
_ID_WIDTH = 6
_COLUMN = 4 + _ID_WIDTH + _WORD_WIDTH
_DEEPER = "   "
_MAX_LINES = 40
_MAX_CHARACTERS = 1000
_FLAGS = {
    Flag.INTERACTIVE: "at a terminal",
    Flag.NEEDS_TERMINAL: "at a terminal",
    Flag.NEVER_ENDS: "never ends",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What of a document is to be shown, and how."""

    document: Document
    judged: Judged
    width: int
    is_detailed: bool = False


def list_lines(document: Document, runbooks: Sequence[Runbook], width: int) -> Iterator[Line]:
    """Yield the names of runbooks, one a line."""
    yield from _heading(document, width)
    yield line()
    room = min(max((cells(runbook.id) for runbook in runbooks), default=0) + 1, max(20, width // 2))
    counts = [(_number(len(each.steps), "step"), _number(len(each.actions), "action")) for each in runbooks]
    urgencies = [_urgency(runbook) for runbook in runbooks]
    widest = max((cells("".join(piece.text for piece in urgency)) for urgency in urgencies), default=0)
    is_short = max((cells(", ".join(count)) for count in counts), default=0) > width - room - widest - 4
    for runbook, count, urgency in zip(runbooks, counts, urgencies, strict=True):
        name = cut(f"#{runbook.id}", room)
        blanks = " " * (room - cells(name) + 2)
        yield line(Piece(name, "bold"), blanks, count[0] if is_short else ", ".join(count), right=urgency)


def outline_lines(outline: Outline, runbooks: Sequence[Runbook], *, is_whole: bool) -> Iterator[Line]:
    """Yield the outline of runbooks; of the whole document also what belongs to none of them."""
    document = outline.document
    yield from _heading(document, outline.width)
    section = ""
    counted: Counter[str] = Counter()
    for runbook in runbooks:
        if len(runbooks) > 1 and runbook.sections and runbook.sections[-1] != section:
            section = runbook.sections[-1]
            yield from (line(), line(Piece(_ruled(_one_line(section), outline.width), "dim")))
        deeds = outline.judged(runbook)
        counted.update(map(word_of, deeds.values()))
        yield line()
        yield from _runbook(outline, runbook, deeds)
    if is_whole:
        yield from _beside(outline)
        yield from _problems(outline, document.problems)
    else:
        yield from _problems(outline, [problem for problem in document.problems if _is_in(problem.span, runbooks)])
    if len(runbooks) > 1:
        yield line()
        yield from (line(Piece(part, "bold")) for part in wrapped(_counts(counted), outline.width))
        yield line(Piece("FILE#NAME shows one runbook in full.", "dim"))


def _ruled(title: str, width: int) -> str:
    return f"── {title} {'─' * max(2, width - cells(title) - 4)}"


def _is_in(span: Span, runbooks: Iterable[Runbook]) -> bool:
    return any(runbook.span.start <= span.start < runbook.span.end for runbook in runbooks)


def _heading(document: Document, width: int) -> Iterator[Line]:
    facts = [
        f"version {document.version}" if document.version else "",
        f"updated {document.updated}" if document.updated else "",
    ]
    right = _one_line(" · ".join(filter(None, facts)))
    yield line(Piece(_title(document) or _one_line(document.path), "bold"), right=(Piece(cut(right, width // 2)),))
    count = len(document.runbooks)
    actions = sum(len(runbook.actions) for runbook in document.runbooks)
    counts = f"{_number(count, 'runbook')} · {_number(actions, 'action')}"
    yield line(
        Piece(_cut_in_front(_one_line(document.path), width - cells(counts) - 3), "dim"), Piece(f" · {counts}", "dim")
    )
    if not document.runbooks:
        yield line("Nothing in it can be done step by step.")


def _cut_in_front(text: str, room: int) -> str:
    """Return the end of a path, which says more than its beginning."""
    while cells(text) > room:
        text = "…" + text[2:]
    return text


def _title(document: Document) -> str:
    for node in document.nodes:
        if node.kind is NodeKind.HEADING:
            lines = node.span.of(document.text).strip().splitlines()
            is_first_level = lines[0].startswith("# ") or lines[-1].startswith("=")
            return _one_line(lines[0].strip("# ")) if is_first_level else ""
    return ""


def _runbook(outline: Outline, runbook: Runbook, deeds: Mapping[ActionId, Deed]) -> Iterator[Line]:
    place = Piece(f"line {outline.document.place(runbook.span.start).line}", "dim")
    yield line(Piece(_one_line(runbook.title), "bold"), right=_urgency(runbook))
    yield line(
        Piece(f"#{runbook.id}", "dim"),
        Piece(f"  {_counts(Counter(map(word_of, deeds.values())))}", "dim"),
        right=(place,),
    )
    for name, text in _facts(runbook, is_detailed=outline.is_detailed):
        yield from _paragraph(name, text, outline.width)
    data = _data_by_step(outline.document, runbook)
    yield from _data(outline, data.pop(None, ()))
    for step in runbook.steps:
        yield from _step(outline, step, deeds)
        yield from _data(outline, data.get(step.number, ()))


def _urgency(runbook: Runbook) -> tuple[Piece, ...]:
    parts = [runbook.severity or "", runbook.kind, f"within {_span(runbook.sla.seconds)}" if runbook.sla else ""]
    return (Piece(" · ".join(filter(None, parts)), "bold" if runbook.severity else ""),)


def _facts(runbook: Runbook, *, is_detailed: bool) -> Iterator[tuple[str, str]]:
    if runbook.trigger and (is_detailed or runbook.trigger not in runbook.title):
        yield "trigger", runbook.trigger
    if is_detailed:
        for symptom in runbook.symptoms:
            if symptom != runbook.trigger:
                yield "symptom", symptom
        for bound in runbook.thresholds:
            quantile = f"P{bound.quantile * 100:g} of " if bound.quantile is not None else ""
            unit = f" (written in {bound.unit})" if bound.unit else ""
            yield (
                "threshold",
                f"{quantile}{bound.subject} {bound.comparison.value} {bound.value:g}{unit}",
            )
        if runbook.owner or runbook.review_by:
            owner = [runbook.owner or "", f"review by {runbook.review_by}" if runbook.review_by else ""]
            yield "owner", ", ".join(filter(None, owner))
    if runbook.variables:
        yield "values", ", ".join(_variable(variable) for variable in runbook.variables)


def _variable(variable: Variable) -> str:
    written = variable.placeholders[0].written if variable.placeholders else variable.name
    notes = [
        f"default {variable.default}" if variable.default else "",
        "secret" if variable.is_secret else "",
        f"the same as {variable.same_as}?" if variable.same_as else "",
    ]
    about = ", ".join(filter(None, notes))
    return f"{written} ({about})" if about else written


def _step(outline: Outline, step: Step, deeds: Mapping[ActionId, Deed]) -> Iterator[Line]:
    """Yield a step; one that is a single sentence to be carried out needs no title above it."""
    phase = Piece(step.phase, "dim")
    if len(step.items) == 1 and isinstance(step.items[0], Action) and _is_said_by(step.title, step.items[0]):
        yield from _action(outline, deeds[step.items[0].id], above=step.title, phase=phase)
        return
    yield line(Piece(f"{step.number:>2}  {_one_line(step.title)}", "bold"), right=(phase,))
    for item in step.items:
        if isinstance(item, OptionGroup):
            yield from _group(outline, item, deeds)
        else:
            yield from _action(outline, deeds[item.id], above=step.title)


def _is_said_by(title: str, action: Action) -> bool:
    """Say whether the text of an action that a person does begins with a title."""
    if action.kind not in (ActionKind.MANUAL, ActionKind.MESSAGE):
        return False
    return _one_line(action.text).startswith(_one_line(title).removesuffix("…").rstrip())


def _group(outline: Outline, group: OptionGroup, deeds: Mapping[ActionId, Deed]) -> Iterator[Line]:
    right = Piece(f"--choose {group.id}=N", "dim")
    yield line(Piece(f"    choose one of {len(group.options)}", "italic"), right=(right,))
    for option in group.options:
        yield line(Piece(f"    {option.number}) {_one_line(option.title)}", "italic"))
        for action in option.actions:
            yield from _action(outline, deeds[action.id], above=option.title, indent=_DEEPER)


def _action(
    outline: Outline, deed: Deed, *, above: str, indent: str = "", phase: Piece | None = None
) -> Iterator[Line]:
    """Yield an action; in full, its title, all of its text and what is known of it stand below each other."""
    action = deed.action
    label = f"    {indent}{action.id:<{_ID_WIDTH - 1}} "
    note = ", ".join(_notes(deed))
    right = tuple(filter(None, (Piece(note, "dim") if note else None, phase)))
    if outline.is_detailed:
        taken = sum(cells(piece.text) + 2 for piece in right)
        first, *rest = _full_text(action, above=above, room=_room(outline.width - taken, indent))
        yield line(label, _word(deed), first, right=right)
        yield from (line(" " * (_COLUMN + len(indent)), piece) for piece in rest)
    else:
        yield line(label, _word(deed), _shown_text(action), right=right)
    for name, value in _details(outline, deed):
        yield from _paragraph(name, value, outline.width, indent=indent)


def _full_text(action: Action, *, above: str, room: int) -> Iterator[Piece]:
    """Yield the title of an action, where it says more than what stands above it, then all of its text."""
    title = _one_line(action.title)
    if action.kind is ActionKind.FILE:
        title = f"write {_one_line(action.file_name or 'a file')}"
    elif title == _one_line(above) or title == _one_line(action.text) or _is_said_by(title, action):
        title = ""
    if title:
        yield Piece(cut(title, room), "italic")
    for part in _wrapped_text(action.text or action.title, room):
        yield Piece(part)


def _shown_text(action: Action) -> str:
    """Return what of an action's text fits into a line, continuation lines joined."""
    if action.kind is ActionKind.FILE:
        return f"write {_one_line(action.file_name or 'a file')}"
    text = action.text.strip() or action.title
    head, _, rest = text.replace("\\\n", " ").partition("\n")
    if action.kind is ActionKind.MANUAL:
        head = plain(head)
    return f"{_one_line(head)}{' …' if rest.strip() else ''}"


def _word(deed: Deed) -> Piece:
    style = EFFECT_STYLES[deed.effect] if deed.doer is Doer.PROGRAM else "bold"
    return Piece(f"{word_of(deed):<{_WORD_WIDTH}}", style)


def _notes(deed: Deed) -> Iterator[str]:
    for flag, word in _FLAGS.items():
        if any(flag in command.flags for command in deed.commands):
            yield word
            return


def _details(outline: Outline, deed: Deed) -> Iterator[tuple[str, str]]:
    action = deed.action
    if outline.is_detailed:
        yield from _about_effect(deed)
    if action.session is not None and deed.doer is Doer.PERSON:
        yield "inside", _one_line(action.session.opener)
    if action.connection and outline.is_detailed:
        yield "connection", action.connection
    for expectation in action.expectations:
        yield "expected", expectation.text
    bounds = _bounds(action) if outline.is_detailed else ""
    if bounds:
        yield "bounds", bounds
    if action.reference is not None:
        yield "see", f"#{action.reference}"


def _about_effect(deed: Deed) -> Iterator[tuple[str, str]]:
    if deed.doer is not Doer.PROGRAM or deed.effect is Effect.READ:
        return
    yield "why", deed.reason
    targets = dict.fromkeys(
        f"{command.target.system} {command.target}".strip()
        for command in deed.commands
        if command.effect is not Effect.READ and command.target is not None and str(command.target)
    )
    if targets:
        yield "target", ", ".join(targets)


def _bounds(action: Action) -> str:
    bounds = action.bounds
    parts = [
        f"timeout {_span(bounds.timeout_s)}" if bounds.timeout_s is not None else "",
        f"{_number(bounds.retry_count, 'more try', 'more tries')}" if bounds.retry_count else "",
        f"{_span(bounds.retry_delay_s)} apart" if bounds.retry_delay_s is not None else "",
        f"at most {bounds.output_bytes:,} bytes of output" if bounds.output_bytes is not None else "",
    ]
    return ", ".join(filter(None, parts))


def _data_by_step(document: Document, runbook: Runbook) -> dict[int | None, tuple[Block, ...]]:
    """Return the blocks of a runbook that no action is made of, by the step they stand in."""
    found: dict[int | None, tuple[Block, ...]] = {}
    for block in _unused(document, runbook.span.start, runbook.span.end):
        steps = [step.number for step in runbook.steps if step.span.start <= block.span.start < step.span.end]
        at = steps[-1] if steps else None
        found[at] = (*found.get(at, ()), block)
    return found


def _unused(document: Document, start: int, end: int) -> Iterator[Block]:
    """Yield the blocks between two offsets that are neither actions nor templates."""
    taken = {block.span for runbook in document.runbooks for action in runbook.actions if (block := action.block)}
    for block in document.blocks:
        if start <= block.span.start < end and block.span not in taken:
            yield block


def _data(outline: Outline, blocks: Iterable[Block]) -> Iterator[Line]:
    for block in blocks:
        text = block.text.strip("\n")
        count = text.count("\n") + 1
        first = _one_line(text.strip().splitlines()[0] if text.strip() else "")
        label = Piece(f"{block.kind:<{_WORD_WIDTH}}", "dim")
        about = first if count == 1 else f"{first} …"
        right = Piece("" if count == 1 else f"{count} lines", "dim")
        yield line(" " * (4 + _ID_WIDTH), label, Piece(about, "dim"), right=(right,))
        if outline.is_detailed and count > 1:
            yield from _paragraph("", text, outline.width, style="dim")


def _beside(outline: Outline) -> Iterator[Line]:
    """Yield what belongs to no runbook: people, levels, templates, other blocks."""
    document = outline.document
    yield from _section("Escalation", _escalation(outline))
    contacts = ((contact.role, contact.value) for contact in document.contacts)
    yield from _section("Contacts", (part for name, text in contacts for part in _named(name, text, outline.width)))
    yield from _section("Messages to write", _templates(outline))
    yield from _section("Not part of any runbook", _data(outline, _outside_blocks(document)))


def _section(title: str, lines: Iterable[Line]) -> Iterator[Line]:
    for number, each in enumerate(lines):
        if number == 0:
            yield line()
            yield line(Piece(title, "bold"))
        yield each


def _escalation(outline: Outline) -> Iterator[Line]:
    for level in outline.document.escalation:
        when = "at once" if level.delay_s == 0 else f"after {_span(level.delay_s)}" if level.delay_s is not None else ""
        if when.removeprefix("after ") in level.condition:
            when = ""
        severities = ", ".join(name for name in level.severities if name not in level.condition)
        condition = " · ".join(filter(None, (level.condition, when, severities)))
        targets = ", ".join(level.targets) or "; ".join(level.actions)
        yield from _named(f"level {level.number}", " → ".join(filter(None, (condition, targets))), outline.width)


def _templates(outline: Outline) -> Iterator[Line]:
    for template in outline.document.templates:
        fields = ", ".join(f"{item.name} ({item.hint})" if item.hint else item.name for item in template.fields)
        count = (
            f"{template.text.strip().count(chr(10)) + 1} lines; to fill in: {fields}"
            if fields
            else "nothing to fill in"
        )
        yield from _named(template.title or "message", count, outline.width)
        if outline.is_detailed:
            yield from _paragraph("", template.text.strip("\n"), outline.width, style="dim")


def _outside_blocks(document: Document) -> list[Block]:
    inside = [runbook.span for runbook in document.runbooks]
    templates = [template.span for template in document.templates]
    return [
        block
        for block in _unused(document, 0, len(document.text))
        if not any(span.start <= block.span.start < span.end for span in inside)
        and not any(span.start <= block.span.start < span.end for span in templates)
    ]


def _problems(outline: Outline, problems: Iterable[Problem]) -> Iterator[Line]:
    """Yield what reading noticed; what was noticed many times is said once."""
    groups: dict[str, list[Problem]] = {}
    for problem in problems:
        groups.setdefault(problem.message, []).append(problem)
    if groups:
        yield line()
        yield line(Piece("Noticed while reading", "bold yellow"))
    for message, same in groups.items():
        numbers = [outline.document.place(problem.span.start).line for problem in same]
        more = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
        yield from _named(f"line {numbers[0]}{more}", message, outline.width)


def word_of(deed: Deed) -> str:
    """Return the one word that says what an action does, or that a person does it."""
    return _DOERS.get(deed.doer, deed.effect.value)


def _counts(counted: Counter[str]) -> str:
    words = [*(effect.value for effect in Effect), *_DOERS.values()]
    return ", ".join(f"{counted[word]} {word}" for word in words if counted[word])


def _paragraph(name: str, text: str, width: int, *, style: str = "", indent: str = "") -> Iterator[Line]:
    """Yield a named text, wrapped and indented."""
    for number, part in enumerate(_wrapped_text(text, _room(width, indent))):
        label = f"{name if number == 0 else '':>{_COLUMN + len(indent) - 2}}  "
        yield line(Piece(label, "dim"), Piece(part, style))


def _room(width: int, indent: str) -> int:
    return max(20, width - _COLUMN - len(indent))


def _wrapped_text(text: str, room: int) -> Iterator[str]:
    """Yield the lines of a text, broken where they are too long; of very long ones only the first, with a word."""
    lines = visible(text.rstrip()[: _MAX_LINES * _MAX_CHARACTERS]).splitlines() or [""]
    for each in lines[:_MAX_LINES]:
        yield from wrapped(_shortened(each), room)
    if len(lines) > _MAX_LINES:
        yield f"… {text.rstrip().count(chr(10)) + 1 - _MAX_LINES} more lines"


def _named(name: str, text: str, width: int) -> Iterator[Line]:
    """Yield a name on the left and a text beside it."""
    column = max(_COLUMN - 2, min(26, width // 3))
    room = max(20, width - column - 2)
    label = cut(_one_line(name), column - 4)
    for number, part in enumerate(wrapped(_shortened(_one_line(text)), room)):
        shown = label if number == 0 else ""
        yield line(f"    {shown}{' ' * (column - 4 - cells(shown))}  ", part)


def _shortened(text: str) -> str:
    if len(text) <= _MAX_CHARACTERS:
        return text
    return f"{text[:_MAX_CHARACTERS]}… {len(text) - _MAX_CHARACTERS:,} more characters"


def _one_line(text: str) -> str:
    return " ".join(visible(text[: _MAX_CHARACTERS * 2]).split())


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _span(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
