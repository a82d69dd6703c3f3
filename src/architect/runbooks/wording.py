"""Words out of Markdown: plain text, titles without numbering, clean of markup and symbols."""

from __future__ import annotations

import re
from functools import lru_cache

_MARKUP = re.compile(
    r"``+|`(?P<code>[^`\n]+)`|`"
    r"|!?\[(?P<text>[^\[\]\n]*)\](?:\((?:[^()\n]++|\([^()\n]*+\))*+\)|\[[^\[\]\n]*\])"
    r"|\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|</?(?:b|i|u|em|strong|br|code|kbd|sub|sup|span|a|p|small|mark)(?:\s[^<>\n]{0,200})?/?>"
    r"|(?P<mark>\*{1,3}|_{1,3})|~~"
)
_SPECIAL = re.compile(r"[`!\[\\<*_~&#]")
_ENTITIES = {"&gt;": ">", "&lt;": "<", "&amp;": "&", "&nbsp;": " ", "&quot;": '"', "&#39;": "'"}
_ENTITY = re.compile("|".join(map(re.escape, _ENTITIES)))
_CHECKBOX = re.compile(r"\[[ xX]\]\s+")
_SYMBOLS = re.compile(
    "(?:[\u2190-\u2bff\u3000-\u303f\ufe0f\u200d\U0001f000-\U0001faff]+\\s*)+(?=\\S)"
    "|[\u00e2\u00ef\u00f0][\u0080-\u00ff\u0152-\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]+\\s+(?=\\S)"
)
_STEP_TITLE = re.compile(
    r"(?:step|phase|stage)\s*#?\s*\d+\w?\b|\d{1,2}(?:\.\d{1,2}){0,2}[a-z]?[.)]\s+\S|\d{1,2}\.\d{1,2}\s+\S|"
    r"\d{1,2}\s*[-–—:]\s+\S|[A-H][.)]\s+\S",
    re.IGNORECASE,
)
_STEP_NUMBER = re.compile(
    r"(?:(?:step|phase|stage)\s*#?\s*\d+\w?\s*[-–—:.)]*|\d{1,2}(?:\.\d{1,2}){0,2}[a-z]?[.)](?!\d)|\d{1,2}\.\d{1,2}\b|"
    r"\d{1,2}\s*[-–—:](?=\s)|[A-H][.)](?=\s))\s*",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return inline Markdown as one line of plain words; code spans keep their text as it is written."""
    if not _SPECIAL.search(text):
        return " ".join(text.split())
    joined = " ".join(_MARKUP.sub(_unmarked, text).split())
    if "&" in joined:
        joined = _ENTITY.sub(lambda match: _ENTITIES[match.group()], joined)
    return joined.rstrip("#").strip()


def _unmarked(match: re.Match[str]) -> str:
    mark = match["mark"]
    if mark is None:
        return match["code"] or match["text"] or match["escaped"] or ""
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 1]
    is_inside = before.isalnum() and after.isalnum() if mark[0] == "_" else before.isspace() and after.isspace()
    return mark if is_inside else ""


@lru_cache(maxsize=4096)
def title_of(text: str) -> str:
    """Return a heading, label or item without markup, leading symbols, check box, step number and closing colon."""
    words = without_symbols(plain(text))
    return (_STEP_NUMBER.sub("", words, count=1) if _STEP_NUMBER.match(words) else words).rstrip(":").strip() or words


def without_symbols(words: str) -> str:
    """Return plain words without the check box or the pictures in front of them."""
    if words[:1].isascii() and words[:1].isalpha():
        return words
    bare = _CHECKBOX.sub("", words, count=1) if _CHECKBOX.match(words) else words
    match = _SYMBOLS.match(bare)
    return bare[match.end() :] if match else bare


def is_step_title(title: str) -> bool:
    """Say whether a title is numbered: `Step 1: …`, `1. …`, `2) …`."""
    return bool(_STEP_TITLE.match(without_symbols(plain(title))))


def sentences_of(words: str) -> list[str]:
    """Return plain words cut into sentences; abbreviations and file names do not end one."""
    return [part.strip() for part in _SENTENCE_END.split(words) if part.strip()]


_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!etc\.)(?<!vs\.)\s+(?=[A-Z\d`\"'(])")


_CONDITION = re.compile(r"(?:for|if|when|once|after|before|in case|unless|on|where)\s", re.IGNORECASE)


def headline_of(words: str) -> str:
    """Return the first sentence or clause of plain words, short enough for a title."""
    first = sentences_of(words)[0] if words.strip() else ""
    head, colon, _ = first.partition(": ")
    if colon and len(head) >= 3 and not _CONDITION.match(head):
        first = head
    first = first.rstrip(".:;").strip()
    return first if len(first) <= 100 else first[:97].rstrip() + "…"
