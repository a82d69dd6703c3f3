"""What calling a function of PostgreSQL does.

Functions that PostgreSQL itself declares immutable or stable are reads, but for those that run text as SQL or show
files. Volatile ones, and those of well-known extensions, are judged here by hand. Every other function is unknown: its
body may do anything.
"""

from __future__ import annotations

from functools import cache

from architect.commands.generated import word_lists
from architect.commands.known import Known
from architect.commands.model import Effect, Flag

OWN_SCHEMAS = frozenset(("", "pg_catalog"))


_READS = """
    amvalidate array_sample array_shuffle clock_timestamp currtid2 currval gen_random_uuid lastval lo_close lo_get
    lo_lseek lo_lseek64 lo_tell lo_tell64 loread pg_available_wal_summaries pg_blocking_pids
    pg_collation_actual_version pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system
    pg_current_logfile pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn
    pg_database_collation_actual_version pg_database_size pg_get_aios pg_get_backend_memory_contexts
    pg_get_loaded_modules pg_get_multixact_members pg_get_sequence_data pg_get_shmem_allocations
    pg_get_shmem_allocations_numa pg_get_wait_events pg_get_wal_replay_pause_state pg_get_wal_resource_managers
    pg_get_wal_summarizer_state pg_ident_file_mappings pg_indexes_size pg_is_in_recovery pg_is_wal_replay_paused
    pg_isolation_test_session_is_blocked pg_jit_available pg_last_committed_xact pg_last_wal_receive_lsn
    pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_logical_slot_peek_binary_changes
    pg_logical_slot_peek_changes pg_ls_archive_statusdir pg_ls_dir pg_ls_logdir pg_ls_logicalmapdir
    pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_ls_tmpdir pg_ls_waldir pg_notification_queue_usage
    pg_partition_ancestors pg_partition_tree pg_prepared_xact pg_relation_size pg_replication_origin_progress
    pg_replication_origin_session_is_setup pg_replication_origin_session_progress pg_safe_snapshot_blocking_pids
    pg_sequence_last_value pg_show_all_file_settings pg_show_replication_origin_status pg_stat_clear_snapshot
    pg_stat_file pg_stat_force_next_flush pg_stat_get_backend_io pg_stat_get_backend_wal pg_stat_get_io
    pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit
    pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time
    pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched
    pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated
    pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated pg_stat_have_stats pg_table_size
    pg_tablespace_size pg_total_relation_size pg_wal_summary_contents pg_xact_commit_timestamp
    pg_xact_commit_timestamp_origin pg_xact_status random random_normal setseed timeofday txid_status uuidv4 uuidv7
"""
_READS_OF_OLD_VERSIONS = """
    pg_backup_start_time pg_current_xlog_flush_location pg_current_xlog_insert_location pg_current_xlog_location
    pg_is_in_backup pg_is_xlog_replay_paused pg_last_xlog_receive_location pg_last_xlog_replay_location
    pg_xlog_location_diff pg_xlogfile_name pg_xlogfile_name_offset
"""
_READS_OF_EXTENSIONS = """
    armor brin_metapage_info brin_page_items brin_page_type brin_revmap_data bt_index_check bt_index_parent_check
    bt_metap bt_page_items bt_page_stats crypt daitch_mokotoff difference digest dmetaphone fsm_page_contents
    gen_random_bytes gen_salt get_raw_page gin_metapage_info heap_page_items heap_page_item_attrs hmac levenshtein
    levenshtein_less_equal metaphone page_checksum page_header pg_buffercache_pages pg_buffercache_summary
    pg_buffercache_usage_counts pg_freespace pg_get_wal_block_info pg_get_wal_record_info pg_get_wal_records_info
    pg_get_wal_stats pg_relpages pg_stat_kcache pg_stat_statements pg_stat_statements_info pg_visibility
    pg_visibility_map pg_visibility_map_summary pg_wait_sampling_get_current pg_wait_sampling_get_history
    pg_wait_sampling_get_profile pgrowlocks pgstatginindex pgstathashindex pgstatindex pgstattuple pgstattuple_approx
    show_limit show_trgm similarity soundex strict_word_similarity text_soundex unaccent uuid_generate_v1
    uuid_generate_v1mc uuid_generate_v3 uuid_generate_v4 uuid_generate_v5 uuid_nil uuid_ns_dns uuid_ns_oid uuid_ns_url
    uuid_ns_x500 verify_heapam word_similarity
"""
_RUNS_TEXT = """
    connectby crosstab crosstab2 crosstab3 crosstab4 crosstabn cursor_to_xml cursor_to_xmlschema
    database_to_xml database_to_xml_and_xmlschema dblink dblink_exec query_to_xml query_to_xml_and_xmlschema
    query_to_xmlschema schema_to_xml schema_to_xml_and_xmlschema table_to_xml table_to_xml_and_xmlschema
    ts_rewrite ts_stat xpath_table
"""
_JUDGED: tuple[tuple[Effect, str, str], ...] = (
    (Effect.DISRUPTIVE, "ends other sessions", "pg_terminate_backend"),
    (Effect.DISRUPTIVE, "cancels other sessions' queries", "pg_cancel_backend"),
    (Effect.DISRUPTIVE, "makes the standby a primary", "pg_promote"),
    (Effect.DISRUPTIVE, "makes the server read its settings again", "pg_reload_conf"),
    (Effect.DISRUPTIVE, "stops or resumes replay on the standby", "pg_wal_replay_pause pg_wal_replay_resume"),
    (Effect.DISRUPTIVE, "stops or resumes replay on the standby", "pg_xlog_replay_pause pg_xlog_replay_resume"),
    (Effect.DISRUPTIVE, "sets a sequence's next value", "setval"),
    (Effect.DISRUPTIVE, "changes the planner's statistics", "pg_clear_attribute_stats pg_clear_relation_stats"),
    (Effect.DISRUPTIVE, "changes the planner's statistics", "pg_restore_attribute_stats pg_restore_relation_stats"),
    (Effect.DISRUPTIVE, "evicts pages from the buffer cache", "pg_buffercache_evict pg_buffercache_evict_all"),
    (
        Effect.DISRUPTIVE,
        "changes what a replication origin has confirmed",
        (
            "pg_replication_origin_advance pg_replication_origin_session_reset pg_replication_origin_session_setup "
            "pg_replication_origin_xact_reset pg_replication_origin_xact_setup pg_replication_origin_create"
        ),
    ),
    (
        Effect.DESTRUCTIVE,
        "drops or moves a replication slot on: what its consumer has not read is gone",
        (
            "pg_drop_replication_slot pg_replication_slot_advance pg_logical_slot_get_changes "
            "pg_logical_slot_get_binary_changes"
        ),
    ),
    (Effect.DESTRUCTIVE, "drops a replication origin", "pg_replication_origin_drop"),
    (
        Effect.DESTRUCTIVE,
        "throws collected statistics away, which are evidence",
        (
            "pg_stat_reset pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_shared "
            "pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters pg_stat_reset_slru "
            "pg_stat_reset_subscription_stats pg_stat_statements_reset pg_stat_monitor_reset pg_stat_kcache_reset "
            "pg_wait_sampling_reset_profile pg_qualstats_reset"
        ),
    ),
    (Effect.DESTRUCTIVE, "deletes or cuts large objects", "lo_unlink lo_truncate lo_truncate64 lo_manage"),
    (Effect.DESTRUCTIVE, "overwrites a part of a large object", "lo_put lowrite"),
    (
        Effect.EXPOSES,
        "shows files of the server",
        "pg_read_file pg_read_binary_file lo_import pg_hba_file_rules",
    ),
    (Effect.WRITE, "takes a value from a sequence", "nextval"),
    (Effect.WRITE, "sends a notification", "pg_notify"),
    (Effect.WRITE, "makes a large object", "lo_creat lo_create lo_from_bytea lo_open"),
    (Effect.WRITE, "changes a setting", "set_config"),
    (Effect.WRITE, "takes or gives back an advisory lock", "pg_advisory_unlock pg_advisory_unlock_all"),
    (
        Effect.WRITE,
        "takes or gives back an advisory lock",
        (
            "pg_advisory_unlock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock "
            "pg_try_advisory_xact_lock_shared"
        ),
    ),
    (Effect.WRITE, "begins a new log file", "pg_rotate_logfile"),
    (Effect.WRITE, "begins a new WAL file", "pg_switch_wal pg_switch_xlog"),
    (Effect.WRITE, "writes to the WAL", "pg_create_restore_point pg_log_standby_snapshot pg_logical_emit_message"),
    (Effect.WRITE, "begins or ends a backup", "pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup"),
    (
        Effect.WRITE,
        "makes a replication slot, which keeps WAL until somebody reads it",
        (
            "pg_create_logical_replication_slot pg_create_physical_replication_slot pg_copy_logical_replication_slot "
            "pg_copy_physical_replication_slot pg_sync_replication_slots"
        ),
    ),
    (Effect.WRITE, "writes to the server's log", "pg_log_backend_memory_contexts"),
    (Effect.WRITE, "exports a snapshot", "pg_export_snapshot"),
    (
        Effect.WRITE,
        "maintains an index",
        "brin_desummarize_range brin_summarize_new_values brin_summarize_range gin_clean_pending_list",
    ),
    (Effect.WRITE, "adds collations", "pg_import_system_collations"),
    (Effect.WRITE, "loads relations into memory", "pg_prewarm autoprewarm_dump_now autoprewarm_start_worker"),
)
_WAITING: tuple[tuple[Effect, str, str], ...] = (
    (Effect.READ, "waits", "pg_sleep pg_sleep_for pg_sleep_until"),
    (
        Effect.WRITE,
        "waits for and takes an advisory lock",
        "pg_advisory_lock pg_advisory_lock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared",
    ),
)


