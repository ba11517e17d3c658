//! Prints `docs/metrics.md`: `cargo run -p docent-telemetry --example metrics_reference`.
#![allow(clippy::print_stdout, reason = "an example prints its result")]

fn main() {
    print!("{}", docent_telemetry::reference());
}
