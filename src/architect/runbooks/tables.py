"""Markdown and HTML tables as rows of plain cells."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from architect.runbooks.inline import command_in_cell
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Block, BlockKind, NodeKind, Segment, Span
from architect.runbooks.wording import plain

_COMMAND_COLUMN = re.compile(
    r"(?:the |full |shell |example )?(?:commands?|cmd|quer(?:y|ies))(?: to run)?|how(?: to)?|run(?: this)?",
    re.IGNORECASE,
)
_SHOWN_COLUMN = re.compile(r"expect|output|result|you (?:should )?see|success", re.IGNORECASE)
_DELIMITER = re.compile(r"[\s|:-]+\Z")
_CELL_BREAK = re.compile(r"(?<!\\)\|")
_ROW = re.compile(r"<tr\b[^>]{0,500}>(?P<body>.*?)(?=</tr>|<tr\b|\Z)", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(r"<t[hd]\b[^>]{0,500}>(?P<body>.*?)(?=</t[hd]>|<t[hd]\b|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,500}>")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, the header's too, its place, and its source where that is one line."""

    cells: tuple[str, ...]
    span: Span
    source: str = ""


@lru_cache(maxsize=256)
def rows_of(leaf: Leaf) -> tuple[Row, ...]:
    """Return the rows of a table, the header first; a leaf that is no table has none."""
    if leaf.kind is NodeKind.TABLE:
        return tuple(_markdown_rows(leaf))
    if leaf.kind is NodeKind.HTML and "<t" in leaf.text.lower():
        return tuple(_html_rows(leaf))
    return ()


@dataclass(frozen=True, slots=True)
class RowCommand:
    """The command of a row as a block, what the row says it is for, and what it says one should see."""

    block: Block
    title: str
    expected: str


def commands_in_rows(leaf: Leaf) -> Iterator[RowCommand]:
    """Yield the commands of a table that has a column for them."""
    rows = rows_of(leaf)
    column = (
        next((index for index, cell in enumerate(rows[0].cells) if _COMMAND_COLUMN.fullmatch(cell)), None)
        if rows
        else None
    )
    if column is None:
        return
    for row in rows[1:]:
        cells = _CELL_BREAK.split(row.source.strip().strip("|"))
        found = command_in_cell(cells[column]) if column < len(cells) else None
        if found is not None:
            shown = {index for index, cell in enumerate(rows[0].cells) if _SHOWN_COLUMN.match(cell)}
            titles = (cell for index, cell in enumerate(row.cells) if index not in {column, *shown})
            yield RowCommand(
                block=_block(leaf, row, *found),
                title=next((cell for cell in titles if any(map(str.isalpha, cell))), ""),
                expected=next((cell for index, cell in enumerate(row.cells) if index in shown), ""),
            )


def _block(leaf: Leaf, row: Row, written: str, kind: BlockKind) -> Block:
    """Return a command in a cell as a block; its pipes are escaped there and not in its own text."""
    start = row.span.start + row.source.index(written)
    segments: list[Segment] = []
    parts: list[str] = []
    at = position = 0
    for piece in re.split(r"\\(?=\|)", written):
        segments.append(Segment(at, start + position, len(piece)))
        parts.append(piece)
        at += len(piece)
        position += len(piece) + 1
    line = leaf.line + bisect_left(leaf.segments, row.span.start, key=lambda segment: segment.document)
    span = Span(start, start + len(written))
    return Block(kind=kind, tag="", text="".join(parts), span=span, segments=tuple(segments), line=line)


def _markdown_rows(leaf: Leaf) -> list[Row]:
    rows: list[Row] = []
    for segment in leaf.segments:
        line = leaf.text[segment.at : segment.at + segment.length]
        if line.strip() and not _DELIMITER.fullmatch(line):
            cells = tuple(plain(cell) for cell in _CELL_BREAK.split(line.strip().strip("|")))
            rows.append(Row(cells, Span(segment.document, segment.document + segment.length), line))
    return rows


def _html_rows(leaf: Leaf) -> list[Row]:
    rows: list[Row] = []
    for row in _ROW.finditer(leaf.text):
        cells = tuple(plain(_TAG.sub(" ", cell["body"])) for cell in _CELL.finditer(row["body"]))
        if cells:
            rows.append(Row(cells, leaf.span))
    return rows
