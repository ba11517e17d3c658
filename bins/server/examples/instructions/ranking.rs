//! The ranking of 600 scored candidates, with diversity, novelty and exploration.

use std::hint::black_box;

use docent_domain::ComponentScores;
use docent_ranker::{Candidate, Exploration, RankOptions, rank};

use crate::Numbers;

const CANDIDATES: u32 = 600;
const DIM: usize = 128;
const LIMIT: usize = 10;

pub fn run(rounds: usize) -> usize {
    let mut numbers = Numbers(2);
    let vectors: Vec<Vec<f32>> = (0..CANDIDATES).map(|_| numbers.direction(DIM)).collect();
    let mut ranked = 0;
    for round in 0..rounds {
        let candidates: Vec<Candidate<'_>> =
            (0u32..).zip(&vectors).map(|(key, vector)| candidate(&mut numbers, key, vector)).collect();
        let exploration = Exploration::of(0.05, LIMIT, round as u64);
        let options = RankOptions { limit: LIMIT, exploration, ..RankOptions::default() };
        ranked += ranking(&candidates, &options);
    }
    ranked
}

/// Counted by `.ci/instructions`, with everything that it calls.
#[inline(never)]
fn ranking(candidates: &[Candidate<'_>], options: &RankOptions) -> usize {
    black_box(rank(black_box(candidates), options)).len()
}

fn candidate<'a>(numbers: &mut Numbers, key: u32, vector: &'a [f32]) -> Candidate<'a> {
    let mut score = || Some(f64::from(numbers.unit()));
    let [collaborative, content, graph, quality, recency] = [score(), score(), score(), score(), score()];
    let is_untried = key.is_multiple_of(9);
    Candidate {
        key,
        scores: ComponentScores { collaborative, content, graph, quality, recency },
        vector: Some(vector),
        popularity: if is_untried { 0 } else { u64::from(numbers.popular(1_000)) },
        is_untried,
        is_unchosen: is_untried,
        boost: 1.0,
    }
}
