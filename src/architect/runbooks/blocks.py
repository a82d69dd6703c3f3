"""What a code block is, whatever its tag says."""

from __future__ import annotations

import re
from collections.abc import Callable

from architect.runbooks.markdown import Leaf
from architect.runbooks.model import Block, BlockKind, Segment
from architect.runbooks.programs import looks_like_command, program_of
from architect.runbooks.transcripts import Transcript, read_transcript

_SHELL_TAGS = frozenset(
    [
        "bash",
        "sh",
        "shell",
        "zsh",
        "ksh",
        "fish",
        "console",
        "terminal",
        "shell-session",
        "shellsession",
        "sh-session",
        "cmd",
        "command",
        "commands",
        "powershell",
        "ps1",
    ]
)
_SQL_TAGS = frozenset(["sql", "psql", "postgresql", "postgres", "pgsql", "plpgsql", "mysql"])
_CONFIG_TAGS = frozenset(
    [
        "yaml",
        "yml",
        "json",
        "json5",
        "jsonc",
        "toml",
        "ini",
        "hcl",
        "tf",
        "terraform",
        "xml",
        "conf",
        "properties",
        "dockerfile",
        "nginx",
        "env",
        "dotenv",
        "cfg",
    ]
)
_CODE_TAGS = frozenset(
    [
        "python",
        "py",
        "go",
        "golang",
        "javascript",
        "js",
        "typescript",
        "ts",
        "java",
        "ruby",
        "rb",
        "rust",
        "c",
        "cpp",
        "csharp",
        "cs",
        "php",
        "kotlin",
        "scala",
        "diff",
        "patch",
        "make",
        "makefile",
        "groovy",
        "lua",
        "perl",
        "r",
        "jsonnet",
        "proto",
        "protobuf",
        "graphql",
        "html",
        "css",
        "jinja",
        "elixir",
        "solidity",
    ]
)
_DIAGRAM_TAGS = frozenset(["mermaid", "plantuml", "puml", "dot", "graphviz", "ditaa", "d2"])
_PROSE_TAGS = frozenset(
    ["tip", "note", "important", "warning", "caution", "danger", "admonition", "attention", "hint", "error", "seealso"]
)
_FILE_TAGS = _CONFIG_TAGS | _CODE_TAGS

