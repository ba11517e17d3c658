//! The program on a real broker.
//!
//! `DOCENT_TEST_KAFKA` names a folder with the jars of a broker, which `.ci/kafka` can fill. Tests
//! are reported as ignored without it, or without Java. `just kafka` runs them.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests, of which one prints a table")]

mod broker;
mod following;
mod group;
mod ingest;
mod kills;
mod topics;
mod trouble;

use std::process::ExitCode;

use broker::Broker;
use docent_test_support::{Postgres, Trial, on_both_databases, on_postgres, run, test};

fn main() -> ExitCode {
    let mut trials = Vec::new();
    macro_rules! on {
        ($databases:ident: $($test:path),* $(,)?) => {
            $(trials.extend($databases(
                &stringify!($test).replace(' ', ""),
                async move |database: &docent_test_support::Database| $test(database.url()).await,
            ));)*
        };
    }
    on!(on_both_databases: following::topics_are_followed_until_the_end);
    on!(only_postgres:
        group::members_share_the_partitions_and_every_event_is_stored_once,
        trouble::brokers_are_reached_over_tls_with_a_password,
        trouble::messages_that_expired_are_counted_and_reading_goes_on,
        trouble::a_dead_letter_that_its_topic_refuses_goes_without_its_message,
        trouble::brokers_and_topics_may_come_later,
    );
    let kills: Trial = test(
        "kills::every_event_is_stored_once_whatever_is_killed",
        kills::every_event_is_stored_once_whatever_is_killed,
    );
    trials.push(kills.with_ignored_flag(!Postgres::is_available()));
    let is_missing = Broker::jars().is_none();
    run(trials.into_iter().map(|trial: Trial| ignored_if(trial, is_missing)).collect())
}

fn only_postgres<F>(name: &str, test: F) -> [Trial; 1]
where
    F: AsyncFnOnce(&docent_test_support::Database) -> anyhow::Result<()> + Send + 'static,
{
    [on_postgres(name, test)]
}

/// Ignores a trial. It keeps the flag that it has.
fn ignored_if(trial: Trial, is_missing: bool) -> Trial {
    if is_missing { trial.with_ignored_flag(true) } else { trial }
}

/// Path of the program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_docent-ingest");
