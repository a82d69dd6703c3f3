"""Instructions apart from statements: `Restart the pod` is something to do, `The pod restarts` is not."""

from __future__ import annotations

import re
from functools import lru_cache

from architect.runbooks.wording import without_symbols

_VERBS_LIST = """
    abort accept access acknowledge acquire activate adapt add address adjust advise aim alert align allocate
    allow allowlist alter amend analyse analyze announce anonymise anonymize apologise append apply appoint
    approve archive arrange ask assemble assess assign assume attach attempt audit authenticate authorise
    authorize avoid await backfill backport backup balance ban begin benchmark bind bisect blacklist block boot
    bounce bring broadcast browse build bump bypass call cancel capture carry cc certify change check checkout
    checkpoint cherry-pick choose clean cleanup clear click clone close collect combine commit communicate
    compact compare compile complete compress compute concatenate conduct configure confirm connect consider
    consolidate consult contact contain continue control convene convert coordinate copy cordon correct
    correlate count create cross-check curl cut de-escalate deactivate debug decide declare decommission
    decompress decrease decrypt dedupe deduplicate deescalate defer define defrag defragment delay delegate
    delete deliver demote denylist deploy deprecate deregister describe deselect destroy detach detect determine
    diagnose dial diff differentiate disable disassociate discard disconnect discuss dismiss display distinguish
    distribute document double double-check downgrade download downsize draft drain drill drop dump duplicate
    edit eliminate email enable encrypt end enforce engage enlarge ensure enter enumerate erase escalate
    establish estimate evacuate evaluate evict examine exclude execute exit expand expect explain export expose
    extend extract fail failover fast-forward fetch file fill filter find finish fix flag flip flush focus
    follow force format forward free freeze fsync gather generate get give go grab grant grep grow guarantee
    halt halve hand handle handover hold hotfix identify ignore implement import improve include increase
    indicate inform initialise initialize initiate inject insert inspect install instruct interrupt introduce
    invalidate investigate invite invoke isolate issue join jump keep kick kill label launch leave lengthen let
    limit link list load load-test loadtest locate lock log login logout look lookup loop-in loosen lower
    maintain make manage map mark match maximise maximize measure mention merge message migrate minimise
    minimize mitigate modify monitor mount move mute name navigate negotiate nominate note notify observe obtain
    offload open optimise optimize order organise organize override page park partition pass paste patch pause
    peek perform persist phone pick pin ping place plan plot post postpone power-cycle powercycle practice
    prefetch preload prepare prepend preserve press prevent print prioritise prioritize probe proceed process
    profile promote proofread propose protect prove provide provision prune publish pull purge push put
    quarantine query quit raise rate rate-limit re-apply re-assign re-attach re-check re-connect re-create
    re-deploy re-enable re-encrypt re-image re-key re-open re-point re-register re-route re-run re-send re-start
    re-sync re-try reach read reap reassign reassure reattach rebalance rebase reboot rebuild recall recheck
    reclaim recommend recompute reconcile reconfigure reconnect reconstruct record recover recreate recycle
    redact redeploy redirect redo reduce refactor refer reformat refresh regenerate register rehearse rehydrate
    reimage reindex reinstall reinstate reissue reject rekey relaunch relax release reload relocate remediate
    remember remind remove rename renew reopen repair repeat replace replay replicate reply repoint report
    reprocess reproduce request require reroute rerun reschedule reseat resend reserve reset reshard resize
    resolve respond restart restore restrict resubmit resume resync retain retest retire retrieve retry return
    reuse reverse revert review revise revisit revoke rewind rewrite roll rollback rollout rotate route run
    sample sanitise sanitize save scale scan schedule screenshot scroll search secure see select send separate
    set set-up setup share shed shift ship shorten show shrink shut shutdown sign silence simulate skip snapshot
    sort spawn specify spin split squash ssh stabilise stabilize stage start stop store submit subscribe
    subtract summarise summarize suppress survey suspend swap switch sync synchronise synchronize tag tail take
    talk target tear teardown tell temporarily terminate test thaw throttle tidy tighten toggle trace track
    transfer translate traverse treat triage trigger trim troubleshoot truncate try tune turn type unarchive
    unban unblock uncheck uncomment uncordon undo unfreeze uninstall unload unlock unmount unmute unpause
    unpublish unregister unset unsilence unsubscribe untaint untar unzip update upgrade upload upscale upsize
    use vacuum validate verify view visit wait wake walk warm warn watch whitelist widen wipe withdraw work wrap
    write zip
"""
_VERBS = frozenset(_VERBS_LIST.split())
_CONSTRAINT = re.compile(r"(?:do not|don't|never|avoid)\s", re.IGNORECASE)
_ADVERB = re.compile(
    r"(?:first|then|next|finally|now|also|please|optionally|alternatively|otherwise|or|and|again|immediately|"
    r"manually|carefully|temporarily|"
    r"gracefully|quickly|simply|just|always|ideally|lastly|afterwards|if (?:possible|needed|necessary|required|so|"
    r"not|applicable|safe)|"
    r"as needed|when (?:ready|done)|once done|\(?optional(?:ly)?\)?|\(?required\)?|\(?recommended\)?|to (?:begin|"
    r"start)(?: with)?|"
    r"make sure(?: to)?|be sure to|remember to|try to|start by \w+ing|you'll (?:want|need) to)\b[,.:]?\s+",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"(?:you|we|one|operators?|the (?:on-?call|engineer|operator|team|on-?call engineer))\s+"
    r"(?:(?:should|must|will)(?:\s+(?:also|then|now|need to|want to|have to))*|(?:need|have|want|ought) to|"
    r"will need to)\s+"
    r"|it is (?:recommended|advised|possible|important|necessary|best)(?: that you| to)\s+",
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    r"(?:you|we)\s*(?:(?:should|may|might|can expect to)\s+(?:(?:also|now|then)\s+)*(?:see|notice|observe)|"
    r"(?:will|'ll)\s+(?:(?:also|now|then)\s+)*(?:see|get|receive|notice|observe|find|have(?!\s+to\b)))\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:if|when|once|after|before|for|in|on|at|from|to|as|with|while|until|unless|should|during|depending|using|"
    r"via|under|by|where|whenever|"
    r"assuming|because|since|given|within|per|only if|even if)\b[^.;]{1,240}?(?:,\s+(?:then\s+)?|:\s+|\s[-–—>→]+\s+|"
    r"\s+then\s+)",
    re.IGNORECASE,
)
_PURPOSE = re.compile(r"(?:to|in order to)\b[^.;,:]{1,160}?\b(?=(?:run|use|execute|issue|type|enter)\b)", re.IGNORECASE)
_LABEL = re.compile(
    r"(?![^:]*\b(?:is|are|was|were|will|has|have|had|does|can|may|might|must)\b)[^:.;\n]{1,60}:\s+(?=\S)", re.IGNORECASE
)
_FIRST = re.compile(r"[A-Za-z][A-Za-z'-]*")
_AS_NOUN = re.compile(
    r"\s+(?:of|is|are|was|were|has|have|had|will|can|may|should|does|did|failed|fails|succeeds?)\b|(?<=access)\s+to\b"
    r"|(?<=increase|decrease)\s+in\b|(?<=change)s?\s+(?:to|in)\b|\s*[-–—]\s|\s*:\s",
    re.IGNORECASE,
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|will|has|have|had|does|can|may|might|should|must)\b|[<>≥≤]=?\s*\d", re.IGNORECASE
)
_FOREIGN = (("\u0400", "\u1dff"), ("\u3040", "\ud7af"))
_MAX_STRIPPED = 6


