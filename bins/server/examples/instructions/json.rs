//! An answer of ten recommendations, converted to the type of the wire and written as JSON.

use std::hint::black_box;

use chrono::DateTime;
use docent::{Answer, ComponentScores, Contributions, Reason, Recommendation, ResourceId, Strategy};

use crate::{Numbers, wire::recommendation::RecommendationList};

const LIMIT: u32 = 10;

pub fn run(rounds: usize) -> usize {
    let mut numbers = Numbers(3);
    let answers: Vec<Answer> = (0..rounds).map(|_| answer(&mut numbers)).collect();
    answers.into_iter().map(json).sum()
}

/// Counted by `.ci/instructions`, with everything that it calls.
#[inline(never)]
fn json(answer: Answer) -> usize {
    black_box(serde_json::to_string(&RecommendationList::from(black_box(answer))).unwrap()).len()
}

fn answer(numbers: &mut Numbers) -> Answer {
    Answer {
        recommendation_id: "01K9Z6Q4T3V8S0E5RBN7XJ2WMB".into(),
        recommendations: (1..=LIMIT).map(|rank| recommendation(numbers, rank)).collect(),
        strategy: Strategy::Hybrid,
        is_cold_start: false,
        interaction_count: 50,
        diversity: 0.25,
        novelty: 0.0,
        gini: 0.05,
        intra_list_diversity: Some(0.7),
        model_version: Some("01K9Z6Q4T3V8S0E5RBN7XJ2WMA".into()),
        variant: None,
        degraded: Vec::new(),
        shortfall: Vec::new(),
        unknown_resources: Vec::new(),
        next_cursor: None,
        at: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
    }
}

fn recommendation(numbers: &mut Numbers, rank: u32) -> Recommendation {
    let mut part = || f64::from(numbers.unit());
    let [collaborative, content, graph, quality, recency] = [part(), part(), part(), part(), part()];
    let contributions =
        Contributions { collaborative, content, graph, quality, recency, boost: 0.0, novelty: 0.0 };
    let [collaborative, content, graph, quality, recency] =
        [collaborative, content, graph, quality, recency].map(|part| Some(part / 2.0));
    let resource: ResourceId = format!("resource-{}", numbers.below(20_000)).parse().unwrap();
    Recommendation {
        title: format!("The {rank}th \"title\" of the catalogue, volume {}", numbers.below(100)),
        score: contributions.total(),
        scores: ComponentScores { collaborative, content, graph, quality, recency },
        contributions,
        boost: 1.0,
        rank,
        novelty: f64::from(numbers.unit()),
        view_count: u64::from(numbers.below(10_000)),
        reasons: vec![
            Reason::LikedBySimilarUsers,
            Reason::SimilarTo { resource: resource.clone(), weight: f64::from(numbers.unit()) },
        ],
        resource_id: resource,
    }
}
