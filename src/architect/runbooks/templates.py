"""Message templates: the text, and the fields that a person or the incident fills."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from architect.runbooks.labels import opening_label
from architect.runbooks.model import Block, BlockKind, MessageTemplate, Span, TemplateField
from architect.runbooks.sections import Section
from architect.runbooks.wording import title_of

_NAMES_TEMPLATES = re.compile(
    r".*\b(?:templates?|communicat\w+|announcements?|messages?|notifications?|"
    r"(?:status|status page|customer|incident|stakeholder|progress|hourly|regular|first|last|next|final) updates?)\b.*"
    r"|updates?",
    re.IGNORECASE,
)
_JUST_TEMPLATE = re.compile(r"(?:message |update |e-?mail )?(?:template|example|message|format)", re.IGNORECASE)
_FIELD = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?(?:\*\*)?(?P<name>[A-Z][\w /%&-]{1,50}?(?:\([^)\n]{1,40}\))?)(?:\*\*)?:"
    r"(?:\*\*)?[ \t]*(?P<hint>[^\n]*)$",
    re.MULTILINE,
)
_GAP = re.compile(
    r"\[(?P<bracket>[^\]\n]{2,120})\]|<(?P<angle>[A-Za-z][^<>\n]{1,80})>|"
    r"\{\{?\s*(?P<brace>[A-Za-z][\w .-]{1,80}?)\s*\}\}?"
)
_CHOICE = re.compile(r"[A-Z][\w ]+(?:\s+[/|]\s+[A-Z][\w ]+)+\Z|.*\[\d-\d\]\Z")
_GAP_BELOW = re.compile(r"\n[ \t]*(?P<gap>\[[^\]\n]{2,200}\])")
_SPOKEN = frozenset({BlockKind.MESSAGE, BlockKind.OUTPUT, BlockKind.TEXT})


def templates_in(sections: Iterable[Section], blocks: Mapping[int, Block]) -> Iterator[MessageTemplate]:
    """Yield the templates of a document, named by the label or the heading above each."""
    for section in sections:
        if not any(leaf.span.start in blocks for leaf in section.leaves):
            continue
        is_named = bool(_NAMES_TEMPLATES.match(section.title))
        label = ""
        for leaf in section.leaves:
            block = blocks.get(leaf.span.start)
            if block is None:
                opening = opening_label(leaf)
                label = opening.title if opening is not None else label
                continue
            if block.kind is BlockKind.TEMPLATE or (
                (is_named or _NAMES_TEMPLATES.match(label)) and block.kind in _SPOKEN
            ):
                yield template_of(block, _title(section, label))


def _title(section: Section, label: str) -> str:
    words = title_of(label)
    return words if words and not _JUST_TEMPLATE.fullmatch(words) else section.title


def template_of(block: Block, title: str) -> MessageTemplate:
    """Return the template that a block is, with a field for every line or gap that is to be filled."""
    return MessageTemplate(title=title, text=block.text.strip("\n"), fields=tuple(_fields(block)), span=block.span)


def _fields(block: Block) -> Iterator[TemplateField]:
    """Yield the fields in order: a line with a name and one gap or a choice is one, each other gap is one by itself."""
    found: list[tuple[int, TemplateField]] = []
    taken = 0
    lines = {match.start(): match for match in _FIELD.finditer(block.text)}
    for start, match in lines.items():
        hint, end = match["hint"].strip(), match.end()
        if not hint and (below := _GAP_BELOW.match(block.text, end)):
            hint, end = below["gap"], below.end()
        gaps = len(_GAP.findall(hint))
        if _CHOICE.match(hint) or gaps == 1:
            found.append((start, _field(block, match["name"], _unbracketed(hint), start, end)))
            found.extend(_gaps(block, taken, start))
            taken = end
    found.extend(_gaps(block, taken, len(block.text)))
    yield from (each for _, each in sorted(found, key=lambda pair: pair[0]))


def _gaps(block: Block, start: int, end: int) -> Iterator[tuple[int, TemplateField]]:
    for match in _GAP.finditer(block.text, start, end):
        name = match["bracket"] or match["angle"] or match["brace"]
        yield match.start(), _field(block, name, name, match.start(), match.end())


def _unbracketed(hint: str) -> str:
    is_whole = hint.startswith("[") and hint.endswith("]") and hint.count("[") == 1
    return hint[1:-1] if is_whole else hint


def _field(block: Block, name: str, hint: str, start: int, end: int) -> TemplateField:
    span = Span(block.locate(start), block.locate(end - 1) + 1)
    return TemplateField(name=re.sub(r"\s*\([^)]*\)\Z", "", name).strip(), hint=hint, span=span)
