//! Measures the rows (user, item, label) that training processes per second, at 256 and 4,096 rows
//! a step. `neumf_torch.py` in the benchmark documentation measures the same for PyTorch:
//! `cargo run --release -p docent-ncf --features train --example throughput`.
#![allow(clippy::print_stdout)]

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use docent_ncf::{NcfConfig, NcfError, Progress, TrainingData, TrainingObserver, train};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USERS: usize = 6_040;
const ITEMS: usize = 3_706;
const STEPS: usize = 200;

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

fn main() -> Result<(), NcfError> {
    for rows in [256, 4_096] {
        let config = NcfConfig { epochs: 1, ..NcfConfig::default() };
        let of_positive = 1 + config.negatives_per_positive;
        let config = NcfConfig { batch_size: rows / of_positive, ..config };
        let mut rng = StdRng::seed_from_u64(1);
        let user_base = random(USERS, config.dim, &mut rng);
        let item_base = random(ITEMS, config.dim, &mut rng);
        let positives: Vec<(u32, u32)> = (0..STEPS * config.batch_size)
            .map(|_| (rng.random_range(0..USERS) as u32, rng.random_range(0..ITEMS) as u32))
            .collect();
        let data = TrainingData {
            n_users: USERS,
            n_items: ITEMS,
            user_base: &user_base,
            item_base: &item_base,
            positives: &positives,
            item_features: None,
            leave_one_out: None,
        };
        let mut times = StepTimes::default();
        train(&data, &config, &mut times)?;
        times.steps.sort_unstable();
        let step = times.steps.get(times.steps.len() / 2).copied().unwrap_or_default().as_secs_f64();
        let rows = config.batch_size * of_positive;
        println!("docent, {rows:>5} rows a step: {:7.2} ms, {:>9.0} rows/s", step * 1e3, rows as f64 / step);
    }
    Ok(())
}
