//! Prints how similar a sentence transformer finds texts: their cosines, and the first numbers of
//! each vector.
//!
//! `cargo run --release -p docent-embedders --features sentence-transformers --example similarity
//! -- FOLDER TEXT TEXT ...`
#![allow(clippy::print_stdout)]

use std::error::Error;

use docent_embedders::{PretrainedConfig, SentenceTransformerConfig};
use docent_embeddings::Document;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("expected the folder of a sentence transformer, then texts")?;
    let config = PretrainedConfig::SentenceTransformer(SentenceTransformerConfig::new(folder));
    let texts: Vec<String> = arguments.collect();
    let documents: Vec<_> = texts.iter().map(|text| Document::from_text(text)).collect();
    let embedder = config.open(None)?;
    println!("{}", embedder.id());
    let vectors = embedder.embed(&documents)?;
    let vectors: Vec<Vec<f32>> = vectors.into_iter().map(Option::unwrap_or_default).collect();
    for (text, a) in texts.iter().zip(&vectors) {
        for b in &vectors {
            print!("{:7.4} ", a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>());
        }
        println!("{:.5?} {text}", a.get(..4).unwrap_or(a));
    }
    Ok(())
}
