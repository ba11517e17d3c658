//! Runs one of three pure parts of an answer, for `.ci/instructions` to count its instructions.
//!
//! `cargo run --example instructions -- candidates|ranking|json`. Each part gets the same input at
//! every run, so its instructions are the same on one processor and one compiler.
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used, reason = "a program that measures")]

mod candidates;
mod json;
mod ranking;
#[path = "../../src/wire/mod.rs"]
#[allow(dead_code, unreachable_pub, unused_imports, reason = "shared with the server")]
mod wire;

/// Number of times that a part runs while instructions are counted.
const ROUNDS: usize = 20;

fn main() {
    let part = std::env::args().nth(1).unwrap_or_default();
    let results = match part.as_str() {
        "candidates" => candidates::run(ROUNDS),
        "ranking" => ranking::run(ROUNDS),
        "json" => json::run(ROUNDS),
        _ => {
            eprintln!("expected candidates, ranking or json, found '{part}'");
            std::process::exit(2);
        }
    };
    println!("{part}: {results} results in {ROUNDS} rounds");
}

/// Numbers that look random and are the same at every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u32) -> u32 {
        (self.next() % u64::from(n)) as u32
    }

    /// Returns a number in `[0, 1)`.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Returns a number below `n`, small ones more often.
    fn popular(&mut self, n: u32) -> u32 {
        let x = self.unit();
        ((x * x * n as f32) as u32).min(n - 1)
    }

    /// Returns a vector of unit norm, `[dim]`.
    fn direction(&mut self, dim: usize) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..dim).map(|_| self.unit() - 0.5).collect();
        docent_linalg::normalise(&mut vector);
        vector
    }
}
