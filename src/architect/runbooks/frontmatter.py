"""Front matter: the settings above a document that site generators read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from architect.runbooks.labels import Label
from architect.runbooks.model import Span

_LINE = re.compile(r"^(?P<key>[A-Za-z][\w -]{0,40}?)\s*[:=]\s*(?P<value>[^\n]*?)[ \t\r]*$", re.MULTILINE)


def settings_in(front: str) -> Mapping[str, Label]:
    """Return the one-line settings of front matter by their keys, as labels whose places lie in the document."""
    found: dict[str, Label] = {}
    for match in _LINE.finditer(front):
        value = match["value"].strip().strip("\"'").strip()
        if value and value[0] not in "[{|>&":
            title = match["key"].replace("_", " ").replace("-", " ").strip()
            found.setdefault(title.lower(), Label(title=title, value=value, span=Span(*match.span()), is_bold=False))
    return found
