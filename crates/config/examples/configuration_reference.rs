//! Prints `docs/reference/configuration.md`:
//! `cargo run -p docent-config --example configuration_reference`.
#![allow(clippy::print_stdout, reason = "an example prints its result")]

fn main() {
    print!("{}", docent_config::reference());
}
