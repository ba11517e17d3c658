//! Time to find the vector of a person of 100 events, which compares all items, and to score all items for them.
//! `cargo run --release -p docent-softmax --example person_speed`
#![allow(clippy::print_stdout)]

use std::time::Instant;

use docent_softmax::{SoftmaxConfig, SoftmaxError, SoftmaxModel};
use rand::{RngExt, SeedableRng, rngs::StdRng};

const EVENTS: usize = 100;
const PEOPLE: usize = 1_000;

fn main() -> Result<(), SoftmaxError> {
    let config = SoftmaxConfig::default();
    let mut rng = StdRng::seed_from_u64(1);
    for n_items in [4_000, 10_000] {
        let factors = (0..n_items * config.dim).map(|_| rng.random_range(-0.5..0.5)).collect();
        let biases = (0..n_items).map(|_| rng.random_range(0.0..6.0)).collect();
        let model = SoftmaxModel::from_parts(config.clone(), factors, biases, vec![1.0; n_items])?;
        let mut scores = Vec::new();
        let mut microseconds = Vec::with_capacity(PEOPLE);
        for _ in 0..PEOPLE {
            let history: Vec<(u32, f32)> =
                (0..EVENTS).map(|_| (rng.random_range(0..n_items) as u32, 1.0)).collect();
            let start = Instant::now();
            let person = model.fold_in(&history)?;
            model.score_all(&person, &mut scores);
            microseconds.push(start.elapsed().as_secs_f64() * 1e6);
        }
        microseconds.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| {
            microseconds.get((share * (PEOPLE - 1) as f64) as usize).copied().unwrap_or_default()
        };
        println!("{EVENTS} events, {n_items} items: median {:.0} us, p99 {:.0} us", at(0.5), at(0.99));
    }
    Ok(())
}
