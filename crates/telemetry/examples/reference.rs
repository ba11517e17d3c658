//! Prints `docs/metrics.md`: `cargo run -p docent-telemetry --example reference > docs/metrics.md`.
#![allow(clippy::print_stdout, reason = "that is what it is for")]

fn main() {
    print!("{}", docent_telemetry::reference());
}
