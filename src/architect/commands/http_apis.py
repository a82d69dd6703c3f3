"""What requests to well-known HTTP APIs do; a request that nothing here knows is judged by its method."""

from __future__ import annotations

import re
from dataclasses import dataclass

from architect.commands.known import Known
from architect.commands.model import Effect, Flag

READING_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"))

_PAGES = frozenset((Flag.PAGES_PEOPLE,))
_NOTHING: frozenset[Flag] = frozenset()


@dataclass(frozen=True, slots=True)
class _Api:
    """Requests whose method, host and path match; patterns are searched, not anchored."""

    methods: str
    host: str
    path: str
    effect: Effect
    reason: str
    system: str = ""
    flags: frozenset[Flag] = _NOTHING


_PAGER = r"^(?:events(?:\.eu)?\.pagerduty\.com|api(?:\.eu)?\.opsgenie\.com|alert\.victorops\.com|api\.pushover\.net)$"
_CHAT = (
    r"^(?:hooks\.slack\.com|discord(?:app)?\.com|[\w-]+\.webhook\.office\.com|outlook\.office\.com"
    r"|chat\.googleapis\.com|ntfy\.sh|api\.mailgun\.net|api\.sendgrid\.com|open\.feishu\.cn|oapi\.dingtalk\.com)$"
)
_APIS = (
    _Api(r"POST", _PAGER, "", Effect.WRITE, "pages people", "pager", _PAGES),
    _Api(
        r"POST", r"^api\.twilio\.com$", r"/(?:Messages|Calls)", Effect.WRITE, "calls or texts people", "phone", _PAGES
    ),
    _Api(r"POST", r"^hooks\.slack\.com$", "", Effect.WRITE, "posts a message", "slack"),
    _Api(r"POST", r"^slack\.com$", r"^/api/(?:chat\.post\w+|files\.upload)$", Effect.WRITE, "posts a message", "slack"),
    _Api(r"POST", r"^slack\.com$", r"^/api/(?:auth\.test|\w+\.(?:list|info|history))$", Effect.READ, "asks", "slack"),
    _Api(r"GET|POST", r"^api\.telegram\.org$", r"/send\w+$", Effect.WRITE, "posts a message", "telegram"),
    _Api(r"POST", r"^api\.statuspage\.io$", "", Effect.WRITE, "writes to the public status page", "status page"),
    _Api(r"POST", _CHAT, r"", Effect.WRITE, "posts a message", "chat"),
    _Api(
        r"GET|POST",
        "",
        r"/api/v1/(?:query|query_range|query_exemplars|series|labels|label/[^/]+/values|format_query|parse_query)$",
        Effect.READ,
        "queries metrics",
        "prometheus",
    ),
    _Api(r"POST|PUT", "", r"/api/v1/admin/tsdb/snapshot$", Effect.WRITE, "makes a snapshot", "prometheus"),
    _Api(r"POST|PUT", "", r"/api/v1/admin/tsdb/", Effect.DESTRUCTIVE, "deletes metrics", "prometheus"),
    _Api(r"POST|PUT", "", r"/-/reload$", Effect.DISRUPTIVE, "makes the server read its settings again", "prometheus"),
    _Api(r"POST|PUT", "", r"/-/quit$", Effect.DISRUPTIVE, "stops the server", "prometheus"),
    _Api(r"POST", "", r"/api/v2/silences$", Effect.WRITE, "silences alerts", "alertmanager"),
    _Api(
        r"POST", "", r"/api/v[12]/alerts$", Effect.WRITE, "sends alerts, which may page people", "alertmanager", _PAGES
    ),
    _Api(r"DELETE", "", r"/api/v2/silence/", Effect.DISRUPTIVE, "ends a silence", "alertmanager"),
    _Api(
        r"POST",
        "",
        r"/_(?:search|msearch|count|mget|explain|analyze|field_caps|rank_eval|search_shards|validate/query"
        r"|termvectors|render/template|cluster/allocation/explain)$",
        Effect.READ,
        "searches",
        "elasticsearch",
    ),
    _Api(r"POST", "", r"/_(?:delete_by_query)", Effect.DESTRUCTIVE, "deletes documents", "elasticsearch"),
    _Api(r"POST", "", r"/_(?:refresh|flush|forcemerge)$", Effect.WRITE, "maintains an index", "elasticsearch"),
    _Api(r"POST|PUT", "", r"/_(?:close|open|cluster/\w+)$", Effect.DISRUPTIVE, "changes the cluster", "elasticsearch"),
    _Api(
        r"POST", "", r"/api/v4/projects/[^/]+/(?:issues|merge_requests)/\d+/notes$", Effect.WRITE, "comments", "gitlab"
    ),
    _Api(r"POST", r"^api\.github\.com$", r"/(?:issues|comments|statuses)(?:/|$)", Effect.WRITE, "adds", "github"),
)
_ACTS = re.compile(
    r"delete|destroy|remove|drop|purge|flush|truncate|wipe|erase|clear|clean|reset|kill|terminate|shutdown|quit|quitquitquit"
    r"|abortabortabort|restart|reboot|reload|refresh|stop|start|disable|enable|trigger|build|buildwithparameters"
    r"|deploy|undeploy|redeploy|unload|install|uninstall|import|register|unregister|deregister|expire|revoke|grant"
    r"|rollback|failover|promote|demote|scale|execute|exec|run|invoke|drain|evict|cancel|create|update|upsert|restore"
    r"|rotate|invalidate|pause|resume|abort|unlock|lock|approve|reject|toggle|switch|migrate|upgrade|saferestart|logout"
    r"|gc|heapdump|prestop|drain_listeners|fail|set|put|post|patch|add|append|insert|send|submit|write|upload|save|move"
    r"|rename|copy|assign|unassign|attach|detach|mount|unmount|ban|unban|block|unblock|mute|unmute|subscribe"
    r"|unsubscribe|activate|deactivate|archive|unarchive|publish|unpublish|rebuild|reindex|rebalance|resync|resend|retry"
    r"|replay|rerun|requeue|republish|rollover|reroute|script|scripttext|eval|shell|cmd|command|console",
    re.IGNORECASE,
)
_DELETES = re.compile(r"delete|destroy|remove|drop|purge|flush|truncate|wipe|erase|clear", re.IGNORECASE)
_INTERRUPTS = re.compile(
    r"restart|reboot|reload|stop|disable|shutdown|quit|kill|terminate|failover|promote|scale|drain|evict|pause|rollback",
    re.IGNORECASE,
)
_ACTS_LAST = re.compile(f"{_DELETES.pattern}|{_INTERRUPTS.pattern}", re.IGNORECASE)
_STATIC = re.compile(
    r"[.](?:sh|txt|md|html?|css|js|json|ya?ml|xml|csv|tar|gz|tgz|zip|bz2|xz|deb|rpm|pkg|dmg|exe|iso|png|svg|pdf|log)$"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ACTING_KEYS = re.compile(
    r"action|cmd|command|do|op|operation|method|_method|query_action|stream[.]body", re.IGNORECASE
)
_FORCING_KEYS = re.compile(f"{_ACTS_LAST.pattern}|force|confirm|execute|exec|commit", re.IGNORECASE)
_READING_VALUES = re.compile(r"(?:list|get|show|status|info|query|search|describe|read|view|help|version)(?![a-z])")
_SHOWS_SECRET = re.compile(
    r"(?:^|/)(?:secrets?|credentials?|security-credentials|environ|heapdump|configprops|\.env|\.git|\.aws|id_rsa)(?:/|$)"
    r"|(?:^|/)(?:env|printenv|tokens?|passwords?|api-?keys?|private-keys?)(?:/|$)|[.](?:pem|key|p12|pfx|jks|keystore)$"
    r"|/service-accounts/[^/]+/(?:token|identity)|^/v1/(?:secret|kv|database/creds|aws/creds|auth)/"
    r"|/metadata/identity/oauth2/token|/latest/(?:user-data|api/token)|/computeMetadata/.*(?:token|attributes)"
    r"|/metadata/v1(?:[.]json$|/user-data)",
    re.IGNORECASE,
)
_SECRET_KEY = re.compile(
    r"(?:^|[_-])(?:token|password|passwd|secret|api_?key|apikey|access_?key|client_secret|private_token|sig|signature)$",
    re.IGNORECASE,
)


def judge_request(method: str, host: str, path: str, query: str) -> tuple[Known, str]:
    """Return what a request does, and the system that it speaks to."""
    secret = _secret(path, query)
    if secret is not None:
        return secret, "http"
    for api in _APIS:
        if _matches(api, method, host, path):
            return Known(api.effect, api.reason, api.flags), api.system
    if method in READING_METHODS:
        return _reading(path, query), "http"
    return _changing(method, path), "http"


def is_paging(host: str) -> bool:
    """Say whether a body sent to `host` holds that service's own key by design."""
    return re.search(f"{_PAGER}|{_CHAT}|^api\\.telegram\\.org$|^api\\.twilio\\.com$", host) is not None


def _matches(api: _Api, method: str, host: str, path: str) -> bool:
    is_method = re.fullmatch(api.methods, method) is not None
    return is_method and bool(re.search(api.host, host)) and bool(re.search(api.path, path))


def _secret(path: str, query: str) -> Known | None:
    keys = [pair.partition("=") for pair in query.split("&") if pair]
    if any(_SECRET_KEY.search(key) and value for key, _, value in keys):
        return Known(Effect.EXPOSES, "carries a secret in the URL", frozenset((Flag.READS_SECRET,)))
    if _SHOWS_SECRET.search(path) or ("/computeMetadata/" in path and "recursive" in query):
        return Known(Effect.EXPOSES, f"shows secrets ({path})", frozenset((Flag.READS_SECRET,)))
    return None


def _reading(path: str, query: str) -> Known:
    """Judge a request whose method promises to change nothing; some services do not keep the promise."""
    acting = next((segment for segment in path.split("/") if _acts(segment)), "")
    if acting:
        return Known(Effect.UNKNOWN, f"the path says {acting}, and a GET can act")
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        is_asked = _ACTING_KEYS.fullmatch(key) and not _READING_VALUES.match(value.lower())
        if is_asked or (_FORCING_KEYS.fullmatch(key) and value.lower() not in ("false", "0", "no")):
            return Known(Effect.UNKNOWN, f"{pair} says what to do, and a GET can act")
    return Known(Effect.READ, "asks over HTTP")


def _acts(segment: str) -> bool:
    """Say whether a part of a path is, begins with or ends in a word for doing something."""
    if not segment or _ACTS.fullmatch(segment):
        return bool(segment)
    if _STATIC.search(segment):
        return False
    words = _WORD.findall(segment)
    return len(words) > 1 and bool(_ACTS.fullmatch(words[0]) or _ACTS_LAST.fullmatch(words[-1]))


def _changing(method: str, path: str) -> Known:
    if method in ("DELETE", "PURGE"):
        return Known(Effect.DESTRUCTIVE, f"{method} {path or '/'}")
    words = [word for segment in path.split("/") for word in re.split(r"[-_.]", segment)]
    if any(_DELETES.fullmatch(word) for word in words):
        return Known(Effect.DESTRUCTIVE, f"{method} {path}")
    if any(_INTERRUPTS.fullmatch(word) for word in words):
        return Known(Effect.DISRUPTIVE, f"{method} {path}")
    return Known(Effect.UNKNOWN, f"what {method} {path or '/'} does is not known")
