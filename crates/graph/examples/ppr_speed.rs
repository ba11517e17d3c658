//! Measures personalised PageRank from 50 seeds on a graph of 100,000 nodes and 2,000,000 edges
//! whose degrees follow a power law.
//!
//! `cargo run --release -p docent-graph --example ppr_speed`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::{Duration, Instant};

use docent_graph::{Edge, Graph, PprConfig, kinds};

const N_NODES: u32 = 100_000;
const N_EDGES: usize = 2_000_000;
const N_QUERIES: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let mut random = SplitMix(1);
    let edges: Vec<Edge> = (0..N_EDGES)
        .map(|_| Edge {
            from: random.below(N_NODES),
            to: popular_node(&mut random),
            kind: (random.next() % 2) as u8,
            weight: 0.1 + (random.next() % 90) as f32 / 100.0,
        })
        .collect();
    let start = Instant::now();
    let names = vec![kinds::CITATION.to_owned(), kinds::CO_INTERACTION.to_owned()];
    let graph = Graph::from_edges(N_NODES, names, edges)?;
    println!("{} nodes, {} edges, built in {:.0?}", graph.n_nodes(), graph.n_edges(), start.elapsed());
    let largest = (0..N_NODES).map(|node| graph.degree(node)).max().unwrap_or(0);
    println!("largest degree {largest}\n");

    println!("epsilon  max edges   median       p99     worst   nodes found");
    for (epsilon, max_edges_walked) in [(1e-4, 100_000), (2e-5, 50_000), (1e-5, 30_000), (1e-5, 100_000)] {
        let config = PprConfig { epsilon, max_edges_walked, max_results: usize::MAX, ..PprConfig::default() };
        let mut times: Vec<Duration> = Vec::with_capacity(N_QUERIES);
        let mut n_found = 0;
        for _ in 0..N_QUERIES {
            let seeds: Vec<(u32, f32)> =
                (0..50).map(|age| (popular_node(&mut random), 0.97f32.powi(age))).collect();
            let cut = PprConfig { max_results: 1_000, ..config.clone() };
            let start = Instant::now();
            std::hint::black_box(graph.personalised_pagerank(&seeds, &cut)?);
            times.push(start.elapsed());
            n_found += graph.personalised_pagerank(&seeds, &config)?.len();
        }
        times.sort();
        let [median, high, worst] = [50, 99, 100]
            .map(|share| times.get((times.len() - 1) * share / 100).copied().unwrap_or_default());
        println!(
            "{epsilon:>7.0e}  {max_edges_walked:>9}  {median:>7.2?}  {high:>8.2?}  {worst:>8.2?}  {:>8}",
            n_found / N_QUERIES
        );
    }
    Ok(())
}

/// Draws a node; the square of a uniform draw makes small numbers popular.
fn popular_node(random: &mut SplitMix) -> u32 {
    let uniform = f64::from(random.below(N_NODES)) / f64::from(N_NODES);
    (uniform * uniform * f64::from(N_NODES)) as u32
}

/// SplitMix64: a generator that gives the same numbers on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u32) -> u32 {
        (self.next() % u64::from(limit)) as u32
    }
}
