//! Measures the time to fold in a user of 100 events among 100,000 items.
//!
//! `cargo run --release -p docent-als --example fold_in_speed`
#![allow(clippy::print_stdout)]

use std::time::Instant;

use docent_als::{AlsConfig, AlsError, AlsModel};
use rand::{RngExt, SeedableRng, rngs::StdRng};

const ITEMS: usize = 100_000;
const EVENTS: usize = 100;
const USERS: usize = 2_000;

fn main() -> Result<(), AlsError> {
    let mut rng = StdRng::seed_from_u64(1);
    for dim in [64, 192] {
        let (unobserved_weight, regularization) = (Some(0.05), Some(0.007));
        let config = AlsConfig { dim, unobserved_weight, regularization, ..AlsConfig::default() };
        let items = (0..ITEMS * dim).map(|_| rng.random_range(-0.2..0.2)).collect();
        let model = AlsModel::from_factors(config, Vec::new(), items)?;
        let mut microseconds = Vec::with_capacity(USERS);
        for _ in 0..USERS {
            let history: Vec<(u32, f32)> =
                (0..EVENTS).map(|_| (rng.random_range(0..ITEMS) as u32, 1.0)).collect();
            let start = Instant::now();
            model.fold_in(&history)?;
            microseconds.push(start.elapsed().as_secs_f64() * 1e6);
        }
        microseconds.sort_unstable_by(f64::total_cmp);
        let (median, p99) = (quantile(&microseconds, 0.5), quantile(&microseconds, 0.99));
        println!("{EVENTS} events, {dim} dimensions: median {median:.0} us, p99 {p99:.0} us");
    }
    Ok(())
}

/// Returns the value below which `share` of the ascending values lie.
fn quantile(ascending: &[f64], share: f64) -> f64 {
    let at = (share * ascending.len().saturating_sub(1) as f64) as usize;
    ascending.get(at).copied().unwrap_or_default()
}
