//! Events into SQLite and PostgreSQL.
#![allow(clippy::unwrap_used, reason = "tests")]

mod content;
mod letters;
mod once;
mod support;

use std::process::ExitCode;

use docent_test_support::{run, trials};

fn main() -> ExitCode {
    run(trials!(
        once::a_batch_that_is_given_again_is_not_stored_again,
        once::a_reader_that_lost_its_partition_stores_nothing,
        once::every_event_is_stored_once_however_readers_alternate,
        once::readers_at_the_same_time_store_every_event_once,
        once::a_group_begins_where_it_ended_and_another_one_at_the_start,
        once::a_topic_that_was_created_again_is_read_from_its_start,
        once::positions_move_with_the_store,
        content::interactions_are_those_of_the_http_api,
        content::the_last_word_on_a_resource_counts,
        content::an_interaction_without_a_time_has_that_of_its_message,
        content::missing_resources_are_created_on_request_and_deleted_ones_stay_deleted,
        letters::messages_that_cannot_be_stored_are_dead_letters_with_their_reason,
        letters::undelivered_letters_hold_the_batch_back,
        letters::an_unknown_resource_does_not_hold_its_batch_back,
    ))
}
