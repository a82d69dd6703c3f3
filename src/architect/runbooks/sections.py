"""The tree of headings, also of documents that write every heading on one level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from architect.runbooks.markdown import Leaf
from architect.runbooks.model import NodeKind
from architect.runbooks.titles import is_background, is_part_title
from architect.runbooks.wording import title_of


@dataclass(slots=True, eq=False)
class Section:
    """A heading with its own leaves and the sections below it; level 0 is the document."""

    level: int
    title: str
    heading: Leaf | None
    leaves: list[Leaf] = field(default_factory=list)
    children: list[Section] = field(default_factory=list)

    def all_leaves(self) -> Iterator[Leaf]:
        """Yield the leaves of this section and of those below it, headings of the latter too, in order."""
        for section in self.all_sections():
            if section.heading is not None and section is not self:
                yield section.heading
            yield from section.leaves

    def all_sections(self) -> Iterator[Section]:
        """Yield this section and those below it, in order."""
        todo: list[Section] = [self]
        while todo:
            section = todo.pop()
            yield section
            todo.extend(reversed(section.children))


def sections_of(leaves: tuple[Leaf, ...]) -> Section:
    """Return the tree of headings; headings in quotes or list items open no section."""
    root = Section(level=0, title="", heading=None)
    path = [root]
    for leaf in leaves:
        if leaf.kind is NodeKind.HEADING and not leaf.items and not leaf.quote_depth:
            while path[-1].level >= leaf.level:
                path.pop()
            section = Section(level=leaf.level, title=leaf.words, heading=leaf)
            path[-1].children.append(section)
            path.append(section)
        else:
            path[-1].leaves.append(leaf)
    for section in list(root.all_sections()):
        _regroup(section)
    return root


def _regroup(section: Section) -> None:
    """Put parts below the procedure they follow where all stand on one level: their titles then come back again."""
    titles = [title_of(child.title).lower() for child in section.children if _is_below_another(child)]
    if not titles or max(Counter(titles).values()) < 2 or _is_below_another(section.children[0]):
        return
    kept: list[Section] = []
    for child in section.children:
        if _is_below_another(child):
            kept[-1].children.append(child)
        else:
            kept.append(child)
    section.children = kept


def _is_below_another(section: Section) -> bool:
    return is_part_title(section.title) or is_background(section.title)
