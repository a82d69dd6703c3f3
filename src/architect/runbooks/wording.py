"""What headings, labels and list items say: phases, names that are no procedures, labels with values."""

from __future__ import annotations

import re

from architect.runbooks.model import Phase

_PHASES: tuple[tuple[Phase, str], ...] = (
    (
        Phase.VERIFY,
        r"verif\w*|validat\w*|confirm\w*|post[- ]?checks?|recovery definition|health check|test the fix|monitor recovery",
    ),
    (Phase.UNDO, r"roll ?backs?|back ?out|undo|revert\w*|restore the previous"),
    (Phase.PREVENT, r"prevent\w*|follow[- ]?ups?|post[- ]?mortem|lessons|hardening|after the incident|long[- ]?term"),
    (Phase.ESCALATE, r"escalat\w*"),
    (Phase.DECLARE, r"declar\w*|open an? incident|create an? incident"),
    (Phase.PAGE, r"page|paging|call the on-?call|notify the on-?call|alert the on-?call"),
    (Phase.COMMUNICATE, r"communicat\w*|notify|notif\w+|announce\w*|status updates?|inform\w*|stakeholders?"),
    (Phase.ASSESS, r"assess\w*|scope|impact|triage\w*|severity|confirm impact|first and foremost|initial"),
    (
        Phase.MITIGATE,
        r"mitigat\w*|resolution|resolv\w*|fix\w*|solutions?|remed\w*|recover\w*|repair\w*|workaround\w*|corrective|restart\w*"
        r"|restor\w*|scal\w+|block\w*|switch\w*|fail ?over|stop\w*|optimi[sz]\w*|procedure\w*|steps|actions?|playbook|runbook|"
        r"do this immediately|immediate\w*|activate\w*|enable|disable|drain\w*|clean\w*|delet\w*|remov\w*|kill\w*|flush\w*|"
        r"response|what to do|apply|deploy\w*|upgrad\w*|缓解|处理",
    ),
    (
        Phase.DIAGNOSE,
        r"diagnos\w*|investigat\w*|troubleshoot\w*|debug\w*|check\w*|detect\w*|identify|inspect\w*|analy[sz]\w*|look\w*|find|"
        r"monitor\w*|view|list|status|show|display|watch|possible causes?|pre[- ]?checks?|logs?|metrics|usage|诊断",
    ),
)
_LEADS = tuple((phase, re.compile(rf"(?:{words})(?!\w)", re.IGNORECASE)) for phase, words in _PHASES)
_HAS = tuple((phase, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for phase, words in _PHASES)

_PROCEDURE_TITLE = re.compile(
    r"(?:(?:initial|immediate|possible|quick|first|further|additional|diagnostic|recovery|triage|resolution|mitigation|"
    r"investigation|remediation|rollback|verification|corrective|recommended|detailed|response|manual)\s+)*"
    r"(?:diagnos[ei]s|diagnostics?|investigat\w+|troubleshoot(?:ing)?|debug(?:ging)?|detection|checks?|pre-?checks?|post[- ]?checks?|"
    r"mitigations?|resolutions?|remediations?|recovery|fix(?:es)?|solutions?|workarounds?|verif(?:y|ication)|validation|roll ?back|"
    r"back ?out(?: plan)?|undo|procedures?|steps?|actions?|playbook|runbook|triage|symptoms?|causes?|prevention|execution|response|"
    r"instructions|assess(?:ment)?|steps to (?:check|fix|resolve|follow|take)|what to do|do this(?: first| immediately| now)?|"
    r"procedure to fix|how to (?:fix|resolve|verify|check|diagnose)|诊断|缓解)(?:\s*[(:-].*)?",
    re.IGNORECASE,
)
_STEP_TITLE = re.compile(
    r"(?:step|phase|stage)\s*#?\s*\d+\w?\b|\d{1,2}(?:\.\d{1,2})?[.)]\s+\S|\d{1,2}\s+[-–—:]\s+\S", re.IGNORECASE
)
_STEP_NUMBER = re.compile(
    r"(?:(?:step|phase|stage)\s*#?\s*\d+\w?\s*[-–—:.)]*|\d{1,2}(?:\.\d{1,2})?[.)]|\d{1,2}\s+[-–—:])\s*", re.IGNORECASE
)
_OPTION_TITLE = re.compile(
    r"(?:option|alternative|approach|method|variant|choice|solution|path|plan)\s*(?:#?\s*\d+|[A-H])\b\s*[-–—:.)]*\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OR_TITLE = re.compile(
    r"(?:(?:\(?or\)?|alternatively|otherwise)\b[,:]?|or else,?|if that (?:fails|does not work|doesn't work),?)\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_BACKGROUND = re.compile(
    r"(?:table of )?contents?|toc|references?|see also|further reading|(?:useful )?links?|resources|additional resources|related.*|"
    r"glossary|changelog|change log|history|revision history|authors?|overview|introduction|intro|about|background|context|purpose|"
    r"summary|description|meaning|impact|severity|scope|audience|prerequisites?|pre-requisites?|requirements|access required|"
    r"architecture|components?|design|dashboards?|observability|contacts?|contact information|key contacts|escalation.*|"
    r"communication.*|message templates?|templates?|on-?call.*|notes?|tl;dr|tldr|faq|appendix.*|metadata|owners?|reviews?|"
    r"expected (?:app )?behaviou?r.*|含义|影响|configuration|environment variables|alert(?:s|ing)?|when to escalate|reason|todo",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(?:important )?notes?|warning.*|caution.*|tips?|important.*|danger.*|info|examples?.*|sample.*|(?:expected )?output.*|expected.*|"
    r"results?|where|parameters?|arguments|flags|usage|bonus|context|template.*|key .*|pros|cons|last updated.*|version.*|"
    r"last reviewed.*|author.*|you should see.*",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"!?\[(?P<text>[^\]\n]{0,300})\](?:\([^)\n]{0,500}\)|\[[^\]\n]{0,200}\])|[*`]{1,3}|(?<!\w)_{1,3}|_{1,3}(?!\w)|~~"
)


def plain(text: str) -> str:
    """Return inline Markdown as one line of plain words."""
    joined = " ".join(_MARKUP.sub(lambda match: match["text"] or "", text).split())
    return joined.strip().rstrip("#").strip()


def title_of(text: str) -> str:
    """Return a heading or label without markup, step number and closing colon."""
    return _STEP_NUMBER.sub("", plain(text), count=1).rstrip(":").strip() or plain(text).rstrip(":")


def phase_of(title: str, default: Phase | None = None) -> Phase | None:
    """Return the phase a title speaks of: its first word decides, then any word."""
    words = title_of(title)
    for phase, pattern in _LEADS:
        if pattern.match(words):
            return phase
    if default is not None:
        return default
    return next((phase for phase, pattern in _HAS if pattern.search(words)), None)


def is_procedure_title(title: str) -> bool:
    """Say whether a title names a part of any procedure (Diagnosis, Fix, Steps) rather than one procedure."""
    words = plain(title).rstrip(":").strip()
    return bool(_PROCEDURE_TITLE.fullmatch(words)) or is_option_title(words)


def is_step_title(title: str) -> bool:
    """Say whether a title is numbered: `Step 1: …`, `1. …`."""
    return bool(_STEP_TITLE.match(plain(title)))


def is_option_title(title: str) -> bool:
    """Say whether a title opens one of several alternatives by number or letter."""
    return bool(_OPTION_TITLE.match(title_of(title)))


def option_title(title: str) -> str | None:
    """Return what `Option 2: X` or `Or X` calls itself, None where it is no alternative."""
    words = title_of(title)
    match = _OPTION_TITLE.match(words) or _OR_TITLE.match(words)
    if match is None:
        return None
    rest = match["rest"].strip()
    return rest[:1].upper() + rest[1:] if rest else words


def opens_alternative(title: str) -> bool:
    """Say whether a title is `Or X`: the alternative of what stands before it."""
    return bool(_OR_TITLE.match(title_of(title)))


def is_background(title: str) -> bool:
    """Say whether a title names what nobody executes: references, contacts, an overview."""
    return bool(_BACKGROUND.fullmatch(title_of(title)))


def is_aside(title: str) -> bool:
    """Say whether a bold label is a remark (Note, Example, Expected output) and opens nothing."""
    return bool(_ASIDE.fullmatch(title_of(title)))
