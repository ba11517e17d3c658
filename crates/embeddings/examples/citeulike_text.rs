//! How well the built-in embedder serves people by text alone: citeulike-t, content profile of each person's training
//! articles, recall among all others; and citations: how many of an article's are among its nearest.
//!
//! `cargo run --release -p docent-embeddings --example citeulike_text -- ../shared/data/citeulike-t '{"dim": 256}'`
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
/// Every so many people are asked, to be quick.
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
    let mut index = VectorIndex::with_capacity(embedder.dim(), texts.len());
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
        let people: Vec<_> = train.iter().zip(&test).step_by(STEP).collect();
        report(&format!("people, P={n_train}"), &index, &people);
    }
    let citations = read_lists(&folder.join("citations.dat"))?;
    let own: Vec<Vec<u32>> = (0..citations.len() as u32).map(|article| vec![article]).collect();
    let articles: Vec<_> = own.iter().zip(&citations).step_by(STEP * 2).collect();
    report("citations", &index, &articles);
    Ok(())
}

fn report(label: &str, index: &VectorIndex, cases: &[(&Vec<u32>, &Vec<u32>)]) {
    let recalls: Vec<[f64; 3]> = cases
        .par_iter()
        .filter_map(|(train, test)| {
            let signal =
                |&row: &u32| Some(ContentSignal { vector: index.get(row)?, strength: 1.0, age_days: 0.0 });
            let history: Vec<_> = train.iter().filter_map(signal).collect();
            let profile = content_profile(&history)?;
            let wanted: HashSet<u32> = test.iter().copied().filter(|row| !train.contains(row)).collect();
            let found = index.nearest(&profile, 300, |row| !train.contains(&row));
            let hits =
                |cut: usize| found.iter().take(cut).filter(|(row, _)| wanted.contains(row)).count() as f64;
            (!wanted.is_empty()).then(|| CUTS.map(|cut| hits(cut) / wanted.len() as f64))
        })
        .collect();
    let mean = |at: usize| {
        recalls.iter().filter_map(|recall| recall.get(at)).sum::<f64>() / recalls.len().max(1) as f64
    };
    println!(
        "{label:<14} recall@50 {:.3}  @100 {:.3}  @300 {:.3}  ({} cases)",
        mean(0),
        mean(1),
        mean(2),
        recalls.len()
    );
}

/// Words of each article, repeated as often as they are in it.
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
