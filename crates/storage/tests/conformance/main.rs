//! One suite for the store, run on SQLite and on PostgreSQL. Without PostgreSQL its half is
//! reported as ignored.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

mod answers;
mod backups;
mod changes;
mod durability;
mod figures;
mod groups;
mod imports;
mod interactions;
mod last_word;
mod lifecycle;
mod moves;
mod opening;
mod people;
mod resources;
mod retention;
mod schema;
mod support;
mod times;
mod totals;
mod windows;

use std::process::ExitCode;

use docent_test_support::{Trial, on_both_databases, on_postgres, run, test};

use crate::support::Database;

/// Builds the trials of the named tests, each on both databases.
macro_rules! conformance {
    ($($module:ident: [$($test:ident,)*],)*) => {{
        let mut trials: Vec<Trial> = Vec::new();
        $($(trials.extend(on_both_databases(
            concat!(stringify!($module), "::", stringify!($test)),
            async |database: &docent_test_support::Database| $module::$test(&Database::of(database)).await,
        ));)*)*
        trials
    }};
}

fn main() -> ExitCode {
    let mut trials = conformance! {
        schema: [
            migrations_go_up_down_and_up_again_with_data_in_the_tables,
            a_schema_of_a_newer_program_is_refused,
            two_programs_may_migrate_at_once,
            every_named_index_is_there,
            every_check_refuses_what_is_out_of_range,
            foreign_keys_are_enforced,
            a_corrupt_row_is_named,
            runs_and_keys_are_kept,
            the_audit_log_is_paged_from_the_newest_and_forgotten_from_the_oldest,
        ],
        lifecycle: [
            every_part_of_the_tables_is_verified,
            what_is_missing_is_named,
            a_migration_that_fails_half_way_changes_nothing,
            tables_that_are_not_as_they_should_be_are_not_migrated,
            an_older_schema_is_upgraded_and_rolled_back_with_its_data,
            tables_are_made_and_never_changed_by_opening,
        ],
        backups: [
            a_live_store_is_backed_up_as_it_was_at_one_moment,
            a_restored_store_is_the_one_that_was_backed_up,
            a_store_is_replaced_only_when_told_so_and_only_by_a_sound_backup,
            a_restore_that_fails_midway_leaves_what_was_there,
            nothing_is_no_backup,
            who_changes_the_schema_does_it_alone,
            what_is_backed_up_is_for_its_owner_alone,
            no_limit_of_the_database_ends_a_backup_or_a_lock,
        ],
        interactions: [
            concurrent_repeats_lose_no_count,
            repeats_within_a_batch_are_merged,
            unknown_resources_are_reported_item_by_item,
            an_invalid_item_is_named_and_nothing_is_recorded,
            a_retry_with_the_same_key_counts_nothing_twice,
            preferred_authors_are_learned_at_the_tenth_interaction,
            training_reads_every_interaction_once,
        ],
        answers: [
            an_answer_is_one_row_and_feedback_moves_an_impression_out,
            a_list_grows_and_feedback_that_came_first_is_completed,
            an_erased_user_is_in_no_list,
            a_downgrade_gives_each_impression_a_row,
        ],
        groups: [
            requests_that_wait_share_a_transaction,
            of_requests_together_only_those_at_fault_fail,
            keys_are_kept_by_requests_that_share_a_transaction,
        ],
        totals: [
            sums_stay_true_under_random_writes_and_erasures,
            sums_stay_true_when_many_write_at_once,
            a_wrong_sum_is_named_and_counted_again,
            an_upgrade_counts_what_is_there,
        ],
        last_word: [
            the_newest_of_likes_and_dislikes_stands,
            popularity_counts_users_who_like_or_at_least_accept,
            interactions_are_taken_back_one_or_all,
            a_visitor_becomes_a_user_and_every_count_is_exact,
        ],
        imports: [
            importing_twice_leaves_the_same_store,
            a_strict_import_that_stops_leaves_the_store_as_it_was,
            a_strict_import_that_ends_keeps_everything,
        ],
        moves: [
            a_store_moves_to_either_database_as_it_is,
            rows_of_another_form_are_refused,
        ],
        times: [
            a_time_beats_none_and_no_window_counts_what_has_none,
            what_has_no_time_is_imported_once,
            positives_without_a_time_come_last_and_not_in_the_order_of_rows,
            authors_are_learned_from_what_has_no_time,
            the_fixed_time_of_earlier_imports_is_emptied_and_comes_back,
        ],
        resources: [
            upserts_create_update_and_leave_alone,
            links_are_replaced_and_come_back_in_order,
            of_a_deleted_resource_only_its_id_is_left,
            changes_are_followed_without_missing_any,
            search_ignores_case_in_every_script_and_knows_no_wildcards,
            the_catalogue_is_paged_without_its_text,
            embeddings_come_back_bit_for_bit,
            embeddings_of_former_embedders_are_forgotten,
        ],
        people: [
            those_who_were_active_last_come_first,
            the_state_of_a_user_tells_liked_from_rejected,
            an_erased_user_leaves_nothing,
            a_profile_of_zeros_is_kept,
            the_totals_of_a_profile_are_not_the_users_to_write,
            a_change_of_a_profile_writes_only_what_it_names,
            concurrent_changes_of_a_profile_all_survive,
            late_feedback_of_an_erased_user_stays_without_a_name,
            a_late_impression_of_an_erased_user_stays_without_a_name,
            an_erased_user_who_comes_back_is_a_new_user,
            feedback_completes_the_row_of_its_impression,
            feedback_may_come_before_its_impression,
            feedback_on_an_unknown_resource_is_not_found,
            feedback_of_somebody_else_touches_no_row_of_the_owner,
            verdicts_are_those_of_the_person_whether_known_or_not,
        ],
        figures: [
            quality_is_that_of_the_window_by_hand,
            a_late_impression_counts_where_it_belongs,
            what_is_written_twice_is_counted_once,
            engagement_is_that_of_the_window_by_hand,
            an_experiment_is_summed_over_people,
            figures_of_a_store_of_before_are_counted_when_it_is_upgraded,
            old_figures_are_forgotten_and_windows_stay_as_they_were,
        ],
        windows: [
            sessions_are_the_same_in_whatever_order_events_come,
            an_experiment_in_any_window_is_what_counting_its_people_would_give,
            what_one_person_does_at_once_is_counted_as_if_one_after_the_other,
        ],
        retention: [
            old_impressions_go_and_what_counts_stays,
            who_writes_does_not_wait_for_what_is_forgotten,
        ],
        opening: [
            an_open_store_takes_writes,
        ],
        durability: [
            ids_may_be_255_bytes_of_any_script,
            times_are_exact_to_the_microsecond,
            a_store_that_is_opened_again_has_everything,
            a_store_that_cannot_be_had_is_unavailable,
        ],
    };
    // Of one database, or of none.
    trials.push(test("opening::a_sqlite_path_may_hold_any_character", async || {
        opening::a_sqlite_path_may_hold_any_character().await
    }));
    trials.push(test("opening::a_server_that_is_down_is_named_with_the_cause", async || {
        opening::a_server_that_is_down_is_named_with_the_cause().await
    }));
    trials.push(on_postgres("opening::a_database_that_does_not_exist_is_named_at_once", async |fresh| {
        opening::a_database_that_does_not_exist_is_named_at_once(&Database::of(fresh)).await
    }));
    trials.push(on_postgres("changes::every_write_is_in_the_log", async |fresh| {
        changes::every_write_is_in_the_log(&Database::of(fresh)).await
    }));
    trials.push(on_postgres("changes::old_rows_are_deleted_and_followed_before", async |fresh| {
        changes::old_rows_are_deleted_and_followed_before(&Database::of(fresh)).await
    }));
    trials.push(on_postgres("changes::transactions_of_another_server_are_not_followed", async |fresh| {
        changes::transactions_of_another_server_are_not_followed(&Database::of(fresh)).await
    }));
    run(trials)
}