@lru_cache(maxsize=2048)
def instruction_in(words: str) -> str | None:
    """Return the clause of plain words that tells the reader to do something, None where they only state something.

    Conditions, adverbs and labels in front of the verb are passed over: `If it is full, delete logs` instructs.
    """
    rest = without_symbols(words.strip())
    for _ in range(_MAX_STRIPPED):
        if _OUTCOME.match(rest):
            return None
        if _is_imperative(rest):
            return rest
        match = (
            _ADVERB.match(rest)
            or _MODAL.match(rest)
            or _PURPOSE.match(rest)
            or _CONDITION.match(rest)
            or _LABEL.match(rest)
        )
        if match is None or match.end() >= len(rest):
            return None
        rest = rest[match.end() :]
    return None


def _is_imperative(words: str) -> bool:
    if _CONSTRAINT.match(words):
        return True
    match = _FIRST.match(words)
    if match is None or match.group().lower() not in _VERBS or (match.group().isupper() and len(match.group()) > 1):
        return False
    return not _AS_NOUN.match(words, match.end())


def instructs(words: str) -> bool:
    """Say whether plain words tell the reader to do something."""
    return instruction_in(words) is not None


def is_foreign(words: str) -> bool:
    """Say whether words are written in a script whose verbs are not known here."""
    return not words.isascii() and any(first <= letter <= last for letter in words for first, last in _FOREIGN)


def states(words: str) -> bool:
    """Say whether plain words state something: they have a finite verb, or begin with one in the third person."""
    first = _FIRST.match(words)
    if first is not None and first.group().endswith("s") and first.group().lower().removesuffix("s") in _VERBS:
        return True
    is_value = ": " in words and not instructs(words)
    return is_value or " " not in words.strip() or bool(_FINITE.search(words)) or not words[:1].isalnum()


def is_statement(words: str) -> bool:
    """Say whether words before a colon lead to things and not to something to do: `There are two ways in:`."""
    return words.endswith(":") and bool(_FINITE.search(words)) and not instructs(words)
