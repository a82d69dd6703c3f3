"""What the paragraphs of a procedure say, by their words: that there is nothing, that one may choose, what follows."""

from __future__ import annotations

import re

from architect.runbooks.markdown import Leaf
from architect.runbooks.titles import is_condition
from architect.runbooks.wording import headline_of, title_of

_CODE_BEHIND = re.compile(r"(?<=[.!?:])[ \t]+`|\n`")
_CHOICE = re.compile(
    r"\b(?:one of (?:the following|these)|either of|any of the following|choose (?:one|from|between)|pick one|"
    r"(?:following|these) options?|options?:)"
    r"[^.]*:?\s*$",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"(?:(?:(?:there is|there are) )?(?:none|nothing|no \w+)(?: (?:yet|needed|required|necessary|possible|available|"
    r"to do|for this|known))*|todo|tbd|n/?a|not applicable|-+|\.+)?[.:]?",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"(?:visit|click|check out|browse)\b.*\b(?:documentation|docs|here)\b|(?:see|refer|consult|read|note|remember|"
    r"learn|take a look|follow (?:this|these|the|our) (?:recipe|steps|instructions|guide|procedure|documentation))\b",
    re.IGNORECASE,
)
_LEADS_ON = re.compile(r"\b(?:follow(?:ing|s)?|these|below|steps|ways|options)\b", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"(?:save|create|write|put|add|copy|paste|store|edit)\b[^`\n]{0,80}`(?P<name>[\w./~-]+\.\w{1,8})`", re.IGNORECASE
)
_SHOWS = re.compile(r"\b(?:outputs?|see|look)\b", re.IGNORECASE)
_BOLD_LEAD = re.compile(r"[^\w*]{0,8}(?:\*\*|__)(?P<lead>[^*_]+)(?:\*\*|__)")
_FIRES = re.compile(
    r"\b(?:fires?|fired|firing|triggers?|triggered|raised|alerts?)\b[^.]{0,60}\b(?:when|if|because|for)\b|"
    r"\b(?:rises?|goes|is|stays) (?:above|below|over)\b"
    r"|\bexceed(?:s|ed)\b",
    re.IGNORECASE,
)


def says_nothing(words: str) -> bool:
    """Say whether words only fill a place: `There is none.`, `To be written`."""
    return bool(_NOTHING.fullmatch(words))


def offers_choice(words: str) -> bool:
    """Say whether words lead to a list of which one is to be chosen."""
    return words.endswith(":") and bool(_CHOICE.search(words))


def points_elsewhere(told: str) -> bool:
    """Say whether an instruction only tells to read something."""
    return bool(_POINTS.match(told))


def leads_on(words: str) -> bool:
    """Say whether words lead to the list below them."""
    return words.endswith(":") or bool(_LEADS_ON.search(words))


def file_named_in(text: str) -> str | None:
    """Return the file that a sentence tells to write, None where it names none."""
    match = _FILE_NAME.search(text)
    return match["name"] if match else None


def leads_to_output(words: str) -> bool:
    """Say whether words lead to what a program prints."""
    return bool(_SHOWS.search(words))


def says_when_it_fires(words: str) -> bool:
    """Say whether words tell when an alert fires."""
    return bool(_FIRES.search(words))


def item_title(leaf: Leaf) -> str:
    """Return the title of a list item: its bold lead, else its first sentence, without a command behind it."""
    lead = _BOLD_LEAD.match(leaf.text)
    words = title_of(lead["lead"]) if lead else headline_of(title_of(_CODE_BEHIND.split(leaf.text, maxsplit=1)[0]))
    return words.rstrip(":.").strip()


def is_bold(leaf: Leaf) -> bool:
    """Say whether a paragraph is nothing but bold words: a title."""
    lead = _BOLD_LEAD.match(leaf.text)
    return lead is not None and not leaf.text[lead.end() :].strip(" :\n")


def names_case(leaf: Leaf) -> bool:
    """Say whether a paragraph begins with the bold name of a case: `**If neither applies:** page the lead`."""
    lead = _BOLD_LEAD.match(leaf.text)
    return lead is not None and is_condition(lead["lead"])