_MYST = re.compile(r"\{(?P<name>[\w:-]+)\}\s*(?P<argument>\S*)")
_MYST_OPTION = re.compile(r":[\w-]+:.*")
_SQL_START = re.compile(
    r"(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+(?:RECURSIVE\s+)?\w+\s+AS\s*\(|ALTER\s+\w+\s|"
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+)?(?:TABLE|INDEX|USER|ROLE|DATABASE|EXTENSION|FUNCTION|VIEW|MATERIALIZED|SCHEMA|"
    r"PUBLICATION|SUBSCRIPTION)\b|DROP\s+(?:TABLE|INDEX|DATABASE|USER|ROLE|VIEW|SCHEMA|EXTENSION|FUNCTION|PUBLICATION|SUBSCRIPTION)\b|"
    r"GRANT\s.+\sTO\s|REVOKE\s.+\sFROM\s|VACUUM\b|ANALYZE\b|REINDEX\s|EXPLAIN\s|TRUNCATE\s|CHECKPOINT\s*;|BEGIN\s*;|COMMIT\s*;|"
    r"ROLLBACK\s*;|SHOW\s+\w+\s*;|SET\s+(?:LOCAL\s+|SESSION\s+)?\w+\s*(?:=|TO\s)|CALL\s+\w+\s*\(|LOCK\s+TABLE\s|COPY\s+\w+\s|CLUSTER\s+\w+|"
    r"SHOW\s+(?:pools|clients|servers|databases|stats|processlist|tables|variables|status|engine)\b)",
    re.IGNORECASE | re.DOTALL,
)
_PSQL_META = re.compile(r"\\(?:d[a-zA-Z+]*|l\+?|c(?:onnect)?|x|dt|timing|q|conninfo|watch|copy|i|set|echo|gx)\b")
_PSQL = re.compile(r"(?:sudo\s+(?:-\S+\s+\S+\s+)?)?(?:gitlab-)?(?:psql|pgcli)\b(?P<rest>[^\n|<>;&]*)")
_PSQL_RUNS = re.compile(r"(?:^|\s)(?:-[A-Za-z]*[cfl]\b|--command|--file|--list|--version)")
_PROMQL = re.compile(
    r"(?:sum|avg|max|min|count|topk|bottomk|quantile|rate|irate|increase|histogram_quantile|absent|delta|predict_linear|"
    r"label_replace|changes|avg_over_time|max_over_time|min_over_time|sum_over_time|kube_\w+|node_\w+|container_\w+|ALERTS|up|time|vector)"
    r"\s*(?:\(|\{|by\b|without\b)|[a-z_:][\w:]*\{\s*\w+\s*(?:=~?|!=|!~)\s*\"|[a-z_:][\w:]*\[\d+[smhdw]\]",
)
_ERROR_START = re.compile(
    r"(?:Error|ERROR|FATAL|PANIC|WARN(?:ING)?|Warning|Traceback|Exception|INFO|DEBUG|panic|fatal|error)(?:[:\[ (]|$)"
    r"|[\w.-]+: (?:error|command not found|No such file)|\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
)
_TABLE_HEADER = re.compile(r"[A-Z][A-Z0-9_()%/-]+(?:\s{2,}[A-Z][A-Z0-9_()%/-]+(?: [A-Z0-9_()%/-]+)*){1,}\s*$")
_DRAWING = re.compile("[\u2190-\u21ff\u2500-\u257f\u25b2-\u25bc]|^\\s*(?:\\||v|V)\\s*$|-->|==>|\\+--+\\+", re.MULTILINE)
_MOJIBAKE_ARROW = re.compile("\u00e2[\u0080-\u00bf\u2020\u2021\u2018-\u203a\u20ac\u0152-\u0178\u02c6\u02dc\u0192]{2}")
_MESSAGE_START = re.compile(
    r"(?:Slack|Teams|Discord|Chat|Channel|Post|E-?mail|Subject|To|Announce|Message|PagerDuty|Say|Page)\s*:|[@#][a-z][\w-]+(?:\s|$)|/\w+ ",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w.])[@#][a-z][\w-]{2,}")
_FIELD_LINE = re.compile(
    r"^[^\n:]{2,40}:[ \t]*\S|\[[A-Za-z0-9][^\]\n]{2,80}\]|\{\{?\s*[\w .-]+\}\}?|<[A-Za-z][\w /.-]*>", re.MULTILINE
)
_GAP = re.compile(
    r"\[[^\]\n]{3,80}\]|<[A-Za-z][\w /.-]*>|\{\{?\s*[A-Za-z][\w .-]*\}\}?|\bHH:MM\b|\bYYYY-MM-DD\b|_{3,}|\bTBD\b"
)


def block_of(leaf: Leaf) -> Block:
    """Return the block that a fence or indented code is."""
    tag, text, segments = _without_options(leaf)
    transcript = read_transcript(text) if _may_be_transcript(tag, text) else None
    if transcript is not None:
        return _transcript_block(leaf, tag, (text, segments), transcript)
    kind = classify(tag, text)
    return Block(kind=kind, tag=tag, text=text, span=leaf.span, segments=segments, line=leaf.line)


def tag_of(info: str) -> str:
    """Return the language of a fence's info string, in lower case; MyST directives count by their argument."""
    match = _MYST.match(info)
    if match:
        name = match["name"].lower()
        return match["argument"].lower() if name.startswith("code") else name
    return re.split(r"[\s,{:]", info.strip(), maxsplit=1)[0].lower().lstrip(".")


def classify(tag: str, text: str) -> BlockKind:
    """Return what a block without prompts is, by its text first and its tag second."""
    if not text.strip():
        return BlockKind.TEXT
    for tags, kind_of in _BY_TAG:
        if tag in tags:
            return kind_of(text)
    return _untagged(text) if not tag else _unknown_tag(text)


def is_sql(text: str) -> bool:
    """Say whether text begins as an SQL statement or a psql command, past its comments."""
    code = _without_comments(text)
    return bool(_SQL_START.match(code) or _PSQL_META.match(code))


def psql_opener(line: str) -> str | None:
    """Return the arguments of a psql call that opens a session, None for any other line."""
    match = _PSQL.fullmatch(line.strip())
    if match is None or _PSQL_RUNS.search(match["rest"]):
        return None
    return match["rest"].strip()


def _without_options(leaf: Leaf) -> tuple[str, str, tuple[Segment, ...]]:
    """Drop what belongs to Markdown dialects: option lines of MyST, the marks of a fence indented too far."""
    tag = tag_of(leaf.tag)
    lines = leaf.text.splitlines(keepends=True)
    first = 0
    if leaf.tag.startswith("{"):
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
    return (not tag or tag in _SHELL_TAGS | _SQL_TAGS | {"text", "plaintext", "txt", "plain"}) and bool(text.strip())


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


def _without_comments(text: str) -> str:
    lines = text.splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith(("#", "--"))):
        lines.pop(0)
    return "\n".join(lines).strip()