def judge_function(schema: str, name: str) -> Known:
    """Return what calling a function does; a schema of the user's own makes it unknown."""
    if schema not in OWN_SCHEMAS:
        return Known(Effect.UNKNOWN, f"calls {schema}.{name}(), which is not PostgreSQL's own")
    known = _table().get(name)
    if known is not None:
        return known
    return Known(Effect.UNKNOWN, f"calls {name}(), which nothing proves to be a read")


def is_own_type(schema: str, name: str) -> bool:
    """Say whether casting to this type runs PostgreSQL's own code only."""
    return schema in OWN_SCHEMAS and name in word_lists("postgres.txt")["types"]


@cache
def _table() -> dict[str, Known]:
    catalog = word_lists("postgres.txt")
    read = Known(Effect.READ, "")
    table = dict.fromkeys((*catalog["immutable"], *catalog["stable"]), read)
    table |= dict.fromkeys(f"{_READS} {_READS_OF_OLD_VERSIONS} {_READS_OF_EXTENSIONS}".split(), read)
    for effect, reason, names in _JUDGED:
        table |= {name: Known(effect, f"{name}() {reason}") for name in names.split()}
    for effect, reason, names in _WAITING:
        table |= {name: Known(effect, f"{name}() {reason}", frozenset((Flag.WAITS,))) for name in names.split()}
    for name in _RUNS_TEXT.split():
        table[name] = Known(Effect.UNKNOWN, f"{name}() runs a text as SQL")
    return table
