//! Shows the built-in embedder on a set of papers: nearest neighbours to read, and metrics to
//! compare settings by.
//!
//! `cargo run --release -p docent-embeddings --example neighbours -- papers.csv '{"dim": 64}'`
//! takes a CSV file whose columns 4 and 5 are title and abstract, and settings as JSON.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use docent_embeddings::{Document, Embedder, LsaConfig, LsaEmbedder, VectorIndex};

/// Paper of the CSV file.
struct Paper {
    title: String,
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give the path of a CSV file with raw.title and raw.abstract")?;
    let config: LsaConfig = match arguments.next() {
        Some(json) => serde_json::from_str(&json)?,
        None => LsaConfig::default(),
    };
    let papers = read_papers(&path)?;
    let whole: Vec<Document<'_>> = papers
        .iter()
        .map(|paper| Document { title: &paper.title, text: &paper.text, ..Document::default() })
        .collect();

    let start = Instant::now();
    let embedder = LsaEmbedder::fit(&whole, &config, 1)?;
    let fit_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let index = index_of(&embedder, &whole)?;
    let embed_seconds = start.elapsed().as_secs_f64();
    println!(
        "{}: {} documents, {} terms, learned in {fit_seconds:.2} s, embedded in {embed_seconds:.2} s\n",
        embedder.id(),
        papers.len(),
        embedder.n_terms()
    );
    for row in [0u32, 250, 700, 1400] {
        let (Some(query), Some(paper)) = (index.get(row), papers.get(row as usize)) else { continue };
        println!("{}", paper.title);
        for (neighbour, score) in index.nearest(query, 5, |other| other != row) {
            let title = papers.get(neighbour as usize).map_or("", |paper| paper.title.as_str());
            println!("    {score:.3}  {title}");
        }
    }

    println!("\ntitle against all abstracts          MRR    first  nearer than a random one");
    let seen = papers.len() * 3 / 4;
    let trained_on_part = LsaEmbedder::fit(whole.get(..seen).unwrap_or(&whole), &config, 1)?;
    let unseen = papers.get(seen..).unwrap_or(&[]);
    report("all papers, learned from them", &embedder, &papers)?;
    report("last quarter, learned from the rest", &trained_on_part, unseen)?;
    report("last quarter, untrained embedder", &LsaEmbedder::untrained(&config)?, unseen)?;
    Ok(())
}

fn read_papers(path: &str) -> Result<Vec<Paper>, Box<dyn Error>> {
    let mut papers = Vec::new();
    for record in csv::Reader::from_path(path)?.deserialize() {
        let (_, _, _, title, text): (String, String, String, String, String) = record?;
        papers.push(Paper { title, text });
    }
    Ok(papers)
}

fn index_of(embedder: &LsaEmbedder, documents: &[Document<'_>]) -> Result<VectorIndex, Box<dyn Error>> {
    let mut index = VectorIndex::new(embedder.dim());
    for (row, vector) in (0u32..).zip(embedder.embed(documents)?) {
        if let Some(vector) = vector {
            index.set(row, &vector)?;
        }
    }
    Ok(index)
}

/// Ranks all abstracts for each title, and prints the mean reciprocal rank of its own abstract, the
/// share of titles that rank it first, and the mean share of other abstracts that it beats.
fn report(label: &str, embedder: &LsaEmbedder, papers: &[Paper]) -> Result<(), Box<dyn Error>> {
    let titles: Vec<_> =
        papers.iter().map(|paper| Document { title: &paper.title, ..Document::default() }).collect();
    let abstracts: Vec<_> = papers.iter().map(|paper| Document::from_text(&paper.text)).collect();
    let index = index_of(embedder, &abstracts)?;
    let (mut reciprocal, mut first, mut beaten, mut counted) = (0.0, 0, 0.0, 0);
    for (row, title) in (0u32..).zip(embedder.embed(&titles)?) {
        let (Some(title), Some(_)) = (title, index.get(row)) else { continue };
        let ranked = index.nearest(&title, index.len(), |_| true);
        let Some(rank) = ranked.iter().position(|&(other, _)| other == row) else { continue };
        reciprocal += 1.0 / (rank + 1) as f64;
        first += usize::from(rank == 0);
        beaten += 1.0 - rank as f64 / (ranked.len() - 1).max(1) as f64;
        counted += 1;
    }
    let [mrr, first, beaten] = [reciprocal, first as f64, beaten].map(|sum| sum / f64::from(counted.max(1)));
    println!("{label:<36} {mrr:.3}  {first:.3}  {beaten:.4}");
    Ok(())
}
