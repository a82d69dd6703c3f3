"""What titles say: phases, parts of a procedure, alternatives, what nobody executes. In the words of the trade."""

from __future__ import annotations

import re
from functools import lru_cache

from architect.runbooks.model import Phase
from architect.runbooks.wording import plain, title_of, without_symbols

_PHASES: tuple[tuple[Phase, str], ...] = (
    (
        Phase.VERIFY,
        (
            r"verif(?:y|ies|ied|ying|ication)|validat(?:e|es|ed|ing|ion)|confirm(?:s|ed|ing|ation)?|double[- ]check|"
            r"re-?check|"
            r"post[- ](?:\w+[- ])?(?:checks?|validation|verification)|sanity checks?|smoke tests?|test the fix|"
            r"monitor recovery|recovery definition"
        ),
    ),
    (
        Phase.UNDO,
        r"roll(?:ing|ed)?[- ]?backs?|back(?:ing)?[- ]?out|undo|revert\w*|restore the previous|go(?:ing)? back to",
    ),
    (
        Phase.PREVENT,
        (
            r"prevent\w*|follow[- ]?ups?|post[- ]?mortems?|post[- ]?incident|lessons|hardening|after the incident|"
            r"long[- ]?term|"
            r"retrospective|root cause analysis|permanent fix"
        ),
    ),
    (
        Phase.ESCALATE,
        (
            r"escalat\w*|engage|reach out|contact (?:\w+ ){0,3}(?:support|team|vendor|lead|manager|on-?call)|"
            r"open (?:a|an) (?:\w+ )?(?:ticket|case)"
        ),
    ),
    (
        Phase.DECLARE,
        r"declar(?:e|es|ed|ing|ation)|(?:open|create|raise|start|file|log|call) an? (?:\w+ )?incident",
    ),
    (
        Phase.PAGE,
        (
            r"page(?!s| (?:loads?|sizes?|cache|faults?|tables?|is|not|views?|shows?|counts?|in|up|down|times?|speed|"
            r"errors?|has|does|can|will|of)\b)|paging|"
            r"(?:call|notify|alert|wake) (?:the )?on-?call"
        ),
    ),
    (
        Phase.COMMUNICATE,
        (
            r"communicat\w*|slack|teams|zoom|war[- ]?room|status ?page|comms|notif(?:y|ies|ying|ication|ications)|"
            r"announc\w*|status (?:page )?updates?|inform|stakeholders?|"
            r"(?:post|send|publish|update|write|share|tell)\b[^.:]{0,40}\b(?:status|slack|channel|stakeholders?|"
            r"customers?|users?|people|everyone|everybody|"
            r"message|e-?mail|announcement)|(?:post|write|announce|send|update)\b[^.:]{0,30}\s[#@]\w+"
        ),
    ),
    (
        Phase.ASSESS,
        (
            r"assess\w*|scope|impact|triag\w+|severity|first and foremost|acknowledg\w+|initial (?:assessment|triage|"
            r"response|checks?)|"
            r"(?:determine|identify|establish) (?:the )?(?:scope|impact|severity|blast radius)"
        ),
    ),
    (
        Phase.MITIGATE,
        (
            r"mitigat\w*|resolution|resolv\w*|fix\w*|solutions?|remed\w*|recover\w*|repair\w*|workarounds?|corrective|"
            r"restart\w*"
            r"|restor\w*|scal(?:e|es|ed|ing)|block\w*|switch\w*|fail(?:ing)?[- ]?over|stop\w*|optimi[sz]\w*|"
            r"immediate\w*|activat\w*|enabl\w*|disabl\w*|drain\w*|clean\w*|delet\w*|remov\w*|kill\w*|"
            r"flush\w*|apply\w*|deploy\w*|upgrad\w*|increas\w*|decreas\w*|reduc\w*|rotat\w*|promot\w*|terminat\w*|"
            r"reset\w*|rebuild\w*|recreat\w*|redeploy\w*|reboot\w*|isolat\w*|cordon\w*|evict\w*|purg\w*|throttl\w*|缓解|处理"
        ),
    ),
    (
        Phase.DIAGNOSE,
        (
            r"diagnos\w*|investigat\w*|troubleshoot\w*|debug\w*|check(?:s|ed|ing|list)?|detect\w*|identif\w+|inspect\w*|"
            r"analy[sz]\w*|look\w*|find(?:ing)?|monitor(?:s|ed|ing)?|view\w*|list|status|show|display|watch|"
            r"possible causes?|pre[- ]?checks?|"
            r"logs?|metrics|usage|retriev\w*|quer(?:y|ies)|describe|get|compar\w*|determin\w*|review\w*|examin\w*|"
            r"locat\w+|trac(?:e|ing)|"
            r"search\w*|correlat\w*|measur\w*|count|gather\w*|collect\w*|quick checks?|drill down|诊断|检查"
        ),
    ),
)
_HAS = tuple((phase, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for phase, words in _PHASES)

_PART_WORDS = (
    r"diagnos[ei]s?|diagnostics?|diagnosing|mitigate|resolve|remediate|recover|confirm|contain(?:ment)?|investigat\w+|troubleshoot(?:ing)?|debug(?:ging)?|detection|checks?|"
    r"pre-?checks?|post[- ]?checks?|"
    r"mitigations?|resolutions?|remediations?|recovery|fix(?:es)?|solutions?|workarounds?|verif(?:y|ication)|"
    r"validation|roll ?back|"
    r"back ?out|undo|process|procedures?|steps?|actions?|playbook|runbook|triage|symptoms?|causes?|prevention|"
    r"execution|response|"
    r"instructions|assess(?:ment)?|preparation|remed(?:y|ies)|follow[- ]?ups?|next steps"
)
_PART_TITLE = re.compile(
    r"(?:(?:initial|immediate|possible|quick|first|further|additional|diagnostic|recovery|triage|resolution|"
    r"mitigation|common|likely|"
    r"investigation|remediation|rollback|verification|corrective|recommended|detailed|response|manual|"
    r"troubleshooting|incident|step[- ]by[- ]step|"
    r"emergency|basic|suggested|potential|root|repair|restore|short[- ]term|temporary|permanent|pre[- ]\w+|"
    r"post[- ]\w+|on-?call|alert)\s+)*"
    rf"(?:{_PART_WORDS})"
    rf"(?:\s*(?:and|&|/|or|\+|,)\s*(?:(?:possible|common|likely|root|recommended)\s+)*(?:{_PART_WORDS}))*"
    r"(?:\s+(?:plan|guide|steps?|procedures?|actions?|process))?(?:\s*[(:–—-].*)?"
    r"|steps to (?:check|fix|resolve|follow|take|diagnose|mitigate|recover).*|what to do\b.*|do this(?: first|"
    r" immediately| now)?"
    r"|procedure to fix|how ?to (?:fix|resolve|verify|check|diagnose|mitigate|spot|detect|identify|recognis\w+|"
    r"respond|solve|recover)"
    r"(?: (?:it|this|that|(?:the|this) (?:problem|issue|error|alert|incident|fault|failure)))?\??|诊断|缓解|处理",
    re.IGNORECASE,
)
_CAUSES = re.compile(
    r"(?:(?:common|possible|likely|known|potential|typical|root|frequent)\s+)*(?:causes?|reasons?|"
    r"culprits)\s*(?:and|&|/|,|\+|with|→|->)\s*"
    r"(?:their |possible |common )*(?:solutions?|fix(?:es)?|remed\w+|resolutions?|mitigations?|actions?|responses?|"
    r"workarounds?)\b.*"
    r"|(?:solutions?|fix(?:es)?|remed\w+|resolutions?|mitigations?|actions?) by (?:root )?cause\b.*",
    re.IGNORECASE,
)
_ONLY_CAUSES = re.compile(
    r"(?:(?:common|possible|likely|known|potential|typical|root|frequent)\s+)*(?:causes?|reasons?|"
    r"suspects)(?:\s*[(:].*)?",
    re.IGNORECASE,
)
_OPTION_TITLE = re.compile(
    r"(?:option|alternative|approach|method|variant|choice|solution|path|plan)\s*(?:#?\s*\d+|"
    r"[A-H])\b\s*(?:\([^)]*\)\s*)?[-–—:.)]*\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OR_TITLE = re.compile(
    r"(?:(?:\(?or\)?|alternatively|otherwise)\b[,:]?(?:\s+else\b,?)?|if (?:that|this|it) (?:fails|does not work|"
    r"doesn't work|didn't work|still fails),?)"
    r"\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_MEANS_TITLE = re.compile(
    r"(?:via|using|through|with|by|from)\s+(?:the\s+|an?\s+)?(?P<rest>\S.{0,60})|(?P<tool>\S.{0,40}?)\s+(?:method|"
    r"way|approach)",
    re.IGNORECASE,
)
_BY_MEANS = re.compile(r"(?:via|using|through|with)\s", re.IGNORECASE)
_CONDITION = re.compile(
    r"(?:if|when|in case|otherwise|else)\b|for (?!each|every|all|more|example|reference|further|now|details)\w",
    re.IGNORECASE,
)
_BACKGROUND = re.compile(
    r"(?:table of )?contents?|toc|index|references?|see also|further reading|(?:\w+ )?links?|(?:\w+ )?resources|"
    r"related.*|"
    r"more (?:info|information|details)|(?:additional|further) (?:info|information|details|reading)|"
    r"glossary|changelog|change (?:log|history)|(?:revision |version |document )?history|authors?|overview|"
    r"introduction|intro|about.*|"
    r"background|context|(?:problem |alert )?(?:context|purpose|description|summary|meaning|impact)|scope|audience|"
    r"(?:pre-?requisites?|requirements|before you (?:begin|start)|assumptions|limitations)\b.*|access required|"
    r"architecture|components?|design|contacts?|contact information|key contacts|escalation.*|"
    r"communication.*|(?:\w+ )?templates?|on-?call.*|(?:important |general |additional )?notes?(?: (?:and|&) .*)?|"
    r"tl;dr|tldr|faq|appendix.*|metadata|"
    r"owners?(?:hip)?|reviews?|(?:expected|desired) (?:\w+ )?(?:behaviou?r|outcomes?|results?).*|含义|影响|"
    r"environment variables|alert definitions?|"
    r"when (?:to|should (?:i|we|you)) escalate.*|severity (?:levels?|definitions?|classification|matrix).*|"
    r"incident (?:severity|classification).*|todo|"
    r"mental model|roles(?: (?:and|&) responsibilities)?|severity|priority|slas?|slos?|business impact|user impact|"
    r"why\b.*|what (?:it|this)\b.*|what (?:is|are) (?:it|this|that|these|an?|the)\b.*|"
    r"what do(?:es)? (?:it|this|that|these|the \w+(?: \w+)?) (?:mean|do)\b.*|"
    r"available runbooks?|runbook (?:index|template|metrics|maintenance)|maintenance of this.*|document (?:control|"
    r"information).*",
    re.IGNORECASE,
)
_RESPONSE_PART = re.compile(
    r"(?:when to |how to )?escalat(?:e|ion)(?: steps| procedure)?|communications?(?: steps| procedure)?|"
    r"notifications?",
    re.IGNORECASE,
)
_ORGANISES = re.compile(r"(?:escalation|communication|on-?call|incident|severity).*", re.IGNORECASE)
_REFERENCE = re.compile(
    r"quick reference.*|(?:useful|handy|helpful|common|frequently used|key|essential|quick) (?:\w+ )?(?:commands|"
    r"queries)|cheat ?sheet.*|"
    r"commands? (?:reference|cheat ?sheet|summary).*|examples?",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(?:important )?notes?|warnings?\b.*|caution.*|(?:pro )?tips?|important.*|danger.*|info|(?:for )?examples?.*|"
    r"sample.*|(?:expected )?output.*|expected.*|"
    r"results?|where|parameters?(?: .*)?|arguments|flags|bonus|context|template.*|key .*|pros|cons|last updated.*|"
    r"version.*|goal|purpose|"
    r"last reviewed.*|author.*|you should see.*|remember|reason|why|explanation|details|requirements|"
    r"prerequisites?.*|current .*|decision points?",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"symptoms?|signs|indicators?|(?:response |resolution |acknowledg\w+ )?sl[ao]s?|response time|"
    r"time to (?:respond|acknowledge)|severity(?: level)?|"
    r"priority|alerts?(?: names?)?|trigger(?:s|ed by)?(?: conditions?)?|when to use.*|impact|likelihood|owners?|"
    r"on-?call|issue|problem|error|use case|"
    r"thresholds?|(?:fires )?when|condition|what you see|estimated (?:time|duration)|duration|acknowledg(?:e|"
    r"ment)(?: within)?",
    re.IGNORECASE,
)
_FACT_HEADING = re.compile(
    r"severity(?: level)?|priority|alert(?: name)?|trigger(?:s|ed by)?(?: conditions?)?|when to use.*|"
    r"(?:response )?sl[ao]|response time|owners?|team|"
    r"thresholds?|(?:fires )?when|condition",
    re.IGNORECASE,
)
_SYMPTOMS = re.compile(
    r"(?:common |typical |observed |user )?symptoms?|signs|what you (?:will )?see|indicators?|how to (?:spot|"
    r"recogni[sz]e|detect).*",
    re.IGNORECASE,
)
_COLLECTION = re.compile(
    r".*\b(?:procedures|runbooks|playbooks|sops|guides|tasks|operations|how-?tos|scenarios|issues|problems|alerts|"
    r"incidents|errors|failures|recipes|"
    r"commands|jobs|faqs?)\b",
    re.IGNORECASE,
)
_FAULT = re.compile(
    r"\b(?:fail\w*|errors?|down|slow\w*|high|stuck|crash\w*|unavailab\w+|leaks?|exhaust\w+|time-?outs?|unreachable|"
    r"broken|corrupt\w*|missing|lost|"
    r"degrad\w+|unhealthy|not (?:\w+ )?(?:working|starting|ready|responding|reachable|running)|issues?|problems?|"
    r"lag(?:ging)?|outage|expir(?:ed|es|ing|y)|offline|unresponsive|hung|overload\w*|saturat\w*|backlogs?|"
    r"deadlocks?|blocked|stale|flapping|oom\w*|(?:disk|volume|file ?system|partition|memory|queue|is) full)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def lead_phase(title: str) -> Phase | None:
    """Return the phase that a title begins with."""
    words = title_of(title)
    return next((phase for phase, pattern in _HAS if pattern.match(words)), None)


@lru_cache(maxsize=4096)
def phase_of(title: str) -> Phase | None:
    """Return the phase a title speaks of: its first word decides, then any word."""
    words = title_of(title)
    return lead_phase(title) or next((phase for phase, pattern in _HAS if pattern.search(words)), None)


@lru_cache(maxsize=1024)
def is_part_title(title: str) -> bool:
    """Say whether a title names a part of any procedure (Diagnosis, Fix, Steps) rather than one procedure."""
    words = _bare(title)
    return bool(_PART_TITLE.fullmatch(words)) or is_causes_title(words) or is_option_title(words)


@lru_cache(maxsize=1024)
def is_causes_title(title: str) -> bool:
    """Say whether a title opens causes with their remedies, of which one applies."""
    return bool(_CAUSES.fullmatch(_bare(title)))


def is_only_causes(title: str) -> bool:
    """Say whether a title opens a list of causes, which are no instructions."""
    return bool(_ONLY_CAUSES.fullmatch(_bare(title)))


@lru_cache(maxsize=1024)
def is_option_title(title: str) -> bool:
    """Say whether a title opens one of several alternatives by number or letter."""
    return bool(_OPTION_TITLE.match(_bare(title)) or _OPTION_TITLE.match(title_of(title)))


def means_title(title: str) -> str | None:
    """Return the means that `Via the console` or `Using kubectl` names: with a sibling of its kind, an alternative."""
    words = title_of(title)
    return words if _MEANS_TITLE.fullmatch(words) else None


def is_condition(title: str) -> bool:
    """Say whether a title names when what stands below it is done: `If the disk is full`, `For replicas`."""
    return bool(_CONDITION.match(title_of(title)))


def is_by_means(title: str) -> bool:
    """Say whether a title names nothing but the means by which the thing above it is done."""
    return bool(_BY_MEANS.match(title_of(title)))


@lru_cache(maxsize=1024)
def option_title(title: str) -> str | None:
    """Return what `Option 2: X` or `Or X` calls itself, None where it is no alternative."""
    words = title_of(title)
    match = _OPTION_TITLE.match(words) or _OR_TITLE.match(words)
    if match is None:
        return None
    rest = match["rest"].strip(" \t—–")
    return rest[:1].upper() + rest[1:] if rest else words


@lru_cache(maxsize=1024)
def opens_alternative(title: str) -> bool:
    """Say whether a title is `Or X`: the alternative of what stands before it."""
    return bool(_OR_TITLE.match(title_of(title)))


@lru_cache(maxsize=1024)
def is_background(title: str) -> bool:
    """Say whether a title names what nobody executes: references, contacts, an overview."""
    return bool(_BACKGROUND.fullmatch(title_of(title)))


def is_response_part(title: str) -> bool:
    """Say whether a title is a part of a response in which people are told or called, no matrix or sheet of them."""
    words = title_of(title)
    return bool(_RESPONSE_PART.fullmatch(words))


def organises(title: str) -> bool:
    """Say whether background of this title may still hold procedures: how to escalate, how to communicate."""
    return bool(_ORGANISES.fullmatch(title_of(title)))


def is_reference(title: str) -> bool:
    """Say whether a title names a sheet of commands to look things up in, no part of a procedure."""
    return bool(_REFERENCE.fullmatch(title_of(title)))


@lru_cache(maxsize=1024)
def is_aside(title: str) -> bool:
    """Say whether a bold label is a remark (Note, Example, Expected output) and opens nothing."""
    return bool(_ASIDE.fullmatch(title_of(title)))


@lru_cache(maxsize=1024)
def is_fact(title: str) -> bool:
    """Say whether a label states a fact of a runbook (SLA, severity, symptoms) rather than open a part."""
    return bool(_FACT.fullmatch(title_of(title)))


def is_fact_heading(title: str) -> bool:
    """Say whether a heading has a fact for its text: `## Severity`, `## When to use`."""
    return bool(_FACT_HEADING.fullmatch(title_of(title)))


@lru_cache(maxsize=1024)
def is_symptoms(title: str) -> bool:
    """Say whether a title opens the symptoms of a fault."""
    return bool(_SYMPTOMS.fullmatch(title_of(title)))


def is_fault(title: str) -> bool:
    """Say whether a title names what is wrong, rather than what is to be done."""
    return bool(_FAULT.search(title))


def is_collection(title: str) -> bool:
    """Say whether a title names several procedures at once."""
    return bool(_COLLECTION.match(title_of(title)))


def _bare(title: str) -> str:
    """Return a title without symbols and closing colon, its number kept."""
    return without_symbols(plain(title)).rstrip(":").strip()
