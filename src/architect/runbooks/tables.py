"""Markdown and HTML tables as rows of plain cells."""

from __future__ import annotations

import re
from dataclasses import dataclass

from architect.runbooks.markdown import Leaf
from architect.runbooks.model import NodeKind, Span
from architect.runbooks.wording import plain

_DELIMITER = re.compile(r"[\s|:-]+\Z")
_CELL_BREAK = re.compile(r"(?<!\\)\|")
_ROW = re.compile(r"<tr\b[^>]*>(?P<body>.*?)(?=</tr>|<tr\b|\Z)", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(r"<t[hd]\b[^>]*>(?P<body>.*?)(?=</t[hd]>|<t[hd]\b|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,500}>")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, the header's too, and its place."""

    cells: tuple[str, ...]
    span: Span


def rows_of(leaf: Leaf) -> tuple[Row, ...]:
    """Return the rows of a table, the header first; a leaf that is no table has none."""
    if leaf.kind is NodeKind.TABLE:
        return tuple(_markdown_rows(leaf))
    if leaf.kind is NodeKind.HTML and "<t" in leaf.text.lower():
        return tuple(_html_rows(leaf))
    return ()


def _markdown_rows(leaf: Leaf) -> list[Row]:
    rows: list[Row] = []
    for segment in leaf.segments:
        line = leaf.text[segment.at : segment.at + segment.length].strip()
        if line and not _DELIMITER.fullmatch(line):
            cells = tuple(plain(cell) for cell in _CELL_BREAK.split(line.strip("|")))
            rows.append(Row(cells, Span(segment.document, segment.document + segment.length)))
    return rows


def _html_rows(leaf: Leaf) -> list[Row]:
    rows: list[Row] = []
    for row in _ROW.finditer(leaf.text):
        cells = tuple(plain(_TAG.sub(" ", cell["body"])) for cell in _CELL.finditer(row["body"]))
        if cells:
            rows.append(Row(cells, leaf.span))
    return rows
