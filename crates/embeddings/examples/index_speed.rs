//! Measures the cost and the recall of a search, exact and by the graph, for decision 12.
//!
//! `cargo run --release -p docent-embeddings --example index_speed -- 1000,10000,100000 128,256`
//! measures clustered vectors of these numbers and lengths. With the folder of citeulike-t instead,
//! `... --example index_speed -- FOLDER` measures its articles under the built-in embedder.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use docent_embeddings::{Document, Embedder, LsaConfig, LsaEmbedder, VectorIndex};

const QUERIES: usize = 200;
const K: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_else(|| "1000,10000,100000".into());
    println!("{:>9} {:>4}  {:>9} {:>9} {:>9} {:>7}", "vectors", "dim", "build", "exact", "graph", "recall");
    if Path::new(&what).is_dir() {
        let vectors = citeulike(Path::new(&what))?;
        return measure(&vectors.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
    let dims = arguments.next().unwrap_or_else(|| "128".into());
    for n in what.split(',') {
        for dim in dims.split(',') {
            let vectors = clustered(n.parse()?, dim.parse()?);
            measure(&vectors.chunks_exact(dim.parse()?).collect::<Vec<_>>())?;
        }
    }
    Ok(())
}

/// Prints the median microseconds of a search for the best 100, and the share of the exact 100 that
/// the graph finds: without a filter, and with filters that accept a tenth and a hundredth.
fn measure(vectors: &[&[f32]]) -> Result<(), Box<dyn Error>> {
    let dim = vectors.first().map_or(0, |vector| vector.len());
    let mut exact = VectorIndex::new(dim).with_graph_from(usize::MAX);
    for (row, vector) in (0u32..).zip(vectors) {
        exact.set(row, vector)?;
    }
    let start = Instant::now();
    let graph = exact.indexed();
    let build_seconds = start.elapsed().as_secs_f64();
    for one_in in [1u32, 10, 100] {
        // Scattered, so that the filter is independent of the distances.
        let accept = |row: u32| row.wrapping_mul(2_654_435_769).is_multiple_of(one_in);
        let (mut exact_us, mut graph_us, mut found) = (Vec::new(), Vec::new(), 0);
        let mut wanted = 0;
        for at in 0..QUERIES {
            // Between two resources, like the profile of a user.
            let [first, second] =
                [0, 1].map(|n| vectors.get((at * 7919 + n) % vectors.len()).copied().unwrap_or_default());
            let query: Vec<f32> = first.iter().zip(second).map(|(a, b)| a + 0.3 * b).collect();
            let (expected, us) = timed(|| exact.nearest(&query, K, accept));
            exact_us.push(us);
            let (answer, us) = timed(|| graph.nearest(&query, K, accept));
            graph_us.push(us);
            wanted += expected.len();
            found += expected.iter().filter(|(row, _)| answer.iter().any(|(other, _)| other == row)).count();
        }
        println!(
            "{:>9} {dim:>4}  {build_seconds:>7.1} s {:>6.0} us {:>6.0} us {:>7.4}  one in {one_in} accepted",
            vectors.len(),
            median(exact_us),
            median(graph_us),
            found as f64 / wanted.max(1) as f64
        );
    }
    Ok(())
}

fn timed<T>(search: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let answer = search();
    (answer, start.elapsed().as_secs_f64() * 1e6)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Returns unit vectors around centres, 50 around each, which lie around a tenth as many centres
/// themselves: subjects within fields.
fn clustered(n: usize, dim: usize) -> Vec<f32> {
    let mut noise = Noise(42);
    let fields: Vec<f32> = (0..n.div_ceil(500) * dim).map(|_| noise.next()).collect();
    let subjects: Vec<f32> = (0..n.div_ceil(50)).flat_map(|s| around(&fields, dim, s, &mut noise)).collect();
    let mut vectors: Vec<f32> = (0..n).flat_map(|v| around(&subjects, dim, v, &mut noise)).collect();
    vectors.iter_mut().for_each(|x| *x /= (dim as f32).sqrt());
    vectors
}

/// Returns a vector of length `sqrt(dim)` around one of the centres `[n, dim]`.
fn around(centres: &[f32], dim: usize, centre: usize, noise: &mut Noise) -> Vec<f32> {
    let start = centre % (centres.len() / dim) * dim;
    let centre = centres.get(start..start + dim).unwrap_or_default();
    let mut vector: Vec<f32> = centre.iter().map(|x| x + 0.8 * noise.next()).collect();
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|x| *x *= (dim as f32).sqrt() / norm);
    vector
}

/// Generator of roughly normal numbers, the same on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        // The sum of 4 uniform numbers, scaled to mean 0 and variance 1.
        ((0..4).map(|_| self.uniform()).sum::<f32>() - 2.0) * 3f32.sqrt()
    }

    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
}

fn citeulike(folder: &Path) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
    let vocabulary = std::fs::read_to_string(folder.join("vocabulary.dat"))?;
    let words: Vec<&str> = vocabulary.lines().collect();
    let mut texts = Vec::new();
    for line in std::fs::read_to_string(folder.join("mult.dat"))?.lines() {
        let mut text = String::new();
        for pair in line.split_whitespace().skip(1) {
            let (word, count) = pair.split_once(':').ok_or("word without count")?;
            let word = words.get(word.parse::<usize>()?).ok_or("word out of range")?;
            (0..count.parse::<usize>()?).for_each(|_| text.extend([word, " "]));
        }
        texts.push(text);
    }
    let documents: Vec<_> = texts.iter().map(|text| Document::from_text(text)).collect();
    let embedder = LsaEmbedder::fit(&documents, &LsaConfig::default(), 1)?;
    Ok(embedder.embed(&documents)?.into_iter().flatten().collect())
}
