//! Measures how well the built-in embedder recommends by text alone, on citeulike-t: recall of the
//! articles near the content profile of each user's training articles, and of the articles that an
//! article cites among those near it.
//!
//! `cargo run --release -p docent-embeddings --example citeulike_text -- FOLDER '{"dim": 256}'`
//! takes the folder of citeulike-t and settings as JSON.
#![allow(clippy::print_stdout)]

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use docent_embeddings::{
    ContentSignal, Document, Embedder, LsaConfig, LsaEmbedder, VectorIndex, content_profile,
};
use rayon::prelude::*;

const CUTS: [usize; 3] = [50, 100, 300];
/// Distance between the users that are evaluated, to save time.
const STEP: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("give the folder of citeulike-t")?;
    let folder = Path::new(&folder);
    let config: LsaConfig = match arguments.next() {
        Some(json) => serde_json::from_str(&json)?,
        None => LsaConfig::default(),
    };
    let texts = read_texts(folder)?;
    let documents: Vec<_> = texts.iter().map(|text| Document::from_text(text)).collect();
    let start = Instant::now();
    let embedder = LsaEmbedder::fit(&documents, &config, 1)?;
    let fit_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let mut index = VectorIndex::new(embedder.dim());
    for (row, vector) in (0u32..).zip(embedder.embed(&documents)?) {
        if let Some(vector) = vector {
            index.set(row, &vector)?;
        }
    }
    let embed_seconds = start.elapsed().as_secs_f64();
    println!(
        "{} documents, {} terms, learned in {fit_seconds:.1} s, embedded in {embed_seconds:.1} s",
        texts.len(),
        embedder.n_terms()
    );
    for n_train in [10, 1] {
        let train = read_lists(&folder.join(format!("cf-train-{n_train}-users.dat")))?;
        let test = read_lists(&folder.join(format!("cf-test-{n_train}-users.dat")))?;
        let users: Vec<_> = train.iter().zip(&test).step_by(STEP).collect();
        report(&format!("users, P={n_train}"), &index, &users);
    }
    let citations = read_lists(&folder.join("citations.dat"))?;
    let own: Vec<Vec<u32>> = (0..citations.len() as u32).map(|article| vec![article]).collect();
    let articles: Vec<_> = own.iter().zip(&citations).step_by(STEP * 2).collect();
    report("citations", &index, &articles);
    Ok(())
}

/// Prints the mean recall over cases of known and wanted articles.
fn report(label: &str, index: &VectorIndex, cases: &[(&Vec<u32>, &Vec<u32>)]) {
    let recalls: Vec<[f64; 3]> = cases
        .par_iter()
        .filter_map(|(train, test)| {
            let vectors = train.iter().filter_map(|&row| index.get(row));
            let history: Vec<_> =
                vectors.map(|vector| ContentSignal { vector, strength: 1.0, age_days: 0.0 }).collect();
            let profile = content_profile(&history)?;
            let wanted: HashSet<u32> = test.iter().copied().filter(|row| !train.contains(row)).collect();
            let found = index.nearest(&profile, 300, |row| !train.contains(&row));
            (!wanted.is_empty()).then(|| {
                CUTS.map(|cut| {
                    let hits = found.iter().take(cut).filter(|(row, _)| wanted.contains(row)).count();
                    hits as f64 / wanted.len() as f64
                })
            })
        })
        .collect();
    let n_cases = recalls.len();
    let [at_50, at_100, at_300] = recalls
        .into_iter()
        .reduce(|a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]])
        .unwrap_or_default()
        .map(|sum| sum / n_cases.max(1) as f64);
    println!("{label:<14} recall@50 {at_50:.3}  @100 {at_100:.3}  @300 {at_300:.3}  ({n_cases} cases)");
}

/// Reads the words of each article, each repeated by its frequency.
fn read_texts(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let words: Vec<String> =
        std::fs::read_to_string(folder.join("vocabulary.dat"))?.lines().map(str::to_owned).collect();
    let mut texts = Vec::new();
    for line in std::fs::read_to_string(folder.join("mult.dat"))?.lines() {
        let mut text = String::new();
        for pair in line.split_whitespace().skip(1) {
            let (word, count) = pair.split_once(':').ok_or("word without count")?;
            let word = words.get(word.parse::<usize>()?).ok_or("word out of range")?;
            (0..count.parse::<usize>()?).for_each(|_| text.extend([word.as_str(), " "]));
        }
        texts.push(text);
    }
    Ok(texts)
}

fn read_lists(path: &Path) -> Result<Vec<Vec<u32>>, Box<dyn Error>> {
    let mut lists = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let ids: Result<Vec<u32>, _> = line.split_whitespace().skip(1).map(str::parse).collect();
        lists.push(ids?);
    }
    Ok(lists)
}
