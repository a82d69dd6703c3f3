"""Reading: bytes to a typed document. Total: any bytes give one; linear; every character lies in one node."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import PurePath

from architect.runbooks.blocks import block_of
from architect.runbooks.contacts import contacts_in, names_contacts
from architect.runbooks.directives import directive_of, problems_of
from architect.runbooks.encoding import decode, problems_in, repaired
from architect.runbooks.escalation import levels_in
from architect.runbooks.labels import labels_of
from architect.runbooks.markdown import Shape, shape
from architect.runbooks.model import (
    Block,
    BlockKind,
    Contact,
    Document,
    EscalationLevel,
    MessageTemplate,
    NodeKind,
    Problem,
    ProblemCode,
    Runbook,
    Span,
)
from architect.runbooks.outline import Outliner, Section, sections_of
from architect.runbooks.runbook import runbook_of, severity_slas
from architect.runbooks.slugs import Slugs
from architect.runbooks.tables import rows_of
from architect.runbooks.templates import template_of
from architect.runbooks.wording import plain

_ESCALATION = re.compile(r".*\bescalation\b.*", re.IGNORECASE)
_TEMPLATE = re.compile(
    r".*\b(?:template|communicat\w+|announcement|status update|message|notification)\b.*", re.IGNORECASE
)
_CODE_KINDS = frozenset({NodeKind.FENCE, NodeKind.INDENTED_CODE})
_VERSION = re.compile(r"(?:document |runbook )?version", re.IGNORECASE)
_UPDATED = re.compile(r"(?:last )?(?:updated|modified|revised|reviewed)(?: on)?", re.IGNORECASE)
_FRONT_TITLE = re.compile(r"^title\s*[:=]\s*[\"']?(?P<title>[^\"'\n]+?)[\"']?\s*$", re.MULTILINE)


def read(data: bytes, path: str) -> Document:
    """Return the document that `data` is; `path` names it and is never opened."""
    text = decode(data)
    found = shape(text)
    blocks = {leaf.span.start: block_of(leaf) for leaf in found.leaves if leaf.kind in _CODE_KINDS}
    root = sections_of(found.leaves)
    runbooks = tuple(_runbooks(root, blocks, _fallback_title(text, found, path)))
    return Document(
        path=path,
        text=text,
        sha256=hashlib.sha256(data).hexdigest(),
        nodes=found.nodes,
        blocks=tuple(blocks.values()),
        runbooks=runbooks,
        escalation=_escalation(root, blocks),
        contacts=tuple(_contacts(root)),
        templates=tuple(_templates(root, blocks)),
        problems=tuple(_problems(text, found, runbooks)),
        line_starts=found.line_starts,
        version=_stated(found, _VERSION),
        updated=_stated(found, _UPDATED),
    )


def _stated(found: Shape, title: re.Pattern[str]) -> str | None:
    """Return the value of the last label of that name: documents state their version at the end."""
    values = (
        plain(label.value)
        for leaf in reversed(found.leaves)
        if leaf.kind is NodeKind.PARAGRAPH and title.search(leaf.text)
        for label in labels_of(leaf)
        if label.value and title.fullmatch(label.title)
    )
    return next(values, None)


def _fallback_title(text: str, found: Shape, path: str) -> str:
    """Return the title of a document whose procedures have none: its front matter's, its first heading, its name."""
    front = found.nodes[0].span.of(text) if found.nodes and found.nodes[0].kind is NodeKind.FRONT_MATTER else ""
    title = _FRONT_TITLE.search(front)
    return title["title"].strip() if title else PurePath(path).stem


def _runbooks(root: Section, blocks: dict[int, Block], fallback: str) -> Iterator[Runbook]:
    slugs = Slugs()
    slas = severity_slas(root)
    for procedure in Outliner(blocks, fallback).procedures(root):
        runbook = runbook_of(procedure, blocks, slas)
        if runbook.steps:
            yield replace(runbook, id=slugs.give(procedure.title))


def _sections(root: Section) -> Iterator[Section]:
    todo = [root]
    while todo:
        section = todo.pop()
        yield section
        todo.extend(reversed(section.children))


def _escalation(root: Section, blocks: dict[int, Block]) -> tuple[EscalationLevel, ...]:
    for section in _sections(root):
        if _ESCALATION.match(section.title):
            levels = levels_in(_lines(section, blocks))
            if levels:
                return levels
    return ()


def _lines(section: Section, blocks: dict[int, Block]) -> Iterator[tuple[str, Span]]:
    """Yield the lines of a section, mojibake undone, rows of tables as one line each."""
    for leaf in section.all_leaves():
        rows = rows_of(leaf)
        if rows:
            yield from ((" | ".join(row.cells), row.span) for row in rows)
            continue
        block = blocks.get(leaf.span.start)
        text, segments = (block.text, block.segments) if block else (leaf.text, leaf.segments)
        for segment in segments:
            line = text[segment.at : segment.at + segment.length]
            yield repaired(line), Span(segment.document, segment.document + segment.length)


def _contacts(root: Section) -> Iterator[Contact]:
    for section in _sections(root):
        if names_contacts(section.title):
            yield from contacts_in(tuple(section.leaves))


def _templates(root: Section, blocks: dict[int, Block]) -> Iterator[MessageTemplate]:
    for section in _sections(root):
        is_named = bool(_TEMPLATE.match(section.title))
        for leaf in section.leaves:
            block = blocks.get(leaf.span.start)
            if block is None:
                continue
            if block.kind is BlockKind.TEMPLATE or (is_named and block.kind in {BlockKind.MESSAGE, BlockKind.OUTPUT}):
                yield template_of(block, section.title)


def _problems(text: str, found: Shape, runbooks: tuple[Runbook, ...]) -> Iterator[Problem]:
    yield from chain(problems_in(text), found.problems)
    for leaf in found.leaves:
        directive = directive_of(leaf)
        if directive is not None:
            yield from problems_of(directive)
    yield from _repeats(runbooks)


def _repeats(runbooks: tuple[Runbook, ...]) -> Iterator[Problem]:
    count = Counter(runbook.title for runbook in runbooks)
    seen: set[str] = set()
    for runbook in runbooks:
        if count[runbook.title] > 1 and runbook.title in seen:
            message = f"`{runbook.title}` stands here again: this one is `#{runbook.id}`"
            yield Problem(code=ProblemCode.DUPLICATE_TITLE, message=message, span=runbook.span)
        seen.add(runbook.title)
