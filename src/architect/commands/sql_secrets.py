"""Which columns and settings of a database hold secrets, and whether a statement shows one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from architect.commands.known import Known
from architect.commands.model import Effect, Flag
from architect.grammars.sql import Tree, kind_of, type_of

SECRET_SETTINGS = frozenset(("primary_conninfo", "ssl_passphrase_command"))

_READ = Known(Effect.READ, "")
_SHOWS = frozenset((Flag.READS_SECRET,))
_SECRET_COLUMNS = {
    "pg_authid": frozenset(("rolpassword",)),
    "pg_shadow": frozenset(("passwd",)),
    "pg_user_mapping": frozenset(("umoptions",)),
    "pg_user_mappings": frozenset(("umoptions",)),
    "user_mapping_options": frozenset(("option_value",)),
    "pg_subscription": frozenset(("subconninfo",)),
    "pg_hba_file_rules": frozenset(("options",)),
    "pg_dist_authinfo": frozenset(("authinfo",)),
}
_SETTINGS = frozenset(("pg_settings", "pg_file_settings"))
_SECRET_COLUMN = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|token|api_?key|private_?key|secret_?key|access_?key|credentials?)"
    r"(?:_(?:hash|digest|encrypted|plain))?$",
    re.IGNORECASE,
)
_TELLS_NO_VALUE = frozenset(("count", "length", "octet_length", "char_length", "bit_length", "pg_column_size"))


class SecretColumns:
    """Collects what a statement names, to say whether it shows a column that holds secrets."""

    def __init__(self) -> None:
        self._columns: set[str] = set()
        self._shown: set[str] = set()
        self._relations: set[str] = set()
        self._aliases: set[str] = set()
        self._has_star = False
        self._has_condition = False
        self._renames = False

    def note(self, name: str, message: Tree) -> None:
        """Note one message of the statement's tree; `name` is its type."""
        match name:
            case "A_Star":
                self._has_star = True
            case "ColumnRef":
                fields = [field.string.sval for field in message.fields if kind_of(field) == "string"]
                self._columns.update(fields[-1:])
            case "ResTarget":
                self._shown.update(_columns_in(message.val))
            case "CopyStmt" if not message.is_from:
                self._shown.update(column.string.sval for column in message.attlist)
                self._has_star = self._has_star or not message.attlist
            case "SelectStmt":
                self._has_condition = self._has_condition or message.HasField("where_clause")
            case "RangeVar":
                self._relations.add(message.relname)
                self._aliases.add(message.alias.aliasname)
                self._renames = self._renames or bool(message.alias.colnames)
            case "A_Const":
                if message.sval.sval in SECRET_SETTINGS:
                    self._shown.add("passwd")

    def verdict(self, *, is_select: bool) -> Known:
        """Return what the statement shows; `is_select` says that it shows its columns at all."""
        for relation in sorted(self._relations & _SECRET_COLUMNS.keys()):
            names = _SECRET_COLUMNS[relation] | {relation} | (self._aliases - {""})
            if self._has_star or self._renames or not is_select or names & self._columns:
                return Known(Effect.EXPOSES, f"shows secrets from {relation}", _SHOWS)
        if self._relations & _SETTINGS and not self._has_condition and (self._has_star or "setting" in self._shown):
            return Known(Effect.EXPOSES, "shows every setting, also those that hold passwords", _SHOWS)
        for column in sorted(self._columns if self._has_star else self._shown):
            if is_select and _SECRET_COLUMN.search(column):
                return Known(Effect.EXPOSES, f"shows the column {column}", _SHOWS)
        return _READ


def _columns_in(value: Tree) -> Iterator[str]:
    """Yield the columns whose values an expression can show."""
    todo = [value]
    while todo:
        message = todo.pop()
        name = type_of(message)
        if name == "ColumnRef":
            yield message.fields[-1].string.sval
        if _tells_no_value(name, message):
            continue
        for descriptor, part in message.ListFields():
            if descriptor.message_type is not None:
                todo += [part] if hasattr(part, "ListFields") else list(part)


def _tells_no_value(name: str, message: Tree) -> bool:
    """Say whether an expression tells of its operands only how many or how long they are, or compares them."""
    if name == "FuncCall":
        return bool(message.funcname) and message.funcname[-1].string.sval in _TELLS_NO_VALUE
    if name == "A_Expr":
        return bool(message.name) and message.name[-1].string.sval in ("=", "<>", "!=")
    return name in ("NullTest", "SubLink")
