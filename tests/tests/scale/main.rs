//! Several servers as they are run beyond one machine: behind a load balancer, with models in an
//! object store.
//!
//! Tests of object stores need programs with that feature, which `just object-store` builds; a test
//! whose program, balancer or server is missing is reported as ignored.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod objects;
mod programs;
mod rolling;

use std::process::ExitCode;

use docent_test_support::{Database, on_postgres, run};

fn main() -> ExitCode {
    let rolling = on_postgres("a_rolling_restart_fails_no_request", async |database: &Database| {
        rolling::no_request_fails(database).await
    });
    let objects = on_postgres("servers_follow_an_object_store", async |database: &Database| {
        objects::servers_follow(database).await
    });
    run(vec![
        ignored_unless(rolling, rolling::balancer_is_installed()),
        ignored_unless(objects, objects::is_available()),
    ])
}

/// Ignores a trial if a program is missing. It keeps the flag that it has.
fn ignored_unless(trial: docent_test_support::Trial, is_there: bool) -> docent_test_support::Trial {
    if is_there { trial } else { trial.with_ignored_flag(true) }
}
