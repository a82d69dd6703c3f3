"""Reading: bytes to a typed document. Total: any bytes give one; linear; every character lies in one node."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import PurePath

from architect.runbooks.blocks import block_of
from architect.runbooks.contacts import contacts_below_labels, contacts_in, names_contacts
from architect.runbooks.directives import directive_of, problems_of
from architect.runbooks.encoding import decode, problems_in
from architect.runbooks.escalation import escalation_in
from architect.runbooks.frontmatter import settings_in
from architect.runbooks.labels import Label, labels_of
from architect.runbooks.lists import lists_of
from architect.runbooks.markdown import Leaf, Shape, shape
from architect.runbooks.model import (
    Block,
    Contact,
    Document,
    NodeKind,
    Problem,
    ProblemCode,
    Runbook,
)
from architect.runbooks.outline import Outliner
from architect.runbooks.references import with_references
from architect.runbooks.runbook import Setting, owner_in, review_in, runbook_of
from architect.runbooks.sections import Section, sections_of
from architect.runbooks.severities import severity_slas
from architect.runbooks.slugs import Slugs
from architect.runbooks.templates import templates_in
from architect.runbooks.wording import plain, sentences_of, title_of

_CODE_KINDS = frozenset({NodeKind.FENCE, NodeKind.INDENTED_CODE})
_VERSION = re.compile(r"(?:document |runbook )?version", re.IGNORECASE)
_UPDATED = re.compile(r"(?:last )?(?:updated|modified|revised|reviewed|verified)(?: on| at)?", re.IGNORECASE)


def read(data: bytes, path: str) -> Document:
    """Return the document that `data` is; `path` names it and is never opened."""
    text = decode(data)
    found = shape(text)
    front = settings_in(found.nodes[0].span.of(text)) if _has_front_matter(found) else {}
    blocks = _blocks(found.leaves)
    root = sections_of(found.leaves)
    sections = list(root.all_sections())
    runbooks = _runbooks(sections, blocks, front, path)
    return Document(
        path=path,
        text=text,
        sha256=hashlib.sha256(data).hexdigest(),
        nodes=found.nodes,
        blocks=tuple(blocks.values()),
        runbooks=runbooks,
        escalation=escalation_in(sections, blocks),
        contacts=tuple(_contacts(root, runbooks)),
        templates=tuple(templates_in(sections, blocks)),
        problems=tuple(_problems(text, found, runbooks)),
        line_starts=found.line_starts,
        version=_stated(found, front, _VERSION, "version"),
        updated=_stated(found, front, _UPDATED, "ed"),
    )


def _has_front_matter(found: Shape) -> bool:
    return bool(found.nodes) and found.nodes[0].kind is NodeKind.FRONT_MATTER


def _blocks(leaves: tuple[Leaf, ...]) -> dict[int, Block]:
    """Return the code blocks by their places, each read with the sentence that leads to it."""
    blocks: dict[int, Block] = {}
    above: Leaf | None = None
    for leaf in leaves:
        if leaf.kind in _CODE_KINDS:
            sentences = sentences_of(above.words) if above is not None else []
            blocks[leaf.span.start] = block_of(leaf, sentences[-1] if sentences else "")
            above = None
        elif leaf.kind in {NodeKind.PARAGRAPH, NodeKind.HEADING}:
            above = leaf
    return blocks


def _stated(found: Shape, front: Mapping[str, Label], title: re.Pattern[str], stem: str) -> str | None:
    """Return the value of the last label of that name, which holds `stem`: documents state their version at the end."""
    values = (
        plain(label.value)
        for leaf in reversed(found.leaves)
        if leaf.kind is NodeKind.PARAGRAPH and stem in leaf.text.lower()
        for label in labels_of(leaf)
        if label.value and title.fullmatch(label.title)
    )
    return next(chain(values, (label.value for label in front.values() if title.fullmatch(label.title))), None)


def _runbooks(
    sections: Sequence[Section], blocks: Mapping[int, Block], front: Mapping[str, Label], path: str
) -> tuple[Runbook, ...]:
    root = sections[0]
    headings = {title_of(section.title).lower() for section in sections if section.title}
    lists = lists_of(root.all_leaves(), headings)
    fallback = front["title"].value if "title" in front else PurePath(path).stem
    procedures = list(Outliner(blocks, lists, fallback).procedures(root))
    top = [section for section in root.children if section.level == 1]
    own = [*front.values(), *_labels_above(root)]
    setting = Setting(
        title=top[0].title if len(top) == 1 else "",
        slas=severity_slas(sections),
        owner=owner_in(own),
        review_by=review_in(own),
        facts=tuple(own) if len(procedures) == 1 else (),
    )
    slugs = Slugs()
    found: list[Runbook] = []
    for procedure in procedures:
        runbook = runbook_of(procedure, blocks, lists, setting)
        if runbook.steps:
            found.append(replace(runbook, id=slugs.give(procedure.title)))
    return with_references(tuple(found), sections)


def _labels_above(root: Section) -> Iterator[Label]:
    """Yield what the document says of itself before its first section."""
    for section in (root, *(child for child in root.children[:1] if child.level == 1)):
        for leaf in section.leaves[:8]:
            if leaf.kind is NodeKind.PARAGRAPH and not leaf.quote_depth:
                yield from (label for label in labels_of(leaf) if label.value)


def _contacts(root: Section, runbooks: Sequence[Runbook]) -> Iterator[Contact]:
    """Yield the contacts of a document; in a part that names them and holds runbooks too, what those say is none."""
    starts = [runbook.span.start for runbook in runbooks]
    todo = [root]
    while todo:
        section = todo.pop()
        if names_contacts(section.title):
            for contact in contacts_in(section):
                around = bisect_right(starts, contact.span.start) - 1
                if around < 0 or contact.span.start >= runbooks[around].span.end:
                    yield contact
        else:
            yield from contacts_below_labels(section)
            todo.extend(reversed(section.children))


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
