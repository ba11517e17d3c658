//! Measures the median time of a training step at batch size 256 for a small and a large catalogue;
//! the cost of a step must not grow with the tables:
//! `cargo run --release -p docent-ncf --features train --example step_cost`.
#![allow(clippy::print_stdout)]

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use docent_ncf::{NcfConfig, NcfError, Progress, TrainingData, TrainingObserver, train};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STEPS: usize = 1000;

#[derive(Default)]
struct StepTimes {
    last: Option<Instant>,
    steps: Vec<Duration>,
}

impl TrainingObserver for StepTimes {
    fn on_progress(&mut self, _: &Progress) -> ControlFlow<()> {
        self.steps.extend(self.last.map(|last| last.elapsed()));
        self.last = Some(Instant::now());
        ControlFlow::Continue(())
    }
}

/// Draws `[rows, dim]` values from -0.2 to 0.2.
fn random(rows: usize, dim: usize, rng: &mut StdRng) -> Vec<f32> {
    (0..rows * dim).map(|_| rng.random_range(-0.2..0.2)).collect()
}

fn median_step(n_users: usize, n_items: usize) -> Result<Duration, NcfError> {
    let config = NcfConfig { epochs: 1, ..NcfConfig::default() };
    let mut rng = StdRng::seed_from_u64(1);
    let user_base = random(n_users, config.dim, &mut rng);
    let item_base = random(n_items, config.dim, &mut rng);
    let positives: Vec<(u32, u32)> = (0..STEPS * config.batch_size)
        .map(|_| (rng.random_range(0..n_users) as u32, rng.random_range(0..n_items) as u32))
        .collect();
    let data = TrainingData {
        n_users,
        n_items,
        user_base: &user_base,
        item_base: &item_base,
        positives: &positives,
        item_features: None,
        leave_one_out: None,
    };
    let mut times = StepTimes::default();
    train(&data, &config, &mut times)?;
    times.steps.sort_unstable();
    Ok(times.steps.get(times.steps.len() / 2).copied().unwrap_or_default())
}

fn main() -> Result<(), NcfError> {
    let mut medians = Vec::new();
    for (n_users, n_items) in [(6_040, 3_706), (1_000_000, 200_000)] {
        let median = median_step(n_users, n_items)?.as_secs_f64();
        println!("{n_users:>9} x {n_items:>7}: {:8.0} us a step", median * 1e6);
        medians.push(median);
    }
    if let [small, large] = medians[..] {
        println!("ratio: {:.2}", large / small);
    }
    Ok(())
}
