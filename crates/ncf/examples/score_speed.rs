//! Time to score 500 candidates of one user among 100,000 items.
//! `cargo run --release -p docent-ncf --example score_speed`
#![allow(clippy::print_stdout)]

use std::time::Instant;

use docent_ncf::{NcfConfig, NcfError, TrainingData, train};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const USERS: usize = 1_000;
const ITEMS: usize = 100_000;
const CANDIDATES: usize = 500;
const REQUESTS: usize = 2_000;

fn main() -> Result<(), NcfError> {
    let config = NcfConfig { epochs: 0, ..NcfConfig::default() };
    let mut rng = StdRng::seed_from_u64(1);
    let mut random =
        |rows: usize| -> Vec<f32> { (0..rows * config.dim).map(|_| rng.random_range(-0.2..0.2)).collect() };
    let (user_base, item_base) = (random(USERS), random(ITEMS));
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
    println!("model of {ITEMS} items made in {:.0} ms", start.elapsed().as_secs_f64() * 1e3);

    let mut scores = Vec::new();
    let mut microseconds = Vec::with_capacity(REQUESTS);
    for base in user_base.chunks_exact(config.dim).cycle().take(REQUESTS) {
        let items: Vec<u32> = (0..CANDIDATES).map(|_| rng.random_range(0..ITEMS) as u32).collect();
        let start = Instant::now();
        model.score(base, &items, &mut scores)?;
        microseconds.push(start.elapsed().as_secs_f64() * 1e6);
    }
    microseconds.sort_unstable_by(f64::total_cmp);
    let at =
        |share: f64| microseconds.get((share * (REQUESTS - 1) as f64) as usize).copied().unwrap_or_default();
    println!("{CANDIDATES} candidates of one user: median {:.0} us, p99 {:.0} us", at(0.5), at(0.99));
    Ok(())
}
