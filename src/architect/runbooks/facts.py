"""Facts that words state: severity, response time, thresholds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from architect.runbooks.model import Comparison, Sla, Span, Threshold

_SEVERITY = re.compile(
    r"(?<![\w.])(?:(?P<p>P)[-_ ]?(?P<pn>[0-5])|(?:SEV|Sev|sev|SEVERITY|Severity|severity|S)[-_ #:]*(?P<sn>[0-5])|"
    r"Priority[ :]+(?P<prn>[0-5]))(?![\w.%])"
)
_SEVERITY_WORD = re.compile(
    r"(?<!\w)(critical|high|medium|low|warning|major|minor|emergency|info)(?!\w)", re.IGNORECASE
)
_DURATION = re.compile(
    r"(?<![\w.])(?P<number>\d+(?:\.\d+)?|an?(?= )|one|two|half an|thirty|fifteen|five|ten)\s*[- ]?"
    r"(?P<unit>seconds?|secs?|s|minutes?|mins?|m|(?:business |working )?(?:hours?|hrs?|days?)|h|d|weeks?|w)(?![a-z])",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<!\d)(?P<hours>\d{1,2}):(?P<minutes>\d\d)(?::(?P<seconds>\d\d))?(?!\d)")
_AT_ONCE = re.compile(r"\b(?:immediate(?:ly)?|at once|right away|asap)\b", re.IGNORECASE)
_NUMBER_WORDS = {
    "a": 1.0,
    "an": 1.0,
    "one": 1.0,
    "two": 2.0,
    "half an": 0.5,
    "thirty": 30.0,
    "fifteen": 15.0,
    "five": 5.0,
    "ten": 10.0,
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

_BOUND = re.compile(
    r"(?P<sign>>=|=>|≥|<=|=<|≤|==|&gt;=?|&lt;=?|>|<|\b(?:greater|more|higher|larger|longer|slower|less|lower|fewer|"
    r"smaller) than|"
    r"\b(?:above|over|exceed(?:s|ed|ing)?|below|under|at least|at most))\s*"
    r"(?P<value>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>%|percent\b|ms\b|milliseconds?\b|µs\b|us\b|seconds?\b|secs?\b|s\b|"
    r"minutes?\b|mins?\b|m\b|"
    r"hours?\b|h\b|days?\b|[KMGT]i?B\b|bytes?\b|/s\b|per second\b|req/s\b|rps\b|connections?\b|restarts?\b|pods?\b|"
    r"nodes?\b|errors?\b)?",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?<!\w)(?P<subject>[A-Za-z][\w/%. -]{0,60}?)?\s*\(?\s*(?:\b(?:is|are|at|stays|rises|goes|was)\s+)?\Z",
    re.IGNORECASE,
)
_LONGEST_SUBJECT = 64
_HOW_LONG = re.compile(r"\b(?:for|within|in|of)\s*\Z", re.IGNORECASE)
_ENDS = re.compile(r"\s*(?:\Z|[.,;)\]`]|(?:for|during|over|in the last)\b)")
_SIGN = re.compile(r"[<>=≥≤]|&[gl]t;|\b(?:than|above|over|exceed\w*|below|under|at least|at most)\b", re.IGNORECASE)
_CONNECTORS = re.compile(r"\b(?:when|if|that|because|whenever|means|where|and|or)\b|[.:;] ", re.IGNORECASE)
_AUXILIARY = re.compile(
    r"(?:\b(?:is|are|was|has|have|been|being|be|the|a|an|its|rises?|goes|stays|remains|at)\b\s*)+\Z|^(?:the|an?|any|"
    r"its)\s+|^(?:has|have|is|are|been)\b\s*",
    re.IGNORECASE,
)
_QUANTILE = re.compile(
    r"(?<![\w.])(?:p|perc(?:entile)?\s*)(?P<q>\d{2,3}(?:\.\d+)?)(?!\w)|(?P<n>\d{2}(?:\.\d+)?)th\s+percentile",
    re.IGNORECASE,
)
_SIGNS = {
    ">": Comparison.GREATER,
    "&gt;": Comparison.GREATER,
    "above": Comparison.GREATER,
    "over": Comparison.GREATER,
    ">=": Comparison.GREATER_EQUAL,
    "=>": Comparison.GREATER_EQUAL,
    "≥": Comparison.GREATER_EQUAL,
    "&gt;=": Comparison.GREATER_EQUAL,
    "at least": Comparison.GREATER_EQUAL,
    "<": Comparison.LESS,
    "&lt;": Comparison.LESS,
    "below": Comparison.LESS,
    "under": Comparison.LESS,
    "<=": Comparison.LESS_EQUAL,
    "=<": Comparison.LESS_EQUAL,
    "≤": Comparison.LESS_EQUAL,
    "&lt;=": Comparison.LESS_EQUAL,
    "at most": Comparison.LESS_EQUAL,
    "==": Comparison.EQUAL,
}
_FACTORS = {
    "%": 0.01,
    "percent": 0.01,
    "ms": 1e-3,
    "millisecond": 1e-3,
    "milliseconds": 1e-3,
    "µs": 1e-6,
    "us": 1e-6,
    "m": 60.0,
    "min": 60.0,
    "mins": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
    "day": 86400.0,
    "days": 86400.0,
    "kb": 1e3,
    "mb": 1e6,
    "gb": 1e9,
    "tb": 1e12,
    "kib": 2.0**10,
    "mib": 2.0**20,
    "gib": 2.0**30,
    "tib": 2.0**40,
}


def severity_in(text: str, *, words: bool = False) -> str | None:
    """Return `P0` to `P5` or `SEV0` to `SEV5` from text, with `words` also `critical` and its like."""
    match = _SEVERITY.search(text)
    if match:
        number = match["pn"] or match["prn"]
        return f"P{number}" if number else f"SEV{match['sn']}"
    word = _SEVERITY_WORD.search(text) if words else None
    return word[1].lower() if word else None


def severity_words(text: str) -> tuple[str, ...]:
    """Return all names that text gives to one severity: `P1 (Critical)` is both `P1` and `critical`."""
    number, word = severity_in(text), _SEVERITY_WORD.search(text)
    return tuple(dict.fromkeys(name for name in (number, word[1].lower() if word else None) if name))


def seconds_in(text: str) -> int | None:
    """Return the duration that text states (`1h 30m`, `15 minutes`, `immediately`), None where it states none."""
    found = list(_DURATION.finditer(text))
    if found:
        return round(sum(_seconds(match) for match in _adjacent(text, found)))
    clock = _CLOCK.search(text)
    if clock:
        return int(clock["hours"]) * 3600 + int(clock["minutes"]) * 60 + int(clock["seconds"] or 0)
    return 0 if _AT_ONCE.search(text) else None


def _adjacent(text: str, found: list[re.Match[str]]) -> Iterator[re.Match[str]]:
    """Yield the first duration and those that continue it (`1h 30m`); a range (`5-10 min`) counts by its end."""
    end = found[0].end()
    yield found[0]
    for match in found[1:]:
        if text[end : match.start()].strip(" ,") not in {"", "and"}:
            break
        yield match
        end = match.end()


def _seconds(match: re.Match[str]) -> float:
    number = match["number"].lower()
    unit = match["unit"].lower().split()[-1][0]
    return (_NUMBER_WORDS[number] if number in _NUMBER_WORDS else float(number)) * _SECONDS[unit]


def sla_in(text: str, span: Span) -> Sla | None:
    """Return the response time that the value of an SLA label states."""
    seconds = seconds_in(text)
    return None if seconds is None else Sla(seconds=seconds, text=text.strip(), span=span)


def thresholds_in(text: str, at: int, *, subject: str = "") -> tuple[Threshold, ...]:
    """Return the bounds that `text`, which begins at offset `at`, states in words; `subject` is that of the whole."""
    found: list[Threshold] = []
    last = 0
    for match in _BOUND.finditer(text) if _SIGN.search(text) else ():
        before = _BEFORE.search(text, max(last, match.start() - _LONGEST_SUBJECT), match.start())
        if before is not None and _is_bound(match, before["subject"] or ""):
            found.append(_threshold(match, before, at, subject))
        last = match.end()
    return tuple(found)


def _is_bound(match: re.Match[str], before: str) -> bool:
    """Tell a bound from words: `over 5 of them` counts not, and `for more than 5 minutes` says how long."""
    if _HOW_LONG.search(before) and _DURATION.match(match.string, match.start("value")):
        return False
    if match["unit"] or match["sign"][0] in "<>=≤≥&":
        return True
    return bool(match["sign"].lower() != "over" and _own_subject(before) and _ENDS.match(match.string, match.end()))


def _threshold(match: re.Match[str], before: re.Match[str], at: int, subject: str) -> Threshold:
    unit = match["unit"] or ""
    own = _own_subject(before["subject"] or "")
    quantile = _quantile(own) if own else None
    sign = match["sign"].lower()
    comparison = _SIGNS.get(sign) or (
        Comparison.LESS if re.match("less|lower|fewer|smaller", sign) else Comparison.GREATER
    )
    start = before.start("subject") if before["subject"] else match.start()
    return Threshold(
        subject=(own if own and not (quantile and subject) else subject) or subject,
        comparison=comparison,
        value=_value(match["value"], unit),
        unit=unit,
        quantile=quantile,
        span=Span(at + start, at + match.end()),
    )


def _own_subject(words: str) -> str:
    """Return what a bound is about: the words after the last `when` or its like, without the verb."""
    last = _CONNECTORS.split(words)[-1]
    return _AUXILIARY.sub("", last.strip(" -(.")).strip()


def _value(number: str, unit: str) -> float:
    value = float(number.replace(",", ""))
    factor = _FACTORS.get(unit.lower(), 1.0)
    return round(value * factor, 12)


def _quantile(text: str) -> float | None:
    match = _QUANTILE.search(text)
    if match is None:
        return None
    digits = match["q"] or match["n"]
    value = float(digits)
    return round(value / (1000 if value >= 100 and "." not in digits else 100), 6)
