"""What a code block is: by its text first, by its tag second, by the words above it last."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from architect.grammars.quoting import region_at, shell_regions
from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Block, BlockKind, Segment
from architect.runbooks.programs import has_shell_shape, looks_like_command, program_of, reads_as_sentence
from architect.runbooks.tags import (
    CODE_TAGS,
    CONFIG_TAGS,
    DIAGRAM_TAGS,
    OUTPUT_TAGS,
    PLAIN_TAGS,
    PROSE_TAGS,
    QUERY_TAGS,
    SHELL_TAGS,
    SQL_TAGS,
    tag_of,
)
from architect.runbooks.transcripts import Transcript, read_transcript

_MYST_OPTION = re.compile(r":[\w-]+:.*")
_SQL_START = re.compile(
    r"(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+(?:RECURSIVE\s+)?\w+\s+AS\s*\(|"
    r"ALTER\s+\w+\s|"
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+)?(?:TABLE|INDEX|USER|ROLE|DATABASE|EXTENSION|FUNCTION|VIEW|"
    r"MATERIALIZED|SCHEMA|"
    r"PUBLICATION|SUBSCRIPTION)\b|DROP\s+(?:TABLE|INDEX|DATABASE|USER|ROLE|VIEW|SCHEMA|EXTENSION|FUNCTION|"
    r"PUBLICATION|SUBSCRIPTION)\b|"
    r"GRANT\s.+\sTO\s|REVOKE\s.+\sFROM\s|VACUUM\b|ANALYZE\b|REINDEX\s|EXPLAIN\s|TRUNCATE\s|CHECKPOINT\s*;|BEGIN\s*;|"
    r"COMMIT\s*;|"
    r"ROLLBACK\s*;|SHOW\s+\w+\s*;|SET\s+(?:LOCAL\s+|SESSION\s+)?\w+\s*(?:=|TO\s)|CALL\s+\w+\s*\(|LOCK\s+TABLE\s|"
    r"COPY\s+\w+\s|CLUSTER\s+\w+|"
    r"SHOW\s+(?:pools|clients|servers|databases|stats|processlist|tables|variables|status|engine)\b)",
    re.IGNORECASE | re.DOTALL,
)
_SQL_WORDS = re.compile(r"[;*(=]|\bFROM\b|\bSET\b|\bINTO\b|\bTABLE\b|\bDATABASE\b|\bON\b", re.IGNORECASE)
_PSQL_META = re.compile(r"\\(?:d[a-zA-Z+]*|l\+?|c(?:onnect)?|x|dt|timing|q|conninfo|watch|copy|i|set|echo|gx)\b")
_PSQL = re.compile(r"(?:sudo\s+(?:-\S+\s+\S+\s+)?)?(?:gitlab-)?(?:psql|pgcli)(?P<rest>(?:\s[^\n|<>;&]*)?)")
_PSQL_RUNS = re.compile(r"(?:^|\s)(?:-[A-Za-z]*[cfl]\b|--command|--file|--list|--version)")
_PROMQL = re.compile(
    r"[\s(]*(?:(?:sum|avg|max|min|count|topk|bottomk|quantile|rate|irate|increase|histogram_quantile|absent|delta|"
    r"predict_linear|"
    r"label_replace|changes|avg_over_time|max_over_time|min_over_time|sum_over_time|kube_\w+|node_\w+|container_\w+|"
    r"ALERTS|up|time|vector)"
    r"\s*(?:\(|\{|by\b|without\b)|[a-z_:][\w:]*\{\s*\w+\s*(?:=~?|!=|!~)\s*\"|[a-z_:][\w:]*\[\d+[smhdw]\]|"
    r"\d+(?:\.\d+)?\s*[-*/+]\s*\(?(?:sum|avg|rate|increase|count|max|min)\b)",
)
_LOG_LINE = re.compile(
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|\[?\d\d:\d\d:\d\d|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d|(?:level|time|"
    r"ts|msg)=|[IWEF]\d{4} \d\d:|"
    r"(?:Error|ERROR|FATAL|PANIC|WARN(?:ING)?|Warning|Traceback|Exception|INFO|DEBUG|NOTICE|panic|fatal|"
    r"error)(?:[:\[(\s]|$)|"
    r"[\w./-]+: (?:error|command not found|No such file)|HTTP/\d|[-dl][rwx-]{9}\s|Every \d+\.\d+s:|\[(?:ERROR|WARN|"
    r"INFO|DEBUG)"
)
_TABLE_HEADER = re.compile(r"[A-Z][A-Z0-9_()%/-]+(?:\s{2,}[A-Z][A-Z0-9_()%/-]+(?: [A-Z0-9_()%/-]+)*){1,}\s*$")
_RESULT_RULE = re.compile(r"^[ ]*+(?=\+-|-{2,}+\+)[-+]++[ ]*$", re.MULTILINE)
_RESULT_COUNT = re.compile(r"^\(\d+ rows?\)", re.MULTILINE)
_DESCRIBED = re.compile(r"^[A-Z][\w .-]*:\s{2,}\S", re.MULTILINE)
_SAMPLES = re.compile(r"[a-z_:][\w:]*(?:\{[^}\n]*\})?\s+[-+]?\d[\d.e+-]*$")
_DRAWING = re.compile("[\u2190-\u21ff\u2500-\u257f\u25b2-\u25bc]|^\\s*(?:\\||v|V)\\s*$|-->|==>|\\+--+\\+", re.MULTILINE)
_MOJIBAKE_ARROW = re.compile("\u00e2[\u0080-\u00bf\u2020\u2021\u2018-\u203a\u20ac\u0152-\u0178\u02c6\u02dc\u0192]{2}")
_MESSAGE_START = re.compile(
    r"(?:Slack|Teams|Discord|Chat|Channel|Post|E-?mail|Subject|To|Announce|Message|PagerDuty|Say|Page)\s*:|"
    r"[@#][a-z][\w-]+(?:\s|$)|/\w+ ",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w.])[@#][a-z][\w-]{2,}")
_FIELD_LINE = re.compile(
    r"^[^\n:]{2,40}:[ \t]*\S|\[[A-Za-z0-9][^\]\n]{2,80}\]|\{\{?\s*[\w .-]+\}\}?|<[A-Za-z][\w /.-]*>", re.MULTILINE
)
_GAP = re.compile(
    r"\[[^\]\n]{3,80}\]|<[A-Za-z][\w /.-]*>|\{\{?\s*[A-Za-z][\w .-]*\}\}?|\bHH:MM\b|\bYYYY-MM-DD\b|_{3,}|\bTBD\b"
)
_SPOKEN = re.compile(
    r"\b(?:post|send|announce|message|notify|notification|e-?mail|slack|template|tell|say|reply|update)\b",
    re.IGNORECASE,
)
_CAPTION_OUTPUT = re.compile(
    r"\b(?:outputs?|responses?|returns?|prints?|looks? like|see|shows?|shown|displayed|errors?|messages?|logs?|"
    r"results?|similar to|appears?)\b",
    re.IGNORECASE,
)
_CAPTION_QUERY = re.compile(r"\b(?:query|queries|filters?|expression|search)\b", re.IGNORECASE)
_CAPTION_RUN = re.compile(r"\b(?:run|running|execute|commands?|issue|type|invoke)\b", re.IGNORECASE)
_CONFIG_LINES = re.compile(r"(?:^[ \t]*(?:- )?[\w./\"-]+\s*[:=](?:\s|$)[^\n]*\n?)+", re.MULTILINE)
_FILTER = re.compile(r"[\w./@-]+\s*(?:=~|!~|!=|=)\s*\"[^\"]*\"\s*(?:$|AND\b|OR\b|[\w./@-]+\s*[=!<>])", re.IGNORECASE)
_CRON_LINE = re.compile(
    r"(?:(?:[\d*][\d*/,-]*\s+){2}[\d*?L][\d*/,?LW-]*\s+(?:[\d*][\d*/,-]*|[A-Za-z]{3})\s+"
    r"(?:[\d*][\d*/,-]*|[A-Za-z]{3}(?:-[A-Za-z]{3})?)|@(?:hourly|daily|weekly|monthly|yearly|reboot))\s+\S"
)
"""A line of a crontab: five fields of time, then the command."""
_MANIFEST = re.compile(r"(?:---\s+)?(?:apiVersion|kind|metadata):\s*\S*\s*$", re.MULTILINE)
"""How a manifest for Kubernetes begins."""
_UNTYPED = re.compile(
    r"^(?:[ \t]*\.\.\.[ \t]*$|[ \t]*[A-Za-z][\w.-]*:(?:[ \t]|$)(?!//)|\{[ \t]*$|\{[ \t]*\"|"
    r"[A-Z][A-Z0-9_()%/-]+(?:\s{2,}[A-Z]|\n))",
    re.MULTILINE,
)


def block_of(leaf: Leaf, caption: str = "") -> Block:
    """Return the block that a fence or indented code is; `caption` is the sentence that leads to it."""
    tag, text, segments = _without_options(leaf)
    transcript = read_transcript(text) if _may_be_transcript(tag, text) else None
    if transcript is not None:
        return _transcript_block(leaf, tag, (text, segments), transcript)
    kind = classify(tag, text, caption)
    block = Block(kind=kind, tag=tag, text=text, span=leaf.span, segments=segments, line=leaf.line)
    return _without_output(block) if kind is BlockKind.SHELL else block


def classify(tag: str, text: str, caption: str = "") -> BlockKind:
    """Return what a block without prompts is."""
    if not text.strip():
        return BlockKind.TEXT
    for tags, kind_of in _BY_TAG:
        if tag in tags:
            return kind_of(text)
    return _untagged(text, caption) if not tag or tag in PLAIN_TAGS else _unknown_tag(text)


def is_sql(text: str) -> bool:
    """Say whether text begins as an SQL statement or a psql command, past its comments."""
    code = _without_comments(text)
    return bool((_SQL_START.match(code) and _SQL_WORDS.search(code)) or _PSQL_META.match(code))


def is_promql(text: str) -> bool:
    """Say whether text begins as a query of Prometheus, past its comments."""
    code = _without_comments(text)
    return bool(_PROMQL.match(code)) and not re.search(r"[;&]\s*$", code)


def psql_opener(line: str) -> str | None:
    """Return the arguments of a psql call that opens a session, None for any other line."""
    match = _PSQL.fullmatch(line.strip())
    if match is None or _PSQL_RUNS.search(match["rest"]):
        return None
    return match["rest"].strip()


def _without_options(leaf: Leaf) -> tuple[str, str, tuple[Segment, ...]]:
    """Drop what belongs to Markdown dialects: option lines of MyST, the marks of a fence indented too far."""
    tag = tag_of(leaf.tag)
    if not leaf.tag.startswith("{"):
        return tag, leaf.text, leaf.segments
    lines = leaf.text.splitlines(keepends=True)
    first = 0
    while first < len(lines) and (_MYST_OPTION.fullmatch(lines[first].strip()) or lines[first].strip() == "---"):
        first += 1
    skipped = sum(map(len, lines[:first]))
    segments = tuple(
        Segment(segment.at - skipped, segment.document, segment.length)
        for segment in leaf.segments
        if segment.at >= skipped
    )
    return tag, leaf.text[skipped:], segments


def _may_be_transcript(tag: str, text: str) -> bool:
    return (not tag or tag in SHELL_TAGS or tag in SQL_TAGS or tag in PLAIN_TAGS) and bool(text.strip())


def _transcript_block(leaf: Leaf, tag: str, content: tuple[str, tuple[Segment, ...]], transcript: Transcript) -> Block:
    text, segments = content
    whole = Block(kind=BlockKind.TRANSCRIPT, tag=tag, text=text, span=leaf.span, segments=segments, line=leaf.line)
    parts: list[str] = []
    places: list[Segment] = []
    at = 0
    for start, end in transcript.typed:
        piece = text[start:end]
        places.append(Segment(at, whole.locate(start), end - start))
        parts.append(piece + "\n")
        at += end - start + 1
    kind = BlockKind.TRANSCRIPT if transcript.has_output else BlockKind.SHELL
    if transcript.is_sql:
        kind = BlockKind.PSQL
    return Block(kind=kind, tag=tag, text="".join(parts), span=leaf.span, segments=tuple(places), line=leaf.line)


def _without_output(block: Block) -> Block:
    """Cut what is plainly shown and not typed after the last command: fields, JSON, a table, an ellipsis."""
    candidate = _UNTYPED.search(block.text)
    if candidate is None:
        return block
    regions = shell_regions(block.text)
    for match in _UNTYPED.finditer(block.text, candidate.start()):
        before = block.text[: match.start()].rstrip("\n")
        is_inside = region_at(regions, match.start()) is not None or before.endswith("\\")
        if not is_inside and _has_command(before) and not _has_command(block.text[match.start() :]):
            return replace(block, kind=BlockKind.TRANSCRIPT, text=block.text[: match.start()])
    return block


def _has_command(text: str) -> bool:
    return any(
        looks_like_command(line) or has_shell_shape(line)
        for line in text.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    )


def _without_comments(text: str) -> str:
    if text[:1] not in "#-\n \t\r":
        return text.strip()
    lines = text.splitlines()
    first = 0
    while first < len(lines) and (not lines[first].strip() or lines[first].lstrip().startswith(("#", "--"))):
        first += 1
    return "\n".join(lines[first:]).strip()


def _first_line(text: str) -> str:
    return _without_comments(text).partition("\n")[0].strip()


def _shell(text: str) -> BlockKind:
    if kind := _sql_or_psql(text):
        return kind
    first = _first_line(text)
    if first and not looks_like_command(first):
        if _CRON_LINE.match(first):
            return BlockKind.CONFIG
        if _is_shown(text, first):
            return BlockKind.OUTPUT
        if is_promql(text):
            return BlockKind.PROMQL
        if _is_json(text):
            return BlockKind.CONFIG
    return BlockKind.SHELL


def _sql_or_psql(text: str) -> BlockKind | None:
    code = _without_comments(text)
    first, _, rest = code.partition("\n")
    if psql_opener(first) is not None and is_sql(rest):
        return BlockKind.PSQL
    if _PSQL_META.match(code):
        return BlockKind.PSQL
    return BlockKind.SQL if is_sql(code) else None


def _sql(text: str) -> BlockKind:
    if kind := _sql_or_psql(text):
        return kind
    first = _first_line(text)
    if looks_like_command(first) and program_of(first).islower():
        return BlockKind.SHELL
    return BlockKind.OUTPUT if _is_shown(text, first) else BlockKind.SQL


def _config(text: str) -> BlockKind:
    first = _first_line(text)
    if looks_like_command(first) and not re.match(r"[\w.-]+\s*[:=]", first) and " " in first:
        return BlockKind.SHELL
    return BlockKind.CONFIG


def _code(text: str) -> BlockKind:
    """Return the kind of a block tagged as a programming language: some hold commands after all."""
    first = _first_line(text)
    is_command = looks_like_command(first) and has_shell_shape(first) and "(" not in first.partition(" ")[0]
    return BlockKind.SHELL if is_command else BlockKind.CODE


def _untagged(text: str, caption: str) -> BlockKind:
    if kind := _sql_or_psql(text):
        return kind
    first = _first_line(text)
    if not first:
        return BlockKind.TEXT
    if _is_shell(text, first, caption):
        return BlockKind.SHELL
    return _data(text, first, caption)


def _is_shell(text: str, first: str, caption: str) -> bool:
    if first[:1].isupper() and not has_shell_shape(first):
        return False
    if looks_like_command(first):
        return not reads_as_sentence(first) or " " not in first
    if _is_shown(text, first):
        return False
    if has_shell_shape(first):
        return True
    is_led = bool(_CAPTION_RUN.search(caption)) and not _CAPTION_QUERY.search(caption)
    return (
        is_led
        and " " in first
        and bool(re.match(r"[a-z][\w.-]+\s+[\w<$./'\"-]", first))
        and not reads_as_sentence(first)
    )


def _is_json(text: str) -> bool:
    stripped = text.strip()
    return stripped[:1] in {"{", "["} and stripped[-1:] in {"}", "]"} and '"' in stripped and (":" in stripped)


def _is_shown(text: str, first: str) -> bool:
    """Say whether text is what a program printed: a log, a table, a description, samples."""
    return bool(
        _LOG_LINE.match(first)
        or _TABLE_HEADER.match(first)
        or _has_result_table(text)
        or len(_DESCRIBED.findall(text)) >= 2
        or all(_SAMPLES.match(line.strip()) for line in text.splitlines() if line.strip() and not line.startswith("#"))
    )


def _has_result_table(text: str) -> bool:
    """Say whether text holds rows as SQL clients print them: below a line of titles or between rules, or counted."""
    for rule in _RESULT_RULE.finditer(text) if "-+" in text else ():
        above = text.rfind("\n", 0, max(rule.start() - 1, 0)) + 1
        if text.find("|", above, rule.start()) >= 0 or text.startswith("|", rule.end() + 1):
            return True
    return _RESULT_COUNT.search(text) is not None


def _data(text: str, first: str, caption: str) -> BlockKind:
    """Return the kind of a block that is no program."""
    if _is_json(text) or _MANIFEST.match(text.lstrip()) or _CRON_LINE.match(first):
        return BlockKind.CONFIG
    if _is_shown(text, first):
        return BlockKind.OUTPUT
    if _DRAWING.search(text) or _MOJIBAKE_ARROW.search(text):
        return BlockKind.DIAGRAM
    if kind := _spoken(text, first, caption):
        return kind
    if is_promql(text):
        return BlockKind.PROMQL
    if _CAPTION_QUERY.search(caption) or _FILTER.match(first):
        return BlockKind.CODE
    if _CONFIG_LINES.fullmatch(_without_comments(text) + "\n") and re.match(r"[\w./\"-]+(?::|\s*=)", first):
        return BlockKind.CONFIG if "\n" in text.strip() else BlockKind.TEXT
    return BlockKind.OUTPUT if _CAPTION_OUTPUT.search(caption) else BlockKind.TEXT


def _spoken(text: str, first: str, caption: str) -> BlockKind | None:
    """Return whether text is a message or the template of one, None where nobody would say it."""
    gaps = len(_GAP.findall(text))
    if _MESSAGE_START.match(first) and gaps < 3:
        return BlockKind.MESSAGE
    if gaps >= 2 and len(_FIELD_LINE.findall(text)) >= 3 and re.search(r"[A-Za-z]{3,}[^=\n]*\s[A-Za-z]{2,}|:\s", text):
        return BlockKind.TEMPLATE
    if _HANDLE.search(text) and len(text.splitlines()) <= 12:
        return BlockKind.MESSAGE
    if (
        _SPOKEN.search(caption)
        and re.search(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+", text)
        and not _CAPTION_OUTPUT.search(caption)
    ):
        return BlockKind.TEMPLATE if gaps else BlockKind.MESSAGE
    return None


def _unknown_tag(text: str) -> BlockKind:
    first = _first_line(text)
    is_command = looks_like_command(first) and not reads_as_sentence(first) and not first[:1].isupper()
    return BlockKind.SHELL if is_command else BlockKind.CODE


_BY_TAG: tuple[tuple[frozenset[str], Callable[[str], BlockKind]], ...] = (
    (SHELL_TAGS, _shell),
    (SQL_TAGS, _sql),
    (CONFIG_TAGS, _config),
    (QUERY_TAGS, lambda text: BlockKind.SHELL if looks_like_command(_first_line(text)) else BlockKind.PROMQL),
    (DIAGRAM_TAGS, lambda _: BlockKind.DIAGRAM),
    (CODE_TAGS, _code),
    (OUTPUT_TAGS, lambda _: BlockKind.OUTPUT),
    (PROSE_TAGS, lambda _: BlockKind.TEXT),
)
