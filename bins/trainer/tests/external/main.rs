//! End-to-end tests of the trainer that need programs or data that a machine may lack: promtool,
//! `script`, `spark-submit` and Java, PostgreSQL, MovieLens, and the folder of cases that
//! `DOCENT_CASES` names. A test is reported as ignored where its program or data is missing.
#![allow(clippy::unwrap_used, reason = "tests")]

mod cases;
mod moved;
#[path = "../trainer/program.rs"]
#[allow(dead_code, reason = "shared with the tests of `trainer`, which use the rest")]
mod program;
mod promtool;
mod real_data;
mod spark;
mod terminal;

use std::process::ExitCode;

use docent_test_support::{is_installed, on_postgres, run, trial};

fn main() -> ExitCode {
    let mut trials = vec![
        trial!(promtool::the_metrics_file_is_valid_after_every_outcome)
            .with_ignored_flag(!is_installed("promtool")),
        trial!(real_data::the_small_movielens_set_goes_in_whole)
            .with_ignored_flag(!real_data::folder().is_dir()),
        trial!(terminal::on_a_terminal_a_failure_is_a_plain_sentence)
            .with_ignored_flag(!is_installed("script")),
        trial!(spark::the_spark_job_counts_as_training_does_and_its_members_are_published)
            .with_ignored_flag(!is_installed("spark-submit")),
    ];
    trials.extend(cases::trials());
    trials.push(on_postgres(
        "a_store_moved_to_postgresql_answers_as_before",
        moved::a_store_moved_to_postgresql_answers_as_before,
    ));
    run(trials)
}
