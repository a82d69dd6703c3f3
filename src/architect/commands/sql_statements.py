"""What one SQL statement does, from its syntax tree.

The kind of statement says what it does by itself; what its expressions call, lock, cast and show is added from every
node below it, so that a change inside a common table expression counts as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from architect.commands.known import Known
from architect.commands.model import Effect, Flag, Target
from architect.commands.sql_functions import OWN_SCHEMAS, is_own_type, judge_function
from architect.commands.sql_secrets import SECRET_SETTINGS, SecretColumns
from architect.grammars.sql import Tree, body_of, kind_of, type_of, walk

SYSTEM = "postgresql"

_READ = Known(Effect.READ, "")
_SESSION_SETTINGS = re.compile(
    r"statement_timeout|lock_timeout|idle_in_transaction_session_timeout|idle_session_timeout|transaction_timeout"
    r"|search_path|timezone|datestyle|intervalstyle|client_min_messages|client_encoding|application_name|work_mem"
    r"|maintenance_work_mem|extra_float_digits|bytea_output|role|session_authorization|enable_\w+|max_parallel_\w+"
    r"|transaction_read_only|transaction_isolation|default_transaction_read_only|row_security"
    r"|TRANSACTION|SESSION CHARACTERISTICS|xmloption|lc_\w+|default_table_access_method|default_tablespace"
    r"|check_function_bodies|random_page_cost|jit\w*",
    re.IGNORECASE,
)
_SHOWING = frozenset(("SelectStmt", "ExplainStmt", "DeclareCursorStmt", "PrepareStmt", "CopyStmt"))
_CHANGES_DATA = frozenset(("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"))
_ONLY_DEFINES = frozenset(
    ("view_stmt", "create_function_stmt", "create_trig_stmt", "rule_stmt", "create_policy_stmt", "do_stmt")
)


def judge_statement(tree: Tree) -> tuple[Known, Target | None]:
    """Return what a statement does and what it acts on."""
    kind = kind_of(tree)
    body = body_of(tree)
    own = _own_effect(kind, body)
    found = [own]
    if kind == "explain_stmt" and not _is_on(body, "analyze"):
        found += map(_only_unknown, _expressions(body, changes_data=False))
    elif kind not in _ONLY_DEFINES:
        found += _expressions(body)
    highest = max(found, key=lambda known: known.effect.rank)
    flags = frozenset().union(*(known.flags for known in found))
    return Known(highest.effect, highest.reason or _describe(body), flags), _target(kind, body, highest)


def _only_unknown(known: Known) -> Known:
    """Keep what planning itself may run: functions that nobody knows are folded into constants."""
    return known if known.effect is Effect.UNKNOWN else _READ


def _own_effect(kind: str, body: Tree) -> Known:
    simple = _SIMPLE.get(kind)
    if simple is not None:
        return simple
    judge = _JUDGES.get(kind)
    if judge is not None:
        return judge(body)
    return Known(Effect.UNKNOWN, f"{kind.removesuffix('_stmt').replace('_', ' ')} statements are not judged")


def _expressions(body: Tree, *, changes_data: bool = True) -> Iterator[Known]:
    """Yield what every call, cast, operator, lock and nested change below `body` does."""
    secrets = SecretColumns()
    for message in walk(body):
        name = type_of(message)
        judge = _NODE_JUDGES.get(name)
        if judge is not None:
            yield judge(message)
        elif name in _CHANGES_DATA and changes_data:
            yield _DATA_CHANGES[name](message)
        secrets.note(name, message)
    yield secrets.verdict(is_select=type_of(body) in _SHOWING)


def _call(message: Tree) -> Known:
    names = [name.string.sval for name in message.funcname]
    return judge_function(".".join(names[:-1]), names[-1]) if names else _READ


def _operator(message: Tree) -> Known:
    schemas = [name.string.sval for name in message.name][:-1]
    if all(schema in OWN_SCHEMAS for schema in schemas):
        return _READ
    return Known(Effect.UNKNOWN, f"uses an operator of the schema {schemas[0]}")


def _cast(message: Tree) -> Known:
    names = [name.string.sval for name in message.type_name.names]
    if not names or is_own_type(".".join(names[:-1]), names[-1]):
        return _READ
    return Known(Effect.UNKNOWN, f"casts to {'.'.join(names)}, which is not PostgreSQL's own type")


def _sample(message: Tree) -> Known:
    if [part.string.sval for part in message.method][-1:] in (["bernoulli"], ["system"]):
        return _READ
    return Known(Effect.UNKNOWN, "samples by a method that is not PostgreSQL's own")


def _lock(_: Tree) -> Known:
    return Known(Effect.WRITE, "locks the rows that it reads")


def _into(_: Tree) -> Known:
    return Known(Effect.WRITE, "makes a table of what it reads")


_NODE_JUDGES: dict[str, Callable[[Tree], Known]] = {
    "FuncCall": _call,
    "A_Expr": _operator,
    "TypeCast": _cast,
    "RangeTableSample": _sample,
    "LockingClause": _lock,
    "IntoClause": _into,
}


def _insert(body: Tree) -> Known:
    if body.on_conflict_clause.action and _enum(body.on_conflict_clause, "action") == "ONCONFLICT_UPDATE":
        return Known(Effect.WRITE, f"adds rows to {body.relation.relname} or changes those that are there")
    return Known(Effect.WRITE, f"adds rows to {body.relation.relname}")


def _update(body: Tree) -> Known:
    if _is_everything(body):
        return Known(Effect.DESTRUCTIVE, f"overwrites every row of {body.relation.relname}")
    return Known(Effect.WRITE, f"changes rows of {body.relation.relname}")


def _delete(body: Tree) -> Known:
    which = "every row" if _is_everything(body) else "rows"
    return Known(Effect.DESTRUCTIVE, f"deletes {which} of {body.relation.relname}")


def _merge(body: Tree) -> Known:
    kinds = {_enum(clause.merge_when_clause, "command_type") for clause in body.merge_when_clauses}
    if "CMD_DELETE" in kinds:
        return Known(Effect.DESTRUCTIVE, f"deletes rows of {body.relation.relname}")
    return Known(Effect.WRITE, f"adds and changes rows of {body.relation.relname}")


_DATA_CHANGES: dict[str, Callable[[Tree], Known]] = {
    "InsertStmt": _insert,
    "UpdateStmt": _update,
    "DeleteStmt": _delete,
    "MergeStmt": _merge,
}


def _is_everything(body: Tree) -> bool:
    """Say whether a change has no condition, or one that compares constants only."""
    if not body.HasField("where_clause"):
        return True
    return not any(type_of(message) in ("ColumnRef", "SubLink", "CurrentOfExpr") for message in walk(body.where_clause))


def _explain(body: Tree) -> Known:
    inner = kind_of(body.query)
    if _is_on(body, "analyze"):
        return _own_effect(inner, body_of(body.query))
    return _READ


def _nested(body: Tree) -> Known:
    return _own_effect(kind_of(body.query), body_of(body.query))


def _copy(body: Tree) -> Known:
    if body.is_program:
        return Known(Effect.UNKNOWN, "runs a program on the database server")
    if body.is_from:
        source = f"the server's file {body.filename}" if body.filename else "input"
        return Known(Effect.WRITE, f"adds rows to {body.relation.relname} from {source}")
    if body.filename and not body.filename.startswith(("/tmp/", "/var/tmp/")):  # noqa: S108
        return Known(Effect.UNKNOWN, f"may replace the server's file {body.filename}")
    if body.filename:
        return Known(Effect.WRITE, f"writes the file {body.filename} on the server")
    return _READ


def _vacuum(body: Tree) -> Known:
    if _is_on(body, "full"):
        return Known(Effect.DISRUPTIVE, "rewrites tables under an exclusive lock")
    return Known(Effect.WRITE, "vacuums tables" if body.is_vacuumcmd else "collects statistics")


def _index(body: Tree) -> Known:
    if body.concurrent:
        return Known(Effect.WRITE, f"builds an index on {body.relation.relname} beside its use")
    return Known(Effect.DISRUPTIVE, f"builds an index and blocks writes to {body.relation.relname} meanwhile")


def _reindex(body: Tree) -> Known:
    if any(option.def_elem.defname == "concurrently" for option in body.params):
        return Known(Effect.WRITE, "rebuilds indexes beside their use")
    return Known(Effect.DISRUPTIVE, "rebuilds indexes and blocks writes meanwhile")


def _refresh(body: Tree) -> Known:
    if body.concurrent:
        return Known(Effect.WRITE, f"refreshes {body.relation.relname} beside its use")
    return Known(Effect.DISRUPTIVE, f"refreshes {body.relation.relname} and blocks its readers meanwhile")


def _alter_table(body: Tree) -> Known:
    subtypes = {_enum(command.alter_table_cmd, "subtype") for command in body.cmds}
    if "AT_DropColumn" in subtypes:
        return Known(Effect.DESTRUCTIVE, f"drops a column of {body.relation.relname}")
    if subtypes & {"AT_EnableRowSecurity", "AT_DisableRowSecurity", "AT_NoForceRowSecurity", "AT_ChangeOwner"}:
        return Known(Effect.EXPOSES, f"changes who may read {body.relation.relname}")
    return Known(Effect.DISRUPTIVE, f"changes {body.relation.relname} under a lock")


def _create_table_as(_: Tree) -> Known:
    return Known(Effect.WRITE, "makes a table or materialized view")


def _grant(body: Tree) -> Known:
    if body.is_grant:
        return Known(Effect.EXPOSES, "gives access")
    return Known(Effect.DISRUPTIVE, "takes access away")


def _role(body: Tree) -> Known:
    names = {option.def_elem.defname for option in body.options}
    if names <= {"connectionlimit", "validUntil"} and names:
        return Known(Effect.DISRUPTIVE, "limits a role")
    return Known(Effect.EXPOSES, "changes who may log in, or with what password or rights")


def _replaceable(body: Tree) -> Known:
    if getattr(body, "replace", False):
        return Known(Effect.DISRUPTIVE, "replaces a definition")
    return Known(Effect.WRITE, "adds a definition")


def _set(body: Tree) -> Known:
    name = body.name or "ALL"
    if name == "ALL" or _SESSION_SETTINGS.fullmatch(name):
        return _READ
    return Known(Effect.WRITE, f"changes the session's {name}")


def _show(body: Tree) -> Known:
    if body.name in SECRET_SETTINGS or body.name == "all":
        return Known(Effect.EXPOSES, f"shows {body.name}", frozenset((Flag.READS_SECRET,)))
    return _READ


def _transaction(body: Tree) -> Known:
    if _enum(body, "kind") in ("TRANS_STMT_PREPARE", "TRANS_STMT_COMMIT_PREPARED", "TRANS_STMT_ROLLBACK_PREPARED"):
        return Known(Effect.DISRUPTIVE, "settles or leaves a prepared transaction")
    return _READ


def _rename(body: Tree) -> Known:
    return Known(Effect.DISRUPTIVE, f"renames {body.subname or body.relation.relname}; what uses the old name fails")


_JUDGES: dict[str, Callable[[Tree], Known]] = {
    "insert_stmt": _insert,
    "update_stmt": _update,
    "delete_stmt": _delete,
    "merge_stmt": _merge,
    "explain_stmt": _explain,
    "declare_cursor_stmt": _nested,
    "prepare_stmt": _nested,
    "copy_stmt": _copy,
    "vacuum_stmt": _vacuum,
    "index_stmt": _index,
    "reindex_stmt": _reindex,
    "refresh_mat_view_stmt": _refresh,
    "alter_table_stmt": _alter_table,
    "create_table_as_stmt": _create_table_as,
    "grant_stmt": _grant,
    "grant_role_stmt": _grant,
    "alter_default_privileges_stmt": lambda body: _grant(body.action),
    "create_role_stmt": _role,
    "alter_role_stmt": _role,
    "view_stmt": _replaceable,
    "create_function_stmt": _replaceable,
    "create_trig_stmt": _replaceable,
    "variable_set_stmt": _set,
    "variable_show_stmt": _show,
    "transaction_stmt": _transaction,
    "rename_stmt": _rename,
}


def _group(effect: Effect, reason: str, *kinds: str) -> dict[str, Known]:
    return dict.fromkeys(kinds, Known(effect, reason))


_SIMPLE: dict[str, Known] = {
    **dict.fromkeys(("select_stmt", "listen_stmt", "unlisten_stmt", "close_portal_stmt", "deallocate_stmt"), _READ),
    **dict.fromkeys(("discard_stmt", "constraints_set_stmt"), _READ),
    **_group(Effect.DESTRUCTIVE, "drops what may hold data", "drop_stmt", "drop_owned_stmt"),
    **_group(Effect.DESTRUCTIVE, "drops a database", "dropdb_stmt"),
    **_group(Effect.DESTRUCTIVE, "drops a tablespace", "drop_table_space_stmt"),
    **_group(Effect.DESTRUCTIVE, "drops a role", "drop_role_stmt"),
    **_group(Effect.DESTRUCTIVE, "drops a subscription and its slot", "drop_subscription_stmt"),
    **_group(Effect.DESTRUCTIVE, "drops a user mapping", "drop_user_mapping_stmt"),
    **_group(Effect.DESTRUCTIVE, "deletes every row of the tables", "truncate_stmt"),
    **_group(Effect.WRITE, "makes a database", "createdb_stmt"),
    **_group(Effect.WRITE, "makes a table", "create_stmt", "create_foreign_table_stmt"),
    **_group(Effect.WRITE, "makes a sequence", "create_seq_stmt"),
    **_group(Effect.WRITE, "makes a schema", "create_schema_stmt"),
    **_group(Effect.WRITE, "makes a type", "create_enum_stmt", "composite_type_stmt", "create_range_stmt"),
    **_group(Effect.WRITE, "makes a tablespace", "create_table_space_stmt"),
    **_group(Effect.WRITE, "makes extended statistics", "create_stats_stmt"),
    **_group(Effect.WRITE, "installs or updates an extension", "create_extension_stmt", "alter_extension_stmt"),
    **_group(Effect.WRITE, "makes a publication", "create_publication_stmt"),
    **_group(Effect.WRITE, "changes a comment", "comment_stmt"),
    **_group(Effect.WRITE, "sends a notification", "notify_stmt"),
    **_group(Effect.WRITE, "makes the server write a checkpoint", "check_point_stmt"),
    **_group(Effect.DISRUPTIVE, "locks tables", "lock_stmt"),
    **_group(Effect.DISRUPTIVE, "rewrites a table under an exclusive lock", "cluster_stmt", "repack_stmt"),
    **_group(Effect.DISRUPTIVE, "changes the server's settings", "alter_system_stmt"),
    **_group(Effect.DISRUPTIVE, "changes settings of a database", "alter_database_stmt", "alter_database_set_stmt"),
    **_group(Effect.DISRUPTIVE, "changes settings of a role", "alter_role_set_stmt"),
    **_group(Effect.DISRUPTIVE, "changes a sequence", "alter_seq_stmt"),
    **_group(Effect.DISRUPTIVE, "changes an enumeration", "alter_enum_stmt"),
    **_group(Effect.DISRUPTIVE, "moves objects to another schema", "alter_object_schema_stmt"),
    **_group(Effect.DISRUPTIVE, "changes a publication", "alter_publication_stmt"),
    **_group(Effect.DISRUPTIVE, "changes a subscription", "alter_subscription_stmt", "create_subscription_stmt"),
    **_group(Effect.DISRUPTIVE, "changes statistics objects", "alter_stats_stmt"),
    **_group(Effect.EXPOSES, "changes who owns objects", "alter_owner_stmt", "reassign_owned_stmt"),
    **_group(Effect.EXPOSES, "changes row security", "create_policy_stmt", "alter_policy_stmt", "sec_label_stmt"),
    **_group(Effect.UNKNOWN, "runs a block of procedural code", "do_stmt"),
    **_group(Effect.UNKNOWN, "calls a procedure", "call_stmt"),
    **_group(Effect.UNKNOWN, "loads a library into the server", "load_stmt"),
}


def _is_on(body: Tree, option: str) -> bool:
    """Say whether a parenthesised option is given and not switched off; the last one counts."""
    value = False
    for entry in body.options:
        if entry.def_elem.defname == option:
            word = entry.def_elem.arg.string.sval.lower()
            number = entry.def_elem.arg
            value = word not in ("false", "off", "0") and not (kind_of(number) == "integer" and not number.integer.ival)
    return value


def _enum(message: Tree, field: str) -> str:
    enum: Any = message.DESCRIPTOR.fields_by_name[field].enum_type
    return str(enum.values_by_number[getattr(message, field)].name)


def _describe(body: Tree) -> str:
    relation = _first_relation(body)
    return f"reads {relation}" if relation else "reads only"


def _target(kind: str, body: Tree, known: Known) -> Target | None:
    if kind in ("createdb_stmt", "dropdb_stmt", "alter_database_stmt", "alter_database_set_stmt"):
        return Target(system=SYSTEM, kind="database", name=body.dbname)
    if kind == "rename_stmt" and _enum(body, "rename_type") == "OBJECT_DATABASE":
        return Target(system=SYSTEM, kind="database", name=body.subname)
    if kind == "alter_system_stmt":
        return Target(system=SYSTEM, kind="setting", name=body.setstmt.name)
    if kind == "drop_stmt":
        return _dropped(body)
    if known.effect is not Effect.READ and kind in ("select_stmt", "do_stmt", "call_stmt"):
        return Target(system=SYSTEM, kind="sessions" if "session" in known.reason else "")
    relation = _first_relation(body)
    if kind == "truncate_stmt":
        relation = " ".join(_qualified(node.range_var) for node in body.relations)
    return Target(system=SYSTEM, kind="table", name=relation) if relation else Target(system=SYSTEM)


def _dropped(body: Tree) -> Target:
    kind = _enum(body, "remove_type").removeprefix("OBJECT_").replace("_", " ").lower()
    names = [".".join(part.string.sval for part in item.list.items) for item in body.objects if kind_of(item) == "list"]
    return Target(system=SYSTEM, kind=kind, name=" ".join(name.removeprefix("public.") for name in names))


def _first_relation(body: Tree) -> str:
    """Return the relation that stands first in the text."""
    found = [message for message in walk(body) if type_of(message) == "RangeVar" and message.relname]
    if not found:
        return ""
    first = min(found, key=lambda message: message.location)
    return _qualified(first)


def _qualified(relation: Tree) -> str:
    """Return a relation's name, with its schema where that is not the usual one."""
    is_usual = relation.schemaname in ("", "public")
    return str(relation.relname) if is_usual else f"{relation.schemaname}.{relation.relname}"
