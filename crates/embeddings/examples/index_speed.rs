//! Median time of one exact search among 100,000 vectors of length 128 on one thread.
//!
//! `cargo run --release -p docent-embeddings --example index_speed`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use docent_embeddings::{Document, Embedder, LsaConfig, LsaEmbedder, VectorIndex};

fn main() -> Result<(), Box<dyn Error>> {
    let embedder = LsaEmbedder::untrained(&LsaConfig::default())?;
    let texts: Vec<String> =
        (0..100_000).map(|n| format!("word{} word{} word{}", n % 5000, n % 7919, n / 20)).collect();
    let documents: Vec<_> = texts.iter().map(|text| Document::from_text(text)).collect();
    let mut index = VectorIndex::with_capacity(embedder.dim(), texts.len());
    for (row, vector) in (0u32..).zip(embedder.embed(&documents)?) {
        index.set(row, &vector.ok_or("text without words")?)?;
    }
    let mut times = Vec::new();
    for row in 0..200u32 {
        let query = index.get(row * 499).ok_or("row without vector")?.to_vec();
        let start = Instant::now();
        std::hint::black_box(index.nearest(&query, 200, |other| other % 10 != 0));
        times.push(start.elapsed());
    }
    times.sort();
    println!(
        "{} x {}, k = 200, a tenth refused: median {:.2?}",
        index.len(),
        index.dim(),
        times[times.len() / 2]
    );
    Ok(())
}
