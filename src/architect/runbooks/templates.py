"""Message templates: the text, and the fields that a person or the incident fills."""

from __future__ import annotations

import re
from collections.abc import Iterator

from architect.runbooks.model import Block, MessageTemplate, Span, TemplateField

_FIELD = re.compile(
    r"^[ \t]*(?:[-*][ \t]+)?(?:\*\*)?(?P<name>[A-Z][\w /%&-]{1,50}?(?:\([^)\n]{1,40}\))?)(?:\*\*)?:(?:\*\*)?[ \t]*(?P<hint>[^\n]*)$",
    re.MULTILINE,
)
_GAP = re.compile(
    r"\[(?P<bracket>[^\]\n]{2,120})\]|<(?P<angle>[A-Za-z][^<>\n]{1,80})>|\{\{?\s*(?P<brace>[A-Za-z][\w .-]{1,80}?)\s*\}\}?"
)
_CHOICE = re.compile(r"[A-Z][\w ]+(?:\s+[/|]\s+[A-Z][\w ]+)+\Z|.*\[\d-\d\]\Z")


def template_of(block: Block, title: str) -> MessageTemplate:
    """Return the template that a block is, with a field for every line or gap that is to be filled."""
    return MessageTemplate(title=title, text=block.text.strip("\n"), fields=tuple(_fields(block)), span=block.span)


def _fields(block: Block) -> Iterator[TemplateField]:
    taken: list[Span] = []
    for match in _FIELD.finditer(block.text):
        hint = match["hint"].strip()
        start, end = match.span()
        if not hint:
            below = re.compile(r"\n[ \t]*(?P<gap>\[[^\]\n]{2,200}\])").match(block.text, end)
            if below is None:
                continue
            hint, end = below["gap"], below.end()
        if _GAP.search(hint) or _CHOICE.match(hint):
            taken.append(Span(start, end))
            yield _field(block, match["name"], hint.strip("[]") if hint.startswith("[") else hint, start, end)
    for match in _GAP.finditer(block.text):
        if not any(span.start <= match.start() < span.end for span in taken):
            name = match["bracket"] or match["angle"] or match["brace"]
            yield _field(block, name, name, match.start(), match.end())


def _field(block: Block, name: str, hint: str, start: int, end: int) -> TemplateField:
    span = Span(block.locate(start), block.locate(end - 1) + 1)
    return TemplateField(name=re.sub(r"\s*\([^)]*\)\Z", "", name).strip(), hint=hint, span=span)
