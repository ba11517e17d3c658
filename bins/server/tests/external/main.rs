//! End-to-end tests of the server that need programs a machine may lack: PostgreSQL and `script`. A
//! test whose program is not installed is reported as ignored.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod access;
mod away;
#[path = "../server/client.rs"]
#[allow(dead_code, reason = "shared with the tests of `server`, which use the rest")]
mod client;
mod deploy;
#[path = "../server/harness.rs"]
#[allow(dead_code, reason = "shared with the tests of `server`, which use the rest")]
mod harness;
#[path = "../server/openapi.rs"]
#[allow(dead_code, reason = "shared with the tests of `server`, which use the rest")]
mod openapi;
mod readiness;
mod replicas;
mod stopping;
mod terminal;

use std::process::ExitCode;

use docent_test_support::{is_installed, on_postgres, run, test, trials};

fn main() -> ExitCode {
    let mut trials = trials!(
        deploy::a_deployment_backs_up_migrates_and_verifies,
        deploy::a_migration_that_fails_half_way_leaves_the_store_as_it_was,
        deploy::of_two_who_deploy_at_once_one_works_and_one_waits,
        deploy::backups_are_refused_where_they_cannot_be_trusted,
    );
    // A release build has no failpoints.
    if cfg!(debug_assertions) {
        trials.extend(trials!(deploy::a_deployment_that_fails_after_migrating_is_rolled_back_or_restored));
    }
    trials.push(on_postgres(
        "away::without_its_database_a_server_answers_from_memory_or_at_once_and_recovers",
        async |database| {
            away::without_its_database_a_server_answers_from_memory_or_at_once_and_recovers(database).await
        },
    ));
    trials.push(on_postgres("readiness::a_server_on_a_read_only_database_is_not_ready", async |database| {
        readiness::a_server_on_a_read_only_database_is_not_ready(database).await
    }));
    trials.push(on_postgres(
        "stopping::a_signal_stops_a_server_that_waits_for_locked_tables",
        async |database| stopping::a_signal_stops_a_server_that_waits_for_locked_tables(database).await,
    ));
    trials.push(on_postgres(
        "stopping::a_hanging_database_does_not_delay_the_stop_and_losses_are_reported",
        async |database| {
            stopping::a_hanging_database_does_not_delay_the_stop_and_losses_are_reported(database).await
        },
    ));
    trials.push(on_postgres(
        "access::every_server_follows_a_key_that_a_command_makes_and_revokes",
        async |database| access::every_server_follows_a_key_that_a_command_makes_and_revokes(database).await,
    ));
    trials.push(on_postgres(
        "replicas::what_one_server_is_told_counts_in_the_answers_of_the_other",
        async |database| replicas::what_one_server_is_told_counts_in_the_answers_of_the_other(database).await,
    ));
    trials.push(on_postgres(
        "replicas::concurrent_changes_of_one_profile_through_two_servers_lose_none",
        async |database| {
            replicas::concurrent_changes_of_one_profile_through_two_servers_lose_none(database).await
        },
    ));
    for recipe in access::RECIPES {
        let name = format!("access::a_recipe_signs_a_token_that_the_server_accepts::{}", recipe.language);
        let trial =
            test(&name, async move || access::a_recipe_signs_a_token_that_the_server_accepts(recipe).await);
        trials.push(trial.with_ignored_flag(!recipe.is_installed()));
    }
    let terminal = test(
        "terminal::log_lines_on_a_terminal_are_for_humans",
        terminal::log_lines_on_a_terminal_are_for_humans,
    );
    trials.push(terminal.with_ignored_flag(!is_installed("script")));
    run(trials)
}
