//! Measures how the training of the collaborative models grows with the data: seconds, processor
//! time, memory.
//!
//! `just bench-growth`, or `cargo run --example growth -- --help`. Every size, and every model that
//! is fitted alone, has a process of its own, so that the peak of memory is its own.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what this program is for")]

mod measure;
#[path = "../../src/plot.rs"]
mod plot;
mod tables;

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::Context;
use clap::Parser;
use docent::models::ModelKind;
use measure::Measured;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Interactions of whole trainings.
const WHOLE: [u64; 3] = [100_000, 1_000_000, 5_000_000];
/// Models that are fitted alone.
const SINGLE: [ModelKind; 9] = [
    ModelKind::Popularity,
    ModelKind::RecentPopularity,
    ModelKind::ItemKnn,
    ModelKind::Rp3beta,
    ModelKind::Ease,
    ModelKind::Als,
    ModelKind::LowRankAls,
    ModelKind::Transitions,
    ModelKind::Ncf,
];

/// Measure how the training of the collaborative models grows with the data
#[derive(Parser)]
struct Arguments {
    /// Interactions of whole trainings: the blend is chosen, then built [default: 100k,1M,5M, or
    /// none with --single]
    #[arg(long, value_delimiter = ',', value_parser = size)]
    sizes: Vec<u64>,
    /// Interactions of fits of each model alone, such as 20M
    #[arg(long, value_delimiter = ',', value_parser = size)]
    single: Vec<u64>,
    /// Models that are fitted alone [default: all]
    #[arg(long, value_delimiter = ',')]
    models: Vec<ModelKind>,
    /// Interactions for each user, on average
    #[arg(long, default_value_t = 50)]
    per_user: u64,
    /// Interactions for each item, on average
    #[arg(long, default_value_t = 50)]
    per_item: u64,
    /// Epochs of the neural model; 0 leaves it out [default: that of training]
    #[arg(long)]
    ncf_epochs: Option<usize>,
    /// File for the plot of the whole trainings, as SVG
    #[arg(long)]
    plot: Option<PathBuf>,
    /// File for all figures, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Measure one size in this process, and print JSON
    #[arg(long, hide = true, value_parser = size)]
    measure: Option<u64>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(interactions) = arguments.measure {
        let measured = measure::measure(
            interactions,
            [arguments.per_user, arguments.per_item],
            arguments.models.first().copied(),
            arguments.ncf_epochs,
        )?;
        println!("{}", serde_json::to_string(&measured)?);
        return Ok(());
    }
    let mut whole = Vec::new();
    let is_default = arguments.sizes.is_empty() && arguments.single.is_empty();
    for &interactions in if is_default { &WHOLE[..] } else { &arguments.sizes } {
        whole.push(in_a_process(&arguments, interactions, None)?);
    }
    let mut single = Vec::new();
    let models = if arguments.models.is_empty() { &SINGLE[..] } else { &arguments.models };
    for &interactions in &arguments.single {
        for &model in models {
            single.push(in_a_process(&arguments, interactions, Some(model))?);
        }
    }
    tables::print_whole(&whole);
    tables::print_single(&single);
    if let Some(file) = &arguments.plot {
        std::fs::write(file, plot::svg(&tables::charts(&whole))?).context("the plot cannot be written")?;
    }
    if let Some(file) = &arguments.json {
        let all: Vec<&Measured> = whole.iter().chain(&single).collect();
        std::fs::write(file, serde_json::to_vec_pretty(&all)?).context("the figures cannot be written")?;
    }
    Ok(())
}

/// Measures one size by this program in another process.
fn in_a_process(
    arguments: &Arguments,
    interactions: u64,
    model: Option<ModelKind>,
) -> anyhow::Result<Measured> {
    let mut command = Command::new(std::env::current_exe()?);
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    command.arg(format!("--measure={interactions}"));
    command.arg(format!("--per-user={}", arguments.per_user));
    command.arg(format!("--per-item={}", arguments.per_item));
    if let Some(model) = model {
        command.arg(format!("--models={model}"));
    }
    if let Some(epochs) = arguments.ncf_epochs {
        command.arg(format!("--ncf-epochs={epochs}"));
    }
    let output = command.output()?;
    anyhow::ensure!(output.status.success(), "the process of {interactions} failed: {}", output.status);
    serde_json::from_slice(&output.stdout).context("the process printed no figures")
}

/// Reads a number with an optional suffix `k` or `M`.
fn size(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.as_bytes() {
        [.., b'k'] => (text.trim_end_matches('k'), 1_000),
        [.., b'M'] => (text.trim_end_matches('M'), 1_000_000),
        _ => (text, 1),
    };
    let number = digits.parse::<u64>().map_err(|error| format!("{text}: {error}"))?;
    number.checked_mul(factor).ok_or_else(|| format!("{text} is too large"))
}
