"""What authors write behind the marks of a fence, and what they mean by it."""

from __future__ import annotations

import re

_SHELL_LIST = """
    bash sh shell zsh ksh fish console terminal shell-session shellsession sh-session cmd command commands
    powershell ps1
"""
SHELL_TAGS = frozenset(_SHELL_LIST.split())
_SQL_LIST = """
    sql psql postgresql postgres pgsql plpgsql mysql
"""
SQL_TAGS = frozenset(_SQL_LIST.split())
_CONFIG_LIST = """
    yaml yml json json5 jsonc toml ini hcl tf terraform xml conf properties dockerfile nginx env dotenv cfg
"""
CONFIG_TAGS = frozenset(_CONFIG_LIST.split())
_CODE_LIST = """
    python py go golang javascript js typescript ts java ruby rb rust c cpp csharp cs php kotlin scala diff
    patch make makefile groovy lua perl r jsonnet proto protobuf graphql html css jinja elixir solidity
"""
CODE_TAGS = frozenset(_CODE_LIST.split())
_DIAGRAM_LIST = """
    mermaid plantuml puml dot graphviz ditaa d2
"""
DIAGRAM_TAGS = frozenset(_DIAGRAM_LIST.split())
_PROSE_LIST = """
    tip note important warning caution danger admonition attention hint error seealso
"""
PROSE_TAGS = frozenset(_PROSE_LIST.split())

_PLAIN_LIST = """
    text plaintext txt plain none markdown md raw
"""
PLAIN_TAGS = frozenset(_PLAIN_LIST.split())
_OUTPUT_LIST = """
    output log logs stdout stderr response result
"""
OUTPUT_TAGS = frozenset(_OUTPUT_LIST.split())
_QUERY_LIST = """
    promql metricsql
"""
QUERY_TAGS = frozenset(_QUERY_LIST.split())

_MYST = re.compile(r"\{(?P<name>[\w:-]+)\}\s*(?P<argument>\S*)")


def tag_of(info: str) -> str:
    """Return the language of a fence's info string, in lower case; MyST directives count by their argument."""
    match = _MYST.match(info)
    if match:
        name = match["name"].lower()
        return match["argument"].lower() if name.startswith("code") else name
    return re.split(r"[\s,{:]", info.strip(), maxsplit=1)[0].lower().lstrip(".")
