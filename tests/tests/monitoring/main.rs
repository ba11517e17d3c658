//! Tests the rules and the dashboard of `monitoring/` with a real Prometheus that scrapes a real
//! server under load.
//!
//! The test runs the programs in the target folder that it was built in. `cargo test --workspace`
//! builds them; to run this test alone, run `cargo build -p docent-server -p docent-trainer` first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod database;
mod expressions;
mod load;
mod programs;
mod scrape;

use std::time::{Duration, Instant};

use expressions::Expression;
use load::Load;
use programs::{Library, Prometheus, Textfile};
use scrape::Scrape;

const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_expression_of_rules_and_dashboard_returns_data_and_every_metric_is_there() {
    let library = Library::trained();
    let server = library.serve();
    let load = Load::start(&server.address);
    load.answered().await;

    let scrape = Scrape::of(&server.address, &library.metrics_file()).await;
    assert_eq!(scrape.missing_of_the_table(), Vec::<&str>::new(), "described and not exported");
    assert_eq!(scrape.undeclared(), Vec::<String>::new(), "series that the table does not allow");
    assert_eq!(scrape.missing_of_monitoring(), Vec::<String>::new(), "named in monitoring/");

    if !Prometheus::is_installed() {
        eprintln!("SKIPPED: prometheus is not installed (Debian: apt-get install prometheus)");
        return;
    }
    scrape.check_by_promtool();
    let textfile = Textfile::serve(library.metrics_file());
    let prometheus = Prometheus::start(&library, &server.address, &textfile.address).await;
    let expressions = expressions::all(&prometheus).await;
    assert!(expressions.len() > 100, "{}", expressions.len());
    let without = without_data(&prometheus, expressions).await;
    assert!(without.is_empty(), "these return nothing:\n{}", without.join("\n"));
    load.stop().await;
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
