//! Tests the rules and the dashboard of `monitoring/` with a real Prometheus that scrapes a real
//! server under load. The tests that need Prometheus or PostgreSQL are ignored without it.
//!
//! The tests run the programs in the target folder that they were built in. `cargo test
//! --workspace` builds them; to run these tests alone, run `cargo build -p docent-server
//! -p docent-trainer` first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod database;
mod expressions;
mod load;
mod programs;
mod scrape;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;
use docent_test_support::{run, test, trial};
use docent_tests::Postgres;
use expressions::Expression;
use load::Load;
use programs::{Library, Prometheus, Server, Textfile};
use scrape::Scrape;

const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let metrics = test(
        "every_metric_is_exported_and_every_exported_metric_is_declared",
        every_metric_is_exported_and_every_exported_metric_is_declared,
    );
    let expressions = test(
        "every_expression_of_rules_and_dashboard_returns_data",
        every_expression_of_rules_and_dashboard_returns_data,
    );
    let database = test(
        "database::a_database_that_goes_away_is_seen_to_be_away",
        database::a_database_that_goes_away_is_seen_to_be_away,
    );
    run(vec![
        trial!(expressions::the_dashboard_can_be_imported_and_every_panel_says_what_it_shows),
        trial!(expressions::the_dashboard_is_of_the_shape_that_grafana_reads),
        trial!(expressions::an_alert_is_asked_whether_it_fires),
        trial!(scrape::labels_must_be_those_of_the_table),
        metrics,
        expressions.with_ignored_flag(!Prometheus::is_installed()),
        database.with_ignored_flag(!Postgres::is_available()),
    ])
}

/// Starts a server with a trained model, and waits until every request was sent several times.
async fn under_load() -> (Library, Server, Load) {
    let library = Library::trained();
    let server = library.serve();
    let load = Load::start(&server.address);
    load.answered().await;
    (library, server, load)
}

async fn every_metric_is_exported_and_every_exported_metric_is_declared() -> Result<()> {
    let (library, server, load) = under_load().await;
    let scrape = Scrape::of(&server.address, &library.metrics_file()).await;
    assert_eq!(scrape.missing_of_the_table(), Vec::<&str>::new(), "described and not exported");
    assert_eq!(scrape.undeclared(), Vec::<String>::new(), "series that the table does not allow");
    assert_eq!(scrape.missing_of_monitoring(), Vec::<String>::new(), "named in monitoring/");
    load.stop().await;
    Ok(())
}

async fn every_expression_of_rules_and_dashboard_returns_data() -> Result<()> {
    let (library, server, load) = under_load().await;
    Scrape::of(&server.address, &library.metrics_file()).await.check_by_promtool();
    let textfile = Textfile::serve(library.metrics_file());
    let prometheus = Prometheus::start(&library, &server.address, &textfile.address).await;
    let expressions = expressions::all(&prometheus).await;
    assert!(expressions.len() > 100, "{}", expressions.len());
    let without = without_data(&prometheus, expressions).await;
    assert!(without.is_empty(), "these return nothing:\n{}", without.join("\n"));
    load.stop().await;
    Ok(())
}

/// Returns the expressions that return no number within the time limit. It repeats the queries,
/// because rates need two scrapes and rules need an evaluation.
async fn without_data(prometheus: &Prometheus, mut expressions: Vec<Expression>) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut without = Vec::new();
        for expression in expressions {
            match prometheus.query(&expression.query).await {
                Ok(values) if values.iter().any(|value| value.is_finite()) => {}
                Ok(_) => without.push(expression),
                Err(refusal) => panic!("{}: {refusal}", expression.query),
            }
        }
        expressions = without;
        if expressions.is_empty() || Instant::now() > deadline {
            return expressions.iter().map(ToString::to_string).collect();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
