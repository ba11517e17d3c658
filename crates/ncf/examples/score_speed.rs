//! Measures the time to score 500 candidates of one user in a catalogue of 100,000 items:
//! `cargo run --release -p docent-ncf --features train --example score_speed`.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use docent_ncf::{NcfConfig, NcfError, TrainingData, train};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const USERS: usize = 1_000;
const ITEMS: usize = 100_000;
const CANDIDATES: usize = 500;
const REQUESTS: usize = 2_000;

/// Draws `[rows, dim]` values from -0.2 to 0.2.
fn random(rows: usize, dim: usize, rng: &mut StdRng) -> Vec<f32> {
    (0..rows * dim).map(|_| rng.random_range(-0.2..0.2)).collect()
}

fn main() -> Result<(), NcfError> {
    let config = NcfConfig { epochs: 0, ..NcfConfig::default() };
    let mut rng = StdRng::seed_from_u64(1);
    let (user_base, item_base) = (random(USERS, config.dim, &mut rng), random(ITEMS, config.dim, &mut rng));
    let data = TrainingData {
        n_users: USERS,
        n_items: ITEMS,
        user_base: &user_base,
        item_base: &item_base,
        positives: &[(0, 0), (1, 1)],
        item_features: None,
        leave_one_out: None,
    };
    let start = Instant::now();
    let model = train(&data, &config, &mut ())?;
    println!("model of {ITEMS} items built in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);

    let mut scores = Vec::new();
    let mut microseconds = Vec::with_capacity(REQUESTS);
    for base in user_base.chunks_exact(config.dim).cycle().take(REQUESTS) {
        let items: Vec<u32> = (0..CANDIDATES).map(|_| rng.random_range(0..ITEMS) as u32).collect();
        let start = Instant::now();
        model.score(base, &items, &mut scores)?;
        microseconds.push(start.elapsed().as_secs_f64() * 1e6);
    }
    microseconds.sort_unstable_by(f64::total_cmp);
    let (median, p99) = (quantile(&microseconds, 0.5), quantile(&microseconds, 0.99));
    println!("{CANDIDATES} candidates of one user: median {median:.0} us, p99 {p99:.0} us");
    Ok(())
}

/// Returns the value at the given share of a sorted slice.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted.get((share * (REQUESTS - 1) as f64) as usize).copied().unwrap_or_default()
}