def _first_line(text: str) -> str:
    return next((line.strip() for line in _without_comments(text).splitlines() if line.strip()), "")


def _shell(text: str) -> BlockKind:
    if kind := _sql_or_psql(text):
        return kind
    first = _first_line(text)
    if (_ERROR_START.match(first) or _TABLE_HEADER.match(first)) and not looks_like_command(first):
        return BlockKind.OUTPUT
    if first and not looks_like_command(first) and _is_promql(text):
        return BlockKind.PROMQL
    return BlockKind.SHELL


def _sql_or_psql(text: str) -> BlockKind | None:
    code = _without_comments(text)
    first, _, rest = code.partition("\n")
    if psql_opener(first) is not None and is_sql(rest):
        return BlockKind.PSQL
    if _PSQL_META.match(code):
        return BlockKind.PSQL
    return BlockKind.SQL if _SQL_START.match(code) else None


def _sql(text: str) -> BlockKind:
    if kind := _sql_or_psql(text):
        return kind
    first = _first_line(text)
    if looks_like_command(first) and program_of(first).islower():
        return BlockKind.SHELL
    return BlockKind.SQL


def _config(text: str) -> BlockKind:
    first = _first_line(text)
    if looks_like_command(first) and not re.match(r"[\w.-]+\s*[:=]", first) and " " in first:
        return BlockKind.SHELL
    return BlockKind.CONFIG


def _is_promql(text: str) -> bool:
    code = _without_comments(text)
    return bool(_PROMQL.match(code)) and not re.search(r"[;&]\s*$", code)


def _untagged(text: str) -> BlockKind:
    if kind := _sql_or_psql(text):
        return kind
    first = _first_line(text)
    if not first:
        return BlockKind.TEXT
    if looks_like_command(first) and not _reads_as_words(text):
        return BlockKind.SHELL
    return _data(text, first)


def _data(text: str, first: str) -> BlockKind:
    """Return the kind of a block that is no program."""
    if first[0] in "{[" and text.rstrip()[-1:] in {"}", "]"} and ":" in text and '"' in text:
        return BlockKind.CONFIG
    if _DRAWING.search(text) or _MOJIBAKE_ARROW.search(text):
        return BlockKind.DIAGRAM
    gaps = len(_GAP.findall(text))
    if _MESSAGE_START.match(first) and gaps < 3:
        return BlockKind.MESSAGE
    if gaps >= 2 and len(_FIELD_LINE.findall(text)) >= 3:
        return BlockKind.TEMPLATE
    if _HANDLE.search(text) and len(text.splitlines()) <= 12:
        return BlockKind.MESSAGE
    if _is_promql(text):
        return BlockKind.PROMQL
    if re.match(r"(?:apiVersion|kind|[\w-]+):\s*(?:\S.*)?$", first) and "\n" in text.strip():
        return BlockKind.CONFIG
    return BlockKind.OUTPUT


def _reads_as_words(text: str) -> bool:
    """Tell `top of the list.` and `Page all staff` from commands: a sentence has no options, paths or operators."""
    first = _first_line(text)
    return first[:1].isupper() or (first.endswith(".") and not re.search(r"[-/$|=<>]", first))


def _unknown_tag(text: str) -> BlockKind:
    first = _first_line(text)
    return BlockKind.SHELL if looks_like_command(first) and not _reads_as_words(text) else BlockKind.CODE


_BY_TAG: tuple[tuple[frozenset[str], Callable[[str], BlockKind]], ...] = (
    (_SHELL_TAGS, _shell),
    (_SQL_TAGS, _sql),
    (_CONFIG_TAGS, _config),
    (frozenset({"promql", "metricsql", "logql"}), lambda _: BlockKind.PROMQL),
    (_DIAGRAM_TAGS, lambda _: BlockKind.DIAGRAM),
    (_CODE_TAGS, lambda _: BlockKind.CODE),
    (_PROSE_TAGS, lambda _: BlockKind.TEXT),
    (frozenset({"text", "plaintext", "txt", "plain", "output", "log", "logs", "none", "markdown", "md"}), _untagged),
)
